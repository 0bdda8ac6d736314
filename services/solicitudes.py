"""The life of a request up to its run: save, send, cancel, decide, renew. One transaction and one Recorrido row each.

The caller commits. Rules: seed 000, mission.md §1, decisions 2, 5, 8, 10, 27.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select

from extensions import db
from models import Cuenta, Evento, Solicitud, Usuario
from rules import deadlines, texts
from rules.glossary import ACTION, DEVOLUCION, ESTADO_BADGE, RECHAZO
from rules.lifecycle import Action, Clase, Estado, IllegalMove, Motivo
from rules.policy import Actor, Permission, may
from services import clock, complements, estimates, notices, petitions, schedule, scope
from services.adapters import quipux
from services.errors import Conflict, NotFound, Refused
from services.mover import create, move
from services.people import search_text, surname_key
from services.status import live_for
from sources import SourceUnavailable

MAX_TEXT = 2000
REJECTED_KEPT = timedelta(hours=72)
FORM_LIFE = timedelta(hours=24)  # longer than any session
OLDEST = date(1990, 1, 1)
QUIPUX_SILENT = "Quipux no responde en este momento. Sus datos se conservan: intente nuevamente en unos minutos."


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form says. `cuenta_id` None: nobody chosen yet. `documento_codi`: the petition's 20-digit Quipux id."""

    cuenta_id: int | None
    documento_codi: str = ""
    desde: date | None = None
    hasta: date | None = None
    comentario: str = ""


def save(
    actor: Actor, clase: Clase, draft: Draft, *, existing: Solicitud | None = None, version: int | None = None, nonce: str = ""
) -> Solicitud:
    """Keep a draft, new or edited. Only the person is mandatory. `nonce`: the form's own token, see `filed_with`.
    Raises Refused, Conflict (someone else changed it)."""
    return _keep(actor, clase, draft, existing, version, nonce, sending=False)


def save_and_send(
    actor: Actor, clase: Clase, draft: Draft, *, existing: Solicitud | None = None, version: int | None = None, nonce: str = ""
) -> Solicitud:
    """`save` and `send` in one step, with all that is wrong told at once. Raises Refused, Conflict."""
    return send(actor, _keep(actor, clase, draft, existing, version, nonce, sending=True))


def problems(actor: Actor, clase: Clase, draft: Draft, *, existing: Solicitud | None = None, sending: bool = False) -> dict[str, str]:
    """What keeps this form from being saved (or sent): field → message. Writes nothing."""
    return _checked(actor, clase, draft, existing, sending)[2]


def filed_with(actor: Actor, nonce: str) -> Solicitud | None:
    """The request this person already made with this very form (a second click, an answer lost on its way), or None.

    The token stands in the first row of the Recorrido; the person's own row is locked, so that two identical forms sent
    at the same moment come one after the other."""
    db.session.execute(select(Usuario.id).where(Usuario.id == actor.usuario_id).with_for_update())
    rows = db.session.execute(
        select(Evento.solicitud_id, Evento.datos).where(
            Evento.en >= clock.now() - FORM_LIFE, Evento.actor_id == actor.usuario_id, Evento.accion == str(Action.CREATE)
        )
    )
    found = next((solicitud_id for solicitud_id, data in rows if nonce and data.get("formulario") == nonce), None)
    return db.session.get(Solicitud, found) if found else None


def _keep(actor: Actor, clase: Clase, draft: Draft, existing: Solicitud | None, version: int | None, nonce: str, *, sending: bool) -> Solicitud:
    if existing is not None and (existing.estado is not Estado.BORRADOR or version not in {None, existing.version}):
        raise Conflict(what_happened(existing))
    cuenta, petition, wrong = _checked(actor, clase, draft, existing, sending)
    if wrong:
        raise Refused(wrong)
    if existing is None:
        at = clock.now()
        new = Solicitud(
            clase=clase, institucion_id=cuenta.institucion_id, creada_por_id=actor.usuario_id, fecha_solicitud=at,
            editada_en=at, editada_por_id=actor.usuario_id, **_columns(cuenta, petition, draft),
        )
        return create(new, actor, data={"formulario": nonce} if nonce else None)
    changes = _columns(cuenta, petition, draft) | {"institucion_id": cuenta.institucion_id}
    return _move(existing, Action.EDIT, actor, version=version, editada_en=clock.now(), editada_por_id=actor.usuario_id, **changes)


