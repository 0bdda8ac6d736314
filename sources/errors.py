"""Two kinds of trouble, never confused (decision 16): a file's own, and the whole source's.

The first becomes a novedad of one document and the run goes on; the second makes the run wait.
"""

CAUSES = ("ausente", "ilegible", "base64", "cambio", "ruta", "directorio")


class SourceError(Exception):
    """Root of everything this package raises on purpose."""


class FileProblem(SourceError):
    """One file cannot be had although its source answers.

    `cause` is a code of the closed list CAUSES, the only thing that may reach the archive:
    ausente (not there), ilegible (there, not readable), base64 (bodega text is not base64),
    cambio (changed while it was read), ruta (leads outside the bodega), directorio (not a regular file).
    """

    def __init__(self, cause: str, detail: str = ""):
        if cause not in CAUSES:
            raise ValueError(f"unknown cause: {cause!r}")
        super().__init__(f"{cause}: {detail}" if detail else cause)
        self.cause = cause
        self.detail = detail


class SourceUnavailable(SourceError):
    """Quipux itself does not answer: connection, mount, time-out, or a part that is not configured."""


class NoHistory(SourceError):
    """This Quipux has no tables of past backups."""
