"""What the board says: its cards, each with the list it counts, and the charts with their descriptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import url_for
from markupsafe import Markup

from blueprints import charts
from rules import texts
from rules.calendar import LIMIT_DAY, TARGET_DAY
from rules.lifecycle import Estado
from rules.series import Point
from services.board import INCIDENTS, SOON, Board, Figures
from services.board_views import generated_key

GB = 1e9
CROWDED = 90  # per cent of a day's capacity
COLOURS = {Estado.ENVIADA: "b2", Estado.APROBADA: "b1", Estado.EN_EJECUCION: "b3", Estado.DETENIDA: "b4"}
QUEUE_WORDS = {Estado.ENVIADA: "Por aprobar", Estado.APROBADA: "Calendarizadas", Estado.EN_EJECUCION: "En ejecución", Estado.DETENIDA: "Detenidas"}


@dataclass(frozen=True, slots=True)
class Card:
    """One figure. url: the list of what it counts; detail: more words, with a link of their own (detail_url) or without."""

    label: str
    value: str
    detail: str
    url: str
    icon: str
    kind: str = "mute"
    detail_url: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture and the table behind it: heads, and rows of texts."""

    key: str
    title: str
    aside: str
    svg: Markup
    heads: tuple[str, ...]
    rows: list[tuple[str, ...]]
    legend: tuple[tuple[str, str], ...] = ()


def listing(**filters: str) -> str:
    """The list of requests with these filters and no limit of dates."""
    return url_for("solicitudes.listing", inicio="", fin="", **filters)


def decimal(value: float | None) -> str:
    """ "3,8"; a dash when there is nothing to say."""
    return "—" if value is None else f"{value:.1f}".replace(".", ",")


def cards(board: Board, today: date) -> list[Card]:
    f, soon = board.figures, board.figures.expiring
    return [
        _waiting(f),
        Card("Sin abrir", texts.miles(f.unopened), "Nadie las ha abierto en 2 días laborables", url_for("mesa.desk", vista="sin_abrir"), "clock",
             "warn" if f.unopened else "mute"),
        Card("Tiempo medio de atención", f"{decimal(f.mean)} días" if f.finished else "—", _pace(f), listing(cifra=board.span.view),
             "gauge", "bad" if f.late_mean else "ok" if f.finished else "mute"),
        Card("Generado hoy", texts.size(f.today_bytes), _load(f), listing(cifra=generated_key(today, today)), "archive", "warn" if (f.load or 0) >= CROWDED else "mute"),
        Card("Detenidas", texts.miles(f.queue[Estado.DETENIDA]), "Requieren una decisión", listing(estado=str(Estado.DETENIDA)),
             "pause", "bad" if f.queue[Estado.DETENIDA] else "mute"),
        Card("Vencen en 24 horas", texts.miles(soon[24]), "Sin descarga completa", listing(cifra=SOON[24]), "clock", "bad" if soon[24] else "mute"),
        Card("Vencen en 48 horas", texts.miles(soon[48]), "Sin descarga completa", listing(cifra=SOON[48]), "clock", "warn" if soon[48] else "mute"),
        Card("Con novedades", texts.miles(f.incidents), "Respaldos vigentes con documentos que faltan", listing(cifra=INCIDENTS), "warn",
             "warn" if f.incidents else "mute"),
        Card("Correos fallidos", texts.miles(f.mails), "Se agotaron los intentos", url_for("tablero.mails"), "mail", "bad" if f.mails else "mute"),
    ]


def _waiting(f: Figures) -> Card:
    n = f.queue[Estado.ENVIADA]
    detail = f"{texts.plural(f.late, 'supera', 'superan')} los {TARGET_DAY} días laborables de espera" if f.late else "En la Mesa de aprobación"
    return Card("Por aprobar", texts.miles(n), detail, listing(estado=str(Estado.ENVIADA)), "inbox", "warn" if f.late else "info" if n else "mute",
                url_for("mesa.desk", vista="plazo") if f.late else url_for("mesa.desk"))


def _pace(f: Figures) -> str:
    if not f.finished:
        return "Ningún respaldo generado en el período"
    return f"{texts.plural(f.finished, 'respaldo', 'respaldos')}, en días laborables desde la aprobación (plazo: {LIMIT_DAY})"


