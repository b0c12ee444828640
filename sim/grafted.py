"""The torch simulator with quantities replaced by recorded values: the graft goes through the very computation.

A tap offers its value; a graft answers with the column of a store (a row a pixel, a record a sample). What was
recorded for the first sample of a subpixel only stands for one of several orientations or sources: such a quantity
cannot be replaced as a whole, and is refused by name. A reference that was traced with `--trace-steps` has them all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..tracer.catalogue import Catalogue
from ..tracer.diff import Side
from ..tracer.errors import FirstbadError
from ..tracer.graft import image_error
from ..tracer.graft_formulas import ITSELF
from ..tracer.store import MISSING, Array, Store, is_missing, open_store
from ..tracer.store_judge import StoresDiff, judge_stores
from ..tracer.store_noise import StoreNoise
from ..tracer.tap import Listener
from .many import Many, write_store
from .trace_lines import PER_PIXEL, PER_SOURCE, PER_STEP, PER_SUBPIXEL, SQUARE, VECTORS

BESIDE = frozenset(
    ("obliquity_factor", "lambda_angstroms", "cos_2theta", "r_e_meters", "floatimage_accumulated",
     "oversample_thick", "oversample_polar", "oversample_omega")
)  # fmt: skip
"""Printed for the reader, or a switch: the simulator does not compute with what their taps offer."""
_SWITCHED = {"capture_fraction": "oversample_thick", "polar": "oversample_polar", "omega_pixel": "oversample_omega"}
"""Factors that a switch multiplies into the running sum: what their taps offer at the end is printed only."""
_CLEAR = 1e-6
_INNER = (*PER_STEP, *SQUARE, "F_cell")


def whole(many: Many, columns: Mapping[str, Array]) -> bool:
    """Whether the reference recorded every source, phi step and domain, and not the first of each alone."""
    return all(
        columns[n].shape[1] == many.places * _inside(many, n) for n in ("incident_vec", "hkl_frac") if n in columns
    )


def obstacle(many: Many, name: str, column: Array | None) -> str:
    """Why `name` cannot be grafted in this run, as a sentence's end; "" if it can."""
    if name in BESIDE:
        return "the simulator prints it and does not compute with it"
    if name in _SWITCHED and getattr(many.scene.statics, _SWITCHED[name]):
        return f"with -{_SWITCHED[name]} the simulator multiplies it in step by step and only prints the last one"
    if name not in (*PER_SUBPIXEL, *PER_SOURCE, *_INNER, *PER_PIXEL):
        return "the simulator has no tap of that name"
    if column is None:
        return "the reference did not record it"
    places, inside = (1 if name in PER_PIXEL else many.places), _inside(many, name)
    if column.shape[1] == places < places * inside:
        return f"the reference recorded 1 of its {inside} samples of each subpixel: trace it with --trace-steps"
    if column.shape[1] != places * inside:
        return (
            f"the reference has {column.shape[1]} samples of it a pixel and this run {places * inside}: "
            "give both the same -oversample and steps"
        )
    if name != "F_cell" and is_missing(column).any():
        return "the reference lacks it at some pixels"
    return ""


def _inside(many: Many, name: str) -> int:
    """Samples of a quantity at one subpixel."""
    s = many.scene.statics
    inner = s.orientations if name in _INNER else 1
    return s.sources * inner if name in (*PER_SOURCE, *_INNER) else 1


