"""Text out of a half-escaped database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.text import block, line, page


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (None, ""),
        ("Oficio &lt;urgente&gt;", "Oficio <urgente>"),
        ("a &amp;lt; b", "a &lt; b"),  # once, not twice
        ("2 < 3 y 5 > 4", "2 < 3 y 5 > 4"),
        ("nulo\x00 y \x1b[31m", "nulo y [31m"),
        ("uno<br>dos <b>tres</b>", "uno dos tres"),
        ("<table><tr><td>Firmado por Ñ", "Firmado por Ñ"),
        ("roto <a href='x", "roto <a href='x"),
        ("  varios \n espacios ", "varios espacios"),
        (12, "12"),
    ],
)
def test_a_line(stored, shown):
    assert line(stored) == shown


def test_a_block_keeps_its_lines():
    assert block("uno<br/>dos</p>\r\n  tres  ") == "uno\ndos\n\ntres"


@pytest.mark.parametrize("empty", ["", "  ", "<p></p>", "<script>x</script>", "&nbsp;", "<img src=x>"])
def test_a_page_of_nothing_is_none(empty):
    assert page(empty) is None


def test_a_body_stored_escaped_is_unescaped_once():
    assert b"<p>Hola <b>mundo</b></p>" in page("&lt;p&gt;Hola &lt;b&gt;mundo&lt;/b&gt;&lt;/p&gt;")


@pytest.mark.parametrize(
    "hostile",
    [
        "<img src=x onerror=alert(1)>texto", "<a href='javascript:alert(1)'>texto</a>", "<svg/onload=alert(1)>texto</svg>texto",
        "<style>*{background:url(//x)}</style>texto", "<p style='x' onmouseover=alert(1)>texto</p>", "<scr<script>ipt>alert(1)</script>texto",
        "<iframe srcdoc='x'></iframe>texto", "<td colspan='2\" onclick=alert(1)'>texto</td>", "<!--<b>-->texto",
    ],
)  # fmt: skip
def test_nothing_active_survives(hostile):
    body = page(hostile).decode().split("<body>")[1]
    assert "texto" in body
    for word in ("<script", "<img", "<a", "<svg", "<iframe", "<style", " on", "href", "url(", "style="):
        assert word not in body


def test_a_page_closes_what_it_opens_and_keeps_tables():
    body = page("<table><tr><td colspan=2><b>uno<td>dos</table>").decode()
    assert body.count("<td") == body.count("</td>") == 2
    assert '<td colspan="2">' in body and body.count("<b>") == body.count("</b>")


@given(st.text(alphabet="aÑ é\t\n\x0b\x1c\x85\u00a0\u2003\r\x00\u0301<>&;br/lt", max_size=9))
def test_a_line_is_a_block_on_one_line(text):
    """Plain texts take a short cut, and nothing else does."""
    assert line(text) == " ".join(block(text).split())
