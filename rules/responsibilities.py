"""The nine responsibilities of an AIQ, in the words of seed 002, and the part of the site where each is done."""

from __future__ import annotations

from dataclasses import dataclass

SUPPORT = "soporte@gobiernoelectronico.gob.ec"


@dataclass(frozen=True, slots=True)
class Responsibility:
    """`text` as the seed has it. `icon` of the sprite. `places`: keys of the parts of the site where it is done, in order."""

    text: str
    icon: str
    places: tuple[str, ...]


RESPONSIBILITIES: tuple[Responsibility, ...] = (
    Responsibility("Velar por el correcto y buen uso del sistema Quipux en la institución.", "shield", ("procedimientos", "usuarios")),
    Responsibility("Capacitar a sus usuarios internos.", "school", ("capacitaciones",)),
    Responsibility("Parametrizar el sistema en ambiente de capacitación y producción.", "tasks", ("proceso",)),
    Responsibility("Gestionar los usuarios internos.", "users", ("usuarios",)),
    Responsibility("Entregar los respaldos de documentación de usuarios inactivos de su institución.", "archive", ("solicitar", "listado")),
    Responsibility("Brindar soporte de primer nivel al personal de su institución.", "help", ("usuarios", "capacitaciones")),
    Responsibility("Difundir notificaciones relacionadas al Sistema Quipux.", "bell", ("avisos",)),
    Responsibility(
        f"Reportar al correo electrónico {SUPPORT}, inconvenientes o dificultades que no han podido ser resueltas mediante soporte de "
        "primer nivel.",
        "mail", ("escalamiento",),
    ),
    Responsibility(
        "Elaborar, aprobar y difundir procedimientos internos relacionados a la operación del Sistema Quipux y todo documento que "
        "respalde su correcto uso y gestión.",
        "clip", ("procedimientos",),
    ),
)
