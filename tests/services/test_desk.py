"""The queue of the desk, its observations, the checks with their evidence, and the days to choose from."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import event, select, text

from extensions import db
from models import Cuenta, Feriado, PeriodoAltaDemanda, Solicitud, Usuario
from rules.calendar import Capacity, DayLoad, Load
from rules.identity import words
from rules.lifecycle import Action, Clase
from services import clock, decisions, desk, desk_calendar, desk_checks, desk_queue, people
from services.desk_queue import ALL, CLEAN, LATE, OBSERVED, UNOPENED, Filters
from services.errors import Conflict, NotFound
from services.mover import create, move
from sources import demo_people as demo
from tests.conftest import NOW


def actor(correo="sge@demo.gob.ec"):
    return people.actor_of(db.session.scalar(select(Usuario).where(Usuario.correo == correo)), clock.now())


def waiting(account=demo.MAIN, days: float = 0, *, clase=Clase.INSTITUCIONAL, by="aiq@demo.gob.ec", **columns) -> Solicitud:
    """A request sent `days` ago, whose petition is the person's own unless `columns` say otherwise."""
    cuenta = db.session.scalar(select(Cuenta).where(Cuenta.quipux_codi == account.codi))
    filer = db.session.scalar(select(Usuario).where(Usuario.correo == by))
    at = clock.now() - timedelta(days=days)
    fields = {
        "desde": date(2024, 1, 1), "hasta": date(2024, 6, 30), "estimado_documentos": 10, "estimado_bytes": 5_000_000,
        "documento_remitente": cuenta.nombre_completo, "documento_remitente_cedula": cuenta.cedula, "enviada_en": at,
    } | columns
    row = Solicitud(
        clase=clase, institucion_id=cuenta.institucion_id, cuenta_id=cuenta.id, creada_por_id=filer.id, enviada_por_id=filer.id,
        fecha_solicitud=at, editada_en=at, editada_por_id=filer.id, busqueda=f" {account.apellidos.lower()}", persona_cedula=cuenta.cedula,
        persona_nombre=cuenta.nombre, persona_apellido=cuenta.apellido, **fields,
    )
    return move(create(row, None), Action.SEND, None)


def ids(queue: desk_queue.Queue) -> list[int]:
    return [row.solicitud.id for row in queue.rows]


def notes(queue: desk_queue.Queue) -> dict[int, str]:
    return {row.solicitud.id: row.note for row in queue.rows}


def check(row: Solicitud, words: str) -> desk_checks.Check:
    """The one check whose title or detail holds `words`."""
    found = [c for c in desk_checks.examine(row).checks if words in c.title or words in c.detail]
    assert len(found) == 1, [tuple(c) for c in desk_checks.examine(row).checks]
    return found[0]


# --- the queue ----------------------------------------------------------------------------------------------------------


def test_oldest_first_and_only_what_waits(ctx):
    new, old = waiting(days=1), waiting(demo.LAWYER, days=3)
    move(waiting(demo.DRIVER, days=9), Action.CANCEL, None, motivo="cancelada")
    queue = desk_queue.queue(actor())
    assert ids(queue) == [old.id, new.id] and queue.waiting == 2
    assert ids(desk_queue.queue(actor("aiq@otra.gob.ec"))) == []


def test_the_row_tells_its_risk_in_working_days(ctx):
    """NOW is Wednesday 18 November: the 11th is five working days back, the 12th four."""
    five, four = waiting(days=7), waiting(demo.LAWYER, days=6)
    rows = {r.solicitud.id: r.risk for r in desk_queue.queue(actor()).rows}
    assert (rows[five.id].waited, rows[five.id].late, rows[five.id].words) == (5, True, "Vence hoy")
    assert (rows[four.id].waited, rows[four.id].late, rows[four.id].words) == (4, False, "Vence mañana")
    assert ids(desk_queue.queue(actor(), Filters(LATE))) == [five.id]
    assert desk_queue.queue(actor()).counts == {ALL: 2, CLEAN: 2, OBSERVED: 0, LATE: 1, UNOPENED: 2}
    db.session.add(Feriado(fecha=date(2026, 11, 16), nombre="Feriado local"))
    db.session.flush()
    queue = desk_queue.queue(actor())
    assert queue.counts[LATE] == queue.late == 0 and not any(r.risk.late for r in queue.rows)


