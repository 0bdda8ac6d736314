"""Charts drawn by the server: columns, a line and a stacked strip, as SVG with classes only.

Colours live in ``static/css/app.css``: a ``style=`` inside an SVG would be blocked by the content policy and a literal colour
would not follow the dark theme. A chart is one picture to a screen reader, with a title and a description; the numbers are in
the table that the page puts behind it. Labels given by callers are escaped here.
"""

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

Value = float | tuple[float, ...]
Series = Sequence[tuple[str, Value]]

# Plot area, in user units: left margin for the scale, room below for labels and above for values.
_LEFT, _BELOW, _ABOVE = 40, 26, 16
# Room that a label under the axis and a value above a column need: with less, only every second one (third, …) is written.
_LABEL, _FIGURE = 44, 30


def nice_top(values: Sequence[float], steps: int = 4) -> float:
    """The top of a scale that holds every value and whose ``steps`` marks are round numbers; ``steps`` when there is nothing."""
    needed = max(values, default=0) / steps
    if needed <= 0:
        return steps
    power = 10.0 ** math.floor(math.log10(needed))
    round_ones = (1, 2, 3, 4, 5, 6, 8, 10) if needed >= 1 else (1, 2, 5, 10)
    return steps * next(power * m for m in round_ones if power * m >= needed)


