"""Traces of many pixels: the kernel runs on a tile of pixels while a listener keeps a column per quantity.

The records are those of a text trace (trace_lines.py): of each subpixel of each layer the first source, first phi
step and first domain. The listener keeps nothing else, so that memory does not grow with steps or with the image.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..tracer.errors import FirstbadError
from ..tracer.store import MISSING, Array, Column, Pixels, StoreWriter, tile_for
from ..tracer.tap import Listener, listen
from .flags import parse
from .program import own_options
from .quirks import named
from .resolve import resolve
from .scatter import Plan, scatter
from .scene import Scene
from .simulate import State, spots_of
from .trace_lines import PER_PIXEL, PER_STEP, PER_SUBPIXEL, SQUARE, VECTORS
from .tracing import settled

AT_ONCE = 1 << 27
"""Bytes of columns computed at a time."""


@dataclass
class Many:
    """A resolved run and the pixels of it that are traced, in row order (n x 2, slow and fast)."""

    scene: Scene
    state: State
    pixels: Pixels
    facts: dict[str, str]

    @property
    def places(self) -> int:
        """Subpixels times layers: the most records of a quantity at one pixel."""
        return self.scene.statics.layers * self.scene.statics.oversample**2

    def columns(self) -> Iterator[dict[str, Array]]:
        """Batches of pixels, in order: for each quantity pixels x places x components, MISSING where it is absent."""
        for rows, plan in self.batches():
            kept = _Kept(len(rows))
            self.run(rows, plan, kept)
            yield kept.columns(self.scene, self.places)

    def batches(self) -> Iterator[tuple[Pixels, Plan]]:
        """Pixels that are computed by the same plan, as many at once as memory allows."""
        most = max(1, AT_ONCE // (8 * 80 * self.places))
        offsets = self.pixels[:, 0] * self.scene.shape[1] + self.pixels[:, 1]
        start = 0
        while start < len(offsets):
            plan = self.state.plan(int(offsets[start]))
            stop = start + 1
            while stop < len(offsets) and stop - start < most and self.state.plan(int(offsets[stop])) == plan:
                stop += 1
            yield self.pixels[start:stop], plan
            start = stop

    def run(self, rows: Pixels, plan: Plan, listener: Listener) -> Array:
        """The final values (photons) of some pixels, computed while `listener` hears every tap."""
        device = self.scene.fields.pix0.x.device
        slow, fast = (torch.from_numpy(np.ascontiguousarray(rows[:, i])).to(device) for i in (0, 1))
        with torch.no_grad(), listen(listener):
            value = scatter(self.scene, slow, fast, plan).value
        return value.detach().cpu().double().numpy()


def prepare(argv: Sequence[str], choose: Callable[[tuple[int, int]], Pixels]) -> Many:
    """Resolve the command line `argv`; `choose` gives the pixels for the image's shape.

    Pixels outside the region of interest or under the mask are not computed, so they have no trace.
    """
    settings, rest = own_options(argv)
    quirks = named(settings.quirks)
    scene = resolve(parse(rest, quirks=quirks), quirks=quirks).to(getattr(torch, settings.dtype), settings.device)
    wanted = choose(scene.shape)
    spots = spots_of(scene)
    offsets = np.unique(wanted[:, 0] * scene.shape[1] + wanted[:, 1])
    if spots.index is not None:
        offsets = np.intersect1d(offsets, spots.index.numpy())
    if not len(offsets):
        raise FirstbadError(
            "none of these pixels is computed",
            remedy="Choose pixels inside the region of interest and outside the mask.",
            slug="no-trace-run",
        )
    with torch.no_grad():
        state = settled(scene)
    pixels = np.stack(np.divmod(offsets, scene.shape[1]), axis=1).astype(np.int64)
    facts = {"side": "PY", "program": "firstbad.sim", "dtype": settings.dtype, "args": shlex.join(argv)}
    return Many(scene, state, pixels, facts)


def write_store(many: Many, path: Path) -> int:
    """Trace every pixel of `many` into a store at `path`; gives their number."""
    writer: StoreWriter | None = None
    for block in many.columns():
        if writer is None:
            columns = [Column(name, v.shape[2], v.shape[1]) for name, v in block.items()]
            writer = StoreWriter(
                path, many.scene.shape, columns, many.pixels, many.facts, tile=tile_for(columns), fresh=True
            )
        writer.append(block)
    assert writer is not None  # `prepare` refuses an empty choice
    writer.close()
    return len(many.pixels)


@dataclass
class _Kept:
    """A listener: the first sample of each place, one row a pixel."""

    count: int
    places: dict[tuple[int, int], dict[str, Tensor]] = field(default_factory=dict[tuple[int, int], dict[str, Tensor]])
    once: dict[str, Tensor] = field(default_factory=dict[str, Tensor])

    def __call__(self, name: str, value: Any, scope: tuple[tuple[str, int], ...]) -> Any:
        """Note the value and hand it back."""
        place = dict(scope)
        if place.get("source", 0) or place.get("orientation", 0):
            return value
        rows = _rows(value, self.count, vector=name in VECTORS)
        if "layer" in place:
            self.places.setdefault((place["layer"], place["subpixel"]), {})[name] = rows
        else:
            self.once[name] = rows
        return value

    def columns(self, scene: Scene, places: int) -> dict[str, Array]:
        """The columns in the order of a text trace; places that a pixel lacks are closed up, as in a text."""
        found: dict[str, Array] = {}
        for name in (*PER_SUBPIXEL, *PER_STEP, *(SQUARE if scene.statics.shape == "SQUARE" else ()), "F_cell"):
            parts = [_masked(name, values, scene) for values in self.places.values() if name in values]
            if parts:
                found[name] = _closed_up(np.stack(parts, axis=1), places)
        found.update(self._once(scene))
        return found

    def _once(self, scene: Scene) -> Iterator[tuple[str, Array]]:
        for name in PER_PIXEL:
            if name.startswith("oversample_"):
                yield name, np.full((self.count, 1, 1), float(getattr(scene.statics, name)))
            elif name == "floatimage_accumulated":
                with np.errstate(over="ignore"):
                    single = self.once["I_pixel_final"].numpy().astype(np.float32)
                yield name, single.astype(np.float64).reshape(self.count, 1, 1)
            elif name in self.once:
                yield name, self.once[name].numpy().reshape(self.count, 1, -1)


def _rows(value: Any, count: int, *, vector: bool) -> Tensor:
    """What a tap offered as one row a pixel: the first orientation, shared values repeated."""
    tensor = value.detach() if isinstance(value, Tensor) else torch.tensor(float(value))
    tensor = tensor.cpu().double()
    if not vector:
        tensor = tensor.unsqueeze(-1)
    if tensor.dim() == 3:
        tensor = tensor[0]
    return tensor.reshape(-1, tensor.shape[-1]).expand(count, -1).clone()


def _masked(name: str, values: Mapping[str, Tensor], scene: Scene) -> Array:
    """The rows of one place, MISSING where the program prints none: culled by dmin, or F_cell where F_latt is 0."""
    rows = values[name].numpy()
    absent = np.zeros(len(rows), dtype=np.bool_)
    if name not in PER_SUBPIXEL and "dmin_culled" in values:
        absent |= values["dmin_culled"].numpy()[:, 0] != 0
    if name == "F_cell" and not scene.statics.water:
        absent |= values["F_latt"].numpy()[:, 0] == 0
    return np.where(absent[:, None], MISSING, rows)


def _closed_up(stacked: Array, places: int) -> Array:
    """Present records first, in order; the rest MISSING up to `places`."""
    gone = (stacked.view(np.uint64) == MISSING.view(np.uint64)).all(axis=2)
    if gone.any():
        order = np.argsort(gone, axis=1, kind="stable")
        stacked = np.take_along_axis(stacked, order[:, :, None], axis=1)
    if stacked.shape[1] < places:
        more = np.full((len(stacked), places - stacked.shape[1], stacked.shape[2]), MISSING)
        stacked = np.concatenate([stacked, more], axis=1)
    return stacked
