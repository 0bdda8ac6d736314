"""The processes of seeds 002 and 004 played in a real browser, from the first form to the last state, with the clock moved.

They change who is AIQ of the demo's institution, so this module has a running site of its own."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

import pytest
from playwright.sync_api import Page, expect

from rules import texts
from rules.calendar import Calendar
from rules.deadlines import ZONE, earliest_effective
from rules.holidays import days_off
from services.demo import PASSWORD
from sources import demo_people
from tests.browser.conftest import Site
from tests.pdfs import plain

pytestmark = [pytest.mark.real_clock, pytest.mark.slow]

SGE, OUTGOING, INCOMING = "sge@demo.gob.ec", "aiq@demo.gob.ec", "servidor@demo.gob.ec"
MATERIAS = (("Bandeja de entrada", "4"), ("Bandeja de salida", "3,5"), ("Administración del sistema", "4,5"))
NEW_AIQ = "sisa@colsa.demo.gob.ec"
NEW_PLACE = "Consejo de Lenguas Ancestrales"
APPLICATION = {
    "nombre": NEW_PLACE, "ruc": "1760013210001", "sigla": "COLSA", "telefono": "02 250 0000", "direccion": "Av. de los Shyris, Quito",
    "aiq_nombres": "Sisa Pacari Maldonado Lema", "aiq_cedula": "1754307112", "aiq_cargo": "Especialista", "aiq_correo": NEW_AIQ,
    "aiq_telefono": "02 250 0001", "aiq_extension": "114", "aiq_celular": "0990000000", "oficio_numero": "COLSA-P-2026-0231-O",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    running = Site(tmp_path_factory.mktemp("asuntos") / "datos")
    yield running.wait()
    running.stop()


@pytest.fixture(scope="module", autouse=True)
def patience():
    """The machine may be busy."""
    expect.set_options(timeout=20_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def newcomer(chromium, site):
    """A page of somebody who has not signed in yet."""
    context = chromium.new_context(base_url=site.url, locale="es-EC", viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def today() -> date:
    return datetime.now(ZONE).date()


def menu(page: Page, name: str):
    return page.get_by_role("navigation", name="Principal").get_by_role("link", name=name).last


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def fill(page: Page, values: dict[str, str]) -> None:
    for name, value in values.items():
        page.locator(f"#{name}").fill(value)


def attach(page: Page, field: str, text: str) -> None:
    """A real PDF, as a person picks it from the disk."""
    page.locator(field).set_input_files({"name": f"{text}.pdf", "mimeType": "application/pdf", "buffer": plain(text)})


def refused(page: Page, message: str) -> None:
    """The summary on top says it, and so does the field."""
    expect(page.get_by_role("alert").first).to_contain_text(message.rstrip("."))
    expect(page.locator(".err").filter(has_text=message)).to_be_visible()


def read_mail(page: Page, subject: str, to: str) -> str:
    """Open the newest mail with this subject in the demo's outbox; its text."""
    page.goto("/correos")
    page.get_by_role("row").filter(has_text=subject).filter(has_text=to).first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name=subject, level=1)).to_be_visible()
    return " ".join(page.locator("pre").inner_text().split())


def train(page: Page, by: str) -> None:
    """Twelve hours over the three subjects; the ambiente cannot be opened before. `by`: label of the trainer's field."""
    for n, (materia, hours) in enumerate(MATERIAS, start=1):
        page.get_by_label("Materia", exact=True).select_option(label=materia)
        page.get_by_label("Horas", exact=True).fill(hours)
        page.get_by_label(by, exact=True).fill("Iván Peñaherrera Zúñiga")
        press(page, "Registrar sesión")
        expect(page.locator(".trail")).to_contain_text(f"{materia}: {hours} h")
        assert page.get_by_role("button", name=re.compile("Crear accesos|Habilitar el ambiente")).is_enabled() == (n == len(MATERIAS))


def fulfil(page: Page, *, until: int, done: int = 0, total: int = 11) -> None:
    """The designated AIQ of an implantación marks activities, the first one with a document."""
    tasks = page.locator("#lista-ambiente")
    for n in range(done + 1, until + 1):
        form = tasks.locator("details.more").first
        form.locator("summary").click()
        if n == 1:
            attach(form, "input[type=file]", "evidencia")
        else:
            form.get_by_label("Nota").fill("Realizado en el ambiente de capacitación.")
        form.get_by_role("button", name="Marcar como cumplida").click()
        expect(tasks).to_contain_text(f"{n} de {total} actividades")


def accept_responsibilities(page: Page) -> None:
    page.get_by_label("Acepto las nueve responsabilidades del AIQ.").check()
    press(page, "Aceptar")
    expect(page.locator(".trail")).to_contain_text(re.compile("[Rr]esponsabilidades (del AIQ )?aceptadas"))


