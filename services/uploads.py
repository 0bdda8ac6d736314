"""Uploaded PDFs: an oficio, a delegation, an evidence, a procedure. Checked before they are kept, never trusted by name.

A row is an Adjunto; its bytes are in the storage under a key made of their SHA-256, apart from the backups."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Iterator

from flask import current_app
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from archive import names
from extensions import db
from models import Adjunto
from rules.policy import Actor
from rules.texts import size
from services import clock, pdf_inspection
from services.adapters import storage, temporary
from services.asking import unlocked
from services.errors import Refused

PREFIX = "adjuntos/"
MAX_BYTES = 10_000_000
CHUNK = 1 << 20

PROBLEMS = {
    "not_pdf": "El archivo no es un PDF: su contenido es de otro tipo, aunque su nombre diga otra cosa.",
    "unreadable": "El PDF está dañado o no se puede leer. Genere nuevamente el archivo y adjúntelo.",
    "encrypted": "El PDF está cifrado o protegido con contraseña. Guárdelo sin protección y adjúntelo nuevamente.",
    "pages": f"El PDF debe tener entre 1 y {pdf_inspection.MAX_PAGES} páginas.",
    "side": "El PDF tiene páginas de dimensiones excesivas. Genere el documento en un formato usual, como A4.",
    "active": "El PDF contiene programas, acciones automáticas o archivos incrustados. Adjunte un PDF que solo tenga el documento.",
    "complex": "El PDF es demasiado complejo para revisarlo. Imprima el documento como PDF y adjunte ese archivo.",
}


def given(file: FileStorage | None) -> bool:
    """Whether the form brought a file at all: an empty control sends one without a name."""
    return file is not None and bool(file.filename)


def accept(actor: Actor, file: FileStorage | None, *, institucion_id: int | None, field: str) -> Adjunto:
    """Check a PDF and keep it, with its SHA-256, its pages and who signed it. The caller commits.

    Real PDF by its bytes, 1 to 500 pages, not ciphered, without scripts, embedded files or programs to launch. Raises
    Refused({field: message}); storage.StorageError when it cannot be kept."""
    if not given(file):
        raise Refused({field: "Adjunte el documento en PDF."})
    with _received(file, field) as (path, length, sha256):
        found = pdf_inspection.inspect(path, current_app.config["FIRMAS_ANCLAS"])
        if found.problem:
            raise Refused({field: PROBLEMS[found.problem]})
        key = f"{PREFIX}{sha256}.pdf"
        # Equal bytes share one object. Putting it again makes it young: the sweep must not take it for abandoned before
        # this row is committed.
        storage().put(key, path)
    row = Adjunto(
        institucion_id=institucion_id, nombre=clean_name(file.filename), bytes=length, sha256=sha256, clave=key,
        paginas=found.pages, firmas=found.signatures, subido_por_id=actor.usuario_id, subido_en=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    return row


def open(adjunto: Adjunto) -> BinaryIO:
    """The bytes as they were uploaded. Raises FileNotFoundError, storage.StorageError."""
    return storage().open(adjunto.clave)


def abandoned(before: float) -> Iterator[str]:
    """Keys of uploads that no row speaks of, last written before `before` (epoch seconds): their form was never saved.
    Each is looked at again when it is asked for, as the same bytes may have come in meanwhile. Ends the present transaction, in
    which nothing may have been written."""
    old = [stat.key for stat in storage().list(PREFIX) if stat.modified < before]
    with unlocked():
        known = set(db.session.scalars(select(Adjunto.clave)))
    for key in old:
        found = storage().stat(key) if key not in known else None
        if found and found.modified < before:
            yield key


def clean_name(name: str | None) -> str:
    """The last component of what the browser called it, safe on every system and always ending in ".pdf"."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    base = last[:-4] if last.lower().endswith(".pdf") else last
    return names.component(" ".join(base.split()).strip(". "), 120, ".pdf")


@contextmanager
def _received(file: FileStorage, field: str) -> Iterator[tuple[Path, int, str]]:
    """(path, bytes, SHA-256) of the upload in a temporary file beside the storage, gone afterwards."""
    digest, length = hashlib.sha256(), 0
    with temporary(".pdf") as out:
        while block := file.stream.read(CHUNK):
            length += len(block)
            if length > MAX_BYTES:
                raise Refused({field: f"El archivo supera el tamaño permitido de {size(MAX_BYTES)}."})
            digest.update(block)
            out.write(block)
        out.flush()
        if not length:
            raise Refused({field: "El archivo está vacío."})
        yield Path(out.name), length, digest.hexdigest()
