"""Which files a complement asks for, and where it puts them: without a database, from a plan and what Quipux says now."""

from __future__ import annotations


import pytest

from archive import plan as plans
from archive.model import Document, File, Header
from jobs.missing import Search
from models import Novedad

HEADER = Header("RESPALDO_000001", "000001", "1", "P", "1", "", "", "I", "2020-01-01", "2020-12-31", "2026-11-18T10:00:00-05:00")


def file(name: str, kind: str = "anexo", suffix: str = ".pdf", *, lost: bool = False) -> File:
    return File(f"disco:{name}", kind, name, None if lost else 100, suffix, "ausente" if lost else None)


def document(number: int, *files: File) -> Document:
    return Document(f"{number:020d}", "M-1", "Memorando", "2020-05-05T10:00:00-05:00", "Informe", ("enviado",), files=files)


@pytest.fixture
def search(tmp_path):
    """`search(documents)` → (Search over what their plan misses, path of every planned file by document)."""

    def make(*documents: Document):
        plans.make(HEADER, iter(documents), tmp_path / "plan.gz", part_size=1 << 20)
        plan = plans.open(tmp_path / "plan.gz")
        lost, paths = {}, {}
        for planned in plan.documents():
            paths[planned.document.id] = [f.path for f in planned.files]
            rows = [Novedad(id=len(lost) * 100 + i, ruta=f.path) for i, f in enumerate(planned.files) if f.problem]
            if rows:
                lost[planned.document.id] = rows
        return Search(plan, lost, "C1"), paths

    return make


def found(search: Search, *live: Document) -> dict[str, list[tuple[str, str]]]:
    """Document → (file name, its place) of what the complement takes."""
    return {d.id: list(zip([f.name for f in d.files], search.places(d), strict=True)) for d in search.narrowed(iter(live))}


def test_only_the_missing_files_of_documents_con_novedad(search):
    one, two = document(1, file("a.pdf", "principal"), file("b.pdf", lost=True)), document(2, file("c.pdf", "principal"))
    found_by, paths = search(one, two)
    assert found_by.ids == {one.id}
    assert found(found_by, document(1, file("a.pdf", "principal"), file("b.pdf"))) == {one.id: [("b.pdf", paths[one.id][1])]}
    assert found_by.asked == {1: paths[one.id][1]}


def test_homonyms_keep_their_own_places(search):
    """Alone, the second would be named like the first, which was delivered."""
    first, second = document(1, file("x.pdf", "principal")), document(2, file("x.pdf", "principal", lost=True))
    attached = document(3, file("foto.jpg", suffix=".jpg"), file("foto.jpg", suffix=".jpg", lost=True))
    found_by, paths = search(first, second, attached)
    taken = found(found_by, document(2, file("x.pdf", "principal")), document(3, file("foto.jpg", suffix=".jpg"), file("foto.jpg", suffix=".jpg")))
    assert [place for rows in taken.values() for _, place in rows] == [paths[second.id][0], paths[attached.id][1]]
    assert not {place for rows in taken.values() for _, place in rows} & {paths[first.id][0], paths[attached.id][0]}


def test_the_extension_follows_the_bytes_now_that_they_are_seen(search):
    planned = document(1, file("f.pdf.p7m", "firma", ".p7m", lost=True))
    found_by, paths = search(planned)
    (_, place), = found(found_by, document(1, file("f.pdf.p7m", "firma", ".pdf")))[planned.id]
    assert place != paths[planned.id][0] and place.endswith("_C1.pdf") and found_by.asked == {0: place}


def test_a_file_with_another_name_is_known_by_its_place_among_the_others(search):
    planned = document(1, file("a.pdf", "principal"), file("viejo.pdf", lost=True))
    found_by, paths = search(planned)
    assert found(found_by, document(1, file("a.pdf", "principal"), file("nuevo.pdf")))[planned.id] == [("nuevo.pdf", paths[planned.id][1])]


def test_what_quipux_knows_no_more_is_left_out_and_stays_missing(search):
    planned = document(1, file("a.pdf", "principal"), file("b.pdf", lost=True))
    found_by, _ = search(planned)
    assert found(found_by, document(1, file("a.pdf", "principal"))) == {} and found_by.asked == {}


def test_what_is_still_missing_is_asked_for_and_named_in_the_complement(search):
    planned = document(1, file("a.pdf", "principal"), file("b.pdf", lost=True))
    found_by, paths = search(planned)
    still = planned._replace(files=(planned.files[0], file("b.pdf", lost=True)))
    assert found(found_by, still) == {planned.id: [("b.pdf", paths[planned.id][1])]}
