"""What correlation and sum cannot see, as findings: causes first (turned, shifted, scaled), then symptoms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .image_motion import Motion, fit_motion, orientation, trend
from .image_noise import Array, Noise
from .image_peaks import Change, PeakReport, compare_peaks
from .image_stats import Block, Decade, by_decade, log_correlation, odd_line, worst_block
from .image_ties import is_whole, without_ties
from .image_words import counted, first_of

ALONE = 10.0  # a single pixel is called wrong when it differs by this many times what rounding explains
ENOUGH = 0.5  # a region, when its mean difference is this share of what rounding would explain in every pixel
STILL = Motion()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be; `value` is its size in the unit that `text` gives."""

    kind: str
    text: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The numbers behind the findings. Peaks, motion, orientation and trend are looked for only where some pixel is
    `beyond` what rounding explains.
    """

    beyond: int
    log_correlation: float
    log_rms: float
    decades: tuple[Decade, ...]
    peaks: PeakReport | None = None
    block: Block
    row: tuple[int, float] | None
    column: tuple[int, float] | None
    motion: Motion = STILL
    orientation: str = ""
    trend: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain data; lists of peaks are cut to the ten worst, their number is kept."""
        out = asdict(self)
        if self.peaks is not None:
            peaks: dict[str, Any] = out["peaks"]
            for name in ("missing", "extra", "moved", "width", "brightness"):
                peaks[name + "_count"] = len(peaks[name])
                peaks[name] = peaks[name][:10]
        return out


