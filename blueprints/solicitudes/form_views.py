"""*Solicitar respaldos*: the institutional and the personal form, new or of a draft, with its fragments."""

from __future__ import annotations

from contextlib import nullcontext

from flask import Response, request, url_for

from blueprints import htmx
from blueprints.access import actor, requires
from blueprints.solicitudes import bp
from blueprints.solicitudes.estimate_panel import Depth, panel
from blueprints.solicitudes.form_context import FormState
from blueprints.solicitudes.forms import STALE, SolicitudForm, whole_number
from extensions import db
from models import Solicitud
from rules import texts
from rules.lifecycle import Clase, Estado
from rules.policy import Permission, may
from services import clock, scope, solicitudes
from services.asking import unlocked
from services.errors import Conflict, NotFound, Refused

SAVE, SEND = "guardar", "enviar"
PAGE = {Clase.INSTITUCIONAL: "solicitudes/nueva.html", Clase.PERSONAL: "solicitudes/personal.html"}


@bp.route("/solicitudes/nueva", methods=["GET", "POST"])
@requires(Permission.REQUEST_INSTITUTIONAL)
def new():
    return _form(Clase.INSTITUCIONAL)


@bp.route("/personales/nueva", methods=["GET", "POST"])
@requires(Permission.REQUEST_PERSONAL)
def new_personal():
    return _form(Clase.PERSONAL)


@bp.route("/solicitudes/<int:solicitud_id>/editar", methods=["GET", "POST"])
@requires(Permission.SOLICITUD_EDIT, load=scope.solicitud)
def edit(solicitud: Solicitud):
    if request.method != "POST" and solicitud.estado is not Estado.BORRADOR:
        htmx.notify(f"La solicitud Nº {texts.number6(solicitud.id)} ya no está por enviar.", "info")
        return htmx.redirect_303(url_for(".show", solicitud_id=solicitud.id))
    return _form(solicitud.clase, solicitud)


@bp.get("/solicitudes/servidores")
@requires(Permission.REQUEST_INSTITUTIONAL)
def servidores():
    """Options of the first search; without htmx the whole form, with the options as radio buttons."""
    return _answer(_piece(Clase.INSTITUCIONAL), "solicitudes/_paso_servidor_opciones.html")


@bp.get("/solicitudes/documentos")
@requires(Permission.REQUEST_INSTITUTIONAL)
def documentos():
    return _answer(_piece(Clase.INSTITUCIONAL), "solicitudes/_paso_documento_opciones.html")


@bp.post("/solicitudes/borrador/servidor")
@requires(Permission.REQUEST_INSTITUTIONAL)
def choose_servidor():
    """Choose a person, or (accion=cambiar-servidor) go back to the search. Nothing is saved: the form carries the choice."""
    return _choose("servidor", "cuenta_id")


@bp.post("/solicitudes/borrador/documento")
@requires(Permission.REQUEST_INSTITUTIONAL)
def choose_documento():
    return _choose("documento", "documento_codi")


@bp.get("/solicitudes/estimacion")
@requires(Permission.ENTER)
def estimate():
    """The panel alone: first the exact count, which then asks for the rest (`detalle=completa`)."""
    clase = Clase.PERSONAL if request.args.get("clase") == Clase.PERSONAL else Clase.INSTITUCIONAL
    depth = Depth.WHOLE if request.args.get("detalle") == Depth.WHOLE else Depth.COUNT
    return _answer(_piece(clase), "solicitudes/_estimacion.html", depth=depth)


def _state(clase: Clase, existing: Solicitud | None = None) -> FormState:
    """The form as this request says it."""
    return FormState(actor(), clase, SolicitudForm(request.form if request.method == "POST" else request.args), existing)


def _piece(clase: Clase) -> FormState:
    """The form around a fragment. It may be that of a draft (`borrador`), if this person may edit that one."""
    try:
        draft = scope.solicitud(actor(), whole_number(request.values.get("borrador")) or 0)
    except NotFound:
        draft = None
    return _state(clase, draft if draft and draft.clase is clase and may(actor(), Permission.SOLICITUD_EDIT, draft) else None)


