"""Search against a plain oracle in Python, on SQLite and on a real PostgreSQL: the same accounts, in the same order, whatever is
typed and however the rows were written."""

from __future__ import annotations


from datetime import date, timedelta

import pytest
from flask_migrate import upgrade
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update

from app import create_app
from extensions import db
from models import Cuenta, Institucion, Solicitud, Usuario
from rules.deadlines import local_day
from rules.identity import words
from rules.lifecycle import Clase, Estado
from rules.policy import Actor
from services import listing, people_search, solicitudes_listing, solicitudes_search
from services.people import search_text, surname_key
from services.solicitudes_filters import Filters
from services.word_index import SOLICITUDES, Query, asked
from tests import pg
from tests.conftest import NOW, settings_for
from tests.jobs.site import ROOT

NAMES = ["María José", "Ñusta", "Mariana", "José Luis", "Ana", "Analía", "Zoë", "Ítalo", "Asistencia", "D'Arcy"]
SURNAMES = ["Ñauñay Pérez", "Mora-Bowen", "Zambrano Zambrano", "Zambranoz Ana", "De la Torre", "Mariño", "Ñ", "O'Brien Paz", "Analistas Mora", ""]
POSTS = ["Analista 1", "Analistas", "Asistente Administrativa", "Médico", "=1+1", "50% _x_", "日本語 課長", "__i1 or near"]
TYPED = st.one_of(
    st.sampled_from(["ma", "mar", "maria", "analista", "analistas", "zambrano", "zambrano ana", "ana zam", "nauñ", "ÑAUÑAY", "asistente a", "mora bow", "de la to",
                     "日本", "0102", "170000001", "OR", "AND ana", "NOT ma", "NEAR(ma ana)", '"ma" *', "ma* ana*", "^zam", "col:ma", "(ana", "ana)", "-ana", "ana:*", "__i1",
                     "_zambrano", "%", "_", "'; --", "\\", "😀", "ma 😀", "a", "", " ", "ana " * 2500, "x" * 10_000, "ma\x00ria"]),
    st.text(max_size=12),
    st.lists(st.sampled_from([w[:n] for name in (*NAMES, *SURNAMES, *POSTS) for w in words(name) for n in (2, 3, 5, 7, 9)]), min_size=1, max_size=3).map(" ".join),
)
PEOPLE = 240
# Ids lie so far apart that every strip in which PostgreSQL counts has some (revision 0014), and most have none.
APART = 300


@pytest.fixture(autouse=True)
def limits():
    """Tests set these; the next one finds them as they are."""
    kept = people_search.WALKED, people_search.COUNT_LIMIT, solicitudes_search.RECENT, listing.COUNT_LIMIT
    yield
    people_search.WALKED, people_search.COUNT_LIMIT, solicitudes_search.RECENT, listing.COUNT_LIMIT = kept


@pytest.fixture(scope="module", params=pg.BOTH)
def country(request, tmp_path_factory, quipux_folder):
    """An application with two institutions and people of every kind of name; some rows renamed, moved and deleted since."""
    with pg.database(request.param) as options:
        yield from _filled(settings_for(tmp_path_factory.mktemp("palabras"), quipux_folder, **options))


def _filled(options):
    app = create_app(options)
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        _people()
        db.session.commit()
        yield app
        db.session.remove()
        db.engine.dispose()


def _people() -> None:
    db.session.execute(insert(Institucion), [
        {"id": i, "quipux_codi": str(i), "nombre": f"Institución {i}", "sigla": f"I{i}", "ruc": "", "telefono": "", "direccion": "", "correo": "", "activa": True}
        for i in (1, 2)])
    db.session.execute(insert(Usuario), [{"id": 1, "cedula": "1", "correo": "a@b.ec", "nombre": "A", "apellido": "", "habilitado": True, "sesion": 1, "creado": NOW}])
    # As the mirror writes: many rows in one statement.
    db.session.execute(insert(Cuenta), [_person(n) for n in range(1, PEOPLE + 1)])
    for n in range(1, 40, 4):
        row = _person(n + 1000)
        changed = {k: row[k] for k in ("nombre", "apellido", "busqueda", "apellido_plegado")}
        db.session.execute(update(Cuenta).where(Cuenta.id == n * APART).values(**changed))
    db.session.execute(update(Cuenta).where(Cuenta.id.in_(range(50 * APART, 60 * APART))).values(institucion_id=2, activa=False))
    db.session.execute(delete(Cuenta).where(Cuenta.id.in_(range(100 * APART, 110 * APART))))
    db.session.execute(insert(Solicitud), [_request(c) for c in db.session.scalars(select(Cuenta))])


