"""One request: *Información*, *Recorrido*, the progress of its run, and what may be done with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.shape import day, number
from blueprints.solicitudes import bp
from blueprints.solicitudes.list_forms import reason
from extensions import db
from models import Solicitud
from rules import texts
from rules.deadlines import local_day
from rules.glossary import CLASE, ESTADO_BADGE, MOTIVO, RECHAZO
from rules.lifecycle import Estado
from rules.policy import Permission
from services import complements, decisions, progress, purge, runs, scope, solicitudes, trail
from services import detail as details
from services.errors import Conflict, Refused

LAST_MOVES = 4


@dataclass(frozen=True, slots=True)
class Words:
    """How an action is offered and confirmed. fields: the controls of its form, in templates/solicitudes/detalle_acciones.html."""

    endpoint: str
    label: str
    explained: str
    button: str
    icon: str
    danger: bool = False
    fields: tuple[str, ...] = ()


ACTIONS: dict[str, Words] = {
    "cancel": Words("cancel", "Cancelar la solicitud", "La solicitud se retira de la SGE y queda Eliminada. Podrá registrar otra cuando la necesite.",
                    "Sí, cancelar la solicitud", "x", True),
    "renew": Words("renew", "Volver a generar", "Se enviará a la SGE una nueva solicitud para la misma persona, con las mismas fechas y el mismo "
                   "documento, enlazada con esta.", "Volver a generar", "refresh"),
    "run": Words("run_now", "Ejecutar ahora", "La ejecución comenzará en cuanto haya un proceso libre, sin esperar la fecha calendarizada.",
                 "Ejecutar ahora", "play"),
    "reschedule": Words("reschedule", "Cambiar la fecha de ejecución", "La solicitud se calendariza para otro día laborable y la institución recibe un aviso.",
                        "Cambiar la fecha", "calendar", False, ("fecha", "comentario")),
    "stop": Words("stop", "Detener la ejecución", "El proceso se detiene y las partes terminadas se conservan. Podrá reintentarse.",
                  "Detener la ejecución", "pause", True, ("motivo",)),
    "retry": Words("retry", "Reintentar la ejecución", "La ejecución continúa con el mismo plan; las partes terminadas se conservan.",
                   "Reintentar la ejecución", "refresh", False, ("continuar", "motivo_opcional")),
    "retry_missing": Words("retry_missing", "Reintentar faltantes", "Se buscarán nuevamente en Quipux los archivos que no se pudieron leer. Con los "
                           "que se recuperen se preparará un complemento aparte; las partes ya entregadas no cambian. La vigencia se contará otra vez "
                           "desde que el complemento esté listo, y la institución recibirá un aviso.", "Reintentar faltantes", "refresh"),
    "extend": Words("extend", "Ampliar la vigencia", "La vigencia se amplía una sola vez, dos días calendario. La institución recibirá un aviso.",
                    "Ampliar la vigencia", "clock", False, ("motivo",)),
    "reject": Words("reject", "Eliminar la solicitud", "La solicitud termina con el motivo que elija; si ya se generó, su descarga se bloquea de "
                    "inmediato. La institución recibirá un aviso.", "Eliminar la solicitud", "trash", True, ("motivo_tipo", "detalle")),
    "confirm_purge": Words("confirm_purge", "Confirmar la eliminación de los archivos", "Los archivos del respaldo se eliminan ahora, sin esperar "
                           "72 horas. No se podrán recuperar.", "Eliminar los archivos", "trash", True),
}


@bp.get("/solicitudes/<int:solicitud_id>")
@requires(Permission.SOLICITUD_SEE, load=scope.solicitud)
def show(solicitud: Solicitud) -> Response:
    return _information(solicitud)


@bp.get("/solicitudes/<int:solicitud_id>/recorrido", endpoint="trail")
@requires(Permission.SOLICITUD_SEE, load=scope.solicitud)
def show_trail(solicitud: Solicitud) -> Response:
    d = details.detail(actor(), solicitud)
    steps = trail.past(solicitud, d.estado, number(request.args.get("hasta")))
    going = progress.of(solicitud, d.estado, d.now)
    coming = trail.future(solicitud, d.estado, ready_about=going.ready_about, downloaded=trail.downloaded(solicitud)) if steps.newest else []

    def url(hasta: int | None = None) -> str:
        return url_for(".trail", solicitud_id=solicitud.id, hasta=hasta)

    return htmx.render(
        "solicitudes/recorrido.html", pasos=steps, futuros=coming, avance=going, url=url, por_pagina=trail.SHOWN, plazos=trail.plazos(solicitud, d.estado, local_day(d.now)),
        **_context(d, "recorrido"),
    )


@bp.get("/solicitudes/<int:solicitud_id>/progreso", endpoint="progress")
@requires(Permission.SOLICITUD_SEE, load=scope.solicitud)
def show_progress(solicitud: Solicitud) -> Response:
    """The fragment the page asks for while the run goes on; whoever opens the address itself gets the page."""
    if not htmx.is_fragment():
        return htmx.redirect_303(url_for(".trail", solicitud_id=solicitud.id))
    d = details.detail(actor(), solicitud)
    return htmx.render("solicitudes/_progreso.html", avance=progress.of(solicitud, d.estado, d.now), oob=True, **_context(d, "recorrido"))


@bp.post("/solicitudes/<int:solicitud_id>/cancelar")
@requires(Permission.SOLICITUD_CANCEL, load=scope.solicitud)
def cancel(solicitud: Solicitud) -> Response:
    return _act(solicitud, "cancel", lambda: solicitudes.cancel(actor(), solicitud), "La solicitud Nº {} se canceló.")


@bp.post("/solicitudes/<int:solicitud_id>/renovar")
@requires(Permission.SOLICITUD_RENEW, load=scope.solicitud)
def renew(solicitud: Solicitud) -> Response:
    heard = solicitudes.hear_again(solicitud)
    return _act(solicitud, "renew", lambda: solicitudes.renew(actor(), solicitud, heard=heard), "Se envió a la SGE la solicitud Nº {}, que vuelve a generar el respaldo.")


@bp.post("/solicitudes/<int:solicitud_id>/ejecutar")
@requires(Permission.SOLICITUD_RUN, load=scope.solicitud)
def run_now(solicitud: Solicitud) -> Response:
    def order() -> None:
        decisions.run_now(actor(), solicitud, version=_version())
        runs.nudge()

    return _act(solicitud, "run", order, "La solicitud Nº {} se ejecutará en cuanto haya un proceso libre.")


@bp.post("/solicitudes/<int:solicitud_id>/calendarizar")
@requires(Permission.SOLICITUD_DECIDE, load=scope.solicitud)
def reschedule(solicitud: Solicitud) -> Response:
    def order() -> None:
        decisions.reschedule(actor(), solicitud, day(request.form.get("fecha")), comment=reason(request.form, "comentario"), version=_version())

    return _act(solicitud, "reschedule", order, "La solicitud Nº {} cambió de fecha.")


@bp.post("/solicitudes/<int:solicitud_id>/detener")
@requires(Permission.SOLICITUD_RUN, load=scope.solicitud)
def stop(solicitud: Solicitud) -> Response:
    return _act(solicitud, "stop", lambda: runs.stop(actor(), solicitud, reason(request.form, "motivo")), "La ejecución de la solicitud Nº {} se detuvo.")


@bp.post("/solicitudes/<int:solicitud_id>/reintentar-faltantes")
@requires(Permission.SOLICITUD_RUN, load=scope.solicitud)
def retry_missing(solicitud: Solicitud) -> Response:
    return _act(solicitud, "retry_missing", lambda: complements.order(actor(), solicitud), "Se buscan nuevamente los archivos que faltan en la solicitud Nº {}.")


@bp.post("/solicitudes/<int:solicitud_id>/reintentar")
@requires(Permission.SOLICITUD_RUN, load=scope.solicitud)
def retry(solicitud: Solicitud) -> Response:
    def order() -> None:
        runs.retry(actor(), solicitud, keep_going=request.form.get("continuar") == "1", reason=reason(request.form, "motivo"))

    return _act(solicitud, "retry", order, "La ejecución de la solicitud Nº {} continuará en cuanto haya un proceso libre.")


@bp.post("/solicitudes/<int:solicitud_id>/ampliar")
@requires(Permission.SOLICITUD_RUN, load=scope.solicitud)
def extend(solicitud: Solicitud) -> Response:
    return _act(solicitud, "extend", lambda: decisions.extend(actor(), solicitud, reason(request.form, "motivo")), "La vigencia de la solicitud Nº {} se amplió.")


@bp.post("/solicitudes/<int:solicitud_id>/eliminar-sge")
@requires(Permission.SOLICITUD_DECIDE, load=scope.solicitud)
def reject(solicitud: Solicitud) -> Response:
    def order() -> None:
        decisions.reject(actor(), solicitud, request.form.get("motivo", ""), reason(request.form, "detalle"), version=_version())

    return _act(solicitud, "reject", order, "La solicitud Nº {} se eliminó.")


@bp.post("/solicitudes/<int:solicitud_id>/eliminar-archivos")
@requires(Permission.SOLICITUD_RUN, load=scope.solicitud)
def confirm_purge(solicitud: Solicitud) -> Response:
    return _act(solicitud, "confirm_purge", lambda: purge.confirm(actor(), solicitud), "Los archivos de la solicitud Nº {} se eliminaron.")


def download_url(solicitud: Solicitud) -> str:
    """Address of the page with the parts."""
    return url_for("descargas.download", solicitud_id=solicitud.id)


def _act(solicitud: Solicitud, name: str, do: Callable[[], object], said: str) -> Response:
    """Carry out an action that the page offers; what cannot be done is said in place, and nothing changes."""
    try:
        d = details.detail(actor(), solicitud)
        if not d.actions[name]:
            raise Conflict(f"La solicitud está en estado {ESTADO_BADGE[d.estado].label}: la acción «{ACTIONS[name].label}» ya no está disponible.")
        done = do()
    except Refused as refused:
        db.session.rollback()
        return _refused(solicitud, name, refused.fields)
    except Conflict as conflict:
        db.session.rollback()
        return _information(solicitud, 409, problem=conflict.message)
    # A renewal leads to the new request; everything else stays with this one.
    shown = done if isinstance(done, Solicitud) else solicitud
    db.session.commit()
    htmx.notify(said.format(texts.number6(shown.id)))
    return htmx.redirect_303(url_for(".trail", solicitud_id=shown.id))


def _refused(solicitud: Solicitud, name: str, wrong: dict[str, str]) -> Response:
    """422: the form of the action as a page, with what was typed; an action without fields says it on the request's page."""
    words = ACTIONS[name]
    if not words.fields:
        return _information(solicitud, 422, problem=" ".join(wrong.values()))
    d = details.detail(actor(), solicitud)
    return htmx.render("solicitudes/detalle_accion.html", None, 422, nombre=name, accion=words, tecleado=request.form, errores=wrong, **_context(d, ""))


