"""Rules of the house, as tests."""

from __future__ import annotations


def test_every_route_says_who_may_use_it(app):
    open_routes = [
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not hasattr(app.view_functions[rule.endpoint], "_access")
    ]
    assert not open_routes, "declare @requires(…) or @public on: " + ", ".join(open_routes)


def test_head_answers_what_get_would(app, sge, aiq):
    """A monitor or a link preview that asks by HEAD has sent no form."""
    paths = [rule.rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments and rule.endpoint != "static"]
    paths += ["/plantillas/ambiente", "/instituciones/1/cambio-aiq", "/instituciones/1/aiq-backup"]
    assert len(paths) > 40
    differing = {
        path: (get, head)
        for client in (sge, aiq, app.test_client())
        for path in paths
        if (get := client.get(path).status_code) != (head := client.head(path).status_code)
    }
    assert not differing