# Implantación (seed 002) ----------------------------------------------------------------------------------------------


def register_institution(page: Page) -> None:
    """The Solicitud de uso del sistema with its oficio; a wrong cédula is refused and nothing typed is lost."""
    menu(page, "Instituciones").click()
    page.get_by_role("link", name="Registrar institución").click()
    page.get_by_role("radio", name=re.compile("^Sí")).check()
    press(page, "Continuar")
    fill(page, APPLICATION | {"aiq_cedula": "1754307116"})
    press(page, "Registrar solicitud")
    refused(page, "La cédula no es válida")
    expect(page.locator("#nombre")).to_have_value(NEW_PLACE)
    fill(page, APPLICATION)
    attach(page, "#oficio", "oficio")
    press(page, "Registrar solicitud")
    page.wait_for_url(re.compile(r"/implantaciones/\d+$"))


def open_environment(page: Page) -> str:
    """Accesses and plantilla go out: 7 días calendario, with the exact date and hour. Returns that instant as shown."""
    press(page, "Crear accesos y enviar plantilla")
    ends = texts.moment(datetime.combine(today() + timedelta(days=7), time(23, 59), ZONE))
    expect(page.locator("#lista-ambiente")).to_contain_text(f"Hasta el {ends}")
    expect(page.locator("main")).to_contain_text(re.compile("Quedan 7 d"))
    return ends


def enter_by_the_link(page: Page) -> None:
    """The mail's one-time link, the password, and in."""
    text = read_mail(page, "Implantación de Quipux en COLSA: accesos y plantilla de seguimiento", NEW_AIQ)
    assert "7 días calendario" in text and "11. Registrar una solicitud de respaldo de prueba" in text
    link = page.locator("pre a[href*='/clave/']")
    address = link.get_attribute("href")
    link.click()
    page.get_by_label("Nueva contraseña", exact=True).fill(PASSWORD)
    page.get_by_label("Repita la nueva contraseña").fill(PASSWORD)
    press(page, "Guardar la contraseña")
    page.wait_for_url(re.compile("/ingresar"))
    assert page.request.get(address).status == 410, "the link works once"
    fill(page, {"usuario": NEW_AIQ, "clave": PASSWORD})
    press(page, "Ingresar")
    expect(menu(page, "Mi implantación")).to_be_visible()
    assert menu(page, "Usuarios internos").count() == 0


def suspended_on_day_8(site, aiq: Page, officer: Page, ends: str) -> None:
    """At 23:59 of the last day nothing happens; at 00:00 of day 8 the process is suspended and both are told."""
    day_8 = datetime.combine(today() + timedelta(days=8), time.min, ZONE)
    site.command("sweep", "deadlines", "--now", (day_8 - timedelta(minutes=1)).isoformat())
    aiq.reload()
    expect(aiq.locator("main")).not_to_contain_text("está suspendido")
    site.command("sweep", "deadlines", "--now", day_8.isoformat())
    for page in (aiq, officer):
        page.reload()
        expect(page.get_by_role("heading", name="El proceso está suspendido")).to_be_visible()
        expect(page.locator("main")).to_contain_text(f"El plazo terminó el {ends} con 3 de 11 actividades cumplidas")
    assert aiq.get_by_role("button", name="Informar cumplimiento").count() == 0 and aiq.locator("details.more").count() == 0
    for to in (NEW_AIQ, SGE):
        assert "3 de 11 actividades" in read_mail(aiq, "Implantación de Quipux en COLSA: proceso suspendido", to)
    menu(aiq, "Mi implantación").click()


