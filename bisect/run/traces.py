"""Questions about traces: is this quantity an origin at that pixel, and which commit moved which quantity.

The reference does not change with the commits, so its trace is made once; every probe's trace is kept with its
output, so one set of runs answers for all quantities.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...tracer.errors import FirstbadError
from ..verdict import Kind, Result, Verdict
from .attempt import filled
from .probe import Probe, last_line
from .sandbox import Command, Ended, clean_environment, run

if TYPE_CHECKING:
    from ...tracer.diff import Diff
    from ...tracer.model import Trace
    from ..axes.commits import CommitRange
    from .journal import Journal

ROLES = ("origin", "inherited", "healed", "flipped", "missing")
DIVERGES, ORIGIN = "diverges", "origin"
_PREDICATE = re.compile(
    r"\s*(?P<quantity>\S+)\s+(?:at\s+pixel\s+(?P<slow>\d+)[\s,]+(?P<fast>\d+)\s+)?"
    r"(?:(?:is|are)\s+(?:an?\s+)?(?P<role>origin|inherited|healed|flipped|missing)|(?P<diverges>diverges))\s*$"
)


@dataclass(frozen=True, slots=True)
class Predicate:
    """What is asked of a trace: "F_latt at pixel 30 40 is an origin", "F_cell diverges".

    `pixel` is (slow, fast); in the commands `{slow}` and `{fast}` stand for it.
    """

    quantity: str
    role: str = ORIGIN
    pixel: tuple[int, int] | None = None

    @classmethod
    def parse(cls, text: str) -> Predicate:
        """Read the sentence; FirstbadError (predicate-syntax) shows the forms."""
        found = _PREDICATE.match(text)
        if not found:
            raise FirstbadError(
                f"'{text}' is no question about a trace",
                remedy="Write 'QUANTITY at pixel SLOW FAST is an origin', or '... diverges'",
                slug="predicate-syntax",
            )
        pixel = (int(found["slow"]), int(found["fast"])) if found["slow"] else None
        return cls(found["quantity"], found["role"] or DIVERGES, pixel)

    def fill(self, command: Command) -> Command:
        """The command for this pixel."""
        if self.pixel is None:
            return command
        return filled(command, {"slow": str(self.pixel[0]), "fast": str(self.pixel[1])})

    def __str__(self) -> str:
        where = f" at pixel {self.pixel[0]} {self.pixel[1]}" if self.pixel else ""
        what = "diverges" if self.role == DIVERGES else f"is {'an ' if self.role == ORIGIN else ''}{self.role}"
        return f"{self.quantity}{where} {what}"


@dataclass(frozen=True, slots=True)
class TraceIs:
    """A judge: BAD where the question is true of the probe's trace against the reference's, which lies in a file.

    `question` is a sentence that Predicate.parse reads. NO_DATA where either side lacks the quantity or the
    probe printed no trace: nothing can be said about such a commit.
    """

    question: str
    reference: str

    def __post_init__(self) -> None:
        Predicate.parse(self.question)

    def describe(self) -> str:
        """One line for the journal and the table."""
        return self.question

    def judge(self, ended: Ended) -> Verdict:
        """The verdict by the trace in the output."""
        asked = Predicate.parse(self.question)
        trace, why = kept_trace(ended)
        if trace is None:
            return Verdict(Kind.NO_DATA, f"{why} (exit {ended.code}): {last_line(ended)}")
        roles = roles_of(diff_with(self.reference, trace))
        return self._verdict(asked, roles)

    def _verdict(self, asked: Predicate, roles: Mapping[str, str]) -> Verdict:
        from ...tracer.catalogue import load

        role = roles.get(asked.quantity) or roles.get(load().canonical(asked.quantity))
        if role is None:
            return Verdict(Kind.NO_DATA, f"neither trace has {asked.quantity}")
        true = role == asked.role or (asked.role == DIVERGES and role in ROLES[:4])
        if true:
            return Verdict(Kind.BAD, f"{asked.quantity}: {role}", str(asked))
        if role == "missing":
            return Verdict(Kind.NO_DATA, f"only one of the traces has {asked.quantity}")
        return Verdict(Kind.GOOD, f"{asked.quantity}: {role}")


def kept_trace(ended: Ended) -> tuple[Trace | None, str]:
    """The trace in a probe's output, or in its error output (where the overlay's taps write); else why not."""
    from ...tracer.text import parse_bytes

    why = "no trace"
    for stream in ("stdout", "stderr"):
        said = ended.text(stream)
        if "TRACE" in said:
            try:
                return parse_bytes(said.encode(), f"{stream} of the probe"), ""
            except FirstbadError as exc:
                why = exc.message
    return None, why


def diff_with(reference: str, trace: Trace) -> Diff:
    """Compare with the reference trace in a file."""
    from ...tracer.diff import compare
    from ...tracer.text import read

    return compare(read(reference), trace)


def roles_of(diff: Diff) -> dict[str, str]:
    """Each quantity's part: "agrees" unless it was found to differ or to be one-sided."""
    roles = {judged.quantity: "agrees" for judged in diff.judged}
    roles.update({alone.quantity: "missing" for alone in diff.missing if not alone.partly})
    for findings in (diff.healed, diff.inherited, diff.flipped, diff.origins):
        roles.update({finding.quantity: str(finding.role) for finding in findings})
    return roles


