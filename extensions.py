"""Instances of the libraries, without logic: made here, bound to the app in app.py."""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

import redis
from flask import Flask, current_app
from flask_login import LoginManager
from flask_mail import Mail
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry
from rq import Queue
from sqlalchemy import Engine, MetaData, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase
from werkzeug.local import LocalProxy

class Base(DeclarativeBase):
    """Constraint names are fixed, so that a migration can name what it changes."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)
login = LoginManager()
mail = Mail()
csrf = CSRFProtect()

_read_only: ContextVar[bool] = ContextVar("read_only", default=False)


def defer_migrations(app: Flask) -> None:
    """Flask-Migrate, and Alembic with it, when its part of the application is asked for (by `flask db`, by flask_migrate.upgrade): they
    take 9 MB, and a web process never does."""

    def made():
        from flask_migrate import Migrate

        # It takes the place of the proxy.
        Migrate(render_as_batch=True).init_app(app, db)
        return app.extensions["migrate"]

    app.extensions["migrate"] = LocalProxy(made)


@contextmanager
def reading():
    """Inside, transactions only read, and the database refuses to write; SQLite's do not take the write lock at their start."""
    token = _read_only.set(True)
    try:
        yield
    finally:
        _read_only.reset(token)


class HintingCompiler(SQLiteCompiler):
    """`with_hint(table, "INDEXED BY …")`, which SQLAlchemy writes for other databases only. SQLite's planner does not know how
    many rows a range holds: lists say themselves which index they mean (services.listing)."""

    def get_from_hint_text(self, table, text):
        return text


READS, LEFT = "reads", "left"
# Seconds.
TRUSTED = 1.0
# An execution option: this statement is asked so often that PostgreSQL keeps its plan (see `_prepared`).
PREPARED = "prepared"
# As often as that a statement has to be asked before psycopg prepares it by itself; None would forbid it altogether.
NEVER = 1 << 30


def tune(engine: Engine) -> None:
    """Make SQLite behave under several processes, and PostgreSQL answer short questions. Only for our own database: Quipux's
    connections are read-only and are the business of sources/."""
    if engine.dialect.name == "sqlite":
        engine.dialect.statement_compiler = HintingCompiler
        event.listen(engine, "connect", _connect)
        event.listen(engine, "begin", _begin)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _connect_postgresql)
        event.listen(engine, "checkin", _left)
        event.listen(engine, "checkout", partial(_ready, engine))
        event.listen(engine, "do_execute", _prepared)


def _connect(connection, _record) -> None:
    # The driver's own transactions begin too late and lose concurrent updates silently: we say BEGIN ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("busy_timeout=15000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection) -> None:
    # A transaction that reads first and writes later cannot wait for the lock (its snapshot is stale): writers queue
    # at BEGIN instead. Requests that only read stay out of that queue.
    reads, driver = _read_only.get(), connection.connection.driver_connection
    # Said only when it changes: SQLite forgets all its prepared statements at it.
    if connection.info.get(READS) is not reads:
        driver.execute(f"PRAGMA query_only={int(reads)}")
        connection.info[READS] = reads
    driver.execute("BEGIN" if reads else "BEGIN IMMEDIATE")


def _connect_postgresql(connection, _record) -> None:
    # A search of 10 ms was compiled for 100 ms: its plan looks costly, because words are rechecked only when memory is short.
    connection.execute("SET jit = off")
    connection.commit()
    connection.prepare_threshold = NEVER


def _left(_connection, record) -> None:
    record.info[LEFT] = time.monotonic()


def _ready(engine: Engine, connection, record, _proxy) -> None:
    """The connection is there (as by the pool's `pre_ping`), and reads only, or writes. Who only reads, and can ask again, believes
    one that was used a moment ago; and has a transaction for each statement, at the level (READ COMMITTED) at which one for all of them would
    see no more: asking, BEGIN and COMMIT were half of the questions of a key stroke."""
    reads = _read_only.get()
    try:
        if record.info.get(READS) is not reads:
            connection.autocommit = True
            connection.execute(f"SET default_transaction_read_only = {'on' if reads else 'off'}")
            connection.autocommit = reads
            record.info[READS] = reads
        elif not reads or time.monotonic() - record.info.get(LEFT, -TRUSTED) > TRUSTED:
            engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as gone:
        raise InvalidatePoolError() from gone


def _prepared(cursor, statement, parameters, context) -> bool:
    """Statements with the option PREPARED are prepared at once, so that they are planned a few times instead of each time. The others
    never: a plan for any dates would not do for the dates of a list."""
    if PREPARED in context.execution_options:
        cursor.execute(statement, parameters, prepare=True)
        return True
    return False


def redis_connection(*, retries: int = 1) -> redis.Redis:
    """A connection to the queue server. `retries`: a worker outlives a restart of it (20), a page does not wait for it."""
    return redis.Redis.from_url(
        current_app.config["REDIS_URL"],
        retry=Retry(ExponentialWithJitterBackoff(base=0.2, cap=3), retries),
        health_check_interval=30,
        socket_timeout=20,
        socket_connect_timeout=2,
    )


def queue(name: str) -> Queue:
    return Queue(name, connection=redis_connection(), serializer="json")
