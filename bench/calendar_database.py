"""What a date costs on a large database: a proposal, a month of the calendar, a day, the report of estimates.

SQLite by default, PostgreSQL with DATABASE_URL (an empty database). The corpus: `rows` requests, 20 000 of them promised for
the coming weeks, the others generated in the last four years.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, inspect, select

import config
from app import create_app
from bench import measure
from extensions import db
from models import AnioFeriados, Cuenta, Ejecucion, EjecucionEstado, Institucion, Solicitud, Usuario
from rules import calendar as rules
from rules.lifecycle import Clase, Estado, Motivo
from rules.policy import Actor
from services import calendario, clock, estimates_report, schedule

PROMISED, INSTITUTIONS, BATCH = 20_000, 400, 10_000


def main(options: argparse.Namespace) -> None:
    rows = 50_000 if options.small else options.rows
    with _folder(options.folder) as folder:
        env = {"RESPALDOS_DATA": folder, "SECRET_KEY": "bench" * 8, "REDIS_URL": "unix:///nonexistent/redis.sock"}
        app = create_app(config.load(env | ({"DATABASE_URL": os.environ["DATABASE_URL"]} if os.environ.get("DATABASE_URL") else {})))
        with app.app_context():
            if not inspect(db.engine).has_table("solicitud"):
                fill(rows)
            if options.fill:
                return
            figures = run(options.rounds)
            promised = db.session.scalar(select(func.count()).where(Solicitud.estado.in_(schedule.BOOKED)))
            figures |= {"rows": db.session.scalar(select(func.max(Solicitud.id))), "promised": promised, "dialect": db.engine.dialect.name}
            db.session.remove()
            db.engine.dispose()
    targets = {"propose": "< 50 ms", "row_by_row": "(como antes)", "month": "< 100 ms", "day": "< 100 ms", "report": "< 1 s"}
    measure.finish(options, figures, [(name, f"{figures[name]['median_ms']} ms (p95 {figures[name]['p95_ms']})", goal) for name, goal in targets.items()])


@contextmanager
def _folder(kept: str | None) -> Iterator[str]:
    """The folder to work in: one that stays, so that a large corpus is made once, or a temporary one."""
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield kept
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield folder


def run(rounds: int) -> dict[str, Any]:
    """Each task in turns, every round in a transaction of its own as a request would."""
    actor = Actor(1, "SGE", sge=True, sge_admin=True)
    day = schedule.working_calendar().add_working(clock.today(), 3)
    institution = db.session.scalar(select(Institucion.id).limit(1))
    tasks: dict[str, Callable[[], Any]] = {
        "propose": lambda: schedule.propose_load(institution, 900, 900_000_000),
        "row_by_row": lambda: _row_by_row(institution),
        "month": lambda: calendario.month(calendario.month_of(None)),
        "day": lambda: calendario.day(actor, day),
        "report": lambda: estimates_report.report(actor),
    }
    assert tasks["propose"]().day == tasks["row_by_row"]().day
    for task in tasks.values():
        task()  # what the disk has to fetch the first time is not what a working day costs
    times = measure.alternate({name: lambda task=task: _clocked(task) for name, task in tasks.items()}, rounds)
    return {
        name: {"median_ms": round(measure.percentile(t, 0.5) * 1000, 1), "p95_ms": round(measure.percentile(t, 0.95) * 1000, 1)} for name, t in times.items()
    } | {"speedup": round(measure.ratio(times["row_by_row"], times["propose"]), 1)}


def _clocked(task: Callable[[], Any]) -> float:
    db.session.rollback()
    return measure.clocked(task)


def _row_by_row(institution: int) -> rules.Proposal:
    """The same answer from every promised request, each one booked by Python: what the sums by day replaced."""
    rows = db.session.execute(
        select(Solicitud.fecha_tentativa, Solicitud.institucion_id, Solicitud.estimado_documentos, Solicitud.estimado_bytes)
        .where(Solicitud.estado.in_(schedule.BOOKED), Solicitud.fecha_tentativa >= clock.today())
    )
    loads = ((day, who, rules.Load(documents, size)) for day, who, documents, size in rows)
    days, daily, periods = schedule.working_calendar(), schedule.capacities(), schedule.periods()
    return rules.propose(clock.today(), 900, 900_000_000, institution, rules.book(loads, days, daily, periods), days, daily, periods)


def fill(rows: int) -> None:
    """The corpus, from a seed."""
    rng, at = random.Random(5), clock.now()
    db.create_all()
    this = clock.today().year
    for year in (this, this + 1):
        schedule.seed_year(year)
        db.session.add(AnioFeriados(anio=year, confirmado_en=at))
    db.session.add(Usuario(id=1, cedula="1710034065", correo="sge@example.org", nombre="SGE", creado=at))
    db.session.add_all(Institucion(id=n, nombre=f"Institución {n}", sigla=f"I{n}") for n in range(1, INSTITUTIONS + 1))
    db.session.flush()
    db.session.add_all(
        Cuenta(id=n, quipux_codi=str(n), cedula=f"{n:010d}", nombre="Ana", apellido="Pérez", institucion_id=n, activa=False) for n in range(1, INSTITUTIONS + 1)
    )
    db.session.commit()
    promised = min(PROMISED, rows // 2)
    days = schedule.working_calendar()
    coming = [days.add_working(clock.today(), n) for n in range(1, 41)]
    drawn = min(rows, promised + BATCH)
    requests = [_request(n, rng, at, coming[n % 40] if n <= promised else None) for n in range(1, drawn + 1)]
    db.session.execute(insert(Solicitud), requests)
    db.session.execute(insert(Ejecucion), [_run(r) for r in requests if r["generada_en"]])
    db.session.commit()
    _multiply(promised, drawn, rows)
    # What autovacuum does within minutes: statistics, and on PostgreSQL the map that lets an index answer alone.
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if db.engine.dialect.name == "postgresql" else "ANALYZE")


def _multiply(first: int, last: int, rows: int) -> None:
    """Copies of what was generated (numbers above `first`), made inside the database until there are `rows` requests."""
    own = [c for c in Solicitud.__table__.columns if c.name != "id"]
    run = [c for c in Ejecucion.__table__.columns if c.name not in {"id", "solicitud_id"}]
    size = last - first
    while last < rows:
        many = min(size, rows - last)
        source = select(Solicitud.id + (last - first), *own).where(Solicitud.id > first, Solicitud.id <= first + many)
        db.session.execute(insert(Solicitud).from_select(["id", *(c.name for c in own)], source))
        source = select(Ejecucion.solicitud_id + (last - first), *run).where(Ejecucion.solicitud_id > first, Ejecucion.solicitud_id <= first + many)
        db.session.execute(insert(Ejecucion).from_select(["solicitud_id", *(c.name for c in run)], source))
        db.session.commit()
        last += many
        size = last - first


def _request(number: int, rng: random.Random, at: datetime, day) -> dict[str, Any]:
    who = rng.randint(1, INSTITUTIONS)
    when = at - timedelta(days=1 if day else rng.randint(2, 1460), minutes=rng.randint(0, 600))
    documents = int(min(rng.lognormvariate(6.2, 1.1), 40_000))
    size = int(documents * rng.lognormvariate(13.5, 0.5))
    if day:
        # Below the default capacity of a day, all together: forty days hold twenty thousand of them.
        documents, size = documents // 20, size // 20
    done = None if day else when
    return {
        "id": number, "clase": Clase.INSTITUCIONAL, "estado": Estado.APROBADA if day else Estado.ELIMINADA, "institucion_id": who, "cuenta_id": who,
        "creada_por_id": 1, "fecha_solicitud": when, "editada_en": when, "editada_por_id": 1, "persona_cedula": f"{who:010d}", "persona_nombre": "Ana",
        "persona_apellido": "Pérez", "estimado_documentos": documents, "estimado_bytes": size, "previsto_documentos": documents,
        "previsto_bytes": int(size / rng.lognormvariate(0, 0.1)), "enviada_en": when, "aprobada_en": when, "fecha_tentativa": day or when.date(),
        "ejecutar_desde": schedule.opening(day) if day else when, "generada_en": done, "motivo": None if day else Motivo.VIGENCIA_TERMINADA,
    }


def _run(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "solicitud_id": row["id"], "estado": EjecucionEstado.PUBLICADA, "creada_en": row["generada_en"], "terminada_en": row["generada_en"],
        "encontrados": row["estimado_documentos"], "bytes_total": row["estimado_bytes"],
    }
