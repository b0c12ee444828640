"""Write what mutation testing found: a list of survivors per module, with reasons, and the table of docs/mutation.md.

    python tests/mutation_page.py                every module that has results in tests/actual/mutation
    python tests/mutation_page.py align          these

The lists lie in tests/bench/mutation/MODULE.toml. A reason that stands there is kept as long as its edit survives; an edit
that is new among the survivors gets "not examined yet", which a test refuses: look at it, and write a test or a reason.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from mutate import MODULES, RESULTS, ROOT, rows

LISTS = ROOT / "tests/bench/mutation"
PAGE = ROOT / "docs/mutation.md"
UNSEEN = "not examined yet"
DEAD = ("killed", "import", "hang")


def kept(module: str) -> dict[str, Any]:
    """The list of a module as it stands; empty where there is none."""
    path = LISTS / f"{module}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_list(module: str) -> None:
    """The survivors of the last run of a module, each with the reason that was written for it."""
    reasons = {one["edit"]: one["reason"] for one in kept(module).get("survivor", [])}
    found = list(rows(RESULTS / f"{module}.jsonl"))
    alive = [row["id"] for row in found if row["outcome"] not in DEAD]
    lines = [f"mutants = {len(found)}", f"killed = {len(found) - len(alive)}"]
    for edit in sorted(alive):
        lines += ["", "[[survivor]]", f"edit = {_quoted(edit)}", f"reason = {_quoted(reasons.get(edit, UNSEEN))}"]
    (LISTS / f"{module}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def table() -> str:
    """The rows of the page."""
    lines = ["| module | mutants | killed | alive | % |", "|---|---|---|---|---|"]
    total = [0, 0]
    for module in MODULES:
        if one := kept(module):
            total = [total[0] + one["mutants"], total[1] + one["killed"]]
            lines.append(_row(f"`{module}`", one["mutants"], one["killed"]))
    return "\n".join([*lines, _row("all", *total)])


def _row(name: str, mutants: int, killed: int) -> str:
    return f"| {name} | {mutants} | {killed} | {mutants - killed} | {100 * killed // max(mutants, 1)} |"


def main() -> None:
    """Lists, then the table between its two marks."""
    for module in sys.argv[1:] or MODULES:
        if (RESULTS / f"{module}.jsonl").exists():
            write_list(module)
    text = PAGE.read_text(encoding="utf-8")
    marks = re.compile(r"(<!-- table -->\n).*?(\n<!-- end -->)", re.DOTALL)
    PAGE.write_text(marks.sub(lambda m: m[1] + table() + m[2], text), encoding="utf-8")


if __name__ == "__main__":
    main()
