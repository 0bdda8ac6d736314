"""A request while it is the institution's: save, send, withdraw, renew. One transaction and one Recorrido row each.

The caller commits. Rules: seed 000, mission.md §1, decisions 2, 5, 8, 10, 27. What the SGE decides: services.decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select

from extensions import db
from models import Cuenta, Evento, Solicitud, Usuario
from rules import texts
from rules.lifecycle import Action, Clase, Estado, Motivo
from rules.policy import Actor
from rules.typed import clean
from services import acting, clock, decisions, petitions, schedule, scope
from services.asking import Heard, beforehand
from services.errors import Conflict, NotFound, Refused
from services.mover import create, move
from services.people import search_text, surname_key
from services.status import live_for
from sources import SourceUnavailable

FORM_LIFE = timedelta(hours=24)  # longer than any session
OLDEST = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form says. `cuenta_id` None: nobody chosen yet. `documento_codi`: the petition's 20-digit Quipux id."""

    cuenta_id: int | None
    documento_codi: str = ""
    desde: date | None = None
    hasta: date | None = None
    comentario: str = ""


def save(
    actor: Actor, clase: Clase, draft: Draft, *, existing: Solicitud | None = None, version: int | None = None, nonce: str = "",
    heard: Heard | None = None,
) -> Solicitud:
    """Keep a draft, new or edited. Only the person is mandatory. `nonce`: the form's own token, see `filed_with`. `heard`: see
    `hear`. Raises Refused, Conflict (someone else changed it)."""
    return _keep(actor, clase, draft, existing, version, nonce, heard or Heard(), sending=False)


def save_and_send(
    actor: Actor, clase: Clase, draft: Draft, *, existing: Solicitud | None = None, version: int | None = None, nonce: str = "",
    heard: Heard | None = None,
) -> Solicitud:
    """`save` and `send` in one step, with all that is wrong told at once. Raises Refused, Conflict."""
    heard = heard or Heard()
    return send(actor, _keep(actor, clase, draft, existing, version, nonce, heard, sending=True), heard=heard)


def problems(
    actor: Actor, clase: Clase, draft: Draft, *, existing: Solicitud | None = None, sending: bool = False, heard: Heard | None = None
) -> dict[str, str]:
    """What keeps this form from being saved (or sent): field → message. Writes nothing."""
    return _checked(actor, clase, draft, existing, heard or Heard(), sending)[2]


def hear(actor: Actor, clase: Clase, draft: Draft, *, existing: Solicitud | None = None, sending: bool = False) -> Heard:
    """What saving (or sending) this form will want to know of Quipux, asked before anything is written (services.asking)."""

    def questions(heard: Heard) -> Iterator[Callable[[], Any]]:
        cuenta = choosable(actor, clase, draft.cuenta_id) if draft.cuenta_id is not None else None
        if cuenta is None:
            return iter(())
        documento = draft.documento_codi if clase is Clase.INSTITUCIONAL else ""
        complete = sending and not (_lacking(clase, draft.documento_codi, draft.desde, draft.hasta) | _shape_problems(draft))
        kept = existing is not None and existing.documento_codi == documento and existing.institucion_id == cuenta.institucion_id
        return _questions(heard, clase, cuenta, documento, draft.desde, draft.hasta, kept=kept, sending=complete)

    return beforehand(questions)


def hear_again(solicitud: Solicitud) -> Heard:
    """The same for a request as it is kept: to send a draft, or to renew one."""

    def questions(heard: Heard) -> Iterator[Callable[[], Any]]:
        documento, complete = solicitud.documento_codi or "", not missing(solicitud)
        return _questions(heard, solicitud.clase, solicitud.cuenta, documento, solicitud.desde, solicitud.hasta, kept=True, sending=complete)

    return beforehand(questions)


