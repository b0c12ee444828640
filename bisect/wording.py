"""The sentences of an investigation: pure functions from results to text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .ends import Axis, Choice
from .verdict import Candidates, Culprit, Flaky, NotHere, Result, Several

if TYPE_CHECKING:
    from ..tracer.diff import Diff
    from ..tracer.model import Record
    from .culprits import Findings


def numbers(measure: Mapping[str, float]) -> str:
    """`correlation 0.72, sum ratio 1.1`, or nothing where nothing was measured."""
    words = {"correlation": "correlation", "sum_ratio": "sum ratio"}
    return ", ".join(f"{words[k]} {_number(k, measure[k])}" for k in words if k in measure)


def _number(name: str, value: float) -> str:
    """Six digits, and as many as tell a correlation from 1."""
    if name == "correlation" and 0.999999 < value < 1:
        return f"{value:.12f}"
    return f"{value:.6g}"


def headline(result: Result, choice: Choice, findings: Findings, diff: Diff | None) -> str:
    """The answer in one sentence: what changed, and which quantity went bad first."""
    thing = _thing(result, choice, findings)
    first = diff.origins[0] if diff is not None and diff.origins else None
    if first is None:
        return thing
    values = f"{first.quantity} (reference {_shown(first.reference)}, candidate {_shown(first.candidate)})"
    return f"{thing}; first bad quantity: {values}"


def _shown(record: Record) -> str:
    """The value as the trace printed it."""
    return " ".join(record.tokens)


def _thing(result: Result, choice: Choice, findings: Findings) -> str:
    match result:
        case Culprit():
            return _culprit(choice, findings, result.point)
        case Candidates():
            some = (
                f"one of {len(result.points)} commits" if _is_commits(choice) else "one of " + ", ".join(result.points)
            )
            skipped = f" ({len(result.skipped)} could not be tried)" if result.skipped else ""
            return f"the cause is {some}{skipped}"
        case Several():
            return _several(choice, result)
        case Flaky():
            return f"the failure is not steady: {result.good} good and {result.bad} bad answers at {result.point}"
        case NotHere():
            return choice.why


def _several(choice: Choice, result: Several) -> str:
    """Each set matters on its own; what is in one set matters only together."""
    if _is_commits(choice):
        return "these commits matter: " + "; ".join(" with ".join(p[:10] for p in s) for s in result.sets)
    kind = "environment variable" if choice.axis is Axis.ENVIRONMENT else "file"
    told = [
        f"the {kind}s {' and '.join(s)}, which do it only together" if len(s) > 1 else f"the {kind} {''.join(s)}"
        for s in result.sets
    ]
    return "not a commit: " + "; or ".join(told)


def _is_commits(choice: Choice) -> bool:
    return choice.axis in (Axis.COMMITS, Axis.COMMITS_HERE, Axis.BOTH)


def _culprit(choice: Choice, findings: Findings, point: str) -> str:
    if _is_commits(choice):
        subject = f" ({findings.facts.subject})" if findings.facts else ""
        where = f", {findings.lines[0].file}:{findings.lines[0].line}" if findings.lines else ""
        return f"commit {point[:10]}{subject}{where}"
    kind = "environment variable" if choice.axis is Axis.ENVIRONMENT else "file"
    return f"not a commit: the {kind} {point}"
