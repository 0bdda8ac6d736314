"""From selected ids to whole documents: people, files and history of a batch in a handful of queries (no N+1)."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

from sources.dialect import Dialect
from sources.files import ANEXO, PRINCIPAL, TEXTO, Named, Place, Resolver, attachment, lost, main_file
from sources.selection import Entry
from sources.text import block, line, page
from sources.types import SourceDocument, SourceFile, SourceStep

BATCH = 200
_DE, _PARA, _CC = 1, 2, 3
_LISTS = {_DE: "radi_usua_rem", _PARA: "radi_usua_dest", _CC: "radi_cca"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads batches over one connection."""

    connection: Connection
    dialect: Dialect
    resolver: Resolver

    def documents(self, entries: list[Entry]) -> list[SourceDocument]:
        """The documents of a batch, in its order."""
        ids = [entry.id for entry in entries]
        rows = self._radicados(ids)
        people, files, steps = self._people(rows, ids), self._files(rows, ids), self._history(ids)
        return [self._document(e, rows[e.id], people[e.id], files[e.id], steps[e.id]) for e in entries]

    def files(self, id: str) -> tuple[SourceFile, ...]:
        """The files of one document, whoever it belongs to; () if there is no such document."""
        rows = self._radicados([id])
        return self._files(rows, [id])[id] if id in rows else ()

    def _document(self, entry: Entry, row, people: dict, files: tuple, steps: list) -> SourceDocument:
        return SourceDocument(
            id=entry.id,
            numero=line(row.radi_nume_text),
            tipo=line(row.tipo),
            fecha=entry.fecha,
            asunto=line(row.radi_asunto),
            bandejas=entry.bandejas,
            motivos=entry.motivos,
            de=people[_DE],
            para=people[_PARA],
            cc=people[_CC],
            referencia=line(row.radi_cuentai),
            firmado=bool(row.firmado),
            reservado=entry.reservado,
            files=files,
            recorrido=tuple(steps),
        )

    def _radicados(self, ids: list[str]) -> dict:
        """id → row, the parents of the asked ones included."""
        sql = (
            "select cast(r.radi_nume_radi as text) as id, cast(r.radi_nume_temp as text) as temp, r.radi_nume_text,"
            " r.radi_asunto, r.radi_cuentai, r.radi_fech_firma is not null as firmado, r.radi_usua_rem, r.radi_usua_dest, r.radi_cca,"
            " r.radi_path, r.arch_codi, r.arch_codi_firma, r.radi_imagen, cast(r.radi_texto as text) as texto,"
            " t.trad_descr as tipo from radicado r left join tiporad t on t.trad_codigo = r.radi_tipo"
            " where r.radi_nume_radi in :ids"
        )
        rows = {row.id: row for row in self._many(sql, ids)}
        parents = {row.temp for row in rows.values()} - rows.keys()
        return rows | {row.id: row for row in self._many(sql, parents)}

    def _people(self, rows: dict, ids: list[str]) -> dict[str, dict[int, tuple[str, ...]]]:
        """id → role → display strings: as they were when it was sent, or else as the accounts are today."""
        parents = {id: rows.get(rows[id].temp, rows[id]) for id in ids}
        then = self._snapshot({parent.id for parent in parents.values()})
        listed = {
            (parent.id, role): _listed(getattr(parent, column))
            for parent in parents.values()
            for role, column in _LISTS.items()
        }
        wanted = {codi for key, codes in listed.items() if key not in then for codi in codes}
        today = {row.codi: _person(row, row.inst_nombre) for row in self._accounts(wanted)}
        return {
            id: {
                role: then.get((parent.id, role)) or tuple(today[c] for c in listed[parent.id, role] if c in today)
                for role in _LISTS
            }
            for id, parent in parents.items()
        }

    def _snapshot(self, ids: Iterable[str]) -> dict[tuple[str, int], tuple[str, ...]]:
        sql = (
            "select cast(radi_nume_radi as text) as id, radi_usua_tipo as role, usua_abr_titulo,"
            " usua_nombre as usua_nomb, usua_apellido, usua_cargo, usua_institucion"
            " from usuarios_radicado where radi_nume_radi in :ids"
            " order by cast(usua_radi_codi as bigint)"
        )
        found = defaultdict(list)
        for row in self._many(sql, ids):
            found[row.id, row.role].append(_person(row, row.usua_institucion))
        return {key: tuple(dict.fromkeys(names)) for key, names in found.items()}

    def _accounts(self, codes: Iterable[str]) -> list:
        return self._many(
            "select cast(usua_codi as text) as codi, usua_abr_titulo, usua_nomb, usua_apellido, usua_cargo, inst_nombre"
            " from usuario where usua_codi in :ids", codes,
        )  # fmt: skip

    def _history(self, ids: list[str]) -> dict[str, list[SourceStep]]:
        """The steps of each id itself, not of its parent, oldest first."""
        sql = (
            "select cast(h.radi_nume_radi as text) as id, h.hist_fech, cast(h.usua_codi_ori as text) as de,"
            " cast(h.usua_codi_dest as text) as para, t.sgd_ttr_descrip as accion, h.hist_obse"
            " from hist_eventos h left join sgd_ttr_transaccion t on t.sgd_ttr_codigo = h.sgd_ttr_codigo"
            " where h.radi_nume_radi in :ids order by h.hist_fech, cast(h.hist_codi as bigint)"
        )
        rows = self._many(sql, ids)
        names = {
            row.codi: f"{line(row.usua_nomb)} {line(row.usua_apellido)}".strip()
            for row in self._accounts({codi for row in rows for codi in (row.de, row.para) if codi})
        }
        steps = defaultdict(list)
        for row in rows:
            steps[row.id].append(
                SourceStep(
                    self.dialect.local(row.hist_fech), names.get(row.de, ""), names.get(row.para, ""),
                    line(row.accion), block(row.hist_obse),
                )
            )  # fmt: skip
        return steps

    def _files(self, rows: dict, ids: list[str]) -> dict[str, tuple[SourceFile, ...]]:
        attachments = self._attachments(rows.keys())
        images = self._images({row.radi_imagen for row in rows.values() if row.radi_imagen})
        named = {id: self._named(rows, rows[id], attachments, images) for id in ids}
        found = dict(zip(ids, self.resolver.resolve(named.values()), strict=True))
        texts = self._texts(rows, [id for id in ids if not _names_main(named[id])])
        return {id: (*texts.get(id, ()), *files) for id, files in found.items()}

    def _named(self, rows: dict, row, attachments: dict, images: dict) -> list[Named | SourceFile]:
        parent = rows.get(row.temp, row)
        named: list[Named | SourceFile] = self._main(row, images) or self._main(parent, images)
        for owner in dict.fromkeys((parent.id, row.id)):  # a copy shows its parent's attachments first
            for attached in attachments.get(owner, ()):
                named += self._attached(attached)
        return named

    def _main(self, row, images: dict) -> list[Named]:
        image = images.get(row.radi_imagen)
        if image is not None and _place(image):
            return self._attachment(image, PRINCIPAL)
        place = Place.of(row.radi_path, row.arch_codi, row.arch_codi_firma)
        return main_file(place, row.id) if place else []

    def _attached(self, row) -> list[Named | SourceFile]:
        if _place(row):
            return [*self._attachment(row, ANEXO)]
        if row.anex_fisico:  # on paper only: nothing was ever stored
            return []
        return [lost(row.anex_nombre, row.ext, descripcion=row.anex_desc, fecha=self.dialect.local(row.anex_fecha))]

    def _attachment(self, row, kind: str) -> list[Named]:
        fecha = self.dialect.local(row.anex_fecha)
        return attachment(_place(row), kind, row.anex_nombre, row.ext, descripcion=row.anex_desc, fecha=fecha)

    def _attachments(self, ids: Iterable[str]) -> dict[str, list]:
        found = defaultdict(list)
        for row in self._many(_ATTACHMENTS.format("a.anex_radi_nume"), ids):
            found[row.id].append(row)
        return found

    def _images(self, codes: set[str]) -> dict[str, object]:
        # The key of an attachment is text in every installation ("<id>_00001").
        if not codes:
            return {}
        statement = text(_ATTACHMENTS.format("a.anex_codigo")).bindparams(bindparam("ids", expanding=True))
        return {row.anex_codigo: row for row in self.connection.execute(statement, {"ids": sorted(codes)})}

    def _texts(self, rows: dict, ids: list[str]) -> dict[str, tuple[SourceFile, ...]]:
        """For documents without a main file, the body of the document itself, or of its parent, as a page."""
        candidates = {id: [rows[id].texto, getattr(rows.get(rows[id].temp), "texto", None)] for id in ids}
        bodies = self._bodies({code for codes in candidates.values() for code in codes if code and code != "0"})
        return {
            id: (_text_file(code, len(bodies[code])),)
            for id, codes in candidates.items()
            for code in [next((code for code in codes if code in bodies), None)]
            if code
        }

    def body(self, code: str) -> bytes | None:
        """The page of a text, or None if there is no such text or it is empty."""
        return self._bodies({code}).get(code)

    def _bodies(self, codes: set[str]) -> dict[str, bytes]:
        sql = "select cast(text_codi as text), text_texto from radi_texto where text_codi in :ids"
        pages = {code: page(body) for code, body in self._many(sql, codes) if body}
        return {code: body for code, body in pages.items() if body}

    def _many(self, sql: str, ids: Iterable[str]) -> list:
        values = self.dialect.ids(sorted(ids))
        if not values:
            return []
        return self.connection.execute(text(sql).bindparams(bindparam("ids", expanding=True)), {"ids": values}).all()


