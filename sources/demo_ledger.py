"""Writes documents into the demo Quipux the way Quipux does: parent and copies, participants, history, files.

The story (who writes to whom, about what) is told elsewhere; here are only the rows and the two generations of storage.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sources import demo_files, demo_people, demo_schema
from sources.demo_people import AREAS, INSTITUTIONS, Account, Citizen
from sources.demo_schema import GUAYAQUIL, document_id, stamp
from sources.demo_store import BODEGA, DISK, Files, create, finish

# Letter at the end of a visible number -> tiporad.
_KINDS = {"O": 1, "E": 2, "M": 3, "C": 4, "R": 8, "P": 9}
_DE, _PARA, _COPIA = 1, 2, 3

Person = Account | Citizen


@dataclass(frozen=True, slots=True)
class Attachment:
    """`data` None: a physical annex (a book, a key) with no file."""

    nombre: str
    data: bytes | None
    descripcion: str = ""
    borrado: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """What a person writes. `when` is the signing; `state` the parent's, `copy_state` every copy's `esta_codi`."""

    author: Person
    to: tuple[Person, ...]
    when: datetime
    subject: str
    cc: tuple[Person, ...] = ()
    kind: str = "M"
    state: int = 6
    copy_state: int = 2
    store: str = BODEGA
    signature: str | None = None
    reserved: bool = False
    html: str | None = None
    paragraphs: tuple[str, ...] = demo_files.PARAGRAPHS[:2]
    scans: tuple[bytes, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    additional: tuple[Attachment, ...] = ()


@dataclass(slots=True)
class Sent:
    """A written document: its id, its visible number, and the id of each recipient's copy by account code."""

    id: str
    numero: str
    when: datetime
    copies: dict[str, str] = field(default_factory=dict)


