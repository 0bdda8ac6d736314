"""Text out of Quipux, which is half-escaped there ("<" typed by a person is stored as "&lt;"; histories hold <br>)."""

import html
import re
from html.parser import HTMLParser

_BREAK = re.compile(r"<\s*(?:br|/p|/div|/li|/tr)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<(?:!--.*?--|[a-zA-Z/!?][^>]*)>", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_PLAIN = re.compile(r"[^<&\x00-\x1f\x7f-\x9f\ud800-\udfff]*")
_SPAN = re.compile(r"[0-9]{1,3}")
_ALLOWED = frozenset(
    "p br b i u s strong em small sub sup span div hr pre blockquote center ul ol li dl dt dd h1 h2 h3 h4 h5 h6 "
    "table caption thead tbody tfoot tr td th".split()
)
_VOID = frozenset(("br", "hr"))
_DROPPED = frozenset("script style title head object iframe applet noscript template svg math textarea select".split())
_PAGE = (
    '<!DOCTYPE html>\n<html lang="es"><head><meta charset="utf-8">'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">"
    "<title>Texto del documento</title></head>\n<body>\n{}\n</body></html>\n"
)


def block(text: object) -> str:
    """Display text that may have several lines: tags gone, then unescaped once, no control characters.

    Tags first: what is escaped was typed by a person and stays as text.
    """
    if text is None:
        return ""
    stripped = _TAG.sub("", _BREAK.sub("\n", str(text)))
    clean = _CONTROL.sub("", html.unescape(stripped).replace("\r\n", "\n").replace("\r", "\n"))
    return "\n".join(" ".join(line.split()) for line in clean.split("\n")).strip()


def line(text: object) -> str:
    """Display text on one line."""
    if isinstance(text, str) and _PLAIN.fullmatch(text):  # nearly every name: nothing to undo, and there are millions
        return " ".join(text.split())
    return " ".join(block(text).split())


def page(text: str) -> bytes | None:
    """The body of a document (`radi_texto`) as a harmless page in UTF-8, or None if it says nothing.

    Only tags of a closed list survive, without attributes other than spans of table cells: no script, no address,
    no image. A body stored escaped is unescaped once.
    """
    source = text if _TAG.search(text) else html.unescape(text)
    cleaner = _Cleaner()
    cleaner.feed(_CONTROL.sub("", source))
    cleaner.close()
    body = cleaner.result()
    return _PAGE.format(body).encode() if line(body) else None


class _Cleaner(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._open: list[str] = []
        self._dropping: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag in _DROPPED:
            self._dropping.append(tag)
        if self._dropping or tag not in _ALLOWED:
            return
        spans = "".join(f' {k}="{v}"' for k, v in attrs if k in ("colspan", "rowspan") and _SPAN.fullmatch(v or ""))
        self._out.append(f"<{tag}{spans}>")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        if tag in _VOID and not self._dropping:
            self._out.append(f"<{tag}>")

    def handle_endtag(self, tag):
        if tag in self._dropping:
            while self._dropping.pop() != tag:
                pass
        elif not self._dropping and tag in self._open:
            while True:  # close what was left open inside, so that the page is well-formed
                inner = self._open.pop()
                self._out.append(f"</{inner}>")
                if inner == tag:
                    break

    def handle_data(self, data):
        if not self._dropping:
            self._out.append(html.escape(data, quote=False))

    def result(self) -> str:
        return "".join(self._out) + "".join(f"</{tag}>" for tag in reversed(self._open))
