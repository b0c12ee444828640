"""Is the catalogue's graph the program's? Compare it with one that was measured (which taps feed which)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Edge:
    """`parent` feeds `child`."""

    parent: str
    child: str

    def __str__(self) -> str:
        return f"{self.parent} -> {self.child}"


@dataclass(frozen=True, slots=True)
class GraphReport:
    """Where the two graphs differ.

    `missing`: measured, but in the catalogue the parent is no ancestor of the child: an origin could be blamed on the
    child. `extra`: declared, both ends were measured, and no path of measured edges leads from one to the other: a
    difference could be taken for inherited. `unlisted`: measured quantities that the catalogue does not know.
    """

    missing: tuple[Edge, ...]
    extra: tuple[Edge, ...]
    unlisted: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether no edge is missing and none is extra."""
        return not self.missing and not self.extra

    def as_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {
            "agrees": self.agrees,
            "missing": [str(edge) for edge in self.missing],
            "extra": [str(edge) for edge in self.extra],
            "unlisted": list(self.unlisted),
        }


def check_graph(catalogue: Catalogue, measured: Mapping[str, Collection[str]]) -> GraphReport:
    """Compare with `measured`: for each quantity those that fed it without another measured one between.

    A quantity that was measured without parents is an input of that run. One run takes one branch of each decision, so
    the measured edges of several runs should be united before `extra` is taken at its word. Names may be aliases.
    """
    graph = {
        catalogue.canonical(child): {catalogue.canonical(parent) for parent in parents}
        for child, parents in measured.items()
    }
    names = set(graph) | {parent for parents in graph.values() for parent in parents}
    unlisted = sorted(name for name in names if catalogue.get(name) is None)
    missing = [
        Edge(parent, child)
        for child, parents in sorted(graph.items())
        for parent in sorted(parents)
        if catalogue.get(child) is not None
        and catalogue.get(parent) is not None
        and parent != child
        and parent not in catalogue.ancestors(child)
    ]
    extra = [
        Edge(parent, child)
        for child in catalogue.order
        if child in graph
        for parent in catalogue.parents_among(child, names)
        if parent not in _reach(graph, child)
    ]
    return GraphReport(tuple(missing), tuple(extra), tuple(unlisted))


def _reach(graph: Mapping[str, set[str]], child: str) -> set[str]:
    """Everything that feeds `child`, near and far."""
    found = set[str]()
    front = list(graph.get(child, ()))
    while front:
        parent = front.pop()
        if parent not in found:
            found.add(parent)
            front.extend(graph.get(parent, ()))
    return found
