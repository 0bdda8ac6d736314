"""What may go wrong while a volume is made: one file, the source, the disk, a wish to stop."""

import csv
import io
import zipfile

import pytest

from archive import directory, making, plan, verify, volume
from archive.errors import CountsBroken, Damaged, Stopped
from archive.model import File, FileProblem, SourceDown, Step
from tests.archive.conftest import MIB, Set, document, extract, header, join, validate_bag


def planned(tmp_path, documents, **options):
    plan.make(header(), documents, tmp_path / "plan.gz", part_size=MIB, **options)
    return plan.open(tmp_path / "plan.gz")


def novedades_csv(path, name="NOVEDADES.csv"):
    text = zipfile.ZipFile(path).read(name).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def test_a_file_that_vanishes_after_the_plan_is_a_late_novedad(tmp_path, source):
    documents = [document(n, source, (100, 200)) for n in range(1, 4)]
    made_plan = planned(tmp_path, documents)
    del source.contents["2/1"]
    result = volume.build(made_plan, 1, source, tmp_path / "v.zip")
    (novedad,) = result.novedades
    assert (novedad.document_id, novedad.cause, novedad.late) == (documents[1].id, "ausente", True)
    assert source.opened.count("2/1") == 2  # tried once more
    (row,) = novedades_csv(tmp_path / "v.zip")
    assert row["Causa"] == "El archivo no existe en la bodega" and row["Número"] == documents[1].number
    bag = validate_bag(extract(tmp_path / "v.zip", tmp_path / "x"))
    assert [bag.info[k] for k in ("Encontrados", "Incluidos", "Con-Novedad")] == ["3", "2", "1"]
    assert bag.info["Payload-Oxum"] == "700.5"


@pytest.mark.parametrize("change", [b"x" * 101, b"x" * 99, b""])
@pytest.mark.parametrize("size", [100, 5 * MIB])
def test_a_file_that_changed_since_the_plan_is_left_out(tmp_path, source, change, size):
    documents = [document(1, source, (size,)), document(2, source)]
    made_plan = planned(tmp_path, documents)
    before = source.contents["1/0"]
    source.contents["1/0"] = before[: len(change) - 100] if len(change) < 100 else before + b"x"
    number = made_plan.parts
    for n in range(1, number + 1):
        result = volume.build(made_plan, n, source, tmp_path / f"v{n}", earlier=lambda k: open(tmp_path / f"v{k}", "rb"))
        if n == 1:
            assert [x.cause for x in result.novedades] == ["cambio"]
            validate_bag(extract(tmp_path / "v1", tmp_path / "x"))


def test_a_declared_size_may_be_an_upper_bound(tmp_path, source):
    text = File("t", "texto", "", 500, ".html", approximate=True)
    source.contents["t"] = b"<p>corto</p>"
    made_plan = planned(tmp_path, [document(1, source, (), files=(text,))])
    assert volume.build(made_plan, 1, source, tmp_path / "v").novedades == []
    source.contents["t"] = b"x" * 501
    assert [n.cause for n in volume.build(made_plan, 1, source, tmp_path / "v").novedades] == ["cambio"]


def test_one_hiccup_is_forgiven_and_leaves_no_trace(tmp_path, source):
    made_plan = planned(tmp_path, [document(n, source) for n in range(3)])
    calm = volume.build(made_plan, 1, source, tmp_path / "a")
    source.problems["1/0"] = [OSError(5, "input/output error")]
    assert volume.build(made_plan, 1, source, tmp_path / "b").sha256 == calm.sha256


class Torn(io.BytesIO):
    """Fails in the middle of reading."""

    def __init__(self, content, error):
        super().__init__(content)
        self.error = error

    def read(self, size=-1):
        if self.tell() >= MIB:
            raise self.error
        return super().read(size)


def test_a_file_torn_in_the_middle_leaves_the_volume_whole(tmp_path, source):
    documents = [document(1, source), document(2, source, (6 * MIB,)), document(3, source)]
    plan.make(header(), documents, tmp_path / "p", part_size=64 * MIB)
    content, plain = source.contents["2/0"], source.open
    source.open = lambda ref: Torn(content, OSError(5, "EIO")) if ref == "2/0" else plain(ref)
    result = volume.build(plan.open(tmp_path / "p"), 1, source, tmp_path / "v")
    assert [n.cause for n in result.novedades] == ["ilegible"]
    validate_bag(extract(tmp_path / "v", tmp_path / "x"))


