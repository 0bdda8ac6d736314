"""The files beside the payload: BagIt 1.0 (RFC 8493), the three lists for a spreadsheet, and LEAME.txt."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import count
from typing import BinaryIO

from archive.detail import Counts
from archive.model import CAUSES, Header

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
EMPTY_NAME = "data/SIN_DOCUMENTOS.txt"
EMPTY = "Esta parte del respaldo no contiene documentos.\r\n".encode("utf-8-sig")
_TRAYS = {"enviado": "Enviados", "recibido": "Recibidos"}
_FATES = {"incluido": "Incluido", "novedad": "Con novedad"}
_KINDS = {"principal": "Documento", "anexo": "Anexo", "firma": "Copia firmada", "texto": "Texto"}
_BOM = b"\xef\xbb\xbf"
_FORMULA = frozenset("=+-@\t\r\n")


INDEX_HEAD = ("Nº", "Número", "Fecha", "Tipo", "Bandeja", "Asunto", "De", "Para", "Con copia", "Referencia", "Firmado",
              "Destino", "Parte", "Archivos", "Archivo principal", "Identificador Quipux")  # fmt: skip
NOVEDADES_HEAD = ("Número", "Fecha", "Asunto", "Archivo", "Clase", "Causa", "Identificador Quipux")
FIRMAS_HEAD = ("Número", "Archivo", "Veredicto", "Firmante", "Fecha de la firma", "Emisor del certificado", "Certificado",
               "Revocación", "Motivo", "Archivo firmado")  # fmt: skip


class Lists:
    """INDICE (one line a document), NOVEDADES (one line for each file that could not be included, or was only under another
    name) and FIRMAS (one line for each signer of each signed file), written to `outs` as the documents come.

    part: for one volume's lists, its number (what the plan misses is told by the volume the document begins in).
    counts: the fates so far; complete after `flush`.
    """

    _TOGETHER = 256  # lines for one call of the CSV writer

    def __init__(self, outs: tuple[BinaryIO, BinaryIO, BinaryIO], *, part: int | None = None) -> None:
        self._outs, self._part = outs, part
        self._rows: tuple[list, list, list] = ([INDEX_HEAD], [NOVEDADES_HEAD], [FIRMAS_HEAD])
        self.counts = Counts(0)
        for out in outs:
            out.write(_BOM)

    def add(self, details: Sequence[dict]) -> list[tuple[int, list[tuple[dict, str]]]]:
        """The next documents. Gives back which of them, counted from 0, have novedades or notices, and those."""
        index, missing, signed = self._rows
        index += map(index_line, count(self.counts.found + 1), details)
        strange = []
        for position, detail in enumerate(details):
            self.counts.add(detail["destino"])
            if found := novedades(detail, self._part):
                strange.append((position, found))
                missing += _novedad_lines(detail, found)
            if [file for file in detail["archivos"] if "firma" in file]:
                signed += _firma_lines(detail)
        self.counts.found += len(details)
        if len(index) >= self._TOGETHER:
            self.flush()
        return strange

    def flush(self) -> None:
        for out, rows in zip(self._outs, self._rows, strict=True):
            out.write(csv_lines(rows))
            rows.clear()


def index_line(position: int, d: dict) -> tuple[str, ...]:
    here = [f for f in d["archivos"] if "causa" not in f]
    main = [f.get("ruta", "") for f in here if f["clase"] != "anexo"]
    return (
        str(position), d["numero"], _day(d["fecha"]), d["tipo"], " y ".join([_TRAYS[t] for t in d["bandejas"]]), d["asunto"],
        _people(d["de"]), _people(d["para"]), _people(d["cc"]), d["referencia"], "Sí" if d["firmado"] else "No",
        _FATES[d["destino"]], str(d["parte"]), str(len(here)), main[0] if main else "", f"Nº {d['id']}",
    )  # fmt: skip


def _novedad_lines(d: dict, found: list[tuple[dict, str]]) -> list[tuple[str, ...]]:
    return [
        (d["numero"], _day(d["fecha"]), d["asunto"], f["nombre"], _KINDS.get(f["clase"], f["clase"]), CAUSES[cause], f"Nº {d['id']}")
        for f, cause in found
    ]


def novedades(detail: dict, part: int | None) -> list[tuple[dict, str]]:
    """(file, cause) of each novedad or notice of a document; with `part`, those that this volume has to tell."""
    found = [(file, cause) for file in detail["archivos"] if (cause := file.get("causa") or file.get("aviso"))]
    return [one for one in found if part is None or one[0].get("parte", detail["parte"]) == part] if found else found


def _firma_lines(d: dict) -> Iterator[tuple]:
    for f in d["archivos"]:
        signature = f.get("firma")
        if not signature or signature["veredicto"] == "sin firma":
            continue
        for s in signature["firmantes"] or [{}]:
            name, date, issuer, certificate = (s.get(key, "") for key in ("nombre", "fecha", "emisor", "certificado"))
            verdict = s.get("veredicto") or signature["veredicto"]
            reason = (s or signature).get("motivo", "")
            signed = signature.get("firmado", "")
            yield d["numero"], f["ruta"], verdict, name, _day(date), issuer, certificate, "No consultada", reason, signed


def csv_lines(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows with `;` and CRLF, without a cell that a spreadsheet would take for a formula."""
    text = _csv(rows)
    if "\0" in text or not _FORMULA.isdisjoint([cell[:1] for row in rows for cell in row]):
        text = _csv([_cell(value) for value in row] for row in rows)
    return text.encode("utf-8", "replace")


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _cell(value: str) -> str:
    text = value.replace("\0", "")
    return "'" + text if text[:1] in _FORMULA else text