def send(actor: Actor, solicitud: Solicitud, *, version: int | None = None) -> Solicitud:
    """Send a draft to the SGE: everything complete, the account still inactive in Quipux (read live), the petition copied.

    Raises Refused (with the field), Conflict."""
    if problems := missing(solicitud):
        raise Refused(problems)
    try:
        eligible_now(solicitud)
        estimate = estimates.of(solicitud.cuenta, solicitud.desde, solicitud.hasta)
        snapshot = petitions.snapshot(solicitud) if solicitud.documento_codi else {}
    except SourceUnavailable:
        raise Refused(QUIPUX_SILENT) from None
    except NotFound:
        raise Refused({"documento": "El documento ya no consta en la ventanilla de su institución. Seleccione otro."}) from None
    at = clock.now()
    first = solicitud.enviada_en is None
    columns: dict[str, Any] = snapshot | {
        "estimado_documentos": estimate.count.documentos, "estimado_bytes": estimate.bytes, "estimado_reservados": estimate.count.reservados,
        "previsto_documentos": estimate.count.documentos, "previsto_bytes": estimate.bytes,
        "enviada_en": at, "enviada_por_id": actor.usuario_id, "abierta_en": None, "devuelta_por": "", "editada_en": at,
        "editada_por_id": actor.usuario_id,
    }
    if first:
        columns["fecha_solicitud"] = at  # decisions 10: replaced at the first Enviar
    data = {"documento": solicitud.documento_numero} if solicitud.documento_codi else {}
    _move(solicitud, Action.SEND, actor, version=version, data=data, **columns)
    if snapshot:
        petitions.render_later(solicitud)
    if current_app.config["APPROVE_ON_SEND"]:
        _approve_as_system(solicitud)
    return solicitud


def delete(actor: Actor, solicitud: Solicitud, *, version: int | None = None) -> Solicitud:
    """Throw a draft away: hidden when it was never sent, otherwise cancelled and still in the listing.

    Raises Conflict when it is a draft no longer: an old list must not withdraw what a colleague has sent meanwhile."""
    if solicitud.estado is not Estado.BORRADOR:
        raise Conflict(what_happened(solicitud))
    action = Action.DELETE if solicitud.enviada_en is None else Action.CANCEL
    return _move(
        solicitud, action, actor, version=version, oculta=action is Action.DELETE, motivo=Motivo.CANCELADA, eliminada_en=clock.now()
    )


def cancel(actor: Actor, solicitud: Solicitud, comment: str = "") -> Solicitud:
    """Withdraw a request the SGE has not decided yet."""
    comment = _text(comment, "comentario")
    return _move(solicitud, Action.CANCEL, actor, comment=comment, motivo=Motivo.CANCELADA, eliminada_en=clock.now())


def approve(
    actor: Actor, solicitud: Solicitud, day: date | None, *, comment: str = "", include_reserved: bool = False, reserved_reason: str = "",
    version: int | None = None, **told: Any,
) -> Solicitud:
    """Approve and put on the calendar. Including reserved documents needs a reason: `reserved_reason`, or the comment.
    `told`: more data for the row of the Recorrido. Raises Refused, Conflict."""
    problems = day_problems(solicitud, day, comment)
    if include_reserved and not (comment.strip() or reserved_reason.strip()):
        problems["comentario"] = "Escriba el motivo por el que se incluyen los documentos reservados."
    if problems:
        raise Refused(problems)
    said = " ".join(filter(None, (_text(comment, "comentario"), _text(reserved_reason, "reservados_motivo"))))
    try:
        eligible_now(solicitud)
    except SourceUnavailable:
        raise Refused(QUIPUX_SILENT) from None
    _take_place(solicitud, day, comment)
    return _approve(actor, solicitud, day, comment=said, include_reserved=include_reserved, version=version, told=told)


def _approve_as_system(solicitud: Solicitud) -> None:
    """The setting for an institution that hosts the system itself. Reserved documents stay out (decisions 8)."""
    schedule.hold()
    _approve(None, solicitud, schedule.propose(solicitud).day)


