"""What a run says about its set-up, line by line as the real program does (specification, 7.11 and 8.1)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from ..tracer.writer import input_of, said_input
from .crystal import Triple, clipped_sample
from .detector import Geometry
from .inputs import Inputs, plain
from .numbers import g
from .scene import AVOGADRO, Scene
from .trace_lines import PREFIX
from .vec import RTD, Vec, dot, norm

_SHAPES = {"SQUARE": "parallelpiped", "ROUND": "ellipsoidal", "GAUSS": "gaussian", "TOPHAT": "tophat-spot"}
BANNER = "firstbad.sim: nanocrystal diffraction after nanoBragg, in torch"


def _numbers(v: Vec) -> tuple[float, float, float]:
    return plain(v.x), plain(v.y), plain(v.z)


def _spaced(v: Vec, digits: int = 6) -> str:
    return " ".join(g(part, digits) for part in _numbers(v))


def _listed(v: Vec) -> str:
    return "[" + ", ".join(g(part) for part in _numbers(v)) + "]"


def setup_lines(scene: Scene, digits: int) -> Iterator[str]:
    """Everything between the banner and the loop, trace lines with `digits` significant digits."""
    yield from _detector_lines(scene.geometry, digits)
    if scene.experiment.crystal.interpolate is None:
        kind = "tricubic interpolation of structure factors" if scene.interpolate_chosen else "no interpolation"
        yield f"auto-selected {kind}"
    yield from _matrix_lines(scene)
    yield from _misset_lines(scene)
    yield from _lattice_lines(scene)
    yield from _cell_lines(scene)
    yield from _vector_tables(scene)
    yield from _metre_lines(scene.lattice.metres, scene.lattice.real)
    yield from _size_lines(scene)
    yield from _reflection_lines(scene)
    yield from _scan_lines(scene)
    yield from _summary_lines(scene)


def early_lines(scene: Scene) -> Iterator[str]:
    """What comes before and right after the banner."""
    for name in scene.experiment.output.header_files:
        yield f"reading {name}"
        if name in scene.experiment.output.headerless:
            yield f"{name} is no SMV image: ignored"
    inputs = Inputs(scene.experiment)
    given = tuple(size / 1000.0 for size in scene.experiment.crystal.sample_mm)
    for axis, before, after in zip("xyz", given, clipped_sample(inputs), strict=True):
        if after < before:
            yield (f"WARNING: sample {axis} of {g(before)} m is larger than the beam, which lights {g(after)} m of it")
    if scene.geometry.frame.odet_generated:
        yield "WARNING: auto-generating odet_vector"
    yield BANNER
    yield from _count_lines(scene)
    yield f"{scene.geometry.convention.lower()} convention selected."


def input_lines(scene: Scene) -> Iterator[str]:
    """A line for each file that this run reads."""
    e = scene.experiment
    table = e.crystal.cache_file if scene.from_cache else e.crystal.hkl_file
    mask, headed = e.detector.mask_file, (n for n in e.output.header_files if n not in e.output.headerless)
    images = [name for name in headed if name != mask]
    for name in (table, e.crystal.matrix_file, e.beam.sourcefile, mask, *images, e.crystal.stol_file):
        one = None if name is None else input_of(Path(e.folder) / name, name)
        if one is not None:
            yield said_input(one)


def _count_lines(scene: Scene) -> Iterator[str]:
    """Warnings about a number of domains or layers that was completed."""
    if scene.domains_raised:
        yield "WARNING: finite mosaicity with only one domain! upping to 10 mosaic domains"
    asked = scene.experiment.crystal.mosaic_domains or 0
    if asked > 1 and scene.statics.domains == 1:
        yield f"WARNING: {asked} mosaic domains without a mosaic spread: one domain is enough"
    mu = scene.experiment.detector.mu_per_m
    if scene.thickness.range > 0 and (mu is None or mu < 0):
        yield f"WARNING: no attenuation depth was given: using one of {g(scene.statics.mu)}"


def _detector_lines(d: Geometry, digits: int) -> Iterator[str]:
    axes = [
        f"DETECTOR_FAST_AXIS {_spaced(d.fdet, digits)}",
        f"DETECTOR_SLOW_AXIS {_spaced(d.sdet, digits)}",
        f"DETECTOR_NORMAL_AXIS {_spaced(d.odet, digits)}",
    ]
    if d.pivot == "SAMPLE":
        yield "pivoting detector around sample"
        yield from axes
    else:
        yield from axes
        yield "pivoting detector around direct beam spot"
        yield from (f"{PREFIX}:{text}" for text in _beam_pivot_lines(d, digits))
    yield f"DETECTOR_PIX0_VECTOR {_spaced(d.pix0, digits)}"
    xds = Vec(dot(d.frame.beam, d.fdet), dot(d.frame.beam, d.sdet), dot(d.frame.beam, d.odet))
    yield f"XDS incident beam: {_spaced(xds)}"


def _beam_pivot_lines(d: Geometry, digits: int) -> Iterator[str]:
    def n(value: Tensor | float) -> str:
        return g(plain(value), digits)

    rx, ry, rz = d.rotations
    yield "detector_convention=MOSFLM"
    yield f"angles_rad=rotx:{n(rx)} roty:{n(ry)} rotz:{n(rz)} twotheta:{n(d.twotheta)}"
    yield f"beam_center_m=X:{n(d.Xbeam / 1000.0)} Y:{n(d.Ybeam / 1000.0)} pixel_mm:{n(d.pixel * 1000.0)}"
    yield "initial_fdet=0 0 1"
    yield "initial_sdet=0 -1 0"
    yield "initial_odet=1 0 0"
    for name, matrix in _matrices(*(plain(angle) for angle in d.rotations)).items():
        rows = "; ".join(" ".join(n(entry) for entry in row) for row in matrix)
        yield f"{name}=[{rows}]"
    named = {"fdet": d.fdet, "sdet": d.sdet, "odet": d.odet}
    for name, axis in named.items():
        yield f"{name}_after_rotz={_spaced(axis, digits)}"
    yield f"twotheta_axis={_spaced(d.frame.twotheta_axis, digits)}"
    for name, axis in named.items():
        yield f"{name}_after_twotheta={_spaced(axis, digits)}"
    yield "convention_mapping=Fbeam←Ybeam_mm(+0.5px),Sbeam←Xbeam_mm(+0.5px),beam_vec=[1 0 0]"
    yield f"Fbeam_m={n(d.Fbeam_in)}"
    yield f"Sbeam_m={n(d.Sbeam_in)}"
    yield f"distance_m={n(d.distance_in)}"
    yield f"term_fast={_spaced(d.fdet.scaled(-d.Fbeam_in), digits)}"
    yield f"term_slow={_spaced(d.sdet.scaled(-d.Sbeam_in), digits)}"
    yield f"term_beam={_spaced(d.frame.beam.scaled(d.distance_in), digits)}"
    yield f"pix0_vector={_spaced(d.pix0, digits)}"


Matrix = list[list[float]]


def _matrices(x: float, y: float, z: float) -> dict[str, Matrix]:
    """The three rotation matrices and their product Rz·Ry·Rx."""
    cx, sx, cy, sy, cz, sz = (f(a) for a in (x, y, z) for f in (math.cos, math.sin))
    Rx = [[1.0, 0.0, 0.0], [0.0, cx, -sx], [0.0, sx, cx]]
    Ry = [[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]]
    Rz = [[cz, -sz, 0.0], [sz, cz, 0.0], [0.0, 0.0, 1.0]]
    return {"Rx": Rx, "Ry": Ry, "Rz": Rz, "R_total": _product(Rz, _product(Ry, Rx))}


def _product(a: Matrix, b: Matrix) -> Matrix:
    return [[(a[i][0] * b[0][j] + a[i][1] * b[1][j]) + a[i][2] * b[2][j] for j in range(3)] for i in range(3)]


def _stars(triple: Triple, label: str = "", lengths: tuple[Tensor, ...] | None = None) -> Iterator[str]:
    for axis, v in zip("abc", triple, strict=True):
        size = "" if lengths is None else f" |{axis}_star| = {g(plain(lengths['abc'.index(axis)]))}"
        yield f"TRACE:   {label}{axis}_star = {_listed(v)}{size}"


def _matrix_lines(scene: Scene) -> Iterator[str]:
    lattice = scene.lattice
    if lattice.raw is None:
        return
    wavelength = plain(Inputs(scene.experiment).wavelength)
    yield f"reading {scene.experiment.crystal.matrix_file}"
    yield "TRACE: Raw matrix values from file:"
    for axis, v in zip("abc", lattice.raw, strict=True):
        yield f"TRACE:   {axis}_star (raw) = {_listed(v)}"
    yield f"TRACE:   lambda0 = {g(wavelength * 1e10)} Angstroms"
    yield f"TRACE:   scaling factor = 1e-10/lambda0 = {g(1e-10 / wavelength)}"
    yield "TRACE: After wavelength correction:"
    yield from _stars(lattice.star_in, lengths=lattice.star_lengths)


def _misset_lines(scene: Scene) -> Iterator[str]:
    lattice = scene.lattice
    if lattice.misset is None:
        return
    degrees = [plain(angle) * RTD for angle in lattice.misset]
    if lattice.random:
        yield "random orientation misset angles: " + " ".join(f"{angle:f}" for angle in degrees) + " deg"
    yield "TRACE: Before misset rotation:"
    yield from _stars(lattice.star_in, lengths=lattice.star_lengths)
    yield f"TRACE:   misset angles = [{', '.join(g(angle) for angle in degrees)}] degrees"
    yield "TRACE: After misset rotation:"
    yield from _stars(lattice.star_turned, lengths=lattice.star_lengths)


def _lattice_lines(scene: Scene) -> Iterator[str]:
    lattice = scene.lattice
    pairs = ("a_star x b_star", "b_star x c_star", "c_star x a_star")
    yield "TRACE: Computing cross products of reciprocal vectors:"
    yield "TRACE:   Input vectors for cross products:"
    yield from _stars(lattice.star_turned, "  ")
    yield "TRACE:   Cross product results:"
    for pair, v in zip(pairs, lattice.crosses, strict=True):
        yield f"TRACE:     {pair} = {_listed(v)}"
    yield "TRACE: Reciprocal cell volume calculation:"
    yield f"TRACE:   V_star = a_star . (b_star x c_star) = {g(plain(lattice.V_star))}"
    yield f"TRACE: Direct-space cell volume: V_cell = 1/V_star = {g(plain(lattice.V_cell))}"
    yield "TRACE: Before computing real-space vectors:"
    ab, bc, ca = lattice.crosses_used
    for name, v in (("b_star_cross_c_star", bc), ("c_star_cross_a_star", ca), ("a_star_cross_b_star", ab)):
        yield f"TRACE:   {name} = {_listed(v)}"
    yield f"TRACE:   V_cell = {g(plain(lattice.V_cell))}, V_star = {g(plain(lattice.V_star_used))}"
    yield "TRACE: After computing real-space vectors:"
    for axis, v in zip("abc", lattice.real, strict=True):
        yield f"TRACE:   {axis} = {_listed(v)} |{axis}| = {g(plain(norm(v)))}"
    yield "TRACE: Re-generating reciprocal vectors from real-space vectors:"
    yield from _stars(lattice.star_turned, "Before re-generation: ", lattice.star_lengths)
    for name, v in zip(("b_cross_c", "c_cross_a", "a_cross_b"), lattice.real_crosses, strict=True):
        yield f"TRACE:   Cross products: {name} = {_listed(v)}"
    yield from _stars(lattice.star, "After re-generation: ", tuple(norm(v) for v in lattice.star))


def _angles(vectors: Triple, dual: Triple, volume: float) -> list[tuple[float, float]]:
    """(sine, cosine) between each two of `vectors`: sines from the dual's length and the volume."""
    lengths, duals = [plain(norm(v)) for v in vectors], [plain(norm(v)) for v in dual]
    found: list[tuple[float, float]] = []
    for n in range(3):
        i, j = (n + 1) % 3, (n + 2) % 3
        sine = duals[n] * volume / lengths[i] / lengths[j]
        found.append((sine, plain(dot(vectors[i], vectors[j])) / lengths[i] / lengths[j]))
    return found


