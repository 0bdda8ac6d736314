"""The Recorrido of one request: what happened, who did it, and what is still to come; and its plazos."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Cuenta, Evento, Nombramiento, Solicitud
from rules import deadlines, texts
from rules.glossary import ACTION, MOTIVO, Badge
from rules.lifecycle import Action, Estado, Motivo
from services import complements, downloads, schedule
from services.people import SGE

SGE_NAME = "Subsecretaría de Gobierno Electrónico"
SYSTEM = "Sistema"
SHOWN = 50
# An officer gave a reason to download: the row opens the files, and says nothing of a download.
SGE_ACCESS = Badge("did", "lock", "Acceso de la SGE a los archivos")


@dataclass(frozen=True, slots=True)
class Step:
    """One knot of the trail. kind: "did", "live" (the run), "next" (still to come) or "stop". at: when it happened;
    when: said instead, for what has not. who: person and place. notes: further lines."""

    kind: str
    icon: str
    title: str
    at: datetime | None = None
    when: str = ""
    who: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """A page of what happened, oldest first. first, last: the numbers of its steps, from 1; total: of all. An Atendida whose vigencia
    is over has one step more, which is not written down yet."""

    steps: list[Step]
    first: int
    last: int
    total: int

    @property
    def newest(self) -> bool:
        return self.last == self.total


def past(solicitud: Solicitud, estado: Estado, until: int | None = None) -> Past:
    """The SHOWN steps that end with number `until`, or the newest. The run that goes on is "live"; the newest page has it in
    any case, first when it began before the others."""
    total = db.session.scalar(select(func.max(Evento.orden)).where(Evento.solicitud_id == solicitud.id)) or 0
    last = min(until or total, total)
    query = _events(solicitud)
    rows = list(db.session.scalars(query.where(Evento.orden <= last, Evento.orden > last - SHOWN).order_by(Evento.orden)))
    running = _running(solicitud, estado)
    first = rows[0].orden if rows else 0
    if running and last == total and running not in {e.id for e in rows}:
        rows = [*db.session.scalars(query.where(Evento.id == running)), *rows]
    steps = _steps(rows, solicitud, running)
    return Past(steps + _ended(solicitud, estado) if last == total else steps, first, last, total)


def latest(solicitud: Solicitud, estado: Estado, count: int) -> list[Step]:
    """The newest steps, newest first."""
    rows = list(db.session.scalars(_events(solicitud).order_by(Evento.orden.desc()).limit(count)))
    return [*_ended(solicitud, estado), *_steps(rows, solicitud, _running(solicitud, estado))][:count]


def _events(solicitud: Solicitud) -> Select[tuple[Evento]]:
    return select(Evento).where(Evento.solicitud_id == solicitud.id).options(joinedload(Evento.actor))


def _ended(solicitud: Solicitud, estado: Estado) -> list[Step]:
    """The vigencia is over and the sweep has not written it down yet: what is read must already be true."""
    if estado is not Estado.ELIMINADA or solicitud.estado is not Estado.ATENDIDA:
        return []
    return [Step("stop", "trash", "Eliminada", solicitud.vigente_hasta, who=SYSTEM, notes=(f"{MOTIVO[Motivo.VIGENCIA_TERMINADA]}.",))]


def _steps(rows: list[Evento], solicitud: Solicitud, running: int | None) -> list[Step]:
    places = _places({e.actor_id for e in rows if e.actor_id}, solicitud)
    accounts = _accounts({e.datos["cuenta"] for e in rows if e.actor is None and "cuenta" in (e.datos or {})})
    return [_step(e, _who(e, places, accounts), live=e.id == running) for e in rows]


def _running(solicitud: Solicitud, estado: Estado) -> int | None:
    """The row of the run that goes on, or of the complement that is being made."""
    if estado is Estado.EN_EJECUCION:
        begun = [Action.START, Action.RESUME]
    elif estado is Estado.ATENDIDA and complements.live(solicitud):
        begun = [Action.RETRY_MISSING]
    else:
        return None
    query = select(Evento.id).where(Evento.solicitud_id == solicitud.id, Evento.accion.in_(map(str, begun)))
    return db.session.scalar(query.order_by(Evento.orden.desc()).limit(1))


def downloaded(solicitud: Solicitud) -> bool:
    """Every part was downloaded once, those of a complement too. An officer's reason is a row of the same action, and no
    download."""
    total = len(downloads.data_parts(solicitud))
    told = db.session.scalars(select(Evento.datos).where(Evento.solicitud_id == solicitud.id, Evento.accion == str(Action.DOWNLOAD)))
    return any(data.get("partes", 0) >= total for data in told) if total else any("partes" in data for data in told)


def future(solicitud: Solicitud, estado: Estado, *, ready_about: str = "", downloaded: bool = False) -> list[Step]:
    """What is still to come, in order. ready_about: when the running archive should be ready, in words."""
    day = texts.day(solicitud.fecha_tentativa) if solicitud.fecha_tentativa else ""
    notice = "Se avisará por correo electrónico cuando esté lista para su descarga."
    send = Step("next", "send", "Enviada", who="Falta enviarla a la SGE.")
    approve = Step("next", "stamp", "Aprobada", who="La SGE revisa la solicitud y fija la fecha tentativa de ejecución (calendarizada).")
    run = Step("next", "loader", "En ejecución", when=f"Prevista: {day}" if estado is Estado.APROBADA else "")
    ready = Step("next", "zip", "Generada", when=ready_about, who=notice)
    download = Step("next", "download", "Descargada", who="Tendrá 4 días calendario para descargarla.")
    end = Step("next", "trash", "Eliminada", who="Al concluir la vigencia de 4 días calendario.")
    if estado is Estado.ATENDIDA:
        until = texts.moment(deadlines.last_moment(solicitud.vigente_hasta))
        left = [] if downloaded else [Step("next", "download", "Descargada", when=f"Hasta el {until}")]
        return [*left, Step("next", "trash", "Eliminada", when=f"Prevista: {until}", who="Los archivos se eliminan al concluir la vigencia.")]
    decision = Step("next", "refresh", "Decisión de la SGE", who="La SGE reintenta la ejecución o elimina la solicitud.")
    before = {
        Estado.BORRADOR: [send, approve, run], Estado.ENVIADA: [approve, run], Estado.APROBADA: [run], Estado.EN_EJECUCION: [],
        Estado.DETENIDA: [decision],
    }
    return [*before[estado], ready, download, end] if estado in before else []


def plazos(solicitud: Solicitud, estado: Estado, today: date) -> list[tuple[str, str]]:
    """How long approval and execution took, or have been taking, in días laborables: pairs for the card."""
    if solicitud.enviada_en is None:
        return []
    calendar = schedule.working_calendar()

    def working(start: date, end: date) -> str:
        days = calendar.working_between(start, end)
        return texts.plural(days, "día laborable", "días laborables") if days else "El mismo día"

    sent = deadlines.local_day(solicitud.enviada_en)
    if solicitud.aprobada_en is None:
        return [("Aprobación", f"En revisión: {working(sent, today).lower()}")] if estado is Estado.ENVIADA else []
    approved = deadlines.local_day(solicitud.aprobada_en)
    lines = [("Aprobación", working(sent, approved))]
    if solicitud.generada_en:
        made = deadlines.local_day(solicitud.generada_en)
        return [*lines, ("Ejecución", working(approved, made)), ("Total", working(sent, made))]
    if estado in {Estado.APROBADA, Estado.EN_EJECUCION, Estado.DETENIDA} and solicitud.fecha_tentativa:
        late = " · fuera de plazo" if solicitud.fuera_de_plazo else ""
        lines.append(("Ejecución", f"Prevista: {texts.day(solicitud.fecha_tentativa)}{late}"))
    return lines


def _step(evento: Evento, who: str, *, live: bool) -> Step:
    badge = ACTION[Action(evento.accion)]
    if badge is ACTION[Action.DOWNLOAD] and "partes" not in evento.datos:
        badge = SGE_ACCESS
    notes = [f"«{evento.comentario}»"] if evento.comentario else []
    notes += _data_notes(Action(evento.accion), evento)
    return Step("live" if live else badge.kind, badge.icon, badge.label, evento.en, who=who, notes=tuple(notes))


def _data_notes(action: Action, evento: Evento) -> list[str]:
    """The data of a move in words. The two dates the seed names, tentativa (calendarizada) and generada, are here."""
    data = evento.datos or {}
    match action:
        case Action.CREATE:
            if "importada_de" in data:
                return [f"Importada de Quipux, donde fue la solicitud Nº {data['importada_de']}."]
            return [f"Renovación de la solicitud Nº {texts.number6(data['renueva'])}."] if "renueva" in data else ["Se guardó como borrador."]
        case Action.SEND:
            return [f"Documento {data['documento']}."] if data.get("documento") else []
        case Action.APPROVE | Action.RESCHEDULE:
            return _calendar_notes(data)
        case Action.RESUME:
            return ["Continúa desde la última parte terminada."]
        case Action.RETRY:
            return ["Continuar con novedades."] if data.get("continuar") else []
        case Action.FINISH:
            return _finish_notes(data, evento.en)
        case Action.RETRY_MISSING:
            return [f"{texts.plural(data['archivos'], 'archivo', 'archivos')} de {texts.plural(data['documentos'], 'documento', 'documentos')} con novedad."]
        case Action.COMPLEMENT:
            return _complement_notes(data)
        case Action.EXTEND:
            return [f"Vigente hasta el {_until(data)}."] if data.get("vigente_hasta") else []
        case Action.EXPIRE:
            return [f"{MOTIVO[Motivo.VIGENCIA_TERMINADA]}."]
        case Action.RENEW:
            return [f"Solicitud Nº {texts.number6(data['solicitud'])}."] if "solicitud" in data else []
        case _:
            return []


def _calendar_notes(data: dict) -> list[str]:
    if not data.get("fecha_tentativa"):
        return []
    day = texts.day(date.fromisoformat(data["fecha_tentativa"]))
    late = " Fuera de plazo." if data.get("fuera_de_plazo") else ""
    notes = [f"Fecha tentativa de ejecución (calendarizada): {day}.{late}"]
    return [*notes, "Incluye documentos reservados."] if data.get("reservados") == "incluir" else notes


def _finish_notes(data: dict, at: datetime) -> list[str]:
    notes = [f"Generada: {texts.moment(at)}."]
    if "partes" in data:
        notes.append(f"{texts.plural(data['partes'], 'parte', 'partes')}, {texts.size(data['bytes'])}.")
        counts = [texts.plural(data["incluidos"], "documento incluido", "documentos incluidos")]
        if data["con_novedad"]:
            counts.append(f"{texts.miles(data['con_novedad'])} con novedad")
        if data["excluidos"]:
            counts.append(f"{texts.plural(data['excluidos'], 'excluido', 'excluidos')} por reserva")
        notes.append(", ".join(counts) + ".")
    return [*notes, f"Vigente hasta el {_until(data)}."] if data.get("vigente_hasta") else notes


def _complement_notes(data: dict) -> list[str]:
    number = data["complemento"].removeprefix("C")
    left = f"{texts.miles(data['con_novedad'])} con novedad todavía" if data["con_novedad"] else "ya no falta ninguno"
    return [
        f"Complemento {number}: {texts.plural(data['partes'], 'parte', 'partes')}, {texts.size(data['bytes'])}.",
        f"{texts.plural(data['recuperados'], 'archivo recuperado', 'archivos recuperados')}; {left}.",
        f"Vigente hasta el {_until(data)}.",
    ]


def _until(data: dict) -> str:
    return texts.moment(deadlines.last_moment(datetime.fromisoformat(data["vigente_hasta"])))


def _places(people: set[int], solicitud: Solicitud) -> dict[int, list[tuple[datetime, datetime | None, str]]]:
    """Where each of these people held an office, and when: the Recorrido names the place of that moment."""
    query = select(Nombramiento).where(Nombramiento.usuario_id.in_(people)).options(joinedload(Nombramiento.institucion))
    places: dict[int, list[tuple[datetime, datetime | None, str]]] = {}
    for office in db.session.scalars(query) if people else ():
        if office.cargo not in SGE and office.institucion_id != solicitud.institucion_id:
            continue
        name = SGE_NAME if office.cargo in SGE else office.institucion.nombre
        places.setdefault(office.usuario_id, []).append((office.desde, office.hasta, name))
    return {usuario: places.get(usuario) or [(solicitud.fecha_solicitud, None, solicitud.institucion.nombre)] for usuario in people}


def _who(evento: Evento, places: dict[int, list[tuple[datetime, datetime | None, str]]], accounts: dict[str, str]) -> str:
    if evento.actor is None:
        codi = (evento.datos or {}).get("cuenta")
        return SYSTEM if codi is None else accounts.get(codi, f"Cuenta {codi} de Quipux")
    there = [name for since, until, name in places[evento.actor_id] if since <= evento.en and (until is None or evento.en < until)]
    return f"{evento.actor.nombre_completo} · {there[0]}" if there else evento.actor.nombre_completo


def _accounts(codes: set[str]) -> dict[str, str]:
    """Who did the steps of an imported request: accounts of Quipux, not necessarily people who sign in here."""
    query = select(Cuenta).where(Cuenta.quipux_codi.in_(codes)).options(joinedload(Cuenta.institucion))
    return {c.quipux_codi: f"{c.nombre_completo} · {c.institucion.nombre}" for c in db.session.scalars(query)} if codes else {}
