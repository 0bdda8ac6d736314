"""What the SGE looks at before it decides, checked by the machine and shown with its evidence (peers F12).

Quipux is read live for the account and the reserved documents; when it does not answer, the check says so."""

from __future__ import annotations

from typing import NamedTuple

from flask import current_app

from models import Solicitud
from rules import texts
from rules.deadlines import local_day
from rules.glossary import COTEJO, ESTADO_BADGE
from rules.lifecycle import Clase
from services import clock, petitions, schedule, solicitudes
from services.adapters import quipux
from services.asking import Heard
from services.status import live_for
from sources import Count, SourceAccount, SourceUnavailable

UNKNOWN = "No se pudo comprobar: Quipux no responde en este momento."


class Check(NamedTuple):
    """kind: ok, warn (look at it) or bad (it should not be approved like this)."""

    kind: str
    title: str
    detail: str


class Fact(NamedTuple):
    """One of the four data a citizen gives (decisions 32), beside what the petition registers; kind "" when only a person
    can read it in the document. key: of rules.glossary.COTEJO."""

    key: str
    label: str
    person: str
    petition: str
    kind: str


class Findings(NamedTuple):
    """checks: in the order of the decision. reserved: how many reserved documents the range holds now; None when Quipux
    does not answer."""

    checks: list[Check]
    reserved: int | None


def examine(row: Solicitud) -> Findings:
    """Every automatic check of a request that waits."""
    count = counted(row)
    sender = [] if row.clase is Clase.PERSONAL else [_sender(row)]
    checks = [*sender, *_account(row), _other(row), _period(row, count), *_content(row, count)]
    return Findings(checks, None if count is None else count.reservados)


def facts(row: Solicitud) -> list[Fact]:
    """The four-line check: nombres, cédula, puesto, fechas, as in the request and as in the petition."""
    sender, cedula = row.documento_remitente, row.documento_remitente_cedula
    by_eye = "Compruebe en el documento"
    dates = f"{texts.day(row.desde)} a {texts.day(row.hasta)}" if row.desde and row.hasta else ""
    return [
        Fact("nombres", COTEJO["nombres"], row.persona, sender or by_eye, ("ok" if _same_name(row) else "bad") if sender else ""),
        Fact("cedula", COTEJO["cedula"], row.persona_cedula, cedula or by_eye, ("ok" if cedula == row.persona_cedula else "bad") if cedula else ""),
        Fact("puesto", COTEJO["puesto"], row.persona_puesto, by_eye, ""),
        Fact("fechas", COTEJO["fechas"], dates, by_eye, ""),
    ]


def _same_name(row: Solicitud) -> bool:
    return petitions.written_by(row.documento_remitente, "", row.persona, row.persona_cedula)


def _sender(row: Solicitud) -> Check:
    """Is the petition the person's own? (The seed's second cause of Eliminada.)"""
    cedula, sender = row.documento_remitente_cedula, row.documento_remitente or "sin nombre"
    if not cedula and _same_name(row):
        return Check("warn", "El documento no registra la cédula del remitente", f"El nombre coincide ({sender}). Compruebe la cédula en el documento.")
    if not cedula:
        return Check("bad", "El remitente no parece el servidor público", f"El documento lo envía {sender}, sin cédula registrada.")
    if cedula != row.persona_cedula:
        whose = f"Lo envía {sender}, cédula {cedula}; la solicitud es de la cédula {row.persona_cedula}."
        return Check("bad", "El documento no corresponde al servidor público", whose)
    if not _same_name(row):
        return Check("warn", "La cédula del remitente coincide, el nombre difiere", f"En el documento: {sender}.")
    return Check("ok", "El documento corresponde al servidor público", f"Remitente y cédula coinciden: {sender}, {cedula}.")


def _account(row: Solicitud) -> list[Check]:
    try:
        account = quipux().account(row.cuenta.quipux_codi)
    except SourceUnavailable:
        return [Check("warn", "Institución y estado de la cuenta", UNKNOWN)]
    if account is None:
        return [Check("bad", "La cuenta ya no consta en Quipux", f"Código {row.cuenta.quipux_codi}.")]
    return [_institution(row, account), _inactive(row, account)]


def _institution(row: Solicitud, account: SourceAccount) -> Check:
    if account.inst_codi != row.institucion.quipux_codi:
        return Check("bad", "La cuenta pertenece a otra institución", f"La solicitud es de {row.institucion.nombre}.")
    return Check("ok", "Misma institución", f"La cuenta y la solicitud son de {row.institucion.nombre}.")


