"""Accesses: who may be let in, who may not be shut out, and what each step leaves behind."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from extensions import db
from models import AccesoAccion, AccesoEvento, Cargo, Correo, Cuenta, Nombramiento, Usuario
from services import accesses, accesses_csv, accesses_import, accounts_listing, clock, people, scope, signin
from services.accesses import Access
from services.accesses_import import Outcome
from services.accounts_listing import Filters
from services.errors import NotFound, Refused
from sources import demo_people

STAFF = [a for a in demo_people.staff() if a.inst == demo_people.SNBAP]
NEW, SECOND = STAFF[0], STAFF[1]
FOREIGN = next(a for a in demo_people.staff() if a.inst == demo_people.IEPH)

pytestmark = pytest.mark.usefixtures("ctx")


def actor(correo="aiq@demo.gob.ec"):
    return people.actor_of(usuario(correo), clock.now())


def usuario(correo) -> Usuario:
    return db.session.scalar(select(Usuario).where(Usuario.correo == correo))


def cuenta(who=NEW) -> Cuenta:
    return db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == who.codi))


def given(who=NEW) -> Usuario:
    return accesses.give(actor(), cuenta(who), who.correo)


def last_mail() -> Correo:
    return db.session.scalar(select(Correo).order_by(Correo.id.desc()).limit(1))


def mailed_token() -> str:
    return re.search(r"/clave/(\S+)", last_mail().texto)[1]


def test_giving_registers_the_person_mails_a_link_and_leaves_a_trace():
    assert accesses.person(actor(), cuenta()).access is Access.SIN
    person = given()
    db.session.commit()
    shown = accesses.person(actor(), cuenta())
    assert shown.access is Access.ENLACE and shown.link_until == clock.now() + timedelta(days=3)
    assert [(e.accion, e.actor.correo, e.institucion_id) for e in shown.events] == [(AccesoAccion.DAR, "aiq@demo.gob.ec", cuenta().institucion_id)]
    mail = last_mail()
    token = mailed_token()
    assert mail.para == NEW.correo and token in mail.html and signin.from_link(token).id == person.id
    signin.set_password(person, "Una-clave-larga-9")
    assert accesses.person(actor(), cuenta()).access is Access.ACTIVO
    assert signin.authenticate(NEW.cedula, "Una-clave-larga-9").id == person.id


def test_an_inactive_account_is_given_nothing():
    with pytest.raises(Refused, match="inactivas en Quipux"):
        accesses.give(actor(), cuenta(demo_people.MAIN), demo_people.MAIN.correo)
    gone = cuenta()
    gone.ausente_desde = clock.now()
    with pytest.raises(Refused, match="inactivas en Quipux"):
        accesses.give(actor(), gone, NEW.correo)
    assert people.usuario_of(NEW.cedula) is None and people.usuario_of(demo_people.MAIN.cedula) is None


@pytest.mark.parametrize("correo", ["", "otro@gmail.com", "no es un correo", "aiq@demo.gob.ec"])
def test_the_link_goes_only_to_a_mailbox_the_account_has(correo):
    with pytest.raises(Refused) as refused:
        accesses.give(actor(), cuenta(), correo)
    assert "correo" in refused.value.fields


def test_two_people_never_share_a_mailbox():
    shared = cuenta(SECOND)
    shared.correos = f"{SECOND.correo},{NEW.correo.upper()}"
    given()
    with pytest.raises(Refused) as refused:
        accesses.give(actor(), shared, NEW.correo)
    assert refused.value.fields == {"correo": accesses.TAKEN_MAIL}


def test_what_is_no_cedula_joins_nobody_and_gets_no_access():
    one, other = cuenta(), cuenta(SECOND)
    one.cedula = other.cedula = "9999999999"
    assert accesses.accounts_of(actor(), one) == [one]
    with pytest.raises(Refused, match="no es válida"):
        accesses.give(actor(), one, NEW.correo)


def test_giving_twice_is_refused():
    given()
    with pytest.raises(Refused, match="ya tiene acceso"):
        given()


def test_taking_ends_sessions_and_restoring_voids_the_old_password():
    person = given()
    signin.set_password(person, "Una-clave-larga-9")
    before = person.sesion
    accesses.take(actor(), cuenta(), "Cambio de funciones.")
    db.session.commit()
    assert person.sesion > before and not person.habilitado and last_mail().plantilla == "acceso_retirado"
    with pytest.raises(Refused):
        signin.authenticate(NEW.cedula, "Una-clave-larga-9")
    accesses.give_back(actor(), cuenta(), NEW.correo)
    db.session.commit()
    with pytest.raises(Refused):
        signin.authenticate(NEW.cedula, "Una-clave-larga-9")
    shown = accesses.person(actor(), cuenta())
    assert shown.access is Access.ENLACE and [e.accion for e in shown.events] == [AccesoAccion.DEVOLVER, AccesoAccion.QUITAR, AccesoAccion.DAR]
    assert shown.events[1].comentario == "Cambio de funciones."


def test_a_reset_link_works_once_and_the_one_before_no_more():
    person = given()
    first = mailed_token()
    signin.set_password(person, "Una-clave-larga-9")
    accesses.reset(actor(), cuenta(), NEW.correo)
    second = mailed_token()
    assert second != first and person.clave_hash is None
    with pytest.raises(Refused):
        signin.from_link(first)
    signin.set_password(signin.from_link(second), "Otra-clave-larga-8")
    with pytest.raises(Refused):
        signin.from_link(second)


def test_a_reset_may_follow_a_new_mailbox_and_says_so():
    person = given()
    cuenta().correos = "nuevo@demo.gob.ec"
    accesses.reset(actor(), cuenta(), "nuevo@demo.gob.ec", "Cambió su correo.")
    assert person.correo == "nuevo@demo.gob.ec" and last_mail().para == "nuevo@demo.gob.ec"
    assert accesses.person(actor(), cuenta()).events[0].comentario == f"Cambió su correo. Correo anterior: {NEW.correo}."


def test_nobody_administers_the_own_access():
    own = cuenta(demo_people.AIQ_PRINCIPAL)
    assert set(accesses.person(actor(), own).offers.values()) == {accesses.OWN}
    with pytest.raises(Refused, match="propio acceso"):
        accesses.take(actor(), own)
    with pytest.raises(Refused, match="propio acceso"):
        accesses.reset(actor(), own, "aiq@demo.gob.ec")
    assert usuario("aiq@demo.gob.ec").habilitado


def test_an_institution_keeps_an_active_aiq():
    backup, sge = cuenta(demo_people.AIQ_BACKUP), actor("sge@demo.gob.ec")
    accesses.take(actor(), backup)
    principal = cuenta(demo_people.AIQ_PRINCIPAL)
    with pytest.raises(Refused, match="único AIQ activo"):
        accesses.take(sge, principal)
    assert "único AIQ" in accesses.person(sge, principal).offers[AccesoAccion.QUITAR]
    accesses.give_back(actor(), backup, "respaldo@demo.gob.ec")
    accesses.take(sge, principal)
    assert not usuario("aiq@demo.gob.ec").habilitado
    with pytest.raises(Refused, match="único AIQ activo"):
        accesses.take(sge, backup)


def test_an_aiq_whose_quipux_account_is_inactive_does_not_count():
    cuenta(demo_people.AIQ_BACKUP).activa = False
    with pytest.raises(Refused, match="único AIQ activo"):
        accesses.take(actor("sge@demo.gob.ec"), cuenta(demo_people.AIQ_PRINCIPAL))


def test_who_also_serves_elsewhere_is_the_sges_affair():
    person = given()
    db.session.add(Nombramiento(usuario_id=person.id, institucion_id=cuenta(FOREIGN).institucion_id, cargo=Cargo.AIQ_BACKUP, desde=clock.now()))
    db.session.flush()
    with pytest.raises(Refused, match="lo administra la SGE"):
        accesses.take(actor(), cuenta())
    assert [o.institucion_id for o in accesses.person(actor(), cuenta()).offices] == []
    accesses.take(actor("sge@demo.gob.ec"), cuenta())
    assert not person.habilitado


def test_an_account_that_vanished_elsewhere_is_no_service_elsewhere():
    given()
    elsewhere = cuenta(FOREIGN)
    elsewhere.cedula = NEW.cedula
    db.session.flush()
    with pytest.raises(Refused, match="lo administra la SGE"):
        accesses.take(actor(), cuenta())
    elsewhere.ausente_desde = clock.now()
    db.session.flush()
    accesses.take(actor(), cuenta())
    assert not usuario(NEW.correo).habilitado


def test_the_staff_of_the_sge_is_out_of_reach():
    person = given()
    db.session.add(Nombramiento(usuario_id=person.id, cargo=Cargo.SGE_OPERADOR, desde=clock.now()))
    db.session.flush()
    for correo in ("aiq@demo.gob.ec", "sge@demo.gob.ec"):
        with pytest.raises(Refused):
            accesses.take(actor(correo), cuenta())


def test_an_aiq_sees_only_what_belongs_to_the_institution():
    foreign = cuenta(FOREIGN)
    twin = cuenta()
    twin.cedula = foreign.cedula
    accesses.give(actor("aiq@otra.gob.ec"), foreign, FOREIGN.correo)
    assert accesses.accounts_of(actor(), twin) == [twin] and accesses.person(actor(), twin).events == []
    with pytest.raises(NotFound):
        scope.cuenta(actor(), foreign.id)
    twin.activa = False
    assert accesses.person(actor(), twin).usuario is None


def test_a_comment_has_a_limit():
    with pytest.raises(Refused) as refused:
        accesses.give(actor(), cuenta(), NEW.correo, "x" * 501)
    assert "comentario" in refused.value.fields


# --- List --------------------------------------------------------------------------------------------------------------


def names(filters: Filters, who="aiq@demo.gob.ec") -> list[str]:
    found, token = [], ""
    while True:
        page, _ = accounts_listing.page(actor(who), filters, "", token)
        found += [row.cuenta.quipux_codi for row in page.rows]
        if not page.next:
            return found
        token = page.next


def test_the_list_pages_through_every_account_of_the_institution_once():
    own = [a.codi for a in demo_people.accounts() if a.inst == demo_people.SNBAP]
    found = names(Filters())
    assert sorted(found) == sorted(own) and len(found) > 20
    assert sorted(names(Filters(), "sge@demo.gob.ec")) == sorted(a.codi for a in demo_people.accounts())


def test_filters_of_the_list():
    given()
    assert names(Filters(texto="ñauñ maria")) == [demo_people.MAIN.codi]
    assert names(Filters(texto=NEW.cedula)) == [NEW.codi]
    assert names(Filters(texto="%")) == []
    assert {a.codi for a in STAFF} >= set(names(Filters(texto="usuario"))) != set()
    inactive = {a.codi for a in demo_people.accounts() if a.inst == demo_people.SNBAP and not a.activa}
    assert set(names(Filters(estado="inactivos"))) == inactive
    assert not set(names(Filters(estado="activos"))) & inactive
    assert set(names(Filters(acceso="con"))) == {"101", "102", "103", NEW.codi}
    assert not (set(names(Filters(acceso="sin"))) & ({"101", NEW.codi} | inactive))
    assert set(names(Filters(area=demo_people.AREAS["1006"].nombre))) == {a.codi for a in demo_people.accounts() if a.area == "1006"}
    foreign = cuenta(FOREIGN).institucion_id
    assert names(Filters(institucion_id=foreign)) == []
    assert accounts_listing.areas(actor(), foreign) == [] and accounts_listing.areas(actor("sge@demo.gob.ec"), foreign)


def test_several_accounts_of_one_person_are_counted():
    page, _ = accounts_listing.page(actor(), Filters(texto=demo_people.TWO_FIRST.cedula))
    assert [row.accounts for row in page.rows] == [2, 2]


def test_a_page_takes_few_queries():
    one, statements = actor(), []
    db.session.expire_all()
    listener = lambda *args: statements.append(args[2])  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    try:
        accounts_listing.page(one, Filters())
    finally:
        event.remove(db.engine, "before_cursor_execute", listener)
    assert len(statements) <= 5, statements


# --- CSV ---------------------------------------------------------------------------------------------------------------


def outcomes(text: str | bytes, who="aiq@demo.gob.ec", do=accesses_import.preview):
    data = text if isinstance(text, bytes) else text.encode()
    return do(actor(who), accesses_csv.read(data))


def snapshot() -> tuple[int, ...]:
    return tuple(db.session.scalar(select(func.count()).select_from(kind)) for kind in (Usuario, AccesoEvento, Correo))


def test_every_outcome_and_a_preview_that_changes_nothing():
    accesses.give(actor(), cuenta(STAFF[2]), STAFF[2].correo)
    accesses.take(actor(), cuenta(STAFF[2]))
    db.session.commit()
    before = snapshot()
    text = "\n".join([
        "Cédula;Nombre;Correo", f"{NEW.cedula};x;{NEW.correo}", f"{demo_people.SERVANT.cedula};x;servidor@demo.gob.ec", "1714307103;x;a@demo.gob.ec",
        f"{demo_people.MAIN.cedula};x;{demo_people.MAIN.correo}", f"{FOREIGN.cedula};x;{FOREIGN.correo}", f"{SECOND.cedula};x;otro@gmail.com",
        f"{NEW.cedula};x;{NEW.correo}", f"{STAFF[2].cedula};x;{STAFF[2].correo}", "=1+1;x;=2", f"{STAFF[3].cedula};x;",
    ])
    verdicts = outcomes(text)
    O = Outcome
    assert [v.outcome for v in verdicts] == [
        O.NUEVO, O.YA, O.DESCONOCIDA, O.INACTIVA, O.DESCONOCIDA, O.CORREO, O.REPETIDA, O.RECHAZADA, O.DESCONOCIDA, O.NUEVO]
    unknown, foreign = verdicts[2], verdicts[4]
    assert (unknown.detail, unknown.nombre) == (foreign.detail, foreign.nombre) and "fila 2" in verdicts[6].detail
    assert verdicts[9].correo == STAFF[3].correo and snapshot() == before
    done = outcomes(text, do=accesses_import.apply)
    assert [v.outcome for v in done][:1] == [O.DADO] and done[9].outcome is O.DADO
    assert snapshot() == tuple(n + 2 for n in before)
    assert [v.outcome for v in outcomes(text, do=accesses_import.apply)][::9] == [O.YA, O.YA]
    assert snapshot() == tuple(n + 2 for n in before)
    assert [v.outcome for v in outcomes(text, "sge@demo.gob.ec")][4] is O.NUEVO


def test_one_mailbox_for_two_rows_goes_to_the_first():
    cuenta(SECOND).correos = NEW.correo
    verdicts = outcomes(f"cedula,correo\n{NEW.cedula},{NEW.correo}\n{SECOND.cedula},{NEW.correo}\n")
    assert [v.outcome for v in verdicts] == [Outcome.NUEVO, Outcome.CORREO]


def test_what_a_spreadsheet_does_to_a_file():
    zero = next(a for a in STAFF if a.cedula.startswith("0"))
    for data in (
        f"\ufeffcédula;correo\r\n{zero.cedula[1:]};{zero.correo}\r\n\r\n".encode(),
        f"CÉDULA,Correo electrónico,Observación ñ\n\"{zero.cedula}\",\"{zero.correo}\",\"una, \"\"dos\"\"\"\n".encode("latin-1"),
    ):
        assert [v.outcome for v in outcomes(data)] == [Outcome.NUEVO]
    assert accesses_csv.read("cédula;correo\nñandú;x".encode("latin-1"))[0].cedula == "ñandú"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "vac"), (b"  \n", "vac"), (b"cedula;correo\n", "no tiene filas"), (b"nombre;correo\nx;y", "títulos"), (b"cedula;correo\n1\x00;2", "CSV de texto"),
        ("cédula;correo\n1;2".encode("utf-16"), "CSV de texto"), (b'cedula;correo\n1;"sin cerrar\n2;3', "comillas"), (b"cedula;correo\n" + b"1;2\n" * 5000, "2\xa0000 filas"),
        (b"cedula;correo\n" + b"1;" + b"x" * 1_000_000, "1 MB"), (b"PK\x03\x04\xff;no\nes un csv", "títulos"),
        (b"cedula;correo\n1;" + b"y" * 200_000, "comillas"),
    ],
)
def test_files_that_cannot_be_read(data, says):
    with pytest.raises(Refused) as refused:
        accesses_csv.read(data)
    assert says in refused.value.fields["archivo"]


def test_a_preview_is_confirmed_by_its_author_alone():
    lines = accesses_csv.read(f"cedula;correo\n{NEW.cedula};{NEW.correo}".encode())
    token = accesses_import.pack(actor(), lines)
    assert accesses_import.unpack(actor(), token) == lines
    for who, bad in (("respaldo@demo.gob.ec", token), ("aiq@demo.gob.ec", token[:-2]), ("aiq@demo.gob.ec", "")):
        with pytest.raises(Refused):
            accesses_import.unpack(actor(who), bad)
