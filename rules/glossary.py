"""The closed list of words on screen: label and badge of every estado, action and motivo. Seeds first."""

from __future__ import annotations

from dataclasses import dataclass

from rules.lifecycle import Action, Clase, Estado, Motivo
from rules.processes import Etapa, Paso, Step


@dataclass(frozen=True, slots=True)
class Badge:
    """Tone (`k-*` class), icon of the sprite and word; a badge always carries all three."""

    kind: str
    icon: str
    label: str


ESTADO_BADGE: dict[Estado, Badge] = {
    Estado.BORRADOR: Badge("mute", "draft", "Por enviar"),
    Estado.ENVIADA: Badge("info", "send", "Enviada"),
    Estado.APROBADA: Badge("brand", "stamp", "Aprobada"),
    Estado.EN_EJECUCION: Badge("run", "loader", "En ejecución"),
    Estado.DETENIDA: Badge("bad", "pause", "Detenida"),
    Estado.ATENDIDA: Badge("ok", "zip", "Atendida"),
    Estado.ELIMINADA: Badge("mute", "trash", "Eliminada"),
}

MOTIVO: dict[Motivo, str] = {
    Motivo.VIGENCIA_TERMINADA: "Concluyó la vigencia del respaldo",
    Motivo.DOCUMENTO_NO_CORRESPONDE: "El documento asociado no corresponde al usuario que se encuentra solicitando",
    Motivo.CANCELADA: "Cancelada por quien la solicitó",
    Motivo.OTRO: "Otro motivo",
}

# What the Recorrido says happened, and the knot it is drawn with.
ACTION: dict[Action, Badge] = {
    Action.CREATE: Badge("did", "draft", "Registrada"),
    Action.EDIT: Badge("did", "edit", "Editada"),
    Action.DELETE: Badge("stop", "trash", "Borrador eliminado"),
    Action.SEND: Badge("did", "send", "Enviada"),
    Action.CANCEL: Badge("stop", "x", "Cancelada"),
    Action.APPROVE: Badge("did", "stamp", "Aprobada"),
    Action.RETURN: Badge("did", "edit", "Devuelta con observaciones"),
    Action.REJECT: Badge("stop", "bad", "Eliminada por la SGE"),
    Action.RESCHEDULE: Badge("did", "calendar", "Calendarizada nuevamente"),
    Action.START: Badge("did", "loader", "En ejecución"),
    Action.RESUME: Badge("did", "refresh", "Ejecución retomada"),
    Action.STOP: Badge("stop", "pause", "Detenida por la SGE"),
    Action.FAIL: Badge("stop", "warn", "Detenida"),
    Action.RETRY: Badge("did", "refresh", "Reintento ordenado"),
    Action.FINISH: Badge("did", "zip", "Generada"),
    Action.DOWNLOAD: Badge("did", "download", "Descargada"),
    Action.DELIVER: Badge("did", "check", "Entregada al ciudadano"),
    Action.EXTEND: Badge("did", "clock", "Vigencia ampliada"),
    Action.EXPIRE: Badge("stop", "trash", "Eliminada"),
    Action.PURGE: Badge("stop", "trash", "Archivos eliminados"),
    Action.RENEW: Badge("did", "refresh", "Volver a generar"),
    Action.RETRY_MISSING: Badge("did", "refresh", "Reintento de faltantes ordenado"),
    Action.COMPLEMENT: Badge("did", "zip", "Complemento generado"),
    Action.COMPLEMENT_FAIL: Badge("stop", "warn", "Complemento no generado"),
    Action.COMPLEMENT_STOP: Badge("stop", "pause", "Complemento detenido por la SGE"),
}

# Views of the list that everybody has (services.solicitudes_filters.Vista), as `vista=` names them.
VISTA: dict[str, str] = {
    "vencen-48h": "Vencen en 48 h",
    "atrasadas": "Atrasadas",
    "con-novedades": "Con novedades",
    "sin-acta": "Sin acta",
    "sin-abrir": "Sin abrir",
}

CLASE: dict[Clase, str] = {
    Clase.INSTITUCIONAL: "Solicitud de la Institución",
    Clase.PERSONAL: "Solicitud personal",
}

