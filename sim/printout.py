"""-printout: what the last sample of a pixel was, in words (specification, section 7.10)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from torch import Tensor

from ..tracer.tap import Recorder, recording
from .inputs import Inputs, plain
from .numbers import g
from .scene import Scene
from .simulate import State, pixel_value, spots_of


def printout_lines(scene: Scene, state: State) -> Iterator[str]:
    """The lines of every computed pixel, or of the one that -printout_pixel names (fast, slow)."""
    asked = scene.experiment.output.printout_pixel
    for tile in spots_of(scene).tiles(4096):
        for offset in tile.tolist():
            slow, fast = divmod(offset, scene.shape[1])
            if asked is None or asked[0] < 0 or asked == (fast, slow):
                yield from _pixel(scene, slow, fast, state)


def _last(recorder: Recorder, name: str) -> tuple[float, ...]:
    """The numbers of the last sample that `name` was offered for; NaN where it never was."""
    try:
        value: Tensor = recorder.last(name).detach()
    except KeyError:
        return (math.nan,) * 3
    vector = name.endswith(("_vec_A_inv", "_meters", "_frac", "_rounded", "_angstroms"))
    return tuple(float(x) for x in (value.reshape(-1, 3)[-1] if vector else value.reshape(-1)[-1:]))


def _pixel(scene: Scene, slow: int, fast: int, state: State) -> Iterator[str]:
    with recording() as recorder:
        value = float(pixel_value(scene, slow, fast, state))
    x, y, z = _last(recorder, "pixel_pos_meters")
    q = _last(recorder, "scattering_vec_A_inv")
    stol = 0.5 * math.sqrt((q[0] * q[0] + q[1] * q[1]) + q[2] * q[2])
    wavelength = plain(Inputs(scene.experiment).wavelength) * 1e10
    from_beam = math.sin(0.5 * math.atan2(math.sqrt(y * y + z * z), x)) / wavelength
    yield f"{fast:4d} {slow:4d} : stol = {g(stol)} or {g(from_beam)}"
    yield f"at {g(x)} {g(y)} {g(z)}"
    hkl = " ".join(f"{part:f}" for part in _last(recorder, "hkl_frac"))
    rounded = " ".join(str(int(n)) if math.isfinite(n) else "nan" for n in _last(recorder, "hkl_rounded"))
    yield f"hkl= {hkl}  hkl0= {rounded}"
    F_cell, F_latt = _last(recorder, "F_cell")[0], _last(recorder, "F_latt")[0]
    total = _last(recorder, "I_before_scaling")[0]
    yield f" F_cell={g(F_cell)}  F_latt={g(F_latt)}   I = {g(total)}"
    steps = scene.statics.steps
    yield f"I/steps {total / steps if steps else math.nan:15.10g}"
    for name, label in (("polar", "polar"), ("omega_pixel", "omega"), ("capture_fraction", "capture")):
        yield f"{label:8s}{_last(recorder, name)[0]:15.10g}"
    yield f"{'pixel':8s}{value:15.10g}"
    yield "real-space cell vectors (Angstrom):"
    yield "     a           b           c         "
    columns = [_last(recorder, f"rot_{axis}_angstroms") for axis in "abc"]
    for label, row in zip("XYZ", zip(*columns, strict=True), strict=True):
        yield f"{label}: " + " ".join(f"{part:11.8f}" for part in row)
