"""What a comparison says beside its findings: whether the traces are whole, what they cannot show, what was assumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .align import reordered
from .hidden import limited
from .place import place
from .sampling import STEPS

if TYPE_CHECKING:
    from .diff import Case, Finding
    from .model import Trace
    from .view import View


def notes(case: Case, findings: Sequence[Finding]) -> Iterator[str]:
    """Sentences, the ones about both traces first."""
    yield from _steps(case, findings)
    yield from _stepped(case)
    yield from _pairing(case)
    yield from _printing(case)
    for side, view in (("reference", case.a), ("candidate", case.b)):
        yield from _of(side, view, measured=bool(case.catalogue.measured.get("float32")))
    if not case.catalogue:
        yield "there is no catalogue: order stands in for the graph, so only the first difference is an origin"
    elif strange := [f.quantity for f in findings if f.quantity not in case.catalogue.quantities]:
        yield f"the catalogue does not know {_some(strange)}: order stands in for the graph there"


def _steps(case: Case, findings: Sequence[Finding]) -> Iterator[str]:
    """Where the first origin is a sum of more steps than the traces show, what shows the others."""
    first = next(iter(findings), None)
    if first is None or (first.quantity, str(first.role), str(first.side)) != ("I_before_scaling", "origin", "unknown"):
        return
    told = [record.numbers[0] for view in (case.a, case.b) for record in view.records("steps") if record.numbers]
    shown = min(len(view.records("hkl_frac")) for view in (case.a, case.b))
    if told and shown < told[0]:
        yield (
            f"I_before_scaling sums {told[0]:.0f} steps and the traces show {shown} of them: "
            "run both programs again with --trace-steps, then the step that is at fault is named"
        )


def _stepped(case: Case) -> Iterator[str]:
    """Where one side alone was traced with every step of the loops: what it has more of is no fault of either."""
    sides = ("reference", "candidate")
    (steps_a, plain_a), (steps_b, plain_b) = _loops(case.a.trace), _loops(case.b.trace)
    found = [(steps_a & plain_b if not steps_b else set[str]()), (steps_b & plain_a if not steps_a else set[str]())]
    for side, other, names in zip(sides, sides[::-1], found, strict=True):
        alone = {p.quantity for p in case.pairings if (p.candidate if side == "reference" else p.reference) is None}
        if more := len(names & alone):
            yield (
                f"the {side} was traced with every step (source, phi, mosaic: --trace-steps), the {other} was not: "
                f"that is why only the {side} has some records of {more} of the quantities; trace both sides alike"
            )


def _loops(trace: Trace) -> tuple[set[str], set[str]]:
    """The quantities of which records name a step of the loops, and those of which records name none."""
    stepped: set[str] = set()
    plain: set[str] = set()
    for record in trace:
        (plain if STEPS.isdisjoint(place(record)) else stepped).add(record.quantity)
    return stepped, plain


def _pairing(case: Case) -> Iterator[str]:
    if (case.a.trace.facts.get("side"), case.b.trace.facts.get("side")) == ("PY", "C"):
        yield "the reference was written by Python and the candidate by C: are the two exchanged?"
    for name, meant in case.renamed.items():
        yield f"{name} is taken for {meant}: each is on one side only, and they hold the same"
    if moved := reordered(case.pairings):
        yield f"the candidate runs {_some(moved)} in another order: each is paired by what its iteration says"


def _printing(case: Case) -> Iterator[str]:
    one, two = limited(case.a), limited(case.b)
    if one and one == two:
        yield f"both sides are {one}"
    else:
        yield from (f"the {side} is {text}" for side, text in (("reference", one), ("candidate", two)) if text)


def _of(side: str, view: View, *, measured: bool) -> Iterator[str]:
    trace = view.trace
    if not trace.sealed:
        yield f"the {side} is unsealed: nothing tells whether it is whole"
    if lost := sum(skipped.lost for skipped in trace.skipped):
        lines = "line" if lost == 1 else "lines"
        yield f"the {side} has {lost} TRACE {lines} that became no record"
    if view.dtype == "float32":
        how = "its manifest says so" if "dtype" in trace.facts else "most long numbers are"
        whence = "measured in reruns" if measured else "by rule"
        yield f"the {side} computed in float32 ({how}): float32 noise is granted, {whence}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
