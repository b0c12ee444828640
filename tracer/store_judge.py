"""Two stores compared under a catalogue: screened in bulk, then each set of origins judged as a trace would be.

The bulk comparison (store_compare.py) grants each quantity what the noise table grants it, and what it inherits
(store_noise.py). What it accuses is judged again at one pixel of each set of origins by `diff.compare`, with closures
and patterns: it says which side is at fault and what it looks like, and clears a set that is rounding there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arguments import compare_arguments, compare_inputs
from .catalogue import Catalogue
from .diff import Diff, Finding, Side, compare
from .image_noise import Array
from .pixels import CostlyPixel, costly_groups
from .sampling import Sampling, followers, sampling
from .store import Store, is_missing
from .store_compare import StoreDiff, compare_stores
from .store_noise import StoreNoise
from .store_pairs import common, named_only, records_of

MOST = 32
"""Sets of origins that are judged one by one; those behind hold fewer pixels and stay as they were screened."""
_SHARED = ("dtype", "quirks")
"""Facts that two runs should share: the precision, and which quirks are reproduced."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A set of origins: what it was screened as, one pixel to trace, and what the judge says there.

    `origins` are (quantity, side at fault, pattern) at that pixel; `beside` are (quantity, role) of what differs there
    and is no origin: it heals, a decision flipped near a tie, a setting is another, or one side lacks records of it.
    `noise` where the judge finds nothing that differs.
    `judged` is False behind the first MOST sets.
    """

    screened: tuple[str, ...]
    pixels: int
    pixel: tuple[int, int]
    cost: CostlyPixel | None
    origins: tuple[tuple[str, str, str], ...]
    noise: bool
    judged: bool
    beside: tuple[tuple[str, str], ...] = ()

    @property
    def causes(self) -> tuple[str, ...]:
        """The quantities at fault in these pixels: what the judge names, or was screened where nobody judged."""
        return tuple(name for name, _, _ in self.origins) if self.judged else self.screened


@dataclass(frozen=True)
class StoresDiff:
    """The screening and its judgements, in the order of `screened.signatures`.

    `alone` are how many pixels the reference and the candidate hold that the other does not: only the others are
    compared. `sampling` is told where no record inside a pixel has a partner.
    """

    screened: StoreDiff
    judgements: tuple[Judgement, ...]
    settings: tuple[tuple[str, str, str], ...]
    alone: tuple[int, int] = (0, 0)
    sampling: Sampling | None = None
    words: frozenset[str] = frozenset()
    """Quantities that are words: they are the same or not, and not so or so far apart."""
    untold: tuple[str, ...] = ()
    """Words that both sides printed, and that a store of before these were kept only names: not compared."""

    @property
    def same(self) -> bool:
        """Whether nothing differs by more than rounding, and both hold the same quantities at the same pixels."""
        one_sided = self.screened.only_reference or self.screened.only_candidate or any(self.alone) or self.sampling
        return not one_sided and all(j.noise for j in self.judgements)

    @property
    def accused(self) -> int:
        """Pixels of the sets that have a cause."""
        return sum(one.pixels for one in self.judgements if one.causes)

    @property
    def causes(self) -> tuple[tuple[tuple[str, ...], int, tuple[int, int]], ...]:
        """Separate causes, most pixels first: quantities, pixels, one pixel to trace.

        Quantities that are origins in exactly the same sets are one cause.
        """
        where: dict[str, list[int]] = {}
        for place, one in enumerate(self.judgements):
            for name in one.causes:
                where.setdefault(name, []).append(place)
        rows: list[tuple[tuple[str, ...], int, tuple[int, int]]] = []
        for places in dict.fromkeys(tuple(p) for p in where.values()):
            sets = [self.judgements[p] for p in places]
            together = tuple(name for name, p in where.items() if tuple(p) == places)
            rows.append((together, sum(s.pixels for s in sets), _best(sets)))
        return tuple(sorted(rows, key=lambda row: -row[1]))

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            **self.screened.as_dict(),
            "same": self.same,
            "settings": [dict(zip(("name", "reference", "candidate"), s, strict=True)) for s in self.settings],
            "causes": [{"quantities": list(q), "pixels": n, "pixel": list(p)} for q, n, p in self.causes],
            "signatures": [_row(j) for j in self.judgements],
            "only_pixels": dict(zip(("reference", "candidate"), self.alone, strict=True)),
            "sampling": _sampled(self.sampling) if self.sampling else None,
            "words": sorted(self.words),
            "not_compared": list(self.untold),
        }


def _sampled(one: Sampling) -> dict[str, Any]:
    told = {"what": one.what, "reference": one.reference, "candidate": one.candidate}
    return {**told, "unpaired": sorted(one.unpaired)}


def _row(one: Judgement) -> dict[str, Any]:
    cost = one.cost
    return {
        "screened": list(one.screened),
        "pixels": one.pixels,
        "pixel": list(one.pixel),
        "correlation_gain": cost.correlation_gain if cost else None,
        "sum_gain": cost.sum_gain if cost else None,
        "origins": [{"quantity": q, "side": s, "pattern": p} for q, s, p in one.origins],
        "beside": [{"quantity": q, "role": r} for q, r in one.beside],
        "noise": one.noise,
        "judged": one.judged,
    }


def _best(judgements: list[Judgement]) -> tuple[int, int]:
    """The pixel to trace: of the sets with fewest origins the one whose healing gains most."""
    return min(judgements, key=lambda j: (len(j.origins), -(j.cost.correlation_gain if j.cost else 0.0))).pixel


def judge_stores(reference: Store, candidate: Store, catalogue: Catalogue) -> StoresDiff:
    """Compare two stores with the graph and the judgement of `catalogue` (an empty one: order, and plain rounding).

    FirstbadError as `store_pairs.common`.
    """
    reference, candidate, alone = common(reference, candidate)
    sampled = sampling(records_of(reference, catalogue), records_of(candidate, catalogue), catalogue)
    unpaired = sampled.unpaired if sampled else frozenset[str]()
    following = followers(map(catalogue.canonical, reference.names), sampled, catalogue)
    graph = {q.name: q.parents for q in catalogue} if catalogue else None
    noise = StoreNoise(reference, candidate, catalogue)
    limits = {name: noise.plain(name, c.width) for c in reference.columns if (name := catalogue.canonical(c.name))}
    screened = compare_stores(reference, candidate, graph, limits, catalogue.canonical, noise, unpaired, following)
    screened, untold = named_only(reference, candidate, screened, catalogue)
    costs = costliest(reference, candidate, screened, catalogue)
    judged = tuple(
        _judge(reference, candidate, catalogue, screened, number, cost if number < MOST else None, unpaired | following)
        for number, cost in enumerate(costs)
    )
    settings = tuple(_settings(reference, candidate, catalogue))
    return StoresDiff(screened, judged, settings, alone, sampled, frozenset(noise.words), untold)


def _judge(
    reference: Store,
    candidate: Store,
    catalogue: Catalogue,
    screened: StoreDiff,
    number: int,
    cost: CostlyPixel | None,
    blind: frozenset[str],
) -> Judgement:
    """What the judge says of one set; `blind` are quantities of which it cannot tell, as records have no partner."""
    signature = screened.signatures[number]
    worst = signature.example
    pixel = (cost.slow, cost.fast) if cost is not None else worst
    if number >= MOST:
        return Judgement(signature.origins, signature.pixels, pixel, cost, (), noise=False, judged=False)
    beside: tuple[tuple[str, str], ...] = ()
    for place in dict.fromkeys((pixel, worst)):  # the costliest; if that is rounding, where it is relatively worst
        diff = compare(reference.trace(*place), candidate.trace(*place), catalogue)
        seen = [(f.quantity, str(f.role)) for f in (*diff.healed, *diff.flipped)]
        seen += [(alone.quantity, "missing") for alone in diff.missing if alone.quantity in signature.origins]
        settings = {setting.name for setting in diff.config} - {f.quantity for f in diff.origins}
        seen += [(name, "config") for name in signature.origins if name in settings]
        beside = beside or tuple(one for one in seen if one[0] not in blind)
        if named := tuple(one for one in _named(diff, catalogue) if one[0] not in blind):
            return Judgement(
                signature.origins, signature.pixels, place, cost, named, noise=False, judged=True, beside=beside
            )  # fmt: skip
    noise = not beside
    return Judgement(signature.origins, signature.pixels, pixel, cost, (), noise=noise, judged=True, beside=beside)


def _named(diff: Diff, catalogue: Catalogue) -> tuple[tuple[str, str, str], ...]:
    return tuple((f.quantity, _side(f, catalogue), f.pattern.text if f.pattern else "") for f in diff.origins)


def _side(finding: Finding, catalogue: Catalogue) -> str:
    """That an input differs is known of what has no formula, or follows on both sides: else it is not known."""
    quantity = catalogue.get(finding.quantity)
    told = (finding.reference_closure, finding.candidate_closure)
    if finding.side is not Side.NEITHER or quantity is None or not quantity.formulas:
        return str(finding.side)
    return str(Side.NEITHER if all(one is not None and one.holds is not None for one in told) else Side.UNKNOWN)


def _settings(reference: Store, candidate: Store, catalogue: Catalogue) -> Iterator[tuple[str, str, str]]:
    """Facts about the two runs that differ though they should not, arguments one by one, and files that they read."""
    a, b = reference.facts, candidate.facts
    for key in _SHARED:
        if key in a and key in b and a[key] != b[key]:
            yield key, a[key], b[key]
    if "args" in a and "args" in b:
        for flag, x, y in compare_arguments(a["args"], b["args"], catalogue.options):
            yield flag, x or "not given", y or "not given"
    for name, x, y in compare_inputs(reference, candidate):
        yield f"file {name}", x, y


def final_image(store: Store, catalogue: Catalogue) -> Array | None:
    """The final quantity (the intensity) as an image; NaN where nothing was traced; None if there is none.

    Where a loop computes it again and again, its last value at each pixel.
    """
    finals = [name for name in store.names if (q := catalogue.get(catalogue.canonical(name))) and q.final]
    name = finals[0] if finals else None
    if name is None:
        return None
    image = np.full(store.shape, np.nan)
    for start in range(0, len(store), store.tile):
        stop = min(len(store), start + store.tile)
        at = store.pixels[start:stop]
        image[at[:, 0], at[:, 1]] = _last(store.read(name, start, stop)[:, :, 0])
    return image


def _last(values: Array) -> Array:
    """Of each row the last value that is not missing; NaN where all are."""
    there = ~is_missing(values)
    at = values.shape[1] - 1 - np.argmax(there[:, ::-1], axis=1)
    rows = np.arange(len(values))
    return np.where(there[rows, at], values[rows, at], np.nan)


def costliest(
    reference: Store, candidate: Store, screened: StoreDiff, catalogue: Catalogue
) -> tuple[CostlyPixel | None, ...]:
    """For each set of origins the pixel whose healing gains correlation and sum most; None without an intensity."""
    images = [final_image(store, catalogue) for store in (reference, candidate)] if screened.signatures else [None]
    if images[0] is None or images[1] is None:
        return (None,) * len(screened.signatures)
    return costly_groups(images[0], images[1], screened.image(), len(screened.signatures))
