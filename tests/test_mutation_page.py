"""docs/mutation.md and the lists of survivors say the same, and every survivor has a reason."""

from __future__ import annotations

import mutation_page as page
import pytest
from mutants import mutants_of
from mutate import MODULES

LISTED = [module for module in MODULES if page.kept(module)]


@pytest.mark.parametrize("module", LISTED)
def test_the_counts_add_up_and_every_survivor_has_a_reason(module: str) -> None:
    kept = page.kept(module)
    alive = kept.get("survivor", [])
    assert kept["killed"] + len(alive) == kept["mutants"]
    assert len({one["edit"] for one in alive}) == len(alive)
    assert all(len(one["reason"]) > 10 and one["reason"] != page.UNSEEN for one in alive)


def test_the_page_shows_what_the_lists_hold() -> None:
    assert page.table() in page.PAGE.read_text(encoding="utf-8")


def test_an_edit_changes_the_tree_it_was_listed_from() -> None:
    found = mutants_of(page.ROOT / "tracer/tolerance.py")
    assert len({one.id for one in found}) == len(found) > 50
