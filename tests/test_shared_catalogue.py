"""Every recorded trace of nanoBragg and its ports is judged by nanoBragg's catalogue, but for two that hardly name a thing."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from firstbad.tracer.catalogue import load
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.place import qualified
from firstbad.tracer.text import records

SHARED = Path(__file__).parents[2] / "shared"
pytestmark = [pytest.mark.shared, pytest.mark.skipif(not SHARED.exists(), reason="needs the reference data")]
NAMELESS = {"850f362c-py_trace_simple.log", "946fa21d-py_trace_20251006171510.log"}


def names(path: Path) -> set[str]:
    with path.open("rb") as lines:
        try:
            return set(map(qualified, islice(records(lines), 300)))
        except FirstbadError:
            return set()


def test_nanobragg_and_its_ports_are_told_by_their_names() -> None:
    traces = [*(SHARED / "field").glob("*.log"), *(SHARED / "reference").glob("*/trace_*.log")]
    found = {path.name: names(path) for path in traces}
    judged = {name: of for name, of in found.items() if of}
    assert len(judged) > 60
    known = load()
    assert {name for name, of in judged.items() if not known.suits(of)} == NAMELESS
