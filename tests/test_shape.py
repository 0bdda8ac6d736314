"""Rules of the house, as tests."""

from __future__ import annotations


def test_every_route_says_who_may_use_it(app):
    open_routes = [
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not hasattr(app.view_functions[rule.endpoint], "_access")
    ]
    assert not open_routes, "declare @requires(…) or @public on: " + ", ".join(open_routes)


