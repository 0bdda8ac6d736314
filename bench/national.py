"""A country in a database, from a seed: institutions, their accounts with Ecuadorian names, six years of requests and their Recorridos.

    python -m bench.national --url sqlite:////path/national.sqlite            # 1 000 000 accounts and requests, 8 000 000 events
    python -m bench.national --url postgresql://…  --small                    # 20 000, 40 institutions

The database must have its tables (`flask db upgrade`) and no rows. Loaded as the bulk loaders do: executemany, with
the triggers of the word indexes at work; COPY, with the indexes built at the end, as pg_restore does. bench.search and bench.listing read it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate, islice
from typing import Any

from sqlalchemy import Engine, create_engine

from config import database_url
from models import (
    Base, Cargo, Cuenta, Ejecucion, EjecucionEstado, Entrega, Evento, Institucion, Nombramiento, Parte, ParteTipo, Solicitud, Usuario,
)  # fmt: skip
from rules.identity import fold, words
from rules.lifecycle import Clase, Estado, Motivo

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
START = datetime(2020, 11, 18, 15, 0, tzinfo=UTC)
CHUNK = 20_000
SGE = 3  # officers; their ids come first

MUJERES = """María Ana Rosa Carmen Luz Gloria Mercedes Patricia Martha Blanca Sandra Mónica Verónica Silvia Jenny Diana Gabriela Paola Andrea
Karina Elizabeth Lorena Daniela Johanna Alexandra Fernanda Cristina Carolina Jessica Viviana Mariana Lucía Margarita Narcisa Zoila Nelly
Norma Piedad Susana Tania Ximena Yolanda Isabel Estefanía Katherine Nathaly Evelyn Gissela Doménica Valeria Noemí Soledad Inés Ñusta""".split()
HOMBRES = """José Luis Juan Carlos Jorge Ángel Víctor Manuel Miguel Segundo Marco Edison Byron Wilson Fernando Francisco Pedro Diego Iván Edwin
Patricio Galo Fabián Xavier Christian Cristian Andrés David Santiago Paúl Henry Darwin Jefferson Washington Stalin Freddy Milton Ramiro
Eduardo Alberto Mario Hugo Oswaldo Rubén Raúl Gonzalo Germán Néstor Álvaro Sebastián Mauricio Esteban Bolívar Ítalo Eloy Ñaupari""".split()
APELLIDOS = """Sánchez Zambrano García Rodríguez López Pérez Morales González Vera Mendoza Cedeño Ramírez Torres Flores Castro Jiménez Gómez
Moreira Macías Guerrero Romero Reyes Espinoza Ortiz Álvarez Vargas Mora Cevallos Ruiz Herrera Muñoz Suárez Loor Alvarado Salazar Andrade
Chávez Rojas Delgado Intriago Guamán Quishpe Chicaiza Guaña Ñauñay Ñacato Túqueres Yánez Zúñiga Peñaherrera Pazmiño Tapia Jácome Cueva
Ordóñez Córdova Benítez Bravo Aguirre Carrión Jaramillo Villacís Villacrés Paredes Proaño Paz Caicedo Quiñónez Arroyo Tenorio Angulo
Montaño Bone Simisterra Ayoví Naranjo Noboa Toapanta Caiza Pilataxi Sinchiguano Llumiquinga Simbaña Tipán Tituaña Iza Yugcha Chiliquinga
Masabanda Punina Tisalema Guachamín Gualoto Quinga Sisa Yumbay Aucancela Guaranga Cajas Cuenca Uyaguari Guambaña Morocho Sarango Medina
Ochoa Vélez Ponce Pincay Baque Quimis Tumbaco Anchundia Mero Delvalle Holguín Solórzano Barcia Palma Pico Pinargote Alcívar Briones Bermúdez
Figueroa Franco Garzón Hidalgo Ibarra Lara León Luna Maldonado Mejía Miño Molina Montalvo Moreno Navarrete Novoa Núñez Obando Oña Pineda
Ponguillo Portilla Quezada Quintana Robalino Rosero Rueda Sandoval Sarmiento Silva Soria Tamayo Terán Tobar Trujillo Ulloa Valencia
Vallejo Vásquez Velasco Vinueza Viteri Yépez Zapata Zurita""".split()
PUESTOS = """Analista de Gestión Documental|Analista Financiero|Asistente Administrativo|Secretaria Ejecutiva|Director de Talento Humano|Docente
Categoría G|Médico General|Enfermera|Especialista Jurídico|Técnico de Sistemas|Coordinador Zonal|Asesor del Despacho|Conductor|Guardalmacén
General|Tesorero|Contadora General|Inspector del Trabajo|Analista de Compras Públicas|Servidor Público de Apoyo 4|Servidor Público 7""".replace("\n", " ").split("|")
AREAS = """Gestión Documental y Archivo|Dirección Financiera|Dirección Administrativa|Talento Humano|Asesoría Jurídica|Tecnologías de la Información|
Planificación|Comunicación Social|Secretaría General|Coordinación Zonal|Despacho Ministerial|Distrito Educativo|Hospital General""".replace("\n", "").split("|")
CLASES = ("Ministerio de", "Secretaría de", "GAD Municipal de", "GAD Parroquial de", "Empresa Pública de", "Instituto de", "Hospital General de",
          "Unidad Educativa", "Agencia de Regulación de", "Junta Parroquial de")
LUGARES = """Quito Guayaquil Cuenca Ambato Riobamba Loja Ibarra Manta Portoviejo Machala Esmeraldas Tulcán Latacunga Azogues Guaranda Puyo Tena
Macas Zamora Babahoyo Quevedo Milagro Durán Otavalo Cayambe Rumiñahui Pedernales Chone Jipijapa Salinas Naranjal Pasaje Catamayo Sucúa Baños""".split()


@dataclass(frozen=True, slots=True)
class Size:
    institutions: int
    accounts: int
    requests: int
    events: int  # of each request, on average


WHOLE = Size(2000, 1_000_000, 1_000_000, 8)
SMALL = Size(40, 20_000, 20_000, 8)


class Weighted:
    """Draws by rank as names are in a country: the first very often, the last seldom."""

    def __init__(self, rng: random.Random, items: Sequence[Any], offset: float):
        self._rng, self._items = rng, items
        self._sums = list(accumulate(1 / (i + offset) for i in range(len(items))))

    def draw(self, count: int) -> list[Any]:
        return self._rng.choices(self._items, cum_weights=self._sums, k=count)


def institutions(size: Size) -> Iterator[tuple]:
    """The first ones are the large ones; every 25th is no longer in force."""
    rng = random.Random(1)
    for i in range(1, size.institutions + 1):
        name = f"{CLASES[i % len(CLASES)]} {rng.choice(LUGARES)} {rng.choice(APELLIDOS)} {i}"
        yield i, str(1000 + i), f"{i:010d}001", name, f"I{i}", "022999999", "Quito", f"info@i{i}.gob.ec", i % 25 != 0


def offices(size: Size) -> tuple[list[tuple], list[tuple]]:
    """Usuarios and Nombramientos: the SGE's officers, then the principal AIQ of each institution."""
    since = START - timedelta(days=400)
    people, held = [], []
    for i in range(1, SGE + 1):
        people.append((i, f"S{i:09d}", f"sge{i}@bench.gob.ec", "Oficial", f"SGE {i}", since))
        held.append((i, i, None, Cargo.SGE_ADMIN.value, since))
    for i in range(1, size.institutions + 1):
        people.append((SGE + i, f"A{i:09d}", f"aiq{i}@bench.gob.ec", "Administradora", f"Institucional {i}", since))
        held.append((SGE + i, SGE + i, i, Cargo.AIQ_PRINCIPAL.value, since))
    return people, held


