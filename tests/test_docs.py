"""What the documents promise to tell is told: every rule that is cited, every setting, every sweep."""

from __future__ import annotations

import re
from pathlib import Path

import config
from jobs import sweeps

ROOT = Path(__file__).parents[1]
RULES, README = ROOT / "docs" / "reglas.md", ROOT / "README.md"
# Parts of the tree that hold sentences of ours.
ROOMS = ("archive", "bench", "blueprints", "docs", "jobs", "rules", "services", "sources", "storage", "templates", "tests")
KINDS = {".py", ".md", ".html", ".js", ".css"}
# "decisions 8-10, 14", "decisions.md 25", "decision 14"; "seeds 002 and 004"; "archive.md §6"; "peers.md F7, C9".
LISTS = {
    "decisions": r"decisions?(?:\.md)? (\d+(?:(?:-|, )\d+)*)", "seed": r"[Ss]eeds? (0\d\d(?:(?:, | and )0\d\d)*)",
    "peers.md": r"peers\.md ([FC]\d+(?:, [FC]\d+)*)",
}
ALONE = r"(?:mission|archive)\.md §\d+(?:\.\d)?|house\.md"
HAND = {"RESPALDOS_DEMO"}  # set by bin/dev alone


def sources() -> list[Path]:
    found = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in KINDS]
    return [path for path in [*found, *ROOT.glob("*.py"), README] if path not in (RULES, Path(__file__))]


def cited(text: str) -> set[str]:
    """The rules a text names, each as the list of rules spells it."""
    names = set(re.findall(ALONE, text))
    for kind, pattern in LISTS.items():
        for several in re.findall(pattern, text):
            for one in re.split(", | and ", several):
                first, _, last = one.partition("-")
                names |= {f"{kind} {n}" for n in range(int(first), int(last) + 1)} if last else {f"{kind} {one}"}
    return names


def test_a_citation_is_read_however_it_is_spelled():
    assert cited("(decisions 8-10, 14; seed 000)") == {"decisions 8", "decisions 9", "decisions 10", "decisions 14", "seed 000"}
    assert cited("decisions.md 25, seeds 002 and 004") == {"decisions 25", "seed 002", "seed 004"}
    assert cited("peers.md F7, C9") == {"peers.md F7", "peers.md C9"}
    assert cited("mission.md §1.4; archive.md §6. house.md") == {"mission.md §1.4", "archive.md §6", "house.md"}


def test_every_cited_rule_can_be_looked_up():
    told = set(re.findall(r"^- \*\*(.+?)\*\*:", RULES.read_text(), re.M))
    needed = set().union(*(cited(path.read_text()) for path in sources()))
    assert not needed - told, f"write in docs/reglas.md what these rule: {sorted(needed - told)}"
    assert "docs/reglas.md" in README.read_text()


def test_the_readme_names_every_setting_and_every_sweep(tmp_path):
    asked = set()

    class Env(dict):
        def get(self, name, default=None):
            asked.add(name)
            return super().get(name, default)

    config.load(Env(RESPALDOS_DATA=str(tmp_path), SECRET_KEY="x" * 32))
    text = README.read_text()
    assert len(asked) > 30 and not {name for name in asked - HAND if f"`{name}" not in text}
    (line,) = re.findall(r"^flask --app app sweep NAME +# (.+)$", text, re.M)
    assert set(line.split()) == {*sweeps.SWEEPS, "all"}
