"""The main job, played by two people: from the form to an archive that opens from disk."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import bagit
import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.real_clock, pytest.mark.slow]

READY = 120_000  # ms; generous: the machine may be busy


def file_request(page: Page, typed: str, name: str, petition: str) -> int:
    """The AIQ fills the form like a person would, by keyboard where that is natural. Returns the Nº Solicitud."""
    page.get_by_role("navigation", name="Principal").get_by_role("link", name="1. Solicitar respaldos").last.click()
    expect(page.get_by_role("heading", name="Solicitar respaldos", level=1)).to_be_visible()
    people = page.get_by_role("combobox", name="Seleccionar Servidor Público")
    people.press_sequentially(typed, delay=40)
    expect(page.get_by_role("option", name=name).first).to_be_visible()
    people.press("ArrowDown")
    people.press("Enter")
    expect(page.locator("#paso-servidor dl")).to_be_visible()
    for label in ("Cédula", "Nombre", "Apellido", "Institución", "Área", "Puesto", "Perfil", "Fecha Solicitud"):
        expect(page.locator("#paso-servidor dt", has_text=re.compile(f"^{label}$"))).to_be_visible()
    page.get_by_label("Fecha Inicio").fill("2019-01-01")
    page.get_by_label("Fecha Fin").fill("2026-10-31")
    documents = page.get_by_role("combobox", name="Seleccionar Documento")
    documents.press_sequentially(petition, delay=40)
    page.get_by_role("option").first.click()
    expect(page.locator("#paso-documento")).to_contain_text("El remitente coincide")
    expect(page.get_by_label("Fecha Inicio")).to_have_value("2019-01-01")  # nothing typed before is lost
    expect(page.locator("#estimacion")).to_contain_text("documentos")
    expect(page.locator("#estimacion")).to_contain_text("≈", timeout=15_000)
    page.get_by_role("button", name="Enviar", exact=True).click()
    page.wait_for_url(re.compile(r"/solicitudes/\d+$"))
    return int(page.url.rsplit("/", 1)[1])


def approve(page: Page, number: int) -> None:
    """An officer approves on the approval page, with the petition beside the data, and orders the run at once."""
    page.goto(f"/mesa/{number}")
    expect(page.get_by_role("heading", name="Mesa de aprobación", level=1)).to_be_visible()
    expect(page.locator("#panel img").first).to_be_visible(timeout=30_000)  # the petition, as page images
    page.get_by_role("button", name="Marcar los cuatro").click()  # the four data, compared with the petition
    if page.locator("#reservados-0").count():
        page.locator("#reservados-0").check()
    page.get_by_role("button", name=re.compile("^Aprobar para el")).click()
    expect(page.locator("#panel")).to_contain_text(f"{number:06d} se aprobó", timeout=15_000)
    page.goto(f"/solicitudes/{number}")
    page.get_by_role("button", name="Ejecutar ahora").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Ejecutar ahora").click()


def wait_until_ready(page: Page, number: int) -> list[str]:
    """Watch the live progress until the request is Atendida; returns the progress texts seen."""
    seen = []
    page.goto(f"/solicitudes/{number}/recorrido")
    end = time.monotonic() + READY / 1000
    while time.monotonic() < end:
        live = page.locator(f"#progreso-{number}")
        if live.count() and live.first.is_visible():
            seen.append(live.first.inner_text())
        page.wait_for_timeout(700)
        if page.get_by_role("link", name="Ir a la descarga").count():
            return seen
        if not live.count():
            page.reload()
        if page.locator(".head .badge", has_text="Atendida").count():
            return seen
    raise AssertionError(f"never ready: {page.url}\n{page.inner_text('main')}")


def download_all(page: Page, number: int, folder: Path) -> Path:
    """Every part by its own link of the split set, each checked against the SHA-256 on the page."""
    page.goto(f"/solicitudes/{number}/descarga")
    links = page.locator('a[href^="/descargas/"]')
    wanted = {a.get_attribute("href") for a in links.all() if re.search(r"RESPALDO_\d+\.z\w+$", a.get_attribute("href") or "")}
    assert wanted, page.inner_text("main")
    for href in sorted(wanted):
        with page.expect_download(timeout=READY) as event:
            page.locator(f'a[href="{href}"]').first.click()
        target = folder / href.rsplit("/", 1)[1]
        event.value.save_as(target)
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        assert digest in page.content(), f"SHA-256 of {target.name} is not on the page"
    return folder


def check_archive(folder: Path, number: int) -> Path:
    """Each volume alone and the set joined by the official instruction are right for every tool; returns the joined tree."""
    stem = f"RESPALDO_{number:06d}"
    volumes = sorted(folder.glob(f"{stem}.z[0-9]*")) or [folder / f"{stem}.zip"]
    for volume in volumes:
        assert zipfile.ZipFile(volume).testzip() is None
        subprocess.run(["unzip", "-tq", volume], check=True, capture_output=True)
    joined = folder / f"{stem}_unificado.zip"
    if len(volumes) > 1:
        run = subprocess.run(["zip", "-s", "0", f"{stem}.zip", "--out", joined.name], cwd=folder, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stdout + run.stderr
        subprocess.run(["7z", "t", f"{stem}.zip"], cwd=folder, check=True, capture_output=True)
    else:
        shutil.copy(volumes[0], joined)
    subprocess.run(["unzip", "-tq", joined.name], cwd=folder, check=True, capture_output=True)
    tree = folder / "extraido"
    subprocess.run(["unzip", "-q", joined.name, "-d", tree], cwd=folder, check=True)
    assert bagit.Bag(str(tree)).is_valid()
    return tree


def test_from_the_form_to_an_archive_that_opens(site, person, chromium, tmp_path):
    aiq, officer = person("aiq@demo.gob.ec"), person("sge@demo.gob.ec")

    number = file_request(aiq, "ñauñ", "Ñauñay Quishpe María Fernanda", "ñauñay")
    expect(aiq.locator(".head")).to_contain_text("Enviada")
    approve(officer, number)
    seen = wait_until_ready(aiq, number)
    assert any(re.search(r"\d+ de \d+", text) for text in seen), f"no live progress was seen: {seen}"

    aiq.goto("/correos")
    expect(aiq.locator("main")).to_contain_text(re.compile(f"Respaldo generado: solicitud Nº 0*{number} "))
    aiq.goto(f"/solicitudes/{number}/recorrido")
    for word in ("Registrada", "Enviada", "Aprobada", "Generada"):
        expect(aiq.locator(".trail")).to_contain_text(word)

    folder = download_all(aiq, number, tmp_path)
    tree = check_archive(folder, number)
    assert (tree / "ABRIR_AQUI.html").is_file()
    assert list(tree.glob("data/Enviados/*/*.pdf")) and list(tree.glob("data/Recibidos/*/*.pdf"))

    context = chromium.new_context(locale="es-EC")
    requests: list[str] = []
    viewer = context.new_page()
    viewer.on("request", lambda request: requests.append(request.url))
    viewer.goto((tree / "ABRIR_AQUI.html").as_uri())
    expect(viewer.locator("[role=listbox] [role=option]").first).to_be_visible()
    viewer.get_by_role("searchbox").fill("nunez")
    expect(viewer.locator("[role=listbox] [role=option]", has_text="Núñez").first).to_be_visible()
    assert all(url.startswith("file://") for url in requests)
    context.close()

    aiq.goto(f"/solicitudes/{number}/descarga")
    expect(aiq.locator("main")).to_contain_text(re.compile("completa", re.IGNORECASE))


def test_another_institution_sees_nothing_of_it(site, person):
    other = person("aiq@otra.gob.ec")
    for path in ("/solicitudes/3", "/solicitudes/3/recorrido", "/solicitudes/3/descarga", "/solicitudes/3/acta", "/descargas/1/RESPALDO_000001.zip"):
        assert other.request.get(path, max_redirects=0).status == 404, path


def test_a_worker_killed_in_mid_run_loses_nothing(site, person, tmp_path):
    """kill -9 of everything that works, in mid-run: another worker takes over and the archive is right."""
    officer, aiq = person("sge2@demo.gob.ec"), person("aiq@demo.gob.ec")
    number = file_request(aiq, "túqueres jos", "Túqueres Muñoz José Vicente", "túqueres")
    approve(officer, number)
    aiq.goto(f"/solicitudes/{number}/recorrido")
    expect(aiq.locator(f"#progreso-{number}")).to_contain_text(re.compile(r"[1-9]\d* de \d+"), timeout=READY)
    for pid in site.pids(" worker"):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    wait_until_ready(aiq, number)
    aiq.goto(f"/solicitudes/{number}/recorrido")
    expect(aiq.locator(".trail")).to_contain_text("Ejecución retomada")
    check_archive(download_all(aiq, number, tmp_path), number)
