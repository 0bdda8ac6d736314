"""Settings: what is missing or contradictory fails at the start, with a sentence that says what to do."""

from __future__ import annotations

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

import config

KEY = "x" * 32


@pytest.fixture
def load(tmp_path):
    return lambda **env: config.load({"RESPALDOS_DATA": str(tmp_path), **env})


@pytest.mark.parametrize("env", [{}, {"SECRET_KEY": ""}, {"SECRET_KEY": "corta"}])
def test_production_needs_a_secret(load, env, tmp_path):
    with pytest.raises(config.ConfigError, match="SECRET_KEY"):
        load(RESPALDOS_ENV="production", **env)
    assert not (tmp_path / "secret_key").exists(), "a platform's disk is not the place for it"
    assert load(RESPALDOS_ENV="production", SECRET_KEY=KEY)["SECRET_KEY"] == KEY


def test_on_one_machine_the_secret_is_made_once_and_kept_private(load, tmp_path):
    first = load()["SECRET_KEY"]
    assert len(first) >= 32 and load()["SECRET_KEY"] == first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_processes_that_start_together_have_one_secret(tmp_path):
    for turn in range(50):
        data, together = tmp_path / str(turn), threading.Barrier(8)

        def start(_):
            together.wait(10)
            return config.load({"RESPALDOS_DATA": str(data)})["SECRET_KEY"]

        with ThreadPoolExecutor(8) as pool:
            (key,) = set(pool.map(start, range(8)))
        assert len(key) == 64 and [p.name for p in data.iterdir()] == ["secret_key"]


def test_an_empty_secret_signs_nothing(load, tmp_path):
    (tmp_path / "secret_key").write_text("\n")
    with pytest.raises(config.ConfigError, match="secret_key está vacío"):
        load()
    assert load(SECRET_KEY=KEY)["SECRET_KEY"] == KEY


@pytest.mark.parametrize(
    "real",
    [
        {"DATABASE_URL": "postgres://u@h/d"}, {"QUIPUX_URL": "postgres://u@h/q"}, {"RESPALDOS_ENV": "production", "SECRET_KEY": KEY},
        {"MAIL_SERVER": "smtp.gobiernoelectronico.gob.ec"}, {"MAIL_SERVER": "10.0.0.5"},
    ],
)  # fmt: skip
def test_the_demo_is_refused_beside_anything_real(load, real):
    with pytest.raises(config.ConfigError, match=next(iter(real))):
        load(RESPALDOS_DEMO="1", **real)


@pytest.mark.parametrize("server", ["", "localhost", "127.0.0.1", "::1"])
def test_the_demo_may_mail_to_this_machine(load, server):
    settings = load(RESPALDOS_DEMO="1", MAIL_SERVER=server)
    assert settings["DEMO"] and settings["SOURCE_MAX_MB_S"] == 4


def test_nobody_is_in_the_demo_by_accident(load):
    assert not load()["DEMO"] and not load(RESPALDOS_DEMO="0")["DEMO"]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_driver_is_named(load, scheme):
    assert load(DATABASE_URL=f"{scheme}://u:p@h/d?x=1")["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://u:p@h/d?x=1"


def test_without_a_database_it_is_sqlite_in_the_data_folder(load, tmp_path):
    assert load()["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path / 'respaldos.sqlite'}"


@pytest.mark.parametrize(
    ("text", "shift"), [("+5d", timedelta(days=5)), ("3h", timedelta(hours=3)), ("-90m", timedelta(minutes=-90)), ("", timedelta())]
)
def test_the_demos_clock_moves(load, text, shift):
    assert load(RESPALDOS_DEMO="1", RESPALDOS_CLOCK=text)["CLOCK_OFFSET"] == shift


@pytest.mark.parametrize("text", ["mañana", "5", "+5w", "5d3h"])
def test_a_clock_that_is_not_understood_is_refused(load, text):
    with pytest.raises(config.ConfigError, match="RESPALDOS_CLOCK"):
        load(RESPALDOS_DEMO="1", RESPALDOS_CLOCK=text)


def test_no_other_clock_moves(load):
    with pytest.raises(config.ConfigError, match="RESPALDOS_CLOCK"):
        load(RESPALDOS_CLOCK="+5d")


def test_a_number_that_is_none_names_its_setting(load):
    with pytest.raises(config.ConfigError, match="PART_SIZE.*«grande»"):
        load(PART_SIZE="grande")


@pytest.mark.parametrize(("name", "value"), [("CAPACITY_DOCUMENTS", "0"), ("CAPACITY_BYTES", "-5"), ("INSTITUTION_QUOTA", "0")])
def test_a_capacity_of_nothing_stops_the_start(load, name, value):
    with pytest.raises(config.ConfigError, match=f"{name} .*«{value}»"):
        load(**{name: value})


def test_a_real_quipux_brings_no_files_of_the_demo(load):
    settings = load(QUIPUX_URL="postgresql://lector@quipux/quipux")
    assert (settings["BODEGA_URL"], settings["BODEGA_DIR"], settings["SOURCE_MAX_MB_S"]) == ("", "", 0)


def test_cookies_are_secure_where_the_address_is(load):
    assert not load()["SESSION_COOKIE_SECURE"]
    settings = load(PUBLIC_URL="https://respaldos.gob.ec/")
    assert settings["SESSION_COOKIE_SECURE"] and settings["PUBLIC_URL"] == "https://respaldos.gob.ec"
