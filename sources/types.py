"""What a reader of Quipux hands out: plain values, no connection behind them.

Every id is a string: Quipux's documents have 20 digits, which neither a float nor JavaScript keeps.
Every instant is an aware datetime in America/Guayaquil. Every text is clean: unescaped once, without
markup or control characters, and must still be escaped on output.
"""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class SourceInstitution:
    """A row of `institucion`."""

    codi: str
    ruc: str
    nombre: str
    sigla: str
    telefono: str
    email: str
    activa: bool


@dataclass(frozen=True, slots=True)
class SourceArea:
    """A row of `dependencia`; `padre` is None for a root (Quipux points a root at itself)."""

    codi: str
    nombre: str
    sigla: str
    inst_codi: str
    padre: str | None
    activa: bool


@dataclass(frozen=True, slots=True)
class SourceAccount:
    """A row of `usuarios`: one account (a post), not one person."""

    codi: str
    cedula: str  # ten characters, without the suffix of inactive accounts
    nombre: str
    apellido: str
    titulo: str
    puesto: str
    perfil: str  # "Normal", "Jefe", "Asistente"; Quipux resets it to Normal on inactivation
    area_codi: str | None
    area: str
    inst_codi: str | None
    correos: tuple[str, ...]
    activa: bool
    subrogado: str | None  # account of the boss this one acts for


@dataclass(frozen=True, slots=True)
class Petition:
    """A document registered at an institution's counter (kind 2), as *Seleccionar Documento* shows it."""

    id: str
    numero: str
    fecha: datetime  # of registration
    asunto: str
    remitente: str
    remitente_cedula: str
    has_file: bool  # Quipux names at least one file; whether it can be read is known on opening


@dataclass(frozen=True, slots=True)
class Registered:
    """A petition and the institution at whose counter it is."""

    inst_codi: str
    petition: Petition


@dataclass(frozen=True, slots=True)
class Count:
    """Distinct documents of a selection, reserved ones included; one may be in both trays."""

    documentos: int
    enviados: int
    recibidos: int
    reservados: int


@dataclass(frozen=True, slots=True)
class Size:
    """Estimate of the payload, reserved documents left out; `exacto` only when nothing was extrapolated."""

    bytes: int
    archivos: int
    exacto: bool


@dataclass(frozen=True, slots=True)
class Selected:
    """A document in one tray, without its files."""

    bandeja: str
    motivos: tuple[str, ...]
    id: str
    numero: str
    fecha: date
    asunto: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a document. `ref` goes to `Quipux.open`; it is empty when Quipux names no place at all.

    `bytes` is exact on disk and for a text; in the bodega it is an upper bound, at most two bytes above
    for well-formed content (the base64 is not read to know it). `problema` is a cause of
    `errors.CAUSES` already visible without reading; `bytes` is then None.
    """

    ref: str
    kind: str  # principal, anexo, firma, texto
    nombre: str
    bytes: int | None
    suffix: str  # with dot, lower case, by the bytes where they tell: ".pdf", ".p7m"
    problema: str | None
    origen: str  # disco, bodega, texto
    descripcion: str
    fecha: datetime | None


@dataclass(frozen=True, slots=True)
class SourceStep:
    """A row of `hist_eventos`."""

    fecha: datetime | None
    de: str
    para: str
    accion: str
    comentario: str


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A document of a person with all that the archive needs to know of it.

    `fecha` is the one of the range and of the order: of the oficio for internal documents, of
    registration for external ones. People are display strings "Abr. Nombre Apellido, Cargo, Institución".
    """

    id: str
    numero: str
    tipo: str
    fecha: datetime
    asunto: str
    bandejas: tuple[str, ...]  # enviado, recibido
    motivos: dict[str, tuple[str, ...]]
    de: tuple[str, ...]
    para: tuple[str, ...]
    cc: tuple[str, ...]
    referencia: str
    firmado: bool
    reservado: bool
    files: tuple[SourceFile, ...]
    recorrido: tuple[SourceStep, ...]


@dataclass(frozen=True, slots=True)
class PastStep:
    """A row of `respaldo_hist_eventos`; its two estados in the words of the installation."""

    fecha: datetime | None
    codi: str  # account of who did it
    estado: str
    estado_respaldo: str
    comentario: str


@dataclass(frozen=True, slots=True)
class PastRequest:
    """A row of `respaldo_solicitud`. owner: account whose documents they are; creator: who registered it."""

    id: str
    owner: str
    creator: str
    fecha: datetime | None
    desde: date | None
    hasta: date | None
    generado: datetime | None
    borrado: datetime | None
    estado: str
    estado_respaldo: str
    comentario: str
    documentos: int | None
    documento: str
    documento_numero: str
    documento_asunto: str
    documento_fecha: datetime | None
    steps: tuple[PastStep, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of `Quipux.check`: `nivel` is ok, aviso or error; only error means that it would fail."""

    nivel: str
    tema: str
    detalle: str
