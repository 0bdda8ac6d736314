"""What the download page shows, gathered once for the page and for the fragment that follows the downloads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import url_for

from blueprints.descargas import reasons
from extensions import db
from models import Ejecucion, Parte, ParteTipo, Solicitud, Usuario
from rules.glossary import Badge
from rules.lifecycle import Estado
from rules.policy import Actor, Permission, may
from services import complements, deliveries, download_links, downloads, received
from services.adapters import storage
from services.complements import Account
from services.detail import Detail, detail
from services.received import Progress, State

FAT32_LIMIT = 1 << 32  # bytes: a file must be smaller
SOON = timedelta(hours=48)
BITS_PER_SECOND = 10_000_000  # of the connection that the shown duration supposes

STATE_BADGE = {
    State.PENDIENTE: Badge("mute", "clock", "Pendiente"),
    State.SOLICITADA: Badge("info", "download", "Solicitada"),
    State.PARCIAL: Badge("run", "loader", "Parcial"),
    State.COMPLETA: Badge("ok", "check", "Completa"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One file to download: a part under one of its names. `other`: who else has it whole."""

    parte: Parte
    nombre: str
    of: int
    progress: Progress
    url: str
    link: str
    other: str = ""

    @property
    def label(self) -> str:
        if self.parte.tipo is ParteTipo.DIRECTORIO:
            return "Directorio"
        if complement := self.parte.ejecucion.complemento:
            which = f"Complemento {complement.removeprefix('C')}"
            return f"{which}, parte {self.parte.numero} de {self.of}" if self.of > 1 else which
        return f"Parte {self.parte.numero} de {self.of}" if self.of > 1 else "Archivo único"

    @property
    def badge(self) -> Badge:
        badge = STATE_BADGE[self.progress.state]
        return Badge(badge.kind, badge.icon, f"{badge.label} {self.progress.percent} %") if self.progress.state is State.PARCIAL else badge

    @property
    def complete(self) -> bool:
        return self.progress.state is State.COMPLETA

    @property
    def seconds(self) -> float:
        """How long what is missing takes on a slow connection."""
        return (self.parte.bytes - self.progress.bytes) * 8 / BITS_PER_SECOND


@dataclass(slots=True)
class Screen:
    """`access`: "libre", "motivo" (an officer of the SGE must still give a reason) or "ninguno"."""

    detail: Detail
    access: str
    expired: bool
    runs: list[Ejecucion] = field(default_factory=list)
    independent: list[Row] = field(default_factory=list)
    split: list[Row] = field(default_factory=list)
    complements: list[Row] = field(default_factory=list)
    novedades: list = field(default_factory=list)
    account: Account | None = None
    entregas: list = field(default_factory=list)
    measured: bool = True
    soon: bool = False

    @property
    def solicitud(self) -> Solicitud:
        return self.detail.solicitud

    @property
    def estado(self) -> Estado:
        return self.detail.estado

    @property
    def actions(self) -> dict[str, bool]:
        return self.detail.actions

    @property
    def renewed_by(self) -> Solicitud | None:
        return self.detail.renewed_by

    @property
    def ends(self) -> datetime | None:
        """The last valid minute, in Guayaquil."""
        return self.detail.ends

    @property
    def run(self) -> Ejecucion | None:
        return self.runs[0] if self.runs else None

    @property
    def rows(self) -> list[Row]:
        """Every data part once, under the name that is recommended."""
        return [*self.independent, *self.complements]

    @property
    def single(self) -> bool:
        return len(self.independent) == 1

    @property
    def done(self) -> int:
        return sum(row.complete for row in self.rows)

    @property
    def next(self) -> Row | None:
        return next((row for row in self.rows if not row.complete), None)

    @property
    def bytes(self) -> int:
        return sum(row.parte.bytes for row in self.rows)

    @property
    def oversize(self) -> list[Row]:
        return [row for row in self.rows if row.parte.bytes >= FAT32_LIMIT]


def build(actor: Actor, solicitud: Solicitud) -> Screen:
    found = detail(actor, solicitud)
    over = found.estado is Estado.ELIMINADA and downloads.ended_by_vigencia(solicitud)
    screen = Screen(found, _access(actor, solicitud), over, entregas=deliveries.of(solicitud))
    if solicitud.generada_en is not None:
        screen.runs = downloads.finished_runs(solicitud)
        screen.account = complements.account(screen.runs[0]) if screen.runs else None
    if found.estado is Estado.ATENDIDA and screen.access != "ninguno":
        screen.soon = solicitud.vigente_hasta - found.now <= SOON
        screen.novedades = deliveries.novedades(screen.runs)
        _add_rows(screen, actor)
    return screen


def _access(actor: Actor, solicitud: Solicitud) -> str:
    if may(actor, Permission.SOLICITUD_FILES, solicitud):
        return "libre"
    if may(actor, Permission.SOLICITUD_FILES_WITH_REASON, solicitud):
        return "libre" if reasons.given(solicitud.id) else "motivo"
    return "ninguno"


def _add_rows(screen: Screen, actor: Actor) -> None:
    parts = [part for run in screen.runs for part in run.partes]
    state, others = received.progress(parts, actor.usuario_id), received.completed_by_others(parts, actor.usuario_id)
    usuario = db.session.get(Usuario, actor.usuario_id)
    screen.measured = not parts or storage().url(parts[0].clave, parts[0].nombre) is None

    def row(part: Parte, nombre: str, of: int) -> Row:
        link = ""
        if screen.access == "libre":
            token = download_links.make(usuario, part, nombre, screen.solicitud.vigente_hasta, reasoned=reasons.given(screen.solicitud.id))
            link = url_for("descargas.link", token=token, nombre=nombre, _external=True)
        return Row(part, nombre, of, state[part.id], url_for("descargas.file", parte_id=part.id, nombre=nombre), link, others.get(part.id, ""))

    for run in screen.runs:
        data = [p for p in run.partes if p.tipo is ParteTipo.DATOS]
        alone = [row(p, p.nombre_independiente or p.nombre, len(data)) for p in data]
        if run.complemento:
            screen.complements += alone
            continue
        screen.independent = alone
        screen.split = [row(p, p.nombre, len(data)) for p in run.partes] if len(data) > 1 else []
