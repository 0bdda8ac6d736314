"""Bytes on their way to a client, and the note of how many left.

The request is over when its body is sent: its session has been given back, so that a download of an hour holds no
connection to the database. Notes are written in a context and a transaction of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

NOTE_EVERY = 3.0  # seconds


class Sending:
    """A WSGI body. A chunk counts once the server asks for the next one: only then has it taken the one before.

    An object and not a generator: `close` must reach the storage's file even when nothing was ever read.
    `note(end)` is called in an application context, at most every few seconds and at the end."""

    def __init__(self, app: Flask, chunks: Generator[bytes] | Iterator[bytes], start: int, note: Callable[[int], None] | None):
        self._app, self._chunks, self._note = app, chunks, note
        self._end = self._noted = start
        self._handed = 0
        self._last = time.monotonic()

    def __iter__(self) -> Sending:
        return self

    def __next__(self) -> bytes:
        self._end += self._handed
        self._handed = 0
        if time.monotonic() - self._last >= NOTE_EVERY:
            self._write()
        chunk = next(self._chunks)
        self._handed = len(chunk)
        return chunk

    def close(self) -> None:
        if close := getattr(self._chunks, "close", None):
            close()
        self._write()

    def _write(self) -> None:
        self._last = time.monotonic()
        if self._note is None or self._end == self._noted:
            return
        try:
            with self._app.app_context():
                self._note(self._end)
            self._noted = self._end
        except SQLAlchemyError:
            # The citizen's bytes matter more than our note of them: the next note carries these too.
            self._app.logger.exception("bytes sent could not be noted")
