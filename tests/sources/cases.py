"""Fictional documents of account 120 in 2019, one for each rule of storage, beside the seed's (account 110, 2018).

`load` writes them into a PostgreSQL Quipux, its bodega and a folder; the SQLite twin is converted from that.
"""

import base64
from pathlib import Path

import psycopg

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n"
DER = b"\x30\x82\x05\x10" + bytes(range(200))
LARGE = b"%PDF-1.7\n" + bytes(range(256)) * 4_000
WORD = b"PK\x03\x04 a document of another kind"

# A name for each case → its id; day N of January 2019 in this order, so that the order by date is known.
NAMES = (
    "pair", "same_code", "signed_only", "disk", "disk_twins", "disk_signed_only", "disk_case", "traversal", "directory",
    "no_code", "bad_base64", "text_only", "image", "path_and_code", "physical", "twice", "bad_table", "gone_table",
    "no_date", "nothing", "wrapped", "large", "docs_path", "outside_link", "der_called_pdf",
)  # fmt: skip
ID = {name: f"2019000101{n:09d}0" for n, name in enumerate(NAMES, 100)}
COPY, PARENT = "20190001010000005001", "20190001010000005000"
RESERVED, RESERVED_PARENT, RESERVED_COPY = "20190001010000006000", "20190001010000006010", "20190001010000006011"
REDIRECTED, OTHER_ACCOUNT = "20190001010000007001", "20190001010000008000"
FIRST_INSTANT, BEFORE_FIRST = "20200001010000000100", "20190001010000009990"
PETITIONS = {
    "mine": "20190001000000000112", "other_inst": "20190001000000000122", "reserved": "20190001000000000132",
    "old": "20160001000000000142", "internal": "20190001000000000150", "deleted": "20190001000000000162",
    "percent": "20190001000000000172",
}  # fmt: skip

CONTENT = {10: PDF, 11: DER, 12: PDF + b"signed", 13: PDF + b"only signed", 14: PDF + b"code wins", 15: WORD, 22: PDF * 20, 23: LARGE}
_STORAGE = {
    "pair": {"arch_codi": 10, "arch_codi_firma": 11},
    "same_code": {"arch_codi": 12, "arch_codi_firma": 12},
    "signed_only": {"arch_codi_firma": 13},
    "disk": {"radi_path": "/2019/000101/disk.pdf"},
    "disk_twins": {"radi_path": "/2019/000101/twins.pdf.p7m"},
    "disk_signed_only": {"radi_path": "/2019/000101/lonely.pdf.p7m"},
    "disk_case": {"radi_path": "/2019/000101/Oficio_CASE.PDF"},
    "traversal": {"radi_path": "/docs/../../etc/passwd"},
    "directory": {"radi_path": "/2019/000101/folder.pdf"},
    "no_code": {"arch_codi": 4},
    "bad_base64": {"arch_codi": 20},
    "text_only": {"radi_texto": 900},
    "image": {"radi_path": "/2019/000101/disk.pdf", "radi_imagen": f"{ID['image']}_00001"},
    "path_and_code": {"radi_path": "/2019/000101/disk.pdf", "arch_codi": 14},
    "twice": {"radi_path": "/2019/000101/docs/twice.pdf"},
    "bad_table": {"arch_codi": 30},
    "gone_table": {"arch_codi": 31},
    "wrapped": {"arch_codi": 22},
    "large": {"arch_codi": 23},
    "docs_path": {"radi_path": "/2019/000101/docs/letter.DOCX"},
    "outside_link": {"radi_path": "/2019/000101/link.pdf"},
    "der_called_pdf": {"arch_codi": 11},
}


def load(quipux: psycopg.Connection, bodega: psycopg.Connection, root: Path) -> None:
    quipux.execute("set timezone = 'America/Guayaquil'")
    _people(quipux)
    for day, name in enumerate(NAMES, 1):
        document(quipux, ID[name], fecha=f"2019-01-{day:02d} 08:00", asunto=name, **_STORAGE.get(name, {}))
    quipux.execute("update radicado set radi_fech_ofic = null where radi_nume_radi = %s", [ID["no_date"]])
    _related(quipux)
    _attachments(quipux)
    _petitions(quipux)
    _text(quipux)
    _bodega(bodega)
    _disk(root)