def _information(solicitud: Solicitud, status: int = 200, problem: str = "") -> Response:
    d = details.detail(actor(), solicitud)
    return htmx.render(
        "solicitudes/informacion.html", None, status, ultimos=trail.latest(solicitud, d.estado, LAST_MOVES), problema=problem,
        **_context(d, "informacion"),
    )


def _context(d: details.Detail, tab: str) -> dict[str, object]:
    s = d.solicitud
    tabs = [("informacion", "Información", url_for(".show", solicitud_id=s.id), "doc"), ("recorrido", "Recorrido", url_for(".trail", solicitud_id=s.id), "history")]
    if d.sees_files and d.estado is not Estado.BORRADOR:
        tabs.append(("descarga", "Descarga", download_url(s), "download"))
    rejections = [("", "Elija el motivo"), *((key, reason.label) for key, reason in RECHAZO.items())]
    return {
        "d": d, "s": s, "tab": tab, "pestanas": tabs, "acciones": {name: words for name, words in ACTIONS.items() if d.actions[name]},
        "motivos": rejections, "badges": ESTADO_BADGE, "clases": CLASE, "descarga_url": download_url(s) if d.sees_files else "",
        "local_day": local_day, "motivo_texto": MOTIVO[s.motivo] if s.motivo else "", "mesa_url": url_for("mesa.panel", solicitud_id=s.id),
    }


def _version() -> int | None:
    """The version the person saw, when the form says it."""
    return number(request.form.get("version"))
