"""Signing in: the lock, who may enter, the password and its link."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from extensions import db
from models import Correo, Cuenta, IntentoIngreso, Usuario
from services import clock, demo, signin
from services.errors import Refused
from tests.conftest import NOW

AIQ = "aiq@demo.gob.ec"


@pytest.fixture(autouse=True)
def _context(ctx):
    yield


def person(correo: str = AIQ) -> Usuario:
    return db.session.scalar(select(Usuario).where(Usuario.correo == correo))


def fail(login: str, times: int) -> list[str]:
    """What each failed attempt was told."""
    told = []
    for _ in range(times):
        with pytest.raises((Refused, signin.Locked)) as caught:
            signin.authenticate(login, "no es esta")
        told.append(str(caught.value) if caught.type is Refused else "locked")
    return told


def test_by_correo_or_by_cedula():
    assert signin.authenticate(" AIQ@demo.gob.ec ", demo.PASSWORD).correo == AIQ
    assert signin.authenticate(person().cedula, demo.PASSWORD).correo == AIQ
    assert person().ultimo_ingreso == NOW


@pytest.mark.parametrize("login", [AIQ, "nadie@demo.gob.ec", "1799999999"])
def test_five_failures_lock_for_fifteen_minutes_whether_the_account_exists_or_not(login):
    told = fail(login, 5)
    assert told[0].endswith("Le quedan 4 intentos antes del bloqueo temporal.")
    assert told[3].endswith("Le queda 1 intento antes del bloqueo temporal.")
    assert told[4] == "locked"
    with pytest.raises(signin.Locked) as locked:
        signin.authenticate(login, demo.PASSWORD)
    assert locked.value.until == NOW + timedelta(minutes=15)


def test_the_lock_ends_after_fifteen_minutes():
    fail(AIQ, 5)
    with clock.frozen(NOW + timedelta(minutes=14, seconds=59)), pytest.raises(signin.Locked):
        signin.authenticate(AIQ, demo.PASSWORD)
    with clock.frozen(NOW + timedelta(minutes=15)):
        assert signin.authenticate(AIQ, demo.PASSWORD).correo == AIQ


def test_cedula_and_correo_of_a_person_share_one_count():
    fail(AIQ, 3)
    assert fail(person().cedula, 2)[-1] == "locked"


def test_one_way_of_writing_a_login_is_one_count():
    fail("1799999999", 3)
    assert fail("179 999 999-9", 2)[-1] == "locked"


def test_a_right_password_forgets_the_failures():
    fail(AIQ, 4)
    signin.authenticate(AIQ, demo.PASSWORD)
    assert fail(AIQ, 4)[-1] != "locked"
    assert db.session.scalar(select(func.count()).select_from(IntentoIngreso)) == 1


@pytest.mark.parametrize("login", ["a\x00b", "x" * 5000, "' OR 1=1 --", ""])
def test_nonsense_is_only_a_wrong_login(login):
    assert "no coinciden" in fail(login, 1)[0]


def test_who_has_no_active_account_and_no_office_cannot_enter():
    servant = person("servidor@demo.gob.ec")
    db.session.query(Cuenta).where(Cuenta.cedula == servant.cedula).update({"activa": False})
    with pytest.raises(Refused, match="no está vigente"):
        signin.authenticate(servant.correo, demo.PASSWORD)


def test_a_disabled_person_cannot_enter():
    person().habilitado = False
    with pytest.raises(Refused, match="no está vigente"):
        signin.authenticate(AIQ, demo.PASSWORD)


def test_without_a_password_nobody_enters():
    person().clave_hash = None
    assert "no coinciden" in fail(AIQ, 1)[0]


@pytest.mark.parametrize("password", ["corta", "x" * 201, "aaaaaaaaaaaa"])
def test_weak_passwords_are_refused(password):
    with pytest.raises(Refused) as refused:
        signin.set_password(person(), password)
    assert set(refused.value.fields) == {"clave"}


def test_a_new_password_ends_the_other_sessions_and_lifts_the_lock():
    fail(AIQ, 5)
    before = person().sesion
    signin.change_password(person(), demo.PASSWORD, "una frase que recuerdo")
    assert person().sesion == before + 1
    assert signin.authenticate(AIQ, "una frase que recuerdo").correo == AIQ
    with pytest.raises(Refused) as refused:
        signin.change_password(person(), demo.PASSWORD, "otra frase que recuerdo")
    assert set(refused.value.fields) == {"actual"}


def token() -> str:
    return signin.password_link(person()).rsplit("/", 1)[1]


def test_a_link_works_once():
    link = token()
    signin.set_password(signin.from_link(link), "una frase que recuerdo")
    with pytest.raises(Refused, match="ya se utilizó"):
        signin.from_link(link)


@pytest.mark.parametrize("spoil", [lambda t: t[:-2], lambda t: "x" + t, lambda t: "", lambda t: "ñ" * 40])
def test_an_altered_link_is_refused(spoil):
    with pytest.raises(Refused):
        signin.from_link(spoil(token()))


def letters() -> list[Correo]:
    return list(db.session.scalars(select(Correo).where(Correo.plantilla == "clave")))


def test_the_link_is_mailed_to_the_person_only_and_not_again_within_ten_minutes():
    for login in (person().cedula, AIQ, "nadie@demo.gob.ec", "\x00"):
        signin.send_link(login)
    assert [c.para for c in letters()] == [AIQ]
    assert "/clave/" in letters()[0].texto and "/clave/" in letters()[0].html
    with clock.frozen(NOW + timedelta(minutes=10)):
        signin.send_link(AIQ)
    assert len(letters()) == 2


def test_no_link_for_who_may_not_enter():
    servant = person("servidor@demo.gob.ec")
    db.session.query(Cuenta).where(Cuenta.cedula == servant.cedula).update({"activa": False})
    signin.send_link(servant.correo)
    assert letters() == []


def test_the_first_officer_is_registered_with_valid_data_only():
    with pytest.raises(Refused) as refused:
        signin.create_sge("1710034066", "no es un correo", " ", "Ruiz", admin=True)
    assert set(refused.value.fields) == {"cedula", "correo", "nombre"}
    with pytest.raises(Refused, match="Ya existe"):
        signin.create_sge(person().cedula, "nuevo@gobiernoelectronico.gob.ec", "Eva", "Ruiz", admin=True)
    new = signin.create_sge("1713175089", "Nueva@GobiernoElectronico.gob.ec", "Eva", "Ruiz", admin=True)
    assert new.correo == "nueva@gobiernoelectronico.gob.ec"
    signin.set_password(signin.from_link(signin.password_link(new).rsplit("/", 1)[1]), "una frase que recuerdo")
    assert signin.authenticate(new.correo, "una frase que recuerdo").id == new.id
