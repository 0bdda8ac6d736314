"""Who lives in the demo Quipux: institutions, areas, accounts and the citizens who write to the counter.

All of them are invented. Cédulas and RUC carry right check digits, because every form of the site checks them.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from random import Random

from stdnum.ec import ci, ruc

SNBAP, IEPH, STAH, CIUDADANOS = "10", "20", "30", "1"


def _cedula(key: str) -> str:
    """A cédula with a right check digit, always the same for the same key."""
    rng = Random(f"cedula {key}")
    stem = f"{rng.randint(1, 24):02d}{rng.randint(0, 5)}{rng.randint(0, 999_999):06d}"
    return next(stem + digit for digit in "0123456789" if ci.is_valid(stem + digit))


def _ruc(stem: str) -> str:
    """A public institution's RUC: 8 digits with a 6 in third place, the check digit, and establishment 0001.

    One stem in eleven has no check digit (remainder 10): StopIteration tells whoever adds such an institution.
    """
    return next(f"{stem}{digit}0001" for digit in "0123456789" if ruc.is_valid(f"{stem}{digit}0001"))


@dataclass(frozen=True, slots=True)
class Institution:
    codi: str
    nombre: str
    sigla: str
    ruc: str
    dominio: str
    en_vigencia: bool = True


@dataclass(frozen=True, slots=True)
class Area:
    codi: str
    nombre: str
    sigla: str
    inst: str


@dataclass(frozen=True, slots=True)
class Account:
    """One row of `usuarios`. `desde`/`hasta` bound the time worked of an inactive account (its documents' dates)."""

    codi: str
    nombres: str
    apellidos: str
    cargo: str
    area: str
    inst: str
    correo: str
    cedula: str
    abr: str = "Sr."
    perfil: int = 0
    activa: bool = True
    desde: date | None = None
    hasta: date | None = None
    subrogado: str | None = None

    @property
    def nombre(self) -> str:
        return f"{self.nombres} {self.apellidos}"

    @property
    def cedula_quipux(self) -> str:
        """Quipux suffixes the code when it inactivates the account."""
        return self.cedula if self.activa else f"{self.cedula}-{self.codi}"

    @property
    def login(self) -> str:
        return f"U{self.cedula}" if self.activa else f"l{self.codi}"


@dataclass(frozen=True, slots=True)
class Citizen:
    """One row of `ciudadano`; its code shares the sequence of the accounts."""

    codi: str
    cedula: str
    nombres: str
    apellidos: str
    correo: str

    @property
    def nombre(self) -> str:
        return f"{self.nombres} {self.apellidos}"


INSTITUTIONS = {
    i.codi: i
    for i in (
        Institution(CIUDADANOS, "Ciudadanos", "CIUDADANO", "0000000000000", ""),
        Institution(
            SNBAP, "Servicio Nacional de Bibliotecas y Archivos Públicos", "SNBAP", _ruc("17681520"), "demo.gob.ec"
        ),
        Institution(IEPH, "Instituto de Estudios de Páramos y Humedales", "IEPH", _ruc("06681340"), "otra.gob.ec"),
        Institution(
            STAH, "Secretaría Técnica de Archivos Históricos", "STAH", _ruc("17681770"), "stah.demo.gob.ec", False
        ),
    )
}
AREAS = {
    a.codi: a
    for a in (
        Area("1", "Ciudadanos", "CIU", CIUDADANOS),
        Area("1001", "Dirección Ejecutiva", "DE", SNBAP),
        Area("1002", "Dirección de Gestión Documental y Archivo", "DGDA", SNBAP),
        Area("1003", "Dirección de Bibliotecas Públicas", "DBP", SNBAP),
        Area("1004", "Dirección Administrativa Financiera", "DAF", SNBAP),
        Area("1005", "Dirección de Administración del Talento Humano", "DATH", SNBAP),
        Area("1006", "Coordinación Jurídica", "CJ", SNBAP),
        Area("1007", "Dirección de Tecnologías de la Información", "DTI", SNBAP),
        Area("2001", "Dirección General", "DG", IEPH),
        Area("2002", "Coordinación de Investigación de Páramos", "CIP", IEPH),
        Area("2003", "Unidad Administrativa y de Archivo", "UAA", IEPH),
        Area("3001", "Secretaría Técnica", "ST", STAH),
        Area("3002", "Unidad de Archivo Histórico", "UAH", STAH),
    )
}
# The area that keeps the counter of each institution.
COUNTER = {SNBAP: "1002", IEPH: "2003", STAH: "3002"}


def _fixed(codi, nombres, apellidos, cargo, area, correo, abr="Ing.", **rest) -> Account:
    cedula = rest.pop("cedula", None) or _cedula(codi)
    return Account(codi, nombres, apellidos, cargo, area, AREAS[area].inst, correo, cedula, abr, **rest)


AIQ_PRINCIPAL = _fixed(
    "101", "Rosa Elena", "Chicaiza Ñacato", "Administradora Institucional Quipux", "1002", "aiq@demo.gob.ec"
)
AIQ_BACKUP = _fixed(
    "102", "Mayra Alexandra", "Cumbal Toapanta", "Analista de Soporte Informático", "1007", "respaldo@demo.gob.ec"
)
SERVANT = _fixed(
    "103", "Luis Alberto", "Tituaña Anrango", "Analista de Bibliotecas 1", "1003", "servidor@demo.gob.ec", "Lcdo."
)
AIQ_OTHER = _fixed(
    "201", "Hernán Patricio", "Quinatoa Toaquiza", "Administrador Institucional Quipux", "2003", "aiq@otra.gob.ec"
)


def _former(codi, nombres, apellidos, cargo, area, user, desde, hasta, **rest) -> Account:
    correo = f"{user}@{INSTITUTIONS[AREAS[area].inst].dominio}"
    return _fixed(codi, nombres, apellidos, cargo, area, correo, activa=False, desde=desde, hasta=hasta, **rest)


MAIN = _former(
    "110", "María Fernanda", "Ñauñay Quishpe", "Analista de Gestión Documental 2", "1002", "maria.naunay",
    date(2021, 2, 1), date(2026, 6, 30), abr="Lcda.",
)  # fmt: skip
EMPTY = _former(
    "111", "Segundo Manuel", "Guamán Lema", "Guardalmacén", "1004", "segundo.guaman",
    date(2024, 9, 2), date(2024, 10, 31), abr="Sr.",
)  # fmt: skip
LARGE = _former(
    "112", "José Vicente", "Túqueres Muñoz", "Técnico de Digitalización de Fondos", "1003", "jose.tuqueres",
    date(2022, 1, 10), date(2025, 12, 31), abr="Tlgo.",
)  # fmt: skip
TWO_FIRST = _former(
    "113", "Ana Lucía", "Núñez Chicaiza", "Especialista de Adquisiciones", "1004", "ana.nunez",
    date(2021, 5, 3), date(2023, 3, 31), abr="Econ.",
)  # fmt: skip
TWO_SECOND = _former(
    "119", "Ana Lucía", "Núñez Chicaiza", "Directora Administrativa Financiera, Subrogante", "1004", "ana.nunez2",
    date(2024, 2, 1), date(2025, 11, 28), abr="Econ.", cedula=TWO_FIRST.cedula, subrogado="1103",
)  # fmt: skip
LAWYER = _former(
    "114", "Byron Efraín", "Iza Caizaluisa", "Abogado Institucional", "1006", "byron.iza",
    date(2022, 3, 1), date(2026, 2, 27), abr="Abg.",
)  # fmt: skip
ACCOUNTANT = _former(
    "115", "Gloria Piedad", "Muñoz Yánez", "Contadora General", "1004", "gloria.munoz",
    date(2021, 7, 1), date(2024, 12, 31), abr="CPA.",
)  # fmt: skip
DRIVER = _former(
    "116", "Wilson Ramiro", "Caiza Peñafiel", "Conductor Administrativo", "1004", "wilson.caiza",
    date(2023, 1, 9), date(2025, 6, 30), abr="Sr.",
)  # fmt: skip
LIBRARIAN = _former(
    "117", "Blanca Nieves", "Sinchiguano Ortuño", "Bibliotecaria de la Red Pública", "1003", "blanca.sinchiguano",
    date(2022, 8, 1), date(2026, 5, 29), abr="Lcda.",
)  # fmt: skip
RESEARCHER = _former(
    "210", "Néstor Iván", "Pilatuña Cañar", "Investigador de Humedales Altoandinos", "2002", "nestor.pilatuna",
    date(2022, 4, 1), date(2026, 3, 31), abr="M.Sc.",
)  # fmt: skip
SECRETARY = _former(
    "211", "Carmen Amelia", "Yépez Quindigalle", "Secretaria de Dirección", "2001", "carmen.yepez",
    date(2023, 2, 1), date(2025, 8, 29), abr="Sra.",
)  # fmt: skip
ARCHIVIST = _former(
    "310", "Ángel Polibio", "Morocho Zúñiga", "Archivista de Fondos Coloniales", "3002", "angel.morocho",
    date(2021, 3, 1), date(2024, 6, 28), abr="Dr.",
)  # fmt: skip
PALEOGRAPHER = _former(
    "311", "Lourdes Magdalena", "Ibáñez Llumiquinga", "Paleógrafa", "3002", "lourdes.ibanez",
    date(2022, 6, 1), date(2024, 6, 28), abr="Dra.",
)  # fmt: skip

INACTIVE = (
    MAIN, EMPTY, LARGE, TWO_FIRST, TWO_SECOND, LAWYER, ACCOUNTANT, DRIVER, LIBRARIAN,
    RESEARCHER, SECRETARY, ARCHIVIST, PALEOGRAPHER,
)  # fmt: skip
# Administrators and the active servant: named, so never drawn by chance into somebody's correspondence.
NAMED_ACTIVE = (AIQ_PRINCIPAL, AIQ_BACKUP, SERVANT, AIQ_OTHER)

_WOMEN = (
    "Nancy Germania", "Verónica Alejandra", "Sandra Maribel", "Inés del Rocío", "Paulina Belén",
    "Lucía Sarahí", "Norma Beatriz", "Zoila Rosario", "Tamia Nina", "Janeth Cecilia",
)  # fmt: skip
_MEN = (
    "Édison Javier", "Ramón Eduardo", "Kléver Aníbal", "Óscar Rubén", "Inti Sebastián",
    "Marco Vinicio", "Fabián Ernesto", "Julio César", "Raúl Andrés", "Jaime Efrén",
)  # fmt: skip
_SURNAMES = (
    "Chicaiza Quishpe Guamán Muñoz Núñez Ñauñay Túqueres Toapanta Caiza Anrango Cachimuel Pilco Yumbo Lanchimba "
    "Maldonado Peñaherrera Zúñiga Cárdenas Morales Andrango Chango Tipán Llumiquinga Ávila Ordóñez Vásquez Ayala "
    "Cabascango Farinango Sisa Tenelema Ñato"
).split()
_POSTS = ("Analista {} 1", "Analista {} 2", "Especialista {}", "Técnico {}")
# How many unnamed active accounts each area has.
_STAFF = {"1001": 4, "1002": 6, "1003": 6, "1004": 6, "1005": 4, "1006": 4, "1007": 4,
          "2001": 4, "2002": 6, "2003": 4, "3001": 1, "3002": 1}  # fmt: skip


@cache
def staff() -> tuple[Account, ...]:
    """The unnamed active accounts: in each area a Jefe (1), an Asistente (2), then Normal (0)."""
    rng = Random("personal")
    taken: set[str] = set()
    out: list[Account] = []
    for area, size in _STAFF.items():
        for place in range(size):
            codi = _staff_code(area, place)
            is_woman = rng.random() < 0.5
            nombres = rng.choice(_WOMEN if is_woman else _MEN)
            while (apellidos := " ".join(rng.sample(_SURNAMES, 2))) in taken:
                pass
            taken.add(apellidos)
            cargo = _post(area, place, rng)
            inst = AREAS[area].inst
            correo = f"usuario{codi}@{INSTITUTIONS[inst].dominio}"
            abr = rng.choice(("Ing.", "Lcda.", "Dra.", "Sra.") if is_woman else ("Ing.", "Lcdo.", "Dr.", "Sr."))
            perfil = {0: 1, 1: 2}.get(place, 0)
            out.append(Account(codi, nombres, apellidos, cargo, area, inst, correo, _cedula(codi), abr, perfil))
    return tuple(out)


def _staff_code(area: str, place: int) -> str:
    """Area 1004, place 0 -> 1103. Area 1001, place 1 -> 1110: the look-alike of MAIN's 110 in lists of ids."""
    return f"{int(area) + 99 + place * 10}"


def _post(area: str, place: int, rng: Random) -> str:
    name = AREAS[area].nombre
    if place == 0:
        return f"Responsable de {name}"
    if place == 1:
        return f"Asistente de {name}"
    return rng.choice(_POSTS).format(f"de {name}")


def accounts() -> tuple[Account, ...]:
    """Every row of `usuarios`."""
    return NAMED_ACTIVE + INACTIVE + staff()


def clerk_of(inst: str) -> Account:
    """Who registers what arrives at the counter: the last unnamed account of the counter's area."""
    return [a for a in staff() if a.area == COUNTER[inst]][-1]


def citizen_of(account: Account) -> Citizen:
    """The same person outside the institution, with the cédula without suffix. One per person, not per account."""
    first = next(a for a in INACTIVE if a.cedula == account.cedula)
    correo = first.correo.split("@")[0] + "@correo.demo.gob.ec"
    return Citizen(f"9{first.codi}", first.cedula, first.nombres, first.apellidos, correo)


STRANGER = Citizen("9801", _cedula("9801"), "Diego Armando", "Cóndor Vásquez", "diego.condor@correo.demo.gob.ec")
READER = Citizen("9802", _cedula("9802"), "Patricia Alexandra", "Ñacata Suárez", "patricia.nacata@correo.demo.gob.ec")


def citizens() -> tuple[Citizen, ...]:
    """Every row of `ciudadano`."""
    own = {citizen_of(account).codi: citizen_of(account) for account in INACTIVE}
    return (*own.values(), STRANGER, READER)
