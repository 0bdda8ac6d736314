"""Signature verdicts on files really signed here: PAdES in PDFs, CAdES in `.p7m`, inside and apart."""

import asyncio
import base64
import csv
import io
import zipfile
from datetime import timedelta

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from archive import plan, reader, signatures, volume
from archive.model import File
from archive.signatures import report as reasons
from archive.signatures.pdf import ByteRangeProbe
from tests.archive.conftest import MIB, document, header
from tests.archive.signing import NOW, Authority, plain_pdf, sign_cms, sign_pdf


@pytest.fixture(autouse=True, scope="module")
def no_anchors():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FIRMAS_ANCLAS", raising=False)
        yield


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def anchors(authority, tmp_path_factory):
    folder = tmp_path_factory.mktemp("anchors")
    (folder / "raiz.pem").write_bytes(authority.pem)
    return folder


@pytest.fixture(scope="module")
def maria(authority):
    return authority.signer("María Ñuñez")


@pytest.fixture(scope="module")
def signed(maria) -> bytes:
    return sign_pdf(plain_pdf(), maria)


@pytest.fixture
def look(anchors):
    """look(bytes) in this process: the helper's way there is tested in test_signatures_guard."""
    return lambda data, **more: signatures.look(io.BytesIO(data), **{"anchors": anchors} | more)


def flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


# --- PDFs --------------------------------------------------------------------------------------------------------------


def test_an_unsigned_pdf_and_other_files(look):
    for content in (plain_pdf(), b"", b"hola", b"PK\3\4", b"%PDF-1.7\n"):
        assert look(content).verdict == "sin firma"


def test_a_valid_signature_names_its_signer(look, signed):
    found = look(signed)
    (who,) = found.signers
    assert (found.verdict, found.reason) == ("válida", "")
    assert (who.name, who.issuer, who.verdict) == ("María Ñuñez", "Entidad de Prueba", "válida")
    assert who.certificate.startswith("Vigente") and who.date.endswith("-05:00")


def test_without_anchors_it_cannot_be_verified(look, signed):
    found = look(signed, anchors=None)
    assert (found.verdict, found.reason) == ("no verificable", reasons.NO_ROOTS)


def test_that_there_are_no_anchors_is_said_once(look, signed, caplog):
    signatures.trust._say_once.cache_clear()
    for _ in range(3):
        look(signed, anchors=None)
    assert [r.message for r in caplog.records if "FIRMAS_ANCLAS" in r.message] == [caplog.records[0].message]


def test_the_environment_names_the_anchors(anchors, look, signed, monkeypatch):
    monkeypatch.setenv("FIRMAS_ANCLAS", str(anchors))
    assert look(signed, anchors=None).verdict == "válida"


def test_an_unknown_root_is_not_verifiable(look, signed, tmp_path):
    (tmp_path / "otra.pem").write_bytes(Authority("Otra Entidad").pem)
    found = look(signed, anchors=tmp_path)
    assert (found.verdict, found.reason) == ("no verificable", reasons.UNKNOWN_ROOT)


def test_a_folder_of_anchors_that_is_none_is_no_verdict_on_the_file(look, signed, tmp_path):
    assert look(signed, anchors=tmp_path / "no").verdict == "no verificable"


def test_one_changed_byte_is_an_alteration(look, signed):
    found = look(flipped(signed, signed.index(b"/MediaBox") + 12))
    assert (found.verdict, found.reason, found.signers[0].name) == ("alterada", reasons.CHANGED, "María Ñuñez")


@pytest.mark.parametrize("word", [b"%PDF-1", b"/Catalog", b"startxref", b"xref", b"/Contents", b"trailer"])
def test_a_changed_byte_that_breaks_the_pdf_itself_is_never_valid(look, signed, word):
    """Where the parser gives up, the digest still tells."""
    assert look(flipped(signed, signed.index(word) + 1)).verdict in ("alterada", "no verificable", "sin firma")


def test_a_broken_table_is_told_by_its_digest(look, signed):
    broken = signed.replace(b"startxref", b"startxxxx")
    assert look(broken).verdict == "alterada"


@pytest.mark.parametrize("tail", [b"x", b"\n% unos bytes de mas\n" * 200])
def test_appended_bytes_are_an_alteration(look, signed, tail):
    assert look(signed + tail).verdict == "alterada"


def test_a_shortened_file_is_an_alteration(look, signed):
    assert look(signed[:-40]).verdict == "alterada"


def test_a_later_change_of_a_page_is_an_alteration(look, signed):
    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page[generic.pdf_name("/Rotate")] = generic.NumberObject(90)
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    found = look(out.getvalue())
    assert (found.verdict, found.reason) == ("alterada", reasons.LOOSE)


def test_two_signatures_one_after_the_other_are_both_valid(authority, look, signed):
    twice = sign_pdf(signed, authority.signer("José Cevallos"), "Firma2")
    found = look(twice)
    assert found.verdict == "válida"
    assert [s.name for s in found.signers] == ["María Ñuñez", "José Cevallos"]


