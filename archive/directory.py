"""Makes the directory volume: what turns several finished ZIPs into one split ZIP, and their bags into one bag.

Small and last. It holds the whole's tag files and the global central directory, whose records point into the data
volumes by disk number and offset. (A reader of split archives skips the volumes' own directories as unreferenced bytes.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
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
        with helpers() as pool, open(out, "w+b", buffering=0) as stream:
            writer = Writer(stream.fileno(), pool)
            try:
                closed = _Maker(plan, opener, writer).run()
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
    def __init__(self, plan: Plan, opener: Opener, writer: Writer) -> None:
        self.plan, self.opener, self.writer = plan, opener, writer
        self.stamp = dos_stamp(plan.header.made)
        self.numbers = range(1, plan.parts + 1)
        self.octets = self.files = 0
        self.empty: set[int] = set()  # volumes with nothing but a SIN_DOCUMENTOS.txt …
        self.placeholder: int | None = None  # … and the one whose stands for an empty whole
        self._told: list[tuple[int, int]] = []  # by each volume's bag: documents included, and con novedad
        self._entries: dict[int, dict[str, Entry]] = {}
        self._tags: dict[str, str] = {}
        # What stands first in every volume. The whole's directory begins with volume 1's: 7-Zip takes a set whose directory
        # does not begin with its first bytes for the first volume alone.
        self.front = (*(name for name, _ in viewer.static_files()), tags.leame_name(plan.header), viewer.index_name(plan.header))

    def run(self) -> Closed:
        self._measure()
        self._copy_common()
        self._bag()
        return self.writer.close(disk=self.plan.parts, elsewhere=self._elsewhere())

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

    def _measure(self) -> None:
        """Where each volume's tag files are, Payload-Oxum, and whether the whole has any payload at all."""
        for number in self.numbers:
            with closing(self.opener(number)) as stream:
                self._measure_one(number, stream)
                script = viewer.part_name(part_key(self.plan, number))
                self._tags[script] = dict(reader.hashes(stream, self._entries[number]["tagmanifest-sha256.txt"]))[script]
                self._told.append(reader.fate_counts(stream, self._entries[number]))
        if not self.files:  # every file failed: the first volume's placeholder keeps the bag valid
            self.placeholder, self.files, self.octets = 1, 1, len(tags.EMPTY)

    def _measure_one(self, number: int, stream: BinaryIO) -> None:
        tag_files: dict[str, Entry] = {}
        files, octets, last = 0, 0, b""
        for name, record in read_records(stream):
            if name.startswith(_PAYLOAD):
                files, octets, last = files + 1, octets + size_of(record), name
            else:
                entry = entry_of(record)
                tag_files[entry.name] = entry
        self._entries[number] = tag_files
        if files == 1 and last == _EMPTY and not self._tells_of_it(number, stream):
            self.empty.add(number)
        else:
            self.files += files
            self.octets += octets

    def _tells_of_it(self, number: int, stream: BinaryIO) -> bool:
        """Whether a file of the placeholder's name is a document's own. Asked only where nothing else stands in a volume, so
        that its account is short."""
        told = reader.details(stream, part_key(self.plan, number), self._entries[number])
        return any(file.get("ruta") == tags.EMPTY_NAME for document in told for file in document["archivos"])

    def _bag(self) -> None:
        info = tags.bag_info(
            self.plan.header, octets=self.octets, files=self.files, counts=self._counts(), count=None
        )
        for name, content in (("bagit.txt", tags.BAGIT), ("bag-info.txt", info)):
            self._tags[name] = self.writer.add(name, self.stamp, content).sha256
        name = "manifest-sha256.txt"
        self._tags[name] = self.writer.put(name, self.stamp, self._manifest).sha256
        lines = b"".join(tags.manifest_line(digest, name) for name, digest in self._tags.items())
        self.writer.add("tagmanifest-sha256.txt", self.stamp, lines)

    def _manifest(self) -> Iterator[bytes]:
        for number in self.numbers:
            if number in self.empty and number != self.placeholder:
                continue
            with closing(self.opener(number)) as stream:
                lines = reader.open_entry(stream, self._entries[number]["manifest-sha256.txt"])
                while block := lines.read(BLOCK):
                    yield block

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

    def _elsewhere(self) -> Iterator[bytes]:
        """Central records of the payload and the viewer script of each data volume."""
        for number in self.numbers:
            beside = {viewer.part_name(part_key(self.plan, number)), *(self.front if number == 1 else ())}
            beside, unwanted = {name.encode() for name in beside}, _EMPTY if number in self.empty - {self.placeholder} else None
            with closing(self.opener(number)) as stream:
                for name, record in read_records(stream):
                    if name.startswith(_PAYLOAD) and name != unwanted or name in beside:
                        yield on_disk(record, number - 1)
