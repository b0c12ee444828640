"""Photon counting noise: the program's own Poisson and normal deviates, float32 step by step (section 6.8)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .prng import Stream

_LANCZOS = (
    76.18009172947146,
    -86.50532032941677,
    24.01409824083091,
    -1.231739572450155,
    1.208650973866179e-3,
    -5.395239384953e-6,
)
_f = np.float32


def ln_gamma(z: np.float32) -> np.float32:
    """Logarithm of Γ by the six-term Lanczos series, in double between float32 ends."""
    x = float(z)
    w = x + 5.5
    w -= (x + 0.5) * math.log(w)
    s = 1.000000000190015
    for n, c in enumerate(_LANCZOS, 1):
        s += c / (x + n)
    return _f(-w + math.log(2.5066282746310005 * s / x))


def _exp(x: float) -> float:
    """The exponential, infinite where it overflows."""
    return math.exp(x) if x < 709.0 else math.inf


@dataclass(slots=True)
class Deviates:
    """Uniform deviates of one stream, drawn in blocks, and what is made of them.

    Conditions are put so that every loop ends, also where a number overflows.
    """

    stream: Stream
    block: int = 4096
    _ready: list[np.float32] = field(default_factory=list[np.float32])
    _place: int = 0
    _saved: np.float32 | None = None

    def uniform(self) -> np.float32:
        """The next deviate in (0, 1)."""
        if self._place >= len(self._ready):
            self._ready, self._place = list(self.stream.draws(self.block)), 0
        self._place += 1
        return self._ready[self._place - 1]

    def normal(self) -> np.float32:
        """Polar Box-Muller; the second value of a pair is kept for the next call."""
        if self._saved is not None:
            value, self._saved = self._saved, None
            return value
        while True:
            v1 = _f(2.0 * float(self.uniform()) - 1.0)
            v2 = _f(2.0 * float(self.uniform()) - 1.0)
            r = v1 * v1 + v2 * v2
            if 0 < r < 1:
                break
        factor = _f(math.sqrt(-2.0 * math.log(r) / float(r)))
        self._saved = v1 * factor
        return v2 * factor

    def poisson(self, mean: np.float32) -> np.float32:
        """A count with the given mean: by products below 12, by rejection up to 1e6, then normal; 0 for a NaN."""
        if np.isnan(mean):
            return _f(0.0)
        if mean > 1e6:
            return _f(float(mean) + math.sqrt(float(mean)) * float(self.normal()))
        return self._products(mean) if mean < 12 else self._rejection(mean)

    def _products(self, mean: np.float32) -> np.float32:
        limit, product, count = _f(_exp(-float(mean))), _f(1.0), -1
        while True:
            count += 1
            product = product * self.uniform()
            if not product > limit:
                return _f(count)

    def _rejection(self, mean: np.float32) -> np.float32:
        q, a = _f(math.sqrt(2.0 * float(mean))), _f(math.log(float(mean)))
        b = mean * a - ln_gamma(mean + _f(1))
        while True:
            while True:
                y = _f(math.tan(math.pi * float(self.uniform())))
                m = q * y + mean
                if not m < 0:
                    break
            m = np.floor(m)
            power = m * a - ln_gamma(m + _f(1)) - b
            t = _f(0.9 * (1.0 + float(y * y)) * _exp(float(power)))
            if not self.uniform() > t:
                return m


class Noisy(NamedTuple):
    """Counts (slow, fast) as uint16, the total of the deviates before the offset, and the overloads."""

    counts: np.ndarray
    photons: float
    overloads: int


def add_noise(image: np.ndarray, region: tuple[slice, slice], adc: float, stream: Stream) -> Noisy:
    """A noise image of the float32 `image`: one deviate per pixel of `region` in row order, plus `adc`.

    What exceeds 65535 is cut there and counted; outside the region the image stays 0.
    """
    deviates = Deviates(stream)
    counts = np.zeros(image.shape, dtype=np.uint16)
    part = image[region]
    drawn = np.empty(part.size, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        for place, mean in enumerate(part.ravel()):
            drawn[place] = deviates.poisson(mean)
    photons = float(np.cumsum(drawn)[-1]) if drawn.size else 0.0
    shifted = drawn + adc
    overloads = int((shifted > 65535.0).sum())
    whole = np.nan_to_num(np.minimum(shifted, 65535.0)).astype(np.int64)
    counts[region] = (whole & 0xFFFF).astype(np.uint16).reshape(part.shape)
    return Noisy(counts, photons, overloads)
