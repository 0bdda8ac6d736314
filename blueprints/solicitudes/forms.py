"""Shape of the request form: what a browser may send, turned into values. What it means is decided in services.solicitudes.

CSRF is checked for every POST by CSRFProtect; the same form also reads the query of the estimate, which has no token."""

from __future__ import annotations

import re
from uuid import uuid4

from flask_wtf import FlaskForm
from wtforms import DateField, StringField, TextAreaField

from blueprints.shape import day, number
from models import Solicitud
from rules.typed import clean, written
from services.solicitudes import Draft

ANY, STALE = None, -1
_NONCE = re.compile(r"[0-9a-f]{32}")


def whole_number(text: str | None) -> int | None:
    """A row's id as a form or a query brings it; None when there is nothing, 0 (no row has it) for nonsense."""
    return (number(text) or 0) if clean(text) else None


class DayField(DateField):
    """A date as browsers send it (2026-11-18) or as people write it (18/11/2026); whatever was typed is shown again."""

    def process_formdata(self, valuelist):
        text = clean(valuelist[0]) if valuelist else ""
        self.data = None
        if not text:
            return
        self.data = day(text)
        if self.data is None:
            raise ValueError(f"La {self.label.text} no es una fecha válida. Ejemplo: 31/12/2025.")
        self.raw_data = [self.data.isoformat()]


class SolicitudForm(FlaskForm):
    """Field names are an outside contract. `cuenta_id` and `documento_codi` carry what was chosen; `version` is the one of
    the draft that the person saw; `nonce` is made with each new form, so that sending it twice makes one request."""

    class Meta:
        csrf = False

    servidor_q = StringField("Seleccionar Servidor Público", filters=[clean, lambda text: text[:120]])
    cuenta_id = StringField(filters=[clean])
    documento_q = StringField("Seleccionar Documento", filters=[clean, lambda text: text[:120]])
    documento_codi = StringField(filters=[clean])
    desde = DayField("Fecha Inicio")
    hasta = DayField("Fecha Fin")
    comentario = TextAreaField("Comentario", filters=[written])
    version = StringField(filters=[clean])
    nonce = StringField(filters=[clean])

    @classmethod
    def of(cls, solicitud: Solicitud) -> SolicitudForm:
        """The form of a saved draft."""
        return cls(None, data={
            "cuenta_id": str(solicitud.cuenta_id), "documento_codi": solicitud.documento_codi or "", "desde": solicitud.desde,
            "hasta": solicitud.hasta, "comentario": solicitud.comentario, "version": str(solicitud.version),
        })

    @property
    def draft(self) -> Draft:
        return Draft(
            whole_number(self.cuenta_id.data), self.documento_codi.data, self.desde.data, self.hasta.data,
            # Browsers send CR LF; a line break is one character in the count shown and in the archive.
            self.comentario.data.replace("\r\n", "\n"),
        )

    @property
    def seen(self) -> int:
        """The version of the draft this form was drawn from. Without a number it counts as an old one."""
        return whole_number(self.version.data) or STALE

    @property
    def key(self) -> str:
        """The form's own token, made here unless the browser brought one."""
        return self.nonce.data if _NONCE.fullmatch(self.nonce.data) else uuid4().hex

    def shape_problems(self) -> dict[str, str]:
        """Fields that hold no value of their kind: name → message."""
        self.validate()
        return {name: str(found[0]) for name, found in self.errors.items()}
