"""Which findings to tell: once one change of the whole image explains a difference, the others are its consequences.

A transposed image has moved peaks, odd rows and wrong decades as well; all of that is said by one word. So the change
is made to the reference, too, and what is found then stands on its own: a dead pixel of a transposed image is told.
"""

from __future__ import annotations

import numpy as np

from .image_findings import Finding, findings
from .image_motion import Motion, orientations
from .image_noise import Array, Noise

SURE = 0.99
"""The share of the difference that a scale, offset or shift must explain before it is made to the reference."""
ALL = 0.999
"""The same for a shift by a part of a pixel, which nobody can make without error: what is left is neglected."""
NEAR = 0.004
"""A shift so near to whole pixels is one by whole pixels: no smaller one is reported."""
MOTION = ("shift", "scale", "offset")


def told(
    reference: Array, candidate: Array, found: tuple[Finding, ...], turned: str, motion: Motion, noise: Noise
) -> tuple[Finding, ...]:
    """Of `found` the causes, and what is left when the reference is changed as they say; all of it where none is sure.

    `turned` and `motion` are the evidence behind `found`.
    """
    if turned:
        cause = tuple(one for one in found if one.kind == "orientation")
        return (*cause, *_left(orientations(reference)[turned], candidate, noise))
    cause = tuple(one for one in found if one.kind in MOTION)
    if not cause or motion.explained < SURE:
        return found
    whole = tuple(round(step) for step in motion.shift)
    if max(abs(step - n) for step, n in zip(motion.shift, whole, strict=True)) > NEAR:
        return cause if motion.explained > ALL else found
    if any(whole):
        shift = tuple(one for one in cause if one.kind == "shift")
        return (*shift, *_left(*_laid_over(reference, candidate, whole), noise))
    left, _ = findings(motion.scale * reference + motion.offset, candidate, noise)
    fits = len(cause) + len(left) < len(found) and not any(one.kind in MOTION for one in left)
    return (*cause, *left) if fits else found


def _left(reference: Array, candidate: Array, noise: Noise) -> tuple[Finding, ...]:
    """What is told of two images that lie alike."""
    found, evidence = findings(reference, candidate, noise)
    return told(reference, candidate, found, "", evidence.motion, noise)


def _laid_over(reference: Array, candidate: Array, shift: tuple[int, ...]) -> tuple[Array, Array]:
    """Where the images overlap when the candidate is moved back by whole pixels."""
    ours = tuple(slice(max(0, -n), size - max(0, n)) for n, size in zip(shift, reference.shape, strict=True))
    theirs = tuple(slice(max(0, n), size - max(0, -n)) for n, size in zip(shift, reference.shape, strict=True))
    return np.ascontiguousarray(reference[ours]), np.ascontiguousarray(candidate[theirs])
