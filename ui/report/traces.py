"""A diff as the data of its page: what --json prints, every record in few bytes, the graph, and what is at hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ...tracer.diff import Diff, Finding, Judged
from ...tracer.model import Record, Trace
from ...tracer.tolerance import Limits, Measure, Verdict
from ..values import where
from .excerpt import Excerpts
from .graph import parents_of, parts_of, pictures
from .words import answer_verdict, commands, sides, verdict

if TYPE_CHECKING:
    from ...bisect.answer import Answer
    from ...tracer.catalogue import Catalogue

MOST = 20_000
"""Records in the table; of more than these the ones that agree are left out first, and the page says so."""

_Around: TypeAlias = Callable[[Trace, Record, Excerpts], dict[str, Any] | None]


def traces_data(diff: Diff, catalogue: Catalogue, options: Sequence[str] = ()) -> dict[str, Any]:
    """The data of a page about two traces; `options` are the user's, for the commands that it proposes."""
    both = sides(*((trace.name, len(trace), "record") for trace in (diff.reference, diff.candidate)))
    return {"kind": "traces", "verdict": verdict(diff), "sides": both, **_body(diff, catalogue, options)}


def answer_data(answer: Answer, catalogue: Catalogue, options: Sequence[str] = ()) -> dict[str, Any]:
    """The data of a page about an investigation, with its diff where there is one."""
    body = _body(answer.diff, catalogue, options) if answer.diff is not None else None
    said = {"kind": "answer", "verdict": answer_verdict(answer), "sides": []}
    return {**said, "result": answer.as_dict(), "traces": body}


def _body(diff: Diff, catalogue: Catalogue, options: Sequence[str]) -> dict[str, Any]:
    parts = parts_of(diff)
    return {
        "result": diff.as_dict(),
        "parts": parts,
        "table": table(diff),
        "graph": pictures(parts, catalogue),
        "details": _details(diff, catalogue, options),
    }


# ---- every record ------------------------------------------------------------------------------------------


def table(diff: Diff, most: int = MOST) -> dict[str, Any]:
    """Records in the order of the reference: numbers of name, verdict and place; both texts; units; both lines.

    The candidate's text is 0 where it is that of the reference; a side that has no record is null. `at` says in which
    row a finding shows itself.
    """
    shown = _shown(diff.judged, most)
    names, places = _Numbered(), _Numbered()
    rows = [_row(judged, diff.limits, names, places) for judged in shown]
    at = {id(judged): number for number, judged in enumerate(shown)}
    return {
        "verdicts": [str(one) for one in Verdict],
        "names": names.texts,
        "places": places.texts,
        "rows": rows,
        "at": {finding.quantity: at[id(finding.judged)] for finding in findings(diff) if id(finding.judged) in at},
        "left_out": len(diff.judged) - len(shown),
    }


def findings(diff: Diff) -> tuple[Finding, ...]:
    """Every quantity that differs on both sides, what matters most first."""
    return (*diff.origins, *diff.flipped, *diff.inherited, *diff.healed)


def _shown(judged: Sequence[Judged], most: int) -> list[Judged]:
    if len(judged) <= most:
        return list(judged)
    by_badness = sorted(range(len(judged)), key=lambda i: (judged[i].verdict.agrees, i))
    return [judged[i] for i in sorted(by_badness[:most])]


