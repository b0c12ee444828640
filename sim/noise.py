"""Photon counting noise: the program's own Poisson and normal deviates, float32 step by step (section 6.8)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any, NamedTuple

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


@lru_cache(1 << 16)
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


_DEPTH = 24
"""Factors of the products that are made ahead; more are multiplied one by one."""


class _Products(list[list[float]]):
    """Item n: the float32 products of n + 1 deviates from each place on, in their order, made when asked for."""

    def __init__(self, deviates: list[float]) -> None:
        self.deviates = np.array(deviates, np.float32)
        self.newest = self.deviates[: len(deviates) - _DEPTH + 1]
        super().__init__([self.newest.tolist()])

    def __getitem__(self, depth: Any) -> Any:
        while depth >= len(self):
            self.newest = self.newest * self.deviates[len(self) :][: self.newest.size]
            self.append(self.newest.tolist())
        return super().__getitem__(depth)


@dataclass(slots=True)
class Deviates:
    """Uniform deviates of one stream, drawn in blocks, and what is made of them.

    Conditions are put so that every loop ends, also where a number overflows.
    """

    stream: Stream
    block: int = 1 << 14
    _ready: list[float] = field(default_factory=list[float])
    _place: int = 0
    _saved: np.float32 | None = None
    _tables: _Products | None = None

    def _refill(self) -> None:
        """Draw a block behind what is left of the one before; products belong to a block."""
        self._ready = self._ready[self._place :] + self.stream.draws(self.block).tolist()
        self._place, self._tables = 0, None

    def uniform(self) -> float:
        """The next deviate in (0, 1), a float32 value."""
        if self._place >= len(self._ready):
            self._refill()
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
        return _f(self._more(float(_f(_exp(-float(mean)))), 1.0, -1))

    def _more(self, limit: float, product: float, count: int) -> int:
        """Multiply by deviates, each time rounded, until the product is not above `limit`."""
        while True:
            count += 1
            product = float(_f(product * self.uniform()))
            if not product > limit:
                return count

    def by_products(self, limits: list[float]) -> list[int]:
        """What `poisson` gives for as many means below 12, told by exp(−mean) as float32 values.

        A count is how many deviates from here on can be multiplied before the product is not above the limit;
        the products from every place of the block are made at once.
        """
        counts: list[int] = []
        while len(counts) < len(limits):
            if self._place + _DEPTH > len(self._ready):
                self._refill()
            self._tables = self._tables or _Products(self._ready)
            counts += self._within_block(self._tables, islice(limits, len(counts), None))
        return counts

    def _within_block(self, tables: _Products, limits: Iterable[float]) -> Iterator[int]:
        """Counts as long as the block of `tables` lasts."""
        last, first = len(self._ready) - _DEPTH, tables[0]
        for limit in limits:
            place, count = self._place, 0
            if first[place] > limit:
                count = 1
                while count < _DEPTH and tables[count][place] > limit:
                    count += 1
            if count < _DEPTH:
                self._place = place + count + 1
            else:
                self._place = place + _DEPTH
                count = self._more(limit, tables[_DEPTH - 1][place], _DEPTH - 1)
            yield count
            if self._place > last or self._tables is not tables:
                return

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


def _limits(means: np.ndarray) -> list[float]:
    """exp(−mean) as the C library's exponential gives it, rounded to float32.

    numpy's exponential may differ in the last places; where that could change the rounding, the library is asked.
    """
    with np.errstate(over="ignore"):
        near = np.exp(-means.astype(np.float64))
        low, high = ((near * (1.0 + error)).astype(np.float32) for error in (-_EXP_ERROR, _EXP_ERROR))
    for place in np.flatnonzero((low != high) | ~np.isfinite(near)):
        low[place] = _f(_exp(-float(means[place])))
    return low.tolist()


_EXP_ERROR = 2.0**-48


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
    made = np.zeros(part.size, dtype=np.uint16)
    photons, overloads = 0.0, 0
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, part.size, _AT_ONCE):
            drawn = _drawn(deviates, part.ravel()[start : start + _AT_ONCE])
            shifted = drawn + adc
            overloads += int((shifted > 65535.0).sum())
            whole = np.nan_to_num(np.minimum(shifted, 65535.0)).astype(np.int64)
            made[start : start + _AT_ONCE] = (whole & 0xFFFF).astype(np.uint16)
            drawn[0] += photons
            photons = float(np.cumsum(drawn)[-1])
    counts[region] = made.reshape(part.shape)
    return Noisy(counts, photons, overloads)


_AT_ONCE = 1 << 16
"""Pixels at a time."""


def _drawn(deviates: Deviates, means: np.ndarray) -> np.ndarray:
    """One deviate per mean, in order; neighbours with small means are drawn together."""
    drawn = np.empty(means.size, dtype=np.float64)
    small = means < 12
    limits = _limits(np.where(small, means, 0.0))
    turns = np.flatnonzero(np.diff(small)) + 1
    for start, stop in pairwise([0, *turns.tolist(), means.size]):
        if small[start]:
            drawn[start:stop] = deviates.by_products(limits[start:stop])
        else:
            drawn[start:stop] = [deviates.poisson(mean) for mean in means[start:stop]]
    return drawn
