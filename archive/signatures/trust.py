"""Whom we trust, at which instant, and what a certificate says of itself."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from archive.signatures.report import (
    ALTERED, BROKEN, CHANGED, LOOSE, NO_ROOTS, NOT_IN_FORCE, UNKNOWN_ROOT, UNVERIFIABLE, VALID, Signer,
)  # fmt: skip

log = logging.getLogger(__name__)
_ECUADOR = timezone(timedelta(hours=-5))  # signers write UTC; everything else in the archive is local time
_SUFFIXES = (".pem", ".crt", ".cer", ".der")


def folder(anchors: Path | None) -> str:
    """The folder of trusted roots: the one given, else the environment's FIRMAS_ANCLAS, else "". Says once that there is none."""
    found = str(anchors or os.environ.get("FIRMAS_ANCLAS") or "")
    if not found:
        _say_once()
    return found


@cache
def _say_once() -> None:
    log.warning("FIRMAS_ANCLAS is not set: no root is trusted, every intact signature is 'no verificable'")


def roots(anchors: str) -> tuple:
    """Certificates of the folder; none when it cannot be read, which is the installation's fault and no file's."""
    try:
        return load(anchors) if anchors else ()
    except (OSError, ValueError):
        log.exception("the roots in %s cannot be read: none is trusted", anchors)
        return ()


def load(anchors: str) -> tuple:
    """Certificates of the folder (PEM or DER; several in one PEM). Raises OSError, ValueError when it is not such a folder."""
    return _load(anchors, Path(anchors).stat().st_mtime_ns)


@cache
def _load(anchors: str, _changed: int) -> tuple:
    from asn1crypto import pem, x509

    certificates = []
    for path in sorted(Path(anchors).iterdir()):
        if path.suffix.lower() not in _SUFFIXES:
            continue
        data = path.read_bytes()
        found = [der for _, _, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]
        for der in found:
            certificate = x509.Certificate.load(der)
            certificate.native  # parsed here: a file that is no certificate is told now  # noqa: B018
            certificates.append(certificate)
    return tuple(certificates)


@dataclass(frozen=True, slots=True)
class Judge:
    """Turns pyHanko's statuses into our verdicts. moment: for signatures that carry no time of their own."""

    roots: tuple
    moment: datetime

    def context(self, when: datetime | None):
        """Offline validation at `when`, by our roots only. Revocation is not consulted."""
        from pyhanko_certvalidator import ValidationContext

        at = when or self.moment
        return ValidationContext(trust_roots=list(self.roots), moment=at, best_signature_time=at, allow_fetching=False)

    def signer(self, status, when: datetime | None, *, whole: bool = True) -> Signer:
        """whole: nothing was added behind the signature that it does not allow."""
        certificate = status.signing_cert
        if not (status.intact and status.valid):
            return self.named(certificate, when, ALTERED, CHANGED)
        if not whole:
            return self.named(certificate, when, ALTERED, LOOSE)
        if status.trusted:
            return self.named(certificate, when, VALID)
        return self.named(certificate, when, UNVERIFIABLE, self._doubt(certificate, when))

    def _doubt(self, certificate, when: datetime | None) -> str:
        if not self.roots:
            return NO_ROOTS
        return UNKNOWN_ROOT if self._in_force(certificate, when) else NOT_IN_FORCE

    def _in_force(self, certificate, when: datetime | None) -> bool:
        validity = certificate["tbs_certificate"]["validity"]
        return validity["not_before"].native <= (when or self.moment) <= validity["not_after"].native

    def named(self, certificate, when: datetime | None, verdict: str, reason: str = "") -> Signer:
        validity = certificate["tbs_certificate"]["validity"]
        start, end = validity["not_before"].native, validity["not_after"].native
        then = "Vigente" if self._in_force(certificate, when) else "No vigente"
        text = f"{then} en el momento de la firma (del {start:%d/%m/%Y} al {end:%d/%m/%Y})"
        date = when.astimezone(_ECUADOR).isoformat(timespec="seconds") if when else ""
        return Signer(common_name(certificate.subject), date, common_name(certificate.issuer), text, verdict, reason)


def common_name(name) -> str:
    native = name.native
    text = native.get("common_name") or native.get("organization_name") or name.human_friendly
    text = " ".join(text) if isinstance(text, list) else text
    return " ".join(str(text).split())[:200]


def nameless(verdict: str, reason: str = BROKEN) -> Signer:
    """A signature of which not even the signer can be read."""
    return Signer("", "", "", "", verdict, reason)


def moments(info, reported: datetime | None = None) -> list[datetime | None]:
    """Instants to judge the certificate at, best first: the time stamp's, the signer's own, None (the plan's).
    (decisions.md 23)"""
    found: list[datetime | None] = []
    for attribute in info["unsigned_attrs"] or ():
        if attribute["type"].native == "signature_time_stamp_token":
            token = attribute["values"][0]["content"]["encap_content_info"]["content"].parsed
            found.append(token["gen_time"].native)
            break
    reported = reported or _reported(info)
    found.append(reported if reported is None or reported.tzinfo else reported.replace(tzinfo=UTC))
    return found


def stamp_is_bad(status) -> bool:
    """Whether the signature carries a time stamp that is not one of it: its time counts for nothing."""
    stamp = getattr(status, "timestamp_validity", None)
    return stamp is not None and not (stamp.intact and stamp.valid)


def _reported(info) -> datetime | None:
    from pyhanko.sign.validation.generic_cms import extract_self_reported_ts

    return extract_self_reported_ts(info)


def instant(moment: str) -> datetime:
    """`moment` as an instant; without one, far enough back that no certificate passes by accident."""
    found = datetime.fromisoformat(moment) if moment else datetime(1970, 1, 1, tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
