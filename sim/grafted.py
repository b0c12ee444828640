"""The torch simulator with quantities replaced by recorded values: the graft goes through the very computation.

A tap offers its value; a graft answers with the column of a store (a row a pixel, a record a subpixel). What was
recorded for the first sample of a subpixel only stands for one of several orientations or sources: such a quantity
cannot be replaced as a whole, and is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..tracer.store import Array, is_missing
from .many import Many
from .trace_lines import PER_PIXEL, PER_STEP, PER_SUBPIXEL, SQUARE, VECTORS

BESIDE = frozenset(
    ("obliquity_factor", "lambda_angstroms", "cos_2theta", "r_e_meters", "floatimage_accumulated",
     "oversample_thick", "oversample_polar", "oversample_omega")
)  # fmt: skip
"""Printed for the reader, or a switch: the simulator does not compute with what their taps offer."""
_SOURCE = ("incident_vec", "lambda_meters", "scattering_vec_A_inv")


def obstacle(many: Many, name: str, column: Array | None) -> str:
    """Why `name` cannot be grafted in this run, as a sentence's end; "" if it can."""
    s = many.scene.statics
    if name in BESIDE:
        return "the simulator prints it and does not compute with it"
    if name not in (*PER_SUBPIXEL, *PER_STEP, *SQUARE, "F_cell", *PER_PIXEL):
        return "the simulator has no tap of that name"
    if column is None:
        return "the reference did not record it"
    steps = s.sources * (s.orientations if name in (*PER_STEP, *SQUARE, "F_cell") else 1)
    if steps > 1 and (name in (*PER_STEP, *SQUARE, "F_cell") or name in _SOURCE):
        return f"the reference recorded 1 of its {steps} samples of each subpixel"
    places = 1 if name in PER_PIXEL else many.places
    if column.shape[1] != places:
        return f"the reference recorded {column.shape[1]} of {places} subpixels"
    if name != "F_cell" and is_missing(column).any():
        return "the reference lacks it at some pixels"
    return ""


def values(many: Many, columns: Mapping[str, Array], names: Iterable[str]) -> Array:
    """The final values (photons) of the pixels with `names` replaced by `columns` (pixels x places x components)."""
    wanted = {name: columns[name] for name in names}
    parts: list[Array] = []
    start = 0
    for rows, plan in many.batches():
        stop = start + len(rows)
        part = {name: column[start:stop] for name, column in wanted.items()}
        parts.append(many.run(rows, plan, _Graft(part, many.scene.statics.oversample)))
        start = stop
    return np.concatenate(parts)


class _Graft:
    """A listener that answers with recorded values."""

    def __init__(self, columns: Mapping[str, Array], oversample: int) -> None:
        self.columns, self.oversample = columns, oversample

    def __call__(self, name: str, value: Any, scope: tuple[tuple[str, int], ...]) -> Any:
        """The recorded value in the dtype and on the device of what was computed; where none was, what was computed."""
        column = self.columns.get(name)
        if column is None:
            return value
        place = dict(scope)
        at = place["layer"] * self.oversample**2 + place["subpixel"] if "layer" in place else 0
        rows = np.ascontiguousarray(column[:, at] if name in VECTORS else column[:, at, 0])
        return _put(rows, value)


def _put(rows: Array, value: Any) -> Any:
    if not isinstance(value, Tensor):
        return torch.from_numpy(rows)
    given = torch.from_numpy(rows).to(value)
    absent = torch.from_numpy(is_missing(rows)).to(value.device)
    return torch.where(absent, value, given) if bool(absent.any()) else given.expand_as(given + value * 0)
