"""What `firstbad diff` says of a difference that is nobody's input."""

from __future__ import annotations

import io

from firstbad.tracer.catalogue import Catalogue
from firstbad.ui.render_diff import diff_page
from rich.console import Console
from small_traces import catalogue, diff


def page(known: Catalogue, a: str, b: str) -> str:
    said = io.StringIO()
    diff_page(Console(file=said, width=200), diff(known, a, b), known)
    return said.getvalue()


def test_what_is_computed_is_never_called_an_input() -> None:
    known = catalogue("[a]\nkind = 'input'\n[x]\nparents = ['a']\nformula = ['a', '2*a']")
    assert "neither: what it reads" in page(known, "a 1; x 1", "a 1; x 2")
    assert "neither: an input" in page(known, "a 1; x 1", "a 2; x 2")


def test_a_sum_of_more_records_points_at_those_that_one_side_lacks() -> None:
    known = catalogue("[x]\nkind = 'input'\n[y]\nparents = ['x']\nformula = 'total(x)'")
    said = page(known, "x 1; x 2; y 3", "x 1; x 2; x 3; y 6")
    assert "inherited: they differ because one side lacks records" in said
    assert "y  from x, of which one side lacks records" in said