def _degrees(pairs: list[tuple[float, float]]) -> list[float]:
    """Angles from sines and cosines, both clamped to ±1 first."""
    return [math.atan2(max(-1.0, min(1.0, s)), max(-1.0, min(1.0, c))) * RTD for s, c in pairs]


def _cell_lines(scene: Scene) -> Iterator[str]:
    lattice = scene.lattice
    volume = plain(lattice.V_cell)
    direct = _angles(lattice.real, lattice.star, volume)
    reciprocal = _angles(lattice.star, lattice.real, plain(lattice.V_star_used))
    if any(sine > 1.0 for sine, _ in reciprocal):
        yield "WARNING: oddball reciprocal cell angles:"
        for name, (sine, cosine) in zip(("alpha_star", "beta_star", "gamma_star"), reciprocal, strict=True):
            pad = " " if name == "beta_star" else ""
            yield f"sin({name}){pad} = {g(sine, 25)}"
            yield f"cos({name}){pad} = {g(cosine, 25)}"
    for label, vectors, pairs in (("Unit", lattice.real, direct), ("Recp", lattice.star, reciprocal)):
        numbers = [plain(norm(v)) for v in vectors] + _degrees(pairs)
        yield f"{label} Cell: {' '.join(g(number) for number in numbers)}"
    yield f"volume = {g(volume)} A^3"


