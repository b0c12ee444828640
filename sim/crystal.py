"""The crystal: cell or matrix to vectors, misset, size (specification, sections 4.1 to 4.4 and 4.7)."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..tracer.errors import FirstbadError
from .formats import read_matrix
from .inputs import Inputs, plain
from .limits import MOST_SUBPIXELS, hold_cells
from .prng import Shuffle, Stream, angles_of, random_rotation, uniform_rotation
from .quirks import Quirks
from .taps import tap_vec
from .vec import RTD, Vec, cos, cross, dot, norm, root, rotate_about, rotate_xyz, scalar, sin

Triple = tuple[Vec, Vec, Vec]
Lengths = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Lattice:
    """The crystal's vectors at every stage, in the order the program makes them.

    `star_in` a*, b*, c* from cell or matrix (Å⁻¹) with the lengths `star_lengths`; `star_turned` after the
    misset of `misset` (radians, None without); `crosses` a*×b*, b*×c*, c*×a* as computed and `crosses_used`
    as rescaled to the cell; `V_star` before and `V_cell`, `V_star_used` after; `real` a, b, c (Å);
    `real_crosses` b×c, c×a, a×b; `star` the final a*, b*, c* (Å⁻¹); `metres` a, b, c (m).
    `raw` and `wavelength` say what came from a matrix file.
    """

    star_in: Triple
    star_lengths: Lengths
    star_turned: Triple
    misset: tuple[Tensor, Tensor, Tensor] | None
    random: bool
    crosses: Triple
    crosses_used: Triple
    V_star: Tensor
    V_cell: Tensor
    V_star_used: Tensor
    real: Triple
    real_crosses: Triple
    star: Triple
    metres: Triple
    raw: Triple | None


def resolve_crystal(inputs: Inputs, quirks: Quirks, shuffle: Shuffle, misset_seed: int) -> Lattice:
    """Vectors of the unrotated crystal; differentiable by cell, misset and wavelength."""
    c = inputs.experiment.crystal
    cell = _cell_numbers(inputs) if c.user_cell or inputs.has("cell") else None
    raw = None
    star, volume = (None, None) if cell is None else from_cell(cell, quirks)
    lengths = None if star is None else star[1]
    vectors = None if star is None else star[0]
    if c.matrix_file is not None:
        numbers = read_matrix(Path(inputs.experiment.folder) / c.matrix_file)
        raw = _columns(numbers)
        factor = 1e-10 / inputs.wavelength
        vectors = (raw[0].scaled(factor), raw[1].scaled(factor), raw[2].scaled(factor))
        lengths = (norm(vectors[0]), norm(vectors[1]), norm(vectors[2]))
    if vectors is None or lengths is None or (raw is None and cell is not None and plain(cell[0]) == 0):
        raise FirstbadError(
            "neither a unit cell nor an orientation matrix was given",
            remedy="Say -cell a b c alpha beta gamma, or -mat FILE.",
            slug="no-cell",
        )
    angles, random = _misset(inputs, quirks, shuffle, misset_seed)
    turned = vectors if angles is None else _each(vectors, lambda v: rotate_xyz(v, angles))
    own = None if cell is None or volume is None else (cell[:3], volume)
    return _regenerate(vectors, lengths, turned, angles, random, own, raw)


def _each(triple: Triple, change: Callable[[Vec], Vec]) -> Triple:
    a, b, c = (change(v) for v in triple)
    return a, b, c


def _columns(numbers: Sequence[float]) -> Triple:
    """a*, b*, c* from the columns of a matrix given by rows."""
    a, b, c = (Vec(*(scalar(numbers[3 * row + column]) for row in range(3))) for column in range(3))
    return a, b, c


def _cell_numbers(inputs: Inputs) -> tuple[Tensor, ...]:
    """Six numbers (Å, radians); what is missing or not positive is a, or 90°."""
    cell = list(inputs.numbers("cell", inputs.experiment.crystal.cell))
    cell[1:3] = [edge if plain(edge) > 0 else cell[0] for edge in cell[1:3]]
    cell[3:] = [angle if plain(angle) > 0 else scalar(90.0) for angle in cell[3:]]
    return (*cell[:3], *(angle / RTD for angle in cell[3:]))


def from_cell(cell: Sequence[Tensor], quirks: Quirks) -> tuple[tuple[Triple, tuple[Tensor, Tensor, Tensor]], Tensor]:
    """a*, b*, c* (Å⁻¹) with their lengths, and the volume V (Å³), from edges (Å) and angles (radians)."""
    a, b, c, alpha, beta, gamma = cell
    m = ((alpha + beta) + gamma) / 2.0
    skew = torch.abs(sin(m) * sin(m - alpha) * sin(m - beta) * sin(m - gamma))
    V = 2.0 * a * b * c * root(skew)
    V = torch.where(V <= 0, sys.float_info.min, V)
    V_star = 1.0 / V
    a_star = torch.abs(b * c * sin(alpha) * V_star)
    b_star = torch.abs(c * a * sin(beta) * V_star)
    c_star = torch.abs(a * b * sin(gamma) * V_star)
    sin_gamma_star = torch.clamp(c * V_star / a_star / b_star, -1.0, 1.0)
    cos_alpha_star, cos_beta_star, cos_gamma_star = _star_cosines(alpha, beta, gamma)
    height = c_star * V / (a * b * c * sin_gamma_star)
    if not quirks.c_star_volume:
        height = c_star * V_star / (a_star * b_star * c_star * sin_gamma_star)
    zero = scalar(0.0)
    tilt = c_star * (cos_alpha_star - cos_beta_star * cos_gamma_star) / sin_gamma_star
    vectors = (
        Vec(a_star, zero, zero),
        Vec(b_star * cos_gamma_star, b_star * sin_gamma_star, zero),
        Vec(c_star * cos_beta_star, tilt, height),
    )
    return (vectors, (a_star, b_star, c_star)), V


def _star_cosines(alpha: Tensor, beta: Tensor, gamma: Tensor) -> tuple[Tensor, ...]:
    """Cosines of the reciprocal angles; one whose square exceeds 1 becomes +1."""

    def star(own: Tensor, one: Tensor, two: Tensor) -> Tensor:
        value = (cos(one) * cos(two) - cos(own)) / (sin(one) * sin(two))
        return torch.where(value * value > 1, 1.0, value)

    return star(alpha, beta, gamma), star(beta, gamma, alpha), star(gamma, alpha, beta)


def _misset(
    inputs: Inputs, quirks: Quirks, shuffle: Shuffle, seed: int
) -> tuple[tuple[Tensor, Tensor, Tensor] | None, bool]:
    """Angles (radians) to turn the crystal by, and whether they were drawn."""
    c = inputs.experiment.crystal
    if inputs.has("misset") or c.misset_deg is not None:
        x, y, z = inputs.numbers("misset", c.misset_deg or (0.0, 0.0, 0.0))
        return (x / RTD, y / RTD, z / RTD), False
    if not c.misset_random:
        return None, False
    stream = Stream(shuffle, -seed)
    drawn = random_rotation(stream, scalar(90.0), quirks) if quirks.misset_in_degrees else uniform_rotation(stream)
    x, y, z = angles_of(drawn)
    return (scalar(x), scalar(y), scalar(z)), True


def _regenerate(
    vectors: Triple,
    lengths: Lengths,
    turned: Triple,
    angles: tuple[Tensor, Tensor, Tensor] | None,
    random: bool,
    own: tuple[Sequence[Tensor], Tensor] | None,
    raw: Triple | None,
) -> Lattice:
    """Real cell from reciprocal vectors and back; `own` are the cell's edges and volume, if it was given."""
    a_star, b_star, c_star = turned
    crosses = (cross(a_star, b_star), cross(b_star, c_star), cross(c_star, a_star))
    V_star = dot(a_star, crosses[1])
    ab, bc, ca = crosses
    V_star_used = V_star
    if own is not None:
        (a, b, c), volume = own
        bc, ca, ab = (_to_length(v, edge / volume) for v, edge in ((bc, a), (ca, b), (ab, c)))
        V_star_used = 1.0 / volume
    V = 1.0 / V_star_used
    real = (bc.scaled(V), ca.scaled(V), ab.scaled(V))
    real = _tapped("{}_angstroms", real)
    real_crosses = (cross(real[1], real[2]), cross(real[2], real[0]), cross(real[0], real[1]))
    star = _tapped("{}_star_A_inv", _each(real_crosses, lambda v: v.scaled(V_star_used)))
    metres = _each(real, lambda v: v.scaled(1e-10))
    return Lattice(
        vectors, lengths, turned, angles, random, crosses, (ab, bc, ca), V_star, V, V_star_used,
        real, real_crosses, star, metres, raw,
    )  # fmt: skip


