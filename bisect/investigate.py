"""From a failing gate to the first bad quantity and the thing that changed.

The walk: reproduce, repeat, both ends, empty directory, pick the axis, search, confirm, trace, compare, answer.
Nothing is accused before both ends were tried, and what is named was confirmed both ways. Every step is told to
`tell` as it ends, and kept in the answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..tracer.errors import FirstbadError
from .answer import Answer, Step
from .axes.ambient import AmbientAxis
from .culprits import Findings, search_ambient, search_commits, search_environment
from .ends import Axis, Choice, Corners, choose, needs_bare
from .inquiry import Inquiry
from .lab import Lab, Outcome, Room, Stand, bare_room, empty_room, end_servers, full_room, surroundings
from .run.worktrees import Worktrees
from .tracing import Traced, costliest_pixel, trace_pair
from .verdict import Flaky, Kind, NotHere, Result, Verdict
from .wording import headline, numbers

Tell = Callable[[Step], None]


@dataclass(slots=True)
class Investigation:
    """One walk for one inquiry; artefacts are kept under `out`, the user's files are only read."""

    inquiry: Inquiry
    out: Path
    tell: Tell = lambda _: None
    exclude: Path | None = None
    steps: list[Step] = field(default_factory=list[Step])
    lab: Lab = field(init=False)
    around: AmbientAxis = field(init=False)
    _trees: Worktrees | None = None

    def __post_init__(self) -> None:
        self.lab = Lab(self.inquiry, self.out)
        self.around = surroundings(self.inquiry, self.exclude)

    def run(self) -> Answer:
        """Walk until there is an answer. FirstbadError where the inquiry itself cannot be followed."""
        try:
            if self.inquiry.repository is None:
                return self._walk(None)
            with Worktrees(self.inquiry.repository, self.out / "worktrees") as trees:
                self._trees = trees
                return self._walk(trees)
        finally:
            end_servers()

    def note(self, name: str, said: str, **data: Any) -> None:
        """Add one step and tell it."""
        step = Step(name, said, data)
        self.steps.append(step)
        self.tell(step)

    @contextmanager
    def standing(self, commit: str) -> Generator[Stand | None, None, None]:
        """A checkout of `commit` in a worktree of ours; None where there is no history."""
        if self._trees is None or not commit:
            yield Stand("here", self.inquiry.directory)
            return
        with self._trees.slot() as slot:
            slot.stand_on(commit)
            yield Stand(commit, slot.tree)

    # ---- the walk

    def _walk(self, trees: Worktrees | None) -> Answer:
        here = full_room(self.around)
        good, bad = _commits(self.inquiry, trees)
        failing = self._reproduce(here, bad)
        if failing is None:
            why = "every case passes the gate here: there is nothing to explain"
            return self._answer(NotHere((why,)), Choice(Axis.NONE, why), None, None)
        again = self._repeat(failing, here, bad)
        if again is not None:
            return self._answer(again, Choice(Axis.NONE, "the same run gives different answers"), failing, None)
        corners = self._corners(failing, here, good, bad)
        choice = choose(corners)
        self.note("axis", choice.why, axis=str(choice.axis))
        findings = self._search(choice, failing, here, good, bad, corners)
        traced = self._trace(findings, failing)
        return self._answer(findings.result, choice, failing, traced, findings)

    def _reproduce(self, here: Room, bad: str) -> Outcome | None:
        """Run every case where the failure was seen; the one with the lowest correlation goes on."""
        failing: list[Outcome] = []
        with self.standing(bad) as stand:
            for case in self.inquiry.cases:
                outcome = self.lab.gate(case, here, stand)
                self.note(
                    "reproduce", f"case {case.name}: {_verdict(outcome.verdict)}", **dict(outcome.verdict.measure)
                )
                if outcome.images is None:
                    raise FirstbadError(
                        f"case {case.name} gave no pair of images: {outcome.verdict.reason}",
                        remedy=f"run the command by hand; what it said is kept in {outcome.candidate.folder.parent}",
                        slug="no-images",
                    )
                if outcome.verdict.kind is Kind.BAD:
                    failing.append(outcome)
        return min(failing, key=_correlation) if failing else None

    def _repeat(self, failing: Outcome, here: Room, bad: str) -> Flaky | None:
        """The same run once more: what does not repeat cannot be bisected as if it did."""
        with self.standing(bad) as stand:
            again = self.lab.gate(failing.case, here, stand, fresh=True)
        if again.verdict.kind is Kind.BAD:
            same = dict(again.verdict.measure) == dict(failing.verdict.measure)
            how = "it fails again, with the same numbers" if same else f"it fails again: {_verdict(again.verdict)}"
            self.note("repeat", how, **dict(again.verdict.measure))
            return None
        self.note("repeat", f"run again it says {_verdict(again.verdict)}", **dict(again.verdict.measure))
        return Flaky(bad or "here", good=1, bad=1, evidence=(_verdict(failing.verdict), _verdict(again.verdict)))

    def _corners(self, failing: Outcome, here: Room, good: str, bad: str) -> Corners:
        """Both commits in both places, and without the user's environment where that is all that is left."""
        empty = empty_room(self.around)
        bad_empty = self._corner(failing, empty, bad, "bad commit", "an empty directory")
        corners = Corners(failing.verdict, bad_empty)
        if good:
            good_here = self._corner(failing, here, good, "good commit", "this directory")
            good_empty = self._corner(failing, empty, good, "good commit", "an empty directory")
            corners = Corners(failing.verdict, bad_empty, good_here, good_empty)
        if needs_bare(corners):
            bare = self._corner(
                failing, bare_room(self.around), good or bad, "good commit" if good else "run", "a bare environment"
            )
            corners = Corners(failing.verdict, bad_empty, corners.good_here, corners.good_empty, bare)
        return corners

    def _corner(self, failing: Outcome, room: Room, commit: str, who: str, where: str) -> Verdict:
        with self.standing(commit) as stand:
            verdict = self.lab.gate(failing.case, room, stand).verdict
        subject = f"the {who} ({commit[:10]})" if commit and self._trees else "the same run"
        self.note("ends", f"{subject} in {where}: {_verdict(verdict)}", **dict(verdict.measure))
        return verdict

    def _search(self, choice: Choice, failing: Outcome, here: Room, good: str, bad: str, corners: Corners) -> Findings:
        """Search along the chosen axis; what is named there was confirmed both ways."""
        match choice.axis:
            case Axis.AMBIENT:
                return search_ambient(self, failing, bad)
            case Axis.ENVIRONMENT:
                return search_environment(self, failing, good or bad)
            case Axis.COMMITS | Axis.BOTH:
                return search_commits(self, failing, empty_room(self.around), good, bad)
            case Axis.COMMITS_HERE:
                return search_commits(self, failing, here, good, bad)
            case Axis.NONE:
                return Findings(NotHere((choice.why, *_evidence(corners))), here, bad)

    def _trace(self, findings: Findings, failing: Outcome) -> Traced | None:
        """Both traces at the pixel that costs most, where the named thing alone brings the failure."""
        with self.standing(findings.commit) as stand:
            outcome = self.lab.gate(failing.case, findings.room, stand)
            if outcome.verdict.kind is not Kind.BAD:
                return None
            pixel = costliest_pixel(outcome, self.lab)
            traced = trace_pair(self.lab, outcome, findings.room, stand, pixel)
        said = traced.trouble or f"traced pixel {pixel[0]} {pixel[1]} (slow fast), which costs the image most"
        self.note("trace", said, pixel=list(pixel))
        if traced.diff is not None:
            names = ", ".join(o.quantity for o in traced.diff.origins) or "no quantity"
            self.note("diff", f"first bad: {names}")
        return traced

    def _answer(
        self,
        result: Result,
        choice: Choice,
        failing: Outcome | None,
        traced: Traced | None,
        findings: Findings | None = None,
    ) -> Answer:
        diff = traced.diff if traced else None
        named = findings or Findings(result, empty_room(self.around), "")
        return Answer(
            headline=headline(result, choice, named, diff),
            result=result,
            axis=str(choice.axis),
            why=choice.why,
            steps=tuple(self.steps),
            case=failing.case.name if failing else "",
            pixel=traced.pixel if traced else None,
            commit=named.facts,
            lines=named.lines,
            culprits=named.names,
            diff=diff,
            untraced=traced.trouble if traced else "",
            artefacts=str(self.out),
        )


def _commits(inquiry: Inquiry, trees: Worktrees | None) -> tuple[str, str]:
    """Full names of the good and the bad commit; "" where there is no history or no good one is known."""
    if trees is None:
        return "", ""
    good = trees.repository.resolve(inquiry.good) if inquiry.good else ""
    return good, trees.repository.resolve(inquiry.bad)


def _correlation(outcome: Outcome) -> float:
    value = outcome.verdict.measure.get("correlation", 0.0)
    return -2.0 if math.isnan(value) else value


def _verdict(verdict: Verdict) -> str:
    measured = numbers(verdict.measure)
    return f"{verdict.kind}" + (f", {measured}" if measured else f" ({verdict.reason})")


def _evidence(corners: Corners) -> tuple[str, ...]:
    named: Mapping[str, Verdict | None] = {
        "bad commit here": corners.bad_here,
        "bad commit in an empty directory": corners.bad_empty,
        "good commit here": corners.good_here,
        "good commit in an empty directory": corners.good_empty,
        "in a bare environment": corners.bare,
    }
    return tuple(f"{name}: {_verdict(v)}" for name, v in named.items() if v is not None)
