"""What one trial says, and what a search may conclude. Types only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """How one probe ended. Only GOOD and BAD move a search; the others say nothing about what is hunted."""

    GOOD = "good"
    BAD = "bad"
    OTHER_BAD = "bad-in-another-way"
    CANNOT_BUILD = "cannot-build"
    CANNOT_RUN = "cannot-run"
    TIMEOUT = "timeout"
    NO_DATA = "no-data"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One probe's outcome; `measure` holds numbers such as correlation, `signature` how it was bad."""

    kind: Kind
    reason: str = ""
    signature: str = ""
    measure: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    artefacts: str = ""

    @property
    def decides(self) -> bool:
        """Whether an ordered search may move on this verdict."""
        return self.kind in (Kind.GOOD, Kind.BAD)


@dataclass(frozen=True, slots=True)
class Culprit:
    """One point is named, after its parents were seen good and itself bad."""

    point: str
    parents: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Candidates:
    """One of these; the skipped ones could not be tried."""

    points: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotHere:
    """Both ends agree (or the failure does not come): the cause is not on this axis."""

    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flaky:
    """The same point answered differently; `good` and `bad` count its answers."""

    point: str
    good: int
    bad: int
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Several:
    """More than one culprit; for unordered axes each is a minimal set that matters on its own."""

    sets: tuple[tuple[str, ...], ...]
    evidence: tuple[str, ...] = ()


Result = Culprit | Candidates | NotHere | Flaky | Several
