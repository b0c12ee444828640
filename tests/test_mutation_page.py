"""docs/mutation.md and the list of survivors say the same, and every survivor has a reason and is a mutant."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from mutants import mutants_of

ROOT = Path(__file__).parents[1]
LIST = tomllib.loads((ROOT / "tests/bench/mutation/survivors.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", LIST)
def test_the_counts_add_up_and_the_page_has_them(module: str) -> None:
    kept = LIST[module]
    alive = kept.get("survivor", [])
    assert kept["killed"] + len(alive) == kept["mutants"]
    assert all(one["edit"] and len(one["reason"]) > 10 for one in alive)
    assert len({one["edit"] for one in alive}) == len(alive)
    page = (ROOT / "docs/mutation.md").read_text(encoding="utf-8")
    share = "all" if kept["share"] == 1 else f"1 in {kept['share']}"
    row = rf"\| `{module}` \| {share} \| {kept['mutants']} \| {kept['killed']} \| {len(alive)} \| "
    assert re.search(row, page)


def test_an_edit_changes_the_tree_it_was_listed_from() -> None:
    found = mutants_of(ROOT / "tracer/tolerance.py")
    assert len({one.id for one in found}) == len(found) > 50
