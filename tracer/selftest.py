"""Is the checker awake? Plant faults in the user's own traces, on each side, and report what would have been
missed.

A fault is planted as a program would make it: the quantity is changed, and everything whose formula leads
on from it is computed again, so that the fault shows where it would show. Where no formula leads on, only
the quantity itself changes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from .catalogue import Catalogue, Quantity, load
from .cost import moved
from .diff import Case, Diff, Role, Side, compare
from .model import Record, Trace, Value
from .uncertain import Num, Term, parts, to_float32
from .view import View

_MOST = 400


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of mistake: what it does to the numbers of a record; None where it would change nothing."""

    name: str
    change: Callable[[tuple[float, ...]], tuple[float, ...] | None]


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted fault and what the diff made of it. `leads_on`: whether a formula carried it further."""

    quantity: str
    fault: str
    side: Side
    leads_on: bool
    role: Role
    rank: int | None
    blamed: Side
    missed: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a self-test found: every planted fault, and the differences that were there before."""

    planted: tuple[Planted, ...]
    before: tuple[str, ...]

    @property
    def missed(self) -> tuple[Planted, ...]:
        """Faults that no verdict, no origin and no closure showed, or that noise was taken to have made."""
        return tuple(p for p in self.planted if p.missed)

    @property
    def wrongly_blamed(self) -> tuple[Planted, ...]:
        """Faults that were found, but laid at the other side's door."""
        other = {Side.REFERENCE: Side.CANDIDATE, Side.CANDIDATE: Side.REFERENCE}
        return tuple(p for p in self.planted if not p.missed and p.blamed is other[p.side])

    @property
    def awake(self) -> bool:
        """Whether nothing was missed."""
        return not self.missed

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "planted": len(self.planted),
            "missed": [_dict(p) for p in self.missed],
            "wrongly_blamed": [_dict(p) for p in self.wrongly_blamed],
            "first_named": sum(p.rank == 0 for p in self.planted),
            "before": list(self.before),
        }


def _dict(planted: Planted) -> dict[str, object]:
    return {
        "quantity": planted.quantity,
        "fault": planted.fault,
        "side": str(planted.side),
        "role": str(planted.role),
        "blamed": str(planted.blamed),
        "why": planted.why,
    }


def _scaled(factor: float) -> Callable[[tuple[float, ...]], tuple[float, ...] | None]:
    return lambda values: tuple(v * factor for v in values) if any(values) else None


def _swapped(values: tuple[float, ...]) -> tuple[float, ...] | None:
    return (values[1], values[0], *values[2:]) if len(values) > 1 and values[0] != values[1] else None


def _transposed(values: tuple[float, ...]) -> tuple[float, ...] | None:
    if len(values) != 9:
        return None
    turned = tuple(values[3 * j + i] for i in range(3) for j in range(3))
    return turned if turned != values else None


def _shifted(values: tuple[float, ...]) -> tuple[float, ...] | None:
    return tuple(v + 1 for v in values) if all(v == int(v) and abs(v) < 1e6 for v in values) else None


FAULTS = (
    Fault("one per cent too large", _scaled(1.01)),
    Fault("one part in a million too large", _scaled(1 + 1e-6)),
    Fault("the sign is wrong", _scaled(-1.0)),
    Fault("a thousand times too large", _scaled(1000.0)),
    Fault("two components are swapped", _swapped),
    Fault("the matrix is transposed", _transposed),
    Fault("off by one", _shifted),
    Fault("not a number", lambda values: tuple(math.nan for _ in values)),
)


def selftest(
    reference: Trace,
    candidate: Trace,
    catalogue: Catalogue | None = None,
    faults: Sequence[Fault] = FAULTS,
    most: int = _MOST,
) -> Report:
    """Plant up to `most` faults in each trace and compare again; evenly spread over quantities where there are more."""
    known = load() if catalogue is None else catalogue
    before = compare(reference, candidate, known)
    planted: list[Planted] = []
    for side, trace in ((Side.CANDIDATE, candidate), (Side.REFERENCE, reference)):
        case = Case(trace, trace, known)  # what formulas make of the trace as it is, for every fault in it
        jobs = list(_jobs(case.a, faults))
        for quantity, fault in jobs[:: max(1, math.ceil(len(jobs) / most))]:
            bad, leads_on = plant_in(case, quantity, fault)
            if bad is not None:
                pair = (reference, bad) if side is Side.CANDIDATE else (bad, candidate)
                planted.append(_told(before, compare(*pair, known), quantity, fault, side, leads_on=leads_on))
    return Report(tuple(planted), tuple(f.quantity for f in before.origins))


