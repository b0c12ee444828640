"""Compare two stores: which quantity is the origin at which pixel, and how many separate causes there are.

Tiles of pixels are read from both sides and judged column by column, so memory does not grow with the
image. At a pixel an *origin* is a quantity that diverges though everything it is computed from agrees
there. The set of a pixel's origins is its signature; quantities that are always origins together are one
cause.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .store import Pixels, Store
from .store_column import Differing, Scratch, judge_column
from .store_sums import Reading, fail
from .store_tally import Cause, ColumnDiff, Explains, Signature, Tally

RELATIVE = 1e-9


@dataclass(frozen=True)
class StoreDiff:
    """What the comparison of two stores found. `signature_map` holds for each pixel 0 (agrees) or 1 + a
    place in `signatures`.

    `order` says what stood in for the graph: "graph", or "order" where no parents were given.
    """

    shape: tuple[int, int]
    pixels: Pixels
    columns: tuple[ColumnDiff, ...]
    signatures: tuple[Signature, ...]
    causes: tuple[Cause, ...]
    signature_map: NDArray[np.int32]
    only_reference: tuple[str, ...]
    only_candidate: tuple[str, ...]
    order: str

    @property
    def same(self) -> bool:
        """Whether every quantity agrees at every pixel and both sides have the same quantities."""
        return not (self.signatures or self.only_reference or self.only_candidate)

    @property
    def diverging(self) -> int:
        """Pixels with at least one origin."""
        return int((self.signature_map > 0).sum())

    def image(self) -> NDArray[np.int32]:
        """The signature map as an image, slow x fast; −1 where nothing was traced."""
        image = np.full(self.shape, -1, dtype=np.int32)
        image[self.pixels[:, 0], self.pixels[:, 1]] = self.signature_map
        return image

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; the map is left out, its counts are there."""
        from dataclasses import asdict
        from math import isfinite

        columns = [asdict(c) for c in self.columns]
        for column in columns:
            column["largest"] = column["largest"] if isfinite(column["largest"]) else None
        return {
            "same": self.same,
            "shape": list(self.shape),
            "pixels": len(self.pixels),
            "diverging": self.diverging,
            "graph": self.order,
            "columns": columns,
            "signatures": [asdict(s) for s in self.signatures],
            "causes": [asdict(c) for c in self.causes],
            "only_reference": list(self.only_reference),
            "only_candidate": list(self.only_candidate),
        }


def compare_stores(
    reference: Store,
    candidate: Store,
    parents: Mapping[str, Sequence[str]] | None = None,
    relative: float | Mapping[str, float] = RELATIVE,
    canonical: Callable[[str], str] = str,
    noise: Explains | None = None,
    unpaired: Collection[str] = (),
    following: Collection[str] = (),
) -> StoreDiff:
    """Compare all columns that both have, tile by tile.

    `parents` is the graph (catalogue names); without it the columns' order stands in. `relative` is the
    largest difference that agrees, relative to the value (of a vector: to its largest component), for all
    or by name (else RELATIVE). What differs by more, though all it comes from agrees, is no difference where
    `noise` explains it. `canonical` maps a column's name to the graph's; `unpaired` names are left out, and those
    `following` from them are no origins (store_pairs.py). FirstbadError
    `store-pixels-differ` where the two hold other pixels, `store-damaged` where what was read is not what was written.
    """
    if reference.shape != candidate.shape or not np.array_equal(reference.pixels, candidate.pixels):
        fail(
            "store-pixels-differ",
            f"{reference.path} and {candidate.path} hold other pixels ({len(reference)} and {len(candidate)})",
            "Trace the same pixels on both sides.",
        )
    theirs = {canonical(name): name for name in candidate.names}
    both = [(canonical(n), n, theirs[canonical(n)]) for n in reference.names if canonical(n) in theirs]
    shared = [one for one in both if one[0] not in unpaired]
    names = [name for name, _, _ in shared]
    tally = Tally(names, _ancestors(names, parents), reference.pixels, noise, following)
    limits = [relative.get(n, RELATIVE) if isinstance(relative, Mapping) else relative for n in names]
    step = min(reference.tile, candidate.tile)
    one, two, scratch = Reading(reference), Reading(candidate), Scratch()

    def judge(index: int, start: int, stop: int) -> Differing | None:
        _, ours, other = shared[index]
        a = one.read(ours, start, stop, partial(scratch.array, "reference"))
        b = two.read(other, start, stop, partial(scratch.array, "candidate"))
        return judge_column(a, b, limits[index], scratch)

    tiles = [(start, min(len(reference), start + step)) for start in range(0, len(reference), step)]
    with ThreadPoolExecutor(2) as pool:  # one reads while the other computes
        coming: Iterable[Differing | None] = ()
        for tile, ahead in pairwise((None, *tiles, None)):
            found = list(coming)
            if ahead is not None:  # goes on while this one is counted
                coming = pool.map(judge, range(len(shared)), repeat(ahead[0]), repeat(ahead[1]))
            if tile is not None:
                tally.tile(*tile, found)
    one.done()
    two.done()
    return StoreDiff(
        reference.shape,
        reference.pixels,
        tally.columns(),
        *tally.signatures(),
        signature_map=tally.map,
        only_reference=tuple(n for n in reference.names if canonical(n) not in theirs),
        only_candidate=tuple(n for c, n in theirs.items() if c not in {name for name, _, _ in both}),
        order="graph" if parents else "order",
    )


def _ancestors(names: Sequence[str], parents: Mapping[str, Sequence[str]] | None) -> list[list[int]]:
    """For each column the columns it is computed from; a parent that is no column is replaced by its own
    parents.
    """
    index = {name: i for i, name in enumerate(names)}
    if not parents:
        return [list(range(i)) for i in range(len(names))]

    def above(name: str, seen: frozenset[str]) -> Iterator[int]:
        for parent in parents.get(name, ()):
            if parent in index:
                yield index[parent]
            elif parent not in seen:
                yield from above(parent, seen | {parent})

    return [sorted(set(above(name, frozenset((name,)))) - {index[name]}) for name in names]
