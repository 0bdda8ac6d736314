"""Reading Quipux, read-only: people and documents (SQL), files (disk and bodega)."""

from sources.errors import FileProblem, NoHistory, SourceError, SourceUnavailable
from sources.quipux import Quipux
from sources.types import (
    Count,
    Finding,
    PastRequest,
    PastStep,
    Petition,
    Registered,
    Selected,
    Size,
    SourceAccount,
    SourceArea,
    SourceDocument,
    SourceFile,
    SourceInstitution,
    SourceStep,
)

__all__ = [
    "Count",
    "FileProblem",
    "Finding",
    "NoHistory",
    "PastRequest",
    "PastStep",
    "Petition",
    "Quipux",
    "Registered",
    "Selected",
    "Size",
    "SourceAccount",
    "SourceArea",
    "SourceDocument",
    "SourceError",
    "SourceFile",
    "SourceInstitution",
    "SourceStep",
    "SourceUnavailable",
]
