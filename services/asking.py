"""What Quipux says about one request, each thing asked once, and asked before anything is written.

On SQLite a transaction that may write holds the lock of the whole database from its beginning (docs/adr/0005): who waits for
Quipux inside one keeps everybody waiting. So a POST first says what it will want to know (`unlocked`), asks with no
transaction open, and hands what it heard to the use case. That asks for itself what nobody had asked before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any, TypeVar

from extensions import db, reading
from services import petitions
from services.adapters import quipux
from services.errors import NotFound
from sources import Count, Petition, Size, SourceAccount, SourceUnavailable

Answer = TypeVar("Answer")


class Heard:
    """Answers by question. When Quipux does not answer, it is not asked again: one time-out is enough."""

    def __init__(self) -> None:
        self._said: dict[tuple, Any] = {}
        self._silent: SourceUnavailable | None = None

    def account(self, codi: str) -> SourceAccount | None:
        """The account as Quipux has it this moment. This and the others raise sources.SourceUnavailable."""
        return self._once(("account", codi), lambda: quipux().account(codi))

    def measured(self, codi: str, desde: date, hasta: date) -> tuple[Count, Size]:
        """How many documents there are, exactly, and about how large."""
        return self._once(
            ("measured", codi, desde, hasta), lambda: (quipux().count(codi, desde, hasta), quipux().size(codi, desde, hasta))
        )

    def counted(self, codi: str, desde: date, hasta: date) -> Count:
        return self._once(("counted", codi, desde, hasta), lambda: quipux().count(codi, desde, hasta))

    def petition(self, inst_codi: str, codi: str) -> Petition:
        """The petition, if that institution may use it. Raises NotFound."""
        found = self._once(("petition", inst_codi, codi), lambda: petitions.read(inst_codi, codi))
        if found is None:
            raise NotFound
        return found

    def snapshot(self, inst_codi: str, codi: str) -> dict[str, Any]:
        """The petition as it is now, its file copied to our storage: the columns to write. Raises NotFound."""
        return petitions.columns(self.petition(inst_codi, codi)) | self._once(("copied", codi), lambda: petitions.copied(codi))

    def _once(self, question: tuple, ask: Callable[[], Answer]) -> Answer:
        if self._silent is not None and question not in self._said:
            raise self._silent
        if question not in self._said:
            try:
                self._said[question] = ask()
            except SourceUnavailable as silent:
                self._silent = silent
                raise
        return self._said[question]


@contextmanager
def unlocked() -> Iterator[None]:
    """A block that only reads our database, outside of any transaction that holds it: the one before it ends here, so nothing
    may have been written in it yet (RuntimeError), and its own ends with it. What was read is read again after."""
    if db.session.new or db.session.dirty or db.session.deleted:
        raise RuntimeError("ask before writing")
    db.session.rollback()
    with reading():
        try:
            yield
        finally:
            db.session.rollback()


def beforehand(questions: Callable[[Heard], Iterator[Callable[[], Any]]]) -> Heard:
    """Ask, with no transaction open. `questions` reads our database and gives what is to be asked, one after the other; each is
    asked when all of ours has been read for it."""
    heard = Heard()
    with unlocked(), suppress(SourceUnavailable, NotFound):
        for ask in questions(heard):
            db.session.rollback()
            ask()
    return heard
