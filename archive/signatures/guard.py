"""The helper process in which the parsers work, so that a hostile file ends the helper and never a run.

One helper a process, started with the first signed file and kept. It is told a file over a pipe and answers one JSON
line. Limits are its own: memory by RLIMIT_AS, time by a timer of processor time, so that a verdict does not depend on
how busy the machine is. A helper that dies is asked once more (somebody may have killed it); the second time it was the
file. `python -m archive.signatures` is the helper.
"""

from __future__ import annotations

import atexit
import io
import json
import logging
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archive.signatures.report import TOO_MUCH, UNVERIFIABLE, SignatureReport, Signer

MEMORY = 1 << 30  # bytes of address space
SECONDS = 20.0  # of processor time, and more for what has to be hashed
BYTES_A_SECOND = 20_000_000
COMMAND = ("-m", "archive.signatures")  # of this interpreter
_PATIENCE = 10  # times as long by the wall clock: a helper that somebody has suspended
_IN_MEMORY = 4 << 20
_ROOT = Path(__file__).parents[2]
_SAFE_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


class _Died(Exception):
    """The helper ended without an answer."""


@dataclass(slots=True)
class _Helper:
    owner: int  # process that started it: a fork must not share its pipes
    process: subprocess.Popen

    @classmethod
    def start(cls) -> _Helper:
        # No secret of the application is for a process that parses strangers' files.
        env = {k: v for k, v in os.environ.items() if k in _SAFE_ENVIRONMENT}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        process = subprocess.Popen(
            [sys.executable, *COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, cwd=_ROOT, start_new_session=True
        )
        return cls(os.getpid(), process)

    def ask(self, head: dict, streams: list[BinaryIO]) -> dict:
        """Raises _Died."""
        out, limit = self.process.stdin, _limit(sum(head["sizes"])) * _PATIENCE
        try:
            out.write(json.dumps(head).encode() + b"\n")
            for stream, size in zip(streams, head["sizes"], strict=True):
                stream.seek(0)
                _copy(stream, out, size)
            out.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], limit)
            line = self.process.stdout.readline() if ready else b""
        except BrokenPipeError:
            line = b""
        if not line:
            self.stop()
            raise _Died
        return json.loads(line)

    def stop(self) -> None:
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:  # what it was still to be told
                continue
        self.process.wait()


_lock = threading.Lock()
_helper: _Helper | None = None


def ask(stream: BinaryIO, twin: BinaryIO | None, anchors: str, moment: str) -> SignatureReport:
    """The helper's verdict on `stream`. Raises OSError when no helper can be started."""
    streams = [stream] if twin is None else [stream, twin]
    with _lock:
        head = {"sizes": [s.seek(0, io.SEEK_END) for s in streams], "anchors": anchors, "moment": moment}
        for _ in range(2):
            try:
                return _report(_running().ask(head, streams))
            except _Died:
                _forget()
    return SignatureReport(UNVERIFIABLE, reason=TOO_MUCH)


def _running() -> _Helper:
    global _helper
    if _helper is None or _helper.owner != os.getpid():
        _helper = _Helper.start()
    return _helper


def _forget() -> None:
    global _helper
    _helper = None


@atexit.register
def close() -> None:
    """Ends the helper, if this process has one."""
    if _helper is not None and _helper.owner == os.getpid():
        _helper.stop()
        _forget()


def _report(answer: dict) -> SignatureReport:
    signers = [Signer(*row) for row in answer["signers"]]
    return SignatureReport(answer["verdict"], signers, answer["reason"], answer["detached"])


def _limit(octets: int) -> float:
    return SECONDS + octets / BYTES_A_SECOND


def _copy(source: BinaryIO, out: BinaryIO, size: int) -> None:
    """Exactly `size` bytes; a source that has become shorter is filled up (its verdict is then what its bytes deserve)."""
    while size > 0:
        block = source.read(min(1 << 20, size)) or bytes(min(1 << 20, size))
        out.write(block)
        size -= len(block)


# --- in the helper -----------------------------------------------------------------------------------------------------


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for each in (signal.SIGTERM, signal.SIGINT):  # it ends with its owner's pipe, not before
        signal.signal(each, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    logging.disable(logging.CRITICAL)  # pyHanko logs every unknown root; for us that is a verdict, and it is in the report
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that a library prints may pass for an answer
    while line := sys.stdin.buffer.readline():
        head = json.loads(line)
        with ExitStack() as stack:
            files = [stack.enter_context(_received(size)) for size in head["sizes"]]
            signal.setitimer(signal.ITIMER_PROF, _limit(sum(head["sizes"])))
            answer = _answer(*files, anchors=head["anchors"], moment=head["moment"])
            signal.setitimer(signal.ITIMER_PROF, 0)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _received(size: int) -> BinaryIO:
    kept = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)
    while size > 0:
        block = sys.stdin.buffer.read(min(1 << 20, size))
        if not block:
            sys.exit(1)  # the owner is gone
        kept.write(block)
        size -= len(block)
    kept.seek(0)
    return kept


def _answer(content: BinaryIO, twin: BinaryIO | None = None, *, anchors: str, moment: str) -> dict:
    from archive import signatures

    report = signatures.look(content, anchors=Path(anchors) if anchors else None, moment=moment, twin=twin)
    rows = [[s.name, s.date, s.issuer, s.certificate, s.verdict, s.reason] for s in report.signers]
    return {"verdict": report.verdict, "signers": rows, "reason": report.reason, "detached": report.detached}
