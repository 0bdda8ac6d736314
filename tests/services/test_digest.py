"""The daily digest: what nobody opened and what is late, each linked, the lists the same as those of the desk."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from extensions import db
from models import Correo
from services import desk_presence, desk_queue, notices
from services.desk_queue import LATE, UNOPENED, Filters
from sources import demo_people as demo
from tests.conftest import NOW
from tests.services.test_desk import actor, ids, waiting

pytestmark = pytest.mark.usefixtures("ctx")


def mails() -> list[Correo]:
    return list(db.session.scalars(select(Correo).where(Correo.plantilla == "resumen").order_by(Correo.id)))


def section(text: str, title: str) -> list[int]:
    """Numbers of the requests listed under `title` in the plain text, by their links."""
    block = text.split(title, 1)[1].split("Verlas todas", 1)[0]
    return [int(n) for n in re.findall(r"/mesa/(\d+)$", block, re.M)]


def test_each_list_is_the_view_of_the_desk_it_links_to():
    waiting(demo.MAIN, days=0), waiting(demo.LAWYER, days=2), waiting(demo.DRIVER, days=7)
    seen = waiting(demo.LARGE, days=8)
    desk_presence.look(actor(), seen)
    assert notices.digest() == 2 and [m.para for m in mails()] == ["sge@demo.gob.ec", "sge2@demo.gob.ec"]
    mail = mails()[0]
    unopened, late = (ids(desk_queue.queue(actor(), Filters(view))) for view in (UNOPENED, LATE))
    assert section(mail.texto, "Nadie las ha abierto en 2 días laborables: 2") == unopened and len(unopened) == 2
    assert section(mail.texto, "Superan los 4 días laborables de espera: 2") == late and seen.id in late
    assert mail.asunto == "Resumen diario: 2 solicitudes sin abrir, 2 atrasadas"
    for link in ("/mesa?vista=sin_abrir", "/mesa?vista=plazo", f'/mesa/{seen.id}"'):
        assert link in mail.html, link
    assert notices.digest() == 0, "once a day"


def test_nothing_to_tell_nothing_sent():
    waiting(days=1)
    assert notices.digest() == 0 and mails() == []


def test_long_lists_are_cut_and_counted():
    for _ in range(notices.DIGEST_ROWS + 4):
        waiting(days=3)
    notices.digest()
    text = mails()[0].texto
    assert len(section(text, f"Nadie las ha abierto en 2 días laborables: {notices.DIGEST_ROWS + 4}")) == notices.DIGEST_ROWS
    assert "- y 4 más" in text and str(NOW.year) in text
