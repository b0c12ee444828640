"""The image verdict: correlation and sum ratio decide; beside them stands what these two cannot see.

Correlation is dominated by the few brightest pixels and blind to scale; the sum is blind to place. So an
image in which half of the weak peaks are gone, or all of it is scaled by 1.004, passes both. The *findings*
say so: they never change `passed`, they say what a pass does not mean. docs/image-verdict.md lists them
with the sizes they detect.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from math import isfinite
from typing import Any

import numpy as np

from .errors import FirstbadError
from .image_causes import told
from .image_findings import Evidence, Finding, findings
from .image_motion import Motion
from .image_noise import Array, Noise, as_float64
from .image_peaks import PeakReport
from .image_read import Image, read_image
from .image_stats import Block, Decade, correlation, sum_ratio
from .image_words import counted, first_of

__all__ = ["Finding", "Gate", "Image", "ImageVerdict", "Noise", "compare_images", "read_image"]


@dataclass(frozen=True, slots=True)
class Gate:
    """An image passes with Pearson correlation ≥ `correlation` and |sum ratio − 1| ≤ `sum_ratio`, both."""

    correlation: float = 0.999
    sum_ratio: float = 5e-3


@dataclass(frozen=True, slots=True)
class ImageVerdict:
    """Both headline numbers, whether the gate passes and why not, and the findings beside them.

    `sum_ratio` is Σcandidate/Σreference. Either number is nan where it does not exist (a constant image,
    NaN); such an image never passes. `evidence` is None where the images could not be compared pixel by
    pixel, or are identical.
    """

    passed: bool
    correlation: float
    sum_ratio: float
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    gate: Gate
    shape: tuple[int, int]
    identical: bool = False
    evidence: Evidence | None = field(default=None, repr=False)
    told: tuple[Finding, ...] = ()
    """The findings without the mere consequences of others (image_causes.py)."""

    @property
    def decades(self) -> tuple[Decade, ...]:
        """Residuals per decade of intensity, brightest first."""
        return self.evidence.decades if self.evidence else ()

    @property
    def peaks(self) -> PeakReport | None:
        """What became of the peaks."""
        return self.evidence.peaks if self.evidence else None

    @property
    def worst(self) -> Block | None:
        """The block of pixels that differs most."""
        return self.evidence.block if self.evidence else None

    @property
    def motion(self) -> Motion | None:
        """Scale, offset and shift of the whole image, where they explain the difference."""
        return self.evidence.motion if self.evidence else None

    @property
    def clean(self) -> bool:
        """The gate passes and nothing else was found."""
        return self.passed and not self.findings

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON: nan and infinities become None."""
        return {
            "passed": self.passed,
            "correlation": _plain(self.correlation),
            "sum_ratio": _plain(self.sum_ratio),
            "reasons": list(self.reasons),
            "findings": [_plain(asdict(f)) for f in self.findings],
            "told": [_plain(asdict(f)) for f in self.told],
            "gate": asdict(self.gate),
            "shape": list(self.shape),
            "identical": self.identical,
            "evidence": _plain(self.evidence.as_dict()) if self.evidence else None,
        }


def compare_images(
    reference: Image,
    candidate: Image,
    gate: Gate | None = None,
    noise: Noise | None = None,
    *,
    details: bool = True,
) -> ImageVerdict:
    """Judge `candidate` against `reference` (both slow x fast, of one size).

    Without `details` only the gate is judged: about twenty times faster, and there are no findings.
    `noise` says what rounding may do (default: float32 beside float64). FirstbadError `image-sizes-differ`
    where the sizes differ: that is a wrong pair or a wrong command, and no number could be given.
    """
    if reference.shape != candidate.shape or reference.ndim != 2:
        raise FirstbadError(
            f"The reference image is {_size(reference.shape)}, the candidate's {_size(candidate.shape)}",
            remedy="Run both with the same detector size, or pick the files that belong together.",
            slug="image-sizes-differ",
        )
    gate = gate or Gate()
    r, c = as_float64(reference), as_float64(candidate)
    broken = (*_flaws("reference", r), *_flaws("candidate", c))
    same = np.array_equal(r, c)
    if not r.size or any(not bool(np.isfinite(image).all()) for image in (r, c)):
        return _verdict(gate, r, (float("nan"), float("nan")), broken)
    with np.errstate(over="ignore", invalid="ignore"):  # a pixel that has exploded is infinitely far off, and named
        numbers = correlation(r, c), sum_ratio(r, c)
        if same or broken or not details:
            return _verdict(gate, r, numbers, broken, identical=same)
        noise = noise or Noise()
        found, evidence = findings(r, c, noise)
        causes = told(r, c, found, evidence.orientation, evidence.motion, noise)
    judged = _verdict(gate, r, numbers, ())
    return replace(judged, findings=found, evidence=evidence, told=causes)


def _verdict(
    gate: Gate,
    reference: Array,
    numbers: tuple[float, float],
    broken: tuple[str, ...],
    *,
    identical: bool = False,
) -> ImageVerdict:
    reasons = broken or _reasons(gate, *numbers)
    shape = (reference.shape[0], reference.shape[1])
    return ImageVerdict(not reasons, *numbers, reasons, (), gate, shape, identical)


def _reasons(gate: Gate, corr: float, ratio: float) -> tuple[str, ...]:
    """Why the gate fails. Comparisons are written so that nan fails."""
    reasons: list[str] = []
    if not corr >= gate.correlation:
        reasons.append(f"correlation {corr:.6f} is below {gate.correlation:g}")
    if not abs(ratio - 1) <= gate.sum_ratio:
        reasons.append(f"the sum ratio is {ratio:.6g}, off 1 by {abs(ratio - 1):.2e}, more than {gate.sum_ratio:g}")
    return tuple(reasons)


def _flaws(side: str, image: Array) -> tuple[str, ...]:
    """What makes an image unfit for any pass."""
    if not image.size:
        return (f"the {side} image has no pixel",)
    masks = ((np.isnan(image), "NaN", "NaN"), (np.isinf(image), "infinity", "infinities"))
    flaws = [
        f"the {side} image holds {counted(int(mask.sum()), one, several)}, {first_of(mask)}"
        for mask, one, several in masks
        if mask.any()
    ]
    if not flaws and not image.any():
        flaws.append(f"the {side} image is zero everywhere")
    elif not flaws and image.min() == image.max():
        flaws.append(f"the {side} image is constant ({image.flat[0]:g} everywhere)")
    return tuple(flaws)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape)


def _plain(value: Any) -> Any:
    inside: Any = value  # what a container holds is looked at one by one
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in inside.items()}
    if isinstance(value, list | tuple | frozenset):
        return [_plain(v) for v in (sorted(inside) if isinstance(value, frozenset) else inside)]
    return value
