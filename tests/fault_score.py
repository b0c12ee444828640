"""What a comparison said about a planted fault, and what four plain tools would have said."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import Diff, Finding
from firstbad.tracer.model import Trace
from firstbad.tracer.view import View

TOOLS = ("plain diff", "numdiff", "numpy.allclose", "torch.testing.assert_close")
CHANGE = 1e-9
"""A value that moved by less than this, relative to its vector, is no planted fault."""


@dataclass
class Outcome:
    """One trial: what was planted, and what each tool named (in order; empty for nothing)."""

    id: str
    stage: str
    line: str
    side: str
    expect: tuple[str, ...]
    kinds: tuple[str, ...]
    named: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()
    """The side of each named quantity."""
    pattern: str = ""
    confidence: float = 0.0
    pattern_text: str = ""
    tools: dict[str, tuple[str, ...]] = field(default_factory=dict)
    invalid: str = ""
    tellable: bool = True
    """Whether the clean trace satisfies a formula of an expected quantity, so that a side can be told at all."""

    @property
    def place(self) -> int:
        """Rank from 1 of the first expected quantity, 0 where it was not named."""
        return next((n for n, name in enumerate(self.named, 1) if name in self.expect), 0)

    @property
    def side_told(self) -> str:
        """The side at the expected quantity."""
        return self.sides[self.place - 1] if self.place else ""


def findings(diff: Diff) -> tuple[Finding, ...]:
    """What the diff names, in the order in which it shows it: origins, flipped decisions, healed."""
    return (*diff.origins, *diff.flipped, *diff.healed)


def judge(outcome: Outcome, diff: Diff) -> Outcome:
    """Write down what the diff says."""
    found = findings(diff)
    outcome.named = tuple(f.quantity for f in found)
    outcome.sides = tuple(str(f.side) for f in found)
    one = found[outcome.place - 1] if outcome.place else None
    if one is not None and one.pattern is not None:
        outcome.pattern, outcome.confidence = one.pattern.kind, one.pattern.confidence
        outcome.pattern_text = one.pattern.text
    return outcome


# ---- what really changed -----------------------------------------------------------------------------------------


def changed(clean: Trace, bad: Trace, catalogue: Catalogue, least: float = 0.0, *, one_sided: bool = True) -> set[str]:
    """Quantities of which any record differs by more than `least` (relative to its vector), or is one-sided."""
    found: set[str] = set()
    a, b = _values(clean, catalogue), _values(bad, catalogue)
    for name in a.keys() | b.keys():
        x, y = a.get(name, []), b.get(name, [])
        if (one_sided and len(x) != len(y)) or any(_moved(u, v, least) for u, v in zip(x, y, strict=False)):
            found.add(name)
    return found


def _values(trace: Trace, catalogue: Catalogue) -> dict[str, list[tuple[Any, ...]]]:
    view, found = View(trace, catalogue), dict[str, list[tuple[Any, ...]]]()
    for record in trace:
        found.setdefault(view.name(record), []).append(record.values)
    return found


def _moved(u: Sequence[Any], v: Sequence[Any], least: float) -> bool:
    if len(u) != len(v) or any(isinstance(x, str) for x in (*u, *v)):
        return tuple(u) != tuple(v)
    x, y = np.array(u, dtype=float), np.array(v, dtype=float)
    if np.isnan(x).any() or np.isnan(y).any():
        return not np.array_equal(np.isnan(x), np.isnan(y))
    scale = max(np.abs(x).max(initial=0.0), np.abs(y).max(initial=0.0))
    if np.isinf(scale):
        return not np.array_equal(x, y)
    return bool(np.abs(x - y).max(initial=0.0) > least * scale)


def first_changed(clean: Trace, bad: Trace, catalogue: Catalogue) -> tuple[str, ...]:
    """Quantities that changed although all nearest present parents are identical: found without the diff.

    Records that only one of the two has make no origin (the diff reports them by themselves), but what is computed from
    them follows.
    """
    any_change, real = changed(clean, bad, catalogue), changed(clean, bad, catalogue, CHANGE, one_sided=False)
    present = set(_values(clean, catalogue))
    return tuple(
        sorted(
            name
            for name in real
            if name in catalogue.quantities and not (_parents(name, present, catalogue) & any_change)
        )
    )


def _parents(name: str, present: set[str], catalogue: Catalogue) -> set[str]:
    found: set[str] = set()
    front, seen = list(catalogue.quantities[name].parents), set[str]()
    while front:
        parent = front.pop()
        if parent in seen:
            continue
        seen.add(parent)
        if parent in present:
            found.add(parent)
        else:
            front.extend(catalogue.quantities[parent].parents)
    return found


def behind(name: str, other: str, catalogue: Catalogue) -> bool:
    """Whether `name` is computed from `other`."""
    front, seen = [name], set[str]()
    while front:
        for parent in catalogue.quantities[front.pop()].parents if front else ():
            if parent == other:
                return True
            if parent not in seen:
                seen.add(parent)
                front.append(parent)
    return False


# ---- plain tools -------------------------------------------------------------------------------------------------

_TAG = re.compile(r"TRACE\w*:?\s*(\w+)")


def plain_tools(reference: str, candidate: str, diff: Diff) -> dict[str, tuple[str, ...]]:
    """The first quantity at which each plain tool stops; () where it sees no difference.

    The two text tools get the trace lines alone, with one prefix; the two numeric ones get the records already paired.
    """
    lines = [_trace_lines(text) for text in (reference, candidate)]
    found = {"plain diff": _first_line(lines)}
    told = _numdiff(lines)
    if told is not None:
        found["numdiff"] = told
    import torch

    def close(x: np.ndarray, y: np.ndarray) -> bool:
        try:
            torch.testing.assert_close(torch.from_numpy(y), torch.from_numpy(x))
        except AssertionError:
            return False
        return True

    found["numpy.allclose"] = _first_pair(diff, lambda x, y: np.allclose(y, x))
    found["torch.testing.assert_close"] = _first_pair(diff, close)
    return found


def _trace_lines(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.startswith("TRACE")]
    return [
        line.replace("TRACE_PY", "TRACE_C", 1) for line in lines if not line.startswith(("TRACE_OPEN", "TRACE_SEAL"))
    ]


def _named(text: str) -> tuple[str, ...]:
    """The tag of a line, which the two text tools know no other name for."""
    match = _TAG.match(text)
    tag = match.group(1) if match else text.strip()
    return (tag,)


def _first_line(lines: Sequence[Sequence[str]]) -> tuple[str, ...]:
    a, b = lines
    for x, y in zip(a, b, strict=False):
        if x != y:
            return _named(x)
    return () if len(a) == len(b) else ("(more lines)",)


def _numdiff(lines: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
    program = os.environ.get("NUMDIFF") or shutil.which("numdiff")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("a", "b")]
        for path, text in zip(paths, lines, strict=True):
            path.write_text("\n".join(text) + "\n")
        done = subprocess.run([program, *map(str, paths)], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ()
    match = re.search(r"^##(\d+)", done.stdout, re.MULTILINE)
    return _named(lines[0][int(match.group(1)) - 1]) if match else ("(unreadable)",)


def _first_pair(diff: Diff, close: Any) -> tuple[str, ...]:
    for judged in diff.judged:
        a, b = judged.pairing.reference, judged.pairing.candidate
        if a is None or b is None or len(a.numbers) != len(b.numbers) or len(a.numbers) != len(a.values):
            continue
        if not close(np.array(a.numbers, dtype=float), np.array(b.numbers, dtype=float)):
            return (judged.quantity,)
    return ()


# ---- counting ----------------------------------------------------------------------------------------------------


def share(part: int, whole: int) -> str:
    """`part` of `whole` in words."""
    return f"{part} of {whole}" + (f" ({100 * part / whole:.1f} %)" if whole else "")


def table(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """The scores of one set of trials."""
    valid = [o for o in outcomes if not o.invalid]
    told = [o for o in valid if o.tellable and o.place]
    every = [o for o in valid if o.place and o.side_told == o.side]
    right = [o for o in told if o.side_told == o.side]
    mute = [o for o in told if o.side_told in ("unknown", "neither")]
    apply = [o for o in valid if o.kinds]
    wrong = [o for o in valid if o.confidence >= 0.9 and o.pattern not in o.kinds]
    rows = {
        "trials": str(len(valid)),
        "origin: top 1": share(sum(o.place == 1 for o in valid), len(valid)),
        "origin: top 3": share(sum(1 <= o.place <= 3 for o in valid), len(valid)),
        "side at fault right, of all trials": share(len(every), len(valid)),
        "side at fault right where a formula tells": share(len(right), len(told)),
        "… not told": share(len(mute), len(told)),
        "… wrong": share(len(told) - len(right) - len(mute), len(told)),
    }
    if apply:
        rows["pattern right where one applies"] = share(sum(o.pattern in o.kinds for o in apply), len(apply))
        rows["confident wrong pattern"] = share(len(wrong), len(valid))
    for tool in TOOLS:
        tried = [o for o in valid if tool in o.tools]
        if tried:
            hit = sum(any(_same(n, o.expect) for n in o.tools[tool]) for o in tried)
            rows[f"{tool}: first difference is the origin"] = share(hit, len(tried))
    return rows


def _same(tag: str, expect: Sequence[str]) -> bool:
    return tag in expect or any(e.startswith(tag + "_") or e == tag for e in expect)
