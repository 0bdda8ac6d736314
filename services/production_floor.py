"""What the page *Producción* shows: workers, runs, what is stopped, what is due today, and the storage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError
from rq import Worker
from rq.worker import WorkerStatus
from sqlalchemy import Select, and_, func, or_, select, text
from sqlalchemy.orm import joinedload

from config import LIGHT, RUNS
from extensions import db, redis_connection
from models import WORKED_ON, Ejecucion, EjecucionEstado, Latido, Parte, Solicitud
from rules.deadlines import midnight
from rules.lifecycle import Estado
from rules.policy import Actor
from services import clock, progress, scope, turns
from services.adapters import storage
from services.health import CLOCK_SILENCE, WORKER_SILENCE
from storage import StorageError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHOWN = 20  # rows of each table; the rest is one click away
DAY = timedelta(days=1)
# The sweep tries every minute: what is due for longer could not be deleted.
OVERDUE = timedelta(minutes=10)
QUEUES = {RUNS: "Ejecuciones", LIGHT: "Avisos"}
# Says nothing new, but names the small index of the runs that are not over (uq_ejecucion_una_viva), word for word: among a
# million runs the database would not guess that these are few.
NOT_OVER = text("ejecucion.estado IN ('pendiente', 'en_curso', 'detenida')")


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A process. name: host and process number. kind: what it serves. state: "busy", "idle" or "silent". seen: its last sign
    of life. tasks: numbers of the requests whose run it has in hand."""

    name: str
    kind: str
    state: str
    seen: datetime | None
    tasks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Workers:
    """rows: every process that is known. problem: why they cannot be listed, or ""."""

    rows: list[WorkerRow]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A request being produced, its run (None for a moment at the start) and how far it is (None once it was stopped)."""

    solicitud: Solicitud
    run: Ejecucion | None
    progress: progress.Progress | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """Approved for today or earlier, in the order in which they will be taken. rows: the first of them."""

    rows: list[Solicitud]
    total: int
    documents: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Storage:
    """used: bytes of the `files` that rows speak of. free: None when the storage does not say, or does not answer (`problem`).
    leaving: bytes that go within 24 hours, of `leaving_count` archives."""

    used: int
    files: int
    free: int | None
    leaving: int
    leaving_count: int
    problem: str = ""

    @property
    def total(self) -> int | None:
        return None if self.free is None else self.used + self.free


@dataclass(frozen=True, slots=True)
class Purge:
    """Files that are to be deleted from `since` on. kind: "overdue" (could not be), "due" (now) or "later"."""

    solicitud: Solicitud
    bytes: int
    since: datetime
    kind: str


# --- workers and runs --------------------------------------------------------------------------------------------------


def workers() -> Workers:
    """The processes, as the queue knows them, and the clock. The registry is only read."""
    try:
        known = Worker.all(connection=redis_connection())
    except (RedisError, OSError):
        return Workers([_clock()], "La cola no responde: no se puede ver qué procesos están activos.")
    tasks = _tasks()
    rows = sorted((_worker(worker, tasks) for worker in known), key=lambda row: (row.kind, row.name))
    return Workers([*rows, _clock()])


def _worker(worker: Worker, tasks: dict[str, list[int]]) -> WorkerRow:
    seen = worker.last_heartbeat
    seen = seen if seen is None or seen.tzinfo else seen.replace(tzinfo=UTC)
    name = f"{worker.hostname or '?'}:{worker.pid or '?'}"
    state = "busy" if worker.get_state() == WorkerStatus.BUSY else "idle"
    # By the machine's own clock, as the sign of life: a demo may have moved ours.
    if seen is None or datetime.now(UTC) - seen > WORKER_SILENCE:
        state = "silent"
    queues = worker.queue_names()
    mine = tuple(tasks.get(name, ())) if RUNS in queues and state == "busy" else ()
    return WorkerRow(name, " y ".join(QUEUES.get(q, q) for q in queues), state, seen, mine)


def _tasks() -> dict[str, list[int]]:
    """Worker's name → numbers of the requests it has in hand."""
    found: dict[str, list[int]] = {}
    for name, number in db.session.execute(
        select(Ejecucion.trabajador, Ejecucion.solicitud_id).where(NOT_OVER, Ejecucion.estado == EjecucionEstado.EN_CURSO).order_by(Ejecucion.id)
    ):
        found.setdefault(name, []).append(number)
    return found


def _clock() -> WorkerRow:
    last = db.session.scalar(select(Latido.en).where(Latido.nombre == "clock"))
    alive = last is not None and clock.now() - last <= CLOCK_SILENCE
    return WorkerRow("Reloj", "Barridos y calendario", "idle" if alive else "silent", last)


