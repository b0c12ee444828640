"""The graph of the quantities that a comparison holds: what part each plays, and the picture of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...tracer.diff import Diff, Role
from .layers import Edge, draw, reduced

if TYPE_CHECKING:
    from ...tracer.catalogue import Catalogue

MOST = 400
"""A picture of more quantities than these shows nobody anything."""


def parts_of(diff: Diff) -> dict[str, str]:
    """The part that each quantity of the two traces plays, by its canonical name; `setting` is one more."""
    parts = {judged.quantity: str(Role.AGREES) for judged in diff.judged}
    parts.update({alone.quantity: str(Role.MISSING) for alone in diff.missing if not alone.partly})
    parts.update({one.name: "setting" for one in diff.config if one.source == "record"})
    for finding in (*diff.flipped, *diff.healed, *diff.inherited, *diff.origins):
        parts[finding.quantity] = str(finding.role)
    return parts


def parents_of(names: Sequence[str], catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """For each name the nearest of the others that it is computed from: what is absent is looked through."""
    there = set(names)
    return {name: catalogue.parents_among(name, there) for name in names}


def pictures(parts: Mapping[str, str], catalogue: Catalogue) -> dict[str, Any] | None:
    """The way of the difference, and all quantities; None where there is no graph of those that differ."""
    names = [name for name in catalogue.order if name in parts]
    parents = parents_of(names, catalogue)
    way = on_the_way(parts, names, parents, catalogue)
    if not way or len(way) > MOST:
        return None
    linked = {name for name in names if parents[name]} | {p for found in parents.values() for p in found}
    whole = [name for name in names if name in linked or parts[name] != Role.AGREES]
    return {
        "way": _picture(way, parts, catalogue),
        "all": _picture(whole, parts, catalogue) if len(way) < len(whole) <= MOST else None,
    }


def on_the_way(
    parts: Mapping[str, str], names: Sequence[str], parents: Mapping[str, Sequence[str]], catalogue: Catalogue
) -> list[str]:
    """What differs, what origins and settings come from, and what leads from there to the final intensity."""
    children: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        for parent in parents[name]:
            children[parent].append(name)
    roots = [name for name in names if parts[name] in ("origin", "setting", "flipped")]
    finals = [name for name in names if catalogue.quantities[name].final]
    shown = {name for name in names if parts[name] != Role.AGREES}
    shown |= _reached(roots, children) & _reached(finals, parents)
    shown |= {parent for name in names if parts[name] in ("origin", "flipped") for parent in parents[name]}
    shown |= {child for name in names if parts[name] == "healed" for child in children[name]}
    return [name for name in names if name in shown]


def _reached(start: Sequence[str], steps: Mapping[str, Sequence[str]]) -> set[str]:
    found, front = set[str](), list(start)
    while front:
        one = front.pop()
        if one not in found:
            found.add(one)
            front.extend(steps[one])
    return found


def _picture(names: Sequence[str], parts: Mapping[str, str], catalogue: Catalogue) -> dict[str, Any]:
    edges: list[Edge] = [(p, name) for name, parents in parents_of(names, catalogue).items() for p in parents]
    differ = {name for name in names if parts[name] not in (Role.AGREES, Role.MISSING)}
    drawing = draw(names, reduced(names, edges, differ))  # a way through what agrees carries no difference
    return {
        "width": drawing.width,
        "height": drawing.height,
        "nodes": [{"name": name, "part": parts[name], "box": list(box)} for name, box in drawing.boxes.items()],
        "lines": [[parent, child, [list(point) for point in points]] for parent, child, points in drawing.lines],
    }
