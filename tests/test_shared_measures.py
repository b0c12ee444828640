"""The measures of docs/measures.md on recordings of the real program and on logs of a real port."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import measure_align
from firstbad.tracer.catalogue import load
from firstbad.tracer.text import read

SHARED = Path(__file__).parents[2] / "shared"
pytestmark = [pytest.mark.shared, pytest.mark.skipif(not SHARED.exists(), reason="needs the reference data")]
LOGS = [*sorted(SHARED.glob("reference/*/trace_*.log"))[::8], *sorted(SHARED.glob("field/*.log"))[::4]]


@pytest.mark.parametrize("name", measure_align.EDITS)
def test_an_edited_recording_is_paired_as_it_was_edited(name: str) -> None:
    total = measure_align.Score()
    for number, path in enumerate(LOGS):
        trace, chance = read(path), random.Random(f"{name} {path.name}")
        judged = number % 8 == 0 and name in measure_align.ORDER and "iterations" not in name
        if len(trace) >= 20:
            score = measure_align.trial(trace, trace, name, load(), chance, judged=judged)
            total.add(score or measure_align.Score())
    assert total.f1 >= 0.99
    assert total.reported == total.alone and total.alarms == 0