def _tapped(name: str, triple: Triple) -> Triple:
    a, b, c = (tap_vec(name.format(axis), v) for axis, v in zip("abc", triple, strict=True))
    return a, b, c


def _to_length(v: Vec, length: Tensor) -> Vec:
    """`v` times (new length / old length)."""
    return v.scaled(length / norm(v))


def crystal_size(inputs: Inputs, lattice: Lattice) -> tuple[int, int, int]:
    """Cells along a, b, c: from the sample size where one is given (clipped by the beam), at least 1."""
    c = inputs.experiment.crystal
    sizes = clipped_sample(inputs)
    counts = list(c.N)
    for axis, (size, edge) in enumerate(zip(sizes, lattice.metres, strict=True)):
        if size > 0:
            counts[axis] = hold_cells(size, plain(norm(edge)))
    na, nb, nc = (max(1, count) for count in counts)
    return na, nb, nc


def clipped_sample(inputs: Inputs) -> tuple[float, float, float]:
    """Sample size in metres; y and z no larger than the beam (x is never clipped)."""
    x, y, z = (size / 1000.0 for size in inputs.experiment.crystal.sample_mm)
    beam = inputs.experiment.beam.beamsize_mm / 1000.0
    return (x, min(y, beam), min(z, beam)) if beam >= 0 else (x, y, z)


