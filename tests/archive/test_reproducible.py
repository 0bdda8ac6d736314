"""The same bytes in every process. A library that reads memory it did not write shows it only from process to process, where
addresses are laid out anew, and only in a content or two of thousands: so many small contents, packed by several processes."""

import subprocess
import sys

PACKING = """
import hashlib, random
from archive.packing import pack, packed_block
random.seed(7)
words = b"oficio memorando solicitud respaldo documento servidor informe anexo resolucion acuerdo fecha firma de la con los".split()
prose = b" ".join(random.choice(words) + (b"%d" % random.randrange(9999) if random.random() < 0.15 else b"") for _ in range(60_000))
digest = hashlib.sha256()
for number in range(24_000):
    start = random.randrange(len(prose) - 4000)
    digest.update(pack(prose[start : start + random.randint(150, 600)]).data)
    if number % 100 == 0:
        digest.update(packed_block(prose[start:], last=number % 200 == 0))
print(digest.hexdigest())
"""


def test_processes_agree_on_every_byte():
    runs = [subprocess.Popen([sys.executable, "-c", PACKING], stdout=subprocess.PIPE) for _ in range(4)]
    told = {run.communicate()[0] for run in runs}
    assert len(told) == 1 and len(told.pop()) == 65
