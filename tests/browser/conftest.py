"""The whole product in real processes, and a real browser in front of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
).split()


class Site:
    """A running `bin/dev` with a data folder of its own."""

    def __init__(self, data: Path, **env: str):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = data
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("RESPALDOS_")} | {
            "RESPALDOS_DEMO": "1", "RESPALDOS_DATA": str(data), "PORT": str(self.port), "LEASE_SECONDS": "6",
        } | env
        self.log = open(data.parent / f"{data.name}.log", "w+")  # noqa: SIM115  (kept open as long as the process)
        self.process = subprocess.Popen([sys.executable, "-m", "jobs.local"], cwd=ROOT, env=self.env, stdout=self.log, stderr=self.log)

    def wait(self, seconds: float = 120) -> Site:
        """Until /salud says ok."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process.poll() is None, self.output()
            if self.health().get("estado") == "ok":
                return self
            time.sleep(0.3)
        raise AssertionError(f"not healthy: {self.health()}\n{self.output()}")

    def health(self) -> dict:
        try:
            with urllib.request.urlopen(f"{self.url}/salud", timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)
        except OSError:
            return {}

    def output(self) -> str:
        self.log.seek(0)
        return self.log.read()[-6000:]

    def command(self, *words: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app", *words], cwd=ROOT, env=self.env | self._queue(), check=True,
            capture_output=True, text=True, timeout=120,
        ).stdout

    def _queue(self) -> dict[str, str]:
        return {"REDIS_URL": f"unix://{self.data}/redis/redis.sock"}

    def pids(self, words: str) -> list[int]:
        """Processes of this site whose command line holds `words`."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                line = entry.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                env = entry.joinpath("environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if words in line and f"RESPALDOS_DATA={self.data}" in env:
                found.append(int(entry.name))
        return found

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(40)
        finally:
            self.log.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    running = Site(tmp_path_factory.mktemp("site") / "datos")
    yield running.wait()
    running.stop()


@pytest.fixture(scope="module")
def chromium():
    """Debian's Chromium, headless. Of the module: while it is open an event loop runs in this thread, which other tests of
    the same process must not find."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail("Chromium is required here: apt-get install chromium")
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def person(chromium, site):
    """`person("aiq@demo.gob.ec")` → a page of that person, signed in, in a browser context of its own."""
    contexts = []

    def enter(correo: str):
        context = chromium.new_context(base_url=site.url, locale="es-EC", viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.goto("/ingresar")
        page.get_by_label("Cédula o correo institucional").fill(correo)
        page.get_by_label("Contraseña", exact=True).fill("Respaldo-2026")
        page.get_by_role("button", name="Ingresar").click()
        page.wait_for_url(f"{site.url}/")
        return page

    yield enter
    for context in contexts:
        context.close()
