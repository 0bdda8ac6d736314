"""Settings, all from the environment (12-factor). README.md lists them for operators.

Demo mode (`RESPALDOS_DEMO=1`, set only by bin/dev) invents people and a clock; it is refused beside anything real.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Mapping

MIB = 1 << 20
# Two queues, so that a mail never waits behind a run of hours.
RUNS, LIGHT = "respaldos", "avisos"
LOOPBACK = {"", "localhost", "127.0.0.1", "::1"}


class ConfigError(RuntimeError):
    """A setting is missing or contradicts another; the text says which and what to do."""


def load(env: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Read every setting once. Raises ConfigError with a sentence an operator can act on."""
    data = Path(env.get("RESPALDOS_DATA") or "var").resolve()
    demo = _flag(env, "RESPALDOS_DEMO")
    production = env.get("RESPALDOS_ENV", "") == "production"
    if demo:
        _refuse_real(env, production)
    quipux = data / "quipux"
    public_url = (env.get("PUBLIC_URL") or f"http://127.0.0.1:{env.get('PORT') or 8000}").rstrip("/")
    return {
        "DATA_DIR": data,
        "DEMO": demo,
        "PRODUCTION": production,
        "SECRET_KEY": _secret(env, data, production),
        "PUBLIC_URL": public_url,
        # Their X-Forwarded-For and -Proto are believed: https, HSTS and the addresses in the log come from them. Without
        # a proxy in front anybody could write them.
        "TRUSTED_PROXIES": int(_number(env, "TRUSTED_PROXIES", 1 if production else 0)),
        "SQLALCHEMY_DATABASE_URI": database_url(env.get("DATABASE_URL") or f"sqlite:///{data / 'respaldos.sqlite'}"),
        "REDIS_URL": env.get("REDIS_URL") or f"unix://{data / 'redis' / 'redis.sock'}",
        # Where the documents are
        "QUIPUX_URL": env.get("QUIPUX_URL") or f"sqlite:///{quipux / 'quipux.sqlite'}",
        "BODEGA_URL": env.get("BODEGA_URL") or ("" if env.get("QUIPUX_URL") else f"sqlite:///{quipux / 'bodega.sqlite'}"),
        "BODEGA_DIR": env.get("BODEGA_DIR") or ("" if env.get("QUIPUX_URL") else str(quipux / "bodega")),
        "SOURCE_MAX_MB_S": _number(env, "SOURCE_MAX_MB_S", 4 if demo else 0),
        # A guest's manners there: connections a process may hold to each database, seconds a statement may take
        "QUIPUX_CONNECTIONS": max(1, int(_number(env, "QUIPUX_CONNECTIONS", 5))),
        "QUIPUX_TIMEOUT_S": max(1, _number(env, "QUIPUX_TIMEOUT_S", 60)),
        # Rules that Quipux itself does not have: documents directed to the person (code 28), the person's other accounts
        "QUIPUX_REDIRECTED": _flag(env, "QUIPUX_REDIRECTED"),
        "QUIPUX_OTHER_ACCOUNTS": _flag(env, "QUIPUX_OTHER_ACCOUNTS"),
        # Where finished parts live
        "STORAGE_URL": env.get("STORAGE_URL") or str(data / "respaldos"),
        "S3_ENDPOINT_URL": env.get("S3_ENDPOINT_URL") or "",
        "SCRATCH_DIR": env.get("SCRATCH_DIR") or str(data / "scratch"),
        # Rules an operator may tune
        "PART_SIZE": int(_number(env, "PART_SIZE", 20_000_000 if demo else 1024 * MIB)),
        "CAPACITY_DOCUMENTS": int(_at_least(env, "CAPACITY_DOCUMENTS", 1, 50_000)),
        "CAPACITY_BYTES": int(_at_least(env, "CAPACITY_BYTES", 1, 50_000_000_000)),
        "INSTITUTION_QUOTA": min(1, _at_least(env, "INSTITUTION_QUOTA", 0.01, 0.25)),
        "APPROVE_ON_SEND": _flag(env, "APPROVE_ON_SEND"),
        "RUN_WAIT_HOURS": _number(env, "RUN_WAIT_HOURS", 24),
        # Processes that make archives on this machine: one run each, or the volumes of a large one together.
        "RUN_WORKERS": _run_workers(env),
        "LEASE_SECONDS": _number(env, "LEASE_SECONDS", 60),
        "FIRMAS": not _flag(env, "FIRMAS_DESACTIVADAS"),
        "FIRMAS_ANCLAS": env.get("FIRMAS_ANCLAS") or "",
        "CLOCK_OFFSET": _offset(env.get("RESPALDOS_CLOCK", ""), demo),
        # Mail
        "MAIL_SERVER": env.get("MAIL_SERVER") or "",
        "MAIL_PORT": int(_number(env, "MAIL_PORT", 25)),
        "MAIL_USERNAME": env.get("MAIL_USERNAME") or None,
        "MAIL_PASSWORD": env.get("MAIL_PASSWORD") or None,
        "MAIL_USE_TLS": _flag(env, "MAIL_USE_TLS"),
        "MAIL_USE_SSL": _flag(env, "MAIL_USE_SSL"),
        "MAIL_DEFAULT_SENDER": env.get("MAIL_DEFAULT_SENDER") or "respaldos@gobiernoelectronico.gob.ec",
        # Sessions and forms
        "SESSION_IDLE": timedelta(minutes=_number(env, "SESSION_IDLE_MINUTES", 20)),
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
        # blueprints.session says when.
        "SESSION_REFRESH_EACH_REQUEST": False,
        "SESSION_COOKIE_NAME": "respaldos",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": public_url.startswith("https://"),
        "WTF_I18N_ENABLED": False,
        "WTF_CSRF_TIME_LIMIT": None,
        "MAX_CONTENT_LENGTH": 12 * MIB,
        "MAX_FORM_MEMORY_SIZE": 1 * MIB,
        # The connection used last is used first: the caches of the others are not filled for nothing. Compiled statements take tens of
        # kilobytes each, and every combination of a list's filters is another one. What fails is logged with its statement, without the
        # values: they hold people's cédulas and the hashes of their passwords.
        "SQLALCHEMY_ENGINE_OPTIONS": {"pool_use_lifo": True, "query_cache_size": 200, "hide_parameters": True},
    }