def _inactive(row: Solicitud, account: SourceAccount) -> Check:
    if row.clase is Clase.PERSONAL:
        return Check("ok", "Solicitud personal", "El servidor público pide los documentos de su propia cuenta.")
    if account.activa:
        return Check("bad", "El servidor público está activo en Quipux", "Solo se respaldan usuarios inactivos. Se consultó ahora.")
    since = row.cuenta.inactiva_desde
    known = f" Consta inactivo desde el {texts.moment(since)}." if since else ""
    return Check("ok", "Servidor público inactivo", f"Se consultó Quipux ahora.{known}")


def _other(row: Solicitud) -> Check:
    other = live_for(row.cuenta, without=row.id)
    if other is None:
        return Check("ok", "Sin otra solicitud vigente", "")
    estado = ESTADO_BADGE[other.estado].label
    return Check("bad", f"Tiene otra solicitud vigente: Nº {texts.number6(other.id)}", f"Estado: {estado}. Rango: {_range(other)}.")


def _range(row: Solicitud) -> str:
    return f"{texts.day(row.desde)} a {texts.day(row.hasta)}" if row.desde and row.hasta else "sin definir"


def _period(row: Solicitud, count: Count | None) -> Check:
    """Does the range lie within the life of the account? Quipux keeps no dates of an account: what it holds outside the range
    and the day on which we first saw it inactive are the evidence."""
    told = f"Rango: {_range(row)}."
    if row.hasta is not None and row.hasta > clock.today():
        return Check("bad", "El rango supera la fecha de hoy", told)
    since = local_day(row.cuenta.inactiva_desde) if row.cuenta.inactiva_desde else None
    if since and row.desde and row.desde > since:
        return Check("bad", "El rango empieza cuando la cuenta ya estaba inactiva", f"{told} Consta inactiva desde el {texts.day(since)}.")
    whole = _whole(row)
    if count is None or whole is None:
        return Check("warn", "Rango dentro de la vida de la cuenta", f"{told} {UNKNOWN}")
    outside = whole.documentos - count.documentos
    if outside and not count.documentos:
        many = texts.plural(outside, "documento de la cuenta está", "documentos de la cuenta están")
        return Check("warn", "El rango no coincide con la vida de la cuenta", f"{told} {many} fuera de él.")
    within = f"{told} Contiene {texts.miles(count.documentos)} de los {texts.plural(whole.documentos, 'documento', 'documentos')} de la cuenta."
    return Check("ok", "El rango está dentro de la vida de la cuenta", within)


def _whole(row: Solicitud) -> Count | None:
    """Everything the account holds."""
    try:
        return quipux().count(row.cuenta.quipux_codi, solicitudes.OLDEST, clock.today())
    except SourceUnavailable:
        return None


def _content(row: Solicitud, count: Count | None) -> list[Check]:
    """Size, documents and reserved ones."""
    documents = row.estimado_documentos if count is None else count.documentos
    found = [_size(row, documents or 0)]
    if count is None:
        return [*found, Check("warn", "Documentos reservados", UNKNOWN)]
    if not count.reservados:
        return [*found, Check("ok", "Sin documentos reservados", "")]
    title = texts.plural(count.reservados, "documento reservado", "documentos reservados")
    return [*found, Check("warn", title, "No se incluyen, salvo que usted decida lo contrario y escriba el motivo.")]


def _size(row: Solicitud, documents: int) -> Check:
    if not documents:
        return Check("warn", "No se encontraron documentos en el rango", "El respaldo se generará e indicará que no existen documentos.")
    size, capacity = row.estimado_bytes or 0, schedule.capacity()
    parts = max(1, -(-size // current_app.config["PART_SIZE"]))
    share = max(size / capacity.bytes, documents / capacity.documents)
    kind = "warn" if share > capacity.quota else "ok"
    percent = "menos del 1 %" if share < 0.01 else f"el {texts.miles(round(share * 100))} %"
    return Check(
        kind, f"Tamaño estimado: ≈ {texts.size(size)} en {texts.plural(parts, 'parte', 'partes')}",
        f"{texts.plural(documents, 'documento', 'documentos')}. Ocupa {percent} de la capacidad diaria.",
    )


def counted(row: Solicitud, heard: Heard | None = None) -> Count | None:
    """Documents in the range, by the run's own selection; None when Quipux does not answer."""
    if row.desde is None or row.hasta is None:
        return None
    try:
        return (heard or Heard()).counted(row.cuenta.quipux_codi, row.desde, row.hasta)
    except SourceUnavailable:
        return None
