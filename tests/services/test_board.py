"""The board's figures: each equals the list it leads to, and the closed days equal plain counting."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import select

import config
from extensions import db
from models import Correo, CorreoEstado, Descarga, Ejecucion, EjecucionEstado, Novedad, Parte, ParteTipo, ResumenDia, Solicitud
from rules import deadlines
from rules.calendar import Calendar
from rules.lifecycle import Estado, Motivo
from services import board, board_summary, board_views, clock, demo, desk_queue, received, schedule, solicitudes_listing
from services.errors import Conflict, NotFound
from services.solicitudes_filters import Filters
from tests import pg
from tests.blueprints import solicitud_cases as cases
from tests.conftest import NOW

TODAY = deadlines.local_day(NOW)
MONTH = board.Span(TODAY - timedelta(days=30), TODAY)
E = Estado


@pytest.fixture(scope="module")
def postgres():
    with pg.server_or_skip() as server:
        yield server


# What is decided in SQL is tried on both databases.
both = pytest.mark.parametrize("settings", pg.BOTH, indirect=True)


@pytest.fixture
def settings(request, tmp_path):
    if getattr(request, "param", "sqlite") == "sqlite":
        return {}
    server = request.getfixturevalue("postgres")
    return {"SQLALCHEMY_DATABASE_URI": config.database_url(server.create_database(f"b{abs(hash(tmp_path)) % 10**12}"))}


@pytest.fixture
def ctx(app, settings):
    with app.app_context():
        if settings:
            db.create_all()
            demo.seed_base()
            db.session.commit()
        yield app
        db.session.remove()


def officer():
    return cases.actor("sge@demo.gob.ec")


def random_requests(chance: random.Random, count: int = 40) -> None:
    """Requests of the last forty days in every estado, with runs, parts and downloads."""
    person = cases.actor("respaldo@demo.gob.ec").usuario_id
    for _ in range(count):
        estado = chance.choice([*E, E.ATENDIDA, E.ATENDIDA])
        sent = NOW - timedelta(minutes=chance.randrange(60, 40 * 24 * 60))
        columns: dict = {"estado": estado, "fecha_solicitud": sent, "enviada_en": None if estado is E.BORRADOR and chance.random() < 0.7 else sent}
        if estado in {E.APROBADA, E.EN_EJECUCION, E.DETENIDA, E.ATENDIDA, E.ELIMINADA}:
            columns["aprobada_en"] = min(NOW, sent + timedelta(hours=chance.randrange(1, 60)))
        if estado is E.ELIMINADA:
            columns["motivo"] = chance.choice(list(Motivo))
            if chance.random() < 0.2:  # a draft thrown away: never sent, in no list
                columns |= {"oculta": True, "enviada_en": None, "aprobada_en": None}
        done = estado is E.ATENDIDA or (estado is E.ELIMINADA and columns["aprobada_en"] and chance.random() < 0.7)
        if done:
            made = min(NOW, columns["aprobada_en"] + timedelta(hours=chance.randrange(1, 200)))
            columns |= {"generada_en": made, "vigente_hasta": deadlines.vigente_hasta(made)}
            if chance.random() < 0.3:
                columns["vigente_hasta"] = deadlines.midnight(TODAY + timedelta(days=chance.randrange(1, 4)))
        [number] = cases.plant(1, **columns)
        if done:
            run = Ejecucion(solicitud_id=number, estado=EjecucionEstado.PUBLICADA, creada_en=sent, bytes_total=chance.randrange(10**9),
                            con_novedad=chance.choice((0, 0, 3)))
            for n in range(1, chance.randrange(1, 4)):
                part = Parte(numero=n, tipo=ParteTipo.DATOS, nombre=f"p{n}", publicada_en=NOW, bytes=10)
                if chance.random() < 0.6:
                    whole = NOW if chance.random() < 0.7 else None
                    part.descargas.append(Descarga(usuario_id=person, primera_en=NOW, ultima_en=NOW, completa_en=whole))
                run.partes.append(part)
            run.partes.append(Parte(numero=9, tipo=ParteTipo.DIRECTORIO, nombre="d", publicada_en=NOW, bytes=1))
            if run.con_novedad:
                run.novedades = [Novedad(documento_codi=str(n), causa="ausente") for n in range(run.con_novedad)]
            db.session.add(run)
    db.session.commit()


def plain(first: date, last: date) -> dict[date, tuple]:
    """The same days, counted in Python from every row there is."""
    found = {first + timedelta(days=i): [0, 0, 0, {}] for i in range((last - first).days + 1)}
    for s in db.session.scalars(select(Solicitud)):
        if s.enviada_en is not None and (day := deadlines.local_day(s.fecha_solicitud)) in found:
            found[day][0] += 1
        if s.generada_en is not None and (day := deadlines.local_day(s.generada_en)) in found:
            since = deadlines.local_day(s.aprobada_en)
            found[day][1] += 1
            found[day][2] += sum(r.bytes_total for r in s.ejecuciones if r.estado is EjecucionEstado.PUBLICADA and not r.complemento)
            found[day][3][since] = found[day][3].get(since, 0) + 1
    return {day: tuple(values) for day, values in found.items()}


def told(first: date, last: date) -> dict[date, tuple]:
    return {d.dia: (d.solicitudes, d.generadas, d.bytes, d.esperas) for d in board_summary.days(first, last)}


# --- closed days -------------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("seed", range(2))
def test_closed_days_equal_plain_counting(ctx, seed):
    """Property: with no day closed, some, all, and after more has happened, the summary says what counting says."""
    chance = random.Random(seed)
    first = TODAY - timedelta(days=45)
    random_requests(chance)
    assert told(first, TODAY) == plain(first, TODAY), "nothing is closed yet"
    with clock.frozen(NOW - timedelta(days=chance.randrange(1, 20))):
        board_summary.close()
    assert told(first, TODAY) == plain(first, TODAY), "some days are closed"
    board_summary.close()
    assert db.session.query(ResumenDia).count() >= 30 and told(first, TODAY) == plain(first, TODAY), "all but today are closed"
    cases.plant(3, fecha_solicitud=NOW, enviada_en=NOW)
    db.session.commit()
    assert told(first, TODAY) == plain(first, TODAY), "today goes on"


def test_what_hung_over_midnight_is_found_the_next_night(ctx):
    cases.plant(1, fecha_solicitud=NOW - timedelta(days=20), enviada_en=NOW)
    db.session.commit()
    board_summary.close()
    cases.plant(1, fecha_solicitud=NOW - timedelta(days=3), enviada_en=NOW)  # committed after its day was closed
    db.session.commit()
    assert told(TODAY - timedelta(days=3), TODAY)[TODAY - timedelta(days=3)][0] == 0
    assert board_summary.close() == board_summary.AGAIN
    assert told(TODAY - timedelta(days=3), TODAY)[TODAY - timedelta(days=3)][0] == 1


def test_requests_put_into_the_far_past_need_a_rebuild(ctx):
    cases.plant(1, fecha_solicitud=NOW - timedelta(days=20), enviada_en=NOW)
    db.session.commit()
    board_summary.close()
    cases.plant(2, fecha_solicitud=NOW - timedelta(days=60), enviada_en=NOW)
    db.session.commit()
    assert board_summary.rebuild() == 60
    assert told(TODAY - timedelta(days=60), TODAY) == plain(TODAY - timedelta(days=60), TODAY)


def test_an_empty_installation_closes_nothing(ctx):
    assert board_summary.close() == 0 and told(TODAY, TODAY) == {TODAY: (0, 0, 0, {})}


# --- figures and lists -------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("seed", range(1))
def test_every_figure_is_the_total_of_its_list(ctx, seed):
    random_requests(random.Random(100 + seed), 50)
    db.session.add_all(
        Correo(clave=f"k{i}", plantilla="lista", para="a@b.ec", asunto="x", texto="", html="", estado=estado, creado_en=NOW)
        for i, estado in enumerate([CorreoEstado.FALLIDO, CorreoEstado.FALLIDO, CorreoEstado.ENVIADO, CorreoEstado.DIFERIDO])
    )
    db.session.commit()
    actor, found = officer(), board.board(officer(), MONTH)
    f = found.figures

    def listed(**filters) -> int:
        page, _ = solicitudes_listing.page(actor, Filters(**filters))
        return page.total

    for estado in board.QUEUE:
        assert f.queue[estado] == listed(estados=frozenset({estado})) > 0
    for hours, view in board.SOON.items():
        assert f.expiring[hours] == listed(cifra=view)
    assert f.incidents == listed(cifra=board.INCIDENTS)
    assert f.unopened == desk_queue.queue(actor, desk_queue.Filters(view=desk_queue.UNOPENED)).page.total
    assert f.finished == listed(cifra=MONTH.view) > 0
    assert f.today == listed(cifra=board_views.generated_key(TODAY, TODAY))
    assert f.mails == len(board.failed_mail_rows()) == 2
    assert f.expiring[24] <= f.expiring[48] and f.expiring[48] > 0


def test_the_mean_is_that_of_the_requests_it_counts(ctx):
    random_requests(random.Random(7), 40)
    found = board.board(officer(), MONTH).figures
    rows = [
        s for s in db.session.scalars(select(Solicitud).where(Solicitud.generada_en.is_not(None), Solicitud.oculta.is_(False)))
        if MONTH.first <= deadlines.local_day(s.generada_en) <= MONTH.last
    ]
    calendar: Calendar = schedule.working_calendar()
    waits = [calendar.working_between(deadlines.local_day(s.aprobada_en), deadlines.local_day(s.generada_en)) for s in rows]
    assert found.finished == len(waits) and found.mean == pytest.approx(sum(waits) / len(waits))


@both
def test_lacking_a_download_is_what_the_reminders_mean_by_it(ctx):
    """The twin in SQL of services.received.all_complete, over every archive there is."""
    random_requests(random.Random(3), 40)
    rows = db.session.scalars(select(Solicitud).where(Solicitud.generada_en.is_not(None))).all()
    lacking = set(db.session.scalars(select(Solicitud.id).where(board_views.lacks_download())))
    assert {s.id for s in rows if not received.all_complete(s)} == lacking & {s.id for s in rows}
    assert 0 < len(lacking & {s.id for s in rows}) < len(rows)


def test_waiting_too_long_counts_working_days(ctx):
    """Wednesday the 18th: sent on Wednesday the 11th it has waited five working days, on the 12th four."""
    cases.plant(1, enviada_en=deadlines.midnight(date(2026, 11, 12)) - timedelta(minutes=1), fecha_solicitud=NOW)
    cases.plant(2, enviada_en=deadlines.midnight(date(2026, 11, 12)), fecha_solicitud=NOW)
    db.session.commit()
    found = board.board(officer(), MONTH).figures
    assert (found.queue[E.ENVIADA], found.late) == (3, 1)


def test_an_empty_installation_has_a_board(ctx):
    found = board.board(officer(), MONTH)
    assert (found.figures.mean, found.figures.load, found.figures.today) == (None, 0, 0)
    assert len(found.days) == 31 and {p.value for p in found.charts.waits} == {None}


@pytest.mark.parametrize("name", ["CAPACITY_DOCUMENTS", "CAPACITY_BYTES"])
def test_a_capacity_of_zero_divides_nothing(ctx, name):
    ctx.config[name] = 0
    figures = board.board(officer(), MONTH).figures
    assert (figures.capacity, figures.load) == (0, None)


def test_a_long_span_is_shown_by_week(ctx):
    short, long = (board.board(officer(), board.Span(TODAY - timedelta(days=n), TODAY)) for n in (185, 186))
    assert short.charts.daily and not long.charts.daily and len(long.charts.sizes) <= 28


# --- views and mails ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["", "nada", "generadas", "generadas.2026-11-01", "generadas.2026-11-02.2026-11-01", "generadas.ayer.hoy", "generadas.0001-01-01.9999-12-31",
            "generadas.2026-11-01.2026-11-02.2026-11-03", "vencen-24h-sin-descarga.2026-11-01.2026-11-02"],
)
def test_a_view_that_does_not_exist(key):
    assert board_views.view(key) is None


def test_a_failed_mail_is_tried_again_once(ctx):
    row = Correo(clave="k", plantilla="lista", para="a@b.ec", asunto="x", texto="", html="", estado=CorreoEstado.FALLIDO, intentos=9, creado_en=NOW)
    db.session.add(row)
    db.session.commit()
    board.resend(board.failed_mail(officer(), row.id))
    assert (row.estado, row.intentos) == (CorreoEstado.PENDIENTE, 0)
    with pytest.raises(Conflict):
        board.resend(row)
    for actor, number in ((cases.actor("aiq@demo.gob.ec"), row.id), (officer(), row.id + 1), (officer(), 2**70)):
        with pytest.raises(NotFound):
            board.failed_mail(actor, number)
