"""What all lists of the site have in common: requests, internal users, institutions, changes and register of AIQs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

import openpyxl
import pytest
from lxml import html as parser
from sqlalchemy import select

from extensions import db
from models import CambioAIQ, Cuenta, Institucion, Nombramiento, Solicitud, Usuario, VistaGuardada
from tests import crowd
from tests.blueprints import solicitud_cases as cases
from tests.blueprints.strict import assert_fragment
from tests.blueprints.test_listado import HTMX, counted, link, read, words

SAVED = "//nav[@aria-label='Vistas guardadas']"


@dataclass(frozen=True)
class Case:
    """A list: its address, how it grows, its orders, filters that narrow it, and what of its filters is refused."""

    path: str
    grow: Callable[..., None]
    orders: tuple[str, ...]
    narrow: str
    bad: tuple[tuple[str, str], ...]

    @property
    def search(self) -> str:
        return self.narrow.split("=")[0]


LISTS = {
    "solicitudes": Case("/solicitudes", crowd.requests, ("nro", "fecha", "nombre", "estado", "vigencia"), "nombre=naccha", (
        ("nombre=" + "a" * 10_000, "f-nombre"), ("inicio=2026-02-30", "f-inicio"), ("estado=x", "f-estado"))),
    "usuarios": Case("/usuarios", crowd.accounts, ("nombre", "ingreso"), "nombre=naccha", (
        ("nombre=" + "a" * 10_000, "f-nombre"), ("estado=x", "f-estado"), ("acceso=%F0%9F%98%80", "f-acceso"), ("institucion=999999", "f-institucion"))),
    "instituciones": Case("/instituciones", crowd.institutions, ("nombre", "etapa"), "q=nandu", (
        ("q=" + "a" * 10_000, "f-q"), ("etapa=inventada", "f-etapa"), ("etapa=%F0%9F%98%80", "f-etapa"))),
    "cambios": Case("/cambios", crowd.changes, ("institucion", "nro", "estado"), "q=nandu", (
        ("q=" + "a" * 10_000, "f-q"), ("estado=inventado", "f-estado"), ("estado=%F0%9F%98%80", "f-estado"))),
    "registro-aiq": Case("/registro-aiq", crowd.offices, ("institucion", "desde", "hasta"), "q=nandu", (
        ("q=" + "a" * 10_000, "f-q"), ("persona=" + "b" * 10_000, "f-persona"), ("cargo=rey", "f-cargo"), ("fecha=2026-02-30", "f-fecha"),
        ("fecha=9999-12-31", "f-fecha"), ("fecha=0001-01-01", "f-fecha"), ("fecha=%F0%9F%98%80", "f-fecha"))),
}  # fmt: skip
EVERY = pytest.mark.parametrize("case", LISTS.values(), ids=LISTS)
OTHERS = pytest.mark.parametrize("case", [case for key, case in LISTS.items() if key != "solicitudes"], ids=[key for key in LISTS if key != "solicitudes"])


def rows(doc) -> list[str]:
    """The rows of a page, each by the address it leads to (of the register: by all its cells)."""
    found = []
    for row in doc.xpath("//section[@id='resultados']//tbody/tr"):
        href = row.xpath("./th//a/@href")[0]
        found.append(" ".join(row.text_content().split()) if "registro-aiq" in href else href)
    return found


def grown(app, case: Case, count: int, *names: str) -> None:
    with cases.context(app):
        case.grow(count, *names)


@OTHERS
@pytest.mark.parametrize("direction", ["", "-"])
def test_every_order_pages_through_all_rows_once_and_back(app, sge, case, direction):
    grown(app, case, 45)
    for order in case.orders:
        doc = read(sge, f"{case.path}?{case.narrow}&orden={direction}{order}")
        pages = [rows(doc)]
        while following := link(doc, "Siguiente"):
            doc = read(sge, following)
            pages.append(rows(doc))
        assert [len(p) for p in pages] == [20, 20, 5] and len({r for p in pages for r in p}) == 45, order
        assert "41 a 45 de 45" in words(doc)
        doc = read(sge, link(doc, "Anterior"))
        assert rows(doc) == pages[1] and rows(read(sge, link(doc, "Primera"))) == pages[0], order


@EVERY
def test_rows_that_arrive_meanwhile_neither_repeat_nor_hide_others(app, sge, case):
    grown(app, case, 45)
    doc = read(sge, f"{case.path}?{case.narrow}")
    seen = rows(doc)
    first = set(seen)
    while following := link(doc, "Siguiente"):
        # The newest requests come first; of the other lists, names before those that were seen.
        grown(app, case, 2, "Naccha" if case.search == "nombre" else "Nandu")
        doc = read(sge, following)
        assert not first & set(rows(doc))
        seen += rows(doc)
    assert len(seen) == len(set(seen)) >= 45


@EVERY
def test_what_is_refused_is_said_beside_the_field(app, sge, case):
    for query, control in case.bad:
        for path in (case.path, f"{case.path}/exportar.csv", f"{case.path}/exportar.xlsx"):
            doc = read(sge, f"{path}?{query}", 422)
            assert doc.xpath(f"//*[@id='{control}']/@aria-invalid") == ["true"], query
            assert len(doc.xpath(f"//div[@role='alert']//li/a[@href='#{control}']")) == 1 and doc.xpath("//form[@id='filtros']/@hx-target") == ["#listado"]
        answer = sge.get(f"{case.path}?{query}", headers=HTMX)
        assert answer.status_code == 422 and answer.headers["HX-Retarget"] == "#listado"
        assert_fragment(answer.get_data(as_text=True))


@EVERY
@pytest.mark.parametrize("query", [
    "orden=inventado", "orden=%00", "orden=-", "{s}=%00", "{s}=%25", "{s}=_", "{s}=%27%22", "{s}=AND+OR+NEAR(", "{s}=ma*", "{s}=%F0%9F%98%80",
    "cursor=x", "cursor=%00", "cursor=" + "a" * 10_000, "pagina=-1", "{s}=a", "{s}=%3D1%2B1",
])  # fmt: skip
def test_what_means_nothing_is_harmless(app, sge, case, query):
    read(sge, f"{case.path}?{query.format(s=case.search)}")


@EVERY
def test_a_cursor_of_another_list_or_order_leads_to_the_first_page(app, sge, case):
    grown(app, case, 25)
    own = read(sge, f"{case.path}?{case.narrow}")
    for other in LISTS.values():
        if other is not case:
            grown(app, other, 25)
            foreign = link(read(sge, f"{other.path}?{other.narrow}"), "Siguiente").split("cursor=")[1].split("&")[0]
            assert rows(read(sge, f"{case.path}?{case.narrow}&cursor={foreign}"))[:20] == rows(read(sge, f"{case.path}?{case.narrow}"))
    token = link(own, "Siguiente").split("cursor=")[1].split("&")[0]
    assert "1 a 20 de" in words(read(sge, f"{case.path}?{case.narrow}&orden=-{case.orders[0]}&cursor={token}"))


@EVERY
def test_the_heads_sort_and_the_address_follows(app, sge, case):
    grown(app, case, 1)
    heads = {th.xpath(".//a/@href")[0].split("orden=")[-1].lstrip("-"): th.get("aria-sort") for th in read(sge, f"{case.path}?{case.narrow}").xpath("//th[@aria-sort]")}
    assert set(case.orders) <= {*heads, *[o for o in case.orders if heads.get(o) != "none"]} and len(heads) == len(case.orders)
    answer = sge.get(f"{case.path}?{case.narrow}&orden=-{case.orders[0]}", headers=HTMX)
    assert_fragment(answer.get_data(as_text=True))
    assert case.narrow in answer.headers["HX-Push-Url"] and f"orden=-{case.orders[0]}" in answer.headers["HX-Push-Url"]


@EVERY
def test_what_is_too_short_to_search_is_said(app, sge, case):
    doc = read(sge, f"{case.path}?{case.search}=a")
    assert "Escriba al menos 2 letras o números" in words(doc) and "Amplíe el rango" not in words(doc) and rows(doc) == []
    assert "Escriba al menos 2" not in words(read(sge, f"{case.path}?{case.search}=zzzz"))


@EVERY
def test_cards_without_heads_offer_the_same_orders(app, sge, case):
    grown(app, case, 3)
    doc = read(sge, f"{case.path}?{case.narrow}&orden=-{case.orders[0]}")
    offered = doc.xpath("//select[@name='orden'][@form='filtros']/option/@value")
    assert sorted(offered) == sorted(sign + name for name in case.orders for sign in ("", "-"))
    assert doc.xpath("//select[@name='orden']/option[@selected]/@value") == [f"-{case.orders[0]}"] and len(doc.xpath("//*[@name='orden']")) == 1
    assert len(set(doc.xpath("//select[@name='orden']/option/text()"))) == len(offered)


@EVERY
def test_every_cell_says_on_a_phone_what_it_is(app, sge, case):
    grown(app, case, 3)
    cells = read(sge, f"{case.path}?{case.narrow}").xpath("//section[@id='resultados']//tbody//td")
    assert cells and all(cell.get("data-l") or cell.get("class") == "act" for cell in cells)
    assert read(sge, case.path).xpath("//section[@id='resultados']//table[contains(@class, 'cards')]")


@EVERY
def test_the_number_of_queries_does_not_grow_with_the_rows(app, sge, case):
    grown(app, case, 2)
    path = f"{case.path}?{case.narrow}"
    read(sge, path)
    with counted(app) as few:
        assert len(rows(read(sge, path))) == 2
    grown(app, case, 18, "Ñandu" if case.search == "q" else "Ñáccha")
    with counted(app) as many:
        assert len(rows(read(sge, path))) == 20
    assert len(many) == len(few) <= 24, "\n".join(many)
    for suffix in ("csv", "xlsx"):
        with counted(app) as file:
            sge.get(f"{case.path}/exportar.{suffix}?{case.narrow}").get_data()
        assert len(file) <= len(many), "\n".join(file)


class TestSavedViews:
    def test_the_last_six_months_of_a_view_move_with_the_day(self, app, sge):
        """Today's dates would hide tomorrow's requests."""
        grown(app, LISTS["solicitudes"], 1)
        assert read(sge, "/solicitudes?estado=enviada").xpath("//input[@name='consulta']/@value") == ["estado=enviada"]
        assert read(sge, "/solicitudes?estado=enviada&inicio=2026-11-01").xpath("//input[@name='consulta']/@value") == ["inicio=2026-11-01&estado=enviada"]
        assert read(sge, "/solicitudes?inicio=&fin=&estado=enviada").xpath("//input[@name='consulta']/@value") == ["inicio=&fin=&estado=enviada"]

    @EVERY
    def test_a_view_belongs_to_one_list_and_one_person(self, app, sge, sign_in, case):
        grown(app, case, 1)
        answer = sge.post(f"{case.path}/vistas", data={"nombre": "Las mías", "consulta": f"{case.narrow}&cursor=abc&orden=-{case.orders[0]}"})
        assert answer.status_code == 303 and answer.headers["Location"] == f"{case.path}?{case.narrow}&orden=-{case.orders[0]}"
        doc = read(sge, answer.headers["Location"])
        assert [a.text for a in doc.xpath(f"{SAVED}/a[@aria-current]")] == ["Las mías"] and len(rows(doc)) == 1
        with cases.context(app):
            number = db.session.scalars(select(VistaGuardada.id)).one()
        for other in LISTS.values():
            shown = "Las mías" in read(sge, other.path).text_content()
            assert shown is (other is case) and ("Las mías" in sge.get(f"{other.path}/vistas").get_data(as_text=True)) is shown
            if other is not case:
                for action in ("nombre", "eliminar"):
                    assert sge.post(f"{other.path}/vistas/{number}/{action}", data={"nombre": "x"}).status_code == 404
        stranger = sign_in("sge2@demo.gob.ec")
        assert "Las mías" not in read(stranger, case.path).text_content()
        assert stranger.post(f"{case.path}/vistas/{number}/eliminar").status_code == 404
        assert sge.post(f"{case.path}/vistas/{number}/nombre", data={"nombre": "Otro nombre"}).status_code == 303
        assert "Otro nombre" in words(read(sge, f"{case.path}/vistas"))
        assert sge.post(f"{case.path}/vistas", data={"nombre": "otro NOMBRE", "consulta": "x=1"}).status_code == 422
        assert sge.post(f"{case.path}/vistas/{number}/eliminar").headers["Location"].endswith(f"{case.path}/vistas")
        assert "Aún no tiene vistas" in words(read(sge, f"{case.path}/vistas"))

    @EVERY
    def test_the_form_offers_what_is_shown_and_the_chips_follow_the_results(self, app, sge, case):
        grown(app, case, 1)
        assert 'id="vistas"' not in sge.get(f"{case.path}?{case.narrow}", headers=HTMX).get_data(as_text=True) or case.path == "/solicitudes"
        asked = read(sge, f"{case.path}?{case.narrow}").xpath("//input[@name='consulta']/@value")[0]
        sge.post(f"{case.path}/vistas", data={"nombre": "Esta", "consulta": asked})
        here = parser.document_fromstring(sge.get(f"{case.path}?{asked}", headers=HTMX).get_data(as_text=True))
        elsewhere = parser.document_fromstring(sge.get(f"{case.path}?{asked}&orden=-{case.orders[-1]}", headers=HTMX).get_data(as_text=True))
        assert len(here.xpath(f"{SAVED}/a[@aria-current]")) == 1 and not elsewhere.xpath(f"{SAVED}/a[@aria-current]")
        # The results alone bring the chips beside them, out of band; a form that is swapped whole has them inside.
        assert [nav.get("hx-swap-oob") for nav in here.xpath(SAVED)] == [None if here.xpath("//form[@id='filtros']") else "true"]


class TestFiles:
    def table(self, client, path: str) -> list[list[str]]:
        answer = client.get(path)
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/csv; charset=utf-8" and ".csv" in answer.headers["Content-Disposition"]
        raw = answer.get_data()
        assert raw.startswith(b"\xef\xbb\xbf"), "without it Excel reads ñ as two signs"
        return list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))

    def sheet(self, client, path: str):
        answer = client.get(path)
        assert answer.status_code == 200 and ".xlsx" in answer.headers["Content-Disposition"]
        return openpyxl.load_workbook(io.BytesIO(answer.get_data())).active

    @EVERY
    def test_both_files_hold_the_whole_filter_in_the_lists_order(self, app, sge, case, monkeypatch):
        monkeypatch.setattr("services.listing.EXPORTED", 7)
        grown(app, case, 23)
        for order in case.orders:
            query = f"{case.narrow}&orden={order}"
            table = self.table(sge, f"{case.path}/exportar.csv?{query}")
            assert len(table) == 24 and len({tuple(r) for r in table[1:]}) == 23
            sheet = list(self.sheet(sge, f"{case.path}/exportar.xlsx?{query}").iter_rows(values_only=True))
            assert list(sheet[0]) == table[0] and len(sheet) == 24
            told = [[str(v) for v in row[:2] if v is not None] for row in sheet[1:]]
            assert told == [[v for v in row[:2] if v] for row in table[1:]]
            shown = [" ".join(tr.text_content().split()) for tr in read(sge, f"{case.path}?{query}").xpath("//section[@id='resultados']//tbody/tr")]
            named = max(range(2), key=lambda i: len({r[i] for r in table[1:]}))
            assert all(row[named] in text for row, text in zip(table[1:21], shown)), order

    @pytest.mark.parametrize(("key", "table", "column"), [
        ("solicitudes", Solicitud, "persona_puesto"), ("usuarios", Cuenta, "puesto"), ("instituciones", Institucion, "direccion"),
        ("cambios", CambioAIQ, "aiq_cargo"), ("registro-aiq", Nombramiento, "documento"),
    ])  # fmt: skip
    @pytest.mark.parametrize("text", ["=1+1", "+593", "-2", "@x", "=HYPERLINK(\"http://malo.example\",\"ñ\")"])
    def test_what_was_typed_stays_text(self, app, sge, key, table, column, text):
        case = LISTS[key]
        grown(app, case, 2)
        with cases.context(app):
            setattr(db.session.scalar(select(table).order_by(table.id.desc())), column, text)
        assert f"'{text}" in {v for row in self.table(sge, f"{case.path}/exportar.csv?{case.narrow}") for v in row}
        [cell] = [c for row in self.sheet(sge, f"{case.path}/exportar.xlsx?{case.narrow}").iter_rows() for c in row if c.value == text]
        assert cell.data_type == "s" and cell.hyperlink is None

    def test_instants_are_local(self, app, sge, sign_in):
        sign_in("servidor@demo.gob.ec")
        entered = self.table(sge, "/usuarios/exportar.csv?acceso=con&orden=-ingreso")[1][-1]
        assert entered == "18/11/2026 10:00"
        since = [row[7] for row in self.table(sge, "/registro-aiq/exportar.csv?q=snbap")[1:]]
        assert all(len(text) == 16 and text[2] == "/" for text in since)

    def test_a_file_says_what_the_page_says(self, app, sge):
        with cases.context(app):
            db.session.add(Institucion(nombre="Sin nadie", sigla="SN"))
            person = db.session.scalar(select(Usuario).where(Usuario.correo == "servidor@demo.gob.ec"))
            person.habilitado = False
        [_, row] = self.table(sge, "/instituciones/exportar.csv?q=nadie")
        assert row[3:5] == ["En producción", "Sin AIQ activo"] and row[-1] == "Sin vincular"
        with cases.context(app):
            cedula = db.session.scalar(select(Usuario.cedula).where(Usuario.correo == "servidor@demo.gob.ec"))
        assert {r[11] for r in self.table(sge, f"/usuarios/exportar.csv?nombre={cedula}")[1:]} <= {"Retirado", "No puede ingresar"}


class TestTheWayBack:
    @pytest.mark.parametrize(("path", "query"), [("/usuarios", "nombre=demo&estado=activos"), ("/instituciones", "q=snbap&orden=-nombre"), ("/cambios", "q=nandu&estado=preparacion")])
    def test_a_row_leads_back_to_the_list_as_it_was(self, app, sge, path, query):
        grown(app, LISTS["cambios"], 1)
        doc = read(sge, f"{path}?{query}")
        # The other lists are remembered beside it.
        read(sge, "/registro-aiq?q=snbap")
        back = read(sge, rows(doc)[0]).xpath(f"//ol[@class='crumbs']//a[starts-with(@href, '{path}')]/@href")[0]
        assert parse_qs(urlsplit(back).query) == parse_qs(query)
        assert urlsplit(read(sge, "/registro-aiq/vistas").xpath("//ol[@class='crumbs']//a[contains(., 'Registro')]/@href")[0]).query == "q=snbap"

    def test_filters_too_long_for_the_cookie_are_not_kept(self, sge):
        read(sge, "/usuarios?nombre=ana")
        read(sge, "/usuarios?nombre=" + quote("😀" * 120))
        assert read(sge, "/usuarios/vistas").xpath("//ol[@class='crumbs']//a[contains(., 'Usuarios')]/@href") == ["/usuarios"]
        assert all(len(cookie.value) < 1500 for cookie in sge._cookies.values())


class TestTheRegister:
    def test_it_is_narrowed_to_a_person_an_office_and_an_institution(self, app, sge):
        grown(app, LISTS["registro-aiq"], 6)
        assert len(rows(read(sge, "/registro-aiq?persona=ana+nand"))) == 6
        assert len(rows(read(sge, "/registro-aiq?persona=" + quote("003 ñandu")))) == 1
        assert "No" not in rows(read(sge, "/registro-aiq?cargo=aiq_backup")) and all("backup" in r for r in rows(read(sge, "/registro-aiq?cargo=aiq_backup")))
        with cases.context(app):
            number = db.session.scalar(select(Institucion.id).where(Institucion.nombre == "Ñandú 003"))
        doc = read(sge, f"/registro-aiq?institucion={number}")
        assert len(rows(doc)) == 1
        chip = doc.xpath("//a[contains(@class, 'chip')][contains(., 'Ñandú 003')]")[0]
        assert len(rows(read(sge, chip.get("href")))) > 6
        for unknown in ("999999", "abc", "-1", "9" * 40, "%D9%A3"):
            assert "La institución no existe" in words(read(sge, f"/registro-aiq?institucion={unknown}", 422))

    def test_names_follow_the_alphabet_whatever_their_accents(self, app, sge):
        with cases.context(app):
            for name in ("Zoológico", "Ágora", "banco", "Ñuble", "Óptica"):
                db.session.add(Institucion(nombre=f"XX {name}"))
        shown = [th.text for th in read(sge, "/instituciones?q=xx").xpath("//tbody/tr/th/a")]
        assert shown == ["XX Ágora", "XX banco", "XX Ñuble", "XX Óptica", "XX Zoológico"]
