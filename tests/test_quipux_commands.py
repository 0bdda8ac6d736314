"""`flask --app app quipux …` as an operator uses it: what is printed, and with which exit code."""

from __future__ import annotations

import json

import pytest

from sources import Quipux, demo_people

RANGE = ["--desde", "2020-01-01", "--hasta", "2026-11-17"]


@pytest.fixture
def run(app):
    return lambda *words: app.test_cli_runner().invoke(args=["quipux", *words])


def test_a_good_quipux_is_checked_with_exit_code_0(run):
    answer = run("check")
    assert answer.exit_code == 0, answer.output
    assert "Solo lectura comprobada" in answer.output and "cuentas." in answer.output
    findings = json.loads(run("check", "--json").output)
    assert {f["nivel"] for f in findings} <= {"ok", "aviso"} and all(f.keys() == {"nivel", "tema", "detalle"} for f in findings)


def test_a_quipux_that_is_not_there_is_told_in_one_sentence(app, tmp_path, run):
    app.config["QUIPUX_URL"] = f"sqlite:///{tmp_path / 'nada.sqlite'}"
    answer = run("check")
    assert answer.exit_code == 1 and "No responde" in answer.output and "Traceback" not in answer.output
    for words in (("documents", "1", *RANGE), ("mirror",), ("import-history",)):
        answer = run(*words)
        assert answer.exit_code == 1 and "Quipux no responde" in answer.output


def test_an_address_of_another_database_is_refused(app, run):
    app.config["QUIPUX_URL"] = "mysql://x/y"
    answer = run("check")
    assert answer.exit_code == 1 and "La dirección de Quipux no sirve" in answer.output


def test_documents_are_one_json_list_of_the_agreed_shape(run):
    answer = run("documents", demo_people.MAIN.codi, *RANGE, "--json")
    rows = json.loads(answer.output)
    assert answer.exit_code == 0 and len(rows) > 20
    for row in rows:
        assert list(row) == ["bandeja", "motivos", "radi_nume_radi", "numero", "fecha", "asunto", "archivos"]
        assert row["bandeja"] in {"enviado", "recibido"} and row["motivos"] and isinstance(row["radi_nume_radi"], str)
        assert len(row["radi_nume_radi"]) == 20 and len(row["fecha"]) == 10
        for file in row["archivos"]:
            assert list(file) == ["nombre", "origen", "bytes", "problema"] and file["origen"] in {"disco", "bodega", "texto"}
            assert (file["bytes"] is None) == (file["problema"] is not None)
    assert len({(r["bandeja"], r["radi_nume_radi"]) for r in rows}) == len(rows)


def test_nobody_has_an_empty_list_and_words_for_people(run):
    answer = run("documents", "987654", *RANGE, "--json")
    assert (answer.exit_code, json.loads(answer.output)) == (0, [])
    assert " enviado " in run("documents", demo_people.MAIN.codi, *RANGE).output


@pytest.mark.parametrize("words", [("--desde", "2020-01-01"), ("--desde", "ayer", "--hasta", "2020-01-01"), ("--desde", "2021-01-01", "--hasta", "2020-01-01")])
def test_a_range_that_is_none_is_a_wrong_use(run, words):
    assert run("documents", demo_people.MAIN.codi, *words, "--json").exit_code == 2


def test_documents_are_printed_while_they_are_read(run, monkeypatch):
    """A person with 500 000 of them: nothing waits for the last."""
    real = Quipux.documents

    def two(self, *args, **rest):
        documents = real(self, *args, **rest)
        yield next(documents)
        yield next(documents)
        raise ValueError("the third was asked for")

    monkeypatch.setattr(Quipux, "documents", two)
    answer = run("documents", demo_people.MAIN.codi, *RANGE, "--json")
    assert answer.exit_code == 1 and answer.output.count("radi_nume_radi") >= 2


def test_the_mirror_says_what_it_did(run):
    answer = run("mirror")
    assert answer.exit_code == 0 and "0 escritas" in answer.output and "peticiones leídas" in answer.output


def test_the_switches_are_settings(app):
    """They were documented once and read nowhere."""
    import config

    plain, wide = config.load({"RESPALDOS_DATA": str(app.config["DATA_DIR"])}), config.load(
        {"RESPALDOS_DATA": str(app.config["DATA_DIR"]), "QUIPUX_REDIRECTED": "1", "QUIPUX_OTHER_ACCOUNTS": "si", "QUIPUX_CONNECTIONS": "3",
         "QUIPUX_TIMEOUT_S": "9"}
    )  # fmt: skip
    assert (plain["QUIPUX_REDIRECTED"], plain["QUIPUX_OTHER_ACCOUNTS"], plain["QUIPUX_CONNECTIONS"], plain["QUIPUX_TIMEOUT_S"]) == (False, False, 5, 60)
    assert (wide["QUIPUX_REDIRECTED"], wide["QUIPUX_OTHER_ACCOUNTS"], wide["QUIPUX_CONNECTIONS"], wide["QUIPUX_TIMEOUT_S"]) == (True, True, 3, 9)
