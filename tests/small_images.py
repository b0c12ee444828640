"""Small images for the tests of what decides."""

from __future__ import annotations

import numpy as np
from firstbad.tracer.image_noise import Array

GRID = np.arange(40.0)


def around(image: Array, y: int, x: int, radius: int) -> Array:
    return image[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]


def noise_image(seed: int, shape: tuple[int, int] = (13, 11), decades: float = 4.0) -> Array:
    return 10 ** np.random.default_rng(seed).uniform(-decades / 2, decades / 2, shape)
