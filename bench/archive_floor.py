"""The least that anybody could do who copies a folder and knows the SHA-256 of every file: read, hash, write, on all processors.

No ZIP, no CRC, no deflate, no plan, no names, no lists. What this takes no archive can take less than.
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

_BLOCK = 1 << 20


def main() -> None:
    src, out = Path(sys.argv[1]), Path(sys.argv[2])
    files = sorted((p for p in src.rglob("*") if p.is_file()), key=lambda p: -p.stat().st_size)
    shares = [files[n :: os.cpu_count()] for n in range(os.cpu_count())]
    context = get_context("fork")
    workers = [context.Process(target=_copy, args=(share, out / str(n))) for n, share in enumerate(shares)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def _copy(files: list[Path], out: Path) -> None:
    written = os.open(out, os.O_WRONLY | os.O_CREAT, 0o600)
    for path in files:
        digest, descriptor = sha256(), os.open(path, os.O_RDONLY)
        while block := os.read(descriptor, _BLOCK):
            digest.update(block)
            os.write(written, block)
        os.close(descriptor)
    os.close(written)


if __name__ == "__main__":
    main()
