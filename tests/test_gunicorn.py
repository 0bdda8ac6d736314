"""What gunicorn.conf.py makes of the web server, asked of a real one."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APP = "def app(environ, start_response):\n    start_response('200 OK', [('Content-Type', 'text/plain')])\n    return [b'aqui']\n"


@pytest.fixture
def ask(tmp_path):
    """`ask(address, *headers)`: first line of the answer of a server with our settings and an application of three lines."""
    tmp_path.joinpath("small.py").write_text(APP)
    path = str(tmp_path / "s")
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), "-w", "1", "-b", f"unix:{path}", "--chdir", str(tmp_path), "small:app"]
    server = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)

    def ask(address: str, *headers: str) -> str:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(10)
            wire.connect(path)
            wire.sendall("\r\n".join((f"GET {address} HTTP/1.1", "Host: x", "Connection: close", *headers, "", "")).encode())
            return wire.recv(4096).decode().splitlines()[0]

    try:
        end = time.monotonic() + 20
        while not Path(path).exists() and time.monotonic() < end:
            time.sleep(0.05)
        yield ask
    finally:
        server.terminate()
        server.wait(10)


def test_an_address_of_ten_thousand_letters_reaches_the_application(ask):
    letters = "%F0%9F%98%80" * 10_000
    assert ask(f"/usuarios?nombre={letters}") == "HTTP/1.1 200 OK"
    # As htmx asks for a part of that page.
    assert ask("/usuarios", f"HX-Current-URL: https://x/usuarios?nombre={letters}") == "HTTP/1.1 200 OK"


def test_what_never_ends_is_refused(ask):
    assert ask("/?q=" + "a" * 140_000).split()[1] == "414"
    assert ask("/", "X: " + "a" * 140_000).split()[1] == "431"