def test_of_several_signatures_the_worst_decides_and_each_has_its_own(look, signed):
    twice = sign_pdf(signed, Authority("Otra Entidad").signer("Ajena"), "Firma2")
    found = look(twice)
    assert found.verdict == "no verificable"
    assert [s.verdict for s in found.signers] == ["válida", "no verificable"]


def test_a_malformed_signature_beside_a_good_one(look, signed, maria):
    """The second signature's CMS is cut; what can be said of each is said."""
    twice = sign_pdf(signed, maria, "Firma2")
    at = twice.rindex(b"/Contents <") + len(b"/Contents <")
    found = look(twice[:at] + b"0" * 40 + twice[at + 40 :])
    assert found.verdict == "no verificable" and found.reason == reasons.BROKEN


def test_a_certificate_that_is_over_now_but_was_in_force_then(authority, look):
    then = NOW - timedelta(days=600)
    over = authority.signer("José Jubilado", (-800, -400))
    found = look(sign_cms(b"contenido", over, when=then))
    assert found.verdict == "válida"
    assert found.signers[0].certificate.startswith("Vigente en el momento de la firma")


def test_a_certificate_that_was_over_when_it_signed(authority, look):
    found = look(sign_cms(b"contenido", authority.signer("José Vencido", (-800, -400))))
    assert (found.verdict, found.reason) == ("no verificable", reasons.NOT_IN_FORCE)
    assert found.signers[0].certificate.startswith("No vigente")


def test_a_time_stamp_decides_the_instant(authority, look):
    then = NOW - timedelta(days=600)
    over = authority.signer("Ana Sellada", (-800, -400))
    found = look(sign_pdf(plain_pdf(), over, timestamper=authority.stamper(then)))
    assert found.verdict == "válida"
    assert found.signers[0].date[:10] == (then - timedelta(hours=5)).date().isoformat()


@pytest.mark.parametrize("digest", ["sha384", "sha512"])
def test_longer_digests(look, maria, digest):
    made = sign_pdf(plain_pdf(), maria, md_algorithm=digest)
    assert look(made).verdict == "válida"
    assert look(made.replace(b"startxref", b"startxxxx")).verdict == "alterada"


def test_a_pdf_behind_a_password_is_not_verifiable(look, maria):
    made = sign_pdf(plain_pdf(password="secreta"), maria, password="secreta")
    found = look(made)
    assert (found.verdict, found.reason, found.signers[0].name) == ("no verificable", reasons.LOCKED, "María Ñuñez")
    assert look(flipped(made, 700)).verdict == "alterada"


# --- CMS ---------------------------------------------------------------------------------------------------------------


def test_p7m(look, maria):
    data = sign_cms(b"contenido del oficio", maria)
    found = look(data)
    assert (found.verdict, found.signers[0].name, found.detached) == ("válida", "María Ñuñez", False)
    assert look(base64.encodebytes(data)).verdict == "válida"
    assert look(b"-----BEGIN PKCS7-----\n" + base64.encodebytes(data) + b"-----END PKCS7-----\n").verdict == "válida"
    assert look(data.replace(b"oficio", b"OFICIO")).verdict == "alterada"
    assert look(data + b"mas").verdict == "alterada"
    assert look(data, anchors=None).verdict == "no verificable"


def test_a_p7m_around_a_signed_or_unsigned_pdf_is_judged_as_what_it_is(look, maria, signed):
    for inner in (plain_pdf(), signed):
        found = look(sign_cms(inner, maria))
        assert (found.verdict, len(found.signers)) == ("válida", 1)


def test_a_detached_signature_alone_is_not_verifiable(look, maria):
    found = look(sign_cms(b"contenido", maria, detached=True))
    assert (found.verdict, found.reason, found.detached) == ("no verificable", reasons.APART, True)
    assert found.signers[0].name == "María Ñuñez"


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_a_detached_signature_beside_what_it_signs(look, maria, digest):
    apart = sign_cms(b"contenido", maria, detached=True, digest=digest)
    assert look(apart, twin=io.BytesIO(b"contenido")).verdict == "válida"
    found = look(apart, twin=io.BytesIO(b"Contenido"))
    assert (found.verdict, found.reason) == ("alterada", reasons.CHANGED)


@pytest.mark.parametrize(
    "content", [b"%PDF-1.4\n/ByteRange [0 1 2 3]", b"%PDF /ByteRange [0 9 999999999999 9]", b"0" * 5000, b"\x30\x82\xff\xff" + b"\0" * 99, b"MIIB" * 50]
)
def test_rubbish_never_raises(look, content):
    assert look(content).verdict in ("no verificable", "alterada", "sin firma")