def insert(connection: psycopg.Connection, table: str, **values) -> None:
    columns = ", ".join(values)
    connection.execute(f"insert into {table} ({columns}) values ({', '.join(['%s'] * len(values))})", list(values.values()))


def document(connection: psycopg.Connection, id: str, *, fecha: str, asunto: str, **columns) -> None:
    insert(connection, "radicado", **{
        "radi_nume_radi": id, "radi_nume_temp": id, "radi_nume_text": f"MPRU-{id[-6:]}", "radi_fech_radi": fecha,
        "radi_fech_ofic": fecha, "radi_asunto": asunto, "radi_tipo": 3, "esta_codi": 6, "radi_usua_rem": "-120-",
        "radi_usua_dest": "-111-", "radi_inst_actu": 10, **columns,
    })  # fmt: skip


def _people(quipux) -> None:
    row = {"usua_nomb": "Jesús", "usua_apellido": "Ñacata", "usua_cargo": "Analista &amp; Asesor", "depe_codi": 101, "inst_codi": 10}
    insert(quipux, "usuarios", usua_codi=120, usua_cedula="1700000068-120", usua_esta=0, **row,
           usua_email="a@x.test, b@x.test;a@x.test")  # fmt: skip
    insert(quipux, "usuarios", usua_codi=121, usua_cedula="1700000068", usua_esta=1, cargo_tipo=2, usua_subrogado=111, **row)
    insert(quipux, "usuarios", usua_codi=122, usua_cedula="AB12345-122", usua_esta=0, **row)
    insert(quipux, "usuarios", usua_codi=5001, usua_cedula="1700000076", usua_esta=1, usua_nomb="Otro", inst_codi=20)


def _related(quipux) -> None:
    quipux.execute("insert into sgd_ttr_transaccion values (28, 'Dirigir Documento')")
    received = {"esta_codi": 2, "radi_usua_rem": "-111-", "radi_usua_dest": "-120-"}
    document(quipux, PARENT, fecha="2019-03-01", asunto="parent", radi_usua_rem="-111-", radi_usua_dest="-120-", arch_codi=10)
    document(quipux, COPY, fecha="2019-03-02", asunto="copy", radi_nume_temp=PARENT, **received)
    document(quipux, RESERVED, fecha="2019-04-01", asunto="secret", radi_permiso=1)
    document(quipux, RESERVED_PARENT, fecha="2019-04-02", asunto="secret parent", radi_usua_rem="-111-", radi_permiso=2)
    document(quipux, RESERVED_COPY, fecha="2019-04-03", asunto="open copy", radi_nume_temp=RESERVED_PARENT, **received)
    document(quipux, REDIRECTED, fecha="2019-05-01", asunto="directed", esta_codi=2, radi_usua_rem="-111-")
    insert(quipux, "hist_eventos", hist_fech="2019-05-02", radi_nume_radi=REDIRECTED, usua_codi_ori=111, usua_codi_dest=120,
           sgd_ttr_codigo=28, hist_obse="véase<br>el <b>anexo</b> &lt;urgente>")  # fmt: skip
    document(quipux, OTHER_ACCOUNT, fecha="2019-06-01", asunto="as deputy", radi_usua_rem="-121-")
    document(quipux, FIRST_INSTANT, fecha="2020-01-01 00:00", asunto="first instant")
    document(quipux, BEFORE_FIRST, fecha="2019-12-31 23:59:59", asunto="last instant")
    # Rubbish in a participant list matches nobody and breaks nothing.
    document(quipux, "20190001010000009970", fecha="2019-07-01", asunto="rubbish", radi_usua_rem="--x-1120-12O--1200--")
    for role, codi, name in ((1, 111, "Marta"), (2, 120, "Jesús"), (3, 210, "Iván")):
        insert(quipux, "usuarios_radicado", radi_nume_radi=PARENT, radi_usua_tipo=role, usua_codi=codi, usua_nombre=name,
               usua_apellido="Antes", usua_abr_titulo="Dr.", usua_cargo="Cargo de entonces", usua_institucion="MPRU")  # fmt: skip


