"""Which documents, in which tray, for which reason: the README's rules on both databases."""

from datetime import date

import psycopg
import pytest
from sqlalchemy.engine.cursor import BufferedRowCursorFetchStrategy, CursorFetchStrategy

from sources import Count, selection
from sources.report import documents_json
from tests.sources import cases

Y2018 = (date(2018, 1, 1), date(2018, 12, 31))
Y2019 = (date(2019, 1, 1), date(2019, 12, 31))


def by_tray(quipux, codi, desde, hasta):
    found = {"enviado": {}, "recibido": {}}
    for row in quipux.selected(codi, desde, hasta):
        found[row.bandeja][row.id] = row.motivos
    return found


def test_the_sessions_of_the_database_start_in_utc(server, on_postgres):
    with psycopg.connect(server.dsn("quipux")) as plain:
        assert plain.execute("show timezone").fetchone() == ("UTC",)


def test_the_seed_counts_five_sent_six_received_ten_distinct(quipux):
    assert quipux.count("110", *Y2018) == Count(documentos=10, enviados=5, recibidos=6, reservados=0)


def test_every_rule_gives_its_reason(quipux):
    trays = by_tray(quipux, "110", *Y2018)
    assert trays["enviado"] == {
        "20180001010000000010": ("remitente",),
        "20180001010000000020": ("remitente",),  # never sent (original)
        "20180001010000000030": ("remitente",),  # archived
        "20180001010000000070": ("remitente",),  # last day, 23:30 in Guayaquil
        "20180001010000003001": ("reasignado_por",),
    }
    assert trays["recibido"] == {
        "20180001000000002011": ("destinatario",),  # external, by its registration date
        "20180001010000001001": ("destinatario",),
        "20180001010000001101": ("copia",),
        "20180001010000003001": ("reasignado_a",),
        "20180001010000003101": ("informado_a",),
        "20180001010000003201": ("reasignado_a",),  # handed over by an administrator (10)
    }


def test_rows_come_by_date_then_id(quipux):
    rows = list(quipux.selected("110", *Y2018))
    assert [(r.fecha, r.id) for r in rows] == sorted((r.fecha, r.id) for r in rows)
    assert rows[0].fecha == date(2018, 1, 5) and rows[-1].fecha == date(2018, 12, 31)
    assert rows[1].numero == "MPRU-DF-2018-1-M" and rows[1].asunto == "Enviado normal"


def test_one_day_is_a_range_and_ends_at_midnight_in_guayaquil(quipux):
    assert [r.id for r in quipux.selected("110", date(2018, 12, 31), date(2018, 12, 31))] == ["20180001010000000070"]
    new_year = date(2020, 1, 1)
    assert [r.id for r in quipux.selected("120", new_year, new_year)] == [cases.FIRST_INSTANT]
    assert [r.id for r in quipux.selected("120", date(2019, 12, 31), date(2019, 12, 31))] == [cases.BEFORE_FIRST]


@pytest.mark.parametrize("codi", ["1110", "11", "10", "1", "", "nadie", "110'--", "9" * 30])
def test_a_code_that_looks_alike_or_is_none_finds_nothing_of_110(quipux, codi):
    found = {row.id for row in quipux.selected(codi, *Y2018)}
    assert found == ({"20180001010000000080"} if codi == "1110" else set())
    assert quipux.count(codi, *Y2018).documentos == len(found)


def test_reserved_documents_are_counted_and_nothing_of_them_comes_out(quipux):
    assert quipux.count("120", *Y2019) == Count(documentos=29, enviados=27, recibidos=2, reservados=2)
    shown = {row.id for row in quipux.selected("120", *Y2019)}
    read = {document.id for document in quipux.documents("120", *Y2019)}
    assert shown == read
    assert len(shown) == 27 and not shown & {cases.RESERVED, cases.RESERVED_COPY}


def test_reserved_documents_come_when_asked_for_and_are_marked(quipux):
    documents = quipux.documents("120", *Y2019, include_reserved=True)
    assert {d.id for d in documents if d.reservado} == {cases.RESERVED, cases.RESERVED_COPY}


def test_without_its_own_date_an_internal_document_counts_by_registration(quipux):
    (row,) = [r for r in quipux.selected("120", *Y2019) if r.id == cases.ID["no_date"]]
    assert row.fecha == date(2019, 1, 1 + cases.NAMES.index("no_date"))


