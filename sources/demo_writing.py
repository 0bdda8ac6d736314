"""Fills the demo Quipux: catalogues, people, documents, petitions. Only `demo.build` calls it."""

from datetime import date, timedelta
from pathlib import Path

from sources.demo_ledger import Ledger, Letter
from sources.demo_main_person import write_main_person
from sources.demo_people import (
    AIQ_BACKUP, AIQ_OTHER, AIQ_PRINCIPAL, AREAS, IEPH, INSTITUTIONS, SNBAP, STAH, Account, accounts, citizens, clerk_of,
)  # fmt: skip
from sources.demo_petitions import petitions
from sources.demo_schema import at
from sources.demo_story import write_people


def fill(folder: Path, today: date, *, small: bool) -> None:
    """Write both databases and the files of the old generation into an empty `folder`."""
    ledger = Ledger(folder)
    ledger.catalogues()
    _write_directory(ledger)
    write_main_person(ledger, small=small)
    write_people(ledger, small=small)
    _write_petitions(ledger, today)
    ledger.close()


def _write_directory(ledger: Ledger) -> None:
    """Institutions, areas, accounts, permissions and citizens."""
    for inst in INSTITUTIONS.values():
        ledger.add(
            "institucion", inst_codi=inst.codi, inst_ruc=inst.ruc, inst_nombre=inst.nombre, inst_sigla=inst.sigla,
            inst_telefono="02 393 4000", inst_email=f"info@{inst.dominio}" if inst.dominio else "",
            inst_estado=int(inst.en_vigencia),
        )  # fmt: skip
    roots: dict[str, str] = {}
    for area in AREAS.values():
        # The first area of an institution is its root, and Quipux points a root at itself.
        root = roots.setdefault(area.inst, area.codi)
        ledger.add(
            "dependencia", depe_codi=area.codi, depe_nomb=area.nombre, dep_sigla=area.sigla, depe_codi_padre=root,
            inst_codi=area.inst, inst_adscrita=area.inst, depe_estado=int(INSTITUTIONS[area.inst].en_vigencia),
        )  # fmt: skip
    for account in accounts():
        _write_account(ledger, account)
    for administrator in (AIQ_PRINCIPAL, AIQ_BACKUP, AIQ_OTHER):
        for permission in ("12", "21", "25"):
            ledger.add("permiso_usuario", id_permiso=permission, usua_codi=administrator.codi)
    for citizen in citizens():
        ledger.add(
            "ciudadano", ciu_codigo=citizen.codi, ciu_cedula=citizen.cedula, ciu_nombre=citizen.nombres,
            ciu_apellido=citizen.apellidos, ciu_cargo="", ciu_empresa="", ciu_email=citizen.correo, ciu_estado=1,
        )  # fmt: skip


def _write_account(ledger: Ledger, account: Account) -> None:
    ledger.add(
        "usuarios", usua_codi=account.codi, usua_cedula=account.cedula_quipux, usua_login=account.login,
        usua_nomb=account.nombres, usua_apellido=account.apellidos, usua_titulo="", usua_abr_titulo=account.abr,
        usua_cargo=account.cargo, usua_cargo_cabecera=account.cargo, usua_email=account.correo,
        cargo_tipo=account.perfil, depe_codi=account.area, inst_codi=account.inst, usua_esta=int(account.activa),
        usua_subrogado=account.subrogado, tipo_identificacion=0,
    )  # fmt: skip


def _write_petitions(ledger: Ledger, today: date) -> None:
    """Register every petition; half of them point to their scan by `radi_imagen`, half by a /docs/ path on disk."""
    receivers = {SNBAP: AIQ_PRINCIPAL, IEPH: AIQ_OTHER, STAH: clerk_of(STAH)}
    for place, petition in enumerate(reversed(petitions(today))):
        moment = at(petition.fecha, 9 + place % 7, 15)
        letter = Letter(
            petition.citizen, (receivers[petition.inst],), moment, petition.asunto, kind="E",
            reserved=petition.reservada, paragraphs=petition.texto,
        )  # fmt: skip
        ledger.register(
            letter, petition.inst, radi=petition.radi_nume_radi, numero=petition.numero,
            dated=moment - timedelta(days=1), image=place % 2 == 0,
        )  # fmt: skip