def _jobs(view: View, faults: Sequence[Fault]) -> Iterator[tuple[str, Fault]]:
    names = [name for name in view.groups if all(not isinstance(v, str) for v in view.records(name)[0].values)]
    for fault in faults:
        for name in names:
            yield name, fault


def plant(trace: Trace, catalogue: Catalogue, name: str, fault: Fault) -> tuple[Trace | None, bool]:
    """The trace of a program that gets `name` wrong; None where the fault changes nothing. Whether it led on."""
    return plant_in(Case(trace, trace, catalogue), name, fault)


def plant_in(case: Case, name: str, fault: Fault) -> tuple[Trace | None, bool]:
    """The same in a trace that was paired with itself, for one who plants many."""
    trace, catalogue = case.a.trace, case.a.catalogue
    terms: dict[int, Term] = {}
    changed: dict[int, tuple[float, ...]] = {}
    for record in case.a.records(name):
        values = fault.change(record.numbers)
        if values is None or len(values) != len(record.values):
            continue
        changed[id(record)] = values
        terms[id(record)] = _term(case.a, record, values)
    if not changed:
        return None, False
    own = len(changed)
    for child in catalogue.order:
        if name in catalogue.ancestors(child):
            _carry(case, catalogue.quantities[child], terms, changed)
    records = tuple(_printed(case.a, r, changed[id(r)]) if id(r) in changed else r for r in trace.records)
    if all(new.tokens == old.tokens for new, old in zip(records, trace.records, strict=True)):
        return None, False
    return replace(trace, records=records), len(changed) > own


def _carry(case: Case, child: Quantity, terms: dict[int, Term], changed: dict[int, tuple[float, ...]]) -> None:
    for record in case.a.records(child.name):
        term = moved(case, record, child, terms)
        if term is not None:
            terms[id(record)] = term
            factor = case.a.labels.get(child.name, 1.0)
            changed[id(record)] = tuple(x.v * factor for x in parts(term))


def _term(view: View, record: Record, values: tuple[float, ...]) -> Term:
    factor = view.labels.get(view.name(record), 1.0)
    numbers = tuple(Num(v / factor) for v in values)
    return numbers[0] if record.shape == () else numbers


def _printed(view: View, record: Record, values: tuple[float, ...]) -> Record:
    """The record with new values, rounded as its program computes and printed with the digits that its trace prints."""
    digits = view.formats.digits(record)
    rounded = map(to_float32, values) if view.dtype == "float32" else values
    tokens = tuple("nan" if math.isnan(v) else f"{v:.{digits}g}" for v in rounded)
    read: tuple[Value, ...] = tuple(float(token) for token in tokens)
    return replace(record, values=read, tokens=tokens)


def _told(before: Diff, after: Diff, quantity: str, fault: Fault, side: Side, *, leads_on: bool) -> Planted:
    """What the diff says of the planted quantity; missed where it says no more than it did before."""
    for role, findings in (
        (Role.ORIGIN, after.origins),
        (Role.HEALED, after.healed),
        (Role.FLIPPED, after.flipped),
        (Role.INHERITED, after.inherited),
    ):
        for rank, finding in enumerate(findings):
            if finding.quantity == quantity:
                known = any(f.quantity == quantity for f in (*before.origins, *before.healed, *before.inherited))
                hidden = role is Role.FLIPPED or (role is Role.INHERITED and not known and leads_on)
                place = rank if role is Role.ORIGIN else None
                return Planted(quantity, fault.name, side, leads_on, role, place, finding.side, hidden, finding.why)
    if any(setting.name == quantity for setting in after.config):
        return Planted(quantity, fault.name, side, leads_on, Role.CONFIG, None, Side.NEITHER, missed=False)
    if any(f.quantity == quantity for f in (*before.origins, *before.healed, *before.inherited)):
        why = "it undoes a difference that was there"
        return Planted(quantity, fault.name, side, leads_on, Role.AGREES, None, Side.UNKNOWN, missed=False, why=why)
    alone = any(one.quantity == quantity for one in after.missing)
    why = "it has no partner on the other side" if alone else "the change is within what printing and rounding hide"
    role = Role.MISSING if alone else Role.AGREES
    return Planted(quantity, fault.name, side, leads_on, role, None, Side.UNKNOWN, missed=True, why=why)