def test_extra_rules_are_off_and_can_be_switched_on(installation):
    day = date(2019, 5, 1), date(2019, 6, 1)
    plain = installation.open()
    assert list(plain.selected("120", *day)) == []
    plain.close()
    wide = installation.open(QUIPUX_REDIRECTED="1", QUIPUX_OTHER_ACCOUNTS="1")
    assert [(r.id, r.motivos) for r in wide.selected("120", *day)] == [
        (cases.REDIRECTED, ("dirigido_a",)),
        (cases.OTHER_ACCOUNT, ("remitente",)),
    ]
    wide.close()


def test_documents_come_once_with_both_trays(quipux):
    documents = list(quipux.documents("110", *Y2018))
    assert len({d.id for d in documents}) == len(documents) == 10
    (both,) = [d for d in documents if len(d.bandejas) == 2]
    assert both.id == "20180001010000003001" and both.bandejas == ("enviado", "recibido")
    assert both.motivos == {"enviado": ("reasignado_por",), "recibido": ("reasignado_a",)}


def test_batches_do_not_lose_or_repeat(installation, monkeypatch):
    quipux = installation.open()
    whole = list(quipux.documents("120", *Y2019))
    monkeypatch.setattr("sources.quipux.BATCH", 4)
    assert list(quipux.documents("120", *Y2019)) == whole
    quipux.close()


def test_an_iterator_that_is_left_gives_its_connection_back(installation):
    quipux = installation.open()
    for _ in range(12):  # more than the pool has
        documents = quipux.documents("110", *Y2018)
        next(documents)
        documents.close()
    assert quipux.count("110", *Y2018).documentos == 10
    quipux.close()


def test_the_report_is_the_agreed_list(quipux):
    rows = list(documents_json(quipux, "110", *Y2018))
    assert [r["bandeja"] for r in rows].count("enviado") == 5
    assert [r["bandeja"] for r in rows].count("recibido") == 6
    assert rows[1] == {
        "bandeja": "enviado",
        "motivos": ["remitente"],
        "radi_nume_radi": "20180001010000000010",
        "numero": "MPRU-DF-2018-1-M",
        "fecha": "2018-02-02",
        "asunto": "Enviado normal",
        "archivos": [
            {"nombre": "20180001010000000010.pdf", "origen": "bodega", "bytes": 69, "problema": None},
            {"nombre": "informe áéñ.pdf", "origen": "bodega", "bytes": 69, "problema": None},
        ],
    }


def test_the_estimate_adds_what_the_tables_say(quipux):
    # Two files of 60 bytes in the bodega, attachments of 12 and 30 KB.
    size = quipux.size("110", *Y2018)
    assert (size.bytes, size.archivos, size.exacto) == (60 + 60 + 42_000, 4, False)


def test_an_estimate_of_files_on_disk_only_is_exact(quipux):
    day = date(2019, 1, 1 + cases.NAMES.index("disk"))
    size = quipux.size("120", day, day)
    assert (size.bytes, size.archivos, size.exacto) == (len(cases.PDF), 1, True)


def test_an_estimate_counts_the_unsigned_twin_beside_a_signed_file(quipux):
    day = date(2019, 1, 1 + cases.NAMES.index("disk_twins"))
    size = quipux.size("120", day, day)
    assert (size.bytes, size.archivos, size.exacto) == (len(cases.PDF) + len(cases.DER), 2, True)


def test_an_empty_range_is_empty(quipux):
    day = date(1999, 1, 1)
    assert quipux.count("110", day, day) == Count(0, 0, 0, 0)
    assert (quipux.size("110", day, day).bytes, quipux.size("110", day, day).exacto) == (0, True)
    assert list(quipux.documents("110", day, day)) == []


def test_a_selection_is_never_fetched_whole(quipux, monkeypatch):
    """A person with 500 000 documents took 400 MB here: what is read next is read when it is wanted."""
    sizes = []
    for strategy in (BufferedRowCursorFetchStrategy, CursorFetchStrategy):
        monkeypatch.setattr(strategy, "fetchall", lambda *_a: pytest.fail("everything fetched at once"))
    for strategy in (BufferedRowCursorFetchStrategy, CursorFetchStrategy):
        real = strategy.fetchmany
        monkeypatch.setattr(strategy, "fetchmany", lambda self, *a, real=real, **k: sizes.append(a[-1]) or real(self, *a, **k))
    monkeypatch.setattr(selection, "_STREAM", 2)
    assert len(list(quipux.selected("110", *Y2018))) == 11
    assert set(sizes) == {2} and len(sizes) > 3
