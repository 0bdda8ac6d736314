"""What a check of signatures says: four verdicts, a reason for each that is not "válida", and who signed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

VALID, ALTERED, UNSIGNED, UNVERIFIABLE = "válida", "alterada", "sin firma", "no verificable"
_MAX_SIGNERS = 20

# Why a verdict is not "válida": a closed list, so that the bytes of an archive never carry a library's words.
CHANGED = "El contenido no es el que se firmó"
LOOSE = "Hay contenido añadido después de la firma"
NO_ROOTS = "No se configuraron las entidades de certificación de confianza"
UNKNOWN_ROOT = "La entidad que emitió el certificado no consta entre las de confianza"
NOT_IN_FORCE = "El certificado no estaba vigente en el momento de la firma"
APART = "La firma está separada y el archivo firmado no consta junto a ella"
LOCKED = "El PDF está protegido con contraseña"
BROKEN = "La firma está dañada o incompleta"
TOO_MUCH = "Es demasiado grande o compleja para comprobarla"


@dataclass(frozen=True, slots=True)
class Signer:
    """date: ISO local time of the time stamp, else the signer's own, else empty. certificate: a sentence about its validity.
    reason: why the verdict is not "válida", else empty."""

    name: str
    date: str
    issuer: str
    certificate: str
    verdict: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """The worst verdict of all signers, its reason, and each of them. detached: a CMS without the content it signs."""

    verdict: str
    signers: list[Signer] = field(default_factory=list)
    reason: str = ""
    detached: bool = False

    def as_dict(self) -> dict:
        """As the viewer's data hold it."""
        rows = [_row(s) for s in self.signers]
        found: dict = {"veredicto": self.verdict, "firmantes": rows}
        if self.reason:
            found["motivo"] = self.reason
        if self.detached:
            found["separada"] = True
        return found


def _row(signer: Signer) -> dict:
    row = {"nombre": signer.name, "fecha": signer.date, "emisor": signer.issuer, "certificado": signer.certificate,
           "veredicto": signer.verdict}  # fmt: skip
    return row | {"motivo": signer.reason} if signer.reason else row


def sum_up(signers: Iterable[Signer], *, detached: bool = False) -> SignatureReport:
    """The worst verdict decides; none at all is "sin firma"."""
    signers = list(signers)[:_MAX_SIGNERS]
    for verdict in (ALTERED, UNVERIFIABLE, VALID):
        for signer in signers:
            if signer.verdict == verdict:
                return SignatureReport(verdict, signers, signer.reason, detached)
    return SignatureReport(UNSIGNED)