class _Numbered:
    """Texts that repeat, each kept once."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._number: dict[str, int] = {}

    def of(self, text: str) -> int:
        """The number of `text`."""
        if text not in self._number:
            self._number[text] = len(self.texts)
            self.texts.append(text)
        return self._number[text]


def _row(judged: Judged, limits: Limits, names: _Numbered, places: _Numbered) -> list[Any]:
    a, b = judged.pairing.reference, judged.pairing.candidate
    left, right = _text(a), _text(b)
    return [
        names.of(judged.quantity),
        judged.verdict.rank,
        places.of(where(judged.pairing.record)),
        left,
        0 if left == right else right,
        _row_units(judged, limits),
        a.line if a else 0,
        b.line if b else 0,
    ]


def _text(record: Record | None) -> str | None:
    return None if record is None else " ".join(record.tokens)


def _row_units(judged: Judged, limits: Limits) -> object:
    """One number where the record is a scalar or agrees, else one for each component."""
    found = [units(measure, judged.quantity, limits, judged.verdict) for measure in judged.measures]
    if len(found) > 1 and not judged.verdict.agrees:
        return [_rounded(one) for one in found]
    return _rounded(max(found, default=math.nan))


def units(measure: Measure, quantity: str, limits: Limits, verdict: Verdict) -> float:
    """How many times what is granted two values lie apart: above 1 they differ; nan for words, inf where one is NaN.

    `verdict` is that of the pair: where the judge settled for fewer digits than were shown (coarse.py), so does this,
    and what follows from differences of its parents that count as none (follows.py) lies within what is granted.
    """
    a, b = measure.reference, measure.candidate
    if isinstance(a, str) or isinstance(b, str):
        return 0.0 if a == b else math.nan
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    printed = max(measure.printed, measure.coarse) if verdict is Verdict.PRINT else measure.printed
    granted = max(
        printed + limits.slack * max(measure.floor, measure.noise),
        limits.relative.get(quantity, 0.0) * max(abs(a), abs(b)),
    )
    off = abs(b - a)
    times = off / granted if granted and math.isfinite(off) else math.inf
    return min(times, 1.0) if verdict is Verdict.ILL else times


def _rounded(value: float) -> float | str | None:
    """Three digits are plenty for a strip; None for what has no distance."""
    if math.isnan(value):
        return None
    return float(f"{value:.3g}") if math.isfinite(value) else "inf"


# ---- one quantity ------------------------------------------------------------------------------------------


def _details(diff: Diff, catalogue: Catalogue, options: Sequence[str]) -> dict[str, Any]:
    """For each finding: what it is, what it was computed from, its lines in log and source, commands."""
    excerpts, present = Excerpts(), list(dict.fromkeys(judged.quantity for judged in diff.judged))
    parents = parents_of([name for name in present if name in catalogue.quantities], catalogue)
    found: dict[str, Any] = {}
    for finding in findings(diff):
        found[finding.quantity] = {
            **_known(finding.quantity, catalogue),
            "parents": list(parents.get(finding.quantity, ())),
            "place": where(finding.reference),
        }
    proposed: list[dict[str, str]] = []
    for finding in (*diff.origins, *diff.flipped):
        new = [one for one in _commands(diff, finding, options) if one not in proposed]
        proposed += new
        found[finding.quantity] |= {
            "log": _both(diff, finding, excerpts, _log),
            "source": _both(diff, finding, excerpts, _source),
            "commands": new,
        }
    return found


def _known(name: str, catalogue: Catalogue) -> dict[str, Any]:
    quantity = catalogue.get(name)
    if quantity is None:
        return {"unit": "", "note": "", "formulas": [], "known": False}
    formulas = [one.formula.text for one in quantity.formulas]
    return {"unit": quantity.unit, "note": quantity.note, "formulas": formulas, "known": True}


def _both(diff: Diff, finding: Finding, excerpts: Excerpts, one: _Around) -> dict[str, Any]:
    return {
        "reference": one(diff.reference, finding.reference, excerpts),
        "candidate": one(diff.candidate, finding.candidate, excerpts),
    }


def _log(trace: Trace, record: Record, excerpts: Excerpts) -> dict[str, Any] | None:
    found = excerpts.around(Path(trace.name), record.line) if trace.name else None
    return found if found and _holds(found, record) else None


def _holds(found: dict[str, Any], record: Record) -> bool:
    """Whether the file still says there what was read: it may have been written anew since."""
    return all(token in found["text"][found["line"] - found["first"]] for token in record.tokens[:3])


def _source(trace: Trace, record: Record, excerpts: Excerpts) -> dict[str, Any] | None:
    return excerpts.source(record.source, [trace.folder] if trace.folder else [])


def _commands(diff: Diff, finding: Finding, options: Sequence[str]) -> list[dict[str, str]]:
    names = diff.reference.name, diff.candidate.name
    return commands(finding, *names, options) if all(name and Path(name).is_file() for name in names) else []
