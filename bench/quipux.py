"""Reading a Quipux of 2 000 000 documents: selection against the public loader's LIKE, estimate, search as one types, mirror.

    .venv/bin/python -m bench.quipux [--small] [--central] [--json] [--rounds N] [--folder DIR] [--only NAMES]

A PostgreSQL of its own is started, filled by itself (bench.quipux_data) and thrown away, or kept in DIR for the next time."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

import psycopg

from bench import quipux_data as data, quipux_streams
from bench.measure import alternate, clocked, finish, parser, peak, percentile, ratio
from bench.quipux_site import corpus, site
from extensions import db
from models import Institucion
from services import clock, mirror, petition_index
from services.adapters import quipux
from sources import Quipux, selection
from tests.pg import Server

NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)
RANGE = (date(2015, 1, 1), date(2026, 11, 17))
# Where many institutions share one Quipux. The person has as many documents as in data.FULL.
CENTRAL = data.Scale(16_000_000, 1_000_000, 320)
# People with a handful of documents, one account in so many.
ORDINARY = 40
TYPED = ("solicitud", "sol", "respaldo permiso", "quishpe", "quis", "maria lema", "certificado", "lema77", "zzz", "nau", "auditoria 19",
         "andrade12", "rosa anca", "m1 d25 2026", "ivan paredes", "contrato numero 999", "toapanta9")  # fmt: skip


def like(codi: str) -> str:
    """The selection as the public loader asks for it, in our words: LIKE over the participant lists, one date expression each.
    It gives bandeja and id only: no reasons, nothing of confidentiality."""
    day = "case when radi_nume_temp::text like '%0' then radi_fech_ofic else radi_fech_radi end"
    inside = f"({day})::date between '{RANGE[0]}' and '{RANGE[1]}'"
    event = "from radicado r, hist_eventos h where h.radi_nume_radi = r.radi_nume_radi and esta_codi in (0, 2, 3, 6)"
    return " union ".join((
        f"select 1 as bandeja, radi_nume_radi, {day} as fecha from radicado where radi_usua_rem like '%-{codi}-%'"
        f" and radi_nume_radi::text like '%0' and esta_codi in (0, 3, 6) and {inside}",
        f"select 1, r.radi_nume_radi, {day} {event} and sgd_ttr_codigo = 9 and usua_codi_ori = {codi} and {inside}",
        f"select 2, radi_nume_radi, {day} from radicado where (radi_usua_dest like '%-{codi}-%' or radi_cca like '%-{codi}-%')"
        f" and radi_nume_radi::text like '%1' and esta_codi in (0, 2) and {inside}",
        f"select 2, r.radi_nume_radi, {day} {event} and sgd_ttr_codigo in (9, 10) and usua_codi_dest = {codi} and {inside}",
        f"select 2, r.radi_nume_radi, {day} {event} and sgd_ttr_codigo = 8 and usua_codi_dest = {codi} and {inside}",
    )) + " order by 3"  # fmt: skip


def selected(source: Quipux, codi: str) -> int:
    """The whole selection as a run reads it: ids, trays, reasons, reserve, number and subject, in order. How many rows."""
    with source._connection() as connection:
        return sum(1 for _ in selection.entries(connection, source._dialect, source._query(connection, codi, *RANGE)))


def selections(server: Server, source: Quipux, scale: data.Scale, rounds: int) -> dict:
    """Ours against LIKE: the person with 50 000 documents, a working life of 2 000, and people with a handful.

    LIKE runs on the schema's own indexes, with the parallel workers that PostgreSQL gives it and our cursor does not get; once
    more without them, as versions before 9.6 do, and without the trigram index, where that extension was never installed."""
    figures: dict = {}
    with psycopg.connect(server.dsn("quipux"), autocommit=True) as plain:
        for who, codi in (("grande", data.PERSON), ("laboral", data.WORKING)):
            contenders = {"nuestra": lambda c=codi: clocked(lambda: selected(source, c)), "like": lambda c=codi: _like(plain, c)}
            alternate(contenders, 1)  # warm
            figures |= _compared(who, alternate(contenders, rounds))
        step = scale.usuarios // ORDINARY
        people = [str(data.FIRST_USER + 9 + n * step) for n in range(ORDINARY)]
        turns = [alternate({"nuestra": lambda c=c: clocked(lambda: selected(source, c)), "like": lambda c=c: _like(plain, c)}, 1) for c in people]
        figures |= _compared("corriente", {name: [turn[name][0] for turn in turns] for name in ("nuestra", "like")})
        figures["corriente_peor_s"] = max(turn["nuestra"][0] for turn in turns)
        figures |= _older(plain, rounds)
    return figures | {"documentos": selected(source, data.PERSON), "documentos_laboral": selected(source, data.WORKING)}


def _like(connection: psycopg.Connection, codi: str) -> float:
    return clocked(lambda: connection.execute(like(codi)).fetchall())


def _compared(who: str, times: dict[str, list[float]]) -> dict:
    return {f"seleccion_{who}_s": median(times["nuestra"]), f"like_{who}_s": median(times["like"]), f"razon_{who}": ratio(times["like"], times["nuestra"])}


def _older(connection: psycopg.Connection, rounds: int) -> dict:
    """The loader's LIKE for the person with 50 000 documents on one process, and there without its trigram index."""
    with connection.transaction(force_rollback=True):
        connection.execute("set local max_parallel_workers_per_gather = 0")
        alone = median(_like(connection, data.PERSON) for _ in range(rounds))
        connection.execute("drop index " + connection.execute(
            "select indexname from pg_indexes where tablename = 'radicado' and indexdef like '%gin_trgm_ops%'"
        ).fetchone()[0])  # fmt: skip
        return {"like_grande_un_proceso_s": alone, "like_grande_sin_trigramas_s": median(_like(connection, data.PERSON) for _ in range(rounds))}


