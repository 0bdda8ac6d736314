"""Accounts, institutions, areas, petitions, and how a document names its people."""

from datetime import UTC, date, datetime

import psycopg
import pytest

from sources import SourceArea, SourceInstitution
from tests.sources import cases

NOW = datetime(2019, 10, 1, 12, tzinfo=UTC)
P = cases.PETITIONS


def test_an_inactive_account_shows_its_bare_cedula(quipux):
    account = quipux.account("110")
    assert (account.codi, account.cedula, account.activa) == ("110", "1700000027", False)
    assert (account.nombre, account.apellido, account.titulo, account.puesto) == ("Luis", "Paredes", "Econ.", "Analista Financiero")
    assert (account.area_codi, account.area, account.inst_codi, account.perfil) == ("101", "Dirección Financiera", "10", "Normal")
    assert account.correos == ("luis@correo.test",)


def test_profiles_several_addresses_entities_and_subrogation(quipux):
    assert quipux.account("111").perfil == "Jefe"
    assert quipux.account("120").correos == ("a@x.test", "b@x.test")
    assert quipux.account("120").puesto == "Analista & Asesor"
    deputy = quipux.account("121")
    assert (deputy.perfil, deputy.subrogado, deputy.activa, deputy.cedula) == ("Asistente", "111", True, "1700000068")
    assert quipux.account("120").subrogado is None


def test_a_passport_loses_only_the_suffix(quipux):
    assert quipux.account("122").cedula == "AB12345"


@pytest.mark.parametrize("codi", ["999999", "", "x", "110 or 1=1", "9" * 25])
def test_nobody_is_none(quipux, codi):
    assert quipux.account(codi) is None


def test_accounts_stream_by_number_and_by_block(quipux):
    everyone = [a.codi for a in quipux.accounts()]
    assert everyone == ["0", "101", "110", "111", "120", "121", "122", "210", "5001"]
    assert [a.codi for a in quipux.accounts("111", "210")] == ["111", "120", "121", "122", "210"]


def test_blocks_cover_every_account_once(quipux):
    blocks = list(quipux.account_blocks())
    assert [(first, last) for first, last, _ in blocks] == [("0", "4999"), ("5000", "9999")]
    assert list(quipux.account_blocks()) == blocks
    through_blocks = [a.codi for first, last, _ in blocks for a in quipux.accounts(first, last)]
    assert through_blocks == [a.codi for a in quipux.accounts()]


def test_a_block_changes_with_any_shown_field(server, on_postgres):
    quipux = on_postgres.open()
    before = list(quipux.account_blocks())
    area = "update dependencia set depe_nomb = '{}' where depe_codi = 101"
    state = "update usuarios set usua_esta = {} where usua_codi = 110"
    changes = [(area.format("Otra"), area.format("Dirección Financiera")), (state.format(1), state.format(0))]
    for change, back in changes:
        with psycopg.connect(server.dsn("quipux"), autocommit=True) as writer:
            writer.execute(change)
            changed = list(quipux.account_blocks())
            writer.execute(back)
        assert changed[0] != before[0] and changed[1] == before[1]
    assert list(quipux.account_blocks()) == before
    quipux.close()


def test_institutions_and_areas(quipux):
    assert list(quipux.institutions())[1] == SourceInstitution("10", "1768000010001", "Ministerio de Prueba", "MPRU", "", "", True)
    areas = list(quipux.areas())
    assert areas[1] == SourceArea("100", "Despacho", "DESP", "10", None, True)
    assert areas[2].padre == "100"


# Petitions


@pytest.mark.parametrize(
    "typed",
    ["peticion de", "PETICIÓN respaldo", P["mine"][-6:], "mpru-" + P["mine"][-6:], "rosa peticion", "lema respaldo"],
)
def test_a_petition_is_found_by_number_subject_and_sender(quipux, typed):
    (found,) = quipux.petitions("10", typed, now=NOW)
    assert (found.id, found.asunto, found.has_file) == (P["mine"], "Petición de respaldo", True)
    assert (found.remitente, found.remitente_cedula) == ("Rosa Lema", "1700000051")
    assert found.fecha.isoformat() == "2019-09-01T10:00:00-05:00"