class Rerun:
    """Runs of one simulator with one reference's values in the places of its own: `Grafts` of bisect/axes/grafts.py."""

    def __init__(self, many: Many, reference: Store, catalogue: Catalogue, folder: Path) -> None:
        """`folder` is for stores that are of no use later. FirstbadError where the reference has no final intensity."""
        self.many, self.reference, self.catalogue = many, reference, catalogue
        self._made = folder / "grafted.zarr"
        self._names: frozenset[str] | None = None
        self.columns = {catalogue.canonical(name): reference.read(name) for name in reference.names}
        if "F_cell" in self.columns and "F_latt" in self.columns:
            self.columns["F_cell"] = _in_place(self.columns["F_cell"], self.columns["F_latt"])
        many.steps = many.steps or whole(many, self.columns)
        _same_subpixels(many, self.columns)

    def obstacle(self, name: str) -> str:
        """See `obstacle`; and the intensity is not replaced where nothing shows that it is at fault."""
        quantity = self.catalogue.get(name)
        if quantity is not None and quantity.final and not self._at_fault(name):
            return ITSELF
        return obstacle(self.many, name, self.columns.get(name))

    def _at_fault(self, name: str) -> bool:
        """Whether the judge accuses the candidate's values of `name`."""
        origins = (one for j in self._judged(frozenset()).judgements for one in j.origins)
        return any(found == name and side in (Side.CANDIDATE, Side.BOTH) for found, side, _ in origins)

    def unsure(self, names: frozenset[str]) -> tuple[str, ...]:
        """Nothing: all is computed."""
        return ()

    def error(self, names: frozenset[str]) -> float:
        """Σ|I − I(reference)| in photons, over pixels where rounding is not all."""
        make = self._listener(names)
        found = [self.many.run(rows, plan, make(part)) for rows, plan, part in self.many.batches()]
        return image_error(self.columns["I_pixel_final"][:, 0, 0], np.concatenate(found), self._granted)

    @cached_property
    def _granted(self) -> Array:
        """By how much rounding lets the two intensities differ at each pixel."""
        return StoreNoise(self.reference, self._made_with(frozenset()), self.catalogue).granted("I_pixel_final")

    def origins(self, names: frozenset[str], without: frozenset[str]) -> tuple[str, ...]:
        """What the judge calls an origin, at the pixels that it looks at."""
        judged = self._judged(names)
        found = (*self._outermost(judged), *self._behind(judged, without))
        return tuple(name for name in dict.fromkeys(found) if name not in without)

    def differing(self) -> tuple[str, ...]:
        """What differs at all, be it that the intensity does not come from it."""
        judged = self._judged(frozenset())
        found = (name for one in judged.judgements for name, *_ in (*one.origins, *one.beside))
        return tuple(dict.fromkeys(found))

    def _judged(self, names: frozenset[str]) -> StoresDiff:
        return judge_stores(self.reference, self._made_with(names), self.catalogue)

    def _made_with(self, names: frozenset[str]) -> Store:
        """What the simulator records with `names` replaced."""
        if self._names != names:
            write_store(self.many, self._made, self._listener(names))
            self._names = names
        return open_store(self._made)

    def _behind(self, judged: StoresDiff, without: frozenset[str]) -> Iterator[str]:
        """What clearly differs because of a quantity that cannot be replaced, and of no other that could be."""
        clear = {c.name for c in judged.screened.columns if c.diverging and c.largest > _CLEAR} - without
        for name in clear:
            above = self.catalogue.ancestors(name)
            if above & without and not above & clear:
                yield name

    def _outermost(self, judged: StoresDiff) -> Iterator[str]:
        """The judge's origins, but what is screened as an origin before them, and clearly differs, in their place.

        To the judge a loop that runs in another order is the same; a graft puts each value where it was recorded.
        """
        clear = {column.name for column in judged.screened.columns if column.largest > _CLEAR}
        for one in judged.judgements:
            for name, _, _ in one.origins if one.judged and not one.noise else ():
                above = clear.intersection(one.screened) & self.catalogue.ancestors(name)
                yield from sorted(above) or [name]

    def _listener(self, names: Iterable[str]) -> Callable[[slice], Listener]:
        wanted = {name: self.columns[name] for name in names}
        return lambda batch: _Graft({name: column[batch] for name, column in wanted.items()}, self.many)


def _same_subpixels(many: Many, columns: Mapping[str, Array]) -> None:
    """FirstbadError where the two take other subpixels: no value of the one stands for a value of the other."""
    s = many.scene.statics
    taken = columns["pixel_pos_meters"].shape[1] if "pixel_pos_meters" in columns else many.places
    if taken != many.places:
        side = math.isqrt(taken // s.layers)
        raise FirstbadError(
            f"the reference took {taken} subpixels of each pixel, this run {many.places}: `steps` is the first origin",
            remedy=f"graft what else differs with the same sampling: put -oversample {side} behind the dashes",
            slug="graft-sampling",
        )


def _in_place(F_cell: Array, F_latt: Array) -> Array:
    """The records of F_cell at the samples that they belong to: programs print none where F_latt is 0."""
    if F_cell.shape[1] != F_latt.shape[1] or not is_missing(F_cell).any():
        return F_cell
    lit = (F_latt[:, :, 0] != 0) & ~is_missing(F_latt)[:, :, 0]
    number = np.cumsum(lit, axis=1) - 1
    found = np.take_along_axis(F_cell, np.maximum(number, 0)[:, :, None], axis=1)
    return np.where(lit[:, :, None], found, MISSING)


class _Graft:
    """A listener that answers with recorded values."""

    def __init__(self, columns: Mapping[str, Array], many: Many) -> None:
        self.columns, self.many = columns, many

    def __call__(self, name: str, value: Any, scope: tuple[tuple[str, int], ...]) -> Any:
        """The recorded value in the dtype and on the device of what was computed; where none was, what was computed."""
        column = self.columns.get(name)
        if column is None:
            return value
        place, s = dict(scope), self.many.scene.statics
        at = place["layer"] * s.oversample**2 + place["subpixel"] if "layer" in place else 0
        at = at * s.sources + place["source"] if "source" in place else at
        stop = at + 1
        if "orientation" in place:
            at = at * s.orientations + place["orientation"]
            stop = at + _orientations(name, value)
        rows = column[:, at:stop].transpose(1, 0, 2)  # orientations x pixels x components
        rows = rows if name in VECTORS else rows[:, :, 0]
        return _put(np.ascontiguousarray(rows if "orientation" in place else rows[0]), value)


def _orientations(name: str, value: Tensor) -> int:
    """How many orientations a tap offers at once; one stands for all where they share the value."""
    return value.shape[0] if value.dim() == (3 if name in VECTORS else 2) else 1


def _put(rows: Array, value: Any) -> Any:
    if not isinstance(value, Tensor):
        return torch.from_numpy(rows)
    given = torch.from_numpy(rows).to(value)
    absent = torch.from_numpy(is_missing(rows)).to(value.device)
    return torch.where(absent, value, given) if bool(absent.any()) else given.expand_as(given + value * 0)
