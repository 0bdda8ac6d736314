"""Rights at a moment, who is told, and search-as-you-type among accounts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from extensions import db
from models import Cargo, Cuenta, Institucion, Nombramiento, Usuario
from services import cambios_listing, clock, institutions, people, people_search
from sources import demo_people as demo
from tests.conftest import NOW

pytestmark = pytest.mark.usefixtures("ctx")


def usuario(correo):
    return db.session.scalar(select(Usuario).where(Usuario.correo == correo))


def actor(correo):
    return people.actor_of(usuario(correo), clock.now())


def institucion(codi):
    return db.session.scalar(select(Institucion).where(Institucion.quipux_codi == codi))


def codes(found):
    return [c.quipux_codi for c in found.rows]


def search(text, correo="aiq@demo.gob.ec", limit=20):
    return people_search.eligible(actor(correo), text, limit)


@pytest.mark.parametrize("text", ["ñauñay", "NAUNAY", "nau", "maría ñau", "ñauñay maria", "gestión documental ñau", demo.MAIN.cedula, "maria.naunay",
                                  "maria.naunay@demo.gob.ec", "fernanda qui"])
def test_a_person_is_found_by_name_cedula_puesto_or_correo(text):
    assert demo.MAIN.codi in codes(search(text))


@pytest.mark.parametrize("text", ["auñay", "ñauñay zzz", "", "a", "%", "_", "%auña_", "'; drop table cuenta; --", "\u202e", "ñ" * 5000])
def test_what_is_no_prefix_of_a_word_finds_nobody(text):
    found = search(text)
    assert (found.rows, found.total, found.many) == ([], 0, False)


def test_a_surname_comes_before_a_mention_and_the_exact_cedula_before_all():
    ids = codes(search("munoz"))
    assert ids.index(demo.ACCOUNTANT.codi) < ids.index(demo.LARGE.codi), "Muñoz Yánez before Túqueres Muñoz"
    assert codes(search(demo.DRIVER.cedula)) == [demo.DRIVER.codi]


@pytest.mark.parametrize("cut", ["{}-{}", "{} {}"])
def test_a_cedula_written_in_pieces_finds_and_counts_its_account(cut):
    found = search(cut.format(demo.DRIVER.cedula[:2], demo.DRIVER.cedula[2:]))
    assert (codes(found), found.total) == ([demo.DRIVER.codi], 1)


def test_active_and_foreign_accounts_are_not_offered():
    assert codes(search(demo.SERVANT.cedula)) == [] and codes(search(demo.RESEARCHER.cedula)) == []
    assert codes(search(demo.RESEARCHER.cedula, "aiq@otra.gob.ec")) == [demo.RESEARCHER.codi]
    assert codes(search(demo.ARCHIVIST.cedula, "sge@demo.gob.ec")) == [demo.ARCHIVIST.codi], "an institution no longer in force"
    assert codes(search(demo.MAIN.cedula, "sge@demo.gob.ec")) == []
    assert codes(search(demo.MAIN.cedula, "servidor@demo.gob.ec")) == []


def test_an_account_that_vanished_from_quipux_is_not_offered():
    db.session.execute(update(Cuenta).where(Cuenta.quipux_codi == demo.MAIN.codi).values(ausente_desde=clock.now()))
    assert codes(search("naunay")) == []


def test_the_count_is_exact_up_to_a_thousand():
    place = institucion(demo.SNBAP)
    for n in range(1001):
        db.session.add(Cuenta(quipux_codi=f"5{n:05d}", cedula="0102030405", nombre="Zoe", apellido="Zz", activa=False, institucion_id=place.id,
                              busqueda=" zoe zz", apellido_plegado="zz zoe"))
        if n == 24:
            found = search("zoe")
            assert (len(found.rows), found.total, found.many) == (20, 25, False)
    found = search("zoe")
    assert (len(found.rows), found.total, found.many) == (20, 1000, True)


def test_rights_come_from_offices_in_force_and_accounts():
    aiq, backup, servant, sge = (actor(c) for c in ("aiq@demo.gob.ec", "respaldo@demo.gob.ec", "servidor@demo.gob.ec", "sge@demo.gob.ec"))
    here = institucion(demo.SNBAP).id
    assert aiq.aiq_of == backup.aiq_of == {here} and aiq.principal_of == {here} and not backup.principal_of
    assert servant.active_accounts == servant.own_accounts and len(servant.own_accounts) == 1 and not servant.aiq_of
    assert sge.sge and sge.sge_admin and not sge.own_accounts
    assert all(a.may_enter for a in (aiq, backup, servant, sge))


def test_an_office_is_in_force_from_desde_until_just_before_hasta():
    backup = usuario("respaldo@demo.gob.ec")
    end = clock.now() + timedelta(hours=1)
    backup.nombramientos[0].hasta = end
    db.session.flush()
    assert people.actor_of(backup, end - timedelta(microseconds=1)).aiq_of
    assert not people.actor_of(backup, end).aiq_of
    assert not people.actor_of(backup, backup.nombramientos[0].desde - timedelta(microseconds=1)).aiq_of


def test_an_aiq_whose_account_is_inactivated_loses_the_office_at_once():
    db.session.execute(update(Cuenta).where(Cuenta.quipux_codi == demo.AIQ_PRINCIPAL.codi).values(activa=False))
    lost = actor("aiq@demo.gob.ec")
    assert not lost.aiq_of and not lost.may_enter
    assert [u.correo for u in people.aiqs_of(institucion(demo.SNBAP).id, clock.now())] == ["respaldo@demo.gob.ec"]


@pytest.mark.parametrize(("values", "in_office"), [
    ({"activa": True}, True), ({"activa": False}, False), ({"ausente_desde": NOW}, False), ({"activa": False, "ausente_desde": NOW}, False),
    ({"cedula": "1710034073"}, True),
], ids=["active", "inactive", "vanished", "inactive and vanished", "without an account"])
def test_who_is_an_active_aiq_is_the_same_wherever_it_is_asked(values, in_office):
    """The rights, who is told, the file card and the list of institutions, the red alert above the changes."""
    place, now = institucion(demo.SNBAP).id, clock.now()
    sge, backup = actor("sge@demo.gob.ec"), usuario("respaldo@demo.gob.ec")
    db.session.execute(delete(Nombramiento).where(Nombramiento.institucion_id == place, Nombramiento.usuario_id != backup.id))
    db.session.execute(update(Cuenta).where(Cuenta.quipux_codi == demo.AIQ_BACKUP.codi).values(values))
    assert (place in people.actor_of(backup, now).aiq_of) is in_office
    assert people.aiqs_of(place, now) == [backup] * in_office
    assert [office.active for office in institutions.offices_of([place], now)[place]] == [in_office]
    assert (place in [lost.id for lost, _ in cambios_listing.without_aiq(sge).rows]) is not in_office


def test_a_designated_aiq_without_a_quipux_account_keeps_the_office():
    person = Usuario(cedula="1710034073", correo="nuevo@demo.gob.ec", nombre="Nueva", apellido="Persona", creado=clock.now())
    person.nombramientos.append(Nombramiento(cargo=Cargo.AIQ_BACKUP, institucion_id=institucion(demo.SNBAP).id, desde=clock.now()))
    db.session.add(person)
    db.session.flush()
    assert people.actor_of(person, clock.now()).aiq_of


def test_aiqs_are_told_principal_first_and_only_those_of_the_institution():
    assert [u.correo for u in people.aiqs_of(institucion(demo.SNBAP).id, clock.now())] == ["aiq@demo.gob.ec", "respaldo@demo.gob.ec"]
    usuario("aiq@demo.gob.ec").habilitado = False
    db.session.flush()
    assert [u.correo for u in people.aiqs_of(institucion(demo.SNBAP).id, clock.now())] == ["respaldo@demo.gob.ec"]
    assert people.aiqs_of(institucion(demo.STAH).id, clock.now()) == []
    assert [u.correo for u in people.sge_staff(clock.now())] == ["sge@demo.gob.ec", "sge2@demo.gob.ec"]


def test_the_search_text_leaves_no_wildcard():
    assert people.search_text("Ñ%_á-b", "x y", "a.b@c.ec") .replace(" ", "").isalnum()
    assert people.search_text("María Ñauñay") == " maria naunay"
