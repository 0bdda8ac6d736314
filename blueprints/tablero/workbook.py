"""The board as a workbook: the figures, and every series as numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from blueprints.tablero import words
from rules.calendar import LIMIT_DAY
from rules.lifecycle import Estado
from rules.series import mean_wait, span_of
from services import schedule
from services.board import Board
from services.spreadsheet import Sheet, sheets_to_xlsx


def write(board: Board) -> bytes:
    out = io.BytesIO()
    sheets_to_xlsx(out, [
        Sheet("Indicadores", ("Indicador", "Valor", "Unidad"), _figures(board)),
        Sheet("Por mes", ("Mes", "Solicitudes"), ((p.name, p.value) for p in board.charts.requests)),
        Sheet("Por semana", ("Semana", "Días laborables (media)", "Respaldos generados"),
              ((p.name, None if p.value is None else round(p.value, 2), p.count) for p in board.charts.waits)),
        Sheet("Por día", ("Día", "Laborable", "Solicitudes", "Respaldos generados", "Días laborables (media)", "Bytes generados",
                          "Capacidad (bytes)"), _days(board)),
        Sheet("En trámite", ("Estado", "Solicitudes"), ((words.QUEUE_WORDS[e], n) for e, n in board.figures.queue.items())),
    ])
    return out.getvalue()


def _figures(board: Board) -> Iterator[tuple[Any, ...]]:
    f = board.figures
    yield "Período: desde", board.span.first, ""
    yield "Período: hasta", board.span.last, ""
    yield "Por aprobar", f.queue[Estado.ENVIADA], "solicitudes"
    yield "Por aprobar, sobre el plazo de espera", f.late, "solicitudes"
    yield "Tiempo medio desde la aprobación", None if f.mean is None else round(f.mean, 2), "días laborables"
    yield "Plazo", LIMIT_DAY, "días laborables"
    yield "Respaldos generados en el período", f.finished, "respaldos"
    yield "Generado hoy", f.today_bytes, "bytes"
    yield "Respaldos generados hoy", f.today, "respaldos"
    yield "Capacidad diaria", f.capacity or None, "bytes"
    yield "Vencen en 24 horas sin descarga completa", f.expiring[24], "respaldos"
    yield "Vencen en 48 horas sin descarga completa", f.expiring[48], "respaldos"
    yield "Vigentes con novedades", f.incidents, "respaldos"
    yield "Detenidas", f.queue[Estado.DETENIDA], "solicitudes"
    yield "Correos fallidos", f.mails, "correos"


def _days(board: Board) -> Iterator[tuple[Any, ...]]:
    working = span_of(board.days, schedule.working_calendar())
    for day in board.days:
        mean, _ = mean_wait([day], working)
        yield (
            day.dia, working.is_working(day.dia), day.solicitudes, day.generadas, None if mean is None else round(mean, 2), day.bytes,
            board.figures.capacity or None,
        )