def _vector_tables(scene: Scene) -> Iterator[str]:
    tables = (
        ("real-space cell vectors (Angstrom):", "     a           b           c         ", scene.lattice.real),
        (
            "reciprocal-space cell vectors (Angstrom^-1):",
            "     a_star      b_star      c_star    ",
            scene.lattice.star,
        ),
    )
    for title, heads, vectors in tables:
        yield title
        yield heads
        for label, row in zip("XYZ", zip(*(_numbers(v) for v in vectors), strict=True), strict=True):
            yield f"{label}: " + " ".join(f"{part:11.8f}" for part in row)


def _metre_lines(metres: Triple, real: Triple) -> Iterator[str]:
    yield "TRACE: Converting real-space vectors from Angstroms to meters:"
    for axis, v in zip("abc", real, strict=True):
        yield f"TRACE:   Before conversion: {axis} = {_listed(v)} |{axis}| = {g(plain(norm(v)))} Angstroms"
    for axis, v in zip("abc", metres, strict=True):
        yield f"TRACE:   After conversion: {axis} = {_listed(v)} |{axis}| = {g(plain(norm(v)))} meters"
    yield "TRACE: Copying vectors to a0, b0, c0 (phi=0 mosaic=0 reference):"
    for axis, v in zip(("a0", "b0", "c0"), metres, strict=True):
        yield f"TRACE:   {axis} = {_listed(v)} |{axis}| = {g(plain(norm(v)))} meters"
    yield "TRACE: Copying vectors to ap, bp, cp (phi=0 working copy):"
    for axis, v in zip(("ap", "bp", "cp"), metres, strict=True):
        yield f"TRACE:   {axis} = {_listed(v)} |{axis}| = {g(plain(norm(v)))} meters"