@lru_cache(maxsize=100_000)
def _folded(text: str) -> str:
    return " ".join(words(text))


def accounts(size: Size) -> Iterator[tuple]:
    """(id, codi, cédula, nombre, apellido, puesto, área, institución, correos, activa, inactiva_desde, busqueda, apellido_plegado).
    One in twenty belongs to the person of the one before: re-hired, or as subrogante."""
    rng = random.Random(2)
    names = [Weighted(rng, MUJERES, 1.5), Weighted(rng, HOMBRES, 1.5)]
    surnames = Weighted(rng, APELLIDOS, 6)
    places = Weighted(rng, range(1, size.institutions + 1), 10)
    person: tuple[str, str, str] = ("", "", "")
    for n in range(1, size.accounts + 1):
        if n == 1 or rng.random() > 0.05:
            sex = rng.random() < 0.5
            person = (cedula(n), " ".join(names[sex].draw(2)), " ".join(surnames.draw(2)))
            place = places.draw(1)[0]
        number, given, family = person
        post, area = rng.choice(PUESTOS), rng.choice(AREAS)
        mail = f"{_folded(given).split()[0]}.{_folded(family).split()[0]}{n % 97}@i{place}.gob.ec"
        active = rng.random() < 0.55
        since = None if active or rng.random() < 0.3 else START + timedelta(days=rng.randrange(2190))
        text = f" {_folded(given)} {_folded(family)} {_folded(post)} {_folded(mail)} {number}"
        yield n, str(10_000_000 + n), number, given, family, post, area, place, mail, active, since, text, fold(f"{family} {given}")


