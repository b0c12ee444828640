"""The axis of grafts: quantities of the candidate replaced by the reference's values, from the inputs to the image.

An origin is a quantity that differs though everything it is computed from agrees. Once the first origins are replaced,
what differs still and has only agreeing parents is at fault by itself: the faults that lay behind the first ones come
to light, layer by layer, each in one run. What is replaced too late proves nothing: the intensity alone heals all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ...tracer.catalogue import Catalogue

_NOTHING = 1e-12
"""A share of the error that is no change."""


class Grafts(Protocol):
    """A candidate that can be run, or computed, with some of its quantities replaced."""

    def error(self, names: frozenset[str]) -> float:
        """Σ|I − I(reference)| with `names` replaced, of pixels where rounding is not all; nan where there is none."""
        ...

    def origins(self, names: frozenset[str], without: frozenset[str]) -> Sequence[str]:
        """What then differs from the reference though all it comes from agrees; `without` are not looked at."""
        ...

    def obstacle(self, name: str) -> str:
        """Why `name` cannot be replaced, as a sentence's end; "" if it can."""
        ...

    def unsure(self, names: frozenset[str]) -> tuple[str, ...]:
        """Of which quantities it had to be assumed how they change then; () where everything is computed.

        Where `error` is nan, of which that cannot even be assumed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Origin:
    """A quantity that is at fault by itself.

    `with_` are the origins that it is computed from; `healed` is the share of the error that goes when it and they are
    replaced, `gain` how much of that is its own. `unsure` are quantities of which that share rests on an assumption, or
    by which it cannot be told (nan).
    `idle` where the others heal as much if it and what is computed from it are left as they were: it changes
    nothing, or others make up for it.
    """

    name: str
    layer: int
    with_: tuple[str, ...]
    healed: float
    gain: float
    unsure: tuple[str, ...] = ()
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Healing:
    """The origins, from the inputs down; those that are not idle remove the share `healed` of the error together.

    Without any, and none `barred`, nothing differs by more than rounding, or the intensity does not show it.
    `runs` is how often the candidate ran; `barred` says why origins cannot be replaced (what comes from them then was).
    `asked` where the quantities were given, not found. `unsure` is what `healed` rests on, as in `Origin`. Where the
    intensity is an origin `itself`, replacing it heals whatever is left: `without` is the share that goes without it.
    """

    origins: tuple[Origin, ...]
    healed: float
    before: float
    after: float
    runs: int
    barred: dict[str, str] = field(default_factory=dict[str, str])
    asked: bool = False
    unsure: tuple[str, ...] = ()
    itself: str = ""
    without: float = math.nan

    @property
    def same(self) -> bool:
        """Whether there was nothing to heal."""
        return not self.origins and not self.barred and not math.isnan(self.before)

    @property
    def quantities(self) -> tuple[str, ...]:
        """Those that change the image."""
        return tuple(o.name for o in self.origins if not o.idle)


class Runs:
    """The runs that were asked for; each set is run once."""

    def __init__(self, grafts: Grafts) -> None:
        self.grafts = grafts
        self._errors: dict[frozenset[str], float] = {}
        self._looks: set[frozenset[str]] = set()

    @property
    def count(self) -> int:
        """How often the candidate ran."""
        return len(self._errors.keys() | self._looks)

    def error(self, names: frozenset[str]) -> float:
        """See `Grafts`."""
        if names not in self._errors:
            self._errors[names] = self.grafts.error(names)
        return self._errors[names]

    def healed(self, names: frozenset[str]) -> float:
        """Which share of the error goes: 1 all, 0 nothing, below 0 where it grows (without end if there was none)."""
        before, after = self.error(frozenset()), self.error(names)
        return 1 - after / before if before else -math.inf if after > 0 else 1.0

    def origins(self, names: frozenset[str], without: frozenset[str]) -> Sequence[str]:
        """See `Grafts`."""
        self._looks.add(names)
        return self.grafts.origins(names, without)


def heal(grafts: Grafts, catalogue: Catalogue) -> Healing:
    """Find every origin, layer by layer, and what each does to the image. Nothing runs twice."""
    runs = Runs(grafts)
    before = runs.error(frozenset())
    if before == 0 or math.isnan(before):
        return Healing((), 1.0 if before == 0 else 0.0, before, before, runs.count)
    layers, barred = _layers(runs, catalogue)
    names = frozenset(name for layer in layers for name in layer)
    if not names and not barred:
        return Healing((), 1.0, before, before, runs.count)
    origins = [_origin(runs, catalogue, name, n, names) for n, layer in enumerate(layers) for name in layer]
    named = _needed(runs, catalogue, origins)
    origins = sorted((replace(o, idle=o.name not in named) for o in origins), key=lambda o: (o.layer, -o.healed))
    itself = next((name for name in named if (q := catalogue.get(name)) and q.final), "")
    without = runs.healed(named - {itself}) if itself else math.nan
    found = Healing(tuple(origins), runs.healed(named), before, runs.error(named), runs.count, barred)
    return replace(found, unsure=grafts.unsure(named), itself=itself, without=without)


def together(grafts: Grafts, names: Sequence[str]) -> Healing:
    """The same of given quantities, replaced together; nothing is looked for."""
    runs = Runs(grafts)
    chosen = frozenset(names)
    if runs.error(frozenset()) == runs.error(chosen) == 0:
        return Healing((), 1.0, 0.0, 0.0, runs.count, asked=True)
    origins = tuple(
        Origin(name, 0, (), runs.healed(chosen), math.nan, grafts.unsure(chosen)) for name in dict.fromkeys(names)
    )
    before, after, unsure = runs.error(frozenset()), runs.error(chosen), grafts.unsure(chosen)
    return Healing(origins, runs.healed(chosen), before, after, runs.count, asked=True, unsure=unsure)


def _layers(runs: Runs, catalogue: Catalogue) -> tuple[list[list[str]], dict[str, str]]:
    """Origins that can be replaced, each layer found with the earlier ones replaced; and those that cannot be."""
    layers, barred = list[list[str]](), dict[str, str]()
    while True:
        named = frozenset(name for layer in layers for name in layer)
        found = [n for n in runs.origins(named, frozenset(barred)) if n not in named and n not in barred]
        outer = [n for n in found if catalogue.ancestors(n).isdisjoint(found)]
        stuck = {n: why for n in outer if (why := runs.grafts.obstacle(n))}
        barred |= stuck
        able = [n for n in outer if n not in stuck]
        if able:
            layers.append(able)
        elif not stuck:
            return layers, barred


def _origin(runs: Runs, catalogue: Catalogue, name: str, layer: int, names: frozenset[str]) -> Origin:
    above = catalogue.ancestors(name) & names
    with_ = tuple(sorted(above))
    healed = runs.healed(above | {name})
    return Origin(name, layer, with_, healed, healed - runs.healed(above), runs.grafts.unsure(above | {name}))


def _needed(runs: Runs, catalogue: Catalogue, origins: Sequence[Origin]) -> frozenset[str]:
    """The origins without which less heals.

    With one that is left out goes what is computed from it, which would hide that it is not replaced: the last value
    of a chain heals all and proves nothing.
    """
    kept = _enough(runs, origins)
    for name in (o.name for o in reversed(origins)):
        left = frozenset(n for n in kept if n != name and name not in catalogue.ancestors(n))
        loss = runs.healed(kept) - runs.healed(left)
        if left != kept and (loss if left else abs(loss)) < _NOTHING:
            kept = left
    return kept


def _enough(runs: Runs, origins: Sequence[Origin]) -> frozenset[str]:
    """Origins that heal as much as all do: those that heal most come first, where some make the error grow.

    These may make up for each other, so that none of them could be left out alone.
    """
    every, found = frozenset(o.name for o in origins), frozenset[str]()
    if all(o.gain > -_NOTHING for o in origins):
        return every
    for one in sorted(origins, key=lambda o: (math.isnan(o.healed), round(-o.healed, 9), len(o.with_))):
        found |= {one.name, *one.with_}
        if runs.healed(every) - runs.healed(found) < _NOTHING:
            return found
    return every