def _person(n: int) -> dict:
    name, surname, post = NAMES[n % 10], SURNAMES[n * 7 % 10], POSTS[n * 3 % 8]
    cedula, mail = f"17000{n:05d}", f"{n}.persona@i{n % 2 + 1}.gob.ec"
    return {
        "id": n * APART, "quipux_codi": str(n), "cedula": cedula, "nombre": name, "apellido": surname, "titulo": "", "puesto": post, "perfil": "Normal", "area": "",
        "institucion_id": n % 2 + 1, "correos": mail, "activa": n % 3 == 0, "busqueda": search_text(name, surname, post, mail, cedula),
        "apellido_plegado": surname_key(surname, name),
    }


def _request(c: Cuenta) -> dict:
    return {
        "id": c.id, "clase": Clase.INSTITUCIONAL, "estado": Estado.ENVIADA, "institucion_id": c.institucion_id, "cuenta_id": c.id, "creada_por_id": 1, "editada_por_id": 1,
        "fecha_solicitud": NOW, "editada_en": NOW, "version": 1, "persona_cedula": c.cedula, "persona_nombre": c.nombre, "persona_apellido": c.apellido,
        "busqueda": search_text(c.nombre, c.apellido, c.cedula), "apellido_plegado": surname_key(c.apellido, c.nombre), "oculta": False,
        **{column.name: column.default.arg for column in Solicitud.__table__.columns
           if not column.nullable and column.default is not None and column.default.is_scalar and column.name not in ("version", "oculta", "busqueda", "apellido_plegado")},
    }


SGE = Actor(1, "Oficial", sge=True)
AIQ = Actor(1, "Administradora", aiq_of=frozenset({2}))
OF_BOTH = Actor(1, "Administradora", aiq_of=frozenset({1, 2}))


