"""Drawings made by the server: the quipu in its sizes and the charts, as SVG with classes only.

Colours live in ``static/css/app.css``: a ``style=`` inside an SVG would be blocked by the content policy and a literal
colour would not follow the dark theme. Every function answers ``Markup``; labels given by callers are escaped here.
"""

import math
import random
from collections.abc import Sequence

from markupsafe import Markup, escape

Value = float | tuple[float, ...]
Series = Sequence[tuple[str, Value]]

# Plot area shared by the charts, in user units: left margin for the scale, room below for labels and above for values.
_LEFT, _BELOW, _ABOVE = 40, 26, 16


def _n(value: float) -> str:
    """A coordinate with one decimal at most: half the bytes of a plain float."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def _es(value: float) -> str:
    return _n(value).replace(".", ",")


def _open(cls: str, width: float, height: float, alt: str, extra: str = "") -> str:
    return f'<svg class="{cls}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(alt)}"{extra}>'


def _axis(width: int, base: float, top_y: float, top: float, steps: int, unit: str) -> list[str]:
    out = []
    for i in range(steps + 1):
        y = base - (base - top_y) * i / steps
        out.append(f'<line class="{"grid" if i else "base"}" x1="{_LEFT}" x2="{width}" y1="{_n(y)}" y2="{_n(y)}"/>')
        out.append(f'<text x="{_LEFT - 8}" y="{_n(y + 4)}" text-anchor="end">{_es(top * i / steps)}{escape(unit)}</text>')
    return out


def _goal(width: int, y: float, text: str) -> str:
    return (f'<line class="goal" x1="{_LEFT}" x2="{width}" y1="{_n(y)}" y2="{_n(y)}"/>'
            f'<text class="goal-t" x="{width - 2}" y="{_n(y - 5)}" text-anchor="end">{escape(text)}</text>')


def nice_top(values: Sequence[float], steps: int = 4) -> float:
    """The top of a scale that holds every value and whose ``steps`` marks are round numbers; ``steps`` when there is nothing."""
    needed = max(values, default=0) / steps
    if needed <= 0:
        return steps
    power = 10.0 ** math.floor(math.log10(needed))
    round_ones = (1, 2, 3, 4, 5, 6, 8, 10) if needed >= 1 else (1, 2, 5, 10)
    return steps * next(power * m for m in round_ones if power * m >= needed)


def bars(data: Series, alt: str, *, top: float | None = None, steps: int = 4, goal: float | None = None,
         goal_text: str = "", highlight: int = -1, threshold: float | None = None, unit: str = "",
         width: int = 560, height: int = 220) -> Markup:
    """Column chart of ``(label, value)`` or stacked ``(label, (v1, v2, …))``.

    ``highlight`` paints the other columns quietly; ``threshold`` paints in ochre what reaches it; ``goal`` draws a line.
    """
    if not data:
        return Markup("")
    base = height - _BELOW
    totals = [sum(v) if isinstance(v, tuple) else v for _, v in data]
    top = top or nice_top([*totals, goal or 0], steps)
    scale = (base - _ABOVE) / top
    step = (width - _LEFT) / len(data)
    column = min(34, step * .62)
    out = [_open("chart", width, height, alt), *_axis(width, base, _ABOVE, top, steps, unit)]
    for i, (label, value) in enumerate(data):
        x = _LEFT + step * i + (step - column) / 2
        y = float(base)
        pieces = value if isinstance(value, tuple) else (value,)
        for j, piece in enumerate(pieces):
            y -= piece * scale
            cls = f"b{j + 1}"
            if not isinstance(value, tuple):
                cls = "b3" if threshold and piece >= threshold else "b1" if highlight in (-1, i) else "b2"
            out.append(f'<rect class="{cls}" x="{_n(x)}" y="{_n(y)}" width="{_n(column)}" height="{_n(piece * scale)}"'
                       f' rx="{3 if j == len(pieces) - 1 else 0}"/>')
        middle = _n(x + column / 2)
        out.append(f'<text class="v opt" x="{middle}" y="{_n(y - 5)}" text-anchor="middle">{_es(totals[i])}</text>')
        out.append(f'<text class="{"opt" if i % 2 else "e"}" x="{middle}" y="{height - 8}" text-anchor="middle">{escape(label)}</text>')
    if goal is not None:
        out.append(_goal(width, base - goal * scale, goal_text))
    return Markup("".join(out) + "</svg>")


def line(data: Sequence[tuple[str, float]], alt: str, *, top: float | None = None, steps: int = 4,
         goal: float | None = None, goal_text: str = "", unit: str = "", width: int = 560, height: int = 220) -> Markup:
    """Line chart of ``(label, value)``; values are written on the first, the last and the highest point."""
    if not data:
        return Markup("")
    base = height - _BELOW
    values = [v for _, v in data]
    top = top or nice_top([*values, goal or 0], steps)
    scale = (base - _ABOVE) / top
    step = (width - _LEFT - 30) / max(len(data) - 1, 1)
    points = [(_LEFT + 12 + step * i, base - v * scale) for i, v in enumerate(values)]
    path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    out = [_open("chart", width, height, alt), *_axis(width, base, _ABOVE, top, steps, unit),
           f'<polygon class="area" points="{_n(points[0][0])},{base} {path} {_n(points[-1][0])},{base}"/>']
    if goal is not None:
        out.append(_goal(width, base - goal * scale, goal_text))
    out.append(f'<polyline class="ln" points="{path}"/>')
    for i, ((label, value), (x, y)) in enumerate(zip(data, points, strict=True)):
        out.append(f'<circle class="pt" cx="{_n(x)}" cy="{_n(y)}" r="3.5"/>')
        if i in (0, len(data) - 1) or value == max(values):
            out.append(f'<text class="v" x="{_n(x)}" y="{_n(y - 11)}" text-anchor="middle">{_es(value)}</text>')
        out.append(f'<text class="{"opt" if i % 2 else "e"}" x="{_n(x)}" y="{height - 8}" text-anchor="middle">{escape(label)}</text>')
    return Markup("".join(out) + "</svg>")


def strip(data: Sequence[tuple[str, float]], alt: str, *, width: int = 560, height: int = 30) -> Markup:
    """One stacked bar of ``(class, value)``: b1 brand, b2 wool, b3 ochre, b4 clay."""
    total = sum(v for _, v in data)
    out, x = [_open("chart flat", width, height, alt, ' preserveAspectRatio="none"')], 0.0
    for cls, value in data:
        length = width * value / total if total else 0
        if length > 3:
            out.append(f'<rect class="{escape(cls)}" x="{_n(x)}" y="0" width="{_n(length - 3)}" height="{height}" rx="4"/>')
        x += length
    return Markup("".join(out) + "</svg>")


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
