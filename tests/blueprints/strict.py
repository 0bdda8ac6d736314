"""The strict reader: what every page must be, whoever wrote it. Page tests call `assert_page(html)`; `assert_fragment` for pieces."""

import re

from lxml import html as parser

SUFFIX = " · Respaldos Quipux"

# Words that cannot stand in a Spanish screen: they are leftovers of a library, or a Python value that nobody rendered.
ENGLISH = re.compile(
    r"\b(None|True|False|undefined|null|NaN|submit|search|cancel|delete|save|login|logout|password|username|loading|next|previous|"
    r"not found|forbidden|unauthorized|this field|is required|required|invalid|not a valid|select|choose|upload|download|file|request|"
    r"welcome|settings|the|and|with|your|page|field|bad request|csrf|token)\b")
REFERENCES = ("aria-describedby", "aria-labelledby", "aria-controls", "aria-activedescendant", "aria-owns", "for", "form", "list")
TARGETS = ("hx-target", "hx-include", "hx-indicator", "hx-select")


def assert_page(html: str) -> None:
    """Raises AssertionError with every fault found in a full page."""
    doc = parser.document_fromstring(html)
    faults = [*_page(doc), *_piece(doc), *_references(doc)]
    assert not faults, "the strict reader found:\n- " + "\n- ".join(faults)


def assert_fragment(html: str) -> None:
    """The same for a fragment: no title, no h1, and references may point at the page around it."""
    assert "<html" not in html and "<title>" not in html, "a fragment must not carry the shell"
    faults = _piece(parser.fragment_fromstring(html, create_parent="div"))
    assert not faults, "the strict reader found:\n- " + "\n- ".join(faults)


def text_of(element) -> str:
    """All the text inside, with single spaces."""
    return " ".join(element.text_content().split())


def _page(doc) -> list[str]:
    faults = []
    if not (doc.get("lang") or "").startswith("es"):
        faults.append(f'<html lang="{doc.get("lang")}"> must be Spanish')
    # A drawing has a <title> of its own.
    titles, headings = doc.xpath(".//title[not(ancestor::svg)]"), doc.findall(".//h1")
    if len(titles) != 1 or len(headings) != 1:
        return [*faults, f"one <title> and one <h1> expected, found {len(titles)} and {len(headings)}"]
    title, heading = text_of(titles[0]), text_of(headings[0])
    if not title.endswith(SUFFIX):
        faults.append(f"the title must end with {SUFFIX!r}: {title!r}")
    if title.removesuffix(SUFFIX).removeprefix("Error: ") != heading or not heading:
        faults.append(f"title and h1 differ: {title!r}, {heading!r}")
    if len(doc.findall(".//main")) != 1:
        faults.append("exactly one <main> expected")
    return faults


def _piece(root) -> list[str]:
    ids = [e.get("id") for e in root.iter() if e.get("id") is not None]
    faults = [f"id used twice: {i!r}" for i in sorted({i for i in ids if ids.count(i) > 1})]
    faults += [f"id with a space or empty: {i!r}" for i in ids if not i or re.search(r"\s", i)]
    for e in root.iter():
        if not isinstance(e.tag, str):
            continue
        faults += _inline(e) + _control(root, e) + _words(e)
    return faults


def _inline(e) -> list[str]:
    faults = [f"inline {name} in {_show(e)}" for name in e.attrib if name == "style" or name.startswith(("on", "hx-on"))]
    if e.tag == "style" or (e.tag == "script" and not e.get("src")):
        faults.append(f"inline <{e.tag}>: the content policy blocks it")
    if "js:" in (e.get("hx-vals") or "") or "[" in (e.get("hx-trigger") or ""):
        faults.append(f"htmx would need eval for {_show(e)}")
    if e.get("href") == "#":
        faults.append(f"a link to nowhere: {_show(e)}")
    return faults


def _control(root, e) -> list[str]:
    if e.tag in ("select", "textarea") or (e.tag == "input" and e.get("type") not in ("hidden", "submit", "button", "image")):
        named = e.get("aria-label") or e.get("aria-labelledby") or any(text_of(a) for a in e.iterancestors("label"))
        if not named and e.get("id"):
            named = any(text_of(label) for label in root.iter("label") if label.get("for") == e.get("id"))
        return [] if named else [f"control without a label: {_show(e)}"]
    if e.tag in ("button", "a", "summary") and (e.tag != "a" or e.get("href")):
        named = text_of(e) or e.get("aria-label") or e.get("aria-labelledby") or e.xpath(".//img[@alt!='']")
        return [] if named else [f"nothing to read in {_show(e)}"]
    if e.tag == "img" and e.get("alt") is None:
        return [f"image without alt: {_show(e)}"]
    if e.tag == "table" and e.find("caption") is None and not (e.get("aria-label") or e.get("aria-labelledby")):
        return [f"table without caption: {_show(e)}"]
    if e.tag == "form" and (e.get("method") or "").lower() == "post" and not e.xpath(".//input[@name='csrf_token'][@value!='']"):
        return [f"POST form without csrf_token: {_show(e)}"]
    return []


def _words(e) -> list[str]:
    spoken = [e.get(a) for a in ("aria-label", "placeholder", "title", "alt", "data-l", "data-copied", "hx-confirm")]
    code = any(a.tag in ("code", "pre", "script", "style") or "mono" in (a.get("class") or "").split() for a in (e, *e.iterancestors()))
    if not code:
        spoken += [e.text, *(child.tail for child in e)]
    found = [(m.group(0), s.strip()) for s in spoken if s for m in [ENGLISH.search(s)] if m]
    return [f"left over {word!r} in {text[:80]!r}" for word, text in found]


def _references(doc) -> list[str]:
    ids = {e.get("id") for e in doc.iter() if e.get("id")}
    faults = []
    for e in doc.iter():
        if not isinstance(e.tag, str):
            continue
        wanted = [(name, i) for name in REFERENCES for i in (e.get(name) or "").split()]
        wanted += [(name, v[1:]) for name in TARGETS for v in [e.get(name) or ""] if re.fullmatch(r"#[\w-]+", v)]
        wanted += [("href", v[1:]) for v in [e.get("href") or ""] if v.startswith("#") and len(v) > 1 and e.tag == "a"]
        faults += [f"{name} of {_show(e)} names a missing id: {i!r}" for name, i in wanted if i not in ids]
    return faults


def _show(e) -> str:
    attributes = " ".join(f'{k}="{v[:40]}"' for k, v in list(e.attrib.items())[:5])
    return f"<{e.tag} {attributes}>"
