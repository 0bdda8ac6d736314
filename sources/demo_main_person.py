"""The documents of the demo's main person: ordinary ones in every tray, and one of each case that is hard to back up.

The subjects below are exported: tests and the demo's own requests find the cases by them.
"""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from sources import demo_files, demo_people
from sources.demo_ledger import Attachment, Ledger, Letter
from sources.demo_people import MAIN, READER, SNBAP
from sources.demo_schema import at
from sources.demo_store import DISK, FIRMAEC, MISSING, NOWHERE, P7M
from sources.demo_story import DOCUMENTS, Writer

SIGNED_ON_DISK = "Informe firmado: inventario del fondo Ñauñay"
SIGNED_IN_BODEGA = "Acta firmada de transferencia primaria"
SIGNED_FIRMAEC = "Resolución firmada con FirmaEC"
ALL_FORMATS = "Entrega de productos con anexos en todos los formatos"
MISSING_FILE = "Convenio de cooperación con la Prefectura (archivo perdido)"
RESERVED = "Informe confidencial sobre expediente disciplinario"
TEXT_ONLY = "Nota interna sin archivo generado"
QUOTES = "Respuesta a \"Observaciones\" del fondo 'O'Leary' & Cía."
HALF_ESCAPED = "<b>Urgente</b>: actualización de índices"
FORMULA = "=1+1 Prueba de conciliación de saldos"
LAST_MINUTE = "Cierre del año fiscal, último minuto"
MIDNIGHT = "Apertura del año fiscal, primera hora"
FROM_CITIZEN = "Consulta ciudadana sobre préstamo interbibliotecario"
FROM_OTHER_INSTITUTION = "Oficio de otra institución sobre archivo de páramos"
BOTH_WAYS = "Trámite reasignado a la servidora y por la servidora"
# Near misses: no rule of the selection may bring them.
DRAFT, DELETED, LOOK_ALIKE, SENT_COPY, REDIRECTED, REGISTERED = EXCLUDED = (
    "Borrador que nunca se envió",
    "Documento eliminado",
    "Documento de la cuenta 1110",
    "Copia recibida en estado Enviado",
    "Documento dirigido a la servidora",
    "Documento externo que solo registró",
)
_TEXT = (
    "<p>Estimada compañera:</p><p>La reunión se traslada al <b>viernes</b> a las 10h00, en la biblioteca de Cotacachi. "
    "Lleve, por favor, el inventario &ldquo;Ñ&rdquo;.</p><ul><li>Actas</li><li>Tabla de retención</li></ul>"
)


def write_main_person(ledger: Ledger, *, small: bool) -> None:
    """All of MAIN's documents: the named cases, the near misses, and ordinary ones up to the number in DOCUMENTS."""
    writer = Writer(ledger, MAIN, Random("story main"), annex_weight=2 if small else 10)
    cases = _sent_cases(writer) + _received_cases(writer)
    _near_misses(writer)
    if not small:
        pages = iter(range(1, 1_000_000))
        # One letter in five carries a scanned page; eight pages serve them all.
        writer.scan = lambda: (demo_files.scan_jpeg(n % 8, 690),) if (n := next(pages)) % 5 == 0 else ()
    writer.many(DOCUMENTS[MAIN][small] - cases)


