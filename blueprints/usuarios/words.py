"""What the screens of internal users call each access, each action on it and each outcome of an import."""

from __future__ import annotations

from dataclasses import dataclass

from models import AccesoAccion, Cuenta
from rules.glossary import Badge
from services.accesses import Access
from services.accesses_import import Outcome
from services.accounts_export import ACCESO, EN_QUIPUX, standing

_ACCESS = {
    Access.SIN: ("mute", "minus"), Access.ENLACE: ("info", "mail"), Access.ACTIVO: ("ok", "ok"), Access.RETIRADO: ("bad", "lock"),
    Access.INACTIVA: ("mute", "minus"),
}
ACCESS = {access: Badge(*look, ACCESO[access]) for access, look in _ACCESS.items()}
_EN_QUIPUX = {"activa": ("ok", "check"), "inactiva": ("mute", "minus"), "ausente": ("warn", "warn")}
EVENT = {
    AccesoAccion.DAR: Badge("did", "key", "Acceso dado"),
    AccesoAccion.QUITAR: Badge("stop", "lock", "Acceso retirado"),
    AccesoAccion.DEVOLVER: Badge("did", "refresh", "Acceso devuelto"),
    AccesoAccion.RESTABLECER: Badge("did", "mail", "Acceso restablecido"),
}
OUTCOME = {
    Outcome.NUEVO: Badge("ok", "ok", "Se dará acceso"),
    Outcome.DADO: Badge("ok", "ok", "Acceso dado"),
    Outcome.YA: Badge("mute", "minus", "Ya tiene acceso"),
    Outcome.DESCONOCIDA: Badge("bad", "bad", "Cédula desconocida"),
    Outcome.INACTIVA: Badge("bad", "bad", "Inactiva"),
    Outcome.CORREO: Badge("bad", "bad", "Correo no admitido"),
    Outcome.REPETIDA: Badge("warn", "warn", "Repetida"),
    Outcome.RECHAZADA: Badge("bad", "bad", "No se puede"),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """An action as the person's page offers it. endpoint: its view. done: what is said once it is done. mails: asks where the link goes."""

    endpoint: str
    label: str
    icon: str
    explained: str
    button: str
    done: str
    mails: bool = True
    danger: bool = False


OFFERS = {
    AccesoAccion.DAR: Offer(
        "give", "Dar acceso", "key", "Se enviará a su correo un enlace de un solo uso, con vigencia de 3 días calendario, para que establezca su contraseña.",
        "Dar acceso", "Se dio el acceso y se envió el enlace.",
    ),
    AccesoAccion.RESTABLECER: Offer(
        "reset", "Restablecer el acceso", "mail", "Se enviará un nuevo enlace de un solo uso. La contraseña actual deja de ser válida y sus sesiones se cierran de inmediato.",
        "Restablecer", "Se envió un nuevo enlace; la contraseña anterior ya no es válida.",
    ),
    AccesoAccion.DEVOLVER: Offer(
        "give_back", "Devolver el acceso", "refresh", "Se enviará a su correo un enlace de un solo uso para que establezca una nueva contraseña.",
        "Devolver el acceso", "Se devolvió el acceso y se envió el enlace.",
    ),
    AccesoAccion.QUITAR: Offer(
        "take", "Retirar el acceso", "lock", "Sus sesiones en este sitio se cierran de inmediato y no podrá ingresar. Su cuenta de Quipux no cambia: sigue activa.",
        "Retirar el acceso", "Se retiró el acceso y se cerraron sus sesiones.", mails=False, danger=True,
    ),
}


def quipux_badge(cuenta: Cuenta) -> Badge:
    """The badge of an account's estado in Quipux."""
    key = standing(cuenta)
    return Badge(*_EN_QUIPUX[key], EN_QUIPUX[key])
