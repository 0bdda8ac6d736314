"""Cédula, RUC, e-mail and the folding of names."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import identity
from rules.identity import ERROR, WARNING


@pytest.mark.parametrize("text", ["1714307103", "171430710-3", " 1714 307 103 "])
def test_good_cedulas(text):
    assert identity.cedula_problem(text) is None
    assert identity.compact(text) == "1714307103"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Escriba la cédula."),
        ("1714307104", "revise los dígitos"),
        ("171430710", "tiene 10 dígitos; usted escribió 9"),
        ("17143071033", "usted escribió 11"),
        ("17143O7103", "solo números"),
        ("١٧١٤٣٠٧١٠٣", "solo números"),  # Arabic digits are digits for Python
        ("9914307103", "tres primeros dígitos"),
        ("1794307103", "tres primeros dígitos"),
        ("17143'; DROP", "solo números"),
    ],
)
def test_bad_cedulas_say_why(text, says):
    assert says in identity.cedula_problem(text)


@given(st.integers(1, 24), st.integers(0, 5), st.integers(0, 999999))
def test_exactly_one_check_digit_is_right(province, third, serial):
    good = [d for d in range(10) if identity.cedula_problem(f"{province:02d}{third}{serial:06d}{d}") is None]
    assert len(good) == 1


def test_a_ruc_that_passes_everything():
    assert identity.ruc_problem("1760001550001") is None  # Petroecuador: public entity
    assert identity.ruc_problem("1792060346001") is None  # company
    assert identity.ruc_problem("1714307103001") is None  # natural person
    assert identity.ruc_problem("1792060346-001") is None


@pytest.mark.parametrize("text", ["1760001560001", "1768888888001", "1792060347001", "0968888880001"])
def test_the_check_digit_of_an_entity_only_warns(text):
    assert identity.ruc_problem(text).level == WARNING
    assert "dígito verificador" in identity.ruc_problem(text).message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Escriba el RUC."),
        ("176000155000", "13 dígitos"),
        ("17600015500011", "13 dígitos"),
        ("176000155000A", "solo números"),
        ("1760001550000", "establecimiento"),
        ("1792060346000", "establecimiento"),
        ("9960001550001", "tres primeros"),
        ("1780001550001", "tres primeros"),
        ("1714307104001", "revise los dígitos"),  # the cédula inside is wrong
    ],
)
def test_the_form_of_a_ruc_is_an_error(text, says):
    problem = identity.ruc_problem(text)
    assert problem.level == ERROR
    assert says in problem.message


@given(st.text(alphabet="0123456789", min_size=13, max_size=13))
def test_any_thirteen_digits_get_an_answer(text):
    problem = identity.ruc_problem(text)
    assert problem is None or (problem.level in (ERROR, WARNING) and problem.message.endswith((".", ").")))


@given(st.text())
def test_any_text_gets_an_answer(text):
    for check in (identity.cedula_problem, identity.email_problem):
        assert check(text) is None or check(text).endswith(".")
    identity.ruc_problem(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  José   Luis  ÑACATA\tSimbaña ", "jose luis nacata simbana"),
        ("Nu\u0301ñez", "nunez"),
        ("GÜIJARRO", "guijarro"),
        ("Straße ﬁn", "strasse fin"),
        ("Bo\u00a0Peep", "bo peep"),
        ("İstanbul", "istanbul"),
        ("", ""),
    ],
)
def test_folding(text, folded):
    assert identity.fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert identity.fold(identity.fold(text)) == identity.fold(text)


@given(st.text())
def test_words_are_folded_long_enough_and_inside_the_text(text):
    for word in identity.words(text):
        assert len(word) >= 2
        assert word in identity.fold(text)
        assert identity.words(word) == [word]


def test_words_split_addresses_and_drop_letters_alone():
    assert identity.words("María J. Peñaloza <m.penaloza@sri.gob.ec>, 171430710-3") == [
        "maria", "penaloza", "penaloza", "sri", "gob", "ec", "171430710",
    ]  # fmt: skip


def test_a_name_is_its_words_without_titles_and_particles():
    quipux = identity.person_name_words("María José de la Torre Ñacata")
    petition = identity.person_name_words("Ing. DE LA TORRE NACATA MARIA JOSE, Mgs.")
    assert quipux == petition == {"maria", "jose", "torre", "nacata"}


@pytest.mark.parametrize("text", ["a@b.ec", "nombre.apellido@institucion.gob.ec", "o'higgins+x@a-b.com", " x@y.gob.ec "])
def test_good_addresses(text):
    assert identity.email_problem(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "nombre", "a@b", "a@@b.ec", "a b@c.ec", "a@b.ec,c@d.ec", "a@b.ec\nBcc: x@y.ec", ".a@b.ec", "a.@b.ec", "a..b@c.ec",
        "a@-b.ec", "a@b..ec", "Nombre <a@b.ec>", "ñ@b.ec", "x" * 65 + "@b.ec", "a@" + "b" * 250 + ".ec", "@b.ec", "a@",
    ],
)  # fmt: skip
def test_bad_addresses(text):
    assert identity.email_problem(text)


def test_letters_folded_one_by_one_fold_as_in_a_text():
    """A short cut for common letters: it must give what taking the text apart gives."""
    for letter in map(chr, range(0x20, 0x2000)):
        plain = "".join(c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c))
        again = "".join(c for c in unicodedata.normalize("NFKD", plain.casefold()) if not unicodedata.combining(c))
        assert identity.fold(f"a{letter}b") == " ".join(f"a{again}b".split()), hex(ord(letter))