def test_the_nearest_limit_comes_first_even_if_it_was_sent_later(ctx):
    """Sent in a time of alta demanda it may wait longer: one sent after that time overtakes it."""
    db.session.add(PeriodoAltaDemanda(nombre="Transición", desde=date(2026, 11, 2), hasta=date(2026, 11, 12), dias_extra=6))
    inside, outside = waiting(days=6), waiting(demo.LAWYER, days=5)
    queue = desk_queue.queue(actor())
    assert ids(queue) == [outside.id, inside.id]
    assert [r.risk.limit for r in queue.rows] == [date(2026, 11, 20), date(2026, 11, 27)]
    assert desk_queue.following(actor(), outside) == inside.id and desk_queue.following(actor(), inside, back=True) == outside.id


def test_a_request_older_than_anybody_looks_back_is_still_late(ctx):
    old, new = waiting(days=900), waiting(demo.LAWYER, days=420)
    assert ids(desk_queue.queue(actor(), Filters(LATE))) == [old.id, new.id]


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (Filters(), "abcd"), (Filters(clase=Clase.PERSONAL), "d"), (Filters(reservados="con"), "b"), (Filters(reservados="sin"), "acd"),
        (Filters(tamano="pequeno"), "ad"), (Filters(tamano="mediano"), "b"), (Filters(tamano="grande"), "c"), (Filters(CLEAN), "abd"),
        (Filters(OBSERVED), "c"), (Filters(UNOPENED), "ac"), (Filters(q="quishpe", tamano="pequeno"), "a"), (Filters(institucion=10**8), ""),
        (Filters(UNOPENED, reservados="con"), ""),
    ],
)
def test_each_filter_alone_and_together(ctx, filters, wanted):
    rows = {
        "a": waiting(demo.MAIN, days=4), "b": waiting(demo.LAWYER, days=4, estimado_bytes=2 * 10**9, estimado_reservados=3, abierta_en=NOW),
        "c": waiting(demo.DRIVER, days=4, estimado_bytes=11 * 10**9),
        "d": waiting(demo.SERVANT, days=1, clase=Clase.PERSONAL, by="servidor@demo.gob.ec"),
    }
    queue = desk_queue.queue(actor(), filters)
    assert "".join(sorted(k for k, row in rows.items() if row.id in ids(queue))) == wanted
    assert queue.counts[filters.view] == len(wanted) == queue.page.total and queue.waiting == 4
    assert [r.solicitud.id for r in desk_queue.matching(actor(), filters, 10)] == ids(queue)


def test_every_count_is_the_number_of_rows_behind_it(ctx):
    for n, account in enumerate((demo.MAIN, demo.LAWYER, demo.DRIVER, demo.LARGE, demo.EMPTY)):
        waiting(account, days=2 * n, estimado_documentos=n % 2, abierta_en=NOW if n % 3 else None)
    counts = desk_queue.queue(actor()).counts
    assert counts == {view: len(ids(desk_queue.queue(actor(), Filters(view)))) for view in counts} and counts[UNOPENED] == 1


def test_observations_and_their_filter_agree(ctx):
    cases = {
        waiting(demo.MAIN, documento_remitente_cedula="1710034065").id: "La cédula del documento es de otra persona",
        waiting(demo.LAWYER, documento_remitente_cedula="").id: "Revisar el remitente del documento",
        waiting(demo.DRIVER, estimado_documentos=0).id: "Sin documentos en el rango",
        waiting(demo.LARGE, estimado_bytes=14_600_000_000).id: "Tamaño superior a 10 GB",
        waiting(demo.SERVANT).id: "El servidor público consta activo",
        waiting(demo.EMPTY).id: "Tiene otra solicitud vigente",
        waiting(demo.EMPTY, documento_remitente_cedula="").id: "Tiene otra solicitud vigente",
    }
    clean = waiting(demo.ACCOUNTANT).id, waiting(demo.SERVANT, clase=Clase.PERSONAL, by="servidor@demo.gob.ec", persona_area="x").id
    found = notes(desk_queue.queue(actor()))
    # The servant's two requests are each other's "otra"; being active comes first.
    assert found == cases | {clean[0]: "", clean[1]: "Tiene otra solicitud vigente"}
    assert set(ids(desk_queue.queue(actor(), Filters(OBSERVED)))) == set(cases) | {clean[1]}


