"""One Quipux, twice: on a real PostgreSQL (sessions that start in UTC) and on its SQLite twin."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from sources import Quipux
from tests.pg import NoPostgres, Server, find_binaries, postgres_server
from tests.sources import cases
from tests.sources.twin import make_twin

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True, slots=True)
class Installation:
    """Where a Quipux is: what the settings would say."""

    quipux_url: str
    bodega_url: str
    bodega_dir: Path

    def open(self, **options) -> Quipux:
        config = {"QUIPUX_URL": self.quipux_url, "BODEGA_URL": self.bodega_url, "BODEGA_DIR": str(self.bodega_dir)}
        return Quipux.from_config(config | options)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    try:
        find_binaries()
    except NoPostgres as error:
        if os.environ.get("REQUIRE_POSTGRES") == "1":
            raise
        pytest.skip(str(error))
    with postgres_server() as running:
        yield running


@pytest.fixture(scope="session")
def on_postgres(server, tmp_path_factory) -> Installation:
    root = tmp_path_factory.mktemp("quipux") / "bodega"
    root.mkdir()
    urls = [server.create_database(name, timezone="UTC") for name in ("quipux", "bodega")]
    with psycopg.connect(server.dsn("quipux")) as quipux, psycopg.connect(server.dsn("bodega")) as bodega:
        for connection, names in ((quipux, ("01_quipux_min_ddl", "03_seed")), (bodega, ("02_bodega_min_ddl", "05_bodega_seed"))):
            for name in names:
                connection.execute((SQL / f"{name}.sql").read_text("utf-8"))
        cases.load(quipux, bodega, root)
    return Installation(*urls, root)


@pytest.fixture(scope="session")
def on_sqlite(on_postgres, server, tmp_path_factory) -> Installation:
    folder = tmp_path_factory.mktemp("twin")
    for name in ("quipux", "bodega"):
        make_twin(server.dsn(name), folder / f"{name}.sqlite")
    return Installation(f"sqlite:///{folder}/quipux.sqlite", f"sqlite:///{folder}/bodega.sqlite", on_postgres.bodega_dir)


@pytest.fixture(scope="session", params=["postgresql", "sqlite"])
def installation(request) -> Installation:
    return request.getfixturevalue({"postgresql": "on_postgres", "sqlite": "on_sqlite"}[request.param])


@pytest.fixture(scope="session")
def quipux(installation) -> Iterator[Quipux]:
    reader = installation.open()
    yield reader
    reader.close()