def _approve(
    actor: Actor | None, solicitud: Solicitud, day: date, *, comment="", include_reserved=False, version=None, told: dict[str, Any] | None = None
) -> Solicitud:
    late = schedule.out_of_time(solicitud, day)
    data = {"fecha_tentativa": day.isoformat(), "reservados": "incluir" if include_reserved else "excluir", "fuera_de_plazo": late}
    data |= told or {}
    _move(
        solicitud, Action.APPROVE, actor, version=version, comment=comment, data=data, fecha_tentativa=day, fuera_de_plazo=late,
        ejecutar_desde=schedule.opening(day), aprobada_en=clock.now(), aprobada_por_id=actor.usuario_id if actor else None,
        incluir_reservados=include_reserved,
    )
    notices.tell("aprobada", solicitud, occasion=str(solicitud.version))
    return solicitud


def reschedule(actor: Actor, solicitud: Solicitud, day: date | None, *, comment: str = "", version: int | None = None) -> Solicitud:
    """Move an approved request to another day; the AIQ is mailed the new date. Raises Refused, Conflict."""
    _take_place(solicitud, day, comment)
    return _reschedule(actor, solicitud, day, schedule.opening(day), _text(comment, "comentario"), version)


def day_problems(solicitud: Solicitud, day: date | None, comment: str) -> dict[str, str]:
    """Why a run may not be put on this day: field → message."""
    if problem := schedule.day_problem(day, clock.today()):
        return {"fecha": problem}
    if not comment.strip() and schedule.above_capacity(solicitud, day):
        return {"comentario": f"El {texts.long_day(day)} supera la capacidad diaria. Escriba el motivo o elija otra fecha."}
    return {}


def _take_place(solicitud: Solicitud, day: date | None, comment: str) -> None:
    """Hold the calendar until the commit and look again whether the day has room: of two officers one comes second. Raises
    Refused. Only now, after Quipux has answered: who waits for Quipux must not keep the others waiting."""
    schedule.hold()
    if problems := day_problems(solicitud, day, comment):
        raise Refused(problems)


def run_now(actor: Actor, solicitud: Solicitud, *, version: int | None = None) -> Solicitud:
    """An officer orders the run for this moment, on whatever day: nobody is promised anything by it."""
    return _reschedule(actor, solicitud, clock.today(), clock.now(), "Ejecución inmediata", version)


def _reschedule(actor, solicitud, day, start, comment, version) -> Solicitud:
    late = schedule.out_of_time(solicitud, day)
    _move(
        solicitud, Action.RESCHEDULE, actor, version=version, comment=comment,
        data={"fecha_tentativa": day.isoformat(), "fecha_anterior": str(solicitud.fecha_tentativa), "fuera_de_plazo": late},
        fecha_tentativa=day, ejecutar_desde=start, fuera_de_plazo=late,
    )
    notices.tell("calendarizada", solicitud, occasion=str(solicitud.version))
    return solicitud


def give_back(actor: Actor, solicitud: Solicitud, reason: str, text: str, *, version: int | None = None) -> Solicitud:
    """*Devolver para corrección*: the request is a draft again with everything it had."""
    if reason not in DEVOLUCION:
        raise Refused({"motivo": "Elija el motivo de la devolución."})
    text = _text(text, "detalle")
    if DEVOLUCION[reason].needs_text and not text:
        raise Refused({"detalle": "Escriba qué debe corregir el AIQ."})
    comment = f"{DEVOLUCION[reason].label}. {text}".strip()
    _move(solicitud, Action.RETURN, actor, version=version, comment=comment, data={"motivo": reason}, devuelta_por=comment)
    notices.tell("devuelta", solicitud, occasion=str(solicitud.version), comentario=comment)
    return solicitud


def reject(actor: Actor, solicitud: Solicitud, reason: str, text: str, *, version: int | None = None) -> Solicitud:
    """End a request with a typed motivo, before or after generation; downloads stop at once, and the bytes of a generated
    one go when a second officer confirms or after 72 hours (decisions 8)."""
    if reason not in RECHAZO:
        raise Refused({"motivo": "Elija el motivo."})
    text, chosen = _text(text, "detalle"), RECHAZO[reason]
    if chosen.needs_text and not text:
        raise Refused({"detalle": "Explique el motivo al AIQ."})
    comment = f"{chosen.label}. {text}".strip()
    at = clock.now()
    columns: dict[str, Any] = {"motivo": chosen.motivo, "eliminada_en": at}
    if solicitud.ejecuciones:
        columns["purgar_desde"] = at + REJECTED_KEPT
    _move(solicitud, Action.REJECT, actor, version=version, comment=comment, data={"motivo": reason}, **columns)
    complements.abandon(solicitud)
    notices.tell("rechazada", solicitud, comentario=comment)
    return solicitud


