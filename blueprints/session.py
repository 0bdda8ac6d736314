"""The person of a request: read from the session, with the rights in force now; and the shell drawn around the pages."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask, Response, current_app, g, request, session, url_for
from flask_login import current_user, logout_user
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload
from werkzeug.local import LocalProxy

import extensions
from blueprints import errors, htmx, late_form
from blueprints.access import can
from blueprints.presentation import Item, Section, Shell
from extensions import db, login
from models import Cargo, Institucion, Nombramiento, Solicitud, Usuario
from rules.glossary import CARGO
from rules.lifecycle import Estado
from rules.policy import Actor, Permission
from services import clock, implantaciones, people, production, scope

SEEN = "visto"
# The cookie is written again only so often: a key stroke a moment later needs no signature, and its answer, which may come late, does not
# put an older cookie over the one of a page opened meanwhile.
SEEN_STEP = timedelta(seconds=15)


class SessionUser:
    """What Flask-Login keeps: the id and the session counter, so that raising the counter ends every session. actor: the rights, of
    who was recognised by the session."""

    is_authenticated = is_active = True
    is_anonymous = False

    def __init__(self, usuario: Usuario, actor: Actor | None = None):
        self.usuario, self.actor = usuario, actor

    def get_id(self) -> str:
        return f"{self.usuario.id}:{self.usuario.sesion}"


def init_app(app: Flask) -> None:
    login.user_loader(_load)
    login.unauthorized_handler(_ask_to_sign_in)
    app.before_request(_identify)
    app.teardown_request(_end_reading)
    app.context_processor(lambda: {"shell": LocalProxy(_drawn_shell), "can": can, "Permission": Permission, "ahora": clock.now()})


def _ask_to_sign_in() -> Response:
    if request.method == "POST" and not htmx.is_fragment() and late_form.worth_keeping():
        return errors.kept_form()
    return htmx.unauthorised(url_for("acceso.sign_in", siguiente=htmx.return_path()))


def _load(token: str) -> SessionUser | None:
    usuario_id, _, sesion = token.partition(":")
    found = people.with_rights(int(usuario_id), clock.now()) if usuario_id.isdigit() else None
    if found is None or str(found[0].sesion) != sesion or not found[0].habilitado:
        return None
    return SessionUser(*found)


def _identify() -> None:
    """Rights are read anew for every request: an office that ended a second ago is gone now (decisions 1). Raises
    RequestEntityTooLarge, as whoever reads the form."""
    g.actor = None
    if request.endpoint == "static":
        return
    # A GET never moves anything: it must not queue for the write lock (extensions._begin).
    g.reading = None
    if request.method in {"GET", "HEAD"}:
        g.reading = extensions.reading()
        g.reading.__enter__()
    elif request.endpoint:
        # A body comes as slowly as its sender likes. The next question begins a transaction, with SQLite's write lock: it would be
        # held for as long, and everybody would wait.
        request.form
    if not current_user.is_authenticated:
        return
    at = clock.now()
    last = session.get(SEEN)
    passed = None if last is None else at - datetime.fromisoformat(last)
    if passed is None or passed > current_app.config["SESSION_IDLE"]:
        logout_user()
        session.clear()
        return
    # Polling is not activity: a page left open must not keep its session for ever.
    if passed >= SEEN_STEP and not htmx.polls():
        session[SEEN] = at.isoformat()
    actor = current_user.actor
    g.actor = actor if actor.may_enter else None


def _end_reading(error) -> None:
    reading = g.pop("reading", None)
    if reading is None:
        return
    try:
        db.session.remove()
    finally:
        reading.__exit__(None, None, None)


def _drawn_shell() -> Shell | None:
    """The shell, asked of the database only by a page that draws it: fragments come without."""
    if "shell" not in g:
        g.shell = _shell()
    return g.shell


def _shell() -> Shell | None:
    actor = g.get("actor")
    if actor is None:
        return None
    office = _office(actor)
    return Shell(
        user_name=actor.nombre,
        role_label=office[0],
        org_name=office[1],
        now=clock.now(),
        home_url=url_for("inicio.home"),
        logout_url=url_for("acceso.sign_out"),
        nav=_nav(actor),
        search_url=url_for("solicitudes.listing") if can(Permission.LIST_INSTITUTION) else None,
        suggest_url=url_for("solicitudes.global_search"),
        menu=_menu(),
        idle=int(current_app.config["SESSION_IDLE"].total_seconds()),
        keep_url=url_for("acceso.keep"),
        paused=production.paused() if can(Permission.PRODUCTION) else None,
    )


def _office(actor) -> tuple[str, str]:
    """Label of the person's office and name of the institution, for the header."""
    if actor.sge:
        return CARGO[Cargo.SGE_ADMIN if actor.sge_admin else Cargo.SGE_OPERADOR] + " · SGE", "Subsecretaría de Gobierno Electrónico"
    if actor.aiq_of:
        row = db.session.scalar(
            select(Nombramiento)
            .options(joinedload(Nombramiento.institucion))
            .where(Nombramiento.usuario_id == actor.usuario_id, Nombramiento.institucion_id.in_(actor.aiq_of), people.in_force(clock.now()))
            .limit(1)
        )
        return f"{CARGO[row.cargo]} · {row.institucion.sigla}", row.institucion.nombre
    if actor.designated and not actor.active_accounts:
        own = implantaciones.own(actor)
        return "AIQ designado", own.nombre if own else ""
    place = db.session.scalar(scope.own_accounts(actor).order_by(None).limit(1))
    return "Servidor público", db.session.get(Institucion, place.institucion_id).nombre if place else ""


