"""The counter of a `sum(i, n, x)` beside the values that its terms read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .uncertain import Num, Term

if TYPE_CHECKING:
    from .formula import Table, Values


@dataclass(frozen=True, slots=True)
class Counted:
    """The values at one place of a trace (`Values` of formula.py), in which `counter` is `number`."""

    values: Values
    counter: str
    number: int

    def value(self, name: str) -> Term:
        """The counter's number, or what the trace holds."""
        return Num(float(self.number)) if name == self.counter else self.values.value(name)

    def many(self, names: frozenset[str]) -> Sequence[Values]:
        """See `Values`; the counter is no record."""
        return [self._at(one) for one in self.values.many(names - {self.counter})]

    def edge(self, names: frozenset[str], *, last: bool) -> Values:
        """See `Values`."""
        return self._at(self.values.edge(names - {self.counter}, last=last))

    def nth(self, names: frozenset[str], place: int) -> Values:
        """See `Values`."""
        return self._at(self.values.nth(names - {self.counter}, place))

    def _at(self, values: Values) -> Values:
        return Counted(values, self.counter, self.number)

    def place(self, name: str) -> int:
        """See `Values`."""
        return self.values.place(name)

    def count(self, name: str) -> int:
        """See `Values`."""
        return self.values.count(name)

    def table(self, name: str) -> Table:
        """See `Values`."""
        return self.values.table(name)

    def here(self, loop: str) -> int:
        """See `Values`."""
        return self.values.here(loop)