def extend(actor: Actor, solicitud: Solicitud, reason: str) -> Solicitud:
    """*Ampliar vigencia*: once, two días calendario, before it ends, with a reason (decisions 8)."""
    if solicitud.ampliada:
        raise Refused("La vigencia de este respaldo ya se amplió una vez.")
    if not reason.strip():
        raise Refused({"motivo": "Escriba el motivo de la ampliación."})
    until = deadlines.extend(solicitud.vigente_hasta)
    _move(solicitud, Action.EXTEND, actor, comment=_text(reason, "motivo"), data={"vigente_hasta": until.isoformat()},
          vigente_hasta=until, ampliada=True)
    notices.tell("ampliada", solicitud)
    return solicitud


def renew(actor: Actor, original: Solicitud) -> Solicitud:
    """*Volver a generar*: a new request, sent, linked to the expired one; same person, dates and document (decisions 8)."""
    _settle_expiry(original)
    if original.motivo is not Motivo.VIGENCIA_TERMINADA:
        raise Refused("Solo se vuelve a generar un respaldo cuya vigencia concluyó.")
    if other := live_for(original.cuenta):
        raise Refused(f"Ya existe la solicitud Nº {texts.number6(other.id)} para este servidor público.")
    draft = Draft(original.cuenta_id, original.documento_codi or "", original.desde, original.hasta, original.comentario)
    at = clock.now()
    copy = Solicitud(
        clase=original.clase, institucion_id=original.institucion_id, creada_por_id=actor.usuario_id, fecha_solicitud=at, editada_en=at,
        editada_por_id=actor.usuario_id, renueva_id=original.id, **person_columns(original.cuenta),
        **{c: getattr(original, c) for c in (*_PETITION, "documento_sha256", "documento_clave", "documento_paginas")},
        desde=draft.desde, hasta=draft.hasta, comentario=draft.comentario,
    )
    create(copy, actor, data={"renueva": original.id})
    move(original, Action.RENEW, actor, data={"solicitud": copy.id})
    return send(actor, copy)


def _settle_expiry(solicitud: Solicitud) -> None:
    """An expired request is Eliminada when it is asked for, even before the sweep."""
    if solicitud.estado is Estado.ATENDIDA and solicitud.vigente_hasta <= clock.now():
        expire(solicitud)


def expire(solicitud: Solicitud) -> Solicitud:
    """The vigencia is over: Eliminada by the System, which tells everybody; the files are to be deleted now."""
    at = clock.now()
    move(solicitud, Action.EXPIRE, None, data={"motivo": str(Motivo.VIGENCIA_TERMINADA)}, motivo=Motivo.VIGENCIA_TERMINADA,
         eliminada_en=solicitud.vigente_hasta, purgar_desde=at)
    complements.abandon(solicitud)
    notices.tell("vencida", solicitud)
    return solicitud


def missing(solicitud: Solicitud) -> dict[str, str]:
    """What a draft lacks to be sent: field → message. Empty when it is ready."""
    return _lacking(solicitud.clase, solicitud.documento_codi, solicitud.desde, solicitud.hasta)


def _lacking(clase: Clase, documento_codi: str | None, desde: date | None, hasta: date | None) -> dict[str, str]:
    lacking = {}
    if clase is Clase.INSTITUCIONAL and not documento_codi:
        lacking["documento"] = "Seleccione el documento de solicitud que entregó el ciudadano."
    if desde is None:
        lacking["desde"] = "Ingrese la Fecha Inicio."
    if hasta is None:
        lacking["hasta"] = "Ingrese la Fecha Fin."
    return lacking


