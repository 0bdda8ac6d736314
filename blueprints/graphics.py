"""Drawings made by the server: the quipu in its sizes, as SVG with classes only (the charts are in blueprints/charts.py).

Colours live in ``static/css/app.css``: a ``style=`` inside an SVG would be blocked by the content policy and a literal
colour would not follow the dark theme. Every function answers ``Markup``; labels given by callers are escaped here.
"""

import math
import random

from markupsafe import Markup, escape

from blueprints.charts import coordinate as _n


def marca() -> Markup:
    """The product's mark: a cord, four strings, four knots. Decorative: the name stands beside it."""
    return Markup(
        '<svg class="marca" viewBox="0 0 32 32" aria-hidden="true"><path class="string" d="M8 8.6v14M13.4 7.8V28M18.8 7.8v15.6M24.2 8.6V26"/>'
        '<path class="cord" d="M3 9.6c8-3 18-3 26 0"/><g><circle cx="8" cy="15.6" r="2.5"/><circle cx="13.4" cy="21.4" r="2.5"/>'
        '<circle cx="18.8" cy="14.4" r="2.5"/><circle cx="24.2" cy="19.6" r="2.5"/></g></svg>')


def quipu(width: int = 900, height: int = 620, strings: int = 22, seed: int = 7, y: int = 96) -> Markup:
    """The sign-in art: a main cord with hanging, knotted strings. The same seed gives the same drawing."""
    rnd = random.Random(seed)

    def cord(x: float) -> float:
        return y + 46 * math.sin(x / width * math.pi)

    out = [f'<svg class="quipu" viewBox="0 0 {width} {height}" preserveAspectRatio="xMidYMin slice" aria-hidden="true">']
    for i in range(strings):
        x = width * (i + .5) / strings + rnd.uniform(-3, 3)
        length = height * (.30 + .46 * abs(math.sin(i * .61 + .7))) + rnd.uniform(-20, 20)
        out += _string(rnd, x, cord(x), length, f"y{(i * 5 + i // 4) % 6 + 1}")
    points = " ".join(f"{_n(x)},{_n(cord(x))}" for x in range(-20, width + 40, 20))
    out.append(f'<polyline class="cord" points="{points}"/>')
    return Markup("".join(out) + "</svg>")


def _string(rnd: random.Random, x: float, top: float, length: float, cls: str) -> list[str]:
    """One hanging string (a cubic curve) and its groups of knots, placed on the curve."""
    end_x, end_y = x + rnd.uniform(-16, 16), top + length
    out = [f'<g class="{cls}"><path d="M{_n(x)} {_n(top)}C{_n(x)} {_n(top + length * .4)} {_n(end_x)} {_n(top + length * .55)} {_n(end_x)} {_n(end_y)}"/>']
    t = .26
    for knots_in_group in rnd.choice([(1, 1), (2, 1), (3,), (1, 2), (2, 3), (1,)]):
        for _ in range(knots_in_group):
            a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t ** 3
            px = x * (a + b) + end_x * (c + d)
            py = top * a + (top + length * .4) * b + (top + length * .55) * c + end_y * d
            out.append(f'<circle cx="{_n(px)}" cy="{_n(py)}" r="5"/>')
            t += 11.5 / length
        t += rnd.uniform(.12, .26)
        if t > .9:
            break
    return [*out, "</g>"]


def quipu_mini(knotted: bool = True) -> Markup:
    """The empty state: strings without knots (nothing yet) or with them."""
    out = ['<svg class="q" viewBox="0 0 120 86" aria-hidden="true"><g class="string">']
    out += [f'<path d="M{x} 16v{length}"/>' for x, length in ((22, 40), (41, 58), (60, 48), (79, 62), (98, 36))]
    out.append('</g><path class="cord" d="M6 18C36 8 84 8 114 18"/>')
    if knotted:
        out += [f'<circle class="knot-on" cx="{x}" cy="{y}" r="4.5"/>' for x, y in ((22, 36), (41, 52), (41, 61), (60, 40), (79, 58), (98, 34))]
    else:
        out.append('<circle class="knot-off" cx="60" cy="70" r="5"/>')
    return Markup("".join(out) + "</svg>")


def knots(done: int, kind: str = "", total: int = 5) -> Markup:
    """Progress in small: ``done`` knots of ``total``; ``kind`` ('k-run', 'k-bad') colours the present one. The words stand beside it."""
    out = [f'<svg class="knots" viewBox="0 0 {total * 19} 12" aria-hidden="true"><path d="M6 6H{(total - 1) * 19 + 6}"/>']
    for i in range(total):
        cls = ' class="on"' if i < done else f' class="{escape(kind)}"' if i == done and kind else ""
        out.append(f'<circle{cls} cx="{i * 19 + 6}" cy="6" r="4.5"/>')
    return Markup("".join(out) + "</svg>")