@pytest.mark.parametrize("error", [SourceDown("mount"), ConnectionResetError(), TimeoutError()])
def test_a_source_that_does_not_answer_is_nobodys_novedad(tmp_path, source, error):
    made_plan = planned(tmp_path, [document(n, source) for n in range(3)])
    source.problems["1/0"] = [error]
    with pytest.raises(SourceDown):
        volume.build(made_plan, 1, source, tmp_path / "v")
    assert not (tmp_path / "v").exists()


def test_a_wish_to_stop_is_heard_between_documents_and_within_a_large_file(tmp_path, source):
    documents = [document(n, source) for n in range(100)] + [document(900, source, (20 * MIB,))]
    plan.make(header(), documents, tmp_path / "p", part_size=64 * MIB)
    made_plan = plan.open(tmp_path / "p")
    told = []
    with pytest.raises(Stopped):
        volume.build(
            made_plan, 1, source, tmp_path / "v", progress=lambda *p: told.append(p), should_stop=lambda: len(told) >= 2
        )
    assert told == [(48, 48_000), (96, 96_000)]
    told.clear()
    with pytest.raises(Stopped):
        volume.build(
            made_plan, 1, source, tmp_path / "v", progress=lambda *p: told.append(p), should_stop=lambda: len(told) >= 6
        )
    assert told[-1] == (100, 100_000 + 3 * MIB)
    assert not (tmp_path / "v").exists()


def test_a_wish_to_stop_is_heard_between_two_files_that_are_looked_into(tmp_path, source, monkeypatch):
    """A batch of files is written at once, but a signature may take many seconds."""
    looked: list[str] = []
    monkeypatch.setattr("archive.payload.Verdicts.of_small", lambda self, file, content: looked.append(file.path))
    made_plan = planned(tmp_path, [document(n, source) for n in range(9)])
    with pytest.raises(Stopped):
        volume.build(made_plan, 1, source, tmp_path / "v", should_stop=lambda: len(looked) >= 3, threads=0)
    assert len(looked) == 3


def test_lists_too_long_for_memory_say_the_same_as_a_stream(tmp_path, source, monkeypatch):
    step = Step("2026-01-02T10:00:00-05:00", "Ana", "Juan", "Registro", "palabra distinta %d " * 150_000 % tuple(range(150_000)))
    plan.make(header(), [document(n, source)._replace(history=(step,)) for n in (1, 2)], tmp_path / "p", part_size=64 * MIB)
    told = []
    for whole in (making._WHOLE, 1 * MIB):
        monkeypatch.setattr(making, "_WHOLE", whole)
        volume.build(plan.open(tmp_path / "p"), 1, source, tmp_path / "v")
        with zipfile.ZipFile(tmp_path / "v") as made:
            told.append({name: made.read(name) for name in made.namelist()})
    assert told[0] == told[1] and len(told[0]["visor/parte01.js"]) > 4 * MIB


def test_progress_ends_at_the_planned_numbers(tmp_path, source):
    made_plan = planned(tmp_path, [document(n, source, (10, 20)) for n in range(4)])
    told = []
    volume.build(made_plan, 1, source, tmp_path / "v", progress=lambda *p: told.append(p))
    assert told[-1] == (4, made_plan.summary.bytes) and told == sorted(told)


def test_late_novedades_reach_the_whole_and_a_document_over_two_volumes_counts_once(tmp_path, source):
    documents = [document(1, source, (400_000,) * 5), document(2, source)]
    folder = tmp_path / "set"
    for ref in ("1/0", "1/4"):
        source.problems[ref] = [FileProblem("ilegible")] * 2
    made = Set(folder, documents, source)
    assert len(made.plan.summary.volumes) > 1
    bag = validate_bag(extract(join(made.zip, tmp_path / "j.zip"), tmp_path / "x"))
    assert [bag.info[k] for k in ("Encontrados", "Incluidos", "Con-Novedad")] == ["2", "1", "1"]
    assert [r["Causa"] for r in novedades_csv(made.volumes[-1])] == ["El archivo no se pudo leer"] * 2
    own = [n.file for r in made.results.values() for n in r.novedades]
    assert own == ["Informe técnico nº 0.pdf", "Informe técnico nº 4.docx"]