def test_implantacion_from_the_oficio_to_production(site, person, newcomer):
    officer, aiq = person(SGE), newcomer
    register_institution(officer)
    expect(officer.get_by_role("link", name="Oficio COLSA-P-2026-0231-O")).to_be_visible()
    train(officer, by="Capacitador")
    ends = open_environment(officer)

    enter_by_the_link(aiq)
    menu(aiq, "Mi implantación").click()
    expect(aiq.locator("#lista-ambiente")).to_contain_text(f"Hasta el {ends}")
    assert aiq.locator("#lista-ambiente details.more").count() == 0, "the responsibilities come first"
    accept_responsibilities(aiq)
    fulfil(aiq, until=3)
    expect(aiq.get_by_role("button", name="Informar cumplimiento")).to_be_disabled()

    suspended_on_day_8(site, aiq, officer, ends)
    press(officer, "Reanudar con nuevo plazo")
    refused(officer, "Escriba el motivo")
    officer.get_by_label("Nuevo plazo en días calendario").fill("5")
    officer.get_by_label("Motivo").fill("La institución cambió de edificio durante el plazo.")
    press(officer, "Reanudar con nuevo plazo")
    expect(officer.locator(".trail")).to_contain_text("La institución cambió de edificio")

    aiq.reload()
    fulfil(aiq, done=3, until=11)
    press(aiq, "Informar cumplimiento")
    expect(aiq.locator("main")).to_contain_text("La SGE revisa las actividades")

    officer.reload()
    officer.get_by_text("Devolver con observaciones").first.click()
    officer.get_by_label("Observaciones").fill("La numeración de los memorandos no corresponde.")
    officer.get_by_label("Configurar la numeración de documentos").check()
    press(officer, "Devolver con observaciones")
    expect(officer.locator("#lista-ambiente")).to_contain_text("10 de 11 actividades")
    aiq.reload()
    expect(aiq.locator("main")).to_contain_text("La numeración de los memorandos no corresponde.")
    fulfil(aiq, done=10, until=11)
    press(aiq, "Informar cumplimiento")
    expect(aiq.locator("main")).to_contain_text("La SGE revisa las actividades")

    officer.reload()
    press(officer, "Aprobar y pasar a producción")
    expect(officer.get_by_role("heading", name="La institución está en producción")).to_be_visible()
    assert f"AIQ) principal de {NEW_PLACE}" in read_mail(aiq, "Bienvenida: COLSA está en producción en el Sistema Quipux", NEW_AIQ)
    aiq.goto("/")
    for item in ("1. Solicitar respaldos", "3. Listado de solicitudes", "Usuarios internos", "Cambio de AIQ", "Responsabilidades del AIQ"):
        expect(menu(aiq, item)).to_be_visible()
    expect(aiq.get_by_role("banner")).to_contain_text("AIQ principal · COLSA")


def test_outside_the_administracion_publica_central_nothing_is_registered(site, person):
    officer = person(SGE)
    menu(officer, "Instituciones").click()
    before = officer.get_by_role("row").count()
    officer.get_by_role("link", name="Registrar institución").click()
    officer.get_by_role("radio", name=re.compile("^No")).check()
    fill(officer, {"institucion": "GAD Municipal de Sigchos", "contacto": "Ana Toapanta"})
    press(officer, "Continuar")
    officer.wait_for_url(re.compile(r"/orientaciones/\d+$"))
    for words in ("Opción 1", "portal de software público MINKA", "Opción 2", "cuenta Ciudadana con Firma Electrónica", "No se registró ninguna institución"):
        expect(officer.locator("main")).to_contain_text(words)
    officer.get_by_role("link", name="Volver a Instituciones").click()
    expect(officer.get_by_role("row")).to_have_count(before)
    expect(officer.locator("main")).not_to_contain_text("Sigchos")


# Cambio de AIQ (seed 004) ---------------------------------------------------------------------------------------------


def notice(received: date) -> tuple[date, date]:
    """(a date with 6 working days of notice, the first valid one, with 7), by the table of feriados of the law."""
    working = Calendar(frozenset(d.fecha for year in (received.year, received.year + 1) for d in days_off(year))).is_working
    first = earliest_effective(received, is_working=working)
    short = first - timedelta(days=1)
    while not working(short):
        short -= timedelta(days=1)
    return short, first


def prepare(page: Page) -> str:
    """Step 1, by the outgoing AIQ. The address of the change."""
    person = demo_people.SERVANT
    menu(page, "Cambio de AIQ").click()
    page.get_by_role("link", name="Preparar un cambio de AIQ").click()
    fill(page, {
        "nombres": person.nombre, "cedula": person.cedula, "cargo": person.cargo, "correo": INCOMING,
        "telefono": "02 399 8000", "extension": "221", "celular": "0991234567",
    })
    press(page, "Preparar el cambio")
    page.wait_for_url(re.compile(r"/cambios/\d+$"))
    return page.url


def register_oficio(page: Page) -> date:
    """Step 2, by the SGE: too early, then without the delegation, then right. Returns the effective date."""
    short, first = notice(today())
    page.get_by_role("link", name="Registrar la solicitud").click()
    expect(page.locator("#fecha_efectiva")).to_have_value(first.isoformat())
    page.get_by_role("radio", name=re.compile("^La máxima autoridad")).check()
    fill(page, {"solicitante_nombre": "Mónica Espín, Directora Ejecutiva", "oficio_numero": "SNBAP-DE-2026-0877-O", "fecha_efectiva": short.isoformat()})
    attach(page, "#oficio", "oficio")
    press(page, "Registrar la solicitud")
    refused(page, f"La solicitud requiere 7 días laborables de anticipación: la primera fecha posible es el {texts.long_day(first)}.")

    page.get_by_role("radio", name=re.compile("^Su delegado")).check()
    fill(page, {"fecha_efectiva": first.isoformat()})
    attach(page, "#oficio", "oficio")
    press(page, "Registrar la solicitud")
    refused(page, "es obligatorio adjuntar el documento de la delegación debidamente firmado.")

    attach(page, "#oficio", "oficio")
    attach(page, "#delegacion", "delegacion")
    press(page, "Registrar la solicitud")
    expect(page.locator("main")).to_contain_text("Firma un delegado de la máxima autoridad")
    expect(page.locator("main")).to_contain_text("Sin firma electrónica")
    return first


