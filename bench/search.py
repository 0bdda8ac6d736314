"""Search-as-you-type over HTTP: what the server takes for a key stroke, and what the browser waits (`espera`), for the SGE over the
whole country and for AIQs of institutions of every size.

    python -m bench.search --url sqlite:////path/national.sqlite        # made by bench.national
    python -m bench.search --small
"""

from __future__ import annotations

import random
from itertools import islice
from urllib.parse import quote

from bench import measure, national, site
from rules.identity import fold


def strokes(size: national.Size, count: int) -> list[tuple[int, str]]:
    """(institution, what is typed so far): beginnings of 2 to 12 letters of real names, surnames first or last, posts and cédulas;
    two in three without accents."""
    rng = random.Random(7)
    typed = []
    for row in islice(national.accounts(size), count * 4):
        names, surnames = row[3].split(), row[4].split()
        text = rng.choice([row[4], f"{surnames[0]} {names[0]}", f"{names[0]} {surnames[0]}", row[3], row[2], row[5], f"{names[0][:3]} {surnames[-1]}"])
        text = text[: rng.randint(2, 12)].strip()
        if len(text) >= 2:
            typed.append((row[7], text if rng.random() < 0.33 else fold(text)))
    rng.shuffle(typed)
    return typed[:count]


def main() -> None:
    parser = measure.parser(__doc__.splitlines()[0])
    parser.add_argument("--url", help="a database filled by bench.national")
    options = parser.parse_args()
    size = national.SMALL if options.small else national.WHOLE
    typed = strokes(size, 120 if options.small else 300)
    places = sorted({1, 2, 3, 10, size.institutions // 4, size.institutions // 2, size.institutions - 1})
    with site.prepared(options.url, options.small) as url:
        officer, *aiqs = site.passwords(url, [1, *(national.SGE + place for place in places)])
        with site.running(url) as running:
            sge = running.client(officer)
            clients = {place: running.client(correo) for place, correo in zip(places, aiqs)}

            def country() -> tuple[list[float], list[float]]:
                return [sge.get(f"/buscar?q={quote(text)}", htmx=True) for _, text in typed], running.served()

            def own() -> tuple[list[float], list[float]]:
                times = [clients[places[i % len(places)]].get(f"/solicitudes/servidores?servidor_q={quote(text)}", htmx=True)
                         for i, (_, text) in enumerate(typed)]  # fmt: skip
                return times, running.served()

            running.served(), running.forget()
            country(), own()
            rounds = measure.alternate({"sge": country, "aiq": own}, options.rounds)
            peak = running.peak()
    figures = {f"{name}{kind}": [t for turn in turns for t in turn[which]]
               for name, turns in rounds.items() for which, kind in enumerate(("_espera", ""))}  # fmt: skip
    shown = {f"{name}_{label}_ms": site.milliseconds(measure.percentile(times, share))
             for name, times in figures.items() for label, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))}
    shown |= {"strokes": len(typed), "peak_mb": round(peak / 1e6)}
    targets = {"sge_p50_ms": "10 ms", "sge_p95_ms": "30 ms", "aiq_p95_ms": "15 ms", "peak_mb": "150 MB"}
    measure.finish(options, shown, [(name, str(value), targets.get(name, "")) for name, value in shown.items()])


if __name__ == "__main__":
    main()