def bars(data: Series, alt: str, *, desc: str = "", name: str = "", top: float | None = None, steps: int = 4, goal: float | None = None,
         goal_text: str = "", highlight: int = -1, threshold: float | None = None, unit: str = "",
         width: int = 560, height: int = 220) -> Markup:
    """Column chart of ``(label, value)`` or stacked ``(label, (v1, v2, …))``.

    ``alt``, ``desc``: title and description for who does not see it; ``name``: prefix of their ids, unique on the page.
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
    out = [_open("chart", width, height, alt, desc, name), *_axis(width, base, _ABOVE, top, steps, unit)]
    for i, (label, value) in enumerate(data):
        x = _LEFT + step * i + (step - column) / 2
        y = float(base)
        pieces = value if isinstance(value, tuple) else (value,)
        for j, piece in enumerate(pieces):
            y -= piece * scale
            cls = f"b{j + 1}"
            if not isinstance(value, tuple):
                cls = "b3" if threshold and piece >= threshold else "b1" if highlight in (-1, i) else "b2"
            corner = min(3, column / 2) if j == len(pieces) - 1 else 0
            out.append(f'<rect class="{cls}" x="{coordinate(x)}" y="{coordinate(y)}" width="{coordinate(column)}" height="{coordinate(piece * scale)}" rx="{coordinate(corner)}"/>')
        if step >= _FIGURE:
            out.append(f'<text class="v opt" x="{coordinate(x + column / 2)}" y="{coordinate(y - 5)}" text-anchor="middle">{_es(totals[i])}</text>')
        out.append(_label(i, label, x + column / 2, height, step))
    if goal is not None:
        out.append(_goal(width, base - goal * scale, goal_text))
    return Markup("".join(out) + "</svg>")


def line(data: Sequence[tuple[str, float | None]], alt: str, *, desc: str = "", name: str = "", top: float | None = None, steps: int = 4,
         goal: float | None = None, goal_text: str = "", unit: str = "", width: int = 560, height: int = 220) -> Markup:
    """Line chart of ``(label, value)``; None leaves a gap. Values are written on the first, the last and the highest point."""
    if not data:
        return Markup("")
    base = height - _BELOW
    known = [v for _, v in data if v is not None]
    top = top or nice_top([*known, goal or 0], steps)
    scale = (base - _ABOVE) / top
    step = (width - _LEFT - 30) / max(len(data) - 1, 1)
    points = [(_LEFT + 12 + step * i, None if v is None else base - v * scale) for i, (_, v) in enumerate(data)]
    out = [_open("chart", width, height, alt, desc, name), *_axis(width, base, _ABOVE, top, steps, unit)]
    runs = _runs(points)
    out += [f'<polygon class="area" points="{coordinate(run[0][0])},{base} {_path(run)} {coordinate(run[-1][0])},{base}"/>' for run in runs if len(run) > 1]
    if goal is not None:
        out.append(_goal(width, base - goal * scale, goal_text))
    out += [f'<polyline class="ln" points="{_path(run)}"/>' for run in runs if len(run) > 1]
    told = _told([v for _, v in data])
    for i, ((label, value), (x, y)) in enumerate(zip(data, points, strict=True)):
        if y is not None:
            out.append(f'<circle class="pt" cx="{coordinate(x)}" cy="{coordinate(y)}" r="{coordinate(min(3.5, max(1.5, step / 3)))}"/>')
            if i in told:
                out.append(f'<text class="v" x="{coordinate(x)}" y="{coordinate(y - 11)}" text-anchor="middle">{_es(value)}</text>')
        out.append(_label(i, label, x, height, step))
    return Markup("".join(out) + "</svg>")


def strip(data: Sequence[tuple[str, float]], alt: str, *, desc: str = "", name: str = "", width: int = 560, height: int = 30) -> Markup:
    """One stacked bar of ``(class, value)``: b1 brand, b2 wool, b3 ochre, b4 clay. What is not nothing is at least a sliver."""
    total = sum(v for _, v in data)
    out = [_open("chart flat", width, height, alt, desc, name, ' preserveAspectRatio="none"')]
    sliver, gap = 6, 3
    wide = sum(v for _, v in data if total and width * v / total >= sliver)
    slivers = sum(sliver for _, v in data if total and 0 < width * v / total < sliver)
    x = 0.0
    for cls, value in data:
        if not total or value <= 0:
            continue
        length = sliver if width * value / total < sliver else (width - slivers) * value / wide
        out.append(f'<rect class="{escape(cls)}" x="{coordinate(x)}" y="0" width="{coordinate(length - gap)}" height="{height}" rx="4"/>')
        x += length
    return Markup("".join(out) + "</svg>")


def _open(cls: str, width: float, height: float, alt: str, desc: str, name: str, extra: str = "") -> str:
    head = f'<svg class="{cls}" viewBox="0 0 {width} {height}" role="img"'
    if not name:
        return f'{head} aria-label="{escape(alt)}"{extra}>'
    name = str(escape(name))
    return (f'{head} aria-labelledby="{name}-t" aria-describedby="{name}-d"{extra}>'
            f'<title id="{name}-t">{escape(alt)}</title><desc id="{name}-d">{escape(desc)}</desc>')


def _axis(width: int, base: float, top_y: float, top: float, steps: int, unit: str) -> list[str]:
    out = []
    for i in range(steps + 1):
        y = base - (base - top_y) * i / steps
        out.append(f'<line class="{"grid" if i else "base"}" x1="{_LEFT}" x2="{width}" y1="{coordinate(y)}" y2="{coordinate(y)}"/>')
        out.append(f'<text x="{_LEFT - 8}" y="{coordinate(y + 4)}" text-anchor="end">{_mark(top * i / steps)}{escape(unit)}</text>')
    return out


def _goal(width: int, y: float, text: str) -> str:
    return (f'<line class="goal" x1="{_LEFT}" x2="{width}" y1="{coordinate(y)}" y2="{coordinate(y)}"/>'
            f'<text class="goal-t" x="{width - 2}" y="{coordinate(y - 5)}" text-anchor="end">{escape(text)}</text>')


def _label(i: int, text: str, x: float, height: int, step: float) -> str:
    """A label under the axis, if there is room for it; of those written, every second one leaves on a narrow screen."""
    every = max(1, math.ceil(_LABEL / step))
    if i % every:
        return ""
    cls = "opt" if i // every % 2 else "e"
    return f'<text class="{cls}" x="{coordinate(x)}" y="{height - 8}" text-anchor="middle">{escape(text)}</text>'


def _runs(points: Sequence[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    """The points between the gaps."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is None:
            runs.append([])
        else:
            runs[-1].append((x, y))
    return [run for run in runs if run]


def _told(values: Sequence[float | None]) -> set[int]:
    """Places whose value is written: the first, the last and the highest."""
    known = [i for i, v in enumerate(values) if v is not None]
    if not known:
        return set()
    highest = max(known, key=lambda i: values[i])
    # Neighbours would write over each other; the highest goes before the ends.
    near = max(1, len(values) // 12)
    return {highest} | {i for i in (known[0], known[-1]) if abs(i - highest) > near}


def _path(run: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{coordinate(x)},{coordinate(y)}" for x, y in run)


def coordinate(value: float) -> str:
    """A coordinate with one decimal at most: half the bytes of a plain float."""
    return f"{value:.1f}".removesuffix(".0")


def _es(value: float) -> str:
    return coordinate(value).replace(".", ",")


def _mark(value: float) -> str:
    """A mark of the scale: thousands are written short, there is little room for them."""
    if value >= 1000 and value % 100 == 0:
        return f"{_es(value / 1000)}\u00a0k"
    return _es(value) if value >= 1 or value == 0 or round(value, 1) == value else f"{value:.2g}".replace(".", ",")
