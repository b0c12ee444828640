"""What a formula sees from one record of a trace: the values it was computed from, with their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .catalogue import Alternative, Quantity
from .formula import Unknown, Values
from .model import Record
from .place import place
from .tables import Table
from .uncertain import Num, Term, parts

if TYPE_CHECKING:
    from .view import View


class At:
    """The values that a formula sees from one record: a `Values` (formula.py).

    Each parent's error is half its last printed digit (`depth` 0), its whole noise (`depth` > 0), or nothing (`exact`).
    `swapped` puts other terms in place of records, by id.
    """

    def __init__(
        self,
        view: View,
        record: Record,
        swapped: Mapping[int, Term],
        *,
        depth: int = 0,
        exact: bool = False,
        pinned: Mapping[str, Record] | None = None,
        within: frozenset[str] = frozenset(),
        reads: list[Record] | None = None,
    ) -> None:
        self.view, self.record, self.swapped = view, record, swapped
        self.depth, self.exact = depth, exact
        self.pinned = pinned or {}
        self.within = within  # quantities that are being computed: a relation may read what it is of, a value may not
        self.reads = reads  # the records that were read, for one who asks
        self._known: dict[str, Term] = {}

    def value(self, name: str) -> Term:
        """See `Values`; a parent that the trace does not hold is computed from its own parents."""
        if name in self.view.catalogue.parameters and name not in self.view.groups:
            return self._parameter(name)
        if name in self.view.catalogue.asked:
            return self.view.asked(name, self.record)
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._find(name)
        return known

    def _find(self, name: str) -> Term:
        record = self.pinned.get(name)
        if record is None:
            found = self.view.related(name, self.record)
            if not found:
                return self._through(name)
            record = found[-1]
            if not all(self.view.same(other, record) for other in found):
                return self._through(name)
        return self._term(record)

    def _term(self, record: Record) -> Term:
        if self.reads is not None:
            self.reads.append(record)
        swapped = self.swapped.get(id(record))
        if swapped is not None:
            return swapped
        if self.exact:
            return self.view.term(record, (0.0,) * len(record.values))
        error = self.view.noise(record, self.depth) if self.depth else self.view.half(record)
        return self.view.term(record, error)

    def _parameter(self, name: str) -> Term:
        if name not in self.view.parameters:
            raise Unknown(f"the parameter {name}")
        return Num(self.view.parameters[name])

    def _through(self, name: str) -> Term:
        """From its own parents. Where the value itself is asked for, not what it may be off, formulas must leave no
        choice: of an open quantity only those that are sure count.
        """
        strict = not self.depth and not self.exact
        found = list[Term]()
        for alternative in self._ways(name, strict=strict):
            inner = self._inside(name)
            try:
                if alternative.when is None or alternative.when.true(inner):
                    found.append(alternative.formula(inner))
            except Unknown:
                continue
        if not found or (strict and not all(self.view.alike(found[0], other) for other in found[1:])):
            raise Unknown(name)
        return self._granted(name, found[0])

    def _ways(self, name: str, *, strict: bool) -> Sequence[Alternative]:
        quantity = self.view.catalogue.get(name)
        if quantity is None or name in self.within:
            return ()
        return [a for a in quantity.values if a.sure or not (strict and quantity.open)]

    def _inside(self, name: str) -> At:
        """The same place while `name` is being computed."""
        within = self.within | {name}
        return self._seen_from(self.record, self.pinned, within)

    def _granted(self, name: str, term: Term) -> Term:
        """Of the noise that a value inherits, the part that is granted; what closes within a trace is not noise."""
        if not self.depth and not self.exact:
            return term
        share = self.view.share(name)
        granted = tuple(Num(x.v, share * x.e) for x in parts(term))
        return granted[0] if isinstance(term, Num) else granted

    def many(self, names: frozenset[str]) -> list[Values]:
        """See `Values`: one view for each record of the name with most of them."""
        return [self._from(record) for record in self._longest(names)]

    def edge(self, names: frozenset[str], *, last: bool) -> Values:
        """See `Values`."""
        records = self._longest(names)
        if not records:
            raise Unknown(f"any record of {', '.join(sorted(names))}")
        return self._from(records[-1 if last else 0])

    def _longest(self, names: frozenset[str]) -> list[Record]:
        return max((self.view.loop(name) for name in sorted(names)), key=len, default=list[Record]())

    def _from(self, record: Record) -> At:
        pinned = {**self.pinned, self.view.name(record): record}
        return self._seen_from(record, pinned, self.within)

    def _seen_from(self, record: Record, pinned: Mapping[str, Record], within: frozenset[str]) -> At:
        return At(
            self.view, record, self.swapped, depth=self.depth, exact=self.exact, pinned=pinned, within=within,
            reads=self.reads,
        )  # fmt: skip

    def nth(self, names: frozenset[str], place: int) -> Values:
        """See `Values`."""
        records = self._longest(names)
        if not 0 <= place < len(records):
            raise Unknown(f"record {place} of {', '.join(sorted(names))}")
        return self._from(records[place])

    def place(self, name: str) -> int:
        """See `Values`."""
        here = self.view.related(name, self.record)
        records = self.view.loop(name)
        if len(here) != 1 or not any(here[0] is record for record in records):
            raise Unknown(f"which record of {name} belongs here")
        return next(number for number, record in enumerate(records) if record is here[0])

    def count(self, name: str) -> int:
        """See `Values`."""
        return len(self.view.loop(name))

    def table(self, name: str) -> Table:
        """See `Values`."""
        return self.view.table(name)

    def here(self, loop: str) -> int:
        """See `Values`."""
        number = place(self.record).get(loop, "0")
        if not number.isdecimal():
            raise Unknown(f"the number of the {loop} here")
        return int(number)


def applicable(view: View, record: Record, quantity: Quantity) -> list[Alternative] | None:
    """The formulas whose condition holds at `record`; None where a condition cannot be decided."""
    found = list[Alternative]()
    for alternative in quantity.formulas:
        try:
            if alternative.when is None or alternative.when.true(At(view, record, {})):
                found.append(alternative)
        except Unknown:
            return None
    return found