def _size_lines(scene: Scene) -> Iterator[str]:
    s = scene.statics
    edges = [plain(norm(v)) for v in scene.lattice.metres]
    sizes = " x ".join(g(edge * count * 1e6) for edge, count in zip(edges, s.N, strict=True))
    yield f"crystal is {sizes} microns"
    asked = scene.experiment.sampling.oversample
    if asked is None or asked <= 0:
        yield f"auto-selected {s.oversample}-fold oversampling"
    elif asked < scene.recommended:
        feature = plain(Inputs(scene.experiment).wavelength) * plain(scene.geometry.distance) / scene.geometry.pixel
        longest = max(edge * count for edge, count in zip(edges, s.N, strict=True))
        yield f"WARNING: maximum dimension of sample is {g(longest * 1e10)} A"
        yield f"         but reciprocal pixel size is {g(feature * 1e10)} A: intensity may vary across a pixel!"
        yield f"         recommend -oversample {scene.recommended} to work around this"
    yield f"approximate MW = {g(edges[0] * edges[1] * edges[2] * 1.2e6 * AVOGADRO)}"


def _reflection_lines(scene: Scene) -> Iterator[str]:
    name, default_F = scene.experiment.crystal.hkl_file, plain(scene.fields.default_F)
    if name is None:
        return
    yield f"counting entries in {name}"
    yield from (f"WARNING: {note}" for note in (scene.amplitudes.notes if scene.amplitudes else ()))
    if default_F != 0:
        yield f"initializing to default_F = {g(default_F)}:"
        yield "done initializing:"
    yield f"re-reading {name}"
    yield f"writing dump file for next time: {scene.experiment.crystal.cache_file}"


def _scan_lines(scene: Scene) -> Iterator[str]:
    for tic in range(scene.thickness.count):
        yield f"thick{tic} = {g(tic * scene.thickness.step * 1e6)} um"
    for tic, phi in enumerate(scene.phis):
        yield f"phi{tic} = {g(plain(phi) * RTD)}"
    sources = scene.sources
    for h, v in sources.points:
        yield f"divergence deviation: {g(h)} {g(v)}"
    for tic, wavelength in enumerate(sources.wavelengths):
        yield f"lambda{tic} = {g(plain(wavelength), 15)}"
    yield f"  created a total of {len(sources.listed)} sources:"
    for source in sources.listed:
        yield f"{_spaced(source.position)}   {g(source.weight)} {g(plain(source.wavelength))}"
    yield f"  created a total of {scene.statics.domains} mosaic domains"


