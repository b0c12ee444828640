"""Names that one side alone uses, learnt from what stands under them.

A port may call `F_latt` `lattice_factor`. Where one side alone has a name, the other alone has another, at least one of
the two is not in the catalogue, and both hold the same numbers in the same places of the loops, they are taken for one
quantity, and that is said. Numbers of few digits (1, 90) prove little: they must stand at the same place of the trace,
too, among few. A quantity that was renamed *and* differs stays one-sided on both sides.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from .align import Pairing, align, before
from .catalogue import Catalogue
from .model import Record, Trace
from .place import place
from .resolution import significant
from .view import View

_TELLING = 5
"""Digits from which on a number hardly ever stands under two names by accident."""
_FEW = 8
"""Records that stand alone at a place where fewer digits do."""
_SAME = 1e-5
_EXPONENT = re.compile(r"[eEdD].*")


def aligned(
    reference: Trace, candidate: Trace, catalogue: Catalogue
) -> tuple[View, View, list[Pairing], dict[str, str]]:
    """Both traces under a catalogue that knows the names learnt, their records in pairs, and those names."""
    a, b = View(reference, catalogue), View(candidate, catalogue)
    pairs = align(a, b)
    names = renamed(a, b, pairs)
    if names:
        known = catalogue.with_names(names)
        a, b = View(reference, known), View(candidate, known)
        pairs = align(a, b)
    return a, b, pairs, names


def renamed(a: View, b: View, pairs: Sequence[Pairing]) -> dict[str, str]:
    """Names that only one side uses, with the other side's name of the same quantity (the catalogue's, if any)."""
    known = {*a.catalogue.quantities, *a.catalogue.parameters}
    ours, theirs = _alone(pairs, a, candidate=False), _alone(pairs, b, candidate=True)
    stands = before(a, pairs), before(b, pairs)
    crowds = [
        Counter(stands[side][id(record)] for records in alone.values() for record in records)
        for side, alone in enumerate((ours, theirs))
    ]
    found: dict[str, str] = {}
    for one, two in _matches(ours, theirs):
        telling = all(map(_telling, (ours[one], theirs[two])))
        gap = stands[0][id(ours[one][0])]
        same_place = gap == stands[1][id(theirs[two][0])] and max(crowd[gap] for crowd in crowds) <= _FEW
        if not (one in known and two in known) and (telling or same_place):
            found |= {one: two} if two in known else {two: one}
    return found


def _alone(pairs: Iterable[Pairing], view: View, *, candidate: bool) -> dict[str, list[Record]]:
    """Quantities of which no record has a partner."""
    sides = [(p.candidate, p.reference) if candidate else (p.reference, p.candidate) for p in pairs]
    paired = {view.name(own) for own, other in sides if own is not None and other is not None}
    found: dict[str, list[Record]] = {}
    for own, other in sides:
        if own is not None and other is None and view.name(own) not in paired:
            found.setdefault(view.name(own), []).append(own)
    return found


def _matches(ours: dict[str, list[Record]], theirs: dict[str, list[Record]]) -> Iterable[tuple[str, str]]:
    """Names that hold the same; where several do, in order, if they are as many on both sides."""
    for records in ours.values():
        there = [name for name, other in theirs.items() if _same(records, other)]
        if not there:
            continue
        alike = [name for name, other in ours.items() if _same(records, other)]
        if len(alike) == len(there):
            yield from zip(alike, there, strict=True)


def _same(ours: Sequence[Record], theirs: Sequence[Record]) -> bool:
    """Whether two lists of records hold the same, to five digits, in the same places of the loop nest."""
    return len(ours) == len(theirs) and all(
        x.shape == y.shape and place(x) == place(y) and _close(x, y) for x, y in zip(ours, theirs, strict=True)
    )


def _close(x: Record, y: Record) -> bool:
    size = max((abs(v) for v in x.numbers if math.isfinite(v)), default=0.0)
    return all(
        p == q or (isinstance(p, float) and isinstance(q, float) and abs(p - q) <= _SAME * size)
        for p, q in zip(x.values, y.values, strict=True)
    )


def _telling(records: Iterable[Record]) -> bool:
    """Whether a number has so many digits, the zeros at its end and its exponent left out."""
    mantissas = (_EXPONENT.sub("", token) for record in records for token in record.tokens)
    return any(significant(mantissa.rstrip("0")) >= _TELLING for mantissa in mantissas)
