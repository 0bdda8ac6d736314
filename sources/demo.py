"""Makes the small Quipux of the demo: two SQLite databases and a folder of files, for the same reader as a real one.

    folder/quipux.sqlite   the transactional database
    folder/bodega.sqlite   the newer generation of files (base64 text)
    folder/bodega/         the older generation (files on disk)
    folder/completo        written last: without it the folder is not a Quipux

The accounts that the demo's users and requests need are exported here; petitions come from `petitions(today)`.
"""

import os
import shutil
import tempfile
from datetime import date
from pathlib import Path

from sources.demo_people import (
    ACCOUNTANT, AIQ_BACKUP, AIQ_OTHER, AIQ_PRINCIPAL, ARCHIVIST, DRIVER, EMPTY, IEPH, INACTIVE, INSTITUTIONS,
    LARGE, LAWYER, LIBRARIAN, MAIN, PALEOGRAPHER, RESEARCHER, SECRETARY, SERVANT, SNBAP, STAH, TWO_FIRST, TWO_SECOND,
    Account,
)  # fmt: skip
from sources.demo_petitions import Petition, petition_of, petitions

__all__ = [
    "ACCOUNTANT", "AIQ_BACKUP", "AIQ_OTHER", "AIQ_PRINCIPAL", "ARCHIVIST", "DRIVER", "EMPTY", "IEPH",
    "INACTIVE", "INSTITUTIONS", "LARGE", "LAWYER", "LIBRARIAN", "MAIN", "PALEOGRAPHER", "RESEARCHER", "SECRETARY",
    "SERVANT", "SNBAP", "STAH", "TWO_FIRST", "TWO_SECOND", "Account", "Petition", "build", "is_complete", "petition_of",
    "petitions",
]  # fmt: skip
_STAMP = "completo"


def is_complete(folder: Path) -> bool:
    """Whether `folder` holds a finished demo Quipux."""
    return (folder / _STAMP).is_file()


def build(folder: Path, *, today: date, small: bool = False) -> None:
    """Make the demo Quipux in `folder`; returns at once when it is already there.

    `today` dates the petitions (the 60 days before it); everything else is fixed, and the same arguments give the same
    rows and files. `small`: the same accounts and named cases with few documents and no heavy files, for tests.
    Built beside `folder` and renamed, so that two processes may start at once and a kill leaves no half Quipux.
    Raises FileExistsError if `folder` holds something else.
    """
    folder = Path(folder)
    if is_complete(folder):
        return
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty and holds no complete demo Quipux: remove it first")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Here and not above: who only needs the accounts must not wait for fonts, pictures and certificates (1 s).
    from sources import demo_writing

    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        demo_writing.fill(draft, today, small=small)
        (draft / _STAMP).write_text(f"{today.isoformat()} {'small' if small else 'full'}\n")
        draft.chmod(0o755)
        os.rename(draft, folder)
    except OSError:
        # Another process finished first: its Quipux is as good as ours.
        if not is_complete(folder):
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
