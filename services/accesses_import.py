"""Many accesses at once: what each line of a CSV would do, and doing it. Nothing happens until it is confirmed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import func, select

from extensions import db
from models import Cuenta, Usuario
from rules.identity import cedula_problem
from rules.policy import Actor
from services import accesses, people, scope
from services.accesses_csv import Line
from services.errors import Refused

CHUNK = 400
BATCH = 100
CONFIRM_SECONDS = 3600
COMMENT = "Importación por CSV."
UNKNOWN = "La cédula no consta en su institución."
UNKNOWN_TO_SGE = "La cédula no consta en Quipux."


class Outcome(StrEnum):
    """NUEVO only in the preview, DADO only in the result."""

    NUEVO = "nuevo"
    DADO = "dado"
    YA = "ya"
    DESCONOCIDA = "desconocida"
    INACTIVA = "inactiva"
    CORREO = "correo"
    REPETIDA = "repetida"
    RECHAZADA = "rechazada"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a line does or did. nombre: whose account it is, "" when it is nobody's of this institution."""

    line: Line
    outcome: Outcome
    detail: str = ""
    nombre: str = ""
    correo: str = ""
    cuenta_id: int | None = None


def preview(actor: Actor, lines: list[Line]) -> list[Verdict]:
    """What each line would do now. Writes nothing. A cédula of another institution and an unknown one read the same."""
    accounts = _accounts(actor, lines)
    known = _known({line.number for line in lines})
    mails = _mails({line.correo.lower() for line in lines} | {m for rows in accounts.values() for m in accesses.mailboxes(rows)})
    first: dict[str, int] = {}
    taken: set[str] = set()
    verdicts = []
    for line in lines:
        if line.number in first:
            verdicts.append(Verdict(line, Outcome.REPETIDA, f"La misma cédula está en la fila {first[line.number]}."))
            continue
        if line.number:
            first[line.number] = line.fila
        found = accounts.get(line.number, [])
        if found and not cedula_problem(line.number):
            verdict = _judge(line, found, known.get(line.number))
        else:
            verdict = Verdict(line, Outcome.DESCONOCIDA, UNKNOWN_TO_SGE if actor.sge else UNKNOWN)
        if verdict.outcome is Outcome.NUEVO and (verdict.correo in mails or verdict.correo in taken):
            verdict = replace(verdict, outcome=Outcome.CORREO, detail=accesses.TAKEN_MAIL)
        taken.add(verdict.correo)
        verdicts.append(verdict)
    return verdicts


def apply(actor: Actor, lines: list[Line]) -> list[Verdict]:
    """Give the accesses a fresh look at the lines allows, and say what became of each. Commits in batches: a second
    confirmation of the same file finds them already given."""
    done = []
    for i, verdict in enumerate(preview(actor, lines), start=1):
        done.append(_apply(actor, verdict) if verdict.outcome is Outcome.NUEVO else verdict)
        if i % BATCH == 0:
            db.session.commit()
    db.session.commit()
    return done


def pack(actor: Actor, lines: list[Line]) -> str:
    """The lines as a signed token that only this person can confirm, for an hour."""
    return str(_signer().dumps([actor.usuario_id, [[x.fila, x.cedula, x.correo] for x in lines]]))


def unpack(actor: Actor, token: str) -> list[Line]:
    """The lines of `pack`. Raises Refused when the token is altered, old or somebody else's."""
    try:
        usuario_id, rows = _signer().loads(token, max_age=CONFIRM_SECONDS)
    except (BadData, ValueError):
        usuario_id, rows = None, []
    if usuario_id != actor.usuario_id:
        raise Refused({"archivo": "La vista previa caducó. Cargue el archivo nuevamente."})
    return [Line(*row) for row in rows]


def _judge(line: Line, accounts: list[Cuenta], usuario: Usuario | None) -> Verdict:
    active = [c for c in accounts if people.in_quipux(c)]
    name = accounts[0].nombre_completo
    if not active:
        return Verdict(line, Outcome.INACTIVA, "La cuenta está inactiva en Quipux.", name)
    if usuario:
        if usuario.habilitado:
            return Verdict(line, Outcome.YA, "No se cambia nada.", name)
        return Verdict(line, Outcome.RECHAZADA, "Su acceso fue retirado: devuélvalo desde su ficha.", name)
    boxes = accesses.mailboxes(active)
    chosen = line.correo.lower() or (boxes[0] if len(boxes) == 1 else "")
    if chosen not in boxes:
        return Verdict(line, Outcome.CORREO, "El correo no es uno de los que la cuenta tiene en Quipux.", name)
    return Verdict(line, Outcome.NUEVO, "", name, chosen, active[0].id)


def _apply(actor: Actor, verdict: Verdict) -> Verdict:
    cuenta = db.session.get(Cuenta, verdict.cuenta_id)
    try:
        accesses.give(actor, cuenta, verdict.correo, COMMENT)
    except Refused as refused:
        return replace(verdict, outcome=Outcome.RECHAZADA, detail=str(refused))
    return replace(verdict, outcome=Outcome.DADO)


def _accounts(actor: Actor, lines: list[Line]) -> dict[str, list[Cuenta]]:
    found = defaultdict(list)
    for chunk in _chunks({line.number for line in lines}):
        for cuenta in db.session.scalars(scope.cuentas(actor).where(Cuenta.cedula.in_(chunk)).order_by(Cuenta.activa.desc(), Cuenta.id)):
            found[cuenta.cedula].append(cuenta)
    return found


def _known(cedulas: set[str]) -> dict[str, Usuario]:
    return {u.cedula: u for chunk in _chunks(cedulas) for u in db.session.scalars(select(Usuario).where(Usuario.cedula.in_(chunk)))}


def _mails(wanted: set[str]) -> set[str]:
    """Those of the addresses that somebody signs in with already."""
    column = func.lower(Usuario.correo)
    return {mail for chunk in _chunks(wanted) for mail in db.session.scalars(select(column).where(column.in_(chunk)))}


def _chunks(items: set[str]):
    ordered = sorted(items)
    return (ordered[i : i + CHUNK] for i in range(0, len(ordered), CHUNK))


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key, salt="importar-accesos")
