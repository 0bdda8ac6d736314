"""The helper process in which signatures are checked: no file ends a run, stalls it, or fills the machine."""

import io
import os
import signal
import threading
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive import signatures
from archive.signatures import guard
from archive.signatures import report as reasons
from tests.archive.signing import Authority, plain_pdf, sign_cms, sign_pdf


@pytest.fixture(scope="module")
def anchors(tmp_path_factory, authority):
    folder = tmp_path_factory.mktemp("anchors")
    (folder / "raiz.pem").write_bytes(authority.pem)
    return folder


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def signed(authority):
    return sign_pdf(plain_pdf(), authority.signer("María Ñuñez"))


@pytest.fixture(scope="module")
def p7m(authority):
    return sign_cms(b"contenido", authority.signer("María Ñuñez"))


@pytest.fixture
def anew():
    """A helper of this test's own limits; the next test gets a fresh one."""
    guard.close()
    yield
    guard.close()


def test_the_helper_says_what_this_process_would_say(anchors, signed, authority, tmp_path):
    apart = sign_cms(signed, authority.signer("Ana"), detached=True)
    (tmp_path / "x.pdf").write_bytes(signed)
    for content, twin in ((signed, None), (apart, None), (apart, signed), (signed + b"x", None), (b"nada", None)):
        twins = [None if twin is None else io.BytesIO(twin) for _ in range(2)]
        here = signatures.look(io.BytesIO(content), anchors=anchors, twin=twins[0])
        assert signatures.check(io.BytesIO(content), anchors=anchors, twin=twins[1]) == here
    assert signatures.check(tmp_path / "x.pdf", anchors=anchors).verdict == "válida"


def test_an_unsigned_file_never_starts_it(anew):
    assert signatures.check(io.BytesIO(plain_pdf())).verdict == "sin firma"
    assert guard._helper is None


def test_a_helper_killed_by_somebody_is_replaced_and_nobody_notices(anchors, signed):
    signatures.check(io.BytesIO(signed), anchors=anchors)
    os.kill(guard._helper.process.pid, signal.SIGKILL)
    assert signatures.check(io.BytesIO(signed), anchors=anchors).verdict == "válida"


def test_it_survives_the_signals_that_stop_a_worker(anchors, signed):
    signatures.check(io.BytesIO(signed), anchors=anchors)
    before = guard._helper.process.pid
    for each in (signal.SIGTERM, signal.SIGINT):
        os.kill(before, each)
    assert signatures.check(io.BytesIO(signed), anchors=anchors).verdict == "válida"
    assert guard._helper.process.pid == before


def test_it_ends_with_its_owner(anchors, signed):
    signatures.check(io.BytesIO(signed), anchors=anchors)
    process = guard._helper.process
    process.stdin.close()
    assert process.wait(10) == 0
    guard._forget()


def test_a_file_that_takes_too_long_is_not_verifiable(anew, monkeypatch, anchors, signed):
    """A processor-second of a helper that computes for ever: the timer ends it, the run goes on."""
    endless = "import archive.signatures as s\ns.look = lambda *a, **k: exec('while True: pass')\n" \
              "from archive.signatures import guard\nguard.SECONDS = 0.3\nguard.main()"  # fmt: skip
    monkeypatch.setattr(guard, "COMMAND", ("-c", endless))
    found = signatures.check(io.BytesIO(signed), anchors=anchors)
    assert (found.verdict, found.reason) == ("no verificable", reasons.TOO_MUCH)


def test_a_file_that_asks_for_the_machine_is_not_verifiable(anew, monkeypatch, anchors, signed):
    greedy = "import archive.signatures as s\ns._look = lambda *a, **k: bytearray(1 << 33)\n" \
             "from archive.signatures import guard\nguard.main()"  # fmt: skip
    monkeypatch.setattr(guard, "COMMAND", ("-c", greedy))
    found = signatures.check(io.BytesIO(signed), anchors=anchors)
    assert (found.verdict, found.reason) == ("no verificable", reasons.TOO_MUCH)


