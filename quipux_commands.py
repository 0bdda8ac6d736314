"""`flask --app app quipux …`: what an operator asks of the Quipux that is read. docs/conectar-quipux.md shows the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click
from flask.cli import AppGroup

from services import adapters, history_import, mirror, petition_index
from sources import NoHistory, SourceUnavailable
from sources.report import documents_json

quipux = AppGroup("quipux", help="El Quipux que se lee.")
DAY = click.DateTime(["%Y-%m-%d"])


@contextmanager
def _answering() -> Iterator[None]:
    """Quipux's silence and a wrong address as one clear sentence and exit code 1."""
    try:
        yield
    except SourceUnavailable as problem:
        raise click.ClickException(f"Quipux no responde: {problem}") from None
    except NoHistory as problem:
        raise click.ClickException(f"Este Quipux no tiene las tablas de solicitudes anteriores ({problem}).") from None
    except ValueError as problem:
        raise click.ClickException(f"La dirección de Quipux no sirve: {problem}") from None


@quipux.command("check")
@click.option("--json", "as_json", is_flag=True, help="Imprime una lista JSON.")
def check(as_json: bool) -> None:
    """Se conecta, dice lo que encontró y termina con error si algo fallaría."""
    with _answering():
        findings = adapters.quipux().check()
    if as_json:
        click.echo(json.dumps([{"nivel": f.nivel, "tema": f.tema, "detalle": f.detalle} for f in findings], ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(f"{finding.nivel:6} {finding.tema}: {finding.detalle}")
    errors = sum(finding.nivel == "error" for finding in findings)
    if errors:
        click.echo(f"Así no se podrían producir respaldos: {errors} error{'es' if errors > 1 else ''}.", err=True)
        raise click.exceptions.Exit(1)


@quipux.command("documents")
@click.argument("usua_codi")
@click.option("--desde", type=DAY, required=True)
@click.option("--hasta", type=DAY, required=True)
@click.option("--json", "as_json", is_flag=True, help="Imprime una lista JSON.")
def documents(usua_codi: str, desde: datetime, hasta: datetime, as_json: bool) -> None:
    """Los documentos que se seleccionarían para una cuenta, con sus archivos."""
    if desde > hasta:
        raise click.UsageError("La fecha de inicio es posterior a la fecha de fin.")
    with _answering():
        # One by one: a person may have 500 000 of them.
        rows = documents_json(adapters.quipux(), usua_codi, desde.date(), hasta.date())
        if not as_json:
            for row in rows:
                click.echo(f"{row['fecha']}  {row['bandeja']:8}  {row['numero']:28}  {len(row['archivos'])} archivos  {row['asunto']}")
            return
        separator = "["
        for row in rows:
            click.echo(separator + json.dumps(row, ensure_ascii=False), nl=False)
            separator = ",\n"
        click.echo("[]" if separator == "[" else "]")


@quipux.command("mirror")
def refresh_mirror() -> None:
    """Vuelve a leer instituciones, áreas, cuentas y peticiones."""
    with _answering():
        seen = mirror.refresh(adapters.quipux())
        copied = petition_index.refresh(adapters.quipux())
    click.echo(
        f"{seen.vistas} cuentas leídas, {seen.escritas} escritas, {seen.ausentes} ya no constan"
        f" ({seen.cambiados} de {seen.bloques} bloques con cambios)."
    )
    click.echo(f"{copied.vistas} peticiones leídas, {copied.escritas} escritas, {copied.quitadas} quitadas.")


@quipux.command("import-history")
def import_history() -> None:
    """Importa las solicitudes anteriores de Quipux, una sola vez cada una, e imprime un objeto JSON."""
    with _answering():
        report = history_import.run(adapters.quipux())
    click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