def test_an_account_that_vanished_is_not_called_active(ctx):
    row = waiting(demo.SERVANT)
    assert notes(desk_queue.queue(actor()))[row.id] == "El servidor público consta activo"
    row.cuenta.ausente_desde = clock.now()
    db.session.commit()
    assert notes(desk_queue.queue(actor()))[row.id] == "La cuenta ya no consta en Quipux"


def test_pages_hold_twenty_and_odd_ones_fall_back(ctx):
    made = [waiting(demo.MAIN, days=n % 9).id for n in range(23)]
    first = desk_queue.queue(actor())
    second = desk_queue.queue(actor(), token=first.page.next)
    assert (len(first.rows), first.page.start, second.page.start, second.page.next) == (20, 0, 20, None)
    assert sorted(ids(first) + ids(second)) == made
    assert ids(desk_queue.queue(actor(), token=second.page.previous)) == ids(first)
    for odd in ("basura", first.page.next + "x"):
        assert ids(desk_queue.queue(actor(), token=odd)) == ids(first)
    assert ids(desk_queue.queue(actor(), Filters(LATE), token=first.page.next)) == ids(desk_queue.queue(actor(), Filters(LATE)))


def test_a_page_costs_a_fixed_number_of_queries(ctx):
    def cost() -> int:
        seen = []
        listener = lambda *a: seen.append(a[2])  # noqa: E731
        db.session.expire_all()
        who = actor()
        event.listen(db.engine, "before_cursor_execute", listener)
        [row.solicitud.institucion.sigla for row in desk_queue.queue(who).rows]
        event.remove(db.engine, "before_cursor_execute", listener)
        return len(seen)

    waiting()
    db.session.commit()
    one = cost()
    for account in (demo.LAWYER, demo.RESEARCHER, demo.DRIVER, demo.SECRETARY):
        waiting(account)
    db.session.commit()
    assert cost() == one <= 8


@pytest.mark.parametrize("typed", ["qui", "QUISHPE", "ñauñ", "ma", "an ma", "ma an ma", "uishpe", "17", "010", "a", "", "  ", "zz", "quishpe zz"])
def test_names_are_found_as_a_plain_oracle_finds_them(ctx, typed):
    rows = [waiting(account, days=n + 1) for n, account in enumerate((demo.MAIN, demo.LAWYER, demo.DRIVER, demo.RESEARCHER, demo.SECRETARY))]
    db.session.commit()
    wanted = words(typed)
    named = {r.id for r in rows if wanted and all(any(own.startswith(w) for own in r.busqueda.split()) for w in wanted)}
    numbered = {r.id for r in rows if typed.strip() == str(r.id)}
    assert set(ids(desk_queue.queue(actor(), Filters(q=typed)))) == (named | numbered if typed.strip() else {r.id for r in rows})
    assert ids(desk_queue.queue(actor(), Filters(q=f" {rows[2].id} ")))[-1:] == [rows[2].id]


def test_a_name_is_looked_for_in_the_index_of_what_waits(ctx):
    """Not in the rows, which are wide: SQLite would read each."""
    plan = db.session.execute(text(f"EXPLAIN QUERY PLAN {_compiled(desk_queue._named('qui'))}")).all()
    assert any("COVERING INDEX ix_solicitud_mesa_busqueda" in row[3] for row in plan), plan


def _compiled(condition) -> str:
    query = select(Solicitud.id).where(condition)
    return str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))


@pytest.mark.parametrize("typed", ["%", "_", "'", "ñauñay \x00", "9" * 30, "٣"])
def test_odd_searches_find_nothing_and_do_not_fail(ctx, typed):
    waiting(demo.LAWYER)
    assert ids(desk_queue.queue(actor(), Filters(q=typed))) == []


def test_following_is_the_next_by_age_then_the_first_then_none(ctx):
    a, b, c = (waiting(x, days=n) for x, n in ((demo.MAIN, 3), (demo.LAWYER, 2), (demo.DRIVER, 2)))
    who = actor()
    assert desk_queue.following(who, a) == b.id and desk_queue.following(who, b) == c.id and desk_queue.following(who, c) == a.id
    assert desk_queue.following(who, a, Filters(q="nadie")) == b.id  # the search is exhausted: the whole queue goes on
    for row in (b, c):
        move(row, Action.CANCEL, None, motivo="cancelada")
    assert desk_queue.following(who, a) is None