def _questions(
    heard: Heard, clase: Clase, cuenta: Cuenta, documento: str, desde: date | None, hasta: date | None, *, kept: bool, sending: bool
) -> Iterator[Callable[[], Any]]:
    """kept: the draft has this petition already. Nothing large is asked for an account that may not be backed up."""
    codi, inst = cuenta.quipux_codi, cuenta.institucion.quipux_codi
    if documento and not kept:
        yield lambda: heard.petition(inst, documento)
    if not sending:
        return
    yield lambda: heard.account(codi)
    if acting.ineligible(heard.account(codi), clase, inst):
        return
    yield lambda: heard.measured(codi, desde, hasta)
    if documento:
        yield lambda: heard.snapshot(inst, documento)


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


def _keep(
    actor: Actor, clase: Clase, draft: Draft, existing: Solicitud | None, version: int | None, nonce: str, heard: Heard, *, sending: bool
) -> Solicitud:
    if existing is not None and (existing.estado is not Estado.BORRADOR or version not in {None, existing.version}):
        raise Conflict(acting.what_happened(existing))
    cuenta, petition, wrong = _checked(actor, clase, draft, existing, heard, sending)
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
    return acting.move_or_tell(existing, Action.EDIT, actor, version=version, editada_en=clock.now(), editada_por_id=actor.usuario_id, **changes)


def send(actor: Actor, solicitud: Solicitud, *, version: int | None = None, heard: Heard | None = None) -> Solicitud:
    """Send a draft to the SGE: everything complete, the account still inactive in Quipux (read live), the petition copied.

    `heard`: Quipux's answers, if it was asked before (`hear_again`). Raises Refused (with the field), Conflict."""
    heard = heard or Heard()
    if problems := missing(solicitud):
        raise Refused(problems)
    try:
        acting.eligible_now(solicitud, heard)
        count, size = heard.measured(solicitud.cuenta.quipux_codi, solicitud.desde, solicitud.hasta)
        snapshot = heard.snapshot(solicitud.institucion.quipux_codi, solicitud.documento_codi) if solicitud.documento_codi else {}
    except SourceUnavailable:
        raise Refused(acting.QUIPUX_SILENT) from None
    except NotFound:
        raise Refused({"documento": "El documento ya no consta en la ventanilla de su institución. Seleccione otro."}) from None
    at = clock.now()
    first = solicitud.enviada_en is None
    columns: dict[str, Any] = snapshot | {
        "estimado_documentos": count.documentos, "estimado_bytes": size.bytes, "estimado_reservados": count.reservados,
        "previsto_documentos": count.documentos, "previsto_bytes": size.bytes,
        "enviada_en": at, "enviada_por_id": actor.usuario_id, "abierta_en": None, "devuelta_por": "", "editada_en": at,
        "editada_por_id": actor.usuario_id,
    }
    if first:
        columns["fecha_solicitud"] = at  # decisions 10: replaced at the first Enviar
    data = {"documento": solicitud.documento_numero} if solicitud.documento_codi else {}
    acting.move_or_tell(solicitud, Action.SEND, actor, version=version, data=data, **columns)
    if snapshot:
        petitions.render_later(solicitud)
    if current_app.config["APPROVE_ON_SEND"]:
        _approve_as_system(solicitud)
    return solicitud


def delete(actor: Actor, solicitud: Solicitud, *, version: int | None = None) -> Solicitud:
    """Throw a draft away: hidden when it was never sent, otherwise cancelled and still in the listing.

    Raises Conflict when it is a draft no longer: an old list must not withdraw what a colleague has sent meanwhile."""
    if solicitud.estado is not Estado.BORRADOR:
        raise Conflict(acting.what_happened(solicitud))
    action = Action.DELETE if solicitud.enviada_en is None else Action.CANCEL
    return acting.move_or_tell(
        solicitud, action, actor, version=version, oculta=action is Action.DELETE, motivo=Motivo.CANCELADA, eliminada_en=clock.now()
    )


