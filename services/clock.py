"""The one clock of every process. In the demo it can be moved (RESPALDOS_CLOCK); tests move it with `frozen`."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime

from flask import current_app

from rules.deadlines import local_day

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def now() -> datetime:
    """The present instant, aware, UTC."""
    return _frozen.get() or datetime.now(UTC) + current_app.config["CLOCK_OFFSET"]


def today() -> date:
    """The present day in Guayaquil."""
    return local_day(now())


@contextmanager
def frozen(instant: datetime):
    """Inside, `now()` is `instant`: for tests and `sweep --now` in the demo."""
    token = _frozen.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)