def eligible_now(solicitud: Solicitud) -> None:
    """Read the account live: an institutional request only for an inactive one, of the same institution (decisions 2).
    Raises Refused; sources.SourceUnavailable when Quipux does not answer."""
    account = quipux().account(solicitud.cuenta.quipux_codi)
    if account is None:
        raise Refused({"servidor": "El servidor público ya no consta en Quipux."})
    if account.inst_codi != solicitud.institucion.quipux_codi:
        raise Refused({"servidor": "El servidor público ya no pertenece a esta institución en Quipux."})
    if solicitud.clase is Clase.INSTITUCIONAL and account.activa:
        raise Refused({"servidor": "El servidor público está activo en Quipux: solo se respaldan usuarios inactivos."})


# --- what the form says, checked and turned into columns ---------------------------------------------------------------

_PETITION = ("documento_codi", "documento_numero", "documento_fecha", "documento_asunto", "documento_remitente", "documento_remitente_cedula")


def date_problems(desde: date | None, hasta: date | None) -> dict[str, str]:
    """Fecha Inicio ≤ Fecha Fin ≤ today (mission.md §1.3); each message beside its field."""
    problems, today = {}, clock.today()
    if desde is not None and desde < OLDEST:
        problems["desde"] = f"La Fecha Inicio no puede ser anterior al {texts.day(OLDEST)}."
    elif desde is not None and desde > today:
        problems["desde"] = f"La Fecha Inicio no puede ser posterior al {texts.day(today)}."
    if hasta is not None and hasta < OLDEST:
        problems["hasta"] = f"La Fecha Fin no puede ser anterior al {texts.day(OLDEST)}."
    elif hasta is not None and hasta > today:
        problems["hasta"] = f"La Fecha Fin no puede ser posterior al {texts.day(today)}."
    if not problems and desde is not None and hasta is not None and desde > hasta:
        problems["desde"] = "La Fecha Inicio debe ser menor o igual que la Fecha Fin."
    return problems


def _checked(
    actor: Actor, clase: Clase, draft: Draft, existing: Solicitud | None, sending: bool
) -> tuple[Cuenta | None, dict[str, Any], dict[str, str]]:
    """The account and the petition's columns the form names, and everything that is wrong with it."""
    wrong = _lacking(clase, draft.documento_codi, draft.desde, draft.hasta) if sending else {}
    wrong |= _shape_problems(draft)
    cuenta = _account(actor, clase, draft, wrong)
    return cuenta, _petition(cuenta, clase, draft, existing, wrong), wrong


def _shape_problems(draft: Draft) -> dict[str, str]:
    problems = date_problems(draft.desde, draft.hasta)
    if len(draft.comentario) > MAX_TEXT:
        problems["comentario"] = f"El comentario no puede superar los {texts.miles(MAX_TEXT)} caracteres; tiene {texts.miles(len(draft.comentario))}."
    return problems


def _account(actor: Actor, clase: Clase, draft: Draft, problems: dict[str, str]) -> Cuenta | None:
    """The chosen account, if this actor may choose it; the server decides, whatever the form sent."""
    if draft.cuenta_id is None:
        problems["servidor"] = "Seleccione al servidor público." if clase is Clase.INSTITUCIONAL else "Seleccione su cuenta."
        return None
    cuenta = choosable(actor, clase, draft.cuenta_id)
    if cuenta is None and clase is Clase.PERSONAL:
        problems["servidor"] = "Seleccione una de sus cuentas."
    elif cuenta is None:
        problems["servidor"] = "Seleccione un servidor público inactivo de su institución."
    return cuenta


def choosable(actor: Actor, clase: Clase, cuenta_id: int) -> Cuenta | None:
    """The account, if this actor may name it in a request of this kind."""
    offered = scope.eligible(actor) if clase is Clase.INSTITUCIONAL else scope.own_accounts(actor)
    return db.session.scalar(offered.where(Cuenta.id == cuenta_id)) if 0 < cuenta_id < 2**31 else None


def _petition(cuenta: Cuenta | None, clase: Clase, draft: Draft, existing: Solicitud | None, problems: dict[str, str]) -> dict[str, Any]:
    """Columns of the petition; read from Quipux only when it is another one than the draft already has."""
    empty = {column: None if column in {"documento_codi", "documento_fecha"} else "" for column in _PETITION}
    if clase is Clase.PERSONAL or not draft.documento_codi or cuenta is None:
        return empty
    if existing is not None and existing.documento_codi == draft.documento_codi and existing.institucion_id == cuenta.institucion_id:
        return {column: getattr(existing, column) for column in _PETITION}
    try:
        found = petitions.find(cuenta.institucion, draft.documento_codi)
    except SourceUnavailable:
        problems[""] = QUIPUX_SILENT
        return empty
    except NotFound:
        problems["documento"] = "Seleccione un documento ingresado por ventanilla en su institución."
        return empty
    return petitions.columns(found)


