"""What a web process carries although no page of its needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Twenty megabytes of fonts and pictures: for the acta's PDF and for the demo, each when it comes to it. Nine of PostgreSQL's driver, where
# neither our database nor Quipux is one.
HEAVY = ("fpdf", "fontTools", "PIL", "psycopg")


def test_the_site_starts_without_what_it_may_never_need():
    code = f"import sys, app; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
