"""Compare two traces: align, judge, and tell origin from consequence.

Returns data; never raises because numbers differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from . import closure
from .align import By, Pairing, align
from .arguments import compare_arguments, compare_inputs
from .catalogue import Catalogue, load
from .closure_result import ClosureResult
from .coarse import settle
from .follows import settle_followers
from .formula import compile_formula
from .hidden import Hidden, hidden
from .model import Record, Skipped, Trace, Value
from .pair_verdict import verdict
from .rename import aligned
from .tolerance import Limits, Measure, Verdict, measure, worst
from .units import labels_apart
from .unread import apart

if TYPE_CHECKING:
    from .pattern import Pattern


_FACTS_APART = ("side", "program", "digits", "threads", "device", "dtype", "args")
"""Facts of a manifest that two sides may well differ in; the arguments are compared one by one."""


class Role(StrEnum):
    """What part a quantity plays in a difference."""

    AGREES = "agrees"
    ORIGIN = "origin"
    INHERITED = "inherited"
    HEALED = "healed"
    FLIPPED = "flipped"
    CONFIG = "config"
    MISSING = "missing"


class Side(StrEnum):
    """Who broke the closure: neither means that an input differs, unknown that the traces cannot tell."""

    REFERENCE = "reference"
    CANDIDATE = "candidate"
    BOTH = "both"
    NEITHER = "neither"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judged:
    """One pair of records with what its verdict rests on."""

    pairing: Pairing
    measures: tuple[Measure, ...]
    verdict: Verdict

    @property
    def quantity(self) -> str:
        """The canonical name."""
        return self.pairing.quantity

    @property
    def both(self) -> bool:
        """Whether both sides have the record."""
        return self.pairing.reference is not None and self.pairing.candidate is not None


@dataclass(frozen=True, slots=True)
class Finding:
    """One quantity that differs, told by its first telling pair.

    `cost` is |ln| of the ratio by which it changes the final intensity.
    """

    quantity: str
    role: Role
    verdict: Verdict
    judged: Judged
    records: int
    different: int
    side: Side = Side.UNKNOWN
    cost: float | None = None
    pattern: Pattern | None = None
    because: tuple[str, ...] = ()
    reference_closure: ClosureResult | None = None
    candidate_closure: ClosureResult | None = None
    why: str = ""

    @property
    def reference(self) -> Record:
        """The reference's record."""
        record = self.judged.pairing.reference
        assert record is not None
        return record

    @property
    def candidate(self) -> Record:
        """The candidate's record."""
        record = self.judged.pairing.candidate
        assert record is not None
        return record


@dataclass(frozen=True, slots=True)
class Alone:
    """Records of one quantity that only one side has."""

    quantity: str
    side: Side
    records: tuple[Record, ...]
    partly: bool
    """The other side has the quantity too, but fewer records of it."""
    more: int = 0
    """How many records there are beside these, which a long trace does not keep."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A configuration value that differs, or that was inferred on one side only."""

    name: str
    reference: Value | tuple[Value, ...] | None
    candidate: Value | tuple[Value, ...] | None
    source: str