def test_a_volume_whose_files_all_failed_is_still_a_valid_bag(tmp_path, source):
    documents = [document(n, source, (600_000,)) for n in (1, 2, 3)]
    source.problems = {f"{n}/0": [FileProblem("ilegible")] * 2 for n in (1, 2, 3)}
    made = Set(tmp_path / "set", documents, source)
    assert made.plan.parts == 3
    for number, path in enumerate(made.volumes):
        validate_bag(extract(path, tmp_path / str(number)))
    folder = extract(join(made.zip, tmp_path / "j.zip"), tmp_path / "x")
    assert validate_bag(folder).info["Con-Novedad"] == "3"
    assert [p.name for p in (folder / "data").iterdir()] == ["SIN_DOCUMENTOS.txt"]


def test_the_last_of_several_volumes_needs_the_earlier_ones(tmp_path, source):
    made_plan = planned(tmp_path, [document(n, source, (600_000,)) for n in range(3)])
    with pytest.raises(ValueError, match="earlier"):
        volume.build(made_plan, made_plan.parts, source, tmp_path / "v")


def test_a_lost_document_is_never_published(tmp_path, source):
    """The volumes of a smaller plan under the plan of a larger one: the invariant of the whole refuses them."""
    documents = [document(n, source, (600_000,)) for n in range(3)]
    made = Set(tmp_path / "set", documents, source)
    more = documents[:2] + [document(2, source, (300_000,)), document(7, source, (200_000,))]
    plan.make(header(), more, tmp_path / "p", part_size=MIB)
    larger = plan.open(tmp_path / "p")
    assert larger.parts == made.plan.parts
    with pytest.raises(CountsBroken):
        directory.build(larger, made.open, tmp_path / "d.zip")
    assert not (tmp_path / "d.zip").exists()


def test_the_read_back_finds_any_flipped_byte(tmp_path, source):
    made_plan = planned(tmp_path, [document(n, source, (3000,)) for n in range(4)])
    result = volume.build(made_plan, 1, source, tmp_path / "v")
    whole = (tmp_path / "v").read_bytes()
    checked = verify.check(tmp_path / "v")
    assert (checked.sha256, checked.bytes, checked.entries) == (result.sha256, result.bytes, result.entries)
    end = int.from_bytes(whole[-6:-2], "little")  # where the central directory begins
    found = 0
    for at in [*range(0, end, end // 60), 0, end - 1]:
        torn = bytearray(whole)
        torn[at] ^= 0x10
        (tmp_path / "t").write_bytes(torn)
        try:  # the unused last bits of a deflated entry alter no content: the published SHA-256 tells them
            assert verify.check(tmp_path / "t").sha256 != result.sha256
        except Damaged:
            found += 1
    assert found >= 60
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "t").write_bytes(whole[:length])
        with pytest.raises(Damaged):
            verify.check(tmp_path / "t")


def test_memory_does_not_grow_with_a_file(tmp_path, source):
    """A file of 200 MB never made whole in memory passes through with a few blocks."""
    import tracemalloc

    class Endless(io.RawIOBase):
        left = 200 * MIB

        def readable(self):
            return True

        def readinto(self, buffer):
            count = min(len(buffer), self.left)
            self.left -= count
            buffer[:count] = bytes(count)
            return count

    made = document(1, source, (), files=(File("big", "principal", "x.bin", 200 * MIB, ".bin"),))
    plan.make(header(), [made], tmp_path / "p", part_size=256 * MIB)
    source.open = lambda ref: Endless()
    tracemalloc.start()
    result = volume.build(plan.open(tmp_path / "p"), 1, source, tmp_path / "v")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result.novedades == [] and peak < 40 * MIB
