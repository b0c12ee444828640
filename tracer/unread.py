"""Lines of two traces that became no record, and do not say the same: a difference may hide there.

A line may be worded in a way that no dialect knows. Where both sides word it alike nothing is lost; where they do not,
nobody can say that the traces agree. Prose without a number, a bracket or Fortran's `****` ("Creating Detector...")
holds no value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .dialects import PROSE
from .model import Skipped, Trace

_PREFIX = re.compile(r"TRACE\w*[\])>]?:?")
_VALUE = re.compile(r"[\d\[({<*]|\b(?:nan|inf)", re.IGNORECASE)


def apart(reference: Trace, candidate: Trace) -> tuple[tuple[Skipped, ...], tuple[Skipped, ...]]:
    """For each side the lines, in order, that may hold a value and that the other does not have there."""
    a, b = [*_telling(reference)], [*_telling(candidate)]
    one, two = [_said(x) for x in a], [_said(x) for x in b]
    if len(one) == len(two):
        places = [i for i, (x, y) in enumerate(zip(one, two, strict=True)) if x != y]
        return tuple(a[i] for i in places), tuple(b[i] for i in places)
    begin = _common(one, two)
    end = min(_common(one[::-1], two[::-1]), min(len(one), len(two)) - begin)
    return tuple(a[begin : len(a) - end]), tuple(b[begin : len(b) - end])


def _telling(trace: Trace) -> Iterator[Skipped]:
    return (one for one in trace.skipped if one.lost and (one.reason != PROSE or _VALUE.search(_said(one))))


def _said(skipped: Skipped) -> str:
    """The line without its prefix, which names the program, and with single blanks."""
    return " ".join(_PREFIX.sub("", skipped.text, count=1).split())


def _common(one: list[str], two: list[str]) -> int:
    """How many entries the two have in common at their beginning."""
    return next((i for i, (x, y) in enumerate(zip(one, two, strict=False)) if x != y), min(len(one), len(two)))