def recommended_oversample(
    lattice: Lattice, N: tuple[int, int, int], wavelength: Tensor, distance: Tensor, pixel: float
) -> int:
    """Three samples across the finest feature: ceil(3 L / (λ D / p)), at least 1."""
    longest = max(plain(norm(edge)) * count for edge, count in zip(lattice.metres, N, strict=True))
    feature = plain(wavelength) * plain(distance) / pixel
    wanted = 3.0 * longest / feature if feature != 0 else math.inf
    if math.isnan(wanted) or wanted <= 1.0:
        return 1
    return MOST_SUBPIXELS if wanted > MOST_SUBPIXELS else math.ceil(wanted)


def phi_rotated(lattice: Lattice, spindle: Vec, phis: list[Tensor], quirks: Quirks) -> list[list[Triple]]:
    """a, b, c (m) at each phi step: first as left by an earlier sweep, then as the very first sweep has it.

    A phi of exactly 0 assigns nothing in the real program, so that step keeps the orientation of the step
    executed before it: in the first sweep of a run the unrotated crystal, later what the sweep before left.
    """

    def turned(phi: Tensor) -> Triple:
        a, b, c = (rotate_about(v, spindle, phi) for v in lattice.metres)
        return a, b, c

    own = [turned(phi) if phi.requires_grad or float(phi) != 0.0 else None for phi in phis]
    if not quirks.phi_carry_over:
        plain_steps = [lattice.metres if step is None else step for step in own]
        return [plain_steps, plain_steps]
    sweeps: list[list[Triple]] = []
    state = lattice.metres
    for _ in range(2):
        sweep: list[Triple] = []
        for step in own:
            state = state if step is None else step
            sweep.append(state)
        sweeps.append(sweep)
    return [sweeps[1], sweeps[0]]