def _columns(cuenta: Cuenta, petition: dict[str, Any], draft: Draft) -> dict[str, Any]:
    return person_columns(cuenta) | petition | {"desde": draft.desde, "hasta": draft.hasta, "comentario": _plain(draft.comentario)}


def person_columns(cuenta: Cuenta) -> dict[str, Any]:
    return {
        "cuenta_id": cuenta.id, "persona_cedula": cuenta.cedula, "persona_nombre": cuenta.nombre, "persona_apellido": cuenta.apellido,
        "persona_puesto": cuenta.puesto, "persona_perfil": cuenta.perfil, "persona_area": cuenta.area,
        "busqueda": search_text(cuenta.nombre, cuenta.apellido, cuenta.cedula),
        "apellido_plegado": surname_key(cuenta.apellido, cuenta.nombre),
    }


def _plain(text: str) -> str:
    """Without the one character that PostgreSQL cannot keep."""
    return text.replace("\x00", "").strip()


def _text(text: str, field: str) -> str:
    text = _plain(text)
    if len(text) > MAX_TEXT:
        raise Refused({field: too_long(text)})
    return text


def too_long(text: str) -> str:
    """What is said of a text above MAX_TEXT."""
    return f"El texto no puede superar los {texts.miles(MAX_TEXT)} caracteres; tiene {texts.miles(len(text))}."


def _move(solicitud: Solicitud, action: Action, actor: Actor | None, **rest: Any) -> Solicitud:
    """Move, turning a lost race into words: who did what, and when."""
    try:
        return move(solicitud, action, actor, **rest)
    except IllegalMove:
        raise Conflict(what_happened(solicitud)) from None


def what_happened(solicitud: Solicitud) -> str:
    last = solicitud.eventos[-1] if solicitud.eventos else None
    if last is None:
        return "La solicitud cambió mientras usted la tenía abierta."
    who = last.actor.nombre_completo if last.actor else "el Sistema"
    if solicitud.editada_en > last.en:
        return f"{solicitud.editada_por.nombre_completo} modificó la solicitud el {texts.moment(solicitud.editada_en)}. Revise los datos actuales."
    return (
        f"La solicitud está en estado {ESTADO_BADGE[solicitud.estado].label}: {who} registró "
        f"«{ACTION[Action(last.accion)].label}» el {texts.moment(last.en)}."
    )


def offered_actions(actor: Actor, solicitud: Solicitud, estado: Estado) -> dict[str, bool]:
    """What the page may offer this actor for this request: rights and estado together."""
    carry, decide = may(actor, Permission.SOLICITUD_EDIT, solicitud), may(actor, Permission.SOLICITUD_DECIDE, solicitud)
    return {
        "edit": carry and estado is Estado.BORRADOR,
        "cancel": carry and estado is Estado.ENVIADA,
        "decide": decide and estado is Estado.ENVIADA,
        "reschedule": decide and estado is Estado.APROBADA,
        "reject": decide and estado in {Estado.ENVIADA, Estado.APROBADA, Estado.DETENIDA, Estado.ATENDIDA},
        "stop": actor.sge and estado is Estado.EN_EJECUCION,
        "retry": actor.sge and estado is Estado.DETENIDA,
        "extend": actor.sge and estado is Estado.ATENDIDA and not solicitud.ampliada,
        "download": may(actor, Permission.SOLICITUD_FILES, solicitud) and estado is Estado.ATENDIDA,
        "renew": may(actor, Permission.SOLICITUD_RENEW, solicitud) and estado is Estado.ELIMINADA
        and (solicitud.motivo is Motivo.VIGENCIA_TERMINADA or solicitud.motivo is None),
        "deliver": may(actor, Permission.SOLICITUD_DELIVER, solicitud) and estado in {Estado.ATENDIDA, Estado.ELIMINADA}
        and solicitud.generada_en is not None,
    }
