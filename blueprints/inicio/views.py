"""Home: what needs attention, what is in course, and the ways in."""

from __future__ import annotations

from flask import render_template
from flask_login import current_user

from blueprints.access import actor, can, requires
from blueprints.inicio import bp
from rules.deadlines import ZONE
from rules.glossary import DETENCION, ESTADO_BADGE
from rules.policy import Permission
from services import affairs, clock, home as board, implantaciones
from services import schedule


@bp.get("/")
@requires(Permission.ENTER)
def home():
    me, now = actor(), clock.now()
    desk = can(Permission.SGE_DESK)
    course, course_total = board.in_course(me)
    return render_template(
        "inicio/inicio.html",
        saludo=f"{_greeting(now.astimezone(ZONE).hour)}, {current_user.usuario.nombre}",
        periodo=schedule.current_period(clock.today()),
        ready=board.ready(me, now),
        avisos=affairs.notices_for(me, clock.today()),
        undelivered=board.undelivered(me, now),
        returned=board.returned(me),
        drafts=board.drafts(me) if can(Permission.REQUEST_INSTITUTIONAL) else None,
        stopped=board.stopped(me) if desk else [],
        counters=board.counters(me, now) if desk else None,
        course=course,
        course_total=course_total,
        own_total=board.personal_in_course(me) if can(Permission.REQUEST_PERSONAL) else 0,
        propia=implantaciones.own(me),
        tarea=implantaciones.todo(me),
        badges=ESTADO_BADGE,
        causes=DETENCION,
    )


def _greeting(hour: int) -> str:
    return "Buenos días" if 5 <= hour < 12 else "Buenas tardes" if 12 <= hour < 19 else "Buenas noches"
