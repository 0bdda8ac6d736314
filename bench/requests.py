"""A country's worth of requests for benchmarks: institutions, people, requests of eight years in every estado, and their runs.

    from bench import requests
    requests.build("sqlite:////tmp/one.sqlite")        # or postgresql://…; an empty database, 1 000 000 requests

Seeded: the same arguments give the same rows. The present is NOW unless told otherwise; read the database under
`services.clock.frozen(requests.NOW)`, or what waits will look years late. Rows are written past the services, in bulk: nothing here
is for the product itself. Sizes and delays are plausible, not measured.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import psycopg
from sqlalchemy import Index, Table, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateIndex, DropIndex

import models
from config import database_url
from extensions import Base
from rules import deadlines, holidays
from rules.calendar import Calendar
from rules.identity import fold, words
from rules.lifecycle import Estado, Motivo
from services import signin

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)  # a Wednesday, 10:00 in Guayaquil
YEARS = 8
PASSWORD = "Respaldo-2026"
OFFICERS = 6
# What is alive at NOW, whatever the history; of a small corpus at most this share of all.
LIVE = {
    Estado.BORRADOR: 3_000, Estado.ENVIADA: 5_000, Estado.APROBADA: 3_000, Estado.EN_EJECUCION: 12, Estado.DETENIDA: 30,
    Estado.ATENDIDA: 4_000,
}
LIVE_SHARE = 0.02

GIVEN = (
    "María José Luis Ana Carlos Rosa Juan Elena Jorge Lucía Pedro Carmen Miguel Ángeles Diego Sofía Andrés Mónica Édison Gloria Byron "
    "Johanna Vicente Katherine Rómulo Fernanda Xavier Estefanía Hernán Patricia Iván Verónica Wilson Ximena Darío Nelly Ñusta Íngrid"
).split()
SURNAMES = (
    "Ñauñay Quishpe Túqueres Muñoz Chicaiza Ñacato Iñiguez Arreaga Cedeño Bastidas Peñaloza Shiguango Grefa Quinatoa Toaquiza Caiza "
    "Tipanluisa Morocho Guaillas Yánez Acuña Vélez Chimborazo Pilamunga Simbaña Cumbal Espín Tamayo Jácome Zúñiga Peñaherrera Guamán "
    "Sánchez Pérez López Andrade Cóndor Ortiz Núñez Villacís Paredes Cevallos Zambrano Macías Mendoza Vera Loor Alcívar Intriago Bravo"
).split()
POSTS = (
    "Analista de Archivo", "Director Administrativo", "Secretaria Ejecutiva", "Especialista Jurídico", "Asistente de Gerencia",
    "Coordinador de Planificación", "Técnico de Gestión Documental", "Chofer Institucional", "Contador General", "Bibliotecario",
)
AREAS = ("Gestión Documental", "Dirección Administrativa", "Coordinación Jurídica", "Talento Humano", "Planificación", "Tecnologías")


@dataclass(frozen=True, slots=True)
class Built:
    """What was made: rows of each table, by its name."""

    rows: dict[str, int]


def build(
    url: str, requests: int = 1_000_000, institutions: int = 400, seed: int = 1, *, now: datetime = NOW, waiting: int | None = None,
    runs: bool = True, history: bool = True,
) -> Built:
    """Make the tables in the empty database at `url` and fill them.

    waiting: how many are *Enviada* (default: as LIVE says). runs: also an Ejecucion for every archive that was made, and the
    Parte of those still in force. history: also the rows of the Recorrido, of the live requests only."""
    url = database_url(url)
    world = _World(requests, institutions, random.Random(seed), now, waiting)
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    late = _drop_indexes(engine, [models.Solicitud.__table__, models.Cuenta.__table__, models.Ejecucion.__table__])
    written: dict[str, int] = {}
    with closing(_writer(url)) as writer:
        for table, rows in world.tables(runs=runs, history=history):
            written[table.name] = written.get(table.name, 0) + writer.write(table, rows)
        writer.finish()
    with engine.begin() as connection:
        for index in late:
            connection.execute(CreateIndex(index))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    return Built(written)


def _drop_indexes(engine, tables: list[Table]) -> list[Index]:
    """Indexes are built faster over rows that are there. Those of a constraint stay."""
    # Some are of one database only.
    found = [index for table in tables for index in sorted(table.indexes, key=lambda i: i.name) if index.info.get("only", engine.name) == engine.name]
    with engine.begin() as connection:
        for index in found:
            connection.execute(DropIndex(index))
    return found


# --- the world ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Person:
    """One account: what a request copies from it."""

    id: int
    place: int
    cedula: str
    names: str
    surnames: str
    post: str
    area: str
    search: str
    surname_key: str


class _World:
    def __init__(self, requests: int, institutions: int, chance: random.Random, now: datetime, waiting: int | None):
        self.requests, self.institutions, self.chance, self.now = requests, institutions, chance, now
        self.today = deadlines.local_day(now)
        self.secret = signin.hashed(PASSWORD)
        # Few ministries, many small offices: a share falls with the rank.
        shares = [1 / (rank + 3) for rank in range(institutions)]
        self.places = chance.choices(range(1, institutions + 1), shares, k=requests)
        self.estados = self._estados(waiting)
        years = range(max(holidays.FIRST_YEAR, self.today.year - YEARS), self.today.year + 2)
        self.feriados = [day for year in years for day in holidays.days_off(year)]
        off = {day.fecha for day in self.feriados}
        first = self.today - timedelta(days=366 * YEARS)
        calendar = Calendar(off)
        self.working = [d for d in (first + timedelta(days=i) for i in range(366 * (YEARS + 1))) if calendar.is_working(d)]
        self.past = sum(d <= self.today for d in self.working)

    def _estados(self, waiting: int | None) -> list[Estado]:
        """Estado of each request, by number: the old ones are over, the newest are alive."""
        most = max(1, int(self.requests * LIVE_SHARE))
        live = {estado: min(number, max(1, most * number // sum(LIVE.values()))) for estado, number in LIVE.items()}
        if waiting is not None:
            live[Estado.ENVIADA] = waiting
        alive = [estado for estado, number in live.items() for _ in range(number)][: self.requests]
        self.chance.shuffle(alive)
        return [Estado.ELIMINADA] * (self.requests - len(alive)) + alive

    def tables(self, *, runs: bool, history: bool) -> Iterator[tuple[Table, Iterable[tuple]]]:
        """Tables in the order in which they may be filled, each with its rows."""
        yield models.Feriado.__table__, ((d.fecha, d.nombre, d.original, "") for d in self.feriados)
        yield models.Institucion.__table__, self._institutions()
        yield models.Usuario.__table__, self._users()
        yield models.Nombramiento.__table__, self._offices()
        people = self._people()
        yield models.Cuenta.__table__, self._accounts(people)
        made: list[tuple] = []
        yield models.Solicitud.__table__, self._solicitudes(people, made)
        if history:
            yield models.Evento.__table__, self._eventos(made)
        if runs:
            parts: list[tuple] = []
            yield models.Ejecucion.__table__, self._ejecuciones(made, parts)
            yield models.Parte.__table__, parts

    def _institutions(self) -> Iterator[tuple]:
        for i in range(1, self.institutions + 1):
            yield (i, str(100 + i), "", f"Institución de Servicios Públicos {i:03d}", f"ISP{i:03d}", "", "", "", True)

    def _users(self) -> Iterator[tuple]:
        """Ids 1 … institutions are the AIQs; after them the SGE's officers."""
        since = self.now - timedelta(days=366 * YEARS)
        for i in range(1, self.institutions + 1):
            yield (i, cedula(9_000_000 + i), f"aiq{i}@isp.gob.ec", "Rosa Elena", f"Chicaiza {i}", self.secret, True, 1, None, since)
        for i in range(1, OFFICERS + 1):
            number = self.institutions + i
            yield (number, cedula(9_500_000 + i), f"sge{i}@sge.gob.ec", "Iván", f"Peñaherrera {i}", self.secret, True, 1, None, since)

    def _offices(self) -> Iterator[tuple]:
        since = self.now - timedelta(days=366 * YEARS)
        for i in range(1, self.institutions + 1):
            yield (i, i, i, models.Cargo.AIQ_PRINCIPAL, since, None, "")
        for i in range(1, OFFICERS + 1):
            number = self.institutions + i
            cargo = models.Cargo.SGE_ADMIN if i == 1 else models.Cargo.SGE_OPERADOR
            yield (number, number, None, cargo, since, None, "")

    def _people(self) -> list[_Person]:
        """One account for five requests in six; one in six is somebody's second."""
        chance, folded = self.chance, {word: words(word)[0] for word in (*GIVEN, *SURNAMES)}
        people = []
        for number in range(1, max(2, self.requests * 5 // 6) + 1):
            name, surname = chance.sample(GIVEN, 2), chance.sample(SURNAMES, 2)
            identity = cedula(number)
            search = "".join(f" {folded[word]}" for word in (*name, *surname)) + f" {identity}"
            names, surnames = " ".join(name), " ".join(surname)
            people.append(_Person(
                number, self.places[number - 1], identity, names, surnames, chance.choice(POSTS), chance.choice(AREAS), search,
                fold(f"{surnames} {names}"),
            ))
        return people

    def _accounts(self, people: list[_Person]) -> Iterator[tuple]:
        blank = _blank(models.Cuenta.__table__)
        for p in people:
            mail = f"p{p.id}@isp.gob.ec"
            row = blank | {
                "id": p.id, "quipux_codi": str(p.id), "cedula": p.cedula, "nombre": p.names, "apellido": p.surnames, "titulo": "", "puesto": p.post,
                "perfil": "Normal", "area": p.area, "institucion_id": p.place, "correos": mail, "activa": p.id % 200 == 0,
                "busqueda": f"{p.search} {' '.join(words(p.post))} {' '.join(words(mail))}", "apellido_plegado": p.surname_key,
            }
            yield tuple(row.values())

    # --- requests -------------------------------------------------------------------------------------------------------

    def _solicitudes(self, people: list[_Person], made: list[tuple]) -> Iterator[tuple]:
        columns = [c.name for c in models.Solicitud.__table__.columns]
        for number, estado in enumerate(self.estados, start=1):
            row = self._solicitud(number, estado, people)
            made.append((number, estado, row["institucion_id"], row["fecha_solicitud"], row["enviada_en"], row["aprobada_en"],
                         row["fecha_tentativa"], row["generada_en"], row["estimado_documentos"], row["estimado_bytes"], row["motivo"],
                         row["enviada_por_id"], row["aprobada_por_id"], row["vigente_hasta"], row["eliminada_en"]))
            yield tuple(row[name] for name in columns)

    def _solicitud(self, number: int, estado: Estado, people: list[_Person]) -> dict[str, Any]:
        chance = self.chance
        person = people[number - 1] if number <= len(people) else people[chance.randrange(len(people))]
        size = int(min(80e9, chance.lognormvariate(20, 1.5)))  # median 0.5 GB
        documents = max(1, size // 600_000) if chance.random() > 0.01 else 0
        mine = chance.random()
        row: dict[str, Any] = dict.fromkeys((c.name for c in models.Solicitud.__table__.columns), None) | {
            "id": number, "clase": "personal" if mine < 0.02 else "institucional", "estado": estado, "institucion_id": person.place,
            "cuenta_id": person.id, "creada_por_id": person.place, "editada_por_id": person.place, "version": 2,
            "desde": date(2014 + number % 8, 1, 1), "hasta": date(2022 + number % 4, 12, 31), "comentario": "",
            "persona_cedula": person.cedula, "persona_nombre": person.names, "persona_apellido": person.surnames, "persona_puesto": person.post,
            "persona_perfil": "Normal", "persona_area": person.area, "busqueda": person.search, "apellido_plegado": person.surname_key,
            "documento_codi": f"2026{number:016d}", "documento_numero": f"ISP{person.place:03d}-DGDA-2026-{number:07d}-E",
            "documento_asunto": "Solicitud de respaldo de documentos", "documento_remitente": f"{person.names} {person.surnames}",
            "documento_remitente_cedula": "" if mine > 0.95 else cedula(number + 1) if mine > 0.93 else person.cedula,
            "documento_sha256": "", "documento_clave": "", "estimado_documentos": documents, "estimado_bytes": size if documents else 0,
            "previsto_documentos": documents, "previsto_bytes": size if documents else 0,
            "estimado_reservados": chance.randrange(1, 40) if chance.random() < 0.12 else 0, "devuelta_por": "", "fuera_de_plazo": False,
            "incluir_reservados": False, "ampliada": False, "oculta": False,
        }
        self._dates(row, number, estado)
        return row

    def _dates(self, row: dict[str, Any], number: int, estado: Estado) -> None:
        """Every instant and who was behind it, by the estado. Numbers grow with time."""
        chance = self.chance
        sent_day = self._day_of(number, estado)
        sent = self._hour(sent_day)
        created = sent - timedelta(minutes=chance.randrange(3, 4_000))
        row |= {"fecha_solicitud": sent, "editada_en": sent, "documento_fecha": created - timedelta(days=1)}
        if estado is Estado.BORRADOR:
            row |= {"fecha_solicitud": created, "editada_en": created, "version": 1, "estimado_reservados": None}
            return
        row |= {"enviada_en": sent, "enviada_por_id": row["institucion_id"]}
        if estado is Estado.ENVIADA:
            row["abierta_en"] = sent + timedelta(hours=2) if chance.random() < 0.6 and sent < self.now - timedelta(hours=3) else None
            return
        motivo = self._motivo() if estado is Estado.ELIMINADA else None
        if motivo in {Motivo.CANCELADA, Motivo.DOCUMENTO_NO_CORRESPONDE, Motivo.OTRO}:
            row |= {"motivo": motivo, "eliminada_en": sent + timedelta(hours=chance.randrange(1, 60)), "version": 3}
            return
        self._approved(row, sent_day)
        if estado in {Estado.APROBADA, Estado.EN_EJECUCION, Estado.DETENIDA}:
            return
        generated = row["ejecutar_desde"] + timedelta(minutes=chance.randrange(5, 700))
        if estado is Estado.ATENDIDA:
            generated = self.now - timedelta(minutes=chance.randrange(30, 4 * 24 * 60))
            row |= {"aprobada_en": max(generated - timedelta(days=3), row["enviada_en"] + timedelta(minutes=9)), "fecha_tentativa": deadlines.local_day(generated)}
        until = deadlines.vigente_hasta(generated)
        row |= {"generada_en": generated, "vigente_hasta": until, "version": 5}
        if estado is Estado.ELIMINADA:
            row |= {"motivo": Motivo.VIGENCIA_TERMINADA, "eliminada_en": until, "purgada_en": until + timedelta(minutes=5), "version": 6}

    def _approved(self, row: dict[str, Any], sent_day: int) -> None:
        chance = self.chance
        decided = min(sent_day + chance.choices((0, 1, 2, 3, 5), (30, 40, 18, 9, 3))[0], self.past - 1)
        run = decided + chance.choices((1, 2, 3, 4, 5, 7, 10), (30, 20, 15, 14, 12, 6, 3))[0]
        if row["estado"] in {Estado.EN_EJECUCION, Estado.DETENIDA}:
            run = self.past - 1
        day = self.working[run]
        row |= {
            "aprobada_en": min(self.now, max(self._hour(decided), row["enviada_en"] + timedelta(minutes=9))), "fecha_tentativa": day,
            "aprobada_por_id": self.institutions + 1 + chance.randrange(OFFICERS), "fuera_de_plazo": run - decided > 5, "version": 3,
            "ejecutar_desde": deadlines.midnight(day) + timedelta(hours=6),
        }

    def _day_of(self, number: int, estado: Estado) -> int:
        """Index of the working day of sending: old requests by their number, live ones in the last days."""
        last = self.past - 1
        if estado is Estado.ENVIADA:
            return last - min(9, int(self.chance.expovariate(0.6)))
        if estado is not Estado.ELIMINADA:
            return last - (self.chance.randrange(6, 12) if estado is Estado.ATENDIDA else self.chance.randrange(1, 5))
        return max(0, int((last - 16) * number / self.requests))

    def _hour(self, day: int) -> datetime:
        at = deadlines.midnight(self.working[day]) + timedelta(hours=8, seconds=self.chance.randrange(9 * 3600))
        return min(at, self.now - timedelta(minutes=self.chance.randrange(1, 90)))

    def _motivo(self) -> Motivo:
        return self.chance.choices(
            (Motivo.VIGENCIA_TERMINADA, Motivo.DOCUMENTO_NO_CORRESPONDE, Motivo.CANCELADA, Motivo.OTRO), (91, 4, 3, 2)
        )[0]

    # --- what hangs on a request ----------------------------------------------------------------------------------------

    def _eventos(self, made: list[tuple]) -> Iterator[tuple]:
        number = 0
        for solicitud, estado, _, created, sent, approved, day, *_, sender, officer, _, _ in made:
            if estado is Estado.ELIMINADA:
                continue
            steps = [(created, sender, "create", Estado.BORRADOR, {})]
            if sent:
                steps.append((sent, sender, "send", Estado.ENVIADA, {}))
            if approved:
                steps.append((approved, officer, "approve", Estado.APROBADA, {"fecha_tentativa": day.isoformat(), "reservados": "excluir"}))
            for order, (at, who, action, then, data) in enumerate(steps, start=1):
                number += 1
                seal = sha256(f"{solicitud}:{order}".encode()).hexdigest()
                yield (number, solicitud, None, None, order, at, who, action, then, "", data, "", seal)

    def _ejecuciones(self, made: list[tuple], parts: list[tuple]) -> Iterator[tuple]:
        columns = [c.name for c in models.Ejecucion.__table__.columns]
        blank = _blank(models.Ejecucion.__table__)
        number = 0
        for solicitud, estado, _, _, _, approved, _, generated, documents, size, *_ in made:
            if generated is None and estado not in {Estado.EN_EJECUCION, Estado.DETENIDA}:
                continue
            number += 1
            started = (generated or self.now) - timedelta(minutes=self.chance.randrange(2, 50))
            real = int(size * self.chance.uniform(0.85, 1.15))
            row = blank | {
                "id": number, "solicitud_id": solicitud, "intento": 1, "etapa": "empaquetar", "encontrados": documents, "bytes_total": real,
                "creada_en": started, "iniciada_en": started, "plan_en": started,
            }
            row |= self._run_state(number, estado, generated, documents, real)
            if estado is Estado.ATENDIDA:
                name = f"RESPALDO_{solicitud:06d}.zip"
                part = _blank(models.Parte.__table__) | {
                    "id": len(parts) + 1, "ejecucion_id": number, "numero": 1, "tipo": models.ParteTipo.DATOS, "nombre": name,
                    "clave": f"solicitudes/{solicitud:06d}/{name}", "bytes": real, "sha256": sha256(name.encode()).hexdigest(),
                    "documentos": documents, "entradas": documents + 20, "bytes_planeados": real, "publicada_en": generated,
                }
                parts.append(tuple(part.values()))
            yield tuple(row[name] for name in columns)

    def _run_state(self, number: int, estado: Estado, generated: datetime | None, documents: int, size: int) -> dict[str, Any]:
        if estado is Estado.EN_EJECUCION:
            return {"estado": "en_curso", "trabajador": f"trabajador-{number % 4}", "latido": self.now - timedelta(seconds=5),
                    "arrendada_hasta": self.now + timedelta(seconds=55), "documentos_hechos": documents // 3, "bytes_hechos": size // 3}
        if estado is Estado.DETENIDA:
            return {"estado": "detenida", "detencion": "fuente", "fallos": 3, "documentos_hechos": documents // 2, "bytes_hechos": size // 2}
        troubled = documents // 500 if number % 9 == 0 else 0
        return {"estado": "publicada", "etapa": "publicar", "terminada_en": generated, "con_novedad": troubled, "incluidos": documents - troubled,
                "recibidos": documents // 2, "enviados": documents - documents // 2, "documentos_hechos": documents, "bytes_hechos": size}


def _blank(table: Table) -> dict[str, Any]:
    """A row of the table as it is before anything is known, in the order of its columns."""
    return {c.name: c.default.arg if c.default is not None and c.default.is_scalar else None for c in table.columns}


def cedula(number: int) -> str:
    """The number-th cédula with a right check digit, unlike every other (number < 10 000 000 × 6 × 24)."""
    province, rest = number % 24 + 1, number // 24
    digits = [*divmod(province, 10), rest // 1_000_000 % 6, *(int(d) for d in f"{rest % 1_000_000:06d}")]
    total = sum(d * 2 - 9 * (d > 4) if i % 2 == 0 else d for i, d in enumerate(digits))
    return "".join(map(str, digits)) + str(-total % 10)


# --- writing -----------------------------------------------------------------------------------------------------------


class _Sqlite:
    """executemany into a file nobody else reads yet. Instants as SQLAlchemy writes them: UTC, without zone."""

    def __init__(self, path: str):
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=OFF")
        # Called by sqlite3 only for what it does not know: sixty values a row leave no time for a function each.
        for kind, adapter in ((datetime, _instant), (date, date.isoformat), (dict, json.dumps)):
            sqlite3.register_adapter(kind, adapter)

    def write(self, table: Table, rows: Iterable[tuple]) -> int:
        names = ", ".join(c.name for c in table.columns)
        sql = f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(table.columns))})"
        self.connection.execute("BEGIN")
        done = self.connection.executemany(sql, rows).rowcount
        self.connection.execute("COMMIT")
        return max(0, done)

    def finish(self) -> None:
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.connection.close()


def _instant(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(" ", "microseconds")


class _Postgres:
    """COPY, and sequences that go on after the last id."""

    def __init__(self, url: str):
        self.connection = psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
        self.tables: list[Table] = []

    def write(self, table: Table, rows: Iterable[tuple]) -> int:
        names, done = ", ".join(c.name for c in table.columns), 0
        with self.connection.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for done, row in enumerate(rows, start=1):
                copy.write_row([json.dumps(v) if type(v) is dict else str(v) if isinstance(v, str) else v for v in row])
        self.tables.append(table)
        return done

    def finish(self) -> None:
        for table in {t.name: t for t in self.tables if "id" in t.columns}.values():
            self.connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM {table.name}), false)"
            )
        self.connection.commit()

    def close(self) -> None:
        self.connection.close()


def _writer(url: str) -> _Sqlite | _Postgres:
    parsed = make_url(url)
    return _Sqlite(parsed.database or "") if parsed.get_backend_name() == "sqlite" else _Postgres(url)


def officer(number: int = 1) -> str:
    """Address of one of the SGE's officers; the password of all is PASSWORD."""
    return f"sge{number}@sge.gob.ec"