def _sent_cases(writer: Writer) -> int:
    """What she wrote; returns how many."""
    colleague, other = writer.colleagues(2)
    base = Letter(MAIN, (colleague,), at(date(2022, 5, 10), 11, 5), "", cc=(other,))
    annexes = tuple(
        writer.annex(f"anexo {number} año ñandú.{extension}")
        for number, extension in enumerate(("pdf", "docx", "xlsx", "jpg", "txt", "xml", "zip"), start=1)
    )
    spare = (
        Attachment("versión anterior.docx", b"descartada", "Borrada antes de enviar", borrado=True),
        Attachment("llave del repositorio", None, "Anexo físico: una llave y dos libros"),
    )
    letters = [
        replace(base, subject=SIGNED_ON_DISK, store=DISK, signature=P7M, attachments=annexes[:1]),
        replace(base, subject=SIGNED_IN_BODEGA, when=at(date(2023, 4, 18), 9), signature=P7M),
        replace(base, subject=SIGNED_FIRMAEC, when=at(date(2025, 3, 6), 15, 40), signature=FIRMAEC, kind="R"),
        replace(base, subject=ALL_FORMATS, when=at(date(2024, 7, 2), 14), attachments=annexes + spare),
        replace(base, subject=MISSING_FILE, when=at(date(2023, 9, 14), 10), store=MISSING, attachments=annexes[2:3]),
        replace(base, subject=RESERVED, when=at(date(2025, 10, 8), 12), reserved=True, attachments=annexes[4:5]),
        replace(base, subject=TEXT_ONLY, when=at(date(2021, 11, 4), 16), store=NOWHERE, html=_TEXT),
        replace(base, subject=QUOTES, when=at(date(2021, 6, 21), 9), store=DISK),
        replace(base, subject=HALF_ESCAPED, when=at(date(2024, 2, 15), 9)),
        replace(base, subject=FORMULA, when=at(date(2022, 12, 1), 9), store=DISK, state=0),
        replace(base, subject=LAST_MINUTE, when=at(date(2023, 12, 31), 23, 30)),
        replace(base, subject=MIDNIGHT, when=at(date(2024, 1, 1), 0, 0), state=3),
    ]
    for letter in letters:
        writer.ledger.send(letter)
    return len(letters)


def _received_cases(writer: Writer) -> int:
    """What came to her, one by each motive; returns how many."""
    writer.received(subject=FROM_OTHER_INSTITUTION, foreign=True)
    # Its own date is of the year before: the range goes by the registration.
    _citizen_letter(writer, FROM_CITIZEN, MAIN, date(2024, 1, 5), dated=date(2023, 12, 20))
    writer.reassigned_to(onwards=True, subject=BOTH_WAYS)
    writer.reassigned_by()
    writer.informed()
    writer.handed_over()
    additional = Attachment("adicional de la copia.txt", demo_files.text("Adicional", 3), "Del receptor")
    writer.copied(additional=(additional,))
    received = writer.received(foreign=False, copy_state=2)
    # When her account was inactivated the open document went to a colleague; it stays hers by the first sending.
    writer.ledger.event(
        received.copies[MAIN.codi], 10, demo_people.AIQ_PRINCIPAL, writer.colleagues(1)[0],
        at(MAIN.hasta, 17, 45), f"Traspaso por inactivación de la cuenta de {MAIN.nombre}",
    )  # fmt: skip
    return 8


def _near_misses(writer: Writer) -> None:
    colleague, other = writer.colleagues(2)
    base = Letter(MAIN, (colleague,), at(date(2025, 5, 20), 11, 5), "")
    send = writer.ledger.send
    send(replace(base, subject=DRAFT, state=1, store=NOWHERE))
    send(replace(base, subject=DELETED, state=7, store=NOWHERE))
    look_alike = next(a for a in demo_people.staff() if a.codi == "1110")
    send(replace(base, subject=LOOK_ALIKE, author=colleague, to=(look_alike,)))
    send(replace(base, subject=SENT_COPY, author=colleague, to=(MAIN,), copy_state=6))
    redirected = send(replace(base, subject=REDIRECTED, author=colleague, to=(other,)))
    writer.ledger.event(
        redirected.copies[other.codi], 28, other, MAIN, base.when + timedelta(days=1), "Dirigir documento"
    )  # fmt: skip
    _citizen_letter(writer, REGISTERED, other, date(2025, 6, 3), dated=date(2025, 6, 2), clerk=MAIN)


def _citizen_letter(writer, subject, to, day, *, dated, clerk=None) -> None:
    letter = Letter(READER, (to,), at(day, 9, 20), subject, kind="E", paragraphs=("Quito, D.M.", "Estimados señores:"))
    writer.ledger.register(letter, SNBAP, dated=at(dated, 9), image=False, clerk=clerk)
