"""The fixture Quipux on a PostgreSQL: transactional database, bodega and folder, as an installation's settings would name them."""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from sources import Quipux
from tests.pg import Server
from tests.sources import cases

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True, slots=True)
class Installation:
    """Where a Quipux is: what the settings would say."""

    quipux_url: str
    bodega_url: str
    bodega_dir: Path

    @property
    def settings(self) -> dict[str, str]:
        return {"QUIPUX_URL": self.quipux_url, "BODEGA_URL": self.bodega_url, "BODEGA_DIR": str(self.bodega_dir)}

    def open(self, **options) -> Quipux:
        return Quipux.from_config(self.settings | options)


def install(server: Server, root: Path, *, quipux: str = "quipux", bodega: str = "bodega") -> Installation:
    """Two new databases, whose sessions start in UTC, with the fixture and the cases of `tests.sources.cases`."""
    root.mkdir(parents=True)
    urls = [server.create_database(name, timezone="UTC") for name in (quipux, bodega)]
    with psycopg.connect(server.dsn(quipux)) as documents, psycopg.connect(server.dsn(bodega)) as files:
        for connection, names in ((documents, ("01_quipux_min_ddl", "03_seed")), (files, ("02_bodega_min_ddl", "05_bodega_seed"))):
            for name in names:
                connection.execute((SQL / f"{name}.sql").read_text("utf-8"))
        cases.load(documents, files, root)
    return Installation(*urls, root)
