"""Reading a Quipux of 2 000 000 documents: selection against the public loader's LIKE, estimate, search as one types, mirror.

    .venv/bin/python -m bench.quipux [--small] [--json] [--rounds N]

A PostgreSQL of its own is started, filled by itself (bench.quipux_data) and thrown away."""

from __future__ import annotations

import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

import psycopg
from flask import Flask

import config
from app import create_app
from bench import quipux_data as data
from bench.measure import alternate, clocked, finish, parser, peak, percentile, ratio
from extensions import db
from models import Institucion
from services import clock, mirror, petition_index
from services.adapters import quipux
from sources import Quipux, selection
from tests.pg import Server, postgres_server

NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)
RANGE = (date(2015, 1, 1), date(2026, 11, 17))
# Hot caches on both sides: what is compared is the work, not the disk.
SERVER = {"shared_buffers": "1GB", "max_wal_size": "4GB"}
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


def selections(dsn: str, source: Quipux, rounds: int) -> dict:
    """Ours against LIKE, for the person with 50 000 documents and for one with a handful."""
    figures: dict = {}
    with psycopg.connect(dsn, autocommit=True) as plain:
        for who, codi in (("grande", data.PERSON), ("corriente", str(data.FIRST_USER + 9))):
            query = like(codi)
            contenders = {"nuestra": lambda c=codi: clocked(lambda: selected(source, c)), "like": lambda q=query: clocked(lambda: plain.execute(q).fetchall())}
            alternate(contenders, 1)  # warm
            times = alternate(contenders, rounds)
            figures |= {f"seleccion_{who}_s": median(times["nuestra"]), f"like_{who}_s": median(times["like"]),
                        f"razon_{who}": ratio(times["like"], times["nuestra"])}  # fmt: skip
    figures["documentos"] = selected(source, data.PERSON)
    return figures


def estimates(source: Quipux, rounds: int) -> dict:
    source.count(data.PERSON, *RANGE)
    return {
        "cuenta_s": median(clocked(lambda: source.count(data.PERSON, *RANGE)) for _ in range(rounds)),
        "tamano_s": median(clocked(lambda: source.size(data.PERSON, *RANGE)) for _ in range(rounds)),
    }


def mirrors() -> dict:
    """First load and a run without changes. `memoria`: peak of this process, bytes, the application included."""
    first = perf_counter()
    seen = mirror.refresh(quipux())
    again = perf_counter()
    mirror.refresh(quipux())
    return {"espejo_primero_s": again - first, "espejo_sin_cambios_s": perf_counter() - again, "cuentas": seen.escritas, "memoria": peak()}


def petitions(rounds: int) -> dict:
    with clock.frozen(NOW):
        first = perf_counter()
        copied = petition_index.refresh(quipux())
        figures = {"peticiones": copied.escritas, "peticiones_primero_s": perf_counter() - first}
        db.session.execute(db.text("analyze peticion"))
        db.session.commit()
    return figures | typing(rounds)


def typing(rounds: int) -> dict:
    """Milliseconds from a typed text to its 21 rows, what Quipux registered since included; texts in a seeded order."""
    with clock.frozen(NOW):
        place = db.session.query(Institucion).filter_by(quipux_codi=data.INSTITUTION).one()
        texts = list(TYPED) * (rounds + 1)
        Random(1).shuffle(texts)
        times = [clocked(lambda t=t: petition_index.search(quipux(), place, t, limit=21)) * 1000 for t in texts]
    return {"escribir_p50_ms": percentile(times[len(TYPED) :], 0.5), "escribir_p95_ms": percentile(times[len(TYPED) :], 0.95)}


def application(server: Server, folder: str) -> Flask:
    """Our site on a database of its own beside that Quipux."""
    url = server.create_database("respaldos")
    app = create_app(config.load({
        "DATABASE_URL": url, "QUIPUX_URL": server.url("quipux"), "BODEGA_URL": server.url("bodega"), "BODEGA_DIR": f"{folder}/bodega",
        "RESPALDOS_DATA": folder, "SECRET_KEY": "solo-para-medir-" * 3,
    }))  # fmt: skip
    done = app.test_cli_runner().invoke(args=["db", "upgrade"])
    if done.exit_code:
        raise RuntimeError(done.output)
    return app


@contextmanager
def prepared(scale: data.Scale):
    """(server, application, seconds it took to make the data)."""
    with tempfile.TemporaryDirectory() as folder, postgres_server(**SERVER) as server:
        for name in ("quipux", "bodega"):
            server.create_database(name)
        made = clocked(lambda: data.make(server.dsn("quipux"), server.dsn("bodega"), scale))
        (Path(folder) / "bodega").mkdir()
        (Path(folder) / "bodega" / "2015").mkdir()  # an empty folder would be one that is not mounted
        app = application(server, folder)
        with app.app_context():
            yield server, app, made
            db.session.remove()
            db.engine.dispose()
            quipux().close()


def rows(f: dict) -> list[tuple[str, str, str]]:
    return [
        ("selección, 50 000 documentos", f"{f['seleccion_grande_s']:.2f} s", "≤ 1 s"),
        ("  LIKE del cargador público", f"{f['like_grande_s']:.2f} s ({f['razon_grande']:.1f}×)", "≥ 10×"),
        ("selección, una persona corriente", f"{f['seleccion_corriente_s'] * 1000:.1f} ms", ""),
        ("  LIKE del cargador público", f"{f['like_corriente_s']:.2f} s ({f['razon_corriente']:.0f}×)", "≥ 10×"),
        ("estimación, cuenta exacta", f"{f['cuenta_s'] * 1000:.0f} ms", "≤ 300 ms"),
        ("estimación, tamaño", f"{f['tamano_s']:.2f} s", "≤ 2 s"),
        ("peticiones al escribir, p50 / p95", f"{f['escribir_p50_ms']:.0f} / {f['escribir_p95_ms']:.0f} ms", "≤ 50 ms"),
        (f"copia de {f['peticiones']} peticiones", f"{f['peticiones_primero_s']:.0f} s", ""),
        (f"espejo de {f['cuentas']} cuentas, primero", f"{f['espejo_primero_s']:.0f} s", "≤ 300 s"),
        ("espejo sin cambios", f"{f['espejo_sin_cambios_s']:.1f} s", "≤ 20 s"),
        ("memoria máxima", f"{f['memoria'] / 1e6:.0f} MB", "constante"),
        ("preparar los datos", f"{f['datos_s']:.0f} s", ""),
    ]


def main(argv: list[str] | None = None) -> None:
    options = parser(__doc__).parse_args(argv)
    with prepared(data.SMALL if options.small else data.FULL) as (server, _app, made):
        figures = {"datos_s": made} | mirrors() | petitions(options.rounds) | selections(server.dsn("quipux"), quipux(), options.rounds)
        figures |= estimates(quipux(), options.rounds)
    finish(options, figures, rows(figures))


if __name__ == "__main__":
    main(sys.argv[1:])
