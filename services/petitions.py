"""The citizen's petition, registered at the counter: searched in Quipux, copied at *Enviar*, shown as page images.

Later screens never depend on Quipux for it (decisions 27)."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path
from typing import Any

from flask import current_app

from extensions import db
from models import Institucion, Solicitud
from rules.identity import person_name_words
from services import after, clock, petition_index
from services.adapters import quipux, storage, temporary
from services.errors import NotFound
from sources import FileProblem, Petition

MAX_BYTES = 50_000_000
MAX_PAGES = 20
SCALE = 1.6  # 115 dpi: readable at the width of the panel
CHUNK = 1 << 20


def search(institucion: Institucion, text: str, limit: int = 20) -> list[Petition]:
    """Petitions of the institution that match, newest first. Raises sources.SourceUnavailable while there is no copy yet."""
    if petition_index.ready():
        return petition_index.search(quipux(), institucion, text, limit=limit)
    return quipux().petitions(institucion.quipux_codi, text, now=clock.now(), limit=limit)


def read(inst_codi: str, codi: str) -> Petition | None:
    """One petition, if the institution (its code in Quipux) may use it. Raises sources.SourceUnavailable."""
    return quipux().petition(codi, inst_codi) if codi.isascii() and codi.isdigit() and len(codi) <= 20 else None


def find(institucion: Institucion, codi: str) -> Petition:
    """One petition of the institution. Raises NotFound, sources.SourceUnavailable."""
    found = read(institucion.quipux_codi, codi)
    if found is None:
        raise NotFound
    return found


def written_by(remitente: str, remitente_cedula: str, persona: str, cedula: str) -> bool:
    """Whether the sender of a petition is the person: by the cédula when the petition has one, else by the name, of which
    the counter often writes only a part and in another order."""
    if remitente_cedula:
        return remitente_cedula == cedula
    sender, person = person_name_words(remitente), person_name_words(persona)
    return min(len(sender), len(person)) >= 2 and (sender <= person or person <= sender)


def columns(petition: Petition) -> dict[str, Any]:
    """What of a petition is kept in the request."""
    return {
        "documento_codi": petition.id, "documento_numero": petition.numero[:60], "documento_fecha": petition.fecha,
        "documento_asunto": petition.asunto[:400], "documento_remitente": petition.remitente[:400],
        "documento_remitente_cedula": petition.remitente_cedula[:20],
    }


def copied(codi: str) -> dict[str, Any]:
    """Copy the file of a petition as it is now; the columns that say where it is, empty when none can be read: it is still a
    petition then, the officer sees its data and decides. The same bytes are kept once. Raises sources.SourceUnavailable."""
    for file in quipux().petition_files(codi):
        if file.suffix != ".pdf" or file.problema:
            continue
        try:
            return {"documento_paginas": None} | _copy(file.ref, f"peticiones/{codi}")
        except FileProblem:
            continue
    return {"documento_sha256": "", "documento_clave": "", "documento_paginas": None}


def _copy(ref: str, folder: str) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with quipux().open(ref) as source, temporary() as out:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > MAX_BYTES:
                raise FileProblem("ilegible")
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        key = f"{folder}/{digest.hexdigest()[:16]}.pdf"
        storage().put(key, Path(out.name))
    return {"documento_sha256": digest.hexdigest(), "documento_clave": key}


def render_later(solicitud: Solicitud) -> None:
    if solicitud.documento_clave:
        after.nudge("jobs.petitions.render", solicitud.id, job_timeout=300)


def render(solicitud_id: int) -> int:
    """Make the page images (PNG) of a request's petition; returns how many. Idempotent; 0 when it is no readable PDF."""
    solicitud = db.session.get(Solicitud, solicitud_id)
    if solicitud is None or not solicitud.documento_clave:
        return 0
    key = solicitud.documento_clave
    db.session.commit()
    made = _render_pages(key)
    solicitud.documento_paginas = made
    db.session.commit()
    return made


def _render_pages(key: str) -> int:
    import pypdfium2  # a large binding that only the light worker needs

    with storage().open(key) as source:
        data = source.read()
    try:
        with closing(pypdfium2.PdfDocument(data)) as pdf:
            pages = min(len(pdf), MAX_PAGES)
            for number in range(pages):
                _keep_image(pdf[number].render(scale=SCALE).to_pil(), page_key(key, number + 1))
    except pypdfium2.PdfiumError:
        current_app.logger.warning("petition %s is not a readable PDF", key)
        return 0
    return pages


def _keep_image(image, key: str) -> None:
    with temporary(".png") as out:
        image.save(out, "PNG", optimize=True)
        out.flush()
        storage().put(key, Path(out.name))


def page_key(key: str, page: int) -> str:
    return f"{key.removesuffix('.pdf')}-{page:02d}.png"
