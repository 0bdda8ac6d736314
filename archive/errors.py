"""What can go wrong while an archive is planned, made or checked. (A file's own problem is a novedad, not an error.)"""

from __future__ import annotations


class ArchiveError(Exception):
    """Base of this package's errors; the message is Spanish and may be shown."""


class PlanError(ArchiveError, ValueError):
    """The plan cannot be made as asked: part size out of range, the same document twice."""


class Stopped(ArchiveError):
    """Asked to stop: the open volume was dropped, nothing of it remains."""


class Damaged(ArchiveError):
    """A finished volume does not read back as it was written."""


class CountsBroken(ArchiveError):
    """encontrados ≠ incluidos + con novedad + excluidos: a fault of this program, never published."""