def findings(reference: Array, candidate: Array, noise: Noise) -> tuple[tuple[Finding, ...], Evidence]:
    """All findings for two finite images of one size that are not identical."""
    allowance = noise.allowance(reference)
    size = max(8, min(reference.shape) // 16)
    candidate = without_ties(reference, candidate, allowance, size)
    beyond = int((np.abs(candidate - reference) > allowance).sum())
    row, column = (odd_line(reference, candidate, allowance, axis) for axis in (0, 1))
    log_corr, log_rms = log_correlation(reference, candidate, allowance)
    evidence = Evidence(
        beyond=beyond,
        log_correlation=log_corr,
        log_rms=log_rms,
        decades=by_decade(reference, candidate, allowance),
        block=worst_block(reference, candidate, allowance, size),
        row=row,
        column=column,
    )
    if not beyond:
        return (), evidence
    slope = trend(reference, candidate, allowance, size)
    peaks = compare_peaks(reference, candidate, allowance, noise)
    evidence = replace(
        evidence,
        peaks=peaks,
        motion=fit_motion(reference, candidate, allowance),
        orientation=orientation(reference, candidate)[0],
        trend=slope[0],
    )
    found = (
        *_whole(evidence, slope, noise),
        *_values(reference, candidate, allowance),
        *_lines(row, column),
        *_peaks(peaks),
        *_regions(evidence),
        *_pixels(reference, candidate, allowance),
    )
    return found, evidence


def _whole(evidence: Evidence, slope: tuple[float, float, str], noise: Noise) -> Iterator[Finding]:
    """One change of the whole image."""
    if evidence.orientation:
        yield Finding("orientation", f"the image is {evidence.orientation}", 1.0)
    motion = evidence.motion
    if motion.explained > 0.5:
        share = f"(explains {100 * motion.explained:.1f} % of the difference)"
        dy, dx = motion.shift
        if "shift" in motion.needs and max(abs(dy), abs(dx)) > 0.004:
            text = f"the pattern is shifted by {dy:+.3f} pixels along slow and {dx:+.3f} along fast {share}"
            yield Finding("shift", text, float(np.hypot(dy, dx)))
        if "scale" in motion.needs and abs(motion.scale - 1) > 0.7 * noise.relative:
            yield Finding("scale", f"everything is scaled by {motion.scale:.6g} {share}", motion.scale)
        if "offset" in motion.needs and motion.offset != 0:
            yield Finding("offset", f"a constant {motion.offset:+.4g} is added everywhere {share}", motion.offset)
    span, explained, direction = slope
    if span > 1e-3 and explained > 0.7:
        text = f"the ratio of the images varies smoothly by {100 * span:.2g} % {direction}"
        yield Finding("trend", text, span)


def _values(reference: Array, candidate: Array, allowance: Array) -> Iterator[Finding]:
    """Values that a sound image of this kind would not have."""
    below = candidate < -allowance
    negative = int(below.sum())
    if negative and reference.min() >= 0:
        text = counted(negative, "pixel is negative", "pixels are negative")
        yield Finding("negative", f"{text}, none of the reference's is: {first_of(below)}", negative)
    gone = (candidate == 0) & (np.abs(reference) > ALONE * allowance)
    zero = int(gone.sum())
    if zero:
        one, several = "is exactly zero where the reference's is not", "are exactly zero where the reference's are not"
        text = counted(zero, f"pixel {one}", f"pixels {several}")
        yield Finding("zeroed", f"{text}: {first_of(gone)}", zero)
    top = candidate.max()
    at_top = int((candidate == top).sum())
    cut = top < reference.max() and at_top > 2 and int((reference >= top).sum()) >= at_top
    if cut and at_top > 2 * _repeated(candidate):
        yield Finding("clipped", f"{at_top} pixels are cut off at {top:g}", float(top))
    if is_whole(candidate) and not is_whole(reference):
        yield Finding("rounded", "all values are whole numbers, the reference's are not", 1.0)
    elif _is_half(candidate) and not _is_half(reference):
        yield Finding("half", "all values are half precision (11 bits), the reference's are not", 11.0)


def _repeated(image: Array) -> int:
    """How often every value below the top occurs, or a multiple: each pixel may have been written several times."""
    below = np.unique(image, return_counts=True)[1][:-1]
    return int(np.gcd.reduce(below)) if len(below) > 1 else 1  # a single value is there as often as it is


def _is_half(image: Array) -> bool:
    with np.errstate(over="ignore", under="ignore"):
        return bool((image == image.astype(np.float16)).all())


def _lines(row: tuple[int, float] | None, column: tuple[int, float] | None) -> Iterator[Finding]:
    """One row or column that differs where its neighbours do not."""
    for name, line in (("row", row), ("column", column)):
        if line:
            at, excess = line
            text = f"{name} {at} differs by {excess:.3g} times what rounding explains, those beside it do not"
            yield Finding(name, text, at)


def _peaks(peaks: PeakReport) -> Iterator[Finding]:
    """Changes of single peaks, and of all of them."""
    of = f"of {counted(peaks.reference, 'peak', 'peaks')}"
    for kind, changes, one, several, amount in (
        ("missing", peaks.missing, f"{of} is missing, of height", f"{of} are missing, the highest", "{:.4g}"),
        ("extra", peaks.extra, "peak is new, of height", "peaks are new, the highest", "{:.4g}"),
        ("moved", peaks.moved, f"{of} moved,", f"{of} moved, most", "by {:.2f} pixels"),
        ("width", peaks.width, f"{of} has another width,", f"{of} have another width, most", "by a factor {:.4g}"),
        (
            "brightness",
            peaks.brightness,
            f"{of} is weaker or stronger,",
            f"{of} are weaker or stronger, most",
            "by a factor {:.4g}",
        ),
    ):
        if changes:
            first: Change = changes[0]
            said = f"{counted(len(changes), one, several)} {amount.format(first.amount)}"
            yield Finding(f"peaks-{kind}", f"{said} at pixel {first.slow} {first.fast} (slow fast)", len(changes))


def _regions(evidence: Evidence) -> Iterator[Finding]:
    """Decades of intensity and blocks of pixels that differ as a whole."""
    bad = [d for d in evidence.decades if d.excess > ENOUGH]
    if bad:
        worst = max(bad, key=lambda d: d.excess)
        pixels = counted(worst.pixels, "pixel", "pixels")
        text = (
            f"intensities from 1e{worst.exponent} to 1e{worst.exponent + 1} ({pixels}) differ "
            f"by {100 * worst.rms:.3g} % rms, their sum by {100 * worst.bias:+.3g} %"
        )
        yield Finding("decade", text, worst.rms)
    if evidence.log_correlation < 0.999 and evidence.log_rms > 0.01:
        value, rms = evidence.log_correlation, evidence.log_rms
        text = f"log intensities correlate only to {value:.6f} (rms {rms:.3g} decades)"
        yield Finding("log-correlation", text, value)
    block = evidence.block
    if block.excess > ENOUGH:
        text = (
            f"the block slow {block.slow[0]}..{block.slow[1] - 1}, fast {block.fast[0]}..{block.fast[1] - 1} "
            f"differs {block.excess:.3g} times what rounding explains, its sum by {100 * block.bias:+.3g} %"
        )
        yield Finding("block", text, block.excess)


def _pixels(reference: Array, candidate: Array, allowance: Array) -> Iterator[Finding]:
    """Single pixels far off."""
    over = np.abs(candidate - reference) - ALONE * allowance
    count = int((over > 0).sum())
    if count:
        y, x = (int(i) for i in np.unravel_index(int(np.argmax(over)), over.shape))
        ours, theirs = reference[y, x], candidate[y, x]
        text = counted(count, "pixel differs clearly,", "pixels differ clearly, most")
        yield Finding("pixels", f"{text} at {y} {x} (slow fast): {ours:g} became {theirs:g}", count)
