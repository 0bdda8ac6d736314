"""The words and figures of the acta de entrega-recepción, said once for the page and for the PDF."""

from __future__ import annotations

from models import Parte
from rules import texts
from rules.deadlines import last_moment, local_day
from services import runs
from services.deliveries import Acta

TITLE = "Acta de entrega-recepción de respaldo de documentos"
SHOWN = 8  # novedades listed; the archive carries all of them in NOVEDADES.csv
Pairs = list[tuple[str, str]]


def opening(acta: Acta) -> str:
    return (
        f"En la ciudad de ______________________, el {texts.long_day(acta.fecha)}, {acta.solicitud.institucion.nombre}, por medio de "
        f"{acta.gives.nombre}, entrega al ciudadano el respaldo de los documentos de su gestión en el Sistema de Gestión Documental Quipux."
    )


def person(acta: Acta) -> Pairs:
    s = acta.solicitud
    return [
        ("Nombres y apellidos", s.persona), ("Cédula", s.persona_cedula), ("Puesto", s.persona_puesto or "Sin dato"),
        ("Área", s.persona_area or "Sin dato"), ("Institución", s.institucion.nombre),
    ]


def archive(acta: Acta) -> Pairs:
    s, run, account = acta.solicitud, acta.run, acta.account
    return [
        ("Solicitud", f"Nº {texts.number6(s.id)}" + (f" · {s.documento_numero}" if s.documento_numero else "")),
        ("Rango de fechas", f"{texts.day(s.desde)} a {texts.day(s.hasta)}"),
        ("Documentos encontrados", texts.miles(run.encontrados)),
        ("Incluidos", account.included_words),
        ("Con novedad", texts.miles(account.con_novedad)),
        ("Excluidos por reserva", texts.miles(run.excluidos)),
        *_reserved(acta),
        ("Bandejas", f"{texts.plural(run.recibidos, 'recibido', 'recibidos')}, {texts.plural(run.enviados, 'enviado', 'enviados')}"),
        ("Generado", texts.moment(s.generada_en)),
        ("Vigencia de la descarga", f"hasta el {texts.moment(last_moment(s.vigente_hasta))}"),
    ]


def _reserved(acta: Acta) -> Pairs:
    """By whose decision, and why, reserved documents are handed over."""
    event = acta.reserved
    if event is None:
        return []
    who = f"{event.actor.nombre_completo}, SGE" if event.actor else "la SGE"
    return [("Documentos reservados", f"Se incluyen por decisión de {who}, {texts.day(local_day(event.en))}. Motivo: {event.comentario}")]


def files(acta: Acta) -> list[tuple[str, Parte]]:
    """Name and part of everything that is handed over; a complement's parts are not in the split set."""
    return [
        (part.nombre_independiente or part.nombre, part)
        for run in acta.runs for part in (runs.data_parts(run) if run.complemento else run.partes)
    ]


def twins(acta: Acta) -> str:
    """That the same bytes have another name, when there are several parts."""
    name = acta.solicitud.nombre_archivo
    if len(acta.run.partes) == 1:
        return ""
    return (
        f"Cada parte se abre por separado. Los mismos archivos, con los nombres {name}.z01, {name}.z02 … {name}.zip, "
        f"forman el juego dividido; {name}.zip es su directorio."
    )


def incidents(acta: Acta) -> list[str]:
    """One line for each file that could not be included, the first ones; the last line counts the rest."""
    lines = [f"{n.numero or n.documento_codi}{f' · {n.archivo}' if n.archivo else ''}: {cause}." for n, cause in acta.novedades[:SHOWN]]
    if (rest := len(acta.novedades) - SHOWN) > 0:
        lines.append(f"Y {texts.plural(rest, 'archivo', 'archivos')} más: el detalle consta en NOVEDADES.csv, dentro del respaldo.")
    return lines


def statement(acta: Acta) -> str:
    done = "declara" if acta.receives.papel.startswith("Ciudadano") else "declara, en nombre del ciudadano,"
    return (
        f"Quien recibe {done} que los archivos detallados le fueron entregados y que conoce cómo comprobar su integridad (VERIFICAR.html "
        "o la huella SHA-256 de cada archivo). El contenido puede incluir datos personales: su custodia queda bajo su responsabilidad."
    )