def test_the_sender_of_then_goes_before_the_account_of_today(quipux):
    (found,) = quipux.petitions("10", "munoz angel", now=NOW)
    assert (found.id, found.remitente, found.remitente_cedula, found.has_file) == (P["percent"], "Ángel Muñoz", "1700000084", False)


def test_only_public_external_recent_documents_of_the_institution(quipux):
    assert [p.id for p in quipux.petitions("10", "petici", now=NOW)] == [P["mine"], P["percent"]]  # newest first
    assert [p.id for p in quipux.petitions("20", "petici", now=NOW)] == [P["other_inst"]]
    assert [p.id for p in quipux.petitions("10", "petici", now=NOW, limit=1)] == [P["mine"]]
    assert [p.id for p in quipux.petitions("10", "petici", now=NOW.replace(year=2017))] != []
    assert quipux.petitions("10", "petici", now=NOW.replace(year=2022)) == []


@pytest.mark.parametrize("typed", ["", "pe", "  p  ", "___", "%%%", "' or 1=1 --", "petici!"])
def test_short_texts_and_wildcards_find_nothing(quipux, typed):
    assert quipux.petitions("10", typed, now=NOW) == []


def test_a_percent_sign_is_a_character(quipux):
    assert [p.id for p in quipux.petitions("10", "100%", now=NOW)] == [P["percent"]]


def test_one_petition_is_scoped_but_not_by_age(quipux):
    assert quipux.petition(P["mine"], "10").asunto == "Petición de respaldo"
    assert quipux.petition(P["old"], "10").asunto == "Petición antigua"
    for name in ("reserved", "internal", "deleted"):
        assert quipux.petition(P[name], "10") is None
    for id, inst in ((P["mine"], "20"), (P["mine"], ""), ("x", "10")):
        assert quipux.petition(id, inst) is None


def test_the_files_of_a_petition_and_of_nothing_else(quipux):
    (file,) = quipux.petition_files(P["mine"])
    assert quipux.open(file.ref).read() == cases.PDF
    for id in (P["reserved"], P["internal"], cases.RESERVED, cases.ID["disk"], "", "x"):
        assert quipux.petition_files(id) == ()


# People and history of a document


def document(quipux, codi, id, day):
    (found,) = [d for d in quipux.documents(codi, day, day) if d.id == id]
    return found


def test_a_copy_shows_the_people_its_parent_was_sent_to(quipux):
    copy = document(quipux, "120", cases.COPY, date(2019, 3, 2))
    assert copy.de == ("Dr. Marta Antes, Cargo de entonces, MPRU",)
    assert copy.para == ("Dr. Jesús Antes, Cargo de entonces, MPRU",)
    assert copy.cc == ("Dr. Iván Antes, Cargo de entonces, MPRU",)


def test_without_a_snapshot_people_are_as_today_citizens_too(quipux):
    external = document(quipux, "110", "20180001000000002011", date(2018, 1, 5))
    assert external.de == ("Sra. Rosa Lema",)
    assert external.para == ("Econ. Luis Paredes, Analista Financiero, Ministerio de Prueba",)
    assert (external.tipo, external.cc, external.firmado, external.fecha.isoformat()) == ("Externo", (), False, "2018-01-05T00:00:00-05:00")


def test_the_history_is_the_documents_own_in_order(quipux):
    steps = document(quipux, "110", "20180001010000003001", date(2018, 8, 1)).recorrido
    assert [(s.de, s.para, s.accion, s.comentario) for s in steps] == [
        ("Marta Vega", "Luis Paredes", "Reasignar", "favor atender"),
        ("Luis Paredes", "Marta Vega", "Reasignar", "atendido"),
    ]
    assert steps[0].fecha.isoformat() == "2018-08-01T00:00:00-05:00"


def test_a_comment_loses_markup_and_is_unescaped_once(installation):
    quipux = installation.open(QUIPUX_REDIRECTED="1")
    (step,) = document(quipux, "120", cases.REDIRECTED, date(2019, 5, 1)).recorrido
    assert step.comentario == "véase\nel anexo <urgente>"
    quipux.close()
