"""For which requests an officer of the SGE has given a reason in this session: kept in the signed cookie, and only there,
so that it ends with the session."""

from __future__ import annotations

from flask import session

from blueprints.access import actor

KEY = "motivos"
KEPT = 20


def given(solicitud_id: int) -> bool:
    kept = session.get(KEY, {})
    return kept.get("de") == actor().usuario_id and solicitud_id in kept.get("solicitudes", ())


def remember(solicitud_id: int) -> None:
    kept = session.get(KEY, {})
    before = kept.get("solicitudes", []) if kept.get("de") == actor().usuario_id else []
    session[KEY] = {"de": actor().usuario_id, "solicitudes": [*(i for i in before if i != solicitud_id), solicitud_id][-KEPT:]}
