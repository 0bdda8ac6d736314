"""The selection as plain data, for `flask quipux documents … --json` and for checks from outside (decision 25)."""

from collections.abc import Iterator
from datetime import date

from sources.quipux import Quipux


def documents_json(
    quipux: Quipux, codi: str, desde: date, hasta: date, *, include_reserved: bool = False
) -> Iterator[dict]:
    """One object per (bandeja, document), by date, then id; a document of both trays comes twice."""
    return (
        {
            "bandeja": bandeja,
            "motivos": list(motivos),
            "radi_nume_radi": document.id,
            "numero": document.numero,
            "fecha": document.fecha.date().isoformat(),
            "asunto": document.asunto,
            "archivos": [
                {"nombre": file.nombre, "origen": file.origen, "bytes": file.bytes, "problema": file.problema}
                for file in document.files
            ],
        }
        for document in quipux.documents(codi, desde, hasta, include_reserved=include_reserved)
        for bandeja, motivos in document.motivos.items()
    )
