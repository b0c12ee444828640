"""Images that are drawn by a seed, what may go wrong with them at a stated size, and pairs that only rounding parts.

"Peaks": 512 x 512 pixels, background 5, 200 Gaussian peaks of 1.5 pixels, amplitudes 10 to 1e6. "Lattice": the
interference pattern of a small crystal, seven decades between a peak and the zeros beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mutation = Callable[[int], Array]
SIZE = 512
GRID = (np.arange(SIZE) - SIZE / 2) / (SIZE / 2)


def draw_peaks(
    seed: int = 0,
    keep: slice = slice(None),
    move: float = 0.0,
    moved: slice = slice(0, 0),
    widen: float = 1.0,
    widened: slice = slice(0, 0),
    boost: float = 1.0,
    boosted: slice = slice(0, 0),
    shift: tuple[float, float] = (0.0, 0.0),
    turn: float = 0.0,
    zoom: float = 1.0,
    background: float = 5.0,
    size: int = SIZE,
    count: int = 200,
) -> Array:
    """The bench image of a seed; the slices pick peaks from the weakest (0) to the strongest (199)."""
    rng = np.random.default_rng(seed)
    amplitude = np.sort(10 ** rng.uniform(1, 6, count))
    place = rng.uniform(10, size - 10, (count, 2)) if size > 20 else rng.uniform(0, size, (count, 2))
    sigma = np.full(count, 1.5)
    place[moved, 1] += move
    sigma[widened] *= widen
    amplitude[boosted] *= boost
    centre = place - size / 2
    c, s = np.cos(turn), np.sin(turn)
    place = (zoom * centre) @ np.array([[c, -s], [s, c]]) + size / 2 + shift
    image = np.full((size, size), background)
    grid = np.arange(size)
    for (y, x), a, w in zip(place[keep], amplitude[keep], sigma[keep], strict=True):
        dy, dx = np.exp(-((grid - y) ** 2) / (2 * w * w)), np.exp(-((grid - x) ** 2) / (2 * w * w))
        image += a * dy[:, None] * dx[None, :]
    return image


def draw_lattice(
    dtype: type = np.float64, detune: float = 1.0, distance: float = 0.1, seed: int = 3, size: int = 256
) -> Array:
    """|F_latt|² of a 70 x 80 x 90 Å crystal of 5 x 7 x 6 cells at 1.5 Å on pixels of 0.1 mm, in `dtype`."""
    t = dtype
    pixel = t(1e-4)
    y, x = np.meshgrid(*[(np.arange(size, dtype=t) - t(size / 2 - 0.31)) * pixel] * 2, indexing="ij")
    z = t(distance)
    r = np.sqrt(x * x + y * y + z * z)
    q = [(v / r - t(d)) / t(1.5) for v, d in ((z, 1), (y, 0), (x, 0))]
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    image = np.ones((size, size), dtype=t)
    for axis, (length, cells) in enumerate(((70 * detune, 5), (80, 7), (90, 6))):
        h = sum(t(length * rotation[axis, k]) * q[k] for k in range(3))
        h = h - np.rint(h)  # as a sound float32 simulator does: sin(pi h) keeps its digits near the peak
        down = np.sin(t(np.pi) * h)
        image = image * np.where(down == 0, t(cells), np.sin(t(np.pi) * h * t(cells)) / np.where(down == 0, t(1), down))
    return (image * image).astype(np.float64)


@lru_cache(maxsize=4)
def peaks(seed: int = 0) -> Array:
    """The sound image of a seed; not to be written to."""
    image = draw_peaks(seed)
    image.flags.writeable = False
    return image


def drawn(**changes: object) -> Mutation:
    """The image of a seed, drawn anew with changes."""
    return lambda seed: draw_peaks(seed, **changes)  # type: ignore[arg-type]


def made(change: Callable[[Array], Array]) -> Mutation:
    """The image of a seed, changed."""
    return lambda seed: change(peaks(seed))


def put(where: object, value: object) -> Mutation:
    """The image of a seed with some pixels set; a function gives them from the image."""

    def change(image: Array) -> Array:
        out = image.copy()
        out[where] = value(image) if callable(value) else value  # type: ignore[index]
        return out

    return made(change)


def noisy(change: Callable[[Array, np.random.Generator], Array]) -> Mutation:
    """The image of a seed with noise of that seed."""
    return lambda seed: change(peaks(seed), np.random.default_rng(seed + 1))


MUTATIONS: dict[str, tuple[Mutation, str]] = {
    "100 weakest of 200 peaks deleted": (drawn(keep=slice(100, None)), "peaks-missing"),
    "one weak peak deleted": (drawn(keep=slice(1, None)), "peaks-missing"),
    "120 weakest peaks moved by 3 pixels": (drawn(move=3, moved=slice(0, 120)), "peaks-moved"),
    "one weak peak moved by 1 pixel": (drawn(move=1, moved=slice(3, 4)), "peaks-moved"),
    "weak half of the peaks moved by 0.3 pixels": (drawn(move=0.3, moved=slice(0, 100)), "peaks-moved"),
    "all below 1e3 replaced by their mean": (made(lambda p: np.where(p < 1e3, p[p < 1e3].mean(), p)), "decade"),
    "background removed": (made(lambda p: p - 5), "offset"),
    "background doubled": (made(lambda p: p + 5), "offset"),
    "constant 0.1 added": (made(lambda p: p + 0.1), "offset"),
    "scaled by 1.004": (made(lambda p: p * 1.004), "scale"),
    "scaled by 0.999": (made(lambda p: p * 0.999), "scale"),
    "shifted by 0.05 pixels": (drawn(shift=(0, 0.05)), "shift"),
    "shifted by 0.02 pixels": (drawn(shift=(0.02, 0)), "shift"),
    "shifted by 1 pixel": (made(lambda p: np.roll(p, 1, 0)), "shift"),
    "shifted by 12.3 pixels": (drawn(shift=(12.3, -5)), "shift"),
    "weak half of the peaks 10 % wider": (drawn(widen=1.1, widened=slice(0, 100)), "peaks-width"),
    "all peaks 5 % wider": (drawn(widen=1.05, widened=slice(None)), "peaks-width"),
    "weak half of the peaks doubled": (drawn(boost=2, boosted=slice(0, 100)), "peaks-brightness"),
    "weak half of the peaks 5 % brighter": (drawn(boost=1.05, boosted=slice(0, 100)), "peaks-brightness"),
    "background tilted by 5 %": (made(lambda p: p + 0.25 * GRID[:, None]), "block"),
    "falls off by 2 % towards the corner": (
        made(lambda p: p * (1 - 0.01 * (GRID[:, None] ** 2 + GRID[None, :] ** 2))),
        "trend",
    ),
    "one row zero": (put(np.s_[77], 0), "zeroed"),
    "one column a copy of its neighbour": (put(np.s_[:, 40], lambda p: p[:, 39]), "column"),
    "two rows exchanged": (put(np.s_[[90, 91]], lambda p: p[[91, 90]]), "row"),
    "block of 16 x 16 pixels zero": (put(np.s_[64:80, 64:80], 0), "zeroed"),
    "one dead pixel": (put(np.s_[300, 300], 0), "zeroed"),
    "one hot pixel": (put(np.s_[300, 300], 1e4), "peaks-extra"),
    "rounded to whole numbers": (made(np.rint), "rounded"),
    "half precision": (made(lambda p: np.minimum(p, 6e4).astype(np.float16).astype(np.float64)), "half"),
    "cut off at 3e5": (made(lambda p: np.minimum(p, 3e5)), "clipped"),
    "counting noise": (noisy(lambda p, rng: rng.poisson(p).astype(np.float64)), "decade"),
    "2 % noise": (noisy(lambda p, rng: p * (1 + 0.02 * rng.normal(size=p.shape))), "decade"),
    "transposed": (made(lambda p: p.T.copy()), "orientation"),
    "flipped along slow": (made(lambda p: p[::-1].copy()), "orientation"),
    "flipped along fast": (made(lambda p: p[:, ::-1].copy()), "orientation"),
    "rotated by 90 degrees": (made(lambda p: np.rot90(p).copy()), "orientation"),
    "rotated by 180 degrees": (made(lambda p: np.rot90(p, 2).copy()), "orientation"),
    "turned by 0.05 degrees": (drawn(turn=np.radians(0.05)), "peaks-moved"),
    "magnified by 1.001": (drawn(zoom=1.001), "peaks-moved"),
    "weak pixels negative": (made(lambda p: np.where(p < 5.5, -p, p)), "negative"),
    "ghost of 1e-4 seven pixels away": (made(lambda p: p + 1e-4 * np.roll(p, 7, 1)), "block"),
    "power 0.9995": (made(lambda p: p**0.9995), "decade"),
    "one quadrant 1 % brighter": (made(lambda p: p * np.where((GRID[:, None] > 0) & (GRID > 0), 1.01, 1)), "block"),
    "log compressed and back in 8 bits": (
        made(lambda p: 10 ** (np.rint(np.log10(p) / 6 * 255) / 255 * 6)),
        "decade",
    ),
}


# ---- sound pairs -----------------------------------------------------------------------------------------------

SCENES = ("peaks", "lattice", "flat", "noisy", "dark")


def scene(kind: str, seed: int, size: int) -> Array:
    """A sound image: peaks, a lattice, a gentle slope, noise over many decades, or mostly nothing."""
    rng = np.random.default_rng(seed)
    if kind == "peaks":
        return draw_peaks(seed, size=size, count=max(3, size * size // 1300))
    if kind == "lattice":
        return draw_lattice(seed=seed, size=size)
    if kind == "flat":
        y, x = np.meshgrid(*[np.linspace(-1, 1, size)] * 2, indexing="ij")
        return 5 * (1 + 0.1 * (rng.uniform(-1, 1) * x + rng.uniform(-1, 1) * y + 0.2 * rng.random()))
    image = rng.uniform(0, 10, (size, size)) ** rng.integers(1, 9)
    if kind == "dark":
        image[rng.random(image.shape) < 0.9] = 0
    return image


def roundings(image: Array, seed: int) -> Iterator[tuple[str, Array, Array]]:
    """The image twice, as two sound programs would write it."""
    rng = np.random.default_rng(seed)
    unit = 10.0 ** rng.uniform(-25, 25)
    whole, single = image * unit, (image * unit).astype(np.float32)
    yield "float32 beside float64", whole, single.astype(np.float64)
    ulp = rng.integers(-4, 5, image.shape) * np.spacing(np.abs(single))
    yield "up to 4 units in the last place of float32", single.astype(np.float64), (single + ulp).astype(np.float64)
    yield "a factor that rounds", whole, whole * (1 + 1e-7 * rng.uniform(-1, 1))
    parts = (image[None] * rng.dirichlet(np.ones(20))[:, None, None]).astype(np.float32)
    forth, back = np.zeros_like(parts[0]), np.zeros_like(parts[0])
    for part in parts:
        forth += part
    for part in parts[::-1]:
        back += part
    yield "twenty domains summed in float32, forth and back", forth.astype(np.float64), back.astype(np.float64)


def without_content(seed: int, size: int) -> Iterator[tuple[str, Array, Array]]:
    """Pairs of which at least one image says nothing, or is not all numbers."""
    rng = np.random.default_rng(seed)
    sound = scene("noisy", seed, size)
    for value in (0.0, 10.0 ** rng.uniform(-30, 30), -1.0, np.nan, np.inf):
        flat = np.full_like(sound, value)
        yield f"{value:.0e} everywhere", sound, flat
        yield f"{value:.0e} everywhere", flat, sound
        yield f"{value:.0e} everywhere on both sides", flat, flat
    for value in (np.nan, np.inf, -np.inf):
        hurt = sound.copy()
        hurt[rng.integers(size), rng.integers(size)] = value
        yield f"one {value}", sound, hurt
        yield f"one {value}", hurt, sound
        yield f"one {value} on both sides", hurt, hurt
    yield "no pixel", sound[:0], sound[:0]
