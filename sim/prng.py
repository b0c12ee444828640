"""The program's random numbers: Park-Miller with a shared Bays-Durham shuffle, and what is drawn from it.

Three streams (misset, mosaic, noise) have an integer each but share one shuffle table, so a stream that
does not re-initialise goes on with the table of the one before it (specification, section 4.6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from torch import Tensor

from .quirks import Quirks
from .vec import Vec, cos, scalar, sin

_MODULUS = 2147483647
_MULTIPLIER = 16807
_SLOTS = 32
_TOP = 1.0 - 1.2e-7


@dataclass(slots=True)
class Shuffle:
    """The table and the last output, shared by all streams of one run."""

    table: list[int] = field(default_factory=lambda: [0] * _SLOTS)
    last: int = 0


@dataclass(slots=True)
class Stream:
    """One sequence of deviates; `z` starts as minus the seed of the command line."""

    shuffle: Shuffle
    z: int

    def draw(self) -> float:
        """The next deviate in (0, 1), a float32 value."""
        if self.z <= 0 or self.shuffle.last == 0:
            self._start()
        self.z = self.z * _MULTIPLIER % _MODULUS
        slot = self.shuffle.last // 67108864
        self.shuffle.last = self.shuffle.table[slot]
        self.shuffle.table[slot] = self.z
        return float(_deviates(np.array([self.shuffle.last]))[0])

    def draws(self, count: int) -> np.ndarray:
        """The next `count` deviates as float32, the same as so many calls of `draw`."""
        if count <= 0:
            return np.zeros(0, np.float32)
        if self.z <= 0 or self.shuffle.last == 0:
            self._start()
        sequence = _sequence(self.z, count)
        self.z = int(sequence[-1])
        table, last = self.shuffle.table, self.shuffle.last
        out = [0] * count
        for place, z in enumerate(sequence.tolist()):
            slot = last >> 26
            last = out[place] = table[slot]
            table[slot] = z
        self.shuffle.last = last
        return _deviates(np.array(out))

    def _start(self) -> None:
        """Fill the table; a z above 0 on the first use of the program becomes 1."""
        self.z = max(1, -self.z)
        for slot in range(39, -1, -1):
            self.z = self.z * _MULTIPLIER % _MODULUS
            if slot < _SLOTS:
                self.shuffle.table[slot] = self.z
        self.shuffle.last = self.shuffle.table[0]


def _deviates(integers: np.ndarray) -> np.ndarray:
    """Integers of the generator as float32 in (0, 1), kept away from 1."""
    u = (integers * (1.0 / _MODULUS)).astype(np.float32)
    return np.where(u.astype(np.float64) > _TOP, np.float32(_TOP), u)


def _sequence(z: int, count: int, block: int = 4096) -> np.ndarray:
    """The next `count` states after `z`: one block by recurrence, the others by jumping a block ahead."""
    powers = np.empty(min(block, count), np.uint64)
    power = 1
    for place in range(powers.size):
        power = power * _MULTIPLIER % _MODULUS
        powers[place] = power
    blocks: list[np.ndarray] = []
    for _ in range(0, count, powers.size):
        blocks.append(powers * np.uint64(z) % np.uint64(_MODULUS))
        z = int(blocks[-1][-1])
    return np.concatenate(blocks)[:count].astype(np.int64)


class Rotation(NamedTuple):
    """A rotation matrix by its rows."""

    x: Vec
    y: Vec
    z: Vec

    def apply(self, v: Vec) -> Vec:
        """Matrix times column vector, each row summed from the left."""
        return Vec(*((r.x * v.x + r.y * v.y) + r.z * v.z for r in self))


def random_rotation(stream: Stream, spread: Tensor, quirks: Quirks) -> Rotation:
    """Three draws to a rotation by at most `spread` (radians) about a random axis.

    The angle is spread × (1 − r₃²)^(1/3), in the real program with float32 roundings; its gradient by
    `spread` is kept. The distribution is neither Gaussian nor, for a large spread, uniform.
    """
    r1, r2, r3 = (2.0 * stream.draw() - 1.0 for _ in range(3))
    rho = math.sqrt(1.0 - r2 * r2)
    axis = (rho * math.sin(math.pi * r1), rho * math.cos(math.pi * r1), r2)
    if quirks.mosaic_float32:
        power = float(np.float32(float(np.float32(1.0 - r3 * r3)) ** float(np.float32(1.0 / 3.0))))
        angle = (spread.float() * power).double()
    else:
        angle = spread * (1.0 - r3 * r3) ** (1.0 / 3.0)
    return about(axis, angle)


def about(axis: tuple[float, float, float], angle: Tensor) -> Rotation:
    """The rotation by `angle` about a unit `axis`: cosθ I + (1 − cosθ) v vᵀ + sinθ [v]ₓ."""
    c, s = cos(angle), sin(angle)
    d = 1.0 - c
    x, y, z = axis
    xy, xz, yz = d * x * y, d * x * z, d * y * z
    return Rotation(
        Vec(c + d * x * x, xy - s * z, xz + s * y),
        Vec(xy + s * z, c + d * y * y, yz - s * x),
        Vec(xz - s * y, yz + s * x, c + d * z * z),
    )


def uniform_rotation(stream: Stream) -> Rotation:
    """Three draws to a rotation that is uniform over all of them (Shoemake's unit quaternion)."""
    u1, u2, u3 = (stream.draw() for _ in range(3))
    a, b = math.sqrt(1.0 - u1), math.sqrt(u1)
    x, y = a * math.sin(2 * math.pi * u2), a * math.cos(2 * math.pi * u2)
    z, w = b * math.sin(2 * math.pi * u3), b * math.cos(2 * math.pi * u3)
    sine = math.sqrt(x * x + y * y + z * z)
    axis = (x / sine, y / sine, z / sine) if sine > 0 else (0.0, 0.0, 1.0)
    return about(axis, scalar(2.0 * math.atan2(sine, w)))


def angles_of(rotation: Rotation) -> tuple[float, float, float]:
    """The angles (radians) about x, y, z that give `rotation` through `rotate_xyz`."""
    rows = [[float(part) for part in row] for row in rotation]
    for row in rows:
        length = math.sqrt((row[0] ** 2 + row[1] ** 2) + row[2] ** 2)
        row[:] = [part / length for part in row]
    (xx, xy, _), (yx, yy, _), (zx, zy, zz) = rows
    if zx * zx < 1.0:
        roty = math.atan2(-zx, math.sqrt(zy * zy + zz * zz))
        return math.atan2(zy, zz), roty, math.atan2(yx, xx)
    return math.pi, math.pi / 2, math.atan2(xy, -yy)
