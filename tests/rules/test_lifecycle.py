"""The diagram, whole: every action against every estado (mission.md §1, decisions 8). Written out by hand, so that a change of
the table is a decision and not a slip."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rules.glossary import ACTION, ESTADO_BADGE, MOTIVO
from rules.lifecycle import LIVE, TRANSITIONS, Action, Estado, IllegalMove, Motivo, allows, effective

# One letter per estado, in the order of the columns: . not allowed, = stays, else the estado it leads to.
#                          borrador enviada aprobada en_ejec detenida atendida eliminada
DIAGRAM = {
    Action.EDIT:       "=......",
    Action.DELETE:     "X......",
    Action.SEND:       "E......",
    Action.CANCEL:     "XX.....",
    Action.APPROVE:    ".A.....",
    Action.RETURN:     ".B.....",
    Action.REJECT:     ".XX.XX.",
    Action.RESCHEDULE: "..A....",
    Action.START:      "..R....",
    Action.RESUME:     "...=...",
    Action.STOP:       "...D...",
    Action.FAIL:       "...D...",
    Action.RETRY:      "....A..",
    Action.FINISH:     "...T...",
    Action.DOWNLOAD:   ".....=.",
    Action.DELIVER:    ".....==",
    Action.EXTEND:     ".....=.",
    Action.EXPIRE:     ".....X.",
    Action.PURGE:      "......=",
    Action.RENEW:      "......=",
    Action.RETRY_MISSING:   ".....=.",
    Action.COMPLEMENT:      ".....=.",
    Action.COMPLEMENT_FAIL: ".....==",
    Action.COMPLEMENT_STOP: ".....=.",
}
LETTERS = {"B": Estado.BORRADOR, "E": Estado.ENVIADA, "A": Estado.APROBADA, "R": Estado.EN_EJECUCION, "D": Estado.DETENIDA, "T": Estado.ATENDIDA, "X": Estado.ELIMINADA}


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("estado", list(Estado))
def test_every_action_in_every_estado(action, estado):
    if action is Action.CREATE:
        assert not allows(action, estado), "a request is created once, by services.mover.create"
        return
    letter = DIAGRAM[action][list(Estado).index(estado)]
    assert allows(action, estado) is (letter != ".")
    if letter != ".":
        assert TRANSITIONS[action].target is (None if letter == "=" else LETTERS[letter])


def test_whoever_decides_against_somebody_says_why():
    assert {a for a, t in TRANSITIONS.items() if t.needs_reason} == {Action.RETURN, Action.REJECT, Action.STOP, Action.EXTEND, Action.COMPLEMENT_STOP}


def test_every_word_on_screen_exists():
    assert set(ESTADO_BADGE) == set(Estado) and set(ACTION) == set(Action) and set(MOTIVO) == set(Motivo)


def test_what_is_over_is_not_live():
    assert LIVE == set(Estado) - {Estado.ELIMINADA}


NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)


@pytest.mark.parametrize("until, seen", [
    (None, Estado.ATENDIDA), (NOW + timedelta(microseconds=1), Estado.ATENDIDA), (NOW, Estado.ELIMINADA), (NOW - timedelta(days=9), Estado.ELIMINADA),
])
def test_an_atendida_ends_at_its_instant(until, seen):
    assert effective(Estado.ATENDIDA, until, NOW) is seen


@pytest.mark.parametrize("estado", [e for e in Estado if e is not Estado.ATENDIDA])
def test_no_other_estado_ends_by_the_clock(estado):
    assert effective(estado, NOW - timedelta(days=1), NOW) is estado


def test_an_illegal_move_names_both():
    problem = IllegalMove(Action.SEND, Estado.ATENDIDA)
    assert (problem.action, problem.estado) == (Action.SEND, Estado.ATENDIDA)