@dataclass(frozen=True)
class Diff:
    """Everything that the comparison found, in data. `origins` come first: what to look at."""

    reference: Trace
    candidate: Trace
    judged: tuple[Judged, ...]
    origins: tuple[Finding, ...]
    inherited: tuple[Finding, ...]
    healed: tuple[Finding, ...]
    flipped: tuple[Finding, ...]
    missing: tuple[Alone, ...]
    config: tuple[Setting, ...]
    closures: Mapping[Side, tuple[ClosureResult, ...]]
    labels: Mapping[Side, Mapping[str, float]]
    parameters: Mapping[Side, Mapping[str, float]]
    graph: str
    limits: Limits = field(default_factory=Limits)
    notes: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names that one side alone uses, with what they were taken for."""
    unread: Mapping[Side, tuple[Skipped, ...]] = field(default_factory=dict[Side, "tuple[Skipped, ...]"])
    """Lines that became no record, may hold a value and are not the same on both sides."""
    lines: int = 0
    """How many lines were compared of a long trace, of which `judged` holds only some (lockstep.py); else 0."""
    _case: Any = field(default=None, repr=False, compare=False)

    @property
    def agree(self) -> bool:
        """Whether nothing diverges for good: no origin, no flipped decision, nothing that follows from records that one
        side lacks. Healed and one-sided ones may be there.
        """
        return not self.origins and not self.flipped and not self.inherited

    @property
    def same(self) -> bool:
        """Whether nothing differs beyond print and noise: no one-sided record, and no line that was not read."""
        return self.agree and not any((self.healed, self.missing, self.config, *self.unread.values()))

    def __bool__(self) -> bool:
        """True where something differs (as in `if diff:`)."""
        return not self.same

    @property
    def first(self) -> Finding | None:
        """The origin that costs the final intensity most."""
        return self.origins[0] if self.origins else None

    def judge(self, limits: Limits) -> Diff:
        """The same evidence under other limits; nothing is read or aligned again."""
        return _conclude(self._case, limits)

    @property
    def hidden(self) -> Mapping[Side, tuple[Hidden, ...]]:
        """For each side the quantities whose printed digits hide more than 4 units in the last place."""
        views = {} if self._case is None else {Side.REFERENCE: self._case.a, Side.CANDIDATE: self._case.b}
        return {side: hidden(view) for side, view in views.items()}

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON: numbers that JSON lacks (nan, inf) become words."""
        from .diff_dict import diff_dict

        return diff_dict(self)

    def counts(self) -> dict[str, int]:
        """How many pairs got each verdict."""
        found = {str(verdict): 0 for verdict in Verdict}
        for judged in self.judged:
            found[str(judged.verdict)] += 1
        return found


def compare(
    reference: Trace, candidate: Trace, catalogue: Catalogue | None = None, limits: Limits | None = None
) -> Diff:
    """Align and judge two traces.

    `catalogue` None means nanoBragg's own; an empty one, that order stands in for the graph.
    """
    known = load() if catalogue is None else catalogue
    case = Case(reference, candidate, known)
    return _conclude(case, limits or Limits())


class Case:
    """The evidence: both traces indexed, their closures, and the measured pairs. Judging reads it only."""

    def __init__(self, reference: Trace, candidate: Trace, catalogue: Catalogue) -> None:
        self.a, self.b, self.pairings, self.renamed = aligned(reference, candidate, catalogue)
        self.catalogue = self.a.catalogue
        self.closures = {
            Side.REFERENCE: closure.check_view(self.a),
            Side.CANDIDATE: closure.check_view(self.b),
        }
        self._told = {side: {id(r.record): r for r in results} for side, results in self.closures.items()}
        if broken := {r.quantity for results in self.closures.values() for r in results if r.broken}:
            below = {q.name for q in self.catalogue if not broken.isdisjoint(self.catalogue.ancestors(q.name))}
            self.pairings = align(self.a, self.b, unsure=broken | below)
            met = {id(p.reference): p for p in self.pairings if p.reference and p.candidate}
            if displaced := {p.quantity for p in met.values() if self._displaced(p, met)}:
                self.pairings = align(self.a, self.b, displaced, unsure=broken | below)
        self.measured = [(p, self._measures(p)) for p in self.pairings]

    def _displaced(self, pairing: Pairing, met: Mapping[int, Pairing]) -> bool:
        """Whether both sides hold the same value and its parents too, and it follows on one side only.

        Then its loop is not merely run in another order; a value that is wrong in itself, or was not computed anew
        where its parents differ, says nothing of the order. `met` holds the pairs by the id of the reference's record.
        """
        a, b = self.closures_of(pairing)
        if pairing.by is not By.ANCHOR or a is None or b is None or None in (a.holds, b.holds) or a.broken == b.broken:
            return False
        parents = self.catalogue.quantities[pairing.quantity].parents
        nearest = [met[id(r)] for name in parents for r in self.a.related(name, pairing.record) if id(r) in met]
        return all(worst(p.quantity, self._measures(p), Limits()).agrees for p in (pairing, *nearest))

    def _measures(self, pairing: Pairing) -> tuple[Measure, ...]:
        x, y = pairing.reference, pairing.candidate
        return () if x is None or y is None else measure(self.a, x, self.b, y)

    def closure_of(self, record: Record | None, side: Side) -> ClosureResult | None:
        """What the record's own formula said on that side, if it has one."""
        return self._told[side].get(id(record)) if record is not None else None

    def closures_of(self, pairing: Pairing) -> tuple[ClosureResult | None, ClosureResult | None]:
        """The same for both records of a pair."""
        return (
            self.closure_of(pairing.reference, Side.REFERENCE),
            self.closure_of(pairing.candidate, Side.CANDIDATE),
        )

    def parameters_used(self) -> set[str]:
        """Parameters that some formula which holds really needs: the others were inferred in vain."""
        texts = {r.formula for results in self.closures.values() for r in results if r.holds}
        return {name for text in texts for name in compile_formula(text).names if name in self.catalogue.parameters}