def estimates(source: Quipux, rounds: int) -> dict:
    source.count(data.PERSON, *RANGE)
    return {
        "cuenta_s": median(clocked(lambda: source.count(data.PERSON, *RANGE)) for _ in range(rounds)),
        "tamano_s": median(clocked(lambda: source.size(data.PERSON, *RANGE)) for _ in range(rounds)),
    }


def mirrors(kind: str) -> dict:
    """First load and a run without changes. `memoria`: peak of this process, bytes, the application included."""
    first = perf_counter()
    seen = mirror.refresh(quipux())
    again = perf_counter()
    same = mirror.refresh(quipux())
    assert not same.cambiados
    return {f"espejo_{kind}_s": again - first, f"espejo_{kind}_sin_cambios_s": perf_counter() - again, "cuentas": seen.escritas, f"memoria_{kind}": peak()}


def petitions(rounds: int) -> dict:
    with clock.frozen(NOW):
        first = perf_counter()
        copied = petition_index.refresh(quipux())
        figures = {"peticiones": copied.vistas, "peticiones_primero_s": perf_counter() - first}
        again = perf_counter()
        petition_index.refresh(quipux())
        figures["peticiones_sin_cambios_s"] = perf_counter() - again
    return figures | typing(rounds)


def typing(rounds: int) -> dict:
    """Milliseconds from a typed text to its 21 rows, what Quipux registered since included; texts in a seeded order."""
    with clock.frozen(NOW):
        place = db.session.query(Institucion).filter_by(quipux_codi=data.INSTITUTION).one()
        texts = list(TYPED) * (rounds + 1)
        Random(1).shuffle(texts)
        times = [clocked(lambda t=t: petition_index.search(quipux(), place, t, limit=21)) * 1000 for t in texts]
    return {"escribir_p50_ms": percentile(times[len(TYPED) :], 0.5), "escribir_p95_ms": percentile(times[len(TYPED) :], 0.95)}


@contextmanager
def measures(options: argparse.Namespace) -> Iterator[dict[str, Callable[[], dict]]]:
    """What can be measured, by name, in the order of the work."""
    scale = data.SMALL if options.small else CENTRAL if options.central else data.FULL
    with corpus(scale, options.folder) as (server, folder, made):
        settings = {"QUIPUX_URL": server.url("quipux"), "BODEGA_URL": server.url("bodega"), "BODEGA_DIR": str(folder / "bodega")}
        source = Quipux.from_config(settings)

        def copies(database: str | None, kind: str) -> dict:
            with site(server, folder, database):
                return mirrors(kind) | (petitions(options.rounds) if kind == "postgres" else {})

        yield {
            "data": lambda: {"datos_s": made},
            "selection": lambda: selections(server, source, scale, options.rounds),
            "estimate": lambda: estimates(source, options.rounds),
            "sqlite": lambda: copies(f"sqlite:///{_new(folder / 'respaldos.sqlite')}", "sqlite"),
            "postgres": lambda: copies(None, "postgres"),
            "memory": lambda: quipux_streams.measured(settings, data.HUGE, *RANGE),
        }
        source.close()


