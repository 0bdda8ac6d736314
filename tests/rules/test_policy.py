"""Who may do what with a request: every permission for every kind of person."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from rules.lifecycle import Clase, Estado
from rules.policy import POLICY, Actor, Permission, may

P = Permission
PEOPLE = {
    "aiq": Actor(1, "AIQ", aiq_of=frozenset({10}), own_accounts=frozenset({100}), active_accounts=frozenset({100})),
    "foreign": Actor(2, "AIQ ajeno", aiq_of=frozenset({20})),
    "servant": Actor(3, "Servidor", own_accounts=frozenset({300}), active_accounts=frozenset({300})),
    "sge": Actor(4, "SGE", sge=True),
    # An administrator: what forbids him to decide on his own request is not his rank.
    "filer": Actor(5, "SGE que registra", sge=True, sge_admin=True),
    "nobody": Actor(6, "Sin derechos", own_accounts=frozenset({600})),
    # Sees his or her own process and nothing else until the office begins (decisions 4, 32).
    "incoming": Actor(8, "AIQ entrante", designated_changes=frozenset({70})),
    "designated": Actor(9, "AIQ designado", designated_implantations=frozenset({80})),
}


def thing(clase=Clase.INSTITUCIONAL, estado=Estado.ENVIADA, author=1, sender=None, account=999):
    return SimpleNamespace(clase=clase, estado=estado, institucion_id=10, cuenta_id=account, creada_por_id=author, enviada_por_id=sender or author)


INSTITUTIONAL = thing()
PERSONAL = thing(Clase.PERSONAL, author=3, account=300)
FILED = thing(author=5)
DRAFT = thing(estado=Estado.BORRADOR)
CHANGE = SimpleNamespace(id=70, institucion_id=10)
IMPLANTATION = SimpleNamespace(id=80, institucion_id=10)
SGE, AIQS = {"sge", "filer"}, {"aiq", "foreign"}
EVERYBODY = {"aiq", "foreign", "servant", "sge", "filer", "incoming", "designated"}

MATRIX = [
    (P.SOLICITUD_SEE, INSTITUTIONAL, {"aiq", "sge", "filer"}), (P.SOLICITUD_SEE, PERSONAL, {"aiq", "servant", "sge", "filer"}),
    (P.SOLICITUD_SEE, DRAFT, {"aiq"}), (P.SOLICITUD_SEE, thing(estado=Estado.BORRADOR, author=5), {"aiq", "filer"}),
    (P.SOLICITUD_EDIT, INSTITUTIONAL, {"aiq"}), (P.SOLICITUD_EDIT, PERSONAL, {"servant"}), (P.SOLICITUD_EDIT, FILED, {"aiq", "filer"}),
    (P.SOLICITUD_CANCEL, PERSONAL, {"servant"}), (P.SOLICITUD_RENEW, INSTITUTIONAL, {"aiq"}), (P.SOLICITUD_RENEW, FILED, {"aiq", "filer"}),
    (P.SOLICITUD_DECIDE, INSTITUTIONAL, {"sge", "filer"}), (P.SOLICITUD_DECIDE, FILED, {"sge"}),
    (P.SOLICITUD_DECIDE, thing(author=1, sender=5), {"sge"}),
    (P.SOLICITUD_RUN, INSTITUTIONAL, {"sge", "filer"}), (P.SOLICITUD_RUN, FILED, {"sge", "filer"}),
    (P.SOLICITUD_FILES, INSTITUTIONAL, {"aiq"}), (P.SOLICITUD_FILES, PERSONAL, {"servant"}), (P.SOLICITUD_FILES, FILED, {"aiq", "filer"}),
    (P.SOLICITUD_FILES_WITH_REASON, INSTITUTIONAL, {"sge", "filer"}), (P.SOLICITUD_FILES_WITH_REASON, FILED, {"sge"}),
    (P.SOLICITUD_FILES_WITH_REASON, PERSONAL, {"sge", "filer"}),
    (P.SOLICITUD_DELIVER, INSTITUTIONAL, {"aiq"}), (P.SOLICITUD_DELIVER, PERSONAL, set()),
    (P.REQUEST_INSTITUTIONAL, None, {"aiq", "foreign", "sge", "filer"}), (P.REQUEST_PERSONAL, None, {"aiq", "servant"}),
    (P.LIST_INSTITUTION, None, {"aiq", "foreign", "sge", "filer"}), (P.SGE_DESK, None, {"sge", "filer"}),
    (P.BOARD, None, SGE), (P.PRODUCTION, None, SGE),
    (P.CALENDAR, None, SGE), (P.CALENDAR_ADMIN, None, {"filer"}),
    (P.ENTER, None, EVERYBODY), (P.AFFAIRS_READ, None, EVERYBODY),
    (P.INSTITUTIONS, None, SGE), (P.AIQ_REGISTER, None, SGE),
    (P.USERS, None, AIQS | SGE), (P.AFFAIRS, None, AIQS | SGE), (P.CHANGE_START, None, AIQS), (P.ESCALATE, None, AIQS),
    (P.IMPLANTATION_SEE, IMPLANTATION, SGE | {"designated"}), (P.IMPLANTATION_WORK, IMPLANTATION, {"designated"}),
    (P.CHANGE_SEE, CHANGE, SGE | {"aiq", "incoming"}), (P.CHANGE_PREPARE, CHANGE, SGE | {"aiq"}), (P.CHANGE_WORK, CHANGE, {"incoming"}),
]


@pytest.mark.parametrize("permission, subject, allowed", MATRIX)
def test_the_matrix(permission, subject, allowed):
    assert {name for name, actor in PEOPLE.items() if may(actor, permission, subject)} == allowed


def test_every_permission_has_a_rule_and_a_row():
    assert set(POLICY) == set(Permission)
    assert set(Permission) - {p for p, _, _ in MATRIX} == set(), "add the new permission to MATRIX"


@pytest.mark.parametrize("permission", list(Permission))
def test_nobody_signed_in_may_nothing(permission):
    assert not may(None, permission, INSTITUTIONAL)


def test_nobody_approves_a_request_for_himself():
    officer = Actor(7, "SGE y servidor", sge=True, own_accounts=frozenset({300}), active_accounts=frozenset({300}))
    assert not may(officer, P.SOLICITUD_DECIDE, PERSONAL)
    assert may(officer, P.SOLICITUD_DECIDE, INSTITUTIONAL)