def _summary_lines(scene: Scene) -> Iterator[str]:
    s, d, experiment = scene.statics, scene.geometry, scene.experiment
    count = 0 if scene.amplitudes is None else scene.amplitudes.count
    yield f"  {count} initialized hkls (all others ={g(plain(scene.fields.default_F))})"
    yield f"  {_SHAPES[s.shape]} xtal: {s.N[0]}x{s.N[1]}x{s.N[2]} cells"
    sources = scene.sources
    yield (
        f"  wave={g(plain(Inputs(experiment).wavelength))} meters "
        f"+/- {g(sources.dispersion.range * 100)}% in {sources.dispersion.count} steps"
    )
    yield "  polarization effect disabled" if s.nopolar else f"  Kahn polarization factor: {s.kahn:f}"
    if s.curved:
        yield "  curved detector: all pixels same distance from origin"
    if s.point_pixel:
        yield "  pixel obliquity effect disabled"
    yield f"  incident fluence: {g(plain(scene.fields.fluence))} photons/m^2"
    yield (
        f"  distance={g(plain(d.distance))} detsize={g(d.fsize)}x{g(d.ssize)}  "
        f"pixel={g(d.pixel)} meters ({d.fpixels}x{d.spixels} pixels)"
    )
    yield f"  sensor is {g(s.thickness)} m thick in {s.layers} layers with mu= {g(s.mu)}"
    for a, b in (("Xbeam", "Ybeam"), ("Fbeam", "Sbeam"), ("Xclose", "Yclose"), ("Fclose", "Sclose")):
        yield f"  {a}={g(plain(getattr(d, a)))} {b}={g(plain(getattr(d, b)))}"
    yield f"  DIRECTION_OF_DETECTOR_X-AXIS= {_spaced(d.fdet)}"
    yield f"  DIRECTION_OF_DETECTOR_Y-AXIS= {_spaced(d.sdet)}"
    yield f"  DIRECTION_OF_DETECTOR_Z-AXIS= {_spaced(d.odet)}"
    yield f"  INCIDENT_BEAM_DIRECTION= {_spaced(d.frame.beam)}"
    yield f"  spindle ROTATION_AXIS= {_spaced(d.frame.spindle)}"
    yield f"  POLARIZATION_PLANE_NORMAL= {_spaced(d.frame.vert)}"
    yield f"  dials origin= {' '.join(g(plain(part)) for part in d.dials_origin)}"
    f0, f1, s0, s1 = scene.roi
    yield f"  roi: {f0} < x < {f1} && {s0} < y < {s1}"
    yield from _sampling_lines(scene)


def _sampling_lines(scene: Scene) -> Iterator[str]:
    s, sources, experiment = scene.statics, scene.sources, scene.experiment
    yield f"  hdivrange={g(sources.hdiv.range)} hdivstep={g(sources.hdiv.step)}  radians"
    yield f"  vdivrange={g(sources.vdiv.range)} vdivstep={g(sources.vdiv.step)}  radians"
    yield f"  {sources.steps} divergence steps"
    yield f"  {len(sources.listed)} sources"
    yield f"  {s.domains} mosaic domains over mosaic spread of {g(plain(scene.spread) * RTD)} degrees"
    start = plain(scene.phi_start)
    stop = (start + scene.phi.range) * RTD
    yield f"  {s.phi_steps} phi steps from {g(start * RTD)} to {g(stop)} degrees"
    words = (
        (s.oversample_thick, " +thick"),
        (s.oversample_polar, " +polar"),
        (s.oversample_omega, " +omega"),
    )
    suffix = "".join(word for on, word in words if on)
    yield f"  {s.oversample}x{s.oversample} pixel oversample steps{suffix}"
    if experiment.detector.mask_file is not None:
        yield f"  skipping zero-flagged pixels in {experiment.detector.mask_file}"
    yield ""
    yield "  noise image paramters:"
    yield f"  seed: {-scene.noise_seed}"
    yield f"  water droplet size: {g(experiment.sampling.water_um / 1e6)} m"
