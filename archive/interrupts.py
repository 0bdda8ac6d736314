"""Ctrl-C and requests to end (SIGINT, SIGTERM, SIGHUP), as one exception at one place and not in the middle of tidying up."""

from __future__ import annotations

import os
import signal

from archive.process import SIGNALS


class Interrupted(BaseException):
    """This process was asked to end."""


class Interrupts:
    """Use it as a context, in the main thread: the first signal raises Interrupted, the others are only remembered.

    signum: the first one that was heard, None before. deaf: from here on nothing is raised. Setting it is one assignment, before
    which a `finally` hears no signal: what follows is done in peace.
    """

    def __init__(self) -> None:
        self.signum: int | None = None
        self.deaf = False
        self._owner = os.getpid()

    def __enter__(self) -> Interrupts:
        heeded = [signum for signum in SIGNALS if signal.getsignal(signum) != signal.SIG_IGN]  # nohup ignores one on purpose
        self._before = {signum: signal.signal(signum, self._heard) for signum in heeded}
        return self

    def __exit__(self, *error) -> None:
        for signum, before in self._before.items():
            signal.signal(signum, before)

    def no_more(self) -> None:
        """Past the point of no return. Raises Interrupted when a signal was heard and nobody noticed (the interpreter drops what is raised
        in a destructor)."""
        self.deaf = True
        if self.signum:
            raise Interrupted

    def _heard(self, signum: int, frame) -> None:
        if os.getpid() != self._owner:  # a process that this one made: it ends as if nobody had listened
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)
            return
        first = self.signum is None
        self.signum = self.signum or signum
        if first and not self.deaf:
            raise Interrupted
