"""Where the demo keeps its bytes: the bodega's two generations, and the making of an SQLite file."""

import base64
import hashlib
import sqlite3
from datetime import datetime
from pathlib import Path

from sources import demo_schema, demo_signing
from sources.demo_schema import stamp

# Where a main file is kept. MISSING: a bodega code without a file behind it.
DISK, BODEGA, NOWHERE, MISSING = "disk", "bodega", "nowhere", "missing"
# How it is signed: .p7m beside or apart (old), or inside the PDF with both codes equal (FirmaEC).
P7M, FIRMAEC = "p7m", "firmaec"
_FIRST_CODE = 500_001


def create(path: Path, schema: str) -> sqlite3.Connection:
    """A new database with that schema."""
    connection = sqlite3.connect(path)
    # Nobody reads these files before the whole folder is renamed into place: no journal is needed.
    connection.executescript("pragma journal_mode = off; pragma synchronous = off;" + schema)
    return connection


def finish(connection: sqlite3.Connection) -> None:
    """Commit, leave statistics for the planner, close."""
    connection.commit()
    connection.execute("analyze")
    connection.commit()
    connection.close()


class Files:
    """Both generations of the bodega below one folder."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "bodega"
        self._root.mkdir()
        self._database = create(folder / "bodega.sqlite", demo_schema.BODEGA)
        self._code = _FIRST_CODE - 1
        self._database.execute(
            "insert into indice values ('1', 'archivo_0001', 'pg_default', 2, 107374182400, '2021-01-01 05:00:00')"
        )

    def close(self) -> None:
        finish(self._database)

    def _next_code(self) -> str:
        self._code += 1
        return str(self._code)

    def keep(self, name: str, data: bytes, when: datetime) -> str:
        """Put bytes in the second database, as base64 text; returns `arch_codi`."""
        code = self._next_code()
        body = base64.b64encode(data).decode()
        # Like the real one: about the number of bytes, and the md5 of the text, not of the file.
        size, digest = len(body) // 8 * 6, hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        row = (code, name, stamp(when), size, digest)
        self._database.execute("insert into archivo values (?, ?, ?, ?, ?, '1', 1)", row)
        self._database.execute("insert into archivo_0001 values (?, ?)", (code, body))
        return code

    def on_disk(self, path: str, data: bytes) -> None:
        """Write a file of the old generation; `path` starts with a slash, as in `radi_path`."""
        target = self._root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def main(self, radi: str, pdf: bytes, store: str, signature: str | None, signer: tuple[str, str, datetime]) -> dict:
        """Store a document's PDF and name its place: radi_path, arch_codi, arch_codi_firma.

        `signer` is name, cédula and moment of signing.
        """
        path, code, signed = "", "0", "0"
        if store == DISK:
            path = f"/{radi[:4]}/{radi[4:10]}/{radi}.pdf"
            self.on_disk(path, pdf)
            if signature:
                path += ".p7m"
                self.on_disk(path, demo_signing.p7m(pdf, *signer))
        elif store == BODEGA and signature == FIRMAEC:
            code = signed = self.keep(f"{radi}.pdf", demo_signing.signed_pdf(pdf, *signer), signer[2])
        elif store == BODEGA:
            code = self.keep(f"{radi}.pdf", pdf, signer[2])
            if signature:
                signed = self.keep(f"{radi}.pdf.p7m", demo_signing.p7m(pdf, *signer), signer[2])
        elif store == MISSING:
            code = self._next_code()
        return {"radi_path": path, "arch_codi": code, "arch_codi_firma": signed}