def cancel(actor: Actor, solicitud: Solicitud, comment: str = "") -> Solicitud:
    """Withdraw a request the SGE has not decided yet."""
    comment = acting.text_of(comment, "comentario")
    return acting.move_or_tell(solicitud, Action.CANCEL, actor, comment=comment, motivo=Motivo.CANCELADA, eliminada_en=clock.now())


def _approve_as_system(solicitud: Solicitud) -> None:
    """The setting for an institution that hosts the system itself. Reserved documents stay out (decisions 8)."""
    schedule.hold()
    decisions.approve_on(None, solicitud, schedule.propose(solicitud).day)


def renew(actor: Actor, original: Solicitud, *, heard: Heard | None = None) -> Solicitud:
    """*Volver a generar*: a new request, sent, linked to the expired one; same person, dates and document (decisions 8).
    `heard`: as for `send`."""
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
    return send(actor, copy, heard=heard)


def _settle_expiry(solicitud: Solicitud) -> None:
    """An expired request is Eliminada when it is asked for, even before the sweep."""
    if solicitud.estado is Estado.ATENDIDA and solicitud.vigente_hasta <= clock.now():
        decisions.expire(solicitud)


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
    actor: Actor, clase: Clase, draft: Draft, existing: Solicitud | None, heard: Heard, sending: bool
) -> tuple[Cuenta | None, dict[str, Any], dict[str, str]]:
    """The account and the petition's columns the form names, and everything that is wrong with it."""
    wrong = _lacking(clase, draft.documento_codi, draft.desde, draft.hasta) if sending else {}
    wrong |= _shape_problems(draft)
    cuenta = _account(actor, clase, draft, wrong)
    return cuenta, _petition(cuenta, clase, draft, existing, heard, wrong), wrong


def _shape_problems(draft: Draft) -> dict[str, str]:
    problems = date_problems(draft.desde, draft.hasta)
    if len(draft.comentario) > acting.MAX_TEXT:
        problems["comentario"] = f"El comentario no puede superar los {texts.miles(acting.MAX_TEXT)} caracteres; tiene {texts.miles(len(draft.comentario))}."
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


def _petition(
    cuenta: Cuenta | None, clase: Clase, draft: Draft, existing: Solicitud | None, heard: Heard, problems: dict[str, str]
) -> dict[str, Any]:
    """Columns of the petition; read from Quipux only when it is another one than the draft already has."""
    empty = {column: None if column in {"documento_codi", "documento_fecha"} else "" for column in _PETITION}
    if clase is Clase.PERSONAL or not draft.documento_codi or cuenta is None:
        return empty
    if existing is not None and existing.documento_codi == draft.documento_codi and existing.institucion_id == cuenta.institucion_id:
        return {column: getattr(existing, column) for column in _PETITION}
    try:
        found = heard.petition(cuenta.institucion.quipux_codi, draft.documento_codi)
    except SourceUnavailable:
        problems[""] = acting.QUIPUX_SILENT
        return empty
    except NotFound:
        problems["documento"] = "Seleccione un documento ingresado por ventanilla en su institución."
        return empty
    return petitions.columns(found)


def _columns(cuenta: Cuenta, petition: dict[str, Any], draft: Draft) -> dict[str, Any]:
    return person_columns(cuenta) | petition | {"desde": draft.desde, "hasta": draft.hasta, "comentario": clean(draft.comentario)}


def person_columns(cuenta: Cuenta) -> dict[str, Any]:
    return {
        "cuenta_id": cuenta.id, "persona_cedula": cuenta.cedula, "persona_nombre": cuenta.nombre, "persona_apellido": cuenta.apellido,
        "persona_puesto": cuenta.puesto, "persona_perfil": cuenta.perfil, "persona_area": cuenta.area,
        "busqueda": search_text(cuenta.nombre, cuenta.apellido, cuenta.cedula),
        "apellido_plegado": surname_key(cuenta.apellido, cuenta.nombre),
    }