# --- late-comers --------------------------------------------------------------------------------------------------------


def test_a_returned_request_is_told_to_officers_only(ctx):
    row = waiting()
    decisions.give_back(actor("sge2@demo.gob.ec"), row, "otro", "Aclare el rango.")
    with pytest.raises(Conflict, match="Devuelta con observaciones"):
        desk.solicitud(actor(), row.id)
    with pytest.raises(NotFound):
        desk.solicitud(actor("aiq@otra.gob.ec"), row.id)
    draft = create(Solicitud(
        clase=row.clase, institucion_id=row.institucion_id, cuenta_id=row.cuenta_id, creada_por_id=row.creada_por_id, fecha_solicitud=NOW,
        editada_en=NOW, editada_por_id=row.creada_por_id, persona_cedula="1", persona_nombre="x", persona_apellido="y"), None)
    with pytest.raises(NotFound):
        desk.solicitud(actor(), draft.id)


# --- checks -------------------------------------------------------------------------------------------------------------


def test_the_sender_is_compared_by_cedula_and_by_name(ctx):
    assert check(waiting(), "corresponde al servidor").kind == "ok"
    other = waiting(demo.LAWYER, documento_remitente=demo.DRIVER.nombre, documento_remitente_cedula=demo.DRIVER.cedula)
    assert check(other, "no corresponde").kind == "bad" and demo.DRIVER.cedula in check(other, "no corresponde").detail
    reordered = waiting(demo.DRIVER, documento_remitente=f"Sr. {demo.DRIVER.apellidos} {demo.DRIVER.nombres}")
    assert check(reordered, "corresponde al servidor").kind == "ok"
    assert check(waiting(demo.LARGE, documento_remitente_cedula=""), "no registra la cédula").kind == "warn"
    unknown = waiting(demo.EMPTY, documento_remitente_cedula="", documento_remitente="Diego Cóndor")
    assert check(unknown, "no parece").kind == "bad"
    assert check(waiting(demo.ACCOUNTANT, documento_remitente="Diego Cóndor"), "el nombre difiere").kind == "warn"


def test_the_four_data_stand_side_by_side(ctx):
    facts = {f.label: f for f in desk_checks.facts(waiting(persona_puesto=demo.MAIN.cargo, documento_remitente_cedula="1710034065"))}
    assert facts["Cédula"] == ("cedula", "Cédula", demo.MAIN.cedula, "1710034065", "bad") and facts["Nombres y apellidos"].kind == "ok"
    assert facts["Puesto"].person == demo.MAIN.cargo and facts["Puesto"].kind == ""
    assert facts["Rango de fechas"].person == "1 ene 2024 a 30 jun 2024"


def test_size_is_told_against_the_day(ctx):
    small = check(waiting(), "Tamaño estimado")
    assert small.kind == "ok" and "en 1 parte" in small.title and "menos del 1 %" in small.detail
    large = check(waiting(demo.LAWYER, estimado_bytes=20_000_000_000), "No se encontraron documentos")
    assert large.kind == "warn"
    heavy = check(waiting(demo.LARGE, estimado_bytes=20_000_000_000, desde=date(2022, 1, 10), hasta=date(2025, 12, 31)), "Tamaño estimado")
    assert heavy.kind == "warn" and "el 40 % de la capacidad diaria" in heavy.detail


def test_an_account_that_is_active_or_gone(ctx):
    assert check(waiting(demo.SERVANT), "está activo en Quipux").kind == "bad"
    personal = waiting(demo.SERVANT, clase=Clase.PERSONAL, by="servidor@demo.gob.ec")
    kinds = [c.title for c in desk_checks.examine(personal).checks]
    assert "Solicitud personal" in kinds and not any("documento corresponde" in k for k in kinds)
    gone = waiting(demo.MAIN)
    gone.cuenta.quipux_codi = "99999"
    assert check(gone, "ya no consta").kind == "bad"


def test_reserved_documents_are_counted(ctx):
    whole = waiting(desde=date(2021, 2, 1), hasta=date(2026, 6, 30))
    findings = desk_checks.examine(whole)
    assert findings.reserved >= 1 and any("reservado" in c.title and c.kind == "warn" for c in findings.checks)
    assert desk_checks.examine(waiting(demo.EMPTY)).reserved == 0