_ATTACHMENTS = (
    "select a.anex_codigo, cast(a.anex_radi_nume as text) as id, a.anex_nombre, a.anex_desc, a.anex_fecha,"
    " a.anex_fisico, a.anex_path, a.arch_codi, a.arch_codi_firma, t.anex_tipo_ext as ext"
    " from anexos a left join anexos_tipo t on t.anex_tipo_codi = a.anex_tipo"
    " where {} in :ids and a.anex_borrado = 'N' order by a.anex_numero, a.anex_codigo"
)


def _place(row) -> Place:
    return Place.of(row.anex_path, row.arch_codi, row.arch_codi_firma)


def _text_file(code: str, size: int) -> SourceFile:
    return SourceFile(f"{TEXTO}:{code}", TEXTO, "texto.html", size, ".html", None, TEXTO, "", None)


def _person(row, institution: object) -> str:
    name = " ".join(filter(None, (line(row.usua_abr_titulo), line(row.usua_nomb), line(row.usua_apellido))))
    return ", ".join(filter(None, (name, line(row.usua_cargo), line(institution))))


def _listed(participants: str | None) -> list[str]:
    return list(dict.fromkeys(re.findall(r"[0-9]+", participants or "")))


def _names_main(files: list[Named | SourceFile]) -> bool:
    """Whether Quipux names a main file, readable or not: one that is lost is a novedad, not a reason for the text."""
    return any(isinstance(file, Named) and file.role == PRINCIPAL for file in files)