def trace_probe(
    question: str, candidate: Command, reference: Command, *, cwd: Path, out: Path, env: Mapping[str, str] | None = None
) -> Probe:
    """A probe that runs `candidate` in each commit and asks `question` of its trace.

    `reference` is run once, in `cwd`; its trace is kept under `out`. FirstbadError (reference-no-trace) where it
    gives none.
    """
    asked = Predicate.parse(question)
    ended = run(asked.fill(reference), cwd=cwd, env=clean_environment(env), out=out)
    trace, why = kept_trace(ended)
    if trace is None:
        raise FirstbadError(
            f"the reference gave no trace: {ended.problem or why} (exit {ended.code}) {last_line(ended)}".rstrip(),
            remedy="Run it by hand and look for lines that begin with TRACE",
            slug="reference-no-trace",
        )
    stream = "stdout" if "TRACE" in ended.text() else "stderr"
    path = str(Path(out).resolve() / stream)
    return Probe(asked.fill(candidate), judge=TraceIs(question, path), env=env or {}, inputs=(path,))


@dataclass(frozen=True, slots=True)
class Moved:
    """One quantity over the history: its role at each tried commit, and what moved it (None: still open).

    `open` counts the commits that may have moved it where the kept runs do not settle it yet, `next` is the
    commit that would tell most.
    """

    quantity: str
    roles: Mapping[str, str]
    result: Result | None
    open: int = 0
    next: str = ""


@dataclass(frozen=True, slots=True)
class QuantityTable:
    """Quantities × commits. `commits` are those with a trace, oldest first; `untold` those without, and why."""

    commits: tuple[str, ...]
    rows: tuple[Moved, ...]
    untold: Mapping[str, str] = field(default_factory=dict[str, str])


def quantity_table(book: Journal, reference: Path | None = None) -> QuantityTable:
    """Which commit moved which quantity, from the traces that one search kept; nothing is run.

    Compared with the trace in `reference`, or with that of the good end. Quantities that agree everywhere are
    left out. FirstbadError (table-no-trace) where the good end kept none.
    """
    from ...tracer.text import read
    from .conduct import answers
    from .points import Commits
    from .story import commits_of

    commits = commits_of(book)
    traces: dict[str, Trace] = {}
    untold: dict[str, str] = {}
    for point, attempt in answers(book, Commits()):
        trace, why = kept_trace(attempt.ended)
        if trace is None:
            untold.setdefault(point, why)
        else:
            traces.setdefault(point, trace)
    good = commits.new if commits.repair else commits.old[0]
    if reference is None and good not in traces:
        raise FirstbadError(
            f"the good end {good[:12]} kept no trace to compare with",
            remedy="Let the command print TRACE lines, or give a reference trace",
            slug="table-no-trace",
        )
    base = read(reference) if reference is not None else traces[good]
    order = [*commits.old, *reversed(commits.commits)]
    told = {p: roles_of(_compared(base, traces[p])) for p in order if p in traces}
    return QuantityTable(tuple(told), tuple(_rows(told, commits)), {p: w for p, w in untold.items() if p not in told})


def _compared(base: Trace, trace: Trace) -> Diff:
    from ...tracer.diff import compare

    return compare(base, trace)


def _rows(told: Mapping[str, Mapping[str, str]], commits: CommitRange) -> Sequence[Moved]:
    names = dict.fromkeys(name for roles in told.values() for name in roles)
    rows: list[Moved] = []
    for name in names:
        roles = {p: r[name] for p, r in told.items() if name in r}
        if set(roles.values()) == {"agrees"}:
            continue
        search = commits.search(confirm=False)
        for point in told:
            search.record(point, _as_verdict(name, roles.get(point)))
        result = search.result()
        following = search.next(1)
        rows.append(Moved(name, roles, result, 0 if result else search.remaining, following[0] if following else ""))
    return rows


def _as_verdict(name: str, role: str | None) -> Verdict:
    if role is None or role == "missing":
        return Verdict(Kind.NO_DATA, f"no {name}")
    return Verdict(Kind.GOOD if role == "agrees" else Kind.BAD, role, "" if role == "agrees" else "moved")
