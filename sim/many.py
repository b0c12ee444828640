"""Traces of many pixels: the kernel runs on a tile of pixels while a listener keeps a column per quantity.

The records are those of a text trace (trace_lines.py): of each subpixel of each layer the first source, first phi
step and first domain. The listener keeps nothing else, so that memory does not grow with steps or with the image;
with `--trace-steps` it keeps every source, phi step and domain, in the order of the loops.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..tracer.errors import FirstbadError
from ..tracer.model import Setup
from ..tracer.store import MISSING, Array, Column, Pixels
from ..tracer.store_writer import StoreWriter, tile_for
from ..tracer.tap import Listener, listen
from ..tracer.text import heard
from .console import early_lines, input_lines, setup_lines
from .flags import parse
from .program import own_options
from .quirks import named
from .resolve import resolve
from .scatter import Plan, scatter
from .scene import Scene
from .simulate import State, spots_of
from .trace_lines import PER_PIXEL, PER_SOURCE, PER_STEP, PER_SUBPIXEL, SQUARE, VECTORS
from .tracing import range_lines, settled

AT_ONCE = 1 << 27
"""Bytes of columns computed at a time."""


@dataclass
class Many:
    """A resolved run and the pixels of it that are traced, in row order (n x 2, slow and fast).

    With `steps` every source, phi step and domain is kept, else the first of each. `setup` is what a run says before.
    """

    scene: Scene
    state: State
    pixels: Pixels
    facts: dict[str, str]
    steps: bool = False
    setup: Setup = field(default_factory=Setup)

    @property
    def places(self) -> int:
        """Subpixels times layers: the most records of a quantity at one pixel that has no loop inside."""
        return self.scene.statics.layers * self.scene.statics.oversample**2

    def most(self, name: str) -> int:
        """The most records of a quantity at one pixel."""
        s = self.scene.statics
        if name in PER_PIXEL:
            return 1
        sources = s.sources if self.steps and name not in PER_SUBPIXEL else 1
        inner = s.orientations if self.steps and name not in (*PER_SUBPIXEL, *PER_SOURCE) else 1
        return self.places * sources * inner

    def columns(self, graft: Callable[[slice], Listener] | None = None) -> Iterator[dict[str, Array]]:
        """Batches of pixels, in order: for each quantity pixels x records x components, MISSING where it is absent.

        `graft` gives a listener for the pixels of a batch that may answer the taps with other values.
        """
        for rows, plan, batch in self.batches():
            kept = _Kept(len(rows), self)
            with listen(kept):  # it comes after the graft, and keeps what the computation goes on with
                self.run(rows, plan, graft(batch) if graft else _unchanged)
            yield kept.columns()

    def batches(self) -> Iterator[tuple[Pixels, Plan, slice]]:
        """Pixels that are computed by the same plan, as many at once as memory allows, and which they are."""
        most = max(1, AT_ONCE // (8 * 80 * self.most("F_latt")))
        offsets = self.pixels[:, 0] * self.scene.shape[1] + self.pixels[:, 1]
        start = 0
        while start < len(offsets):
            plan = self.state.plan(int(offsets[start]))
            stop = start + 1
            while stop < len(offsets) and stop - start < most and self.state.plan(int(offsets[stop])) == plan:
                stop += 1
            yield self.pixels[start:stop], plan, slice(start, stop)
            start = stop

    def run(self, rows: Pixels, plan: Plan, listener: Listener) -> Array:
        """The final values (photons) of some pixels, computed while `listener` hears every tap."""
        device = self.scene.fields.pix0.x.device
        slow, fast = (torch.from_numpy(np.ascontiguousarray(rows[:, i])).to(device) for i in (0, 1))
        with torch.no_grad(), listen(listener):
            value = scatter(self.scene, slow, fast, plan).value
        return value.detach().cpu().double().numpy()


def _unchanged(name: str, value: Any, scope: tuple[tuple[str, int], ...]) -> Any:
    return value


def prepare(argv: Sequence[str], choose: Callable[[tuple[int, int]], Pixels]) -> Many:
    """Resolve the command line `argv`; `choose` gives the pixels for the image's shape.

    Pixels outside the region of interest or under the mask are not computed, so they have no trace.
    """
    settings, rest = own_options(argv)
    quirks = named(settings.quirks)
    own = resolve(parse(rest, quirks=quirks), quirks=quirks)
    scene = own.to(getattr(torch, settings.dtype), settings.device)
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
        late = list(range_lines(scene, state))
    setup = heard([*input_lines(own), *early_lines(own), *setup_lines(own, settings.digits), *late])
    pixels = np.stack(np.divmod(offsets, scene.shape[1]), axis=1).astype(np.int64)
    facts = {"side": "PY", "program": "firstbad.sim", "dtype": settings.dtype, "quirks": settings.quirks}
    facts |= {"inputs": "told", "args": shlex.join(argv)}
    return Many(scene, state, pixels, facts, settings.trace_steps, setup)


def write_store(many: Many, path: Path, graft: Callable[[slice], Listener] | None = None) -> int:
    """Trace every pixel of `many` into a store at `path`; gives their number. `graft` as for `Many.columns`."""
    writer: StoreWriter | None = None
    for block in many.columns(graft):
        if writer is None:
            columns = [Column(name, v.shape[2], v.shape[1]) for name, v in block.items()]
            how: dict[str, Any] = {"tile": tile_for(columns), "fresh": True, "setup": many.setup}
            writer = StoreWriter(path, many.scene.shape, columns, many.pixels, many.facts, **how)
        writer.append(block)
    assert writer is not None  # `prepare` refuses an empty choice
    writer.close()
    return len(many.pixels)


Place = tuple[int, int, int, int]
"""Layer, subpixel, source and the first orientation of what a tap offered; -1 outside that loop."""


@dataclass
class _Kept:
    """A listener: what the taps offered at each place, one row a pixel."""

    count: int
    many: Many
    places: dict[Place, dict[str, Tensor]] = field(default_factory=dict[Place, dict[str, Tensor]])
    once: dict[str, Tensor] = field(default_factory=dict[str, Tensor])

    def __call__(self, name: str, value: Any, scope: tuple[tuple[str, int], ...]) -> Any:
        """Note the value and hand it back."""
        place = dict(scope)
        if not self.many.steps and (place.get("source", 0) or place.get("orientation", 0)):
            return value
        orientations = _orientations(value, self.count, vector=name in VECTORS)
        if "layer" not in place:
            self.once[name] = orientations[0]
            return value
        at = place["layer"], place["subpixel"], place.get("source", -1), place.get("orientation", -1)
        self.places.setdefault(at, {})[name] = orientations if self.many.steps else orientations[:1]
        return value

    def columns(self) -> dict[str, Array]:
        """The columns in the order of a text trace; places that a pixel lacks are closed up, as in a text."""
        found: dict[str, Array] = {}
        shown = SQUARE if self.many.scene.statics.shape == "SQUARE" else SQUARE[-1:] if self.many.steps else ()
        for name in (*PER_SUBPIXEL, *PER_SOURCE, *PER_STEP, *shown, "F_cell"):
            parts = [self._masked(name, at) for at in self.places if name in self.places[at]]
            if parts:
                found[name] = _closed_up(np.concatenate(parts).transpose(1, 0, 2), self.many.most(name))
        found.update(self._once())
        return found

    def _masked(self, name: str, at: Place) -> Array:
        """One place, orientations x pixels x components, MISSING where the program prints none: culled by dmin, or
        F_cell where F_latt is 0."""
        values = self.places[at]
        rows = values[name].numpy()
        if at[3] >= 0 and len(rows) == 1:  # all orientations share it
            rows = rows.repeat(len(values["F_latt"]), axis=0)
        absent = np.zeros(rows.shape[:2], dtype=np.bool_)
        own = self.places.get((*at[:3], -1), {})
        if at[3] >= 0 and "dmin_culled" in own:
            absent |= own["dmin_culled"].numpy()[:, :, 0] != 0
        if name == "F_cell" and not self.many.scene.statics.water:
            absent |= values["F_latt"].numpy()[:, :, 0] == 0
        return np.where(absent[:, :, None], MISSING, rows)

    def _once(self) -> Iterator[tuple[str, Array]]:
        for name in PER_PIXEL:
            if name.startswith("oversample_"):
                yield name, np.full((self.count, 1, 1), float(getattr(self.many.scene.statics, name)))
            elif name == "floatimage_accumulated":
                with np.errstate(over="ignore"):
                    single = self.once["I_pixel_final"].numpy().astype(np.float32)
                yield name, single.astype(np.float64).reshape(self.count, 1, 1)
            elif name in self.once:
                yield name, self.once[name].numpy().reshape(self.count, 1, -1)


def _orientations(value: Any, count: int, *, vector: bool) -> Tensor:
    """What a tap offered, orientations x pixels x components; one orientation where it has none, shared values
    repeated."""
    tensor = value.detach() if isinstance(value, Tensor) else torch.tensor(float(value))
    tensor = tensor.cpu().double()
    if not vector:
        tensor = tensor.unsqueeze(-1)
    if tensor.dim() < 3:
        tensor = tensor.reshape(1, -1, tensor.shape[-1])
    return tensor.expand(-1, count, -1).clone()


def _closed_up(rows: Array, most: int) -> Array:
    """Present records first, in order; the rest MISSING up to `most`."""
    gone = (np.ascontiguousarray(rows).view(np.uint64) == MISSING.view(np.uint64)).all(axis=2)
    if gone.any():
        order = np.argsort(gone, axis=1, kind="stable")
        rows = np.take_along_axis(rows, order[:, :, None], axis=1)
    if rows.shape[1] < most:
        more = np.full((len(rows), most - rows.shape[1], rows.shape[2]), MISSING)
        rows = np.concatenate([rows, more], axis=1)
    return np.ascontiguousarray(rows)