def database_url(url: str) -> str:
    """Platforms hand out `postgres://`; SQLAlchemy wants the driver named."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


def _flag(env: Mapping[str, str], name: str) -> bool:
    return env.get(name, "").strip().lower() in {"1", "true", "yes", "si", "sí"}


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    raw = env.get(name, "")
    if not raw:
        return default
    try:
        return float(raw)
    except ValueError:
        raise ConfigError(f"{name} debe ser un número; se recibió «{raw}».") from None


def _run_workers(env: Mapping[str, str]) -> int:
    count = _number(env, "RUN_WORKERS", 1)
    if count != int(count) or not 1 <= count <= 32:
        raise ConfigError(f"RUN_WORKERS debe ser un número entero de 1 a 32; se recibió «{env['RUN_WORKERS']}».")
    return int(count)


def _at_least(env: Mapping[str, str], name: str, least: float, default: float) -> float:
    value = _number(env, name, default)
    if value < least:
        raise ConfigError(f"{name} debe ser {least:g} o más; se recibió «{env[name]}».")
    return value


def _secret(env: Mapping[str, str], data: Path, production: bool) -> str:
    """The key that signs sessions and links. On one machine it is made once and kept; on a platform it must be given."""
    if key := env.get("SECRET_KEY"):
        if production and len(key) < 32:
            raise ConfigError("SECRET_KEY es demasiado corta: use al menos 32 caracteres aleatorios.")
        return key
    if production:
        raise ConfigError("Falta SECRET_KEY: en producción es obligatoria (32 caracteres aleatorios o más).")
    path = data / "secret_key"
    data.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make_secret(path)
    if not (key := path.read_text().strip()):
        raise ConfigError(f"El archivo {path} está vacío. Elimínelo para que se cree una clave nueva, o indique SECRET_KEY.")
    return key


def _make_secret(path: Path) -> None:
    """There at once and whole, for a process that reads it meanwhile and after a power cut; of several that make one, the first counts."""
    fd, made = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(fd, "w") as out:
            out.write(secrets.token_hex(32))
            out.flush()
            os.fsync(fd)
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        os.unlink(made)


def _refuse_real(env: Mapping[str, str], production: bool) -> None:
    """Invented people and a movable clock must never meet real data or real mailboxes (decisions 7)."""
    real = [name for name in ("DATABASE_URL", "QUIPUX_URL") if env.get(name)]
    if production:
        real.append("RESPALDOS_ENV=production")
    if env.get("MAIL_SERVER", "") not in LOOPBACK:
        real.append("MAIL_SERVER (en demostración solo se permite este mismo equipo)")
    if real:
        raise ConfigError("El modo de demostración no se combina con: " + ", ".join(real) + ".")


def _offset(text: str, demo: bool) -> timedelta:
    """`+5d`, `-3h`, `+90m`: moves the clock of every process together, in the demo only."""
    if not text:
        return timedelta()
    if not demo:
        raise ConfigError("RESPALDOS_CLOCK solo se admite en el modo de demostración.")
    match = re.fullmatch(r"([+-]?\d+)([dhm])", text.strip())
    if not match:
        raise ConfigError(f"RESPALDOS_CLOCK debe ser como +5d, +3h o -90m; se recibió «{text}».")
    unit = {"d": "days", "h": "hours", "m": "minutes"}[match[2]]
    return timedelta(**{unit: int(match[1])})
