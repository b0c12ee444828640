"""What a search hunts: settled only when both ends were seen, then put to every attempt alike.

The failure of the bad end is the one that is hunted, and "nearer to good or to bad" needs both values. An answer
that comes before both ends are known waits, so the order of the answers never matters.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Generic

from ..verdict import Kind, Verdict
from .attempt import Attempt
from .points import P
from .probe import Probe, hunted, judge


@dataclass
class Question(Generic[P]):
    """Judges attempts for a search between `good` ends and `bad` ends."""

    probe: Probe
    good: Collection[P]
    bad: Collection[P]
    seen: dict[P, Attempt] = field(default_factory=dict[P, Attempt])
    waiting: list[tuple[P, Attempt]] = field(default_factory=list[tuple[P, Attempt]])
    settled: bool = False

    def offer(self, point: P, attempt: Attempt) -> list[tuple[P, Verdict]]:
        """Take one attempt; returns every verdict that can be given now (none while an end is missing)."""
        self.waiting.append((point, attempt))
        self.seen.setdefault(point, attempt)
        if not self.settled and all(end in self.seen for end in (*self.good, *self.bad)):
            self._settle()
        if not self.settled:
            return []
        if not self.probe.hunt and point in self.bad:  # it passed by chance before: its first failure is the one
            self._hunt([self.verdict(attempt)])
        ready, self.waiting = self.waiting, []
        return [(p, hunted(self.verdict(a), self.probe.hunt)) for p, a in ready]

    @property
    def held(self) -> tuple[P, ...]:
        """The points whose answers wait for an end."""
        return tuple(p for p, _ in self.waiting)

    def verdict(self, attempt: Attempt) -> Verdict:
        """What the attempt says, whatever failure is hunted."""
        if attempt.failed in ("build", "setup") and not attempt.ended.cancelled:
            said = judge(replace(self.probe, hunt=""), attempt.ended).reason if attempt.ended.code is None else ""
            why = said or f"the {attempt.failed} step ended with exit {attempt.ended.code}"
            return Verdict(Kind.CANNOT_BUILD, why, artefacts=attempt.ended.stdout)
        return replace(judge(self.probe, attempt.ended), artefacts=attempt.ended.stdout)

    def _settle(self) -> None:
        self.settled = True
        good = [self.verdict(self.seen[p]) for p in self.good]
        bad = [self.verdict(self.seen[p]) for p in self.bad]
        settle = getattr(self.probe.judge, "settled", None)
        if settle is not None:
            self.probe = replace(self.probe, judge=settle(good, bad))
            bad = [self.verdict(self.seen[p]) for p in self.bad]
        if not self.probe.hunt:
            self._hunt(bad)

    def _hunt(self, verdicts: list[Verdict]) -> None:
        failures = [v.signature for v in verdicts if v.kind is Kind.BAD]
        self.probe = replace(self.probe, hunt=failures[0] if failures else "")