def _attachments(quipux) -> None:
    def attach(owner: str, number: int, nombre: str, **columns) -> None:
        insert(quipux, "anexos", **{
            "anex_codigo": f"{owner}_{number:05d}", "anex_radi_nume": owner, "anex_numero": number, "anex_tipo": 7,
            "anex_nombre": nombre, "anex_desc": f"sobre {nombre}", "anex_borrado": "N", **columns,
        })  # fmt: skip

    attach(PARENT, 2, "second of parent.pdf", arch_codi=14)
    attach(PARENT, 1, "first of parent.doc", arch_codi=15, anex_tipo=1)
    attach(PARENT, 3, "deleted.pdf", arch_codi=13, anex_borrado="S")
    attach(COPY, 1, "own.pdf", arch_codi=12, arch_codi_firma=11)
    attach(ID["image"], 1, "scan.pdf", arch_codi=14)
    attach(ID["physical"], 1, "a CD", anex_fisico=1)
    attach(ID["physical"], 2, "a CD that was copied", anex_fisico=1, anex_path="/2019/000101/disk.pdf")
    attach(ID["physical"], 3, "lost.pdf")
    attach(ID["twice"], 1, "again.pdf", anex_path="/2019/000101/docs/TWICE.pdf")


def _petitions(quipux) -> None:
    counter = {"esta_codi": 2, "radi_usua_rem": "-900-", "radi_tipo": 2}
    when = "2019-09-01 10:00"
    document(quipux, PETITIONS["mine"], fecha=when, asunto="Petición de respaldo", arch_codi=10, **counter)
    document(quipux, PETITIONS["other_inst"], fecha=when, asunto="Petición ajena", **{**counter, "radi_inst_actu": 20})
    document(quipux, PETITIONS["reserved"], fecha=when, asunto="Petición secreta", radi_permiso=1, **counter)
    document(quipux, PETITIONS["old"], fecha="2016-09-01", asunto="Petición antigua", **counter)
    document(quipux, PETITIONS["internal"], fecha=when, asunto="Petición interna", **counter)
    document(quipux, PETITIONS["deleted"], fecha=when, asunto="Petición eliminada", **{**counter, "esta_codi": 7})
    document(quipux, PETITIONS["percent"], fecha="2019-08-01", asunto="Peticiones 100% listas", **{**counter, "radi_usua_rem": "-x--1-"})
    insert(quipux, "usuarios_radicado", radi_nume_radi=PETITIONS["percent"], radi_usua_tipo=1, usua_nombre="Ángel",
           usua_apellido="Muñoz", usua_cedula="1700000084")  # fmt: skip


def _text(quipux) -> None:
    body = "<p onclick='x()'>Señor <b>Director</b><script>alert(1)</script></p><img src='http://x/y.png'>&lt;fin&gt;"
    insert(quipux, "radi_texto", text_codi=900, radi_nume_radi=ID["text_only"], text_texto=body)


def _bodega(bodega) -> None:
    for code, content in CONTENT.items():
        store(bodega, code, base64.b64encode(content).decode())
    bodega.execute("update archivo_0001 set archivo = %s where arch_codi = 22", [base64.encodebytes(CONTENT[22]).decode()])
    store(bodega, 21, "UERG" * 4 + "UA==" + "UERG")
    store(bodega, 20, base64.b64encode(PDF).decode() + "*no es base64*")
    bodega.execute("insert into indice(indi_codi, nombre_tabla) values (2, 'archivo; select 1'), (3, 'archivo_0099')")
    bodega.execute("insert into archivo(arch_codi, indi_codi) values (30, 2), (31, 3)")


def store(bodega, code: int, text: str) -> None:
    insert(bodega, "archivo", arch_codi=code, nombre=f"{code}", tamanio=len(text) // 8 * 6, indi_codi=1)
    insert(bodega, "archivo_0001", arch_codi=code, archivo=text)


def _disk(root: Path) -> None:
    area = root / "2019" / "000101"
    (area / "docs").mkdir(parents=True)
    (area / "folder.pdf").mkdir()
    files = {"disk.pdf": PDF, "twins.pdf": PDF, "twins.pdf.p7m": DER, "lonely.pdf.p7m": PDF, "oficio_case.pdf": PDF,
             "docs/twice.pdf": PDF, "docs/letter.docx": WORD}  # fmt: skip
    for name, content in files.items():
        (area / name).write_bytes(content)
    outside = root.parent / "outside.pdf"
    outside.write_bytes(PDF)
    (area / "link.pdf").symlink_to(outside)
