"""Commands for operators: `flask --app app …`. README.md shows how each is used."""

from __future__ import annotations

import json

import click
from flask import Flask
from flask.cli import AppGroup

from extensions import db
from services import schedule, signin
from services.errors import Refused

usuario = AppGroup("usuario", help="Personas que ingresan al sistema.")
feriados = AppGroup("feriados", help="Días de descanso obligatorio.")


def register(app: Flask) -> None:
    for group in (usuario, feriados):
        app.cli.add_command(group)


@usuario.command("crear-sge")
@click.option("--cedula", prompt="Cédula")
@click.option("--correo", prompt="Correo institucional")
@click.option("--nombre", prompt="Nombres")
@click.option("--apellido", prompt="Apellidos")
@click.option("--operador", is_flag=True, help="Administrador Operacional Quipux en lugar de administrador de la SGE.")
def create_sge(cedula: str, correo: str, nombre: str, apellido: str, operador: bool) -> None:
    """Registra a una persona de la SGE e imprime un enlace de un solo uso para que fije su contraseña."""
    try:
        person = signin.create_sge(cedula, correo, nombre, apellido, admin=not operador)
    except Refused as refused:
        raise click.ClickException("; ".join(refused.fields.values())) from None
    db.session.commit()
    click.echo(signin.password_link(person))


@feriados.command("seed")
@click.argument("year", metavar="AÑO", type=click.IntRange(2017, 2100))
@click.option("--json", "as_json", is_flag=True, help="Imprime los días como JSON.")
def seed_feriados(year: int, as_json: bool) -> None:
    """Carga los feriados de un año en la tabla; los que ya están no se tocan."""
    days = schedule.seed_year(year)
    db.session.commit()
    rows = [{"fecha": d.fecha.isoformat(), "nombre": d.nombre, "original": d.original.isoformat() if d.original else None} for d in days]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for row in rows:
            click.echo(f"{row['fecha']}  {row['nombre']}")