CARGO: dict[str, str] = {
    "aiq_principal": "AIQ principal",
    "aiq_backup": "AIQ backup",
    "sge_operador": "Administrador Operacional Quipux",
    "sge_admin": "Administrador SGE",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """A typed reason of the SGE. needs_text: the label alone tells the AIQ too little. motivo: of a request that ends by it."""

    label: str
    needs_text: bool = True
    motivo: Motivo = Motivo.OTRO


# Why the SGE gives a request back for correction, and why it ends one; the seed's own cause comes first.
DEVOLUCION: dict[str, Reason] = {
    "documento": Reason("Debe asociarse otro documento"),
    "ilegible": Reason("El documento del ciudadano no se puede leer: debe digitalizarse otra vez", needs_text=False),
    "sin_firma": Reason("El documento no está firmado por el ciudadano", needs_text=False),
    "rango": Reason("El rango de fechas no coincide con la petición"),
    "persona": Reason("La petición corresponde a otra cuenta de la misma persona"),
    "datos": Reason("Los datos de la petición están incompletos"),
    "otro": Reason("Otra observación"),
}
RECHAZO: dict[str, Reason] = {
    "documento_no_corresponde": Reason(
        "El documento asociado no corresponde al servidor público", needs_text=False, motivo=Motivo.DOCUMENTO_NO_CORRESPONDE
    ),
    "no_inactivo": Reason("El servidor público no se encuentra inactivo", needs_text=False),
    "vigente": Reason("Existe otra solicitud vigente", needs_text=False),
    "otro": Reason("Otro motivo"),
}

# What an officer decides on reserved documents (decisions 18): the words of the Recorrido.
RESERVADOS: dict[str, str] = {
    "excluir": "No se incluyen: no consta autorización para entregarlos.",
    "incluir": "Se incluyen.",
}

# The four data a citizen gives in the petition (decisions 32), compared on the desk.
COTEJO: dict[str, str] = {
    "nombres": "Nombres y apellidos", "cedula": "Cédula", "puesto": "Puesto", "fechas": "Rango de fechas",
}

# Stages of a run, in order (decisions 34).
ETAPAS: dict[str, str] = {
    "recolectar": "Recolectar",
    "empaquetar": "Empaquetar",
    "verificar": "Verificar",
    "publicar": "Publicar",
}

# Why a run waits or stopped: a closed list, so that no exception text reaches a screen.
DETENCION: dict[str, str] = {
    "fallos": "Tres intentos fallidos seguidos sin avance.",
    "fuente": "Quipux no respondió durante el tiempo máximo de espera.",
    "novedades": "Demasiados archivos no se pudieron leer: la SGE debe decidir si continúa con novedades.",
    "almacen": "No se pudo guardar el respaldo en el almacenamiento durante el tiempo máximo de espera.",
    "elegible": "El servidor público ya no está inactivo en Quipux.",
    "orden": "Detenida por la SGE.",
    "faltantes": "Los archivos que faltan siguen sin poder leerse: no se recuperó ninguno.",
    "vigencia": "La solicitud terminó antes de que el complemento estuviera listo.",
}
ESPERA = {"fuente": "Esperando a Quipux", "almacen": "Esperando al almacenamiento"}

# The two processes of the AIQs: stage of an implantación, and what the Recorrido of both says happened.
ETAPA_BADGE: dict[Etapa, Badge] = {
    Etapa.SOLICITUD: Badge("info", "doc", "Solicitud"),
    Etapa.CAPACITACION: Badge("run", "school", "Capacitación"),
    Etapa.AMBIENTE: Badge("run", "tasks", "Ambiente de capacitación"),
    Etapa.SUSPENDIDA: Badge("bad", "pause", "Suspendida"),
    Etapa.REVISION: Badge("info", "stamp", "Revisión"),
    Etapa.PRODUCCION: Badge("ok", "ok", "En producción"),
    Etapa.ANULADA: Badge("mute", "x", "Anulada"),
}

STEP: dict[Step, Badge] = {
    Step.CREATE: Badge("did", "doc", "Registrada"),
    Step.EDIT: Badge("did", "edit", "Datos corregidos"),
    Step.REQUEST: Badge("did", "stamp", "Solicitud completa"),
    Step.TRAIN: Badge("did", "school", "Sesión de capacitación"),
    Step.UNTRAIN: Badge("stop", "x", "Sesión de capacitación retirada"),
    Step.OPEN: Badge("did", "key", "Accesos creados y plantilla de seguimiento enviada"),
    Step.TASK: Badge("did", "check", "Actividad cumplida"),
    Step.REPORT: Badge("did", "send", "Cumplimiento informado"),
    Step.OBSERVE: Badge("did", "edit", "Devuelta con observaciones"),
    Step.SUSPEND: Badge("stop", "pause", "Suspendida por vencimiento del plazo"),
    Step.OVERDUE: Badge("stop", "warn", "Plazo vencido"),
    Step.RESUME: Badge("did", "play", "Reanudada con nuevo plazo"),
    Step.EXTEND: Badge("did", "clock", "Plazo ampliado"),
    Step.PRODUCE: Badge("did", "ok", "Aprobada: en producción"),
    Step.REGISTER: Badge("did", "stamp", "Registrado en la base de AIQ"),
    Step.ADVANCE: Badge("did", "fwd", "Hora efectiva adelantada"),
    Step.PARAMETRISE: Badge("did", "check", "Actividad de parametrización cumplida"),
    Step.LINK: Badge("did", "swap", "Vinculada con Quipux"),
    Step.CANCEL: Badge("stop", "x", "Anulada"),
}

PASO_BADGE: dict[Paso, Badge] = {
    Paso.PREPARACION: Badge("info", "user-plus", "Preparación"),
    Paso.CAPACITACION: Badge("run", "school", "Capacitación"),
    Paso.AMBIENTE: Badge("run", "tasks", "Ambiente de capacitación"),
    Paso.INFORMADA: Badge("warn", "eye", "Por registrar"),
    Paso.REGISTRADA: Badge("ok", "check", "Registrada"),
    Paso.ANULADA: Badge("mute", "x", "Anulada"),
}
CAMBIO_VENCIDO = Badge("bad", "clock", "Plazo vencido")

# Where a notice of the home page stands in time (services.affairs.standing).
AVISO_BADGE: dict[str, Badge] = {
    "programado": Badge("info", "calendar", "Programado"),
    "vigente": Badge("ok", "bell", "Vigente"),
    "concluido": Badge("mute", "history", "Concluido"),
    "retirado": Badge("mute", "x", "Retirado"),
}
