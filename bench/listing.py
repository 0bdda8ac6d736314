"""*Listado de solicitudes* over HTTP: the first page of any filters in any order, the thousandth page, the page of a request with
a Recorrido of 500 rows, and the whole filter as a file.

    python -m bench.listing --url sqlite:////path/national.sqlite       # made by bench.national
    python -m bench.listing --small
"""

from __future__ import annotations

import html
import itertools
import random
import re
from urllib.parse import urlencode

from bench import measure, national, site

DATES = [("2026-05-18", "2026-11-18"), ("", ""), ("2024-03-05", "2024-03-05"), ("2022-01-01", "2022-12-31"), ("2021-01-01", "2023-12-31")]
ESTADOS = ["", "enviada", "atendida,eliminada", "eliminada", "atendida", "borrador,aprobada,detenida"]
NAMES = ["", "", "maria", "ma lo", "naunay", "zambrano maria", "quish jose"]
ORDERS = ["-fecha", "fecha", "-nro", "nro", "nombre", "-nombre", "estado", "-estado", "vigencia", "-vigencia"]
VIEWS = ["vencen-48h", "atrasadas", "con-novedades", "sin-acta", "sin-abrir"]


def combinations(count: int, places: list[int]) -> list[str]:
    """Addresses of first pages, drawn from all combinations of the filters; the fixed views too."""
    rng = random.Random(11)
    every = list(itertools.product(DATES, ESTADOS, NAMES, ["", *map(str, places)], ORDERS))
    chosen = [
        {"inicio": start, "fin": end, "estado": estado, "nombre": name, "institucion": place, "orden": order}
        for (start, end), estado, name, place, order in rng.sample(every, count)
    ]
    return [f"/solicitudes?{urlencode(one)}" for one in [*chosen, *({"vista": view} for view in VIEWS)]]


def following(page: str) -> str | None:
    found = re.search(r'<a href="([^"]+)" rel="next"', page)
    return html.unescape(found[1]) if found else None


def main() -> None:
    parser = measure.parser(__doc__.splitlines()[0])
    parser.add_argument("--url", help="a database filled by bench.national")
    parser.add_argument("--depth", type=int, help="the page to go to by cursor (1 000; 100 when small)")
    options = parser.parse_args()
    size = national.SMALL if options.small else national.WHOLE
    depth = options.depth or (100 if options.small else 1000)
    with site.prepared(options.url, options.small) as url:
        officer, aiq = site.passwords(url, [1, national.SGE + 1])
        with site.running(url) as running:
            sge, mine = running.client(officer), running.client(aiq)
            addresses = combinations(60 if options.small else 150, [1, size.institutions // 4])
            running.forget()
            sge.get("/solicitudes")
            firsts = [sge.get(path, htmx=True) for path in addresses for _ in range(2)][1::2]
            own = [mine.get(re.sub(r"institucion=\d*", "", path), htmx=True) for path in addresses]
            whole = [sge.get("/solicitudes") for _ in range(10)]
            first, deep = _deep(sge, depth)
            detail = [sge.get(f"/solicitudes/{size.requests // 2}/recorrido") for _ in range(10)]
            information = [sge.get(f"/solicitudes/{size.requests // 2}") for _ in range(10)]
            before = running.peak()
            span = "inicio=2026-04-12&fin=2026-11-18"  # a tenth of six years
            csv, csv_bytes = sge.size(f"/solicitudes/exportar.csv?{span}")
            xlsx, xlsx_bytes = sge.size(f"/solicitudes/exportar.xlsx?{span}")
            peak = running.peak()
    ms = site.milliseconds
    figures = {
        "first_p50_ms": ms(measure.percentile(firsts, 0.5)), "first_p95_ms": ms(measure.percentile(firsts, 0.95)), "first_max_ms": ms(max(firsts)),
        "aiq_p95_ms": ms(measure.percentile(own, 0.95)), "full_page_ms": ms(measure.percentile(whole, 0.5)),
        "page_1_ms": ms(first), f"page_{depth}_ms": ms(deep), "detail_500_ms": ms(measure.percentile(detail, 0.5)),
        "information_ms": ms(measure.percentile(information, 0.5)), "csv_s": round(csv, 1), "csv_mb": round(csv_bytes / 1e6, 1),
        "xlsx_s": round(xlsx, 1), "xlsx_mb": round(xlsx_bytes / 1e6, 1), "peak_before_mb": round(before / 1e6), "peak_mb": round(peak / 1e6),
    }
    targets = {"first_p95_ms": "50 ms", "aiq_p95_ms": "50 ms", f"page_{depth}_ms": "as the first", "detail_500_ms": "40 ms", "csv_s": "15 s",
               "xlsx_s": "15 s", "peak_mb": "150 MB"}
    measure.finish(options, figures, [(name, str(value), targets.get(name, "")) for name, value in figures.items()])


def _deep(client: site.Client, depth: int) -> tuple[float, float]:
    """Seconds of the first page and of the one that many steps further, by cursor, each the best of five."""
    path, first = "/solicitudes?inicio=&fin=", 0.0
    for number in range(1, depth):
        taken = client.get(path, htmx=True)
        first = taken if number == 1 else first
        path = following(client.last) or path
    return min(client.get("/solicitudes?inicio=&fin=", htmx=True) for _ in range(5)), min(client.get(path, htmx=True) for _ in range(5))


if __name__ == "__main__":
    main()
