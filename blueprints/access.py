"""Who may use each route: declared on the route, enforced here, and proved by a test that walks app.url_map."""

from __future__ import annotations

from functools import wraps
from typing import Any, Callable

from flask import abort, g

from extensions import login
from rules.policy import Actor, Permission, may
from services.errors import NotFound

# Set on a view function, so that the test (and a reader) can ask any route.
MARK = "_access"


def actor() -> Actor:
    """The person of this request with the rights in force now. Only behind `requires`."""
    return g.actor


def public(view: Callable) -> Callable:
    """Anyone may use this route, signed in or not."""
    setattr(view, MARK, "public")
    return view


def requires(permission: Permission, *, load: Callable[[Actor, Any], Any] | None = None, param: str = "solicitud_id") -> Callable:
    """Only who holds `permission` may use this route.

    `load(actor, id)` is a scoped look-up (services.scope): the URL's `param` is replaced by the thing itself, under the
    parameter's name without "_id", and the permission is asked of that thing. Foreign or missing: 404. Seen but not allowed: 403.
    """

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def guarded(*args, **kwargs):
            if g.get("actor") is None:
                return login.unauthorized()
            thing = None
            if load is not None:
                try:
                    thing = load(g.actor, kwargs.pop(param))
                except NotFound:
                    abort(404)
                kwargs[param.removesuffix("_id")] = thing
            if not may(g.actor, permission, thing):
                abort(403)
            return view(*args, **kwargs)

        setattr(guarded, MARK, permission)
        return guarded

    return decorate


def can(permission: Permission, thing: Any = None) -> bool:
    """For templates: may the person of this request do this?"""
    return may(g.get("actor"), permission, thing)


