"""Who wrote to whom in the demo: every account's documents, and the particular cases of the main person.

Counts are of distinct documents by the rules of the selection (sent, received, copy, reassigned, informed, handed
over). Reassignments and the like are drawn among unnamed active people, so that nobody's count is disturbed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from sources import demo_files, demo_people
from sources.demo_ledger import Attachment, Ledger, Letter, Sent
from sources.demo_people import INSTITUTIONS, Account
from sources.demo_schema import at
from sources.demo_store import BODEGA, DISK, FIRMAEC, P7M

SUBJECTS = (
    "Informe de actividades del mes de {month}",
    "Solicitud de certificación presupuestaria para la adquisición de estanterías",
    "Entrega de inventario documental de la serie «Correspondencia»",
    "Designación de delegado para la comisión de baja de documentos",
    "Convocatoria a reunión técnica sobre el archivo pasivo de Alangasí",
    "Atención a requerimiento ciudadano: búsqueda de partida en el fondo Ñuñurco",
    "Remisión de actas de entrega-recepción de bienes",
    "Pedido de vacaciones – período {year}",
    "Respuesta al Memorando sobre digitalización del fondo O'Leary",
    "Autorización de préstamo de libros a la biblioteca de Guamaní",
    "Observaciones al cuadro general de clasificación documental",
    "Plan anual de capacitación en gestión documental {year}",
    "Recordatorio: actualización de tablas de retención",
    "Justificación de asistencia por comisión de servicios a Píllaro",
    "Criterio jurídico sobre la custodia de archivos históricos",
    "Presentación de propuesta: lectura en kichwa «Ñukanchik kawsay»",
)
_MONTHS = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()
_ANNEXES = (
    "informe técnico.pdf", "acta de reunión.docx", "inventario año 2022.xlsx", "fotografía ñ.jpg", "notas.txt",
    "comprobante electrónico.xml", "respaldos.zip",
)  # fmt: skip
# Distinct documents of each account in the full demo and in the small one.
DOCUMENTS = {
    demo_people.MAIN: (340, 25),
    demo_people.LARGE: (60, 3),
    demo_people.TWO_FIRST: (22, 3),
    demo_people.TWO_SECOND: (9, 2),
    demo_people.LAWYER: (40, 3),
    demo_people.ACCOUNTANT: (12, 2),
    demo_people.DRIVER: (3, 3),
    demo_people.LIBRARIAN: (25, 3),
    demo_people.RESEARCHER: (18, 3),
    demo_people.SECRETARY: (7, 2),
    demo_people.ARCHIVIST: (14, 3),
    demo_people.PALEOGRAPHER: (5, 2),
    demo_people.SERVANT: (15, 5),
}
_SERVANT_TIME = (date(2023, 1, 9), date(2026, 10, 30))


def signature_of(when: datetime) -> str:
    """Old signer until 2023, FirmaEC from 2024."""
    return P7M if when.year < 2024 else FIRMAEC


def storage_of(when: datetime) -> str:
    """Disk until 2022, second database from 2023."""
    return DISK if when.year < 2023 else BODEGA


@dataclass(slots=True)
class Writer:
    """Writes one account's ordinary documents. `scan` gives the scanned pages of the next letter."""

    ledger: Ledger
    account: Account
    rng: Random
    scan: Callable[[], tuple[bytes, ...]] = tuple
    annex_share: float = 0.35
    annex_weight: int = 8
    p7m: bool = True

    def colleagues(self, number: int, *, foreign: bool = False) -> list[Account]:
        """Unnamed active people of the same institution (or of another one in force)."""
        home = self.account.inst
        if foreign:
            fits = [a for a in demo_people.staff() if a.inst != home and INSTITUTIONS[a.inst].en_vigencia]
        else:
            fits = [a for a in demo_people.staff() if a.inst == home]
        return self.rng.sample(fits, min(number, len(fits)))

    def moment(self) -> datetime:
        """A working hour of a working day in the account's time."""
        since, until = (self.account.desde, self.account.hasta) if self.account.desde else _SERVANT_TIME
        day = since + timedelta(days=self.rng.randrange(5, (until - since).days - 10))
        day -= timedelta(days=max(0, day.weekday() - 4))
        return at(day, self.rng.randint(8, 16), self.rng.randrange(60))

    def letter(self, author: Account, to: tuple[Account, ...], **rest) -> Letter:
        """An ordinary letter of this account's time; `rest` replaces any of its fields."""
        when = rest.pop("when", None) or self.moment()
        subject = self.rng.choice(SUBJECTS).format(month=_MONTHS[when.month - 1], year=when.year)
        signature = signature_of(when) if self.rng.random() < 0.7 else None
        if signature == P7M and not self.p7m:
            signature = None
        extent = self.rng.choice((1, 2, 2, 3, 4, 9))
        paragraphs = tuple(self.rng.choices(demo_files.PARAGRAPHS, k=extent))
        letter = Letter(
            author, to, when, subject, store=storage_of(when), signature=signature, paragraphs=paragraphs,
            scans=self.scan(), attachments=self.annexes(),
        )  # fmt: skip
        return replace(letter, **rest)

    def annexes(self) -> tuple[Attachment, ...]:
        if self.rng.random() >= self.annex_share:
            return ()
        names = self.rng.sample(_ANNEXES, self.rng.choice((1, 1, 2)))
        return tuple(self.annex(name) for name in names)

    def annex(self, name: str) -> Attachment:
        weight = self.rng.randint(1, self.annex_weight)
        title = f"{name.rpartition('.')[0].capitalize()} {self.rng.randint(1, 9999)}"
        return Attachment(name, demo_files.attachment(name.rpartition(".")[2], title, weight), title)

    # The motives by which a document belongs to a person. Each method adds exactly one.

    def sent(self, **rest) -> Sent:
        kind = rest.pop("kind", self.rng.choice("MMMMOC"))
        to = tuple(self.colleagues(self.rng.choice((1, 1, 1, 2)), foreign=kind == "O"))
        cc = tuple(self.colleagues(1)) if self.rng.random() < 0.2 else ()
        state = rest.pop("state", self.rng.choice((6, 6, 6, 6, 0, 3)))
        cc = tuple(person for person in cc if person not in to)
        return self.ledger.send(self.letter(self.account, to, cc=cc, kind=kind, state=state, **rest))

    def received(self, **rest) -> Sent:
        foreign = rest.pop("foreign", self.rng.random() < 0.15)
        author, *others = self.colleagues(self.rng.choice((1, 1, 2)), foreign=foreign)
        rest.setdefault("copy_state", self.rng.choice((2, 2, 0)))
        kind = "O" if foreign else "M"
        return self.ledger.send(self.letter(author, (self.account, *others), kind=kind, **rest))

    def copied(self, **rest) -> Sent:
        author, other = self._pair()
        return self.ledger.send(self.letter(author, (other,), cc=(self.account,), **rest))

    def reassigned_to(self, *, onwards: bool = False, **rest) -> Sent:
        """Somebody's document that came by Reasignar; `onwards`: and was reassigned again, so it is in both trays."""
        sent, holder = self._colleagues_document(**rest)
        radi = sent.copies[holder.codi]
        self._step(radi, 9, holder, self.account, sent.when, 2, "Favor atender y responder dentro del plazo")
        if onwards:
            self._step(radi, 9, self.account, self._other(holder), sent.when, 4, "Atendido; continúe el trámite")
        return sent

    def reassigned_by(self) -> Sent:
        """Received and then passed on: in both trays."""
        sent = self.received(copy_state=2)
        radi = sent.copies[self.account.codi]
        self._step(radi, 9, self.account, self._pair()[0], sent.when, 1, "Para su atención<br>según lo conversado")
        return sent

    def informed(self) -> Sent:
        sent, holder = self._colleagues_document()
        when = sent.when + timedelta(days=1, minutes=self.rng.randrange(300))
        self.ledger.inform(sent.copies[holder.codi], holder, self.account, when, "Para su conocimiento")
        return sent

    def handed_over(self) -> Sent:
        """What Quipux moved to this account when a colleague's was inactivated: the administrator is the origin."""
        sent, holder = self._colleagues_document()
        self._step(
            sent.copies[holder.codi], 10, administrator_of(self.account), self.account, sent.when, 6,
            f"Traspaso por inactivación de la cuenta de {holder.nombre}",
        )  # fmt: skip
        return sent

    def many(self, number: int) -> None:
        """`number` documents in the proportions of a working life."""
        ways = {
            self.sent: 48, self.received: 32, self.copied: 7, self.reassigned_to: 4, self.reassigned_by: 4,
            self.informed: 3, self.handed_over: 2,
        }  # fmt: skip
        for way in self.rng.choices(list(ways), list(ways.values()), k=number):
            way()

    def _pair(self) -> tuple[Account, Account]:
        author, reader = self.colleagues(2)
        return author, reader

    def _other(self, one: Account) -> Account:
        return next(a for a in self._pair() if a != one)

    def _colleagues_document(self, **rest) -> tuple[Sent, Account]:
        author, holder = self._pair()
        return self.ledger.send(self.letter(author, (holder,), copy_state=2, **rest)), holder

    def _step(self, radi, code, origin, target, when, days, note) -> None:
        moment = when + timedelta(days=days, minutes=self.rng.randrange(300))
        self.ledger.event(radi, code, origin, target, moment, note)


def administrator_of(account: Account) -> Account:
    """Whoever administers Quipux in the account's institution."""
    named = {demo_people.SNBAP: demo_people.AIQ_PRINCIPAL, demo_people.IEPH: demo_people.AIQ_OTHER}
    return named.get(account.inst) or demo_people.clerk_of(account.inst)


def write_people(ledger: Ledger, *, small: bool) -> None:
    """The documents of everyone in DOCUMENTS except MAIN, whose story is told apart."""
    for account, sizes in DOCUMENTS.items():
        if account is demo_people.MAIN:
            continue
        writer = Writer(ledger, account, Random(f"story {account.codi}"), annex_weight=2 if small else 8)
        if account is demo_people.LARGE and not small:
            # Heavy pages in each. No .p7m here: it would hold the same megabytes a second time.
            writer.scan = lambda rng=writer.rng: tuple(demo_files.scan_jpeg(n) for n in rng.sample(range(1, 13), 2))
            writer.p7m = False
        writer.many(sizes[small])
