"""The use cases of a request until its run: who may name whom, what a draft keeps, what is refused, what is said."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import date, timedelta
from itertools import product

import pytest
from sqlalchemy import select, update

from extensions import db
from models import Correo, Cuenta, Institucion, Solicitud, Usuario
from rules.lifecycle import Action, Clase, Estado, Motivo
from rules.policy import Permission, may
from services import acting, clock, decisions, mover, petitions, scope, solicitudes
from services.adapters import storage
from services.errors import Conflict, NotFound, Refused
from services.people import actor_of
from services.solicitudes import Draft
from sources import demo_people as people
from sources.demo_petitions import petition_of
from tests.conftest import NOW
from tests.jobs import story

pytestmark = pytest.mark.usefixtures("ctx")
INSTITUCIONAL, PERSONAL = Clase.INSTITUCIONAL, Clase.PERSONAL
PEOPLE = ["aiq@demo.gob.ec", "respaldo@demo.gob.ec", "aiq@otra.gob.ec", "sge@demo.gob.ec", "sge2@demo.gob.ec", "servidor@demo.gob.ec"]


def actor(correo="aiq@demo.gob.ec"):
    return actor_of(db.session.scalar(select(Usuario).where(Usuario.correo == correo)), clock.now())


def cuenta(account):
    return db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == account.codi))


def draft(account=people.MAIN, **changes):
    fields = {"documento_codi": petition_of(account, NOW.date()).radi_nume_radi, "desde": date(2024, 1, 1), "hasta": date(2025, 12, 31)}
    return Draft(cuenta(account).id, **(fields | changes))


def saved(account=people.MAIN, by="aiq@demo.gob.ec", **changes):
    return solicitudes.save(actor(by), INSTITUCIONAL, draft(account, **changes))


def sent(account=people.MAIN, by="aiq@demo.gob.ec", **changes):
    return solicitudes.send(actor(by), saved(account, by, **changes))


def personal(by="servidor@demo.gob.ec", account=people.SERVANT):
    return solicitudes.save(actor(by), PERSONAL, Draft(cuenta(account).id, "", date(2024, 1, 1), date(2025, 12, 31)))


def actions(row):
    return [e.accion for e in row.eventos]


@pytest.fixture
def own_quipux(ctx, tmp_path, quipux_folder):
    """A Quipux of this test alone, to be changed by SQL behind our back."""
    from sources import Quipux

    folder = tmp_path / "propio"
    shutil.copytree(quipux_folder, folder)
    ctx.config |= {"QUIPUX_URL": f"sqlite:///{folder / 'quipux.sqlite'}", "BODEGA_URL": f"sqlite:///{folder / 'bodega.sqlite'}",
                   "BODEGA_DIR": str(folder / "bodega")}
    ctx.extensions.setdefault("respaldos", {})["quipux"] = Quipux.from_config(ctx.config)

    def run(sql, *params):
        with sqlite3.connect(folder / "quipux.sqlite") as connection:
            assert connection.execute(sql, params).rowcount > 0

    return run


# --- drafts ------------------------------------------------------------------------------------------------------------

def test_a_draft_copies_the_person_and_the_petition():
    row = saved(comentario="  Entregado\x00\u202e en ventanilla ")
    assert (row.estado, row.version, row.persona_cedula, row.persona_apellido) == (Estado.BORRADOR, 1, people.MAIN.cedula, people.MAIN.apellidos)
    assert row.documento_numero == petition_of(people.MAIN, NOW.date()).numero and row.documento_remitente_cedula == people.MAIN.cedula
    assert row.comentario == "Entregado en ventanilla" and row.fecha_solicitud == NOW and actions(row) == [Action.CREATE]


def test_editing_keeps_one_recorrido_row_and_counts_versions():
    row = saved()
    solicitudes.save(actor("respaldo@demo.gob.ec"), INSTITUCIONAL, draft(people.EMPTY, documento_codi="", hasta=None), existing=row, version=1)
    assert (row.version, row.persona_cedula, row.documento_codi, row.hasta) == (2, people.EMPTY.cedula, None, None)
    assert row.editada_por.correo == "respaldo@demo.gob.ec" and row.creada_por.correo == "aiq@demo.gob.ec" and actions(row) == [Action.CREATE]


def test_a_personal_request_keeps_no_petition():
    row = solicitudes.save(actor("servidor@demo.gob.ec"), PERSONAL, Draft(cuenta(people.SERVANT).id, petition_of(people.MAIN, NOW.date()).radi_nume_radi))
    assert row.documento_codi is None and row.clase is PERSONAL


@pytest.mark.parametrize("by, clase, account", [
    ("aiq@demo.gob.ec", INSTITUCIONAL, people.SERVANT), ("aiq@demo.gob.ec", INSTITUCIONAL, people.RESEARCHER),
    ("aiq@otra.gob.ec", INSTITUCIONAL, people.MAIN), ("sge@demo.gob.ec", INSTITUCIONAL, people.MAIN),
    ("servidor@demo.gob.ec", INSTITUCIONAL, people.MAIN), ("servidor@demo.gob.ec", PERSONAL, people.MAIN), ("aiq@demo.gob.ec", PERSONAL, people.SERVANT),
])
def test_nobody_names_an_account_that_is_not_offered(by, clase, account):
    with pytest.raises(Refused) as refused:
        solicitudes.save(actor(by), clase, Draft(cuenta(account).id))
    assert set(refused.value.fields) == {"servidor"}
    assert db.session.scalar(select(Solicitud.id)) is None


def test_the_first_and_last_day_are_inclusive():
    today = clock.today()
    assert solicitudes.date_problems(today, today) == {} and solicitudes.date_problems(solicitudes.OLDEST, solicitudes.OLDEST) == {}
    tomorrow, before = today + timedelta(days=1), solicitudes.OLDEST - timedelta(days=1)
    assert set(solicitudes.date_problems(tomorrow, tomorrow)) == {"desde", "hasta"}
    assert set(solicitudes.date_problems(before, before)) == {"desde", "hasta"}
    assert set(solicitudes.date_problems(today, today - timedelta(days=1))) == {"desde"}
    assert solicitudes.date_problems(None, None) == {}


def test_today_is_guayaquil_s():
    with clock.frozen(NOW.replace(hour=3)):  # 22:00 of the day before in Guayaquil
        assert set(solicitudes.date_problems(None, date(2026, 11, 18))) == {"hasta"}


def test_two_thousand_characters_fit():
    saved(comentario="ñ" * 2000)
    with pytest.raises(Refused, match="2.001"):
        saved(comentario="ñ" * 2001)


def test_the_form_s_token_finds_what_it_made_for_a_day():
    row = solicitudes.save(actor(), INSTITUCIONAL, draft(), nonce="abc")
    assert solicitudes.filed_with(actor(), "abc") is row
    assert solicitudes.filed_with(actor("respaldo@demo.gob.ec"), "abc") is None and solicitudes.filed_with(actor(), "abd") is None
    saved()
    assert solicitudes.filed_with(actor(), "") is None
    with clock.frozen(NOW + timedelta(hours=25)):
        assert solicitudes.filed_with(actor(), "abc") is None


# --- sending -----------------------------------------------------------------------------------------------------------

def test_sending_copies_the_petition_with_its_file_and_the_estimate():
    row = saved()
    with clock.frozen(NOW + timedelta(hours=2)):
        solicitudes.send(actor("respaldo@demo.gob.ec"), row)
    assert (row.estado, row.enviada_en, row.fecha_solicitud) == (Estado.ENVIADA, NOW + timedelta(hours=2), NOW + timedelta(hours=2))
    assert row.enviada_por.correo == "respaldo@demo.gob.ec" and row.estimado_documentos > 0 and row.estimado_bytes > 0
    assert row.eventos[-1].datos == {"documento": row.documento_numero}
    with storage().open(row.documento_clave) as kept:
        assert kept.read(5) == b"%PDF-"


def test_fecha_solicitud_is_that_of_the_first_sending():
    row = sent()
    decisions.give_back(actor("sge@demo.gob.ec"), row, "rango", "Falta el año 2023")
    with clock.frozen(NOW + timedelta(days=1)):
        solicitudes.send(actor(), row)
    assert row.fecha_solicitud == NOW and row.enviada_en == NOW + timedelta(days=1) and row.devuelta_por == ""


@pytest.mark.parametrize("changes, fields", [
    ({"documento_codi": ""}, {"documento"}), ({"desde": None}, {"desde"}), ({"hasta": None, "documento_codi": ""}, {"hasta", "documento"}),
])
def test_an_incomplete_draft_stays(changes, fields):
    row = saved(**changes)
    with pytest.raises(Refused) as refused:
        solicitudes.send(actor(), row)
    assert set(refused.value.fields) == fields and row.estado is Estado.BORRADOR and row.version == 1


def test_save_and_send_tells_everything_at_once_and_writes_nothing():
    with pytest.raises(Refused) as refused:
        solicitudes.save_and_send(actor(), INSTITUCIONAL, Draft(None, "", date(2026, 12, 1), None, "x" * 3000))
    assert set(refused.value.fields) == {"servidor", "documento", "desde", "hasta", "comentario"}
    assert db.session.scalar(select(Solicitud.id)) is None


def test_an_account_active_again_in_quipux_is_not_sent_though_the_mirror_is_old(own_quipux):
    row = saved()
    own_quipux("update usuarios set usua_esta = 1 where usua_codi = ?", people.MAIN.codi)
    with pytest.raises(Refused, match="activo en Quipux"):
        solicitudes.send(actor(), row)
    assert row.estado is Estado.BORRADOR


def test_an_account_that_moved_to_another_institution_is_not_sent(own_quipux):
    row = saved()
    own_quipux("update usuarios set inst_codi = ? where usua_codi = ?", people.IEPH, people.MAIN.codi)
    with pytest.raises(Refused, match="ya no pertenece"):
        solicitudes.send(actor(), row)


def test_a_petition_made_confidential_meanwhile_is_not_sent(own_quipux):
    row = saved()
    own_quipux("update radicado set radi_permiso = 1 where radi_nume_radi = ?", row.documento_codi)
    with pytest.raises(Refused) as refused:
        solicitudes.send(actor(), row)
    assert set(refused.value.fields) == {"documento"} and row.estado is Estado.BORRADOR


def test_sending_twice_is_a_conflict_in_words():
    row = sent()
    with pytest.raises(Conflict, match="Enviada: Rosa Elena Chicaiza Ñacato registró «Enviada» el 18 nov 2026, 10:00"):
        solicitudes.send(actor(), row)
    assert actions(row) == [Action.CREATE, Action.SEND]


# --- throwing away --------------------------------------------------------------------------------------------------------

def test_a_draft_never_sent_is_hidden_and_its_number_is_not_used_again():
    row = saved()
    solicitudes.delete(actor(), row)
    assert (row.estado, row.oculta, row.motivo) == (Estado.ELIMINADA, True, Motivo.CANCELADA)
    with pytest.raises(NotFound):
        scope.solicitud(actor(), row.id)
    assert saved().id == row.id + 1


def test_a_returned_draft_is_cancelled_and_stays_in_the_listing():
    row = sent()
    decisions.give_back(actor("sge@demo.gob.ec"), row, "documento", "No es la petición")
    solicitudes.delete(actor(), row)
    assert (row.estado, row.oculta) == (Estado.ELIMINADA, False) and actions(row)[-1] == Action.CANCEL
    assert scope.solicitud(actor(), row.id) is row


def test_what_was_sent_is_not_deleted():
    row = sent()
    with pytest.raises(Conflict, match="Enviada"):
        solicitudes.delete(actor(), row)
    assert row.estado is Estado.ENVIADA


# --- whose: scope is the policy in SQL -----------------------------------------------------------------------------------

def test_scope_and_policy_agree_for_everybody_and_everything():
    rows = [saved(), sent(people.LAWYER, by="respaldo@demo.gob.ec"), saved(people.RESEARCHER, by="aiq@otra.gob.ec"), saved(people.ARCHIVIST, by="sge@demo.gob.ec"),
            sent(people.PALEOGRAPHER, by="sge2@demo.gob.ec"), personal(), solicitudes.send(actor("servidor@demo.gob.ec"), personal())]
    for correo, row in product(PEOPLE, rows):
        who = actor(correo)
        visible = db.session.scalar(scope.solicitudes(who).where(Solicitud.id == row.id)) is not None
        assert visible == may(who, Permission.SOLICITUD_SEE, row), (correo, row.id)
    numbers = {c: set(db.session.scalars(scope.drafts(actor(c)).with_only_columns(Solicitud.id))) for c in PEOPLE}
    assert numbers == {"aiq@demo.gob.ec": {1}, "respaldo@demo.gob.ec": {1}, "aiq@otra.gob.ec": {3}, "sge@demo.gob.ec": {4},
                       "sge2@demo.gob.ec": set(), "servidor@demo.gob.ec": set()}
    assert {c: set(db.session.scalars(scope.personal(actor(c)).with_only_columns(Solicitud.id))) for c in PEOPLE} == {c: {6, 7} if c.startswith("servidor") else set() for c in PEOPLE}


@pytest.mark.parametrize("number", [0, -1, 999, 2**62, 10**30])
def test_a_number_nobody_has_is_not_found(number):
    with pytest.raises(NotFound):
        scope.solicitud(actor(), number)


def test_an_institution_that_closed_passes_to_the_sge():
    db.session.execute(update(Institucion).where(Institucion.quipux_codi == people.IEPH).values(activa=False))
    assert solicitudes.choosable(actor("sge@demo.gob.ec"), INSTITUCIONAL, cuenta(people.RESEARCHER).id) is not None


# --- the petition --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("sender, sender_cedula, yes", [
    ("María Fernanda Ñauñay Quishpe", "1710034065", True),
    ("otra persona", "1710034065", True),  # the cédula decides
    ("María Fernanda Ñauñay Quishpe", "1713175071", False),
    ("ÑAUÑAY QUISHPE MARIA FERNANDA", "", True),
    ("Lcda. Maria Ñauñay", "", True),
    ("María", "", False),
    ("Patricia Ñacata", "", False),
    ("", "", False),
])
def test_who_wrote_a_petition(sender, sender_cedula, yes):
    assert petitions.written_by(sender, sender_cedula, "María Fernanda Ñauñay Quishpe", "1710034065") is yes


# --- deciding ------------------------------------------------------------------------------------------------------------

def test_returning_and_rejecting_need_their_reasons():
    row, sge = sent(), actor("sge@demo.gob.ec")
    for call, args, field in [
        (decisions.give_back, ("", "texto"), "motivo"), (decisions.give_back, ("rango", "  "), "detalle"), (decisions.give_back, ("rango", "x" * 5000), "detalle"),
        (decisions.reject, ("nada", ""), "motivo"), (decisions.reject, ("otro", " "), "detalle"),
    ]:
        with pytest.raises(Refused) as refused:
            call(sge, row, *args)
        assert set(refused.value.fields) == {field}
    assert row.estado is Estado.ENVIADA and actions(row) == [Action.CREATE, Action.SEND]


def test_what_may_be_offered_follows_rights_and_estado():
    row = sent()
    offered = {c: {k for k, v in acting.offered_actions(actor(c), row, row.estado).items() if v} for c in PEOPLE}
    assert offered["aiq@demo.gob.ec"] == offered["respaldo@demo.gob.ec"] == {"cancel"}
    assert offered["sge@demo.gob.ec"] == {"decide", "reject"} and offered["aiq@otra.gob.ec"] == offered["servidor@demo.gob.ec"] == set()
    own = sent(people.ARCHIVIST, by="sge@demo.gob.ec")
    assert "decide" not in {k for k, v in acting.offered_actions(actor("sge@demo.gob.ec"), own, own.estado).items() if v}
    assert acting.offered_actions(actor("sge2@demo.gob.ec"), own, own.estado)["decide"]


def test_the_recorrido_of_all_of_it_holds():
    row = sent()
    decisions.give_back(actor("sge@demo.gob.ec"), row, "rango", "Otra vez")
    solicitudes.send(actor(), row)
    solicitudes.cancel(actor(), row, "Ya no hace falta")
    assert mover.broken_link(row) is None and row.motivo is Motivo.CANCELADA
    assert {c.plantilla for c in db.session.scalars(select(Correo))} == {"devuelta"}


def test_a_day_above_capacity_is_taken_only_with_a_reason(app):
    """Decisions 14: capacity beats what an officer wishes, unless he or she says why."""
    first, second = sent(), sent(people.LAWYER)
    sge = actor("sge@demo.gob.ec")
    app.config["CAPACITY_DOCUMENTS"] = max(first.estimado_documentos, second.estimado_documentos)
    day = date(2026, 11, 24)
    decisions.approve(sge, first, day)
    with pytest.raises(Refused) as refused:
        decisions.approve(sge, second, day)
    assert "supera la capacidad diaria" in refused.value.fields["comentario"]
    decisions.approve(sge, second, date(2026, 11, 25))
    with pytest.raises(Refused):
        decisions.reschedule(sge, second, day)
    decisions.reschedule(sge, second, day, comment="Orden judicial.")
    assert second.fecha_tentativa == day and second.eventos[-1].comentario == "Orden judicial."


def test_an_expiry_found_by_a_renewal_is_told_like_any_other(at):
    """Nobody may learn of an expiry by chance: whoever comes first, sweep or person, tells everybody."""
    made = story.produced()
    with at(days=6):
        solicitudes.renew(actor("aiq@demo.gob.ec"), made)
    told = set(db.session.scalars(select(Correo.para).where(Correo.solicitud_id == made.id, Correo.plantilla == "vencida")))
    assert told == {"aiq@demo.gob.ec", "respaldo@demo.gob.ec"}
