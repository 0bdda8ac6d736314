"""What a person typed, without signs that nobody types."""

from __future__ import annotations

import pytest

from rules.typed import clean, line, lines, written


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x0b", "\x1b", "\x7f", "\x85", "\u200e", "\u200f", "\u061c", "\u202a", "\u202e", "\u2066", "\u2069", "\ufeff"])
def test_a_sign_that_nobody_types_is_left_out(sign):
    for kept in (written, clean, line, lines):
        assert kept(f"{sign}Núñez{sign} Paz{sign}") == "Núñez Paz"


def test_what_people_type_stays():
    assert clean("  👩‍💻 ñandú\t¡José!  ") == "👩‍💻 ñandú\t¡José!"
    assert written(" a\r\nb ") == " a\r\nb " and lines(" a\r\nb ") == "a\nb" and line(" a\r\n  b\tc ") == "a b c"
    assert [kept(None) for kept in (written, clean, line, lines)] == [""] * 4
