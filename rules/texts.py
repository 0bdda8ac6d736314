"""Numbers, sizes, dates and times as Ecuador writes them, for templates, mails and printed pages.

Instants must be aware; they are shown in Guayaquil time.
"""

from __future__ import annotations

from datetime import date, datetime

from rules.deadlines import ZONE

NBSP = "\u00a0"

MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()
WEEKDAYS = "lunes martes miércoles jueves viernes sábado domingo".split()


def miles(n: int) -> str:
    """A whole number with a no-break space between thousands: 3412 is "3 412"."""
    return f"{n:,}".replace(",", NBSP)


def size(bytes: int) -> str:
    """Decimal bytes as people read them: "0 bytes", "640 KB", "2,1 GB", "182 GB". Raises ValueError below zero."""
    if bytes < 0:
        raise ValueError(f"a size below zero: {bytes}")
    if bytes < 1000:
        return plural(bytes, "byte", "bytes")
    amount, units = bytes / 1000, ["KB", "MB", "GB", "TB"]
    # The limit is that of rounding: 999 500 bytes are "1,0 MB", never "1 000 KB".
    while len(units) > 1 and amount >= 999.5:
        amount, units = amount / 1000, units[1:]
    decimals = 0 if units[0] == "KB" or amount >= 99.95 else 1
    return f"{amount:,.{decimals}f} {units[0]}".replace(",", NBSP).replace(".", ",")


def day(d: date) -> str:
    """ "27 nov 2026". A datetime is refused: its day depends on the zone, use `moment`."""
    if isinstance(d, datetime):
        raise TypeError("a datetime has no day without its zone")
    return f"{d.day} {MONTHS[d.month - 1][:3]} {d.year}"


def long_day(d: date) -> str:
    """ "viernes 27 de noviembre de 2026"."""
    return f"{WEEKDAYS[d.weekday()]} {d.day} de {MONTHS[d.month - 1]} de {d.year}"


def moment(instant: datetime) -> str:
    """ "27 nov 2026, 10:24" in Guayaquil. Raises ValueError for a naive datetime."""
    if instant.utcoffset() is None:
        raise ValueError("a naive datetime cannot be shown: the zone is missing")
    local = instant.astimezone(ZONE)
    return f"{day(local.date())}, {local:%H:%M}"


def hour(instant: datetime) -> str:
    """ "10:24" in Guayaquil. Raises ValueError for a naive datetime."""
    if instant.utcoffset() is None:
        raise ValueError("a naive datetime cannot be shown: the zone is missing")
    return f"{instant.astimezone(ZONE):%H:%M}"


def plural(n: int, singular: str, plural: str) -> str:
    """The number and its noun: "1 documento", "0 documentos", "3 412 documentos"."""
    return f"{miles(n)} {singular if n == 1 else plural}"


def duration(seconds: float) -> str:
    """The two largest units, rounded down: "2 d 13 h", "1 h 06 min", "4 min 10 s", "0 s"."""
    left, amounts = max(0, int(seconds)), []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        amounts.append((left // length, unit))
        left %= length
    first = next((i for i, (n, _) in enumerate(amounts) if n), len(amounts) - 1)
    (n, unit), *rest = amounts[first : first + 2]
    text = f"{miles(n)} {unit}"
    for n, unit in rest:
        if n:
            text += f" {n} {unit}" if unit == "h" else f" {n:02d} {unit}"
    return text


def remaining(seconds: float) -> str:
    """What is left of a plazo: "Quedan 2 d 13 h", "Queda 1 min"; at or below zero "Plazo terminado"."""
    if seconds <= 0:
        return "Plazo terminado"
    if seconds < 60:
        return "Queda menos de 1 min"
    # Seconds in a countdown of days only make the screen restless: whole minutes.
    text = duration(seconds // 60 * 60)
    return f"{'Queda' if text.startswith('1 ') and text.count(' ') == 1 else 'Quedan'} {text}"


def number6(n: int) -> str:
    """The public number of a request: 123 is "000123"."""
    return f"{n:06d}"