def runs(actor: Actor) -> list[RunRow]:
    """Runs in hand or between two workers, the longest at work first, then the complements. A request that a worker is just
    taking has none for a moment."""
    rows = _rows(_with_run(actor, WORKED_ON).where(Solicitud.estado == Estado.EN_EJECUCION))
    # Then by number: of a million requests the database would rather read all that are over.
    at_work = select(Ejecucion.solicitud_id).where(NOT_OVER, Ejecucion.estado.in_(WORKED_ON), Ejecucion.complemento != "")
    numbers = db.session.scalars(at_work.limit(SHOWN)).all()
    return rows + (_rows(_with_run(actor, WORKED_ON).where(Solicitud.id.in_(numbers))) if numbers else [])


def stopped(actor: Actor) -> list[RunRow]:
    """Requests whose run was stopped, the longest waiting first."""
    query = _with_run(actor, (EjecucionEstado.DETENIDA,)).where(Solicitud.estado == Estado.DETENIDA)
    return [RunRow(s, run) for s, run in db.session.execute(query)]


def _with_run(actor: Actor, states: tuple[EjecucionEstado, ...]) -> Select:
    """Requests, each with its run in one of these states."""
    # At most one run of a request is alive (uq_ejecucion_una_viva): the join repeats no row.
    alive = and_(Ejecucion.solicitud_id == Solicitud.id, Ejecucion.estado.in_(states))
    query = scope.solicitudes(actor).outerjoin(Ejecucion, alive).add_columns(Ejecucion)
    return query.options(joinedload(Solicitud.institucion)).order_by(Ejecucion.iniciada_en, Solicitud.id).limit(SHOWN)


def _rows(query: Select) -> list[RunRow]:
    now = clock.now()
    return [RunRow(s, run, progress.of(s, Estado.EN_EJECUCION, now, run)) for s, run in db.session.execute(query)]


def queue(actor: Actor) -> Queue:
    """What is due today, in the order of services.turns."""
    tomorrow = midnight(clock.today() + DAY)
    due = scope.solicitudes(actor).where(Solicitud.estado == Estado.APROBADA, Solicitud.ejecutar_desde < tomorrow)
    found = db.session.execute(due.with_only_columns(*turns.STANDING, Solicitud.estimado_documentos, Solicitud.estimado_bytes)).all()
    order = turns.in_turn(found)[:SHOWN]
    rows = {s.id: s for s in db.session.scalars(select(Solicitud).where(Solicitud.id.in_(order)).options(joinedload(Solicitud.institucion)))}
    return Queue(
        [rows[number] for number in order], len(found), sum(row.estimado_documentos or 0 for row in found),
        sum(row.estimado_bytes or 0 for row in found),
    )


# --- storage -----------------------------------------------------------------------------------------------------------


def space() -> Storage:
    """What the archives take, what is free, and what goes within 24 hours."""
    alive = and_(Parte.publicada_en.is_not(None), Parte.borrada_en.is_(None))
    files, used = db.session.execute(select(func.count(), func.coalesce(func.sum(Parte.bytes), 0)).where(alive)).one()
    soon = clock.now() + DAY
    ending = or_(
        and_(Solicitud.estado == Estado.ATENDIDA, Solicitud.vigente_hasta <= soon),
        Solicitud.purgar_desde <= soon,
    )
    going = select(func.count(Solicitud.id.distinct()), func.coalesce(func.sum(Parte.bytes), 0)).select_from(Parte)
    count, leaving = db.session.execute(
        going.join(Ejecucion, Parte.ejecucion_id == Ejecucion.id).join(Solicitud, Ejecucion.solicitud_id == Solicitud.id).where(alive, ending)
    ).one()
    free, problem = None, ""
    try:
        free = storage().free()
    except (StorageError, OSError):
        problem = "El almacenamiento no responde."
    return Storage(int(used), files, free, int(leaving), count, problem)


def purges() -> tuple[list[Purge], int]:
    """Ended requests whose files are still there, the oldest first, and how many there are in all."""
    now = clock.now()
    # Only an ended request has the column, and only until its files are gone.
    waiting = Solicitud.purgar_desde > EPOCH
    total = db.session.scalar(select(func.count()).select_from(Solicitud).where(waiting)) or 0
    rows = db.session.execute(_sized(waiting).order_by(Solicitud.purgar_desde, Solicitud.id).limit(SHOWN)).all()
    return [Purge(s, int(size or 0), s.purgar_desde, _purge_kind(s.purgar_desde, now)) for s, size in rows], total


def _sized(condition) -> Select:
    """Requests with the bytes their files take."""
    size = (
        select(func.sum(Parte.bytes))
        .join(Ejecucion, Parte.ejecucion_id == Ejecucion.id)
        .where(Ejecucion.solicitud_id == Solicitud.id, Parte.publicada_en.is_not(None), Parte.borrada_en.is_(None))
    )
    return select(Solicitud, size.correlate(Solicitud).scalar_subquery()).where(condition).options(joinedload(Solicitud.institucion))


def _purge_kind(since: datetime, now: datetime) -> str:
    if since > now:
        return "later"
    return "overdue" if now - since > OVERDUE else "due"