class Ledger:
    """Open for the length of one build; `close` writes what is still in memory."""

    def __init__(self, folder: Path) -> None:
        self._quipux = create(folder / "quipux.sqlite", demo_schema.QUIPUX)
        self._rows: dict[str, list[dict]] = defaultdict(list)
        self._next: Counter = Counter()
        self.files = Files(folder)

    def close(self) -> None:
        """Write all rows and close both databases."""
        for table, rows in self._rows.items():
            columns = list(rows[0])
            marks = ", ".join(f":{column}" for column in columns)
            self._quipux.executemany(f"insert into {table} ({', '.join(columns)}) values ({marks})", rows)  # noqa: S608
        self._rows.clear()
        finish(self._quipux)
        self.files.close()

    def catalogues(self) -> None:
        """Fill estado, tiporad, transactions, permissions and attachment types."""
        for table, rows in demo_schema.CATALOGUES.items():
            marks = ", ".join("?" * len(rows[0]))
            self._quipux.executemany(f"insert into {table} values ({marks})", rows)  # noqa: S608

    def add(self, table: str, **columns) -> None:
        """One more row; all rows of a table name the same columns."""
        self._rows[table].append(columns)

    def _code(self, name: str, start: int = 100_001) -> str:
        """The next value of a sequence; all of one length, so that text order is numeric order."""
        self._next[name] += 1
        return str(start + self._next[name] - 1)

    def _id(self, when: datetime, area: str, kind: int) -> str:
        year = when.astimezone(GUAYAQUIL).year
        self._next[year, area] += 1
        return document_id(year, area, self._next[year, area], kind)

    def _number(self, when: datetime, area: str, kind: str) -> str:
        year = when.astimezone(GUAYAQUIL).year
        self._next["número", year, area, kind] += 1
        place = AREAS[area]
        sigla = INSTITUTIONS[place.inst].sigla
        return f"{sigla}-{place.sigla}-{year}-{self._next['número', year, area, kind]:04d}-{kind}"

    def attach(self, radi: str, attachments: Iterable[Attachment], when: datetime, store: str) -> list[str]:
        """Add annexes to a document; returns their codes."""
        codes = []
        for number, item in enumerate(attachments, start=1):
            extension = item.nombre.rpartition(".")[2].lower() if item.data is not None else "pdf"
            code = f"{radi}_{number:05d}"
            path, arch = "", "0"
            if item.data is not None and store == DISK:
                path = f"/{radi[:4]}/{radi[4:10]}/docs/{code}.{extension}"
                self.files.on_disk(path, item.data)
            elif item.data is not None:
                arch = self.files.keep(item.nombre, item.data, when)
            size = len(item.data or b"") / (1000 if path else 1024)
            self.add(
                "anexos", anex_codigo=code, anex_radi_nume=radi, anex_numero=number,
                anex_tipo=demo_schema.ATTACHMENT_TYPES[extension], anex_nombre=item.nombre, anex_desc=item.descripcion,
                anex_fecha=stamp(when), anex_tamano=round(size, 3), anex_fisico=int(item.data is None),
                anex_borrado="S" if item.borrado else "N", anex_path=path, arch_codi=arch, arch_codi_firma="0",
            )  # fmt: skip
            codes.append(code)
        return codes

    # Documents

    def send(self, letter: Letter) -> Sent:
        """Write an internal document and, when it was sent, one copy per recipient."""
        author = letter.author
        radi, numero = self._id(letter.when, author.area, 0), self._number(letter.when, author.area, letter.kind)
        pdf = self._pdf(letter, numero) if letter.store in (DISK, BODEGA) else b""
        signer = (author.nombre, author.cedula, letter.when)
        place = self.files.main(radi, pdf, letter.store, letter.signature, signer)
        text = None
        if letter.html is not None:
            text = self._code("text_codi")
            self.add(
                "radi_texto", text_codi=text, radi_nume_radi=radi, text_fecha=stamp(letter.when), text_texto=letter.html
            )  # fmt: skip
        common = place | {"radi_texto": text}
        self._document(letter, radi, radi, numero, letter.state, letter.to, letter.cc, common)
        self._participants(letter, radi)
        self.attach(radi, letter.attachments, letter.when, DISK if letter.store == DISK else BODEGA)
        sent = Sent(radi, numero, letter.when)
        self.event(radi, 2, author, author, letter.when - timedelta(hours=2), "Elaboración del documento")
        if letter.state in (0, 3, 6):
            self.event(radi, 65, author, letter.to[0], letter.when, f"Documento No. {numero}<br>Firmado y enviado")
            self._copies(letter, sent, common)
        if letter.state == 0:
            self.event(radi, 13, author, author, letter.when + timedelta(days=3), "Trámite concluido")
        return sent

    def register(
        self, letter: Letter, inst: str, *, dated: datetime, image: bool,
        radi: str | None = None, numero: str | None = None, clerk: Account | None = None,
    ) -> Sent:  # fmt: skip
        """Register at the counter what came on paper: `letter.when` is the registration, `dated` the letter's own date.

        The scan is an annex; with `image` the document points to it (`radi_imagen`), else by its /docs/ path on disk.
        Id, number and who registers may be given; they default to the counter's next and its clerk.
        """
        clerk = clerk or demo_people.clerk_of(inst)
        area = demo_people.COUNTER[inst]
        radi, numero = radi or self._id(letter.when, area, 2), numero or self._number(letter.when, area, "E")
        pdf = demo_files.letter_pdf("", (), letter.paragraphs, letter.scans)
        scan = (Attachment("solicitud.pdf", pdf, "Documento digitalizado en ventanilla"), *letter.attachments)
        codes = self.attach(radi, scan, letter.when, BODEGA if image else DISK)
        place = {"radi_texto": None, "arch_codi": "0", "arch_codi_firma": "0", "radi_path": "", "radi_imagen": codes[0]}
        if not image:
            place |= {"radi_path": f"/{radi[:4]}/{radi[4:10]}/docs/{codes[0]}.pdf", "radi_imagen": None}
        place |= {"radi_fech_ofic": stamp(dated), "radi_usua_radi": clerk.codi, "radi_inst_actu": inst}
        self._document(letter, radi, radi, numero, letter.state, letter.to, letter.cc, place)
        self._participants(letter, radi)
        self.event(radi, 2, clerk, letter.to[0], letter.when, "Registro en ventanilla")
        sent = Sent(radi, numero, letter.when)
        self._copies(letter, sent, place)
        return sent

    def event(self, radi: str, code: int, origin: Person, target: Person, when: datetime, note: str) -> None:
        """One step of a document's Recorrido."""
        self.add(
            "hist_eventos", hist_codi=self._code("hist_codi"), hist_fech=stamp(when), radi_nume_radi=radi,
            usua_codi_ori=origin.codi, usua_codi_dest=target.codi, sgd_ttr_codigo=code, hist_obse=note,
        )  # fmt: skip

    def inform(self, radi: str, origin: Account, target: Account, when: datetime, note: str) -> None:
        """Informar: a step of the Recorrido and a row of the target's current "informed" tray."""
        self.event(radi, 8, origin, target, when, note)
        self.add(
            "informados", info_codi=self._code("info_codi"), radi_nume_radi=radi, info_desc=note,
            info_fech=when.date().isoformat(), usua_codi=target.codi, usua_info=origin.codi,
        )  # fmt: skip

    def _copies(self, letter: Letter, sent: Sent, place: dict) -> None:
        for person, carbon in [(p, False) for p in letter.to] + [(p, True) for p in letter.cc]:
            if isinstance(person, Citizen):
                continue
            area = letter.author.area if isinstance(letter.author, Account) else demo_people.COUNTER[person.inst]
            radi, numero, extra = self._id(letter.when, area, 1), sent.numero, {}
            foreign = isinstance(letter.author, Account) and letter.author.inst != person.inst
            if foreign:
                # Another institution gives what it receives a number of its own and keeps the sender's as reference.
                numero = self._number(letter.when, person.area, "E")
                extra = {"radi_tipo": 2, "radi_cuentai": sent.numero}
            extra |= {"radi_usua_actu": person.codi, "radi_inst_actu": person.inst}
            dest, cca = ((), (person,)) if carbon else ((person,), ())
            # A manual sending leaves its copies in 5: they wait for the paper.
            state = 5 if letter.state == 3 else letter.copy_state
            self._document(letter, radi, sent.id, numero, state, dest, cca, place | extra)
            self.attach(radi, letter.additional, letter.when, BODEGA)
            self.event(radi, 18, letter.author, person, letter.when, "Envío electrónico del documento")
            if state == 0:
                self.event(radi, 13, person, person, letter.when + timedelta(days=5), "Para archivo")
            sent.copies[person.codi] = radi

    def _document(self, letter, radi, parent, numero, state, dest, cca, extra: dict) -> None:
        signed = letter.signature is not None and letter.store in (DISK, BODEGA)
        author = letter.author
        row = {
            "radi_nume_radi": radi,
            "radi_nume_temp": parent,
            "radi_nume_text": numero,
            "radi_cuentai": "",
            "radi_fech_radi": stamp(letter.when),
            "radi_fech_ofic": stamp(letter.when),
            "radi_fech_firma": stamp(letter.when) if signed else None,
            "radi_nomb_usua_firma": _signature_table(author, letter.when) if signed else None,
            "radi_asunto": escaped(letter.subject),
            "radi_resumen": "",
            "radi_tipo": _KINDS[letter.kind],
            "esta_codi": state,
            "radi_usua_rem": _ids((author,)),
            "radi_usua_dest": _ids(dest),
            "radi_cca": _ids(cca),
            "radi_usua_actu": (dest or cca or (author,))[0].codi,
            "radi_usua_radi": author.codi,
            "radi_inst_actu": getattr(author, "inst", None),
            "radi_permiso": int(letter.reserved),
            "radi_path": "",
            "radi_imagen": None,
            "radi_texto": None,
            "arch_codi": "0",
            "arch_codi_firma": "0",
        }
        self.add("radicado", **(row | extra))

    def _participants(self, letter: Letter, radi: str) -> None:
        for role, people in ((_DE, (letter.author,)), (_PARA, letter.to), (_COPIA, letter.cc)):
            for person in people:
                official = isinstance(person, Account)
                self.add(
                    "usuarios_radicado", usua_radi_codi=self._code("usua_radi_codi"), radi_nume_radi=radi,
                    radi_usua_tipo=role, usua_codi=person.codi, usua_cedula=person.cedula, usua_nombre=person.nombres,
                    usua_apellido=person.apellidos, usua_abr_titulo=person.abr if official else "",
                    usua_cargo=person.cargo if official else "",
                    usua_area=AREAS[person.area].nombre if official else "",
                    usua_institucion=INSTITUTIONS[person.inst].nombre if official else "", usua_email=person.correo,
                )  # fmt: skip

    def _pdf(self, letter: Letter, numero: str) -> bytes:
        inst = INSTITUTIONS[letter.author.inst]
        day = letter.when.astimezone(GUAYAQUIL).strftime("%d/%m/%Y")
        lines = [f"No. {numero}", f"Quito, D.M., {day}", f"De: {letter.author.nombre} - {letter.author.cargo}"]
        lines += [f"Para: {person.nombre}" for person in letter.to]
        lines += [f"Copia: {person.nombre}" for person in letter.cc]
        lines.append(f"Asunto: {letter.subject}")
        return demo_files.letter_pdf(inst.nombre, lines, letter.paragraphs, letter.scans)


def escaped(value: str) -> str:
    """What Quipux's input filter leaves in the database: only ' and < are replaced, > and & stay."""
    return value.replace("'", "′").replace("<", "&lt;")


def _ids(people: Iterable[Person]) -> str:
    return "".join(f"-{person.codi}-" for person in people)


def _signature_table(author: Person, when: datetime) -> str:
    local = when.astimezone(GUAYAQUIL).strftime("%Y-%m-%d %H:%M:%S")
    return (
        f"<table><tr><td>Firmado por</td><td>{author.nombre}</td></tr><tr><td>Cédula</td><td>{author.cedula}</td></tr>"
        f"<tr><td>Fecha</td><td>{local} GMT -05</td></tr></table>"
    )
