"""Commands for operators: `flask --app app …`. README.md shows how each is used."""

from __future__ import annotations

import json
from datetime import datetime

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from flask_migrate import upgrade

import jobs.clock
import jobs.demo
import jobs.worker
from config import LIGHT, RUNS
from extensions import db, reading
from jobs import sweeps
from rules import texts
from rules.deadlines import ZONE
from rules.glossary import CARGO
from quipux_commands import quipux
from services import board_summary, clock, health, mover, schedule, signin
from services.demo import ACCOUNTS, PASSWORD, STAFF
from services.errors import Refused

usuario = AppGroup("usuario", help="Personas que ingresan al sistema.")
feriados = AppGroup("feriados", help="Días de descanso obligatorio.")
settings = AppGroup("config", help="La configuración de esta instalación.")
tablero = AppGroup("tablero", help="Las cifras del tablero.")
recorrido = AppGroup("recorrido", help="La historia de cada solicitud y de cada proceso.")

_OF = {"solicitud": "Solicitud", "implantacion": "Implantación", "cambio": "Cambio de AIQ"}


def register(app: Flask) -> None:
    """Add all of them, and Flask-Migrate's `db`."""
    app.extensions["migrate"].migrate  # noqa: B018  (made now, it adds its own)
    for command in (usuario, feriados, quipux, settings, tablero, recorrido, sweep, worker, clock_process, demo_setup):
        app.cli.add_command(command)


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


@settings.command("check")
def check_settings() -> None:
    """Dice lo que falta para trabajar: personas de la SGE, feriados, correo, cola, almacenamiento."""
    problems = health.setup_problems()
    for sentence in (*problems, *(f"Aviso: {notice}" for notice in health.setup_notices())):
        click.echo(sentence)
    if problems:
        raise click.exceptions.Exit(1)
    click.echo("La configuración está completa.")


@tablero.command("rebuild")
def rebuild_board() -> None:
    """Vuelve a contar todos los días cerrados a partir de las solicitudes."""
    click.echo(f"{board_summary.rebuild()} días contados.")


@recorrido.command("check")
def check_chains() -> None:
    """Verifica la cadena de todos los Recorridos e imprime los que no se sostienen; sale con 1 si hay alguno."""
    seen = broken = 0
    with reading():
        for owner, number, link in mover.chains():
            seen += 1
            if link is not None:
                broken += 1
                click.echo(f"{_OF[owner]} Nº {texts.number6(number)}: la fila {link} no corresponde a la anterior.")
    click.echo(f"{seen} recorridos verificados, {broken} alterados.")
    if broken:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("name", type=click.Choice([*sweeps.SWEEPS, "all"]))
@click.option("--now", "instant", is_flag=False, flag_value="", default=None, metavar="[INSTANTE]",
              help="Solo en la demostración: sin valor, «due» no espera la fecha calendarizada; con un instante ISO, el reloj se fija en él.")
@with_appcontext
def sweep(name: str, instant: str | None) -> None:
    """Ejecuta un barrido (o todos, con «all») e imprime un objeto JSON por cada uno; sale con 1 si algo falló."""
    demo = current_app.config["DEMO"]
    if instant is not None and not demo:
        raise click.UsageError("--now solo se admite en el modo de demostración.")
    if instant:
        with clock.frozen(_instant(instant)):
            reports = sweeps.run(name)
    else:
        reports = sweeps.run(name, forced=instant is not None)
    for report in reports:
        click.echo(json.dumps(report))
    if any(report["failed"] for report in reports):
        raise click.exceptions.Exit(1)


def _instant(text: str) -> datetime:
    """An ISO instant; without a zone it is Guayaquil time."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"«{text}» no es un instante ISO, como 2026-12-01T08:00.") from None
    return value if value.tzinfo else value.replace(tzinfo=ZONE)


@click.command()
@click.argument("queue_name", required=False, type=click.Choice([RUNS, LIGHT]))
def worker(queue_name: str | None) -> None:
    """Atiende la cola: sin argumento, las ejecuciones (RUN_WORKERS procesos) y los avisos."""
    if queue_name is None:
        jobs.worker.supervise(_app().config["RUN_WORKERS"])
    else:
        jobs.worker.serve(_app(), queue_name)


@click.command("clock")
def clock_process() -> None:
    """El reloj: ejecuta los barridos a su hora."""
    jobs.clock.main(_app())


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined]


@click.command("demo")
@with_appcontext
def demo_setup() -> None:
    """Prepara la base y los datos de la demostración (los que falten) e imprime las cuentas."""
    upgrade()
    jobs.demo.prepare()
    click.echo(f"  Contraseña de todas las cuentas: {PASSWORD}")
    for correo, cargo, *_ in (*ACCOUNTS, *STAFF):
        click.echo(f"    {correo:24} {CARGO.get(cargo, 'Servidor público activo')}")