def _conclude(case: Case, limits: Limits) -> Diff:
    from .notes import notes
    from .origins import Roles

    judged = settle(case, [Judged(pair, *verdict(case, pair, sizes, limits)) for pair, sizes in case.measured], limits)
    judged = settle_followers(case, judged, limits)
    roles = Roles(case, judged, limits)
    findings = roles.findings()
    by_role = {role: tuple(f for f in findings if f.role is role) for role in Role}
    return Diff(
        case.a.trace,
        case.b.trace,
        judged,
        by_role[Role.ORIGIN],
        by_role[Role.INHERITED],
        by_role[Role.HEALED],
        by_role[Role.FLIPPED],
        _alone(judged),
        _settings(case, judged, {f.quantity for f in by_role[Role.HEALED]}),
        {side: tuple(results) for side, results in case.closures.items()},
        {Side.REFERENCE: dict(case.a.labels), Side.CANDIDATE: dict(case.b.labels)},
        {Side.REFERENCE: dict(case.a.parameters), Side.CANDIDATE: dict(case.b.parameters)},
        case.catalogue.name or ("catalogue" if case.catalogue else "order"),
        limits,
        tuple(notes(case, findings)),
        case.renamed,
        dict(zip((Side.REFERENCE, Side.CANDIDATE), apart(case.a.trace, case.b.trace), strict=True)),
        _case=case,
    )


def _alone(judged: Sequence[Judged]) -> tuple[Alone, ...]:
    paired = {j.quantity for j in judged if j.both}
    found: dict[tuple[str, Side], list[Record]] = {}
    for one in judged:
        if not one.both:
            side = Side.REFERENCE if one.pairing.candidate is None else Side.CANDIDATE
            found.setdefault((one.quantity, side), []).append(one.pairing.record)
    return tuple(Alone(name, side, tuple(records), name in paired) for (name, side), records in found.items())


def _settings(case: Case, judged: Sequence[Judged], healed: set[str]) -> tuple[Setting, ...]:
    """What was configured differently: facts of the manifests, units, config and input records, inferred parameters.

    An input that heals is a wrong label, not another configuration.
    """
    found: list[Setting] = []
    a, b = case.a.trace.facts, case.b.trace.facts
    for key in a:
        if key in b and a[key] != b[key] and key not in _FACTS_APART:
            found.append(Setting(key, a[key], b[key], "manifest"))
    if "args" in a and "args" in b:
        asked = compare_arguments(a["args"], b["args"], case.catalogue.options)
        found.extend(Setting(flag, x, y, "argument") for flag, x, y in asked)
    read = compare_inputs(case.a.trace, case.b.trace)
    found.extend(Setting(f"file {name}", x, y, "input") for name, x, y in read)
    found.extend(Setting(f"unit of {name}", x, y, "unit") for name, (x, y) in labels_apart(case.pairings).items())
    seen = set[str]()
    for one in judged:
        quantity = case.catalogue.get(one.quantity)
        if quantity is None or quantity.kind not in ("config", "input") or one.quantity in seen or not one.both:
            continue
        if (
            not one.verdict.agrees
            and one.quantity not in healed
            and not (quantity.kind == "input" and quantity.parents)
        ):
            seen.add(one.quantity)
            assert one.pairing.reference is not None and one.pairing.candidate is not None
            found.append(
                Setting(one.quantity, value_of(one.pairing.reference), value_of(one.pairing.candidate), "record")
            )
    used = case.parameters_used()
    for name in case.catalogue.parameters:
        x, y = case.a.parameters.get(name), case.b.parameters.get(name)
        gone = name in case.a.impossible or name in case.b.impossible
        if name in used and x != y and ((x is not None and y is not None) or gone):
            found.append(Setting(name, x, y, "inferred"))
    return tuple(found)


def value_of(record: Record) -> Value | tuple[Value, ...]:
    """A scalar as itself, anything else as its values."""
    return record.values[0] if record.shape == () and len(record.values) == 1 else record.values


__all__ = ["Alone", "By", "Diff", "Finding", "Judged", "Limits", "Role", "Setting", "Side", "compare"]