# --- the calendar -------------------------------------------------------------------------------------------------------


def test_six_weeks_from_monday_with_feriados_named(ctx):
    choice = desk_calendar.choice(waiting())
    assert choice.first == date(2026, 11, 16) and choice.last == date(2026, 12, 27) and len(choice.weeks) == 6
    days = {d.date: d for week in choice.weeks for d in week}
    assert [days[date(2026, 11, n)].kind for n in (17, 18, 19, 21, 22)] == ["past", "day", "day", "off", "off"]
    assert days[date(2026, 11, 18)].label == "Hoy" and days[date(2026, 12, 25)].name == "Navidad"
    assert days[date(2026, 12, 1)].number == "1 dic"
    assert (choice.chosen, choice.before, choice.after) == (date(2026, 11, 19), None, date(2026, 12, 28))


def test_the_chosen_day_survives_other_weeks_and_nonsense_does_not(ctx):
    row = waiting()
    later = desk_calendar.choice(row, date(2027, 1, 6), date(2026, 11, 24))
    assert later.chosen == date(2026, 11, 24) and not later.shown and later.first == date(2027, 1, 4)
    for odd in (date(2026, 11, 22), date(2020, 1, 1), date(2100, 1, 1)):
        assert desk_calendar.choice(row, odd, odd).chosen == date(2026, 11, 19)
    assert desk_calendar.choice(row, date(2020, 1, 1)).first == date(2026, 11, 16)
    assert desk_calendar.choice(row, date(9999, 12, 31)).after is None


def test_a_day_shows_what_others_have_booked_and_not_the_request_itself(ctx):
    booked = move(waiting(demo.LAWYER, estimado_documentos=25_000), Action.APPROVE, None, fecha_tentativa=date(2026, 11, 20))

    def friday(row: Solicitud) -> desk_calendar.Day:
        return next(d for week in desk_calendar.choice(row).weeks for d in week if d.date == date(2026, 11, 20))

    shown = friday(waiting())
    assert (shown.load, shown.label, shown.heat) == (50, "50 %", "l2")
    assert friday(booked).label == "Libre"


@pytest.mark.parametrize(
    ("documents", "percent", "label", "heat"),
    [(0, 0, "Libre", "l0"), (1, 1, "1 %", "l1"), (40_000, 40, "40 %", "l1"), (41_000, 41, "41 %", "l2"), (91_000, 91, "91 %", "l4"),
     (99_999, 99, "99 %", "l4"), (100_000, 100, "Lleno", "l4"), (130_000, 130, "Lleno", "l4")],
)
def test_percent_is_never_zero_with_work_nor_full_without(documents, percent, label, heat):
    load = desk_calendar._percent(DayLoad(Load(documents, 0)), Capacity(100_000, 10))
    day = desk_calendar.Day(date(2026, 11, 20), "day", load=load)
    assert (load, day.label, day.heat) == (percent, label, heat)


def test_neighbours_follow_the_order_of_the_queue_where_later_days_have_earlier_limits(ctx):
    db.session.add(PeriodoAltaDemanda(nombre="Transición", desde=date(2026, 11, 9), hasta=date(2026, 11, 11), dias_extra=6))
    rows = {waiting(demo.MAIN, days=n).id: n for n in (0, 1, 2, 5, 6, 7, 8, 9, 9, 12, 14, 20)}
    order = ids(desk_queue.queue(actor()))
    assert set(order) == set(rows) and [rows[n] for n in order] != sorted(rows.values(), reverse=True), "the period changes the order"
    for one, other in zip(order, order[1:]):
        assert desk_queue.following(actor(), db.session.get(Solicitud, one)) == other
        assert desk_queue.following(actor(), db.session.get(Solicitud, other), back=True) == one
    assert desk_queue.following(actor(), db.session.get(Solicitud, order[0]), back=True) is None


def test_more_observations_than_a_database_takes_parameters(ctx):
    row = waiting()
    plain, seen = Filters(view=CLEAN), Filters(view=OBSERVED)
    other = waiting(demo.LAWYER)
    known = [row.id, *range(1_000_000, 1_070_000)]
    assert desk_queue.following(actor(), row, plain, observed=known) == other.id
    assert desk_queue.following(actor(), other, seen, observed=known) == row.id