def test_a_cut_cms_is_not_verifiable(look, maria):
    data = sign_cms(b"contenido", maria)
    for length in range(1, len(data), len(data) // 20):
        assert look(data[:length]).verdict == "no verificable"


def test_a_file_that_is_not_there_never_raises(tmp_path):
    assert signatures.look(tmp_path / "absent").verdict == "no verificable"


def test_the_verdict_does_not_depend_on_who_asks(look, signed):
    """Inside a running event loop (a browser test, a notebook) the same file has the same verdict."""

    async def asked():
        return look(signed)

    assert asyncio.run(asked()) == look(signed)
    assert asyncio.run(asked()).signers


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_the_probe_sees_a_byte_range_across_blocks(size):
    data = b"%PDF" + b"x" * 50 + b"/ByteRange [0 1 2 3]" + b"y" * 50
    probe = ByteRangeProbe()
    for at in range(0, len(data), size):
        probe.feed(data[at : at + size])
    assert probe.found


# --- in a volume -------------------------------------------------------------------------------------------------------


def made_volume(folder, source, documents, **more):
    """(rows of FIRMAS.csv, details) of a volume with these documents."""
    plan.make(header(), documents, folder / "p", part_size=64 * MIB)
    volume.build(plan.open(folder / "p"), 1, source, folder / "v.zip", **more)
    text = zipfile.ZipFile(folder / "v.zip").read("FIRMAS.csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
    with open(folder / "v.zip", "rb") as stream:
        return rows, list(reader.details(stream, "parte01"))


def a_document(source, *files):
    """A document with (ref, kind, name, bytes) as its files."""
    rows = []
    for ref, kind, name, content in files:
        source.contents[ref] = content
        rows.append(File(ref, kind, name, len(content), f".{name.rpartition('.')[2]}"))
    return document(1, source, (), files=tuple(rows))


@pytest.mark.parametrize("padding", [0, 6 * MIB])
def test_a_volume_tells_of_its_signatures(anchors, maria, source, tmp_path, padding):
    """In memory, and (large) read back from the volume that is being written."""
    both = a_document(
        source, ("pdf", "principal", "x.pdf", sign_pdf(plain_pdf(padding=padding), maria)), ("p7m", "firma", "x.p7m", sign_cms(b"contenido", maria))
    )
    rows, (first, second) = made_volume(tmp_path, source, [both, document(2, source)], anchors=anchors)
    assert [(r["Veredicto"], r["Firmante"], r["Revocación"]) for r in rows] == [("válida", "María Ñuñez", "No consultada")] * 2
    assert first["archivos"][0]["firma"]["veredicto"] == "válida"
    assert second["archivos"][0]["firma"]["veredicto"] == "sin firma"


def test_each_signer_has_a_line_with_its_own_verdict_and_reason(anchors, signed, source, tmp_path):
    twice = sign_pdf(signed, Authority("Otra Entidad").signer("Ajena"), "Firma2")
    rows, _ = made_volume(tmp_path, source, [a_document(source, ("pdf", "principal", "x.pdf", twice))], anchors=anchors)
    assert [(r["Firmante"], r["Veredicto"], r["Motivo"]) for r in rows] == [
        ("María Ñuñez", "válida", ""), ("Ajena", "no verificable", reasons.UNKNOWN_ROOT),
    ]  # fmt: skip


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("altered", "verdict"), [(False, "válida"), (True, "alterada")])
def test_a_volume_judges_a_detached_signature_by_its_twin(anchors, maria, source, tmp_path, order, altered, verdict):
    """Before or after the file it signs, and other documents around it."""
    content = plain_pdf()
    files = [("pdf", "anexo", "oficio.pdf", content + b"." * altered), ("p7s", "anexo", "oficio.pdf.p7s", sign_cms(content, maria, detached=True))]
    one = a_document(source, *files[::order])
    rows, details = made_volume(tmp_path, source, [one, *(document(n, source) for n in (2, 3))], anchors=anchors)
    assert [(r["Veredicto"], r["Archivo firmado"], r["Firmante"]) for r in rows] == [(verdict, "oficio.pdf", "María Ñuñez")]
    assert rows[0]["Archivo"].endswith(".p7s")
    assert len(details) == 3 and zipfile.ZipFile(tmp_path / "v.zip").testzip() is None


def test_checking_can_be_switched_off(signed, source, tmp_path):
    one = a_document(source, ("pdf", "principal", "x.pdf", signed))
    rows, (told,) = made_volume(tmp_path, source, [one], signatures=False)
    assert rows == [] and "firma" not in told["archivos"][0]


def test_a_source_that_lies_about_its_suffix_gets_its_verdict(anchors, signed, source, tmp_path):
    """FirmaEC's "p7m" that is a PDF bears .pdf by its bytes; one that nobody sniffed is judged by its bytes all the same."""
    one = a_document(source, ("a", "firma", "x.p7m", signed))
    one = one._replace(files=(one.files[0]._replace(suffix=".p7m"),))
    rows, _ = made_volume(tmp_path, source, [one], anchors=anchors)
    assert [r["Veredicto"] for r in rows] == ["válida"]
