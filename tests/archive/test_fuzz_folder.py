"""Property: `python -m archive build` of any folder that a disk can hold gives archives that extract to the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from archive.__main__ import main
from tests.archive.conftest import MIB, examples, join, validate_bag
from tests.archive.readers import extracted
from tests.archive.test_fuzz_readers import HOSTILE, payload, safe

raw = st.one_of(st.sampled_from(HOSTILE).map(lambda t: t.encode("utf-8", "surrogateescape")), st.binary(min_size=1, max_size=40), st.text(max_size=90).map(lambda t: t.encode("utf-8", "replace")))
component = raw.map(lambda b: b.replace(b"\0", b"").replace(b"/", b"")[:255]).filter(lambda b: b not in (b"", b".", b".."))
sizes = st.sampled_from((0, 1, 16_384, 65_536, 300_000, MIB))
things = st.sampled_from(("archivo",) * 9 + ("enlace", "tubería"))
folders = st.lists(st.tuples(st.lists(component, min_size=1, max_size=4), sizes, things), max_size=8)


def make(root: bytes, told) -> tuple[list[str], int]:
    """(SHA-256 of every regular file, how many others) after making the tree; what the disk refuses is left out."""
    hashes, others = [], 0
    for number, (parts, size, thing) in enumerate(told):
        path = os.path.join(root, *parts)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if os.path.lexists(path):
                continue
            if thing == "enlace":
                os.symlink(b"/etc/passwd", path)
            elif thing == "tubería":
                os.mkfifo(path)
            else:
                with open(path, "xb") as out:
                    out.write(number.to_bytes(2, "big") * (size // 2) + b"x" * (size % 2))
        except (FileExistsError, NotADirectoryError, OSError):
            continue
        if thing == "archivo":
            with open(path, "rb") as stream:
                hashes.append(hashlib.sha256(stream.read()).hexdigest())
        others += thing != "archivo"
    return hashes, others


@examples(12)
@given(folders)
def test_any_folder(told):
    with tempfile.TemporaryDirectory() as home:
        source, out = Path(home) / "origen", Path(home) / "salida"
        source.mkdir()
        hashes, others = make(os.fsencode(source), told)
        code = main(["build", str(source), str(out), "--name", "R", "--part-size", str(MIB), "--independent"])
        assert code in ((1,) if others else (0, 1))
        volumes = sorted(out.glob("R_parte*")) or [out / "R.zip"]
        found: dict[str, str] = {}
        for volume in volumes:
            here = extracted("unzip", volume, Path(home) / "x")
            validate_bag(Path(home) / "x/dentro")
            safe(list(here))
            found |= payload(here)
        assert sorted(found.values()) == sorted(hashes)
        if len(volumes) > 1:
            joined = join(out / "R.zip", Path(home) / "unido.zip")
            assert payload(extracted("bsdtar", joined, Path(home) / "x")) == found


def test_what_the_property_would_find_is_found(tmp_path, capsys):
    """The worst names together: two that differ only by case or by Unicode form, a link upwards, a name of 255 bytes."""
    names = [b"A.txt", b"a.TXT", "ñ".encode(), "n\u0303".encode(), b"CON", b"x" * 255, b"\xff\xfe", b"fin.", b"a|b?.txt", b"100%.pdf"]
    hashes, others = make(os.fsencode(tmp_path / "origen"), [([n], 300, "archivo") for n in names] + [([b"sube"], 0, "enlace")])
    assert main(["build", str(tmp_path / "origen"), str(tmp_path / "s"), "--name", "R", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["documents"] == len(names) + 1 and others == 1
    found = extracted("7z", tmp_path / "s/R.zip", tmp_path / "x")
    safe(list(found))
    assert sorted(payload(found).values()) == sorted(hashes)