def _people(names: list[str]) -> str:
    """A person comes with post and institution, commas included."""
    return "; ".join(names)


def _day(iso: str) -> str:
    return iso[:16].replace("T", " ")


def bag_info(header: Header, *, octets: int, files: int, counts: Counts, count: str | None) -> bytes:
    """bag-info.txt. octets, files: of the payload. count: "1 of 3", None in the whole's own bag."""
    pairs = [
        ("Source-Organization", header.institution),
        ("External-Identifier", header.name),
        ("External-Description", "Respaldo de documentos Quipux"),
        ("Bagging-Date", header.made[:10]),
        ("Bag-Group-Identifier", header.group),
        ("Bag-Count", count),
        ("Payload-Oxum", f"{octets}.{files}"),
        ("Solicitud", header.request),
        ("Peticion", header.petition),
        ("Titular", header.person),
        ("Cedula", header.cedula),
        ("Puesto", header.post),
        ("Area", header.area),
        ("Institucion", header.institution),
        ("Periodo-Desde", header.since),
        ("Periodo-Hasta", header.until),
        ("Generado", header.made),
        ("Encontrados", counts.found),
        ("Incluidos", counts.included),
        ("Con-Novedad", counts.con_novedad),
        ("Excluidos", counts.excluded),
        *sorted((str(k), v) for k, v in header.extra.items()),
    ]
    lines = (f"{label}: {' '.join(str(value).split())}\n" for label, value in pairs if value not in (None, ""))
    return "".join(lines).encode("utf-8", "replace")


def manifest_line(sha256: str, name: str) -> bytes:
    """One line of a manifest; CR, LF and % of a name escaped as RFC 8493 section 2.1.3 asks."""
    name = name.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"{sha256}  {name}\n".encode()


def sums(lines: bytes, name: str) -> bytes:
    """The file `name`: the lines of a bag's tagmanifest once more, and last, in the file's own name, the sum of them all, by which it
    vouches for itself."""
    return lines + manifest_line(sha256(lines).hexdigest(), name)