def cedula(n: int) -> str:
    """A valid cédula, another for each n below 216 000 000."""
    province, rest = n % 24 + 1, n // 24
    digits = f"{province:02d}{rest % 6}{rest // 6 % 1_000_000:06d}"
    total = sum(d if i % 2 else (2 * d if d < 5 else 2 * d - 9) for i, d in enumerate(map(int, digits)))
    return digits + str(-total % 10)


def requests(size: Size, people: Sequence[tuple]) -> Iterator[tuple]:
    """Six years of them, the estados of today at the end. `people`: rows of `accounts`, from which the persons come."""
    rng = random.Random(3)
    step = (NOW - START) / size.requests
    recent = max(200, size.requests // 100)
    for n in range(1, size.requests + 1):
        account = people[rng.randrange(len(people))]
        at = START + step * n
        left = size.requests - n
        estado = _estado(rng, left, recent)
        filed = SGE + account[7]
        sent = estado is not Estado.BORRADOR
        ready = at + timedelta(days=2) if estado in (Estado.ATENDIDA, Estado.ELIMINADA) else None
        until = None
        if estado is Estado.ATENDIDA:
            # Some ended since the last sweep: Eliminada for whoever looks.
            until = midnight(NOW) + timedelta(days=rng.choice((-1, 0, 1, 2, 3, 4)))
        gone = ready + timedelta(days=5) if estado is Estado.ELIMINADA else None
        reason = Motivo.VIGENCIA_TERMINADA.value if estado is Estado.ELIMINADA else None
        planned = (at + timedelta(days=3 + rng.randrange(4))).date() if sent else None
        yield (
            n, (Clase.PERSONAL if n % 12 == 0 else Clase.INSTITUCIONAL).value, estado.value, account[7], account[0], filed, at, at, filed,
            date(2018, 1, 1) + timedelta(days=n % 300), date(2020, 6, 1) + timedelta(days=n % 100), account[2], account[3], account[4], account[5],
            account[6], f" {_folded(account[3])} {_folded(account[4])} {account[2]}", fold(f"{account[4]} {account[3]}"), at if sent else None,
            filed if sent else None, planned, ready, until, gone, reason,
        )


def midnight(at: datetime) -> datetime:
    """00:00 in Guayaquil of that day, in UTC."""
    return at.replace(hour=5, minute=0, second=0, microsecond=0)


def _estado(rng: random.Random, left: int, recent: int) -> Estado:
    """Of the last requests some are on their way; the older ones are over, except forgotten drafts."""
    if left >= recent:
        return Estado.BORRADOR if rng.random() < 0.003 else Estado.ELIMINADA
    share = rng.random()
    for limit, estado in ((0.08, Estado.BORRADOR), (0.22, Estado.ENVIADA), (0.40, Estado.APROBADA), (0.402, Estado.EN_EJECUCION), (0.405, Estado.DETENIDA), (0.75, Estado.ATENDIDA)):
        if share < limit:
            return estado
    return Estado.ELIMINADA


EXECUTED = (Estado.EN_EJECUCION, Estado.DETENIDA, Estado.ATENDIDA, Estado.ELIMINADA)
RUN = {Estado.EN_EJECUCION: EjecucionEstado.EN_CURSO, Estado.DETENIDA: EjecucionEstado.DETENIDA}


def runs(rows: Iterable[tuple]) -> tuple[list[tuple], list[tuple], list[tuple]]:
    """Ejecuciones, Partes and Entregas of the requests of the last year (those before have been tidied away)."""
    rng = random.Random(4)
    made: tuple[list[tuple], list[tuple], list[tuple]] = ([], [], [])
    for row in rows:
        if Estado(row[2]) not in EXECUTED or row[6] < NOW - timedelta(days=365):
            continue
        estado = RUN.get(Estado(row[2]), EjecucionEstado.PUBLICADA)
        number, missing = len(made[0]) + 1, rng.choice((0, 0, 0, 0, 0, 0, 0, 0, 1, 7))
        made[0].append((number, row[0], estado.value, 200, 200 - missing, missing, 10**8, row[6], row[6], row[21]))
        if row[2] == Estado.ATENDIDA.value:
            made[1].append((len(made[1]) + 1, number, 1, ParteTipo.DATOS.value, f"RESPALDO_{row[0]:06d}.zip", 10**8, "a" * 64, row[21]))
        if row[21] and rng.random() < 0.7:
            made[2].append((len(made[2]) + 1, row[0], row[21].date(), row[12], row[11], row[5], row[21]))
    return made


STEPS = ("create", "send", "approve", "start", "finish", "download", "deliver", "expire")


def events(size: Size, first: int, last: int) -> Iterator[tuple]:
    """Recorrido rows of the requests first…last; the middle one of all has a Recorrido of 500."""
    step = (NOW - START) / size.requests
    for n in range(first, last + 1):
        at, previous = START + step * n, ""
        count = 500 if n == size.requests // 2 else size.events
        for order in range(1, count + 1):
            mark = hashlib.sha256(b"%d %d" % (n, order)).hexdigest()
            yield n, order, at + timedelta(hours=order), SGE + 1 + n % size.institutions, STEPS[order % 8], Estado.ELIMINADA.value, "", "{}", previous, mark
            previous = mark


COLUMNS: dict[Any, str] = {
    Institucion: "id quipux_codi ruc nombre sigla telefono direccion correo activa",
    Usuario: "id cedula correo nombre apellido creado",
    Nombramiento: "id usuario_id institucion_id cargo desde",
    Cuenta: "id quipux_codi cedula nombre apellido puesto area institucion_id correos activa inactiva_desde busqueda apellido_plegado",
    Solicitud: "id clase estado institucion_id cuenta_id creada_por_id fecha_solicitud editada_en editada_por_id desde hasta persona_cedula "
               "persona_nombre persona_apellido persona_puesto persona_area busqueda apellido_plegado enviada_en enviada_por_id fecha_tentativa "
               "generada_en vigente_hasta eliminada_en motivo",
    Ejecucion: "id solicitud_id estado encontrados incluidos con_novedad bytes_total creada_en iniciada_en terminada_en",
    Parte: "id ejecucion_id numero tipo nombre bytes sha256 publicada_en",
    Entrega: "id solicitud_id fecha recibe_nombre recibe_cedula registrada_por_id registrada_en",
    Evento: "solicitud_id orden en actor_id accion estado comentario datos previo hash",
}


class Loader:
    """Writes rows the fast way of each database. Columns that the generator does not name get the model's own default."""

    def __init__(self, engine: Engine):
        self.engine, self.sqlite = engine, engine.dialect.name == "sqlite"

    def load(self, kind: type[Base], rows: Iterable[tuple]) -> None:
        names = COLUMNS[kind].split()
        rest = {c.name: self._plain(c.default.arg) for c in kind.__table__.columns
                if c.name not in names and not c.nullable and c.default is not None and c.default.is_scalar}
        rest |= {c.name: "{}" if c.default.arg.__name__ == "dict" else "[]" for c in kind.__table__.columns
                 if c.name not in names and not c.nullable and c.default is not None and c.default.is_callable}
        columns, tail = [*names, *rest], tuple(rest.values())
        raw = self.engine.raw_connection()
        try:
            stream = (tuple(map(self._plain, row)) + tail for row in rows)
            if self.sqlite:
                sql = f"INSERT INTO {kind.__tablename__} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
                while chunk := list(islice(stream, CHUNK)):
                    raw.cursor().executemany(sql, chunk)
            else:
                with raw.cursor().copy(f"COPY {kind.__tablename__} ({', '.join(columns)}) FROM STDIN") as copy:
                    for row in stream:
                        copy.write_row(row)
            raw.commit()
        finally:
            raw.close()

    def _plain(self, value: Any) -> Any:
        if not self.sqlite:
            return value
        # As models.UTCDateTime writes them.
        return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value.isoformat() if isinstance(value, date) else value

    def bare(self) -> None:
        """PostgreSQL: put the definitions of the indexes aside until `finish`. Built from all rows they take a minute, kept right row by
        row half an hour."""
        if self.sqlite:
            return
        raw = self.engine.raw_connection()
        raw.execute("CREATE TABLE IF NOT EXISTS bench_indexes AS SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
                    "AND indexdef NOT LIKE 'CREATE UNIQUE%'")
        for (name,) in raw.execute("SELECT indexname FROM bench_indexes").fetchall():
            raw.execute(f"DROP INDEX IF EXISTS {name}")
        raw.commit()
        raw.close()

    def _indexes(self, raw: Any) -> None:
        raw.execute("SET maintenance_work_mem = '1GB'")
        for (definition,) in raw.execute("SELECT indexdef FROM bench_indexes").fetchall():
            raw.execute(definition)
        raw.execute("DROP TABLE bench_indexes")

    def finish(self) -> None:
        """Sequences after the last id, statistics for the planner, as after any large import; PostgreSQL's indexes."""
        raw = self.engine.raw_connection()
        raw.commit()
        if self.sqlite:
            raw.isolation_level = None
            raw.execute("ANALYZE")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            raw.driver_connection.autocommit = True  # type: ignore[union-attr]
            self._indexes(raw)
            for kind in COLUMNS:
                raw.execute(f"SELECT setval(pg_get_serial_sequence('{kind.__tablename__}', 'id'), (SELECT max(id) FROM {kind.__tablename__}))")
            raw.execute("VACUUM ANALYZE")
        raw.close()


def stages(loader: Loader, size: Size) -> dict[str, Any]:
    """Name → task, in their order. Each is done in a couple of minutes at most."""

    def base() -> None:
        people, held = offices(size)
        for kind, rows in ((Institucion, institutions(size)), (Usuario, people), (Nombramiento, held), (Cuenta, accounts(size))):
            loader.load(kind, rows)

    def filed() -> None:
        loader.load(Solicitud, requests(size, list(accounts(size))))

    def produced() -> None:
        made = runs(requests(size, list(accounts(size))))
        for kind, rows in zip((Ejecucion, Parte, Entrega), made):
            loader.load(kind, rows)

    part = -(-size.requests // 4)
    trail = {f"trail{i + 1}": (lambda i=i: loader.load(Evento, events(size, i * part + 1, min(size.requests, (i + 1) * part)))) for i in range(4)}
    return {"bare": loader.bare, "base": base, "filed": filed, "produced": produced, **trail, "finish": loader.finish}


def build(url: str, size: Size) -> dict[str, float]:
    """Fill an empty database; seconds of each stage."""
    return {name: _timed(task) for name, task in stages(Loader(create_engine(database_url(url))), size).items()}


def _timed(task) -> float:
    begun = time.perf_counter()
    task()
    return round(time.perf_counter() - begun, 1)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--url", required=True, help="of a database with our tables and no rows")
    options.add_argument("--small", action="store_true")
    options.add_argument("--stage", help="one stage alone: bare, base, filed, produced, trail1 … trail4, finish")
    given = options.parse_args()
    size = SMALL if given.small else WHOLE
    if given.stage:
        print(json.dumps({given.stage: _timed(stages(Loader(create_engine(database_url(given.url))), size)[given.stage])}))
    else:
        print(json.dumps(build(given.url, size)))


if __name__ == "__main__":
    main()
