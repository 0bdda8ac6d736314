"""The set that keeps eight bytes a text."""

import tracemalloc

from archive.digests import Digests, digest


def test_it_knows_what_it_was_given_and_nothing_else():
    held = Digests()
    texts = [f"data/Enviados/2020/{n}ñ.pdf" for n in range(20_000)]
    assert all(held.add(digest(text)) for text in texts) and len(held) == 20_000
    assert not any(held.add(digest(text)) for text in texts) and len(held) == 20_000
    assert all(digest(text) in held for text in texts)
    assert not any(digest(f"{text}x") in held for text in texts)
    assert digest("") not in held and held.add(digest("")) and digest("") in held


def test_it_takes_some_bytes_a_text():
    tracemalloc.start()
    held = Digests()
    for n in range(100_000):
        held.add(digest(str(n)))
    current, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(held) == 100_000 and current < 100_000 * 30
