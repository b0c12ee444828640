"""A Diff as plain data: what --json prints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .diff import value_of
from .model import Skipped, Trace
from .place import place

if TYPE_CHECKING:
    from .closure_result import ClosureResult
    from .diff import Alone, Diff, Finding
    from .hidden import Hidden
    from .pattern import Pattern


def diff_dict(diff: Diff) -> dict[str, Any]:
    """Everything a Diff says; numbers that JSON lacks (nan, inf) become words."""
    return {
        "same": diff.same,
        "agree": diff.agree,
        "reference": _trace_dict(diff.reference),
        "candidate": _trace_dict(diff.candidate),
        "graph": diff.graph,
        "origins": [_finding_dict(f) for f in diff.origins],
        "inherited": [_finding_dict(f) for f in diff.inherited],
        "healed": [_finding_dict(f) for f in diff.healed],
        "flipped": [_finding_dict(f) for f in diff.flipped],
        "missing": [_alone_dict(a) for a in diff.missing],
        "unread": {str(side): [_skipped_dict(one) for one in lines] for side, lines in diff.unread.items()},
        "renamed": dict(diff.renamed),
        "config": [
            {
                "name": s.name,
                "reference": _plain(s.reference),
                "candidate": _plain(s.candidate),
                "source": s.source,
            }
            for s in diff.config
        ],
        "closure": {
            str(side): [_closure_dict(r) for r in results if r.holds is False]
            for side, results in diff.closures.items()
        },
        "labels": {str(side): dict(labels) for side, labels in diff.labels.items()},
        "parameters": {str(side): dict(found) for side, found in diff.parameters.items()},
        "verdicts": diff.counts(),
        "lines": diff.lines,
        "hidden": {str(side): [_hidden_dict(h) for h in found] for side, found in diff.hidden.items()},
        "sealed": diff.reference.sealed and diff.candidate.sealed,
        "notes": list(diff.notes),
    }


def _plain(value: object) -> object:
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, tuple):
        items: tuple[object, ...] = value  # pyright: ignore[reportUnknownVariableType]
        return [_plain(x) for x in items]
    return value


def _hidden_dict(one: Hidden) -> dict[str, Any]:
    return {"quantity": one.quantity, "digits": one.digits, "ulp": _plain(float(f"{one.ulp:.3g}"))}


def _trace_dict(trace: Trace) -> dict[str, Any]:
    return {
        "name": trace.name,
        "records": len(trace),
        "sealed": trace.sealed,
        "facts": dict(trace.facts),
        "skipped": [_skipped_dict(one) for one in trace.skipped],
    }


def _skipped_dict(one: Skipped) -> dict[str, Any]:
    return {"line": one.line, "text": one.text, "reason": one.reason}


def _finding_dict(finding: Finding) -> dict[str, Any]:
    pairing = finding.judged.pairing
    return {
        "quantity": finding.quantity,
        "role": str(finding.role),
        "verdict": str(finding.verdict),
        "scope": place(finding.reference),
        "occurrence": finding.reference.occurrence,
        "reference": _plain(value_of(finding.reference)),
        "candidate": _plain(value_of(finding.candidate)),
        "relative": _plain(max((m.relative for m in finding.judged.measures), default=math.nan)),
        "side": str(finding.side),
        "cost": _plain(finding.cost),
        "pattern": _pattern_dict(finding.pattern),
        "records": finding.records,
        "different": finding.different,
        "because": list(finding.because),
        "paired_by": str(pairing.by),
        "lines": {"reference": finding.reference.line, "candidate": finding.candidate.line},
        "sources": {"reference": finding.reference.source, "candidate": finding.candidate.source},
        "closure": {
            "reference": _closure_dict(finding.reference_closure),
            "candidate": _closure_dict(finding.candidate_closure),
        },
        "why": finding.why,
    }


def _pattern_dict(pattern: Pattern | None) -> object:
    if pattern is None:
        return None
    told = getattr(pattern, "as_dict", None)
    return told() if callable(told) else str(pattern)


def _closure_dict(result: ClosureResult | None) -> dict[str, Any] | None:
    if result is None:
        return None
    return {
        "quantity": result.quantity,
        "holds": result.holds,
        "expected": _plain(result.expected),
        "factor": _plain(result.factor),
        "unit_label": result.label,
        "formula": result.formula,
        "line": result.record.line,
        "why": result.why,
    }


def _alone_dict(alone: Alone) -> dict[str, Any]:
    return {
        "quantity": alone.quantity,
        "side": str(alone.side),
        "records": len(alone.records) + alone.more,
        "partly": alone.partly,
        "lines": [record.line for record in alone.records[:16]],
        "first": _plain(value_of(alone.records[0])) if alone.records else None,
    }
