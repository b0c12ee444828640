"""Roles: which differences are origins, which are inherited, which heal; who is at fault; what each costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from .closure_result import ClosureResult, asks_otherwise, broken, fault, followed
from .cost import Cost, formula_pair
from .diff import Case, Finding, Judged, Role, Side
from .formula import Unknown
from .model import Record, Value
from .reads import elsewhere, of_a_later_step, that_it_reads
from .tolerance import Limits, Verdict
from .uncertain import Num, Term
from .view import View

if TYPE_CHECKING:
    from .pattern import Pattern

_PLAIN = 64.0
"""A break behind another origin must exceed its allowance this many times: coarse printing makes small ones."""
_SHARE = 4.0
"""A child heals its parent where it differs by less than this part of what the parent would make of it."""
_NEGLIGIBLE = 1e-3
"""Where the cost of an origin cannot be told, it ranks behind those that change the intensity by more than this."""

_LIARS: dict[tuple[bool | None, bool | None], Side] = {
    (True, True): Side.BOTH, (True, False): Side.REFERENCE, (False, True): Side.CANDIDATE,
}  # fmt: skip
"""Whose trace lies, by whether a child that agrees breaks there."""


class Roles:
    """Judged pairs under a catalogue's graph. One object answers for one set of limits."""

    def __init__(self, case: Case, judged: Sequence[Judged], limits: Limits) -> None:
        self.case, self.judged, self.limits = case, judged, limits
        self.pairs: dict[str, list[Judged]] = {}
        self.at: dict[int, Judged] = {}
        self.lonely = set[int]()
        for one in judged:
            if one.both:
                self.pairs.setdefault(one.quantity, []).append(one)
                self.at[id(one.pairing.reference)] = one
            else:
                self.lonely.add(id(one.pairing.record))
        self._healed: dict[str, bool] = {}
        self._children: dict[str, tuple[str, ...]] = {}
        self._present: dict[str, frozenset[str]] = {}

    def findings(self) -> list[Finding]:
        """Every quantity that differs: origins whose parents agree, origins behind others (both by cost), the rest."""
        found = [self._finding(name) for name, pairs in self.pairs.items() if self.differs(name) and pairs]
        return sorted(found, key=self._rank)

    def _rank(self, finding: Finding) -> tuple[int, float, bool, float]:
        """Where the costs are negligible, a value that does not even follow from its parents comes first."""
        if finding.role is not Role.ORIGIN:
            return 2, 0.0, False, 0.0
        cost = finding.cost if finding.cost is not None else _NEGLIGIBLE
        innocent = finding.side in (Side.NEITHER, Side.UNKNOWN)
        return bool(finding.because), -cost if cost > _NEGLIGIBLE else 0.0, innocent, -cost

    def differs(self, name: str) -> bool:
        """Whether any pair of the quantity does not agree."""
        return any(not one.verdict.agrees for one in self.pairs.get(name, ()))

    def _finding(self, name: str) -> Finding:
        pairs = self.pairs[name]
        bad = [one for one in pairs if not one.verdict.agrees]
        role, one, because = self._role(name, bad)
        a, b = self.case.closures_of(one.pairing)
        origin = role is Role.ORIGIN
        side = self._side(name, bad) if origin else self._liar(name, bad) if role is Role.HEALED else Side.UNKNOWN
        return Finding(
            name,
            role,
            one.verdict,
            one,
            len(pairs),
            len(bad),
            side,
            Cost(self).of(name, hidden=bool(because)) if origin else None,
            self._pattern(name, pairs, side) if role in (Role.ORIGIN, Role.HEALED) else None,
            because,
            a,
            b,
            self._why(name, role, because, one, a, b, side),
        )

    # ---- roles ------------------------------------------------------------------------------------------

    def _role(self, name: str, bad: Sequence[Judged]) -> tuple[Role, Judged, tuple[str, ...]]:
        """The quantity's role, the pair that shows it, and the diverging parents."""
        quantity = self.case.catalogue.get(name)
        if quantity is None:
            return self._by_order(bad)
        if quantity.kind == "config" and not self._informed(name):
            return Role.CONFIG, bad[0], ()
        because: dict[str, None] = {}
        for one in sorted(bad, key=lambda one: one.verdict is Verdict.FLIPPED):  # a tie excuses itself, not the others
            diverging = self.diverging_parents(one) or elsewhere(self, one)
            if not diverging or self._hidden(one):
                if one.verdict is Verdict.FLIPPED:
                    return Role.FLIPPED, one, ()
                return (Role.HEALED if self.healed(name) else Role.ORIGIN), one, tuple(diverging)
            because.update(dict.fromkeys(that_it_reads(self, one, diverging)))
        because.pop(name, None)  # a step before it that differs does so for one of the other reasons
        return Role.INHERITED, bad[0], tuple(because)

    def _by_order(self, bad: Sequence[Judged]) -> tuple[Role, Judged, tuple[str, ...]]:
        """Without a graph everything before a record counts as its parent."""
        first = bad[0]
        for one in self.judged:
            if one is first:
                return Role.ORIGIN, first, ()
            known = self.case.catalogue.get(one.quantity)
            if known is not None and known.kind == "config":
                continue
            if one.both and not one.verdict.agrees and not self.healed(one.quantity):
                return Role.INHERITED, first, (one.quantity,)
        return Role.ORIGIN, first, ()

    def _hidden(self, one: Judged) -> bool:
        """An origin behind an origin: parents diverge, and yet exactly one side does not even follow from its own."""
        a, b = self.case.closures_of(one.pairing)
        if a is None or b is None or a.holds is None or b.holds is None or self._related_differ(one.quantity):
            return False
        return a.broken != b.broken and max(a.excess, b.excess) > _PLAIN

    def _related_differ(self, name: str) -> bool:
        """Whether what its formula reads without being computed from it differs: then a break proves little."""
        quantity = self.case.catalogue.get(name)
        return quantity is not None and any(self.differs(other) for other in quantity.beside)

    def diverging_parents(self, one: Judged) -> list[str]:
        """Names of the nearest present ancestors that diverge at the place of this pair."""
        found: dict[str, None] = {}
        for parent in self.parents(one):
            if not parent.verdict.agrees and not self.healed(parent.quantity):
                found[parent.quantity] = None
        return list(found)

    def parents(self, one: Judged) -> list[Judged]:
        """The pairs that this pair was computed from; a parent in neither trace is looked through."""
        quantity = self.case.catalogue.get(one.quantity)
        record = one.pairing.reference
        if quantity is None or record is None:
            return []
        found: dict[int, Judged] = {}
        seen = set[str]()
        front = list(quantity.parents)
        while front:
            name = front.pop()
            if name in seen:
                continue
            seen.add(name)
            pairs = [self.at[id(r)] for r in self.case.a.related(name, record) if id(r) in self.at]
            pairs = [pair for pair in pairs if not of_a_later_step(self, pair, one)]
            if pairs:
                found.update((id(pair), pair) for pair in pairs)
            else:
                front.extend(self.case.catalogue.quantities[name].parents)
        return list(found.values())

    # ---- healing ----------------------------------------------------------------------------------------

    def healed(self, name: str) -> bool:
        """Diverges, yet everything that is computed from it, and would show it, agrees (or is healed itself)."""
        known = self._healed.get(name)
        if known is None:
            known = self._healed[name] = self.differs(name) and self._heals(name)
        return known

    def _heals(self, name: str) -> bool:
        children = [child for child in self.children(name) if self.differs(child) or self._would_show(name, child)]
        return bool(children) and all(
            self.healed(child) and (not self._passed_on(child) or self._proved(child))
            if self.differs(child)
            else not self._made_up(name, child)
            for child in children
        )

    def _passed_on(self, child: str) -> bool:
        """Whether a difference is what the formula makes of others, as where what is printed is computed with."""
        return any(self._followed((one,)) for one in self.pairs[child] if not one.verdict.agrees)

    def _proved(self, name: str) -> bool:
        """Whether something that agrees does not follow from it: what was printed was not computed with."""
        return any(
            self._proved(child) if self.differs(child) else any(r.broken for r in self._told(self.pairs[child]))
            for child in self.children(name)
        )

    def _made_up(self, name: str, child: str) -> bool:
        """Whether a child agrees because several differences make up for each other: it follows on both sides.

        If one of them had printed what it did not compute with, the child would not follow there; but for a wrong
        label, which is taken out before that is tried.
        """
        if any(view.labels.get(name) for view in (self.case.a, self.case.b)) or self._infects(name, child):
            return False
        return self._followed(self.pairs[child]) and not any(r.invariant for r in self._told(self.pairs[child]))

    def children(self, name: str) -> tuple[str, ...]:
        """The nearest present quantities that are computed from `name`."""
        known = self._children.get(name)
        if known is None:
            known = self._children[name] = self.case.catalogue.children_among(name, self.pairs)
        return known

    def present_parents(self, name: str) -> frozenset[str]:
        """The nearest quantities that `name` is computed from and the reference holds."""
        known = self._present.get(name)
        if known is None:
            nearest = self.case.catalogue.parents_among(name, self.case.a.groups)
            known = self._present[name] = frozenset(nearest)
        return known

    def _informed(self, name: str) -> bool:
        return any(self.differs(child) for child in self.children(name))

    def _would_show(self, name: str, child: str) -> bool:
        """Whether the child, computed with the candidate's `name`, would differ by more than it does.

        Else its agreement says nothing: a child that is ill-conditioned there may have moved and agree.
        """
        quantity = self.case.catalogue.quantities[child]
        if quantity.kind == "input":
            return False  # looked up: two indices often find the same value
        if self._infects(name, child):
            return True
        swapped = self.swap(name)
        decided = False
        for one in self.pairs[child]:
            record = one.pairing.reference
            assert record is not None
            pair = formula_pair(self.case, record, quantity, swapped)
            if pair is None:
                continue
            decided = True
            noise = self.case.a.noise(record)
            if not quantity.values:
                relative = max(noise) / (max(map(abs, record.numbers), default=1.0) or 1.0)
                noise = tuple(relative * abs(x.v) for x in pair[0])
            changes = [abs(y.v - x.v) for x, y in zip(*pair, strict=True) if x.v != y.v]
            off = max(m.absolute for m in one.measures)
            if changes and max(changes) > max(self.limits.slack * max(noise), _SHARE * off):
                return True
        return not decided

    def _infects(self, name: str, child: str) -> bool:
        """Whether the child, computed with NaN or an infinity that one side shows, would be no number, and yet is one.

        Nothing makes up for that, and no rounding hides it.
        """
        quantity, swapped = self.case.catalogue.quantities[child], self.swap(name)
        for one in self.pairs[child]:
            record = one.pairing.reference
            assert record is not None
            shown = [math.isfinite(m.absolute) for m in one.measures]
            rows = list(zip(*(formula_pair(self.case, record, quantity, swapped) or ((), ())), strict=True))
            if len(rows) != len(shown):
                shown = [all(shown)] * len(rows)  # an invariant is made of all components
            odd = [math.isfinite(x.v) != math.isfinite(y.v) for x, y in rows]
            if any(number and other for number, other in zip(shown, odd, strict=True)):
                return True
        return False

    def swap(self, name: str) -> dict[int, Term]:
        """The candidate's values of a quantity in the places of the reference's, where they differ."""
        found: dict[int, Term] = {}
        for one in self.pairs[name]:
            a, b = one.pairing.reference, one.pairing.candidate
            assert a is not None and b is not None
            if not one.verdict.agrees and a.shape == b.shape:
                try:
                    found[id(a)] = _raw(self.case.a, a, b)
                except Unknown:
                    continue
        return found

    # ---- who and what -----------------------------------------------------------------------------------

    def _side(self, name: str, bad: Sequence[Judged]) -> Side:
        quantity = self.case.catalogue.get(name)
        if quantity is None:
            return Side.UNKNOWN
        told = [self.case.closures_of(one.pairing) for one in bad]
        results = [[r for r in side if r is not None] for side in zip(*told, strict=True)]
        side = Side(fault(*results))
        if side is Side.UNKNOWN and (worded := _worded(bad[0])) is not Side.UNKNOWN:
            return worded
        if side is Side.UNKNOWN and quantity.kind in ("input", "config"):
            return Side.NEITHER
        labelled = [bool(view.labels.get(name)) for view in (self.case.a, self.case.b)]
        if side is Side.NEITHER and any(labelled):
            return Side.BOTH if all(labelled) else Side.REFERENCE if labelled[0] else Side.CANDIDATE
        if side is Side.NEITHER and quantity.kind == "derived" and quantity.parents:
            asked = any(a is not None and b is not None and asks_otherwise(a, b) for a, b in told)
            return side if asked else Side.UNKNOWN
        return side

    def _liar(self, name: str, bad: Sequence[Judged]) -> Side:
        """Whose trace tells what it did not compute with: a child that agrees does not follow from it there."""
        side = self._side(name, bad)
        if side in (Side.REFERENCE, Side.CANDIDATE, Side.BOTH):
            return side
        infinite = _infinite_side(bad[0])
        if infinite is not Side.UNKNOWN:
            return infinite
        agreeing = [one for child in self.children(name) if not self.differs(child) for one in self.pairs[child]]
        told = [self.case.closures_of(one.pairing) for one in agreeing]
        a = broken(r for r, _ in told if r is not None)
        b = broken(r for _, r in told if r is not None)
        return _LIARS.get((a, b), side)

    def _pattern(self, name: str, pairs: Sequence[Judged], side: Side) -> Pattern | None:
        """What kind of mistake of that side it looks like (pattern.py), from all pairs of the quantity."""
        from .pattern import explain

        reference = [record for one in pairs if (record := one.pairing.reference)]
        candidate = [record for one in pairs if (record := one.pairing.candidate)]
        told = side in (Side.REFERENCE, Side.CANDIDATE) or (side is Side.NEITHER and self._followed(pairs))
        return explain(reference, candidate, self.case, str(side) if told else "")

    def _followed(self, pairs: Iterable[Judged]) -> bool:
        """Whether every value follows from its parents on either side, so that no mistake was made in it."""
        return followed(r for one in pairs for r in self.case.closures_of(one.pairing))

    def _told(self, pairs: Iterable[Judged]) -> list[ClosureResult]:
        """What the formulas say of both sides of some pairs, where they say anything."""
        return [r for one in pairs for r in self.case.closures_of(one.pairing) if r is not None]

    def _why(
        self,
        name: str,
        role: Role,
        because: Iterable[str],
        one: Judged,
        a: ClosureResult | None,
        b: ClosureResult | None,
        side: Side,
    ) -> str:
        if role is Role.INHERITED:
            lonely = [other for other in because if not self.differs(other)]
            text = f"its parents diverge: {', '.join(because)}"
            return f"one side has more records of {', '.join(lonely)}" if lonely else text
        if role is not Role.FLIPPED and (worded := _worded(one)) is not Side.UNKNOWN:
            return f"{worded}: is a word where the other side has a number"
        if role is Role.HEALED:
            return f"what is computed from it agrees: {', '.join(self.children(name))}"
        if role is Role.FLIPPED:
            return "the decision flipped where both sides of the tie are within noise"
        told = [f"{side}: {r.why}" for side, r in (("reference", a), ("candidate", b)) if r is not None and r.why]
        if role is Role.ORIGIN and side is Side.UNKNOWN and followed((a, b)):
            return "it follows from its parents on both sides, as far as their digits tell"
        return "; ".join(told)


def _infinite_side(one: Judged) -> Side:
    """The side that printed NaN or an infinity where the other did not: what agrees was not computed from that."""
    return _odd_side(one, lambda value: not isinstance(value, str) and not math.isfinite(value))


def _worded(one: Judged) -> Side:
    """The side that printed a word where the other printed a number."""
    return _odd_side(one, lambda value: isinstance(value, str))


def _odd_side(one: Judged, odd: Callable[[Value], bool]) -> Side:
    """The side that alone is odd, in the first component in which one is."""
    for m in one.measures:
        a, b = odd(m.reference), odd(m.candidate)
        if a is not b:
            return Side.REFERENCE if a else Side.CANDIDATE
    return Side.UNKNOWN


def _raw(view: View, reference: Record, candidate: Record) -> Term:
    """The candidate's numbers read under the reference's unit label: what the reference would have printed."""
    factor = view.labels.get(view.name(reference), 1.0)
    numbers = tuple(Num(v / factor) for v in candidate.values if not isinstance(v, str))
    if len(numbers) != len(candidate.values):
        raise Unknown("a word")
    return numbers[0] if candidate.shape == () else numbers
