"""What a day can produce, from a date on."""

from __future__ import annotations

from flask import Response, render_template, request, url_for

from blueprints import htmx, shape
from blueprints.access import actor, requires
from blueprints.calendario import bp, forms
from extensions import db
from rules import texts
from rules.glossary import AVISO_BADGE
from rules.policy import Permission
from services import calendar_log, capacities, clock
from services.errors import Refused

FIELDS = ("desde", "documentos", "bytes", "cuota", "motivo")


@bp.get("/calendario/capacidad", endpoint="capacity")
@requires(Permission.CALENDAR)
def show_capacity() -> tuple[str, int]:
    return _page()


@bp.post("/calendario/capacidad")
@requires(Permission.CALENDAR_ADMIN)
def save_capacity() -> Response | tuple[str, int]:
    v = forms.typed(*FIELDS)
    gigabytes = shape.decimal(v["bytes"])
    size = None if gigabytes is None else round(gigabytes * capacities.GB)
    draft = capacities.Draft(shape.day(v["desde"]), shape.whole(v["documentos"]), size, shape.whole(v["cuota"]), v["motivo"])
    try:
        row = capacities.save(actor(), draft)
    except Refused as refused:
        db.session.rollback()
        return _page(422, v, refused.fields)
    db.session.commit()
    htmx.notify(f"La nueva capacidad rige desde el {texts.long_day(row.desde)}.")
    return htmx.redirect_303(url_for(".capacity"))


@bp.post("/calendario/capacidad/retirar")
@requires(Permission.CALENDAR_ADMIN)
def remove_capacity() -> Response | tuple[str, int]:
    try:
        capacities.remove(actor(), shape.day(request.form.get("desde")))
    except Refused as refused:
        db.session.rollback()
        return _page(422, None, refused.fields)
    db.session.commit()
    htmx.notify("La capacidad programada se retiró.")
    return htmx.redirect_303(url_for(".capacity"))


def _page(status: int = 200, values: dict[str, str] | None = None, wrong: dict[str, str] | None = None) -> tuple[str, int]:
    entries = capacities.listing()
    now = next(entry for entry in entries if entry.standing == "vigente")
    if values is None:
        values = {"desde": clock.today().isoformat(), "documentos": str(now.documentos), "bytes": _gigabytes(now.bytes), "cuota": f"{now.cuota:g}", "motivo": ""}
    return render_template(
        "calendario/capacidad.html", filas=[(entry, AVISO_BADGE[entry.standing]) for entry in entries], ahora_rige=now, v=values,
        errores=wrong or {}, resumen=[(name or None, message) for name, message in (wrong or {}).items()],
        historial=calendar_log.history(calendar_log.CAPACIDAD), hoy=clock.today(),
    ), status


def _gigabytes(size: int) -> str:
    return f"{size / capacities.GB:.6f}".rstrip("0").rstrip(".").replace(".", ",")
