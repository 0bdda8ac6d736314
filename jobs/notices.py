"""Mails leave here, after the commit that wrote them. Jobs run inside the worker's application context."""

from __future__ import annotations

from services import notices


def send(correo_id: int) -> str:
    """See services.notices.send."""
    return str(notices.send(correo_id))
