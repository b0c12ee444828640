"""The same binary values printed in two formats: nothing may differ, and what the text hides must be listed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType

from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import Diff, compare
from firstbad.tracer.hidden import LIMIT, hidden
from firstbad.tracer.model import Manifest, Record, Trace
from firstbad.tracer.view import View

_COUNTS = 1e5
"""Whole numbers below are counts and switches, which a program prints by %d; an intensity may be whole by chance."""
GENERAL = range(3, 18)
"""`%.3g` … `%.17g`."""


@dataclass(frozen=True)
class Format:
    """How a program prints: one format, or one drawn for each quantity; `digits` is what its manifest says of it."""

    specs: tuple[str, ...]
    digits: int = 0
    seed: int = 0

    def spec(self, quantity: str) -> str:
        """The format of one quantity."""
        return random.Random(f"{self.seed} {quantity}").choice(self.specs)


def general(digits: int, *, told: bool = False) -> Format:
    """`%.ng`, with or without a manifest that says so."""
    return Format((f".{digits}g",), digits if told else 0)


def mixed(least: int, seed: int) -> Format:
    """Each quantity with other digits, from `least` to 17."""
    return Format(tuple(f".{digits}g" for digits in range(least, 18)), seed=seed)


def pairs() -> Iterator[tuple[str, Format, Format]]:
    """What is tried: the kind, and the formats of the two sides."""
    for one in GENERAL:
        for two in GENERAL:
            yield "%.3g to %.17g on both sides, in the manifest", general(one, told=True), general(two, told=True)
            yield "%.3g to %.17g on both sides, not told", general(one), general(two)
    for places in GENERAL:
        yield "%.3f to %.17f beside %.17g", Format((f".{places}f",)), general(17)
        yield "%.2e to %.16e beside %.17g", Format((f".{places - 1}e",)), general(17)
        yield "%e beside %f", Format((f".{places - 1}e",)), Format((f".{places}f",))
    for seed in range(20):
        yield "6 to 17 digits, by quantity, beside the like", mixed(6, seed), mixed(6, 1000 + seed)
        yield "3 to 17 digits, by quantity, beside %.17g", mixed(3, seed), general(17)


def printed(trace: Trace, style: Format) -> Trace:
    """The trace as such a program prints it. Lines under the bare word TRACE are printed by `%g` in any case."""
    facts = {key: value for key, value in trace.facts.items() if key != "digits"}
    if style.digits:
        facts["digits"] = str(style.digits)
    records = tuple(r if r.prefix == "TRACE" else _record(r, style.spec(r.quantity)) for r in trace)
    return replace(trace, records=records, manifest=Manifest(MappingProxyType(facts)))


def _record(record: Record, spec: str) -> Record:
    tokens = tuple(
        v if isinstance(v, str) else old if abs(v) < _COUNTS and old.lstrip("-").isdigit() else f"{v:{spec}}"
        for v, old in zip(record.values, record.tokens, strict=True)
    )
    values = tuple(v if isinstance(v, str) else float(t) for v, t in zip(record.values, tokens, strict=True))
    return replace(record, values=values, tokens=tokens)


def alarms(found: Diff) -> list[str]:
    """All that a comparison of one program with itself accuses."""
    named = [f.quantity for group in (found.origins, found.flipped, found.healed) for f in group]
    return named + [s.name for s in found.config] + [a.quantity for a in found.missing]


def false_alarms(trace: Trace, one: Format, two: Format, catalogue: Catalogue) -> list[str]:
    """The same for a trace printed in two formats."""
    return alarms(compare(printed(trace, one), printed(trace, two), catalogue))


def unlisted(trace: Trace, style: Format, catalogue: Catalogue) -> tuple[int, list[str]]:
    """Quantities that the text moves by more than 4 units in the last place, and those of them that are not listed."""
    told = printed(trace, style)
    view = View(told, catalogue)
    listed = {one.quantity for one in hidden(view)}
    moved = {view.name(new) for old, new in zip(trace.records, told.records, strict=True) if _moved(old, new)}
    return len(moved), sorted(moved - listed)


def _moved(old: Record, new: Record) -> bool:
    return any(
        not isinstance(x, str) and not isinstance(y, str) and abs(x - y) > LIMIT * math.ulp(x)
        for x, y in zip(old.values, new.values, strict=True)
    )