def _form(clase: Clase, existing: Solicitud | None = None) -> Response:
    if request.method != "POST":
        form = SolicitudForm.of(existing) if existing else SolicitudForm(None)
        return _answer(FormState(actor(), clase, form, existing))
    state = _state(clase, existing)
    accion = request.form.get("accion", "")
    if accion in {SAVE, SEND}:
        return _submit(state, accion)
    _leave(state.form, accion)
    # Whoever gets here has no JavaScript (or pressed Enter): the figures are worked out at once.
    return _answer(state, depth=Depth.WHOLE)


def _leave(form: SolicitudForm, accion: str) -> None:
    """*Cambiar*: what was chosen is chosen no more."""
    if accion == "cambiar-servidor":
        form.cuenta_id.data = form.servidor_q.data = ""
    elif accion == "cambiar-documento":
        form.documento_codi.data = form.documento_q.data = ""


def _choose(step: str, field: str) -> Response:
    with unlocked():
        return _chosen(step, field)


def _chosen(step: str, field: str) -> Response:
    state = _piece(Clase.INSTITUCIONAL)
    accion = request.form.get("accion", "")
    _leave(state.form, accion)
    chosen = state.cuenta if step == "servidor" else state.documento
    if state.form[field].data and chosen is None:
        # Not among those this person may choose: an old list, or a made-up number.
        state.wrong = {k: v for k, v in solicitudes.problems(actor(), state.clase, state.form.draft).items() if k == step}
    return _answer(state, f"solicitudes/_paso_{step}_elegido.html", status=422 if state.wrong else 200)


def _submit(state: FormState, accion: str) -> Response:
    """Save, or save and send. A form sent twice makes one request (`nonce`); a draft that changed meanwhile is a conflict."""
    form, existing, version = state.form, state.existing, state.form.seen
    sending = accion == SEND
    # Quipux first: whoever waits for it must not hold our database meanwhile.
    heard = solicitudes.hear(actor(), state.clase, form.draft, existing=existing, sending=sending)
    if existing is None and (twin := solicitudes.filed_with(actor(), form.key)):
        if twin.estado is not Estado.BORRADOR:
            htmx.notify(f"La solicitud Nº {texts.number6(twin.id)} ya se había enviado.", "info")
            return htmx.redirect_303(url_for(".show", solicitud_id=twin.id))
        existing, version = twin, twin.version if twin.editada_por_id == actor().usuario_id else STALE
    shape = form.shape_problems()
    try:
        if shape:
            raise Refused(solicitudes.problems(actor(), state.clase, form.draft, existing=existing, sending=sending, heard=heard) | shape)
        do = solicitudes.save_and_send if sending else solicitudes.save
        solicitud = do(actor(), state.clase, form.draft, existing=existing, version=version, nonce=form.key, heard=heard)
    except Refused as refused:
        db.session.rollback()
        state.wrong = refused.fields
        return _answer(state, status=422)
    except Conflict as conflict:
        db.session.rollback()
        return _answer(state, status=409, conflict=conflict.message)
    db.session.commit()
    return _done(solicitud)


def _done(solicitud: Solicitud) -> Response:
    number = texts.number6(solicitud.id)
    if solicitud.estado is Estado.BORRADOR:
        htmx.notify(f"La solicitud Nº {number} se guardó y está por enviar.")
        return htmx.redirect_303(url_for(".mine" if solicitud.clase is Clase.PERSONAL else ".drafts"))
    approved = f" Quedó aprobada para el {texts.day(solicitud.fecha_tentativa)}." if solicitud.estado is Estado.APROBADA else ""
    htmx.notify(f"La solicitud Nº {number} se envió a la SGE.{approved}")
    return htmx.redirect_303(url_for(".show", solicitud_id=solicitud.id))


def _answer(state: FormState, fragment: str | None = None, *, status: int = 200, depth: Depth = Depth.LATER, conflict: str = "") -> Response:
    """The page or a piece of it. It may ask Quipux, also in answer to a POST: outside of what locks our database."""
    with unlocked() if request.method == "POST" else nullcontext():
        without = state.existing.id if state.existing else None
        return htmx.render(
            PAGE[state.clase], fragment, status, s=state, form=state.form, conflicto=conflict, panel=panel(state, depth, without),
            hoy=clock.today().isoformat(),
        )