def leame_name(header: Header) -> str:
    """LEAME.txt; of a complement LEAME_C1.txt: extracted into the folder of the archive it stands beside the archive's own, which
    tells of all parts and of what was excluded."""
    return f"LEAME_{header.complement}.txt" if header.complement else "LEAME.txt"


def leame(header: Header, parts: int) -> bytes:
    """LEAME.txt: how to open it, in plain words. CRLF and BOM, so that Windows' oldest Notepad shows it well."""
    blocks = [_about(header), _OPENING, *_parts(header, parts), *_complement(header), _CONTENTS, *_reserved(header), _CHECKING, _KEEPING]
    return ("\n\n".join(blocks) + "\n").replace("\n", "\r\n").encode("utf-8-sig", "replace")


_OPENING = """CÓMO ABRIRLO
  1. Extraiga (descomprima) el archivo ZIP en una carpeta. No lo abra desde dentro del ZIP.
     En Windows: clic derecho sobre el archivo y «Extraer todo…». En macOS: doble clic.
  2. Abra con doble clic ABRIR_AQUI.html: se abre en su navegador, sin Internet.
  3. Allí puede buscar sus documentos, leerlos y abrir sus anexos."""

_CONTENTS = """QUÉ CONTIENE
  ABRIR_AQUI.html  el buscador de sus documentos (usa la carpeta visor: no la borre ni la mueva)
  VERIFICAR.html   comprueba que ningún archivo haya cambiado
  data             la carpeta con sus documentos, por bandeja y año
  INDICE           la lista de documentos, para abrir con una hoja de cálculo
  NOVEDADES        lo que se encontró y no se pudo incluir, con su causa
  FIRMAS           las firmas electrónicas halladas y su comprobación técnica (no es un peritaje)"""

_CHECKING = """CÓMO COMPROBAR QUE ESTÁ COMPLETO Y SIN CAMBIOS
  Abra VERIFICAR.html y elija la carpeta donde extrajo el respaldo. Nada sale de su computadora.
  Para especialistas: cada parte cumple la norma BagIt 1.0 (RFC 8493), con sumas SHA-256."""

_KEEPING = """Conserve al menos una copia en un lugar seguro."""


def _about(header: Header) -> str:
    period = f"Documentos del {_plain(header.since)} al {_plain(header.until)}" if header.since else ""
    request = f"Solicitud Nº {header.request}" if header.request else ""
    made = f"Generado el {_plain(header.made)}"
    lines = ("RESPALDO DE DOCUMENTOS QUIPUX", header.name, header.person, header.institution, period, request, made)
    return "\n".join(line for line in lines if line)


def _plain(iso: str) -> str:
    """Day/month/year, as people here write it."""
    return f"{iso[8:10]}/{iso[5:7]}/{iso[:4]}"


def _parts(header: Header, parts: int) -> list[str]:
    if parts == 1:
        return []
    return [f"""ESTE RESPALDO TIENE {parts} PARTES
  Cada parte es un archivo ZIP completo: se abre por sí sola, aunque falten las demás.
  Para tener todo junto, extraiga todas las partes en una misma carpeta; si se le pregunta, acepte
  reemplazar los archivos que se repiten.
  Si las recibió como {header.name}.z01, {header.name}.z02 … y {header.name}.zip, en Linux las une:
      zip -s 0 {header.name}.zip --out {header.name}_unificado.zip
  y en Windows las abre el programa gratuito 7-Zip."""]


def _complement(header: Header) -> list[str]:
    if not header.complement:
        return []
    return ["""ESTE ES UN COMPLEMENTO
  Contiene los archivos que no se pudieron incluir antes. Extráigalo en la misma carpeta que el
  respaldo: sus archivos aparecerán junto a los demás. También se abre solo."""]


def _reserved(header: Header) -> list[str]:
    if not header.excluded:
        return []
    return [f"""EXCLUIDOS POR RESERVA: {header.excluded}
  Son documentos reservados que, conforme a la normativa, no forman parte de este respaldo. Solo
  consta cuántos son."""]
