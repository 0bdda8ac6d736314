"""Behind a proxy the site knows that it is https and who asks; without one, nobody can pretend so."""

from __future__ import annotations

import pytest

import config

FORWARDED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize("settings, believed", [({"TRUSTED_PROXIES": 1}, True), ({"TRUSTED_PROXIES": 0}, False)], indirect=["settings"])
def test_forwarded_headers_are_believed_only_behind_a_trusted_proxy(app, believed):
    answer = app.test_client().get("/ingresar", headers=FORWARDED)
    assert ("Strict-Transport-Security" in answer.headers) is believed


@pytest.fixture
def settings(request):
    return request.param


@pytest.mark.parametrize("env, hops", [({}, 0), ({"RESPALDOS_ENV": "production", "SECRET_KEY": "x" * 32}, 1), ({"TRUSTED_PROXIES": "2"}, 2)])
def test_one_proxy_is_usual_in_production(tmp_path, env, hops):
    assert config.load({"RESPALDOS_DATA": str(tmp_path), **env})["TRUSTED_PROXIES"] == hops
