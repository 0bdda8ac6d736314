"""One Quipux, twice: on a real PostgreSQL (sessions that start in UTC) and on its SQLite twin."""

import os
from collections.abc import Iterator

import pytest

from sources import Quipux
from tests.pg import NoPostgres, Server, find_binaries, postgres_server
from tests.sources.installing import Installation, install
from tests.sources.twin import make_twin

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
    return install(server, tmp_path_factory.mktemp("quipux") / "bodega")


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
