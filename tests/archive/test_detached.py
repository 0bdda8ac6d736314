"""A signature apart from the file it signs is judged against its twin in the same document."""

import io

import pytest

from archive import detached, signatures
from archive.detail import Outcome
from archive.model import File
from archive.plan import PlannedFile
from tests.archive.signing import Authority, sign_cms

PDF = b"%PDF-1.7 contenido del oficio"


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def anchors(authority, tmp_path_factory):
    folder = tmp_path_factory.mktemp("anchors")
    (folder / "raiz.pem").write_bytes(authority.pem)
    return folder


def planned(name: str, kind: str = "anexo") -> PlannedFile:
    return PlannedFile(File(name, kind, name, 1, ""), f"data/{name}", 1)


def settled(anchors, contents: dict[str, bytes], *, kinds=None, causes=None) -> dict[str, dict]:
    """name → what is told of its signature, after all files of one document were written."""
    files = [planned(name, (kinds or {}).get(name, "anexo")) for name in contents]
    outcomes = {
        f.path: Outcome(cause=(causes or {}).get(f.file.name, ""), signature=signatures.look(io.BytesIO(contents[f.file.name]), anchors=anchors).as_dict())
        for f in files
    }  # fmt: skip
    detached.settle(files, outcomes, lambda path: io.BytesIO(contents[path.removeprefix("data/")]), anchors=anchors, moment="")
    return {f.file.name: outcomes[f.path].signature for f in files}


@pytest.mark.parametrize("name", ["oficio.pdf.p7s", "oficio.pdf.p7m", "Oficio.p7s", "oficio.p7m"])
def test_the_file_of_the_same_name_is_what_it_signs(anchors, authority, name):
    apart = sign_cms(PDF, authority.signer("Ana Ruiz"), detached=True)
    told = settled(anchors, {name: apart, "otro.pdf": b"otra cosa", "oficio.pdf": PDF})[name]
    assert (told["veredicto"], told["firmado"]) == ("válida", "oficio.pdf")
    assert told["firmantes"][0]["nombre"] == "Ana Ruiz"
    told = settled(anchors, {name: apart, "oficio.pdf": PDF + b"."})[name]
    assert (told["veredicto"], told["motivo"]) == ("alterada", "El contenido no es el que se firmó")


def test_a_signed_copy_signs_the_main_file_whatever_its_name(anchors, authority):
    apart = sign_cms(PDF, authority.signer("Ana Ruiz"), detached=True)
    kinds = {"20240001.pdf": "principal", "firma.p7m": "firma"}
    assert settled(anchors, {"20240001.pdf": PDF, "firma.p7m": apart}, kinds=kinds)["firma.p7m"]["veredicto"] == "válida"


def test_without_its_twin_it_stays_not_verifiable(anchors, authority):
    apart = sign_cms(PDF, authority.signer("Ana Ruiz"), detached=True)
    for others, causes in (({}, {}), ({"otro.pdf": PDF}, {}), ({"oficio.pdf": PDF}, {"oficio.pdf": "ilegible"})):
        told = settled(anchors, {"oficio.p7s": apart} | others, causes=causes)["oficio.p7s"]
        assert told["veredicto"] == "no verificable" and "separada" in told["motivo"] and "firmado" not in told


def test_a_signature_with_its_content_inside_is_left_alone(anchors, authority):
    inside = sign_cms(PDF, authority.signer("Ana Ruiz"))
    told = settled(anchors, {"oficio.pdf.p7m": inside, "oficio.pdf": b"otra cosa"})["oficio.pdf.p7m"]
    assert told["veredicto"] == "válida" and "firmado" not in told


def test_a_signature_is_never_the_twin_of_another(anchors, authority):
    apart = sign_cms(PDF, authority.signer("Ana Ruiz"), detached=True)
    told = settled(anchors, {"oficio.p7m": apart, "oficio.p7s": apart})
    assert {t["veredicto"] for t in told.values()} == {"no verificable"}
