"""Older installations: what a Quipux of another year lacks, read as if it were there and empty.

Only columns and tables without which every rule still holds. What decides (a document's state, whether it is confidential,
who took part) has no stand-in: `check` names it and reading fails.
"""

import re
from collections.abc import Mapping

# Table → column → what to read instead. Text, because a stand-in is compared with nothing but "" and 0.
_NOTHING = "cast(null as text)"
_NO_CODE = "cast('0' as text)"
OPTIONAL: dict[str, dict[str, str]] = {
    "institucion": dict.fromkeys(("inst_ruc", "inst_sigla", "inst_telefono", "inst_email"), _NOTHING),
    "dependencia": {"dep_sigla": _NOTHING, "depe_codi_padre": _NOTHING, "depe_estado": "1"},
    "usuarios": dict.fromkeys(("usua_titulo", "usua_abr_titulo", "usua_cargo", "usua_email", "usua_subrogado"), _NOTHING)
    | {"cargo_tipo": "0"},
    "usuario": dict.fromkeys(("usua_abr_titulo", "usua_cargo", "inst_nombre"), _NOTHING),
    "radicado": dict.fromkeys(("radi_cuentai", "radi_fech_firma", "radi_imagen", "radi_texto", "radi_path"), _NOTHING)
    | {"arch_codi": _NO_CODE, "arch_codi_firma": _NO_CODE},
    "usuarios_radicado": dict.fromkeys(("usua_cedula", "usua_abr_titulo", "usua_cargo", "usua_institucion"), _NOTHING),
    "anexos": dict.fromkeys(("anex_desc", "anex_path"), _NOTHING)
    | {"anex_fecha": "cast(null as timestamp)", "anex_tamano": "cast(null as numeric)", "anex_fisico": "0"}
    | {"arch_codi": _NO_CODE, "arch_codi_firma": _NO_CODE},
    "radi_texto": {"text_codi": "0", "text_texto": _NOTHING},
}
# Tables that may be absent altogether.
ABSENT_ALLOWED = frozenset({"radi_texto"})


def stand_ins(present: Mapping[str, set[str]]) -> dict[str, str]:
    """Table → the subselect to read instead of it, for the tables that lack something optional. `present`: table → columns."""
    found = {}
    for table, columns in OPTIONAL.items():
        here = present.get(table)
        if here is None:
            if table in ABSENT_ALLOWED:
                made = ", ".join(f"{value} as {name}" for name, value in columns.items())
                found[table] = f"(select {made} where 1 = 0)"
            continue
        lacking = [f"{value} as {name}" for name, value in columns.items() if name not in here]
        if lacking:
            # A plain subselect: the planner looks through it, indexes go on being used.
            found[table] = f"(select whole.*, {', '.join(lacking)} from {table} whole)"
    return found


def rewrite(statement: str, instead: Mapping[str, str]) -> str:
    """The statement with every `from TABLE alias` and `join TABLE alias` of those tables replaced."""
    if not instead:
        return statement
    return _source(tuple(instead)).sub(lambda m: f"{m[1]} {instead[m[2]]} {m[3] or m[2]}", statement)


def _source(tables: tuple[str, ...]) -> re.Pattern:
    names = "|".join(tables)
    # An alias is one word that is no keyword of what may follow a table.
    return re.compile(rf"\b(from|join) ({names})\b(?: (?!where\b|join\b|left\b|on\b|order\b|group\b|union\b|limit\b)(\w+))?")
