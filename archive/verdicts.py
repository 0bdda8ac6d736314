"""Which files of a volume are asked for their signatures, and where their bytes come from when they are."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from archive import detached, reader, signatures
from archive.detail import Outcome
from archive.packing import BLOCK
from archive.planned import SIGNABLE, PlannedDocument, PlannedFile
from archive.writer import Writer, Written
from archive.zipfmt import DEFLATED, Entry


class Verdicts:
    """Of the volume that `writer` writes at `out`. wanted: whether signatures are checked at all. anchors: folder of trusted
    roots. moment: ISO instant for signatures without a time of their own."""

    def __init__(self, writer: Writer, out: Path, *, wanted: bool, anchors: Path | None, moment: str) -> None:
        self._writer, self._out, self._wanted = writer, out, wanted
        self._anchors, self._moment = anchors, moment

    def asks(self, planned: PlannedFile) -> bool:
        """Whether the file is one to look into, by its extension."""
        return self._wanted and planned.path.endswith(SIGNABLE)

    def of_small(self, planned: PlannedFile, content: bytes) -> dict:
        probe = signatures.ByteRangeProbe()
        probe.feed(content)
        if planned.path.endswith(".pdf") and not probe.found:
            return signatures.SignatureReport(signatures.UNSIGNED).as_dict()
        return self._check(io.BytesIO(content))

    def of_large(self, planned: PlannedFile, done: Written, *, mentions_byte_range: bool) -> dict | None:
        """Of a file that has streamed by and stands in the volume now."""
        if not self.asks(planned):
            return None
        if planned.path.endswith(".pdf") and not mentions_byte_range:
            return signatures.SignatureReport(signatures.UNSIGNED).as_dict()
        with self._written(done.entry) as content:
            return self._check(content)

    def settle(self, planned: PlannedDocument, outcomes: dict[str, Outcome]) -> None:
        """The verdicts on signatures that stand apart from the file they sign, once all files of the document are written."""
        if self._wanted:
            detached.settle(planned.files, outcomes, self._reopen, anchors=self._anchors, moment=self._moment)

    def _check(self, content: BinaryIO) -> dict:
        return signatures.check(content, anchors=self._anchors, moment=self._moment).as_dict()

    def _reopen(self, path: str):
        """A file of the document at hand, from the volume, seekable."""
        return self._written(next(e for e in reversed(self._writer.entries) if e.name == path))

    @contextmanager
    def _written(self, entry: Entry) -> Iterator[BinaryIO]:
        """The content of an entry of this volume, seekable."""
        with open(self._out, "rb") as volume, reader.open_entry(volume, entry) as content:
            if entry.method != DEFLATED:
                yield content
                return
            with tempfile.TemporaryFile(dir=self._out.parent) as unpacked:
                shutil.copyfileobj(content, unpacked, BLOCK)
                unpacked.seek(0)
                yield unpacked
