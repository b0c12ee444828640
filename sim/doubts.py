"""What a program should be told before it computes: a sentence for everything that makes an image useless or slow."""

from __future__ import annotations

import math
from collections.abc import Iterator

from .experiment import Crystal, Detector
from .limits import LONG_SAMPLES
from .scene import Scene
from .tracing import computed


def doubts(scene: Scene) -> Iterator[str]:
    """Warnings about a resolved experiment, none for a sound one."""
    crystal, detector = scene.experiment.crystal, scene.experiment.detector
    yield from _of_the_cell(crystal)
    yield from _of_the_axes(detector)
    yield from _of_the_region(scene)
    yield from _of_the_traced_pixel(scene)
    if not scene.phis:
        yield "the phi scan has no step, so that the image is no number"
    else:
        yield from _of_the_steps(scene)


def _of_the_cell(crystal: Crystal) -> Iterator[str]:
    angles = [angle if angle > 0 else 90.0 for angle in crystal.cell[3:]]
    half = sum(angles) / 2.0
    sines = [math.sin(math.radians(x)) for x in (half, *(half - angle for angle in angles))]
    if crystal.user_cell and not math.prod(sines) > 1e-12:
        shown = " ".join(f"{angle:g}" for angle in angles)
        yield f"no cell has the angles {shown}: two together must exceed the third, and all three stay below 360"


def _of_the_axes(detector: Detector) -> Iterator[str]:
    if detector.convention != "CUSTOM":
        return
    for name in ("fdet", "sdet", "beam", "polar", "spindle"):
        if not any(getattr(detector, name)):
            yield f"-{name}_{'axis' if name == 'spindle' else 'vector'} is 0 0 0, which is no direction"


def _of_the_region(scene: Scene) -> Iterator[str]:
    f0, f1, s0, s1 = scene.roi
    slow, fast = scene.shape
    if f0 > min(f1, fast - 1) or s0 > min(s1, slow - 1):
        yield (
            f"the region of interest {f0} {f1} {s0} {s1} (fast, fast, slow, slow) holds no pixel of the "
            f"{slow} x {fast} of the detector (slow, fast), so that the image is 0"
        )


def _of_the_traced_pixel(scene: Scene) -> Iterator[str]:
    """The real program then prints its set-up and nothing of the pixel, without a word."""
    asked, (slow, fast) = scene.experiment.output.trace_pixel, scene.shape
    if asked is None or min(asked) < 0:
        return
    said = f"-trace_pixel {asked[0]} {asked[1]} (slow fast)"
    if asked[0] >= slow or asked[1] >= fast:
        yield f"{said} is not on the detector of {slow} x {fast} pixels; nothing is traced"
    elif not computed(scene, *asked):
        yield f"{said} lies outside -roi or under the mask; nothing of it is traced"


def _of_the_steps(scene: Scene) -> Iterator[str]:
    s, (slow, fast) = scene.statics, scene.shape
    steps = s.sources * s.orientations * s.oversample**2
    if steps != s.steps:
        yield f"{steps} steps a pixel do not fit into 32 bits: as in nanoBragg the sum is divided by {s.steps}"
    if slow * fast * steps * s.layers > LONG_SAMPLES:
        yield (
            f"{slow} x {fast} pixels of {steps * s.layers} samples each will take very long; check -oversample, "
            "-distance and the counts of steps"
        )
