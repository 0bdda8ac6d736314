"""Petitions of the last 24 months copied for search as one types: Quipux has no index for it and may not be given one (docs/adr/0012).

A search asks the copy, and Quipux for what was registered since: ids grow within an area and a year, so that is a handful of
short ranges of the primary key. Whatever is chosen is read from Quipux again (services.petitions.find)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, String, and_, cast, column, delete, literal, literal_column, select, table, update
from sqlalchemy.dialects.postgresql import TSQUERY

from extensions import db
from models import Area, Espejo, Institucion, MarcaPeticion, Peticion
from rules.deadlines import local_day
from rules.identity import words
from services import clock
from services.bulk import insert_rows
from services.people import search_text
from sources import Petition, Quipux, Registered, SourceUnavailable
from sources.petitions import bounds, months_before

NAME = "peticiones"
PAGE = 2_000
MAX_WORDS = 6
# So many of the newest are looked through row by row: words that many documents have are found there, rare ones by the index.
RECENT = 2_000
_COPIED = ("inst_codi", "numero", "fecha", "asunto", "remitente", "remitente_cedula", "con_archivo", "busqueda")


@dataclass(slots=True)
class Copied:
    """How many petitions were read, written and dropped."""

    vistas: int = 0
    escritas: int = 0
    quitadas: int = 0


def ready() -> bool:
    """Whether the copy was ever complete: before that a search has to ask Quipux for everything."""
    return db.session.get(Espejo, NAME) is not None


# --- keeping it ----------------------------------------------------------------------------------------------------------


def refresh(source: Quipux) -> Copied:
    """Compare the whole copy with Quipux, page by page along the primary key; commits page by page. Raises SourceUnavailable."""
    at, result = clock.now(), Copied()
    since = months_before(at)
    # Before reading: what is registered meanwhile lies above these marks and is read by the next top-up.
    marks = source.last_ids(_prefixes(at))
    db.session.commit()
    for year in range(since.year, local_day(at).year + 1):
        _walk(source, f"{year:04d}{'0' * 16}", f"{year:04d}{'9' * 16}", at, result)
    first = f"{since.year:04d}{'0' * 16}"
    result.quitadas += db.session.execute(delete(Peticion).where((Peticion.quipux_codi < first) | (Peticion.fecha < since))).rowcount
    _mark(marks)
    db.session.merge(Espejo(nombre=NAME, completo_en=at))
    db.session.commit()
    return result


def top_up(source: Quipux) -> Copied:
    """Copy what was registered since the last time, of all areas. Raises SourceUnavailable; nothing to do before `refresh`."""
    result = Copied()
    if not ready():
        return result
    now = clock.now()
    highest = source.last_ids(_prefixes(now))
    known = _marks(highest)
    for prefix, last in highest.items():
        low = known.get(prefix, bounds(prefix)[0])
        if last > low:
            _walk(source, low, f"{int(last) + 1:020d}", now, result)
            _mark({prefix: last})
            db.session.commit()
    return result


def _walk(source: Quipux, low: str, high: str, now: datetime, result: Copied) -> None:
    """Make the copy between two ids (both outside) what Quipux has there."""
    while low < high:
        page = source.registered([(low, high)], now=now, limit=PAGE)
        end = page[-1].petition.id if len(page) == PAGE else high
        _apply(page, low, end, last=end == high, result=result)
        db.session.commit()
        low = end


def _apply(page: list[Registered], low: str, end: str, *, last: bool, result: Copied) -> None:
    columns = [Peticion.id, Peticion.quipux_codi, *(getattr(Peticion, name) for name in _COPIED)]
    upto = Peticion.quipux_codi < end if last else Peticion.quipux_codi <= end
    old = {row.quipux_codi: row for row in db.session.execute(select(*columns).where(Peticion.quipux_codi > low, upto))}
    new, changed = [], []
    for each in page:
        row, values = old.pop(each.petition.id, None), _values(each)
        if row is None:
            new.append(values | {"quipux_codi": each.petition.id})
        elif any(getattr(row, name) != values[name] for name in _COPIED):
            changed.append(values | {"id": row.id})
    insert_rows(Peticion, new)
    if changed:
        db.session.execute(update(Peticion), changed)
    gone = [row.id for row in old.values()]  # deleted in Quipux, made confidential, or too old by now
    for start in range(0, len(gone), 500):
        db.session.execute(delete(Peticion).where(Peticion.id.in_(gone[start : start + 500])))
    result.vistas += len(page)
    result.escritas += len(new) + len(changed)
    result.quitadas += len(gone)


def _values(each: Registered) -> dict:
    p = each.petition
    return {
        "inst_codi": each.inst_codi, "numero": p.numero[:60], "fecha": p.fecha, "asunto": p.asunto[:400], "remitente": p.remitente[:400],
        "remitente_cedula": p.remitente_cedula[:20], "con_archivo": p.has_file,
        "busqueda": f" {_of(each.inst_codi)}{search_text(p.numero, p.asunto, p.remitente)}",
    }  # fmt: skip


def _of(inst_codi: str) -> str:
    # No typed word can be this: words have no "_".
    return f"__i{inst_codi}"


def _prefixes(now: datetime, institucion: Institucion | None = None) -> list[str]:
    """The first ten digits (year, area) of ids that may still grow: of this year, and in January of the last one too."""
    areas = select(Area.quipux_codi).order_by(Area.id)
    if institucion is not None:
        areas = areas.where(Area.institucion_id == institucion.id)
    today = local_day(now)
    years = [today.year] if today.month > 1 else [today.year - 1, today.year]
    return [f"{year:04d}{int(codi):06d}" for codi in db.session.scalars(areas) if codi.isdigit() and len(codi) <= 6 for year in years]


def _marks(prefixes: Iterable[str]) -> dict[str, str]:
    wanted, found = list(prefixes), {}
    for start in range(0, len(wanted), 500):
        chunk = select(MarcaPeticion.prefijo, MarcaPeticion.ultimo).where(MarcaPeticion.prefijo.in_(wanted[start : start + 500]))
        found |= dict(db.session.execute(chunk).all())
    return found


def _mark(marks: dict[str, str]) -> None:
    for prefix, last in marks.items():
        db.session.merge(MarcaPeticion(prefijo=prefix, ultimo=last))


# --- asking it -----------------------------------------------------------------------------------------------------------


def search(source: Quipux, institucion: Institucion, typed: str, *, limit: int) -> list[Petition]:
    """Newest first: every word typed begins a word of the number, the subject or the sender. What Quipux has registered since
    the last copy is among them; when it does not answer, only that is missing."""
    asked = list(dict.fromkeys(words(typed)))[:MAX_WORDS]
    if not asked:
        return []
    now = clock.now()
    copied = {p.id: p for p in _copied(institucion, asked, months_before(now), limit)}
    for each in _fresh(source, institucion, now):
        text = search_text(each.petition.numero, each.petition.asunto, each.petition.remitente)
        if each.inst_codi == institucion.quipux_codi and all(f" {word}" in text for word in asked):
            copied[each.petition.id] = each.petition
    return sorted(copied.values(), key=lambda p: (p.fecha, p.id), reverse=True)[:limit]


def _fresh(source: Quipux, institucion: Institucion, now: datetime) -> list[Registered]:
    prefixes = _prefixes(now, institucion)
    marks = _marks(prefixes)
    try:
        return source.registered([(marks.get(p, bounds(p)[0]), bounds(p)[1]) for p in prefixes], now=now, limit=PAGE)
    except SourceUnavailable:
        return []


def _copied(institucion: Institucion, asked: list[str], since: datetime, limit: int) -> list[Petition]:
    mine = (Peticion.inst_codi == institucion.quipux_codi, Peticion.fecha >= since)
    recent = (
        select(Peticion.id, Peticion.busqueda).where(*mine).order_by(Peticion.fecha.desc(), Peticion.id.desc()).limit(RECENT).subquery()
    )
    begins = and_(*(recent.c.busqueda.like(f"% {word}%") for word in asked))
    ids = db.session.scalars(select(recent.c.id).where(begins).limit(limit)).all()
    if len(ids) < limit:
        ids = db.session.scalars(_indexed(institucion, asked, since).limit(limit)).all()
    rows = db.session.scalars(select(Peticion).where(Peticion.id.in_(ids)))
    return [
        Petition(r.quipux_codi, r.numero, r.fecha, r.asunto, r.remitente, r.remitente_cedula, r.con_archivo) for r in rows
    ]


def _indexed(institucion: Institucion, asked: list[str], since: datetime) -> Select[tuple[int]]:
    """Ids, newest first, by the word index that each database keeps itself (revision 0007)."""
    mark = _of(institucion.quipux_codi)
    found = select(Peticion.id, Peticion.inst_codi, Peticion.fecha)
    if db.engine.dialect.name == "sqlite":
        wanted = " AND ".join([f'"{mark}"', *(f'"{word}" *' for word in asked)])
        index = table("peticion_palabras", column("rowid"))
        rows = found.where(Peticion.id.in_(select(index.c.rowid).where(literal_column("peticion_palabras").op("MATCH")(wanted)))).subquery()
    else:
        query = " & ".join([f"'{mark}'", *(f"'{word}':*" for word in asked)])
        # OFFSET 0 is a fence: left to choose, the planner reads a rare word's way through all by date, hoping to meet 20 soon.
        matching = literal_column("(peticion.busqueda::tsvector)").op("@@")(cast(literal(query, String), TSQUERY))
        rows = found.where(matching).offset(0).subquery()
    return (
        select(rows.c.id)
        .where(rows.c.inst_codi == institucion.quipux_codi, rows.c.fecha >= since)
        .order_by(rows.c.fecha.desc(), rows.c.id.desc())
    )