def _load(f: Figures) -> str:
    made = texts.plural(f.today, "respaldo", "respaldos")
    if f.load is None:
        return f"{made}. La capacidad diaria no está configurada"
    return f"{made}: {f.load} % de la capacidad de {texts.size(f.capacity)}"


# --- charts ------------------------------------------------------------------------------------------------------------


def drawn(board: Board) -> list[Chart]:
    """The three charts over the span."""
    return [_requests(board), _waits(board), _sizes(board)]


def _requests(board: Board) -> Chart:
    points = board.charts.requests
    total = int(sum(p.value for p in points))
    svg = charts.bars(
        [(p.label, p.value) for p in points], "Solicitudes por mes", name="g-mes", highlight=len(points) - 1,
        desc=f"{texts.plural(len(points), 'columna', 'columnas')}, de {points[0].name} a {points[-1].name}. {_peak(points, texts.miles)}",
    )
    rows = [(p.name, texts.miles(int(p.value))) for p in points]
    return Chart("mes", "Solicitudes por mes", f"Total: {texts.miles(total)}", svg, ("Mes", "Solicitudes"), rows)


def _waits(board: Board) -> Chart:
    points = board.charts.waits
    svg = charts.line(
        [(p.label, p.value) for p in points], "Días laborables hasta la generación, por semana", name="g-semana", goal=LIMIT_DAY,
        goal_text=f"Plazo: {LIMIT_DAY} días laborables",
        desc=f"Media de cada semana, de {points[0].name} a {points[-1].name}, con una línea en el plazo de {LIMIT_DAY} días. {_peak(points, decimal)}",
    )
    rows = [(p.name, decimal(p.value), texts.miles(p.count)) for p in points]
    return Chart("semana", "Tiempo medio por semana", "Días laborables", svg, ("Semana", "Días laborables", "Respaldos"), rows)


def _sizes(board: Board) -> Chart:
    points, capacity, daily = board.charts.sizes, board.figures.capacity, board.charts.daily
    title = "GB por día y capacidad" if daily else "GB por día laborable y capacidad"
    svg = charts.bars(
        [(p.label, p.value / GB) for p in points], title, name="g-dia", steps=3, goal=capacity / GB if capacity else None,
        goal_text=f"Capacidad: {texts.size(capacity)}", threshold=capacity / GB * CROWDED / 100 if capacity else None,
        desc=f"{_peak(points, lambda v: texts.size(int(v)))} {_capacity_words(capacity)}",
    )
    rows = [(p.name, texts.size(int(p.value)), _share(p.value, capacity), texts.miles(p.count)) for p in points]
    legend = (("b1", "GB generados"), ("b3", f"Sobre el {CROWDED} % de la capacidad")) if capacity else (("b1", "GB generados"),)
    heads = ("Día" if daily else "Semana", "Generado" if daily else "Por día laborable", "Capacidad", "Respaldos")
    return Chart("dia", title, "" if daily else "Promedio de cada semana", svg, heads, rows, legend)


def queue(board: Board) -> tuple[Markup, list[tuple[str, str, int, str]]]:
    """The strip of what is on its way, and its legend: (colour, words, how many, list)."""
    counts = board.figures.queue
    legend = [(COLOURS[e], QUEUE_WORDS[e], n, listing(estado=str(e))) for e, n in counts.items()]
    words = ", ".join(f"{label}: {texts.miles(n)}" for _, label, n, _ in legend)
    return charts.strip([(colour, n) for colour, _, n, _ in legend], "Solicitudes en trámite por estado", desc=f"{words}.", name="g-cola"), legend


def _peak(points: Sequence[Point], write) -> str:
    known = [p for p in points if p.value]
    if not known:
        return "Sin datos en el período."
    highest = max(known, key=lambda p: p.value)
    return f"Máximo: {write(highest.value if isinstance(highest.value, float) else int(highest.value))} ({highest.name})."


def _capacity_words(capacity: int) -> str:
    return f"La línea marca la capacidad diaria de {texts.size(capacity)}." if capacity else "La capacidad diaria no está configurada."


def _share(value: float | None, capacity: int) -> str:
    return f"{round(100 * (value or 0) / capacity)} %" if capacity else "—"
