"""Making the volumes of a run: by its leader, and by idle workers that help."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from archive import directory, volume
from archive.plan import Plan
from extensions import db
from jobs.keeping import folder_of, keep
from jobs.material import Breaker, Material, TooManyProblems
from jobs.patience import patiently
from jobs.pulse import Pulse
from models import Parte
from services import leases, runs
from services.adapters import quipux, storage
from services.leases import Hold


@dataclass(frozen=True, slots=True)
class Workshop:
    """All that is needed to make one volume after another of a run. folder: local, for what is under construction."""

    solicitud_id: int
    ejecucion_id: int
    plan: Plan
    folder: Path
    pulse: Pulse
    breaker: Breaker

    def make(self, hold: Hold) -> None:
        """Make the volume, keep it, have it confirmed, publish it. Raises what goes wrong; the volume is then still held."""
        self.breaker.begin(elsewhere=leases.failures(hold.ejecucion_id, but=hold), in_a_row=leases.streak_before(hold))
        db.session.commit()
        self.pulse.begin(hold)
        out = self.folder / f"parte{hold.numero}"
        result = patiently(self.pulse, lambda: self._build(hold, out))
        # The attempt is in the key: a worker that was overtaken can never replace the bytes of the one that goes on.
        key = f"{folder_of(self.solicitud_id, hold.ejecucion_id)}/{hold.intento}/{result.name}"
        self.pulse.stage("verificar")
        patiently(self.pulse, lambda: keep(key, out, size=result.bytes, sha256=result.sha256))
        self.pulse.end()
        leases.publish(hold, key=key, result=result, failed=self.breaker.here, streak=self.breaker.in_a_row)
        self.pulse.stage("empaquetar")

    def _build(self, hold: Hold, out: Path) -> volume.VolumeResult:
        if hold.numero > self.plan.parts:
            return directory.build(self.plan, self._opener, out)
        c = current_app.config
        try:
            return volume.build(
                self.plan, hold.numero, Material(quipux(), self.breaker), out, earlier=self._opener, progress=self.pulse.volume_progress,
                should_stop=self.pulse.should_stop, signatures=c["FIRMAS"], anchors=Path(c["FIRMAS_ANCLAS"]) if c["FIRMAS_ANCLAS"] else None,
            )
        except TooManyProblems:
            runs.detain(self.pulse.claim, "novedades") if self.pulse.claim else leases.detain(hold, "novedades")
            raise AssertionError("detain always raises") from None

    def _opener(self, number: int):
        key = db.session.scalar(select(Parte.clave).where(Parte.ejecucion_id == self.ejecucion_id, Parte.numero == number))
        db.session.commit()
        return storage().open(key)


@contextmanager
def scratch(ejecucion_id: int) -> Iterator[Path]:
    """A folder for what is under construction; gone at the end. What a killed worker left is swept later."""
    with tempfile.TemporaryDirectory(dir=storage().scratch(), prefix=f"run-{ejecucion_id}-") as folder:
        yield Path(folder)
