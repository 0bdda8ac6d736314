"""The same data on SQLite, as the demo keeps it: every id TEXT, instants TEXT in UTC, the view `usuario` as a table."""

import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg

# Numbers that are not ids; every smallint is one too.
_NUMBERS = {"inst_estado", "ciu_estado", "cargo_tipo", "usua_esta", "tipo_usuario", "tipo_identificacion", "trad_codigo",
            "anex_numero", "anex_tamano", "tamanio", "estado"}  # fmt: skip


def make_twin(dsn: str, path: Path) -> None:
    """Copy every table and view of a PostgreSQL database into a new SQLite file."""
    with psycopg.connect(dsn) as source, sqlite3.connect(path) as target:
        tables = source.execute("select table_name from information_schema.tables where table_schema = 'public'").fetchall()
        for (table,) in tables:
            columns = source.execute(
                "select column_name, data_type from information_schema.columns"
                " where table_schema = 'public' and table_name = %s order by ordinal_position", [table],
            ).fetchall()  # fmt: skip
            target.execute(f"create table {table} ({', '.join(f'{name} {_type(name, kind)}' for name, kind in columns)})")
            rows = source.execute(f"select {', '.join(name for name, _ in columns)} from {table}").fetchall()
            target.executemany(
                f"insert into {table} values ({', '.join('?' * len(columns))})",
                [tuple(_value(value, *column) for value, column in zip(row, columns, strict=True)) for row in rows],
            )


def _type(name: str, kind: str) -> str:
    return "integer" if kind == "smallint" or name in _NUMBERS else "text"


def _value(value: object, name: str, kind: str) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, int | Decimal):
        return int(value) if _type(name, kind) == "integer" else str(value)
    return value if value is None else str(value)
