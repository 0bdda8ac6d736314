"""What the request form shows, worked out from what it says: one state for the page and for each of its fragments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from blueprints.solicitudes.forms import SolicitudForm, whole_number
from extensions import db
from models import Cuenta, Institucion, Solicitud
from rules import texts
from rules.capacity import Period
from rules.identity import words
from rules.lifecycle import Clase
from rules.policy import Actor
from services import clock, people_search, petitions, schedule, scope, solicitudes
from services.errors import NotFound
from sources import Petition, SourceUnavailable

SHOWN = 20
# Where the error summary sends the reader: the control of each field the services know.
ANCHORS = {"servidor": "paso-servidor", "documento": "paso-documento", "desde": "desde", "hasta": "hasta", "comentario": "comentario"}


@dataclass(frozen=True, slots=True)
class Documento:
    """The chosen petition. `fecha` None: Quipux does not answer and only its code is known."""

    codi: str
    numero: str
    fecha: datetime | None = None
    asunto: str = ""
    remitente: str = ""
    remitente_cedula: str = ""

    @classmethod
    def read(cls, found: Petition) -> Documento:
        return cls(found.id, found.numero, found.fecha, found.asunto, found.remitente, found.remitente_cedula)

    @classmethod
    def kept(cls, s: Solicitud) -> Documento:
        return cls(s.documento_codi, s.documento_numero, s.documento_fecha, s.documento_asunto, s.documento_remitente,
                   s.documento_remitente_cedula)


@dataclass(frozen=True, slots=True)
class Results:
    """Options of a search and the sentence that goes with them."""

    rows: list
    note: str


class FormState:
    """The form of one person: what is chosen, what was typed, what may be chosen.

    `existing`: the draft being edited. `wrong`: field → message, as the services name the fields."""

    def __init__(self, actor: Actor, clase: Clase, form: SolicitudForm, existing: Solicitud | None = None, wrong: dict[str, str] | None = None):
        self.actor, self.clase, self.form, self.existing, self.wrong = actor, clase, form, existing, wrong or {}

    @property
    def personal(self) -> bool:
        return self.clase is Clase.PERSONAL

    @cached_property
    def periodo(self) -> Period | None:
        """The time of alta demanda in force, for the whole page: its pieces do not ask."""
        return schedule.current_period(clock.today())

    @cached_property
    def accounts(self) -> list[Cuenta]:
        """The person's own accounts, the active ones first: what a personal request chooses from."""
        return list(db.session.scalars(scope.own_accounts(self.actor).order_by(Cuenta.activa.desc(), Cuenta.id)))

    @cached_property
    def cuenta(self) -> Cuenta | None:
        """The chosen account; the draft's own even when it may not be chosen any more (saving says why)."""
        chosen = whole_number(self.form.cuenta_id.data)
        if self.personal and chosen is None and len(self.accounts) == 1:
            return self.accounts[0]
        if not chosen:
            return None
        if self.existing is not None and chosen == self.existing.cuenta_id:
            return self.existing.cuenta
        return solicitudes.choosable(self.actor, self.clase, chosen)

    @cached_property
    def institucion(self) -> Institucion | None:
        """Whose counter is searched: the chosen person's institution, or the only one of the AIQ."""
        if self.cuenta is not None:
            return self.cuenta.institucion
        return db.session.get(Institucion, next(iter(self.actor.aiq_of))) if len(self.actor.aiq_of) == 1 else None

    @cached_property
    def documento(self) -> Documento | None:
        codi = self.form.documento_codi.data
        if not codi or self.institucion is None:
            return None
        if self.existing is not None and codi == self.existing.documento_codi and self.institucion.id == self.existing.institucion_id:
            return Documento.kept(self.existing)
        try:
            return Documento.read(petitions.find(self.institucion, codi))
        except NotFound:
            return None
        except SourceUnavailable:
            return Documento(codi, "Documento seleccionado")

    @property
    def documento_matches(self) -> bool:
        """Whether the petition was written by the chosen person."""
        d, c = self.documento, self.cuenta
        return petitions.written_by(d.remitente, d.remitente_cedula, c.nombre_completo, c.cedula)

    @cached_property
    def servidores(self) -> Results | None:
        """Accounts that match what was typed; None when nothing was."""
        typed = self.form.servidor_q.data
        if self.cuenta is not None or not typed:
            return None
        found = people_search.eligible(self.actor, typed, SHOWN)
        if not found.rows:
            note = "No se encontraron servidores públicos inactivos." if words(typed) else "Escriba al menos 2 letras o números."
            return Results([], note)
        if found.total > len(found.rows):
            total = "más de 1\u00a0000" if found.many else texts.miles(found.total)
            return Results(found.rows, f"Mostrando {len(found.rows)} de {total}. Escriba más letras para acortar la lista.")
        return Results(found.rows, _found(found.total, "servidor público encontrado", "servidores públicos encontrados"))

    @cached_property
    def documentos(self) -> Results | None:
        typed = self.form.documento_q.data
        if self.documento is not None or not typed:
            return None
        if self.institucion is None:
            return Results([], "Primero seleccione al servidor público.")
        if len(typed) < 3:
            return Results([], "Escriba al menos 3 letras o números.")
        try:
            rows = petitions.search(self.institucion, typed, SHOWN + 1)
        except SourceUnavailable:
            return Results([], "Quipux no responde en este momento. Intente nuevamente en unos minutos.")
        if not rows:
            return Results([], "Ningún documento coincide.")
        if len(rows) > SHOWN:
            return Results(rows[:SHOWN], f"Mostrando los {SHOWN} más recientes. Escriba más letras para acortar la lista.")
        return Results(rows, _found(len(rows), "documento encontrado", "documentos encontrados"))

    @property
    def fecha_solicitud(self) -> str:
        return texts.moment(self.existing.fecha_solicitud) if self.existing else texts.day(clock.today())

    @property
    def summary(self) -> list[tuple[str | None, str]]:
        """[(control id | None, message)] in the order of the form."""
        order = [*ANCHORS, ""]
        return [(ANCHORS.get(name), self.wrong[name]) for name in sorted(self.wrong, key=lambda n: order.index(n) if n in order else 99)]

    def step(self, field: str, done: bool) -> str:
        """Class of a step: failed, done or the one to do."""
        return "fail" if field in self.wrong else "done" if done else "now"


def _found(n: int, one: str, many: str) -> str:
    return f"{texts.plural(n, one, many)}. Use las flechas para recorrer y Enter para seleccionar."
