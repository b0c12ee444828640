"""What an investigation concludes, as data: the steps it took, the result, and the first bad quantity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .axes.changes import ChangedLine
from .axes.commits import CommitFacts
from .verdict import Candidates, Culprit, Flaky, NotHere, Result, Several

if TYPE_CHECKING:
    from ..tracer.diff import Diff


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the walk: its name, what was found out in one sentence, and the numbers behind it."""

    name: str
    said: str
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Answer:
    """The result on its axis, and what the traces at the costliest pixel say.

    `headline` is the answer in one sentence. `diff` compares reference and candidate where it is bad; it is None
    where no trace could be had, and `untraced` says why.
    """

    headline: str
    result: Result
    axis: str
    why: str
    steps: tuple[Step, ...]
    case: str = ""
    pixel: tuple[int, int] | None = None
    commit: CommitFacts | None = None
    lines: tuple[ChangedLine, ...] = ()
    culprits: tuple[str, ...] = ()
    diff: Diff | None = None
    untraced: str = ""
    artefacts: str = ""

    @property
    def found(self) -> bool:
        """Whether something is named, if only as one of several candidates."""
        return isinstance(self.result, Culprit | Candidates | Several)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for --json and for the report."""
        return {
            "headline": self.headline,
            "result": type(self.result).__name__,
            "axis": self.axis,
            "why": self.why,
            "commit": self.commit.id if self.commit else None,
            "commit_facts": _facts(self.commit),
            "lines": [_line(x) for x in self.lines],
            "culprits": list(self.culprits),
            "evidence": list(self.result.evidence),
            "case": self.case,
            "pixel": list(self.pixel) if self.pixel else None,
            "origins": self.diff.as_dict()["origins"] if self.diff else [],
            "untraced": self.untraced,
            "steps": [{"name": s.name, "said": s.said, "data": dict(s.data)} for s in self.steps],
            "artefacts": self.artefacts,
            **_result_fields(self.result),
        }


def _facts(commit: CommitFacts | None) -> dict[str, str] | None:
    if commit is None:
        return None
    return {"sha": commit.id, "subject": commit.subject, "author": commit.author, "date": commit.date}


def _line(line: ChangedLine) -> dict[str, str | int | None]:
    return {"file": line.file, "line": line.line, "before": line.old, "after": line.new}


def _result_fields(result: Result) -> dict[str, Any]:
    """What only some results have: the candidates, the skipped, the counts of a flaky point."""
    match result:
        case Candidates():
            return {"candidates": list(result.points), "skipped": list(result.skipped)}
        case Flaky():
            return {"flaky": {"point": result.point, "good": result.good, "bad": result.bad}}
        case Several():
            return {"sets": [list(s) for s in result.sets]}
        case Culprit() | NotHere():
            return {}