def work_through_the_list(page: Page) -> None:
    """Step 4, by the designated AIQ."""
    menu(page, "Mi proceso").click()
    ends = texts.moment(datetime.combine(today() + timedelta(days=5), time(23, 59), ZONE))
    expect(page.locator("main")).to_contain_text(f"Tiene hasta el {ends}.")
    accept_responsibilities(page)
    for n in range(1, 12):
        page.get_by_role("link", name=re.compile("^Registrar ")).first.click()
        if n == 1:
            attach(page, "#evidencia", "evidencia")
        else:
            page.get_by_label("Nota", exact=True).fill("Realizado en el ambiente de capacitación.")
        press(page, "Marcar como cumplida")
        expect(page.locator("main")).to_contain_text(f"{n} de 11")
    press(page, "Informar cumplimiento")
    expect(page.locator(".head .badge")).to_contain_text("Por registrar")


def a_live_download(page: Page) -> tuple[str, str]:
    """(page of an Atendida request of the institution, address of its first file)."""
    menu(page, "3. Listado de solicitudes").click()
    page.get_by_role("row").filter(has_text="Atendida").first.get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/solicitudes/\d+"))
    request = re.search(r"/solicitudes/\d+", page.url).group()
    page.goto(f"{request}/descarga")
    return request, page.locator('a[href^="/descargas/"]').first.get_attribute("href")


def statuses(page: Page, *paths: str) -> list[int]:
    return [page.request.get(path, max_redirects=0).status for path in paths]


def test_change_of_aiq_from_the_preparation_to_the_effective_hour(site, person):
    old, new, officer = person(OUTGOING), person(INCOMING), person(SGE)
    change = prepare(old)
    new.goto("/")
    expect(menu(new, "Mi proceso")).to_be_visible()

    menu(officer, "Cambios de AIQ").click()
    officer.get_by_role("row").filter(has_text="SNBAP").first.get_by_role("link").first.click()
    first = register_oficio(officer)
    train(officer, by="Dictada por")
    press(officer, "Habilitar el ambiente")
    expect(officer.locator(".head .badge")).to_contain_text("Ambiente de capacitación")
    assert "5 días calendario" in read_mail(new, "Ambiente de capacitación habilitado: plazo hasta el", INCOMING)
    work_through_the_list(new)
    read_mail(old, "Cumplimiento de actividades", "soporte@gobiernoelectronico.gob.ec")

    officer.reload()
    press(officer, "Registrar nuevo AIQ")
    officer.get_by_role("dialog").get_by_role("button", name="Registrar nuevo AIQ").click()
    hour = texts.moment(datetime.combine(first, time.min, ZONE))
    expect(officer.locator("main")).to_contain_text(f"Hasta el {hour} continúa el AIQ saliente")

    # Until the hour the new AIQ finds only the own process, and the outgoing one works on.
    request, part = a_live_download(old)
    assert statuses(new, change, request, part, "/solicitudes") == [200, 404, 404, 403]
    assert statuses(old, request, part, "/solicitudes") == [200, 200, 200]

    officer.get_by_label("En este momento").check()
    officer.get_by_label("Motivo", exact=True).fill("El AIQ saliente se desvincula hoy.")
    press(officer, "Adelantar")
    expect(officer.locator(".trail")).to_contain_text("«El AIQ saliente se desvincula hoy.»")

    # The same sessions and the same addresses: everything changed hands at that hour.
    assert statuses(old, change, request, part, "/solicitudes") == [404, 404, 404, 403]
    new.goto("/")
    menu(new, "3. Listado de solicitudes").click()
    expect(new.get_by_role("row").filter(has_text="Atendida").first).to_be_visible()
    new.goto(f"{request}/descarga")
    with new.expect_download() as event:
        new.locator(f'a[href="{part}"]').first.click()
    assert event.value.path().stat().st_size > 0
    expect(new.get_by_role("banner")).to_contain_text("AIQ principal · SNBAP")
    old.goto("/")
    expect(old.get_by_role("banner")).not_to_contain_text("AIQ principal")
    for to in (OUTGOING, INCOMING):
        assert "Hora efectiva" in read_mail(new, "Nueva hora efectiva del cambio de AIQ: SNBAP", to)
    menu(officer, "Registro de AIQ").click()
    expect(officer.get_by_role("row").filter(has_text=demo_people.SERVANT.apellidos).first).to_contain_text("AIQ principal")
