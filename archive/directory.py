"""Makes the directory volume: what turns several finished ZIPs into one split ZIP, and their bags into one bag.

Small and last. It holds the whole's tag files and the global central directory, whose records point into the data
volumes by disk number and offset. (A reader of split archives skips the volumes' own directories as unreferenced bytes.)
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import BinaryIO

from archive import detail, reader, tags, verify, viewer
from archive.detail import Counts
from archive.names import names_of
from archive.plan import Plan
from archive.volume import LISTS, VolumeResult, helpers, list_name, part_key
from archive.packing import BLOCK
from archive.writer import Closed, Writer
from archive.zipfmt import Entry, data_offset, dos_stamp, entry_of, on_disk, read_records, size_of

_PAYLOAD, _EMPTY = b"data/", tags.EMPTY_NAME.encode()

Opener = Callable[[int], BinaryIO]


def build(plan: Plan, opener: Opener, out: Path) -> VolumeResult:
    """Makes the directory volume of a plan with several volumes at `out`, flushed and read back.

    opener: opens the finished data volume of a number, seekable. Raises ValueError for a plan of one volume (that one is
    the whole), Damaged when a volume does not read back, CountsBroken when documents are missing in the volumes' accounts.
    """
    if plan.parts < 2:
        raise ValueError("one volume alone is the whole")
    out = Path(out)
    try:
        with helpers() as pool, open(out, "w+b", buffering=0) as stream, tempfile.TemporaryFile(dir=out.parent) as elsewhere:
            writer = Writer(stream.fileno(), pool)
            try:
                closed = _Maker(plan, opener, writer, elsewhere).run()
            finally:
                writer.abandon()
            verify.read_back(out, writer.entries, closed, pool)
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    name, _ = names_of(plan.header.name, plan.parts + 1, plan.parts)
    documents = plan.summary.documents
    return VolumeResult(plan.parts + 1, "directorio", closed.bytes, closed.sha256, closed.records, documents, name, None)


class _Maker:
    """Goes once through the data volumes, each as soon as it is finished: what is taken from one while the others are still being made
    costs no time."""

    def __init__(self, plan: Plan, opener: Opener, writer: Writer, elsewhere: BinaryIO) -> None:
        self.plan, self.opener, self.writer = plan, opener, writer
        self.stamp = dos_stamp(plan.header.made)
        self.numbers = range(1, plan.parts + 1)
        self._elsewhere = elsewhere  # central records of the payload, and of what is taken of the rest, of all volumes
        # What stands first in every volume. The whole's directory begins with volume 1's: 7-Zip takes a set whose directory
        # does not begin with its first bytes for the first volume alone.
        self.front = (*(name for name, _ in viewer.static_files()), tags.leame_name(plan.header), viewer.index_name(plan.header))
        self._forget()

    def _forget(self) -> None:
        self.octets = self.files = self._records = 0
        self._elsewhere.seek(0)
        self._elsewhere.truncate()
        self._told: list[tuple[int, int]] = []  # by each volume's bag: documents included, and con novedad
        self._entries: dict[int, dict[str, Entry]] = {}
        self._placeholder = b""  # record of the first SIN_DOCUMENTOS.txt of a volume that holds nothing else
        self._tags: dict[str, str] = {}

    def run(self) -> Closed:
        name = "manifest-sha256.txt"
        manifest = self.writer.put(name, self.stamp, self._manifest)
        self._tags[name] = manifest.sha256
        self._copy_common()
        self._bag()
        self._elsewhere.seek(0)
        records = iter(partial(self._elsewhere.read, BLOCK), b"")
        return self.writer.close(disk=self.plan.parts, elsewhere=(self._records, records))

    def _manifest(self) -> Iterator[bytes]:
        """The volumes' own lines, one volume after the other; each is measured before."""
        self._forget()
        for number in self.numbers:
            with closing(self.opener(number)) as stream:
                if self._measure(number, stream):
                    yield from self._lines(number, stream)
        if not self.files:  # every file failed: the first volume's placeholder keeps the bag valid
            self._keep([self._placeholder])
            self.files, self.octets = 1, len(tags.EMPTY)
            with closing(self.opener(1)) as stream:
                yield from self._lines(1, stream)

    def _lines(self, number: int, stream: BinaryIO) -> Iterator[bytes]:
        lines = reader.open_entry(stream, self._entries[number]["manifest-sha256.txt"])
        return iter(partial(lines.read, BLOCK), b"")

    def _measure(self, number: int, stream: BinaryIO) -> bool:
        """Counts what a volume holds, and keeps its records. False when it has nothing but a SIN_DOCUMENTOS.txt."""
        key, tag_files, kept = part_key(self.plan, number), dict[str, Entry](), list[bytes]()
        files, octets, last = 0, 0, (b"", 0)
        numbered = (viewer.part_name(key), viewer.sums_name(key), *(list_name(self.plan, name, number) for name in LISTS))
        beside = {*numbered, *(self.front if number == 1 else ())}
        for name, record in read_records(stream):
            if name.startswith(_PAYLOAD):
                files, octets, last = files + 1, octets + size_of(record), (name, len(kept))
            else:
                entry = entry_of(record)
                tag_files[entry.name] = entry
                if entry.name not in beside:
                    continue
            kept.append(on_disk(record, number - 1))
        self._entries[number] = tag_files
        digests = dict(reader.hashes(stream, tag_files["tagmanifest-sha256.txt"]))
        self._tags |= {name: digests[name] for name in numbered}
        self._told.append(reader.fate_counts(stream, tag_files))
        if empty := files == 1 and last[0] == _EMPTY and not self._tells_of_it(number, stream):
            placeholder = kept.pop(last[1])
            self._placeholder = self._placeholder or placeholder
        else:
            self.files += files
            self.octets += octets
        self._keep(kept)
        return not empty

    def _keep(self, records: list[bytes]) -> None:
        self._records += len(records)
        self._elsewhere.write(b"".join(records))

    def _tells_of_it(self, number: int, stream: BinaryIO) -> bool:
        """Whether a file of the placeholder's name is a document's own. Asked only where nothing else stands in a volume, so
        that its account is short."""
        told = reader.details(stream, part_key(self.plan, number), self._entries[number])
        return any(file.get("ruta") == tags.EMPTY_NAME for document in told for file in document["archivos"])

    def _copy_common(self) -> None:
        """The whole's lists, byte for byte from the last data volume; of what all volumes have, only the digests."""
        names = [list_name(self.plan, name) for name in LISTS]
        with closing(self.opener(self.plan.parts)) as last:
            entries = self._entries[self.plan.parts]
            digests = dict(reader.hashes(last, entries["tagmanifest-sha256.txt"]))
            for name in self.front:
                self._tags[name] = digests[name]
            for name in names:
                self.writer.copy(last, entries[name], data_offset(last, entries[name]))
                self._tags[name] = digests[name]

    def _bag(self) -> None:
        info = tags.bag_info(
            self.plan.header, octets=self.octets, files=self.files, counts=self._counts(), count=None
        )
        for name, content in (("bagit.txt", tags.BAGIT), ("bag-info.txt", info)):
            self._tags[name] = self.writer.add(name, self.stamp, content).sha256
        lines = b"".join(tags.manifest_line(digest, name) for name, digest in self._tags.items())
        name = viewer.sums_name(self.plan.header.complement)
        own = self.writer.add(name, self.stamp, tags.sums(lines, name))
        self.writer.add("tagmanifest-sha256.txt", self.stamp, lines + tags.manifest_line(own.sha256, name))

    def _counts(self) -> Counts:
        """The fates of all documents, from the volumes' own accounts; the invariant of the whole is checked here."""
        counts = Counts(self.plan.summary.found, excluded=self.plan.summary.excluded)
        if [sum(told) for told in self._told] == [volume.documents for volume in self.plan.summary.volumes]:
            counts.included, counts.con_novedad = map(sum, zip(*self._told, strict=True))
        else:  # a document that runs over several volumes is told of by each
            self._count_each(counts)
        return counts.check()

    def _count_each(self, counts: Counts) -> None:
        last, held = b"", None
        for number in self.numbers:
            for id, fate in self._fates(number):
                if id == last:  # one that runs over several volumes comes in a row from each of them
                    held = detail.fate((held, fate))
                    continue
                if held:
                    counts.add(held)
                last, held = id, fate
        if held:
            counts.add(held)

    def _fates(self, number: int) -> Iterator[tuple[bytes, str]]:
        with closing(self.opener(number)) as stream:
            yield from reader.fates(stream, part_key(self.plan, number), self._entries[number])
