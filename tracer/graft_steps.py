"""In which order values are carried on: quantities that a program computes in turn, step by step, belong together."""

from __future__ import annotations

import ast
from collections.abc import Collection
from functools import lru_cache

from .at import At
from .catalogue import Catalogue, Quantity
from .formula import Unknown
from .model import Record
from .view import View

Names = frozenset[str]


def steps_of(quantity: Quantity, group: Collection[str]) -> Names:
    """What its formulas read of other steps: `at(…)` of its own quantity, or of one beside it in its `group`."""
    own = {quantity.name, *quantity.beside}.intersection(group)
    return frozenset(name for one in quantity.values for name in _placed(one.formula.text) if name in own)


@lru_cache(maxsize=4096)
def _placed(text: str) -> Names:
    """The names of which a formula reads a record by its number."""
    nodes = [node for node in ast.walk(ast.parse(text.strip(), mode="eval")) if isinstance(node, ast.Call)]
    placed = [node.args[0] for node in nodes if isinstance(node.func, ast.Name) and node.func.id == "at"]
    return frozenset(one.id for tree in placed for one in ast.walk(tree) if isinstance(one, ast.Name))


def groups(catalogue: Catalogue) -> list[tuple[str, ...]]:
    """Every quantity, parents before children; from one that reads a later one, up to that, they are one group.

    Parents never lead round, but in time a program goes round: an acceleration comes from the position of the step
    before, which came from the acceleration before that.
    """
    order = catalogue.order
    place = {name: number for number, name in enumerate(order)}
    found, start, stop = list[tuple[str, ...]](), 0, 0
    for number, name in enumerate(order):
        stop = max(stop, number, *(place[step] for step in steps_of(catalogue.quantities[name], order)))
        if stop == number:
            found.append(order[start : number + 1])
            start = number + 1
    return found


def read_of(view: View, record: Record, quantity: Quantity, names: Names) -> list[Record]:
    """The other records of `names` that the record's formulas read; of one that cannot be evaluated, what it got to."""
    reads = list[Record]()
    for alternative in quantity.values:
        try:
            alternative.formula(At(view, record, {}, exact=True, reads=reads))
        except Unknown:
            continue
    return [r for r in reads if r is not record and view.name(r) in names]