def test_a_library_that_prints_is_not_taken_for_an_answer(anew, monkeypatch, anchors, signed):
    noisy = "import archive.signatures as s\nlook = s.look\n" \
            "s.look = lambda *a, **k: (print('{}', flush=True), look(*a, **k))[1]\n" \
            "from archive.signatures import guard\nguard.main()"  # fmt: skip
    monkeypatch.setattr(guard, "COMMAND", ("-c", noisy))
    assert signatures.check(io.BytesIO(signed), anchors=anchors).verdict == "válida"


def test_a_stream_that_unfolds_without_end(anchors, signed):
    """An object stream of 200 MB in 200 KB, in a file that says it is signed."""
    bomb = zlib.compress(bytes(200 << 20), 9)
    head = b"%PDF-1.5\n1 0 obj\n<</Type/XRef/Size 9/W[1 2 1]/Root 2 0 R/Filter/FlateDecode/Length " + str(len(bomb)).encode()
    made = head + b">>\nstream\n" + bomb + b"\nendstream\nendobj\n% /ByteRange [0 1 2 3]\nstartxref\n9\n%%EOF"
    assert signatures.check(io.BytesIO(made), anchors=anchors).verdict in ("no verificable", "sin firma", "alterada")
    assert signatures.check(io.BytesIO(signed), anchors=anchors).verdict == "válida"


def test_a_large_p7m_is_not_parsed(anchors):
    found = signatures.check(io.BytesIO(b"\x30\x84" + bytes(65 << 20)), anchors=anchors)
    assert (found.verdict, found.reason) == ("no verificable", reasons.TOO_MUCH)


def test_several_threads_may_ask(anchors, signed):
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(signatures.check(io.BytesIO(signed), anchors=anchors).verdict)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["válida"] * 6


def test_no_secret_reaches_it(anew, monkeypatch, anchors, signed):
    monkeypatch.setenv("SECRET_KEY", "no es para extraños")
    signatures.check(io.BytesIO(signed), anchors=anchors)
    with open(f"/proc/{guard._helper.process.pid}/environ", "rb") as stream:
        assert b"SECRET_KEY" not in stream.read()


VERDICTS = {"válida", "alterada", "sin firma", "no verificable"}
FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(st.data())
def test_any_damage_to_a_signed_pdf_gets_a_verdict_and_none_is_valid(anchors, signed, data):
    """Bytes replaced, cut, inserted anywhere but in the signature's own padding."""
    torn = damaged(signed, data)
    found = signatures.check(io.BytesIO(torn), anchors=anchors)
    assert found.verdict in VERDICTS
    assert found.verdict != "válida" or covered_part(torn) == covered_part(signed)


@FUZZ
@given(st.data())
def test_any_damage_to_a_p7m_gets_a_verdict(anchors, p7m, data):
    torn = damaged(p7m, data)
    found = signatures.check(io.BytesIO(torn), anchors=anchors)
    assert found.verdict in VERDICTS
    if found.verdict == "válida":
        assert b"contenido" in torn


@FUZZ
@given(st.sampled_from([b"%PDF-1.7\n/ByteRange [0 10 20 30]", b"\x30\x82", b"MII", b"-----BEGIN PKCS7-----"]), st.binary(max_size=3000))
def test_random_bytes_get_a_verdict(anchors, head, rest):
    assert signatures.check(io.BytesIO(head + rest), anchors=anchors).verdict in VERDICTS - {"válida"}


def damaged(content: bytes, data) -> bytes:
    at = data.draw(st.integers(0, len(content) - 1))
    length = data.draw(st.integers(0, 64))
    return content[:at] + data.draw(st.binary(max_size=64)) + content[at + length :]


def covered_part(content: bytes) -> bytes:
    """All but the hex digits of the CMS, whose padding no signature can cover."""
    start = content.index(b"/Contents <") + 11
    return content[:start] + content[content.index(b">", start) :]