def oracle(typed: str, rows) -> list[int]:
    wanted = list(dict.fromkeys(words(typed)))[:12]
    if not wanted:
        return []
    found = [r for r in rows if all(any(own.startswith(w) for own in r.busqueda.split()) for w in wanted)]
    # A shorter word that begins a longer one asks for nothing more.
    longest = tuple(w for w in wanted if not any(o != w and o.startswith(w) for o in wanted))
    plain = "".join(typed.split()).replace("-", "")

    def place(row) -> tuple:
        if plain and row.cedula == plain:
            return 0, "", row.id
        return (1, row.apellido_plegado, row.id) if row.apellido_plegado.startswith(longest) else (2, "", row.id)

    return [r.id for r in sorted(found, key=place)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(typed=TYPED, walked=st.sampled_from([2, 12, 3000]), limit=st.sampled_from([3, 30, 1000]))
def test_accounts_are_those_of_the_oracle_in_its_order(country, typed, walked, limit):
    """Whether the words are common among the entries that are walked or rare, few or more than are counted."""
    people_search.WALKED, people_search.COUNT_LIMIT = walked, limit
    _as_the_oracle(typed, limit)


@pytest.mark.parametrize("walked", [2, 12, 3000])
@pytest.mark.parametrize("limit", [3, 20, 25, 30])
def test_words_that_are_surnames_and_names_take_every_way(country, walked, limit):
    """Most of these words are met 24 times: their surnames alone, those in the strips and all of them are on both sides of the limit."""
    people_search.WALKED, people_search.COUNT_LIMIT = walked, limit
    for typed in ("zam", "mora", "ana zam", "zambrano ana", "zambranoz ana", "mar ma", "jose mor", "analis mora", "de la to", "ana", "analistas", "17000 zam", "o b"):
        _as_the_oracle(typed, limit)


def _as_the_oracle(typed: str, limit: int) -> None:
    everybody = list(db.session.execute(select(Cuenta.id, Cuenta.cedula, Cuenta.busqueda, Cuenta.apellido_plegado, Cuenta.institucion_id, Cuenta.activa)))
    scopes = [
        (people_search.visible(SGE, typed), everybody),
        (people_search.visible(AIQ, typed), [r for r in everybody if r.institucion_id == 2]),
        (people_search.eligible(AIQ, typed), [r for r in everybody if r.institucion_id == 2 and not r.activa]),
        (people_search.visible(OF_BOTH, typed), everybody),
        (people_search.eligible(OF_BOTH, typed), [r for r in everybody if not r.activa]),
        (people_search.eligible(SGE, typed), []),
    ]
    for found, rows in scopes:
        expected = oracle(typed, rows)
        assert [c.id for c in found.rows] == expected[:20]
        assert (found.total, found.many) == (min(limit, len(expected)), len(expected) > limit)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(typed=TYPED, place=st.sampled_from([None, 1, 2]), limit=st.sampled_from([3, 25, 10_000]))
def test_requests_are_those_of_the_oracle(country, typed, place, limit):
    listing.COUNT_LIMIT = limit
    requests = list(db.session.execute(select(Solicitud.id, Solicitud.busqueda, Solicitud.institucion_id)))
    wanted = words(typed)[:12]
    for actor in (SGE, AIQ):
        seen = [r for r in requests if (actor.sge or r.institucion_id == 2) and place in (None, r.institucion_id)]
        named = [r.id for r in seen if wanted and all(any(own.startswith(w) for own in r.busqueda.split()) for w in wanted)]
        number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else None
        for filters, expected in (
            (Filters(nombre=typed, institucion_id=place), named if typed else [r.id for r in seen]),
            (Filters(texto=typed, institucion_id=place), sorted({*named, *(r.id for r in seen if r.id == number)}) if typed else [r.id for r in seen]),
        ):
            page, _ = solicitudes_listing.page(actor, filters, "nro")
            assert (page.total, page.many) == (min(limit, len(expected)), len(expected) > limit)
            assert [row.solicitud.id for row in page.rows] == sorted(expected)[:20]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(typed=TYPED, recent=st.sampled_from([3, 2000]))
def test_the_headers_requests_are_the_newest_of_the_oracle(country, typed, recent):
    solicitudes_search.RECENT = recent
    wanted = words(typed)[:12]
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else None
    for actor in (SGE, AIQ):
        seen = [r for r in db.session.execute(select(Solicitud.id, Solicitud.busqueda, Solicitud.institucion_id)) if actor.sge or r.institucion_id == 2]
        named = sorted((r.id for r in seen if wanted and all(any(own.startswith(w) for own in r.busqueda.split()) for w in wanted)), reverse=True)
        numbered = [r.id for r in seen if r.id == number]
        assert [row.solicitud.id for row in solicitudes_search.best(actor, typed, 5)] == [*numbered, *(i for i in named if i not in numbered)][:5]


def test_more_than_a_thousand_are_counted_no_further(country):
    db.session.execute(insert(Cuenta), [_person(n) | {"busqueda": " zoraida paz", "apellido_plegado": f"{'paz' if n % 2 else 'zoraida'} x"} for n in range(5001, 6203)])
    for typed, first in (("zor", 5002 * APART), ("pa", 5001 * APART), ("zoraida", 5002 * APART)):
        found = people_search.visible(SGE, typed)
        assert (len(found.rows), found.total, found.many, found.rows[0].id) == (20, 1000, True, first)
    db.session.rollback()


@pytest.mark.parametrize("limit", [2, 20, 199, 200, 1000])
def test_a_total_is_exact_up_to_its_limit_and_is_known_to_be_more_only_when_it_is(country, limit):
    """On PostgreSQL strips of the accounts, in which all of these are, may tell that there are more; they never tell how many."""
    people_search.COUNT_LIMIT = limit
    strips = [40 * 64 * 512 + n * 16 * 512 // 200 for n in range(200)]
    db.session.execute(insert(Cuenta), [_person(n) | {"id": n, "busqueda": " zoraida pacay", "apellido_plegado": "pacay x"} for n in strips])
    for typed in ("zor", "zoraida", "pac", "pacay", "zor pacay"):
        found = people_search.visible(SGE, typed)
        assert (found.total, found.many) == (min(limit, 200), limit < 200)
    db.session.rollback()


@pytest.mark.parametrize("limit", [2, 24, 25, 49, 50, 10_000])
def test_a_total_of_requests_is_exact_too_when_all_are_in_the_strips(country, monkeypatch, limit):
    monkeypatch.setattr(listing, "COUNT_LIMIT", limit)
    account = db.session.scalars(select(Cuenta)).first()
    for n in range(50):
        day = NOW - timedelta(days=n * 30)
        row = _request(account) | {"id": 40 * 64 * 512 + n * 16 * 512 // 50, "busqueda": " zoraida pacay", "fecha_solicitud": day}
        db.session.execute(insert(Solicitud), [row])
    newest = Filters(nombre="zoraida", inicio=local_day(NOW - timedelta(days=24 * 30)), fin=local_day(NOW + timedelta(days=900)))
    for filters, expected in ((Filters(nombre="zor"), 50), (Filters(nombre="zoraida pac", estados=frozenset({Estado.ENVIADA, Estado.ELIMINADA})), 50), (newest, 25)):
        for order in ("nro", "-fecha", "estado"):
            page, _ = solicitudes_listing.page(SGE, filters, order)
            assert (page.total, page.many, len(page.rows)) == (min(limit, expected), limit < expected, 20)
    db.session.rollback()


def test_the_strips_have_indexes_of_their_own(country):
    """PostgreSQL takes one only for the condition it was made with."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("FTS5 reads no more rows than are asked for")
    db.session.execute(text("SET LOCAL enable_seqscan = off"))
    for n, (strip, _) in enumerate(solicitudes_listing.STRIPS):
        query = select(Solicitud.id).where(SOLICITUDES.holds(Query(["mar"])), strip).compile(db.engine, compile_kwargs={"literal_binds": True})
        plan = db.session.scalars(text(f"EXPLAIN {query}".replace("%%", "%")))
        assert any(f"ix_solicitud_palabras_franja_{n}" in line for line in plan)
    db.session.rollback()


@pytest.mark.parametrize("first", [date(2024, 11, 30), date(2006, 1, 1), date(1900, 1, 1)])
@pytest.mark.parametrize("order", ["nro", "-nro"])
def test_many_requests_of_days_long_gone_come_by_number(country, monkeypatch, order, first):
    """Whatever the days of the numbers: PostgreSQL walks month by month and merges, SQLite begins at the last number of the months."""
    monkeypatch.setattr(listing, "COUNT_LIMIT", 5)
    for row in db.session.scalars(select(Solicitud)):
        row.fecha_solicitud = NOW - timedelta(days=row.id * 37 % 900, hours=row.id % 24)
    db.session.flush()
    last = date(2025, 12, 31)
    rows = db.session.execute(select(Solicitud.id, Solicitud.fecha_solicitud)).all()
    expected = sorted((r.id for r in rows if first <= local_day(r.fecha_solicitud) <= last), reverse=order[0] == "-")
    assert len(expected) > 60
    filters, seen, token = Filters(inicio=first, fin=last), [], ""
    with country.test_request_context():
        while token is not None:
            page, _ = solicitudes_listing.page(SGE, filters, order, token)
            seen += [row.solicitud.id for row in page.rows]
            before, token = page, page.next
        assert seen == expected and page.many
        back, _ = solicitudes_listing.page(SGE, filters, order, before.previous)
        assert [row.solicitud.id for row in back.rows] == seen[: -len(before.rows)][-20:]
    db.session.rollback()


def test_the_index_of_sqlite_is_sound(country):
    """FTS5 compares its index with the rows: a trigger that forgot one would be told here."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL keeps its index itself")
    for name in ("cuenta_palabras", "solicitud_palabras"):
        db.session.execute(text(f"INSERT INTO {name}({name}) VALUES ('integrity-check')"))
    db.session.rollback()


def test_postgresql_compiles_no_search(country):
    """It took ten times as long as the search."""
    if db.engine.dialect.name == "postgresql":
        db.session.rollback()
        assert db.session.scalar(text("SHOW jit")) == "off"


def test_of_two_words_the_longer_counts():
    assert asked("mar mari mari") == ["mari"] and asked("ana maria") == ["ana", "maria"]
    assert len(asked(" ".join(f"{a}{b}" for a in "abcdef" for b in "uvwxyz"))) == 12
