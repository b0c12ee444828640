"""For the tests of a port: `assert_traces_agree(reference, candidate)` fails with the diff's own first lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..tracer.catalogue import Catalogue
    from ..tracer.diff import Diff

AssertTraces = Callable[..., "Diff"]


@pytest.fixture
def assert_traces_agree() -> AssertTraces:
    """A function that compares two trace files and fails where a quantity goes bad; returns the Diff.

    `assert_traces_agree(reference, candidate, catalogue=None, strict=False)`; with `strict` also what heals, one-sided
    records and differing settings fail.
    """
    return _compare


def _compare(
    reference: Path | str, candidate: Path | str, catalogue: Path | str | None = None, *, strict: bool = False
) -> Diff:
    from ..tracer.diff import compare
    from ..tracer.text import read
    from .known import choose

    traces = read(reference), read(candidate)
    known, _ = choose(None if catalogue is None else Path(catalogue), None, *traces)
    found = compare(*traces, known)
    if not (found.same if strict else found.agree):
        pytest.fail(_page(found, known), pytrace=False)
    return found


def _page(diff: Diff, catalogue: Catalogue) -> str:
    """The diff as it is shown on a terminal, without colours."""
    import io

    from rich.console import Console

    from .render_diff import diff_page

    text = io.StringIO()
    diff_page(Console(file=text, width=100, highlight=False, color_system=None), diff, catalogue)
    return text.getvalue()
