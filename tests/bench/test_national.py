"""The country that search and listing are measured on: the same from the same seed, and sound."""

from __future__ import annotations

from itertools import islice

from bench import national, search
from rules.identity import cedula_problem, fold, words
from services.people import search_text, surname_key

TINY = national.Size(10, 300, 300, 8)


def test_the_same_seed_makes_the_same_country():
    assert list(national.accounts(TINY)) == list(national.accounts(TINY))
    people = list(national.accounts(TINY))
    assert list(national.requests(TINY, people)) == list(national.requests(TINY, people))


def test_people_have_valid_cedulas_and_the_text_that_the_mirror_would_write():
    rows = list(national.accounts(TINY))
    assert all(cedula_problem(row[2]) is None for row in rows) and len({row[2] for row in rows}) < len(rows), "some were re-hired"
    for row in rows:
        assert row[11].split() == search_text(row[3], row[4], row[5], row[8], row[2]).split() and row[12] == surname_key(row[4], row[3])


def test_the_middle_request_has_a_recorrido_of_500():
    count = sum(1 for _ in national.events(TINY, 150, 150))
    assert count == 500 and sum(1 for _ in national.events(TINY, 1, 300)) == 299 * 8 + 500


def test_key_strokes_are_beginnings_of_real_names():
    typed = search.strokes(TINY, 40)
    everything = {w for row in islice(national.accounts(TINY), 300) for w in words(f"{row[3]} {row[4]} {row[5]} {row[2]}")}
    assert len(typed) == 40 and all(2 <= len(text) <= 12 for _, text in typed)
    assert all(any(own.startswith(fold(text).split()[0]) for own in everything) for _, text in typed)
