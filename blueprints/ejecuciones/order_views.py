"""Orders on one run: stop it, try it again, go on with novedades, end its request. Each that needs a reason has a page of its
own, so that what is being typed does not vanish when the table beside it refreshes itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.ejecuciones import bp, page
from blueprints.shape import clean
from extensions import db
from models import Solicitud
from rules import texts
from rules.glossary import RECHAZO
from rules.lifecycle import Estado
from rules.policy import Permission
from services import acting, complements, decisions, desk, runs, scope
from services.errors import Conflict, Refused

MAX_TEXT = acting.MAX_TEXT


@dataclass(frozen=True, slots=True)
class Order:
    """How an order is asked for and reported. estado: from which it may start; ready: what else there must be. motives: a typed
    motivo is chosen too."""

    endpoint: str
    title: str
    explained: str
    button: str
    icon: str
    done: str
    estado: Estado
    label: str = "Motivo"
    danger: bool = False
    motives: bool = False
    ready: Callable[[Solicitud], object] = bool


ORDERS = {
    "detener": Order(
        ".stop", "Detener la ejecución", "El proceso deja de trabajar en esta solicitud y las partes terminadas se conservan. La solicitud queda Detenida: "
        "después podrá reintentarla, y continuará donde quedó, o terminarla.", "Detener la ejecución", "pause", "se detuvo", Estado.EN_EJECUCION,
        danger=True,
    ),
    "complemento": Order(
        ".stop_complement", "Detener el complemento", "El proceso deja de buscar los archivos faltantes. El respaldo entregado no cambia y sigue vigente; el "
        "complemento se puede ordenar otra vez.", "Detener el complemento", "pause", "sigue con su respaldo: el complemento se detuvo", Estado.ATENDIDA, danger=True,
        ready=complements.live,
    ),
    "continuar": Order(
        ".keep_going", "Continuar con novedades", "La ejecución sigue aunque haya muchos archivos que no se pueden leer: cada uno constará en la lista de "
        "novedades que recibe el ciudadano. Las partes terminadas se conservan.", "Continuar con novedades", "play",
        "continuará con novedades en cuanto haya un proceso libre", Estado.DETENIDA,
    ),
    "terminar": Order(
        ".end", "Terminar la solicitud", "La solicitud pasa a Eliminada con el motivo que elija y no se genera ningún respaldo. La institución recibe un "
        "aviso; los archivos ya producidos se eliminan. No se puede deshacer.", "Terminar la solicitud", "trash", "terminó: está Eliminada",
        Estado.DETENIDA, label="Detalle para el AIQ", danger=True, motives=True,
    ),
}


@bp.route("/produccion/<int:solicitud_id>/detener", methods=["GET", "POST"], endpoint="stop")
@requires(Permission.SOLICITUD_RUN, load=scope.solicitud)
def stop(solicitud: Solicitud) -> Response:
    return _ordered(solicitud, "detener", lambda: runs.stop(actor(), solicitud, _reason()))


@bp.route("/produccion/<int:solicitud_id>/complemento/detener", methods=["GET", "POST"], endpoint="stop_complement")
@requires(Permission.SOLICITUD_RUN, load=scope.solicitud)
def stop_complement(solicitud: Solicitud) -> Response:
    return _ordered(solicitud, "complemento", lambda: complements.stop(actor(), solicitud, _reason()))


@bp.route("/produccion/<int:solicitud_id>/continuar", methods=["GET", "POST"], endpoint="keep_going")
@requires(Permission.SOLICITUD_RUN, load=scope.solicitud)
def keep_going(solicitud: Solicitud) -> Response:
    return _ordered(solicitud, "continuar", lambda: runs.retry(actor(), solicitud, keep_going=True, reason=_reason()))


@bp.route("/produccion/<int:solicitud_id>/terminar", methods=["GET", "POST"], endpoint="end")
@requires(Permission.SOLICITUD_DECIDE, load=scope.solicitud)
def end(solicitud: Solicitud) -> Response:
    return _ordered(solicitud, "terminar", lambda: decisions.reject(actor(), solicitud, clean(request.form.get("tipo"))[:40], _reason()))


@bp.post("/produccion/<int:solicitud_id>/reintentar")
@requires(Permission.SOLICITUD_RUN, load=scope.solicitud)
def retry(solicitud: Solicitud) -> Response:
    return _carry_out(solicitud, Estado.DETENIDA, lambda: runs.retry(actor(), solicitud), "se ejecutará nuevamente en cuanto haya un proceso libre")


def _ordered(solicitud: Solicitud, name: str, do: Callable[[], object]) -> Response:
    """GET: the form, while the order makes sense. POST: the order."""
    order = ORDERS[name]
    if request.method != "POST":
        if solicitud.estado is not order.estado or not order.ready(solicitud):
            return page.render(409, _late(solicitud))
        return _form(solicitud, name)
    try:
        return _carry_out(solicitud, order.estado, do, order.done)
    except Refused as refused:
        db.session.rollback()
        return _form(solicitud, name, _named(refused.fields, order), 422)


def _carry_out(solicitud: Solicitud, expected: Estado, do: Callable[[], object], said: str) -> Response:
    """Raises Refused. An order that comes too late, or twice, changes nothing and says who did what meanwhile."""
    try:
        if solicitud.estado is not expected:
            raise Conflict("")
        do()
    except Conflict:
        db.session.rollback()
        return page.render(409, _late(solicitud))
    number = solicitud.id
    db.session.commit()
    htmx.notify(f"La solicitud Nº {texts.number6(number)} {said}.")
    return htmx.redirect_303(url_for(".floor"))


def _late(solicitud: Solicitud) -> str:
    return f"La orden sobre la solicitud Nº {texts.number6(solicitud.id)} ya no procede. {desk.decided(solicitud)}"


def _form(solicitud: Solicitud, name: str, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    motives = [("", "Elija el motivo"), *((key, chosen.label) for key, chosen in RECHAZO.items())]
    return htmx.render(
        "ejecuciones/orden.html", None, status, s=solicitud, orden=ORDERS[name], url=url_for(ORDERS[name].endpoint, solicitud_id=solicitud.id),
        errores=wrong or {}, tecleado=request.form, motivos=motives,
    )


def _named(wrong: dict[str, str], order: Order) -> dict[str, str]:
    """Messages by the fields of this form: what the service calls "motivo" is a choice here when there are motives."""
    names = {"motivo": "tipo", "detalle": "motivo"} if order.motives else {}
    return {names.get(name, name): message for name, message in wrong.items()}


def _reason() -> str:
    """What was typed. Raises Refused when it is longer than the Recorrido keeps."""
    text = clean(request.form.get("motivo")).replace("\r\n", "\n")
    if len(text) > MAX_TEXT:
        raise Refused({"detalle" if "tipo" in request.form else "motivo": f"El texto no puede superar los {texts.miles(MAX_TEXT)} caracteres; tiene {texts.miles(len(text))}."})
    return text