def _new(path: Path) -> Path:
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    return path


def rows(f: dict) -> Iterator[tuple[str, str, str]]:
    """The table, of what was measured."""
    for name, text, goal in _ROWS:
        try:
            yield name.format(**f), text(f), goal
        except KeyError:
            continue


def _s(name: str) -> Callable[[dict], str]:
    return lambda f: f"{f[name]:.2f} s"


def _ms(name: str) -> Callable[[dict], str]:
    return lambda f: f"{f[name] * 1000:.1f} ms"


def _times(who: str) -> Callable[[dict], str]:
    return lambda f: f"{f[f'like_{who}_s']:.2f} s ({f[f'razon_{who}']:.1f}×)"


_ROWS: list[tuple[str, Callable[[dict], str], str]] = [
    ("selección, {documentos} documentos", _s("seleccion_grande_s"), "≤ 1 s"),
    ("  LIKE del cargador público", _times("grande"), "≥ 10×"),
    ("  … en un solo proceso", _s("like_grande_un_proceso_s"), ""),
    ("  … y sin índice de trigramas", _s("like_grande_sin_trigramas_s"), ""),
    ("selección, {documentos_laboral} documentos", _ms("seleccion_laboral_s"), ""),
    ("  LIKE del cargador público", _times("laboral"), "≥ 10×"),
    ("selección, personas corrientes", _ms("seleccion_corriente_s"), ""),
    ("  LIKE del cargador público", _times("corriente"), "≥ 10×"),
    ("estimación, cuenta exacta", _ms("cuenta_s"), "≤ 300 ms"),
    ("estimación, tamaño", _s("tamano_s"), "≤ 2 s"),
    ("espejo de {cuentas} cuentas a SQLite", _s("espejo_sqlite_s"), "≤ 300 s"),
    ("  sin cambios", _s("espejo_sqlite_sin_cambios_s"), "≤ 20 s"),
    ("espejo de {cuentas} cuentas a PostgreSQL", _s("espejo_postgres_s"), "≤ 300 s"),
    ("  sin cambios", _s("espejo_postgres_sin_cambios_s"), "≤ 20 s"),
    ("memoria máxima con el espejo", lambda f: f"{max(f.get('memoria_sqlite', 0), f['memoria_postgres']) / 1e6:.0f} MB", "constante"),
    ("copia de {peticiones} peticiones", _s("peticiones_primero_s"), ""),
    ("  sin cambios", _s("peticiones_sin_cambios_s"), ""),
    ("peticiones al escribir, p50 / p95", lambda f: f"{f['escribir_p50_ms']:.0f} / {f['escribir_p95_ms']:.0f} ms", "≤ 50 ms"),
    ("selección de {enorme_seleccion_documentos}, en corriente", _s("enorme_seleccion_s"), ""),
    ("  memoria que añade", lambda f: f"{f['enorme_seleccion_memoria'] / 1e6:.0f} MB", "constante"),
    ("plan de {enorme_plan_documentos} documentos", _s("enorme_plan_s"), ""),
    ("  memoria que añade", lambda f: f"{f['enorme_plan_memoria'] / 1e6:.0f} MB", "constante"),
    ("preparar los datos", _s("datos_s"), ""),
]


def main(argv: list[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--folder", type=Path, help="keep the data here, or use those that lie here from the last time")
    options.add_argument("--central", action="store_true", help="16 000 000 documents, as where many institutions share one Quipux")
    options.add_argument("--only", default="", help="of data, selection, estimate, sqlite, postgres, memory: with commas; default: all")
    chosen = options.parse_args(argv)
    figures: dict = {}
    with measures(chosen) as known:
        names = chosen.only.split(",") if chosen.only else list(known)
        if unknown := set(names) - set(known):
            raise SystemExit(f"nothing is called {', '.join(sorted(unknown))}")
        for name in names:
            figures |= known[name]()
    finish(chosen, figures, rows(figures))


if __name__ == "__main__":
    main(sys.argv[1:])