def _nav(actor) -> list[Section]:
    """Menu of the seed, with its exact names: "Respaldo de Documentos" in two blocks."""
    first = [Item("Inicio", url_for("inicio.home"), "inicio")]
    if can(Permission.BOARD):
        first.append(Item("Tablero", url_for("tablero.board"), "tablero"))
    sections = [Section(None, first)]
    if actor.active_accounts:
        sections.append(
            Section(
                "Solicitudes personales",
                [
                    Item("1. Solicitar respaldos", url_for("solicitudes.new_personal"), "p-nueva"),
                    Item("2. Mis solicitudes", url_for("solicitudes.mine"), "p-mis"),
                ],
            )
        )
    if actor.aiq_of:
        sections.append(
            Section(
                "Solicitudes de la Institución",
                [
                    Item("1. Solicitar respaldos", url_for("solicitudes.new"), "nueva"),
                    Item("2. Solicitudes por enviar", url_for("solicitudes.drafts"), "por-enviar", _drafts(actor)),
                    Item("3. Listado de solicitudes", url_for("solicitudes.listing"), "listado"),
                ],
            )
        )
    if actor.sge:
        sections.append(
            Section(
                "Respaldos",
                [
                    Item("Mesa de aprobación", url_for("mesa.desk"), "mesa", _waiting(actor)),
                    Item("Producción", url_for("ejecuciones.floor"), "produccion"),
                    Item("Calendario", url_for("calendario.month"), "calendario"),
                    Item("Listado de solicitudes", url_for("solicitudes.listing"), "listado"),
                    Item("Registrar solicitud", url_for("solicitudes.new"), "nueva"),
                    Item("Solicitudes por enviar", url_for("solicitudes.drafts"), "por-enviar", _drafts(actor)),
                ],
            )
        )
    if actor.aiq_of:
        sections.append(
            Section(
                "Administración",
                [
                    Item("Usuarios internos", url_for("usuarios.listing"), "usuarios"),
                    Item("Cambio de AIQ", url_for("cambios.index"), "cambios"),
                    Item("Responsabilidades del AIQ", url_for("asuntos.responsibilities"), "responsabilidades"),
                ],
            )
        )
    if actor.designated_implantations:
        sections.append(Section("Implantación", [Item("Mi implantación", url_for("instituciones.mine"), "mi-implantacion")]))
    if actor.designated_changes and not actor.aiq_of:
        sections.append(Section("Designación", [Item("Mi proceso", url_for("cambios.mine"), "mi-cambio")]))
    if actor.sge:
        sections.append(
            Section(
                "Administración de AIQ",
                [
                    Item("Instituciones", url_for("instituciones.listing"), "instituciones"),
                    Item("Cambios de AIQ", url_for("cambios.index"), "cambios"),
                    Item("Registro de AIQ", url_for("cambios.register_page"), "registro-aiq"),
                    Item("Usuarios internos", url_for("usuarios.listing"), "usuarios"),
                    Item("Plantilla de seguimiento", url_for("instituciones.checklist", tipo="ambiente"), "plantilla"),
                    Item("Avisos", url_for("asuntos.notices"), "avisos"),
                    Item("Escalamientos", url_for("asuntos.escalations"), "escalamientos"),
                ],
            )
        )
    if actor.aiq_of or actor.active_accounts:
        sections.append(Section("Mi institución", [Item("Procedimientos internos", url_for("asuntos.procedures"), "procedimientos")]))
    return sections


def _menu() -> list[Item]:
    items = [Item("Cambiar contraseña", url_for("acceso.change_password"), icon="key")]
    if current_app.config["DEMO"]:
        items.append(Item("Correos (demostración)", url_for("correos.outbox"), icon="mail"))
    return items


def _drafts(actor) -> int:
    query = scope.drafts(actor).with_only_columns(func.count()).order_by(None)
    return db.session.scalar(query) or 0


def _waiting(actor) -> int:
    query = scope.solicitudes(actor).where(Solicitud.estado == Estado.ENVIADA).with_only_columns(func.count())
    return db.session.scalar(query) or 0
