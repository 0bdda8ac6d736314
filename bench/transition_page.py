"""The plot and the page of the transition of government: docs/transicion.svg, docs/transicion.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bench.measure import percentile
from rules import texts

WAYS = {"orden": "Orden de llegada", "cuota": "Regla normal: cuota de 25 %", "reserva": "Con reserva de 50 % en alta demanda"}
COLOURS = {"orden": "#b4532f", "cuota": "#bf7d14", "reserva": "#0b5a67"}
WIDTH, ROW, LEFT, RIGHT, TOP = 860, 26, 250, 70, 84
GAP = 44
TICK = 5


def write(folder: Path, figures: dict[str, Any], waits: dict[str, dict[str, list[int]]], labels: dict[str, str]) -> None:
    """Both files, anew."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "transicion.svg").write_text(plot(waits, labels), encoding="utf-8")
    (folder / "transicion.md").write_text(page(figures, labels), encoding="utf-8")


def plot(waits: dict[str, dict[str, list[int]]], labels: dict[str, str]) -> str:
    """For each class of institution and each way: a line from 0 to the longest wait, a bar to the 95th percentile, a mark at the
    median. Waits in working days; the dashed line is the plazo."""
    most = max(max(w) for kinds in waits.values() for w in kinds.values())
    end = -(-most // TICK) * TICK
    scale = (WIDTH - LEFT - RIGHT) / end
    height = TOP + len(labels) * (len(waits) * ROW + GAP) + 30
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d" '
        'font-family="Figtree, Segoe UI, Roboto, Arial, sans-serif" font-size="13" fill="#14232a">',
        '<title id="t">Días laborables de espera por tamaño de la institución</title>',
        '<desc id="d">Transición de Gobierno simulada; las cifras están en la tabla de transicion.md.</desc>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        '<text x="16" y="26" font-size="17" font-weight="650">Espera desde la aprobación, en días laborables</text>',
        f'<text x="16" y="48" fill="#586a6e">Barra: 95 % de las solicitudes. Raya blanca: mediana. Línea fina: la más larga. Línea discontinua: plazo de {TICK} días.</text>',
    ]
    for tick in range(0, end + 1, TICK):
        x = LEFT + tick * scale
        style = 'stroke="#b0251d" stroke-dasharray="5 4"' if tick == TICK else 'stroke="#dce4e2"'
        out.append(f'<path d="M{x:.1f} {TOP - 12}V{height - 30}" {style}/><text x="{x:.1f}" y="{height - 10}" text-anchor="middle" fill="#586a6e">{tick}</text>')
    y = TOP
    for kind, label in labels.items():
        out.append(f'<text x="16" y="{y + 4}" font-weight="650">{escape(label)}</text>')
        y += 18
        for way, kinds in waits.items():
            out += _bar(y, WAYS[way], COLOURS[way], kinds[kind], scale)
            y += ROW
        y += GAP - 18
    return "\n".join([*out, "</svg>"]) + "\n"


def _bar(y: int, label: str, colour: str, w: list[int], scale: float) -> list[str]:
    median, p95, longest = (LEFT + value * scale for value in (percentile(w, 0.5), percentile(w, 0.95), max(w)))
    return [
        f'<text x="{LEFT - 10}" y="{y + 13}" text-anchor="end" fill="#3f5156">{escape(label)}</text>',
        f'<path d="M{LEFT} {y + 9}H{longest:.1f}" stroke="{colour}" stroke-width="2"/>',
        f'<rect x="{LEFT}" y="{y + 1}" width="{p95 - LEFT:.1f}" height="16" rx="3" fill="{colour}"/>',
        f'<path d="M{median:.1f} {y + 1}v16" stroke="#fff" stroke-width="3"/>',
        f'<text x="{longest + 6:.1f}" y="{y + 13}" fill="#3f5156">{max(w)}</text>',
    ]


def page(figures: dict[str, Any], labels: dict[str, str]) -> str:
    """The figures in words, with their table."""
    capacity = figures["capacity"]
    small = {way: figures[way]["waits"]["pequeña"] for way in WAYS}
    large = {way: figures[way]["waits"]["grande"] for way in WAYS}
    table = "\n".join(
        f"| {labels[kind]} | {WAYS[way]} | {w['median']} | {w['p95']} | {w['max']} | {_share(w['within_limit'])} | {_share(w['within_extended'])} |"
        for kind in labels for way in WAYS for w in [figures[way]["waits"][kind]]
    )
    return f"""# Una transición de Gobierno, simulada

`python -m bench.calendar --docs docs` pasa {texts.miles(figures['requests'])} solicitudes de {figures['institutions']} instituciones, llegadas en dos semanas,
por las reglas verdaderas (`rules/calendar.py`, las mismas funciones que usa la Mesa de aprobación) y por la más simple que
existe: cada una al primer día con espacio, en orden de llegada. Los datos salen de una semilla; las cifras son de esa corrida.

![Días laborables de espera por tamaño de la institución](transicion.svg)

| Instituciones | Regla | Mediana | p95 | Máximo | En 5 días | En 10 días |
|---|---|--:|--:|--:|--:|--:|
{table}

Supuestos: {texts.size(figures['bytes'])} y {texts.miles(figures['documents'])} documentos en total; capacidad de {texts.miles(capacity['documents'])} documentos y
{texts.size(capacity['bytes'])} por día, por {str(capacity['factor']).replace('.', ',')} durante la transición (período de alta demanda con 5 días laborables adicionales). Todo se aprueba
el día en que llega. La espera se cuenta en días laborables, desde la aprobación hasta el último día de la ejecución.

## Qué se ve

* **La cuota de 25 % basta mientras inundan pocas instituciones** (hasta tres: `tests/rules/test_calendar.py` lo prueba como
  propiedad). Con ocho ministerios a la vez ninguno llega al 25 % de un día, la cuota no limita a nadie y una oficina pequeña espera
  lo mismo que en orden de llegada: mediana {small['cuota']['median']} días, {_share(small['cuota']['within_limit'])} en el plazo de 5.
* **Por eso un período de alta demanda puede llevar una reserva.** Con 50 % de cada día reservado, desde el segundo día laborable, para
  instituciones que ese día ocupen hasta 0,5 % de la capacidad, las oficinas pequeñas pasan a una mediana de {small['reserva']['median']} días y {_share(small['reserva']['within_limit'])}
  en el plazo de 5 ({_share(small['reserva']['within_extended'])} en los 10 del período). Su máximo ({small['reserva']['max']}) es de las pocas que piden más de ese 0,5 % de una vez.
* **Lo pagan las grandes**: su mediana pasa de {large['orden']['median']} a {large['reserva']['median']} días y la última ejecución llega el día laborable {figures['reserva']['days']} en lugar del
  {figures['orden']['days']}, porque al final parte de la reserva queda sin usar. La SGE decide en cada período cuánto reservar; sin período, rige solo la cuota.
* Ningún día supera su capacidad con ninguna regla (el más lleno: {_share(figures['reserva']['fullest'])}).
* Una decisión cuesta {str(figures['reserva']['decision_ms']['median']).replace('.', ',')} ms de mediana ({str(figures['reserva']['decision_ms']['p99']).replace('.', ',')} ms en el percentil 99) en esta simulación, sin la base de datos.
"""


def _share(value: float) -> str:
    return f"{value * 100:.0f} %"
