"""What the demo's scenes share: who acts, the clock set back, and a real PDF to hand in."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO

from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from extensions import db
from models import Usuario
from rules.deadlines import ZONE
from rules.policy import Actor
from services import clock, people

AIQ, OTHER_AIQ, OFFICER, SECOND, SERVANT = (
    "aiq@demo.gob.ec", "aiq@otra.gob.ec", "sge@demo.gob.ec", "sge2@demo.gob.ec", "servidor@demo.gob.ec",
)


def back(*, days: int, hour: int):
    """The clock at that hour (Guayaquil) so many days ago."""
    local = (clock.now() - timedelta(days=days)).astimezone(ZONE)
    return clock.frozen(datetime(local.year, local.month, local.day, hour, 12, tzinfo=ZONE))


def actor(correo: str) -> Actor:
    """The rights of the person with this mailbox, now."""
    return people.actor_of(db.session.scalar(select(Usuario).where(Usuario.correo == correo)), clock.now())


def pdf(name: str, title: str, *paragraphs: str) -> FileStorage:
    """A one-page document, as a form brings it. The core fonts know Latin-1 only."""
    from fpdf import FPDF  # 20 MB, with its fonts: every web process would carry them for the demo's sake

    sheet = FPDF()
    sheet.set_title(title)
    sheet.set_creation_date(clock.now())
    sheet.add_page()
    sheet.set_font("helvetica", "B", 13)
    sheet.multi_cell(0, 7, title, new_x="LMARGIN", new_y="NEXT")
    sheet.set_font("helvetica", size=11)
    for paragraph in paragraphs:
        sheet.ln(4)
        sheet.multi_cell(0, 6, paragraph, new_x="LMARGIN", new_y="NEXT")
    return FileStorage(BytesIO(bytes(sheet.output())), filename=name, content_type="application/pdf")
