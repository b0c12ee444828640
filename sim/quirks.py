"""The switchboard: which of nanoBragg's quirks are reproduced. docs/quirks.md explains each by its number."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Quirks:
    """True reproduces the real program, False computes what the physics asks for.

    The numbers are those of docs/quirks.md. What only shapes the command language (defaults, step
    counts, conventions) is no quirk here: it stays.
    """

    c_star_volume: bool = True
    """Q-01: c*_z of a triclinic cell uses V/(abc) in place of V*/(a*b*c*)."""
    substring_options: bool = True
    """Q-02: an option matches wherever its text occurs, so -twotheta_axis is also a -twotheta."""
    forced_pivot: bool = True
    """Q-03: a named convention overrules -pivot and every flag that implies one."""
    ignored_pix0: bool = True
    """Q-04: -pix0_vector only selects CUSTOM."""
    phi_carry_over: bool = True
    """Q-10: a phi of exactly 0 keeps the orientation of the step before it."""
    misset_in_degrees: bool = True
    """Q-11: a random misset draws with a spread of 90 radians; otherwise uniformly over all rotations."""
    mosaic_float32: bool = True
    """Q-12: the spread and the angle of a mosaic rotation are rounded to float32."""
    cached_factors: bool = True
    """Q-13 to Q-15: polar, omega and capture are taken from one sample, or multiply the running sum."""
    layer_spacing: bool = True
    """Q-16: n layers are thickness/(n-1) apart, so that the sensor is too thick in total."""
    ignored_weights: bool = True
    """Q-17: the weights of a source file are read and not used."""
    interpolation_switch: bool = True
    """Q-18: the first sample out of range ends interpolation for all samples that follow."""
    stale_cache: bool = True
    """Q-20: without -hkl, an Fdump.bin that happens to lie in the working directory is read silently."""
    joint_width: bool = True
    """Q-22: Gaussian and top-hat spots take (Na Nb Nc)² as width on every axis."""
    frozen_distance: bool = True
    """Q-25: with the pivot at the beam the reported distance forgets the two-theta swing."""
    signed_omega: bool = True
    """Q-26: a detector that faces away has a negative solid angle; otherwise it counts as positive."""
    water_twice: bool = True
    """Q-33, Q-34: water is scaled by r_e² fluence twice, divided by steps, and lost with dmin."""
    steps_int32: bool = True
    """Q-45: the number of steps is a 32-bit integer and wraps around."""


NANOBRAGG = Quirks()
"""The real program, quirk by quirk (the default)."""
NONE = Quirks(**{f.name: False for f in fields(Quirks)})
"""The physics as it should be."""


def named(words: str) -> Quirks:
    """The set that `--quirks WORDS` asks for: `nanobragg` or `none`, then `,+NAME` or `,-NAME` for single ones."""
    from ..tracer.errors import FirstbadError

    sets = {"nanobragg": NANOBRAGG, "none": NONE}
    word, *changes = words.split(",")
    known = {f.name for f in fields(Quirks)}
    wrong = [c for c in changes if c[:1] not in ("+", "-") or c[1:] not in known]
    if word not in sets or wrong:
        raise FirstbadError(
            f"--quirks knows no {wrong[0] if wrong else word or 'empty set'!r}",
            remedy=f"Say nanobragg or none, then perhaps ,-NAME or ,+NAME; names are {', '.join(sorted(known))}.",
            slug="unknown-quirks",
        )
    return replace(sets[word], **{c[1:]: c[0] == "+" for c in changes})
