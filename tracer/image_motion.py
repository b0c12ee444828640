"""One simple change of the whole image: scale, constant offset, shift, trend, transposition, flip, rotation.

Small changes are fitted together by least squares, candidate − reference = (scale − 1)·I + offset −
dy·∂I/∂y − dx·∂I/∂x, each pixel weighted by what rounding may do to it. A parameter is reported only if
leaving it out makes the fit worse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from math import nan

import numpy as np

from .image_noise import Array
from .image_stats import TINY, block_edges, block_sums, correlation

BORDER = 3
HUGE = 1e100  # times the reference: squares of what has exploded that far would overflow
FLAT = 1e-7  # of an image's square: a variance that rounding may make (3e-4 of each pixel) of a constant image
COLUMNS = {"scale": (0,), "offset": (1,), "shift": (2, 3)}
SUBSETS = tuple(names for n in range(4) for names in combinations(COLUMNS, n))


@dataclass(frozen=True, slots=True)
class Motion:
    """The fitted change. `explained` is the share of the weighted squared residual that it removes (0 to 1).

    With a scale or an offset it is the share of the candidate's own weighted variance where that is less.

    `scale` is a factor, `offset` in units of the image, `shift` = (slow, fast) in pixels: the candidate's
    pattern lies that much further along each axis. `needs` names the parameters that matter.
    """

    scale: float = 1.0
    offset: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    explained: float = 0.0
    needs: frozenset[str] = frozenset()


def fit_motion(reference: Array, candidate: Array, allowance: Array) -> Motion:
    """The best common change of all pixels; the whole-pixel part of a shift is found first."""
    unit = float(np.abs(reference).max()) or 1.0  # squares of SI units would overflow
    if float(np.abs(candidate).max()) / unit > HUGE:
        return Motion()
    found = _best(reference / unit, candidate / unit, allowance / unit)
    return replace(found, offset=found.offset * unit)


def _best(reference: Array, candidate: Array, allowance: Array) -> Motion:
    dy, dx = coarse_shift(reference, candidate)
    still = _fit(reference, candidate, allowance, (0, 0))
    if (dy, dx) == (0, 0):
        return still
    moved = _fit(reference, candidate, allowance, (dy, dx))
    return moved if moved.explained > max(0.5, still.explained) else still


def _fit(reference: Array, candidate: Array, allowance: Array, lag: tuple[int, int]) -> Motion:
    r, c, weight, before = _overlap(reference, candidate, allowance, lag)
    power = -int(np.frexp(weight.max(initial=0.0))[1])  # only the ratios of weights count, and their squares overflow
    weight, before = np.ldexp(weight, power), np.ldexp(before, power)
    gy, gx = (_derivative(r, 0) + _derivative(c, 0)) / 2, (_derivative(r, 1) + _derivative(c, 1)) / 2
    inner = (slice(BORDER, -BORDER), slice(BORDER, -BORDER))
    w = weight[inner].ravel()
    columns = np.stack([(x[inner].ravel() * w) for x in (r, np.ones_like(r), -gy, -gx)])
    residual = (c - r)[inner].ravel() * w
    total = float(before[inner].ravel() @ before[inner].ravel())
    if total == 0:  # no difference, or no pixel within the border
        return Motion()
    gram, side = columns @ columns.T, columns @ residual
    square = float(residual @ residual)
    needs, keep = _simplest(gram, side, square, total, lag)
    own = c[inner].ravel() * w
    scaled = "scale" in needs
    target = own if scaled else residual  # 1e-20 of an image is lost in the difference to it
    solution = _remaining(gram, columns @ target, 0.0, keep)[1]
    left = float(((target - np.array(solution) @ columns) ** 2).sum())
    if needs - {"shift"}:  # a factor near zero removes nearly all of the difference to any small candidate
        square = float(own @ own)
        total = min(total, max(TINY, FLAT * square + _remaining(gram, columns @ own, square, (1,))[0]))
    return Motion(
        scale=solution[0] if scaled else 1.0,
        offset=solution[1],
        shift=(lag[0] + solution[2], lag[1] + solution[3]),
        explained=max(0.0, 1 - left / total),
        needs=needs,
    )


def _simplest(
    gram: Array, side: Array, square: float, total: float, lag: tuple[int, int]
) -> tuple[frozenset[str], tuple[int, ...]]:
    """The parameters worth having: each must remove another 2 % of the residual. Their names and columns."""
    allowed = [names for names in SUBSETS if lag == (0, 0) or "shift" in names]
    columns = [tuple(i for name in names for i in COLUMNS[name]) for names in allowed]
    costs = [_remaining(gram, side, square, keep)[0] / total + 0.02 * len(keep) for keep in columns]
    best = int(np.argmin(costs))
    return frozenset(allowed[best]), columns[best]


def _remaining(gram: Array, side: Array, square: float, keep: tuple[int, ...]) -> tuple[float, list[float]]:
    """Squared residual after a fit with the kept columns, and all four coefficients (0 where left out)."""
    answer = [0.0] * len(side)
    if not keep:
        return square, answer
    index = np.array(keep)
    scale = np.sqrt(np.maximum(np.diag(gram)[index], np.finfo(np.float64).tiny))
    part = gram[np.ix_(index, index)] / np.outer(scale, scale)
    found = np.linalg.lstsq(part, side[index] / scale, rcond=1e-9)[0] / scale
    for i, value in zip(keep, found, strict=True):
        answer[i] = float(value)
    return max(0.0, square - float(found @ side[index])), answer


def _overlap(
    reference: Array, candidate: Array, allowance: Array, lag: tuple[int, int]
) -> tuple[Array, Array, Array, Array]:
    """Both images where they overlap after `lag`, the weights, and the weighted difference before it."""
    rows, columns = reference.shape
    dy, dx = lag
    ours = (slice(max(0, -dy), rows - max(0, dy)), slice(max(0, -dx), columns - max(0, dx)))
    theirs = (slice(max(0, dy), rows - max(0, -dy)), slice(max(0, dx), columns - max(0, -dx)))
    weight = np.divide(1.0, np.maximum(allowance, TINY), out=np.zeros_like(allowance), where=allowance > 0)[ours]
    return reference[ours], candidate[theirs], weight, (candidate[ours] - reference[ours]) * weight


def _derivative(image: Array, axis: int) -> Array:
    """Fourth-order central difference; the border of two pixels is of no use."""
    one = np.roll(image, -1, axis) - np.roll(image, 1, axis)
    two = np.roll(image, -2, axis) - np.roll(image, 2, axis)
    return (8 * one - two) / 12


def coarse_shift(reference: Array, candidate: Array) -> tuple[int, int]:
    """The whole-pixel shift (slow, fast) at which the amplitudes correlate best; (0, 0) unless clearly
    better.

    Zero padded, so that a lattice does not wrap; amplitudes (√I), so that one strong peak does not decide
    alone.
    """
    a, b = _amplitude(reference), _amplitude(candidate)
    shape = tuple(_fast_length(2 * n) for n in a.shape)
    spectrum = np.conj(np.fft.rfft2(a, s=shape)) * np.fft.rfft2(b, s=shape)
    product = np.fft.irfft2(spectrum, s=shape)
    reach = [max(1, min(n // 4, 64)) for n in a.shape]
    window = np.roll(product, reach, axis=(0, 1))[: 2 * reach[0] + 1, : 2 * reach[1] + 1]
    best = np.unravel_index(int(np.argmax(window)), window.shape)
    dy, dx = int(best[0]) - reach[0], int(best[1]) - reach[1]
    at_rest = float(window[reach[0], reach[1]])
    return (dy, dx) if float(window.max()) > at_rest * (1 + 1e-9) else (0, 0)


def _amplitude(image: Array) -> Array:
    root = np.sqrt(np.abs(image))
    return root - root.mean()


def _fast_length(n: int) -> int:
    """The next length with factors 2, 3 and 5 only."""
    while True:
        rest = n
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return n
        n += 1


def orientations(image: Array) -> dict[str, Array]:
    """The seven turns and flips of an image, as views."""
    return {
        "transposed": image.T,
        "flipped along slow": image[::-1],
        "flipped along fast": image[:, ::-1],
        "rotated by 90 degrees": np.rot90(image),
        "rotated by 180 degrees": np.rot90(image, 2),
        "rotated by 270 degrees": np.rot90(image, 3),
        "transposed along the other diagonal": np.rot90(image, 2).T,
    }


def orientation(reference: Array, candidate: Array) -> tuple[str, float]:
    """The turn or flip of the reference that the candidate resembles, with the amplitudes' correlation;
    ("", c) if none.

    It must leave less than half of what the image as it is leaves unexplained.
    """
    ours, theirs = _amplitude(reference), _amplitude(candidate)
    as_is = correlation(ours, theirs)
    best, name = as_is, ""
    for label, turned in orientations(ours).items():
        if turned.shape == theirs.shape:
            value = correlation(turned, theirs)
            if value > best and 1 - value < 0.5 * (1 - as_is) and value > 0.9:
                best, name = value, label
    return name, best


def trend(reference: Array, candidate: Array, allowance: Array, size: int) -> tuple[float, float, str]:
    """How candidate/reference varies smoothly over the image: (span, explained share, direction).

    Ratios of block sums are fitted with 1, x, y and r² (r from the image's centre); `span` is the largest
    difference that the terms beside the constant make.
    """
    slow, fast = block_edges(reference.shape[0], size), block_edges(reference.shape[1], size)
    total = block_sums(reference, slow, fast)
    good = total > 20 * block_sums(allowance, slow, fast)
    if int(good.sum()) < 12:
        return 0.0, 0.0, ""
    ratio = block_sums(candidate, slow, fast)[good] / total[good]
    if float(np.abs(ratio).max()) > HUGE:
        return 0.0, 0.0, ""
    y, x = np.meshgrid(_places(len(slow)), _places(len(fast)), indexing="ij")
    terms = np.stack([y, x, x * x + y * y])[:, good]
    design = np.concatenate([np.ones((1, terms.shape[1])), terms])
    solution = np.linalg.lstsq(design.T, ratio, rcond=None)[0]
    varied = float(((ratio - ratio.mean()) ** 2).sum())
    if varied == 0:
        return 0.0, nan, ""
    explained = 1 - float(((ratio - solution @ design) ** 2).sum()) / varied
    smooth = solution[1:] @ terms
    direction = ("along slow", "along fast", "with the distance from the centre")[
        int(np.argmax([np.ptp(a * t) for a, t in zip(solution[1:], terms, strict=True)]))
    ]
    return float(np.ptp(smooth)), explained, direction


def _places(count: int) -> Array:
    """The centres of so many blocks side by side, on an axis that reaches from −1 to 1."""
    return (np.arange(count) + 0.5) / count * 2 - 1
