"""The letters of former servants that wait at the counters: what an AIQ picks as *Documento* of a request."""

from dataclasses import dataclass
from datetime import date, timedelta

from sources.demo_people import (
    AREAS, COUNTER, IEPH, INACTIVE, INSTITUTIONS, MAIN, READER, SNBAP, STAH, STRANGER, Account, Citizen, citizen_of,
)  # fmt: skip
from sources.demo_schema import document_id

# The newest number of each counter: MAIN's own petition is SNBAP-DGDA-<year>-0412-E.
_NEWEST_NUMBER = {SNBAP: 412, IEPH: 87, STAH: 19}
# A range of sequences that ordinary documents of the demo never reach.
_FIRST_SEQUENCE = 400_000


@dataclass(frozen=True, slots=True)
class Petition:
    """`account`: whose documents it asks for (None: nobody's here). `reservada`: confidential, never to be offered."""

    radi_nume_radi: str
    numero: str
    fecha: date
    citizen: Citizen
    account: Account | None
    inst: str
    asunto: str
    texto: tuple[str, ...]
    reservada: bool = False


def petitions(today: date) -> tuple[Petition, ...]:
    """All of them, newest first, on working days of the 60 before `today`; the same for the same day."""
    cases = [(SNBAP, citizen_of(MAIN), MAIN, False)]
    cases += [(SNBAP, STRANGER, None, False)]
    cases += [(a.inst, citizen_of(a), a, False) for a in INACTIVE if a is not MAIN]
    cases += [(SNBAP, READER, None, False), (SNBAP, citizen_of(MAIN), MAIN, True)]
    out = []
    for place, (inst, citizen, account, reserved) in enumerate(cases):
        day = today - timedelta(days=2 + 3 * place + place // 3)
        day -= timedelta(days=max(0, day.weekday() - 4))
        area = AREAS[COUNTER[inst]]
        number = _NEWEST_NUMBER[inst] - 3 * sum(case[0] == inst for case in cases[:place])
        asunto, text = _words(citizen, account, inst, reserved)
        out.append(
            Petition(
                document_id(day.year, area.codi, _FIRST_SEQUENCE + len(cases) - place, 2),
                f"{INSTITUTIONS[inst].sigla}-{area.sigla}-{day.year}-{number:04d}-E",
                day, citizen, account, inst, asunto, text, reserved,
            )  # fmt: skip
        )
    return tuple(out)


def petition_of(account: Account, today: date) -> Petition:
    """The petition that asks for this account's documents and may be offered.

    Raises StopIteration for an active account: nobody wrote.
    """
    return next(p for p in petitions(today) if p.account == account and not p.reservada)


def _words(citizen: Citizen, account: Account | None, inst: str, reserved: bool) -> tuple[str, tuple[str, ...]]:
    """Subject and text. A true petition carries the four data: nombres, cédula, puesto, fechas."""
    name = INSTITUTIONS[inst].nombre
    opening = f"Señores\n{name}\nPresente.-"
    closing = f"Atentamente,\n\n{citizen.nombre}\nC.I. {citizen.cedula}\n{citizen.correo}"
    if reserved:
        body = "Pongo en su conocimiento, con carácter confidencial, hechos ocurridos durante mi gestión."
        return "Denuncia reservada sobre el manejo de archivos", (opening, body, closing)
    if citizen is READER:
        body = "Solicito se me confiera copia de las actas de donación de libros de la biblioteca de Cotacachi."
        return "Solicitud de copias de actas de donación de libros", (opening, body, closing)
    if account is None:
        post, since, until = "Analista de Compras Públicas de otra entidad", "01/04/2019", "30/09/2022"
    else:
        post = account.cargo
        since, until = account.desde.strftime("%d/%m/%Y"), account.hasta.strftime("%d/%m/%Y")
    body = (
        "En mi calidad de exservidor público, solicito se me entregue el respaldo de los documentos que generé y "
        "recibí en el Sistema de Gestión Documental Quipux, para lo cual señalo mis datos:"
    )
    data = (
        f"Nombres y apellidos: {citizen.nombre}\nCédula: {citizen.cedula}\n"
        f"Puesto: {post}\nFechas: desde {since} hasta {until}"
    )
    return "Solicitud de respaldo de documentos Quipux", (opening, body, data, closing)
