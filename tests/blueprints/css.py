"""Finding elements by the few CSS selectors that page tests write, without a library for all of them."""

from __future__ import annotations

import re

_STEP = re.compile(r"(?P<tag>[a-z0-9]+)|#(?P<id>[\w-]+)|\.(?P<cls>[\w-]+)|\[(?P<name>[\w-]+)(?:=(?P<value>[^\]]+))?\]")


def find(root, selector: str) -> list:
    """Elements below `root`, in the order of the page: tag, #id, .class, [attribute], [attribute=value]; "a b", "a > b", "a, b"."""
    return root.xpath(" | ".join(_path(part.strip()) for part in selector.split(",")))


def _path(selector: str) -> str:
    out, axis = ".", "//"
    for word in selector.split():
        if word == ">":
            axis = "/"
            continue
        out += axis + _element(word)
        axis = "//"
    return out


def _element(word: str) -> str:
    tag, tests, end = "*", [], 0
    for found in _STEP.finditer(word):
        assert found.start() == end, f"a selector that nobody taught me: {word}"
        end = found.end()
        if found["tag"]:
            tag = found["tag"]
        elif found["id"]:
            tests.append(f"@id='{found['id']}'")
        elif found["cls"]:
            tests.append(f"contains(concat(' ', normalize-space(@class), ' '), ' {found['cls']} ')")
        elif found["value"]:
            tests.append(f"@{found['name']}='{found['value']}'")
        else:
            tests.append(f"@{found['name']}")
    assert end == len(word), f"a selector that nobody taught me: {word}"
    return tag + "".join(f"[{test}]" for test in tests)
