"""Made-up runs with faults of every kind of pattern, and differences that are of none: what the patterns are measured by."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable, Sequence

from firstbad.tracer.catalogue import load
from firstbad.tracer.model import Record, Trace
from firstbad.tracer.pattern import Context, Pattern, explain

Values = list[float]
Series = list[Values]
Change = Callable[[Series, random.Random], Series]
STEPS = 7
FORMATS = ("%.17g", "%.15g", "%.12g", "%.8g")


class World:
    """Values of a made-up run: quantities of nanoBragg with random values; series run over seven phi steps."""

    def __init__(self, seed: int) -> None:
        rng = self.rng = random.Random(seed)
        axis = self.unit_vector(rng)
        self.pixel = rng.choice([0.05, 0.1, 0.172, 0.075])
        self.values: dict[str, Series] = {
            "pixel_mm": [[self.pixel]],
            "fdet_vec": [[0.0, 0.0, 1.0]],
            "sdet_vec": [[0.0, -1.0, 0.0]],
            "pix0_vector_meters": [[rng.uniform(0.05, 0.5), rng.uniform(0.001, 0.1), rng.uniform(-0.1, -0.001)]],
            "diffracted_vec": [self.unit_vector(rng)],
            "incident_vec": [[1.0, 0.0, 0.0]],
            "scattering_vec_A_inv": [[rng.uniform(-1e8, 1e8) for _ in range(3)]],
            "distance_m": [[rng.uniform(0.05, 0.8)]],
            "R_distance_meters": [[rng.uniform(0.05, 0.8)]],
            "omega_pixel_sr": [[rng.uniform(1e-9, 1e-6)]],
            "obliquity_factor": [[rng.uniform(0.9, 0.9999)]],
            "polar": [[rng.uniform(0.5, 0.9999)]],
            "capture_fraction": [[rng.uniform(0.1, 0.95)]],
            "lambda_meters": [[rng.uniform(0.7e-10, 6e-10)]],
            "r_e_sqr": [[7.94079248018965e-30]],
            "fluence_photons_per_m2": [[rng.uniform(1e20, 1e29)]],
            "steps": [[float(rng.randint(2, 400))]],
            "R_total": [self.rotation(rng)],
            "I_before_scaling": [[rng.uniform(1e3, 1e8)]],
            "I_pixel_final": [[rng.uniform(1e-3, 1e3)]],
            "twotheta_axis": [axis],
            "F_cell": [[round(rng.uniform(5, 500), 2)] for _ in range(STEPS)],
            "F_latt_a": [[rng.uniform(-5, 5)] for _ in range(STEPS)],
            "F_latt": [[rng.uniform(-100, 100)] for _ in range(STEPS)],
            "hkl_frac": [[rng.uniform(-20, 20) for _ in range(3)] for _ in range(STEPS)],
            "rot_a_angstroms": [[rng.uniform(-90, 90) for _ in range(3)] for _ in range(STEPS)],
            "rot_b_angstroms": [[rng.uniform(-90, 90) for _ in range(3)] for _ in range(STEPS)],
            "angle": [[rng.uniform(-1.4, 1.4)]],
            "phi_deg": [[10.25 + 0.375 * i] for i in range(STEPS)],
        }
        self.values["hkl_rounded"] = [[float(math.ceil(x - 0.5)) for x in v] for v in self.values["hkl_frac"]]

    @staticmethod
    def unit_vector(rng: random.Random) -> Values:
        v = [rng.gauss(0, 1) for _ in range(3)]
        size = math.sqrt(sum(x * x for x in v))
        return [x / size for x in v]

    @staticmethod
    def rotation(rng: random.Random) -> Values:
        a, b = rng.uniform(0.2, 1.3), rng.uniform(0.2, 1.3)
        c, s, d, t = math.cos(a), math.sin(a), math.cos(b), math.sin(b)
        return [c, -s * d, s * t, s, c * d, -c * t, 0.0, t, d]

    def trace(self, form: str, name: str = "", series: Series | None = None, side: str = "C") -> Trace:
        """All of it printed with `form`, one quantity replaced."""
        records: list[Record] = []
        for quantity, rows in {**self.values, **({name: series} if series is not None else {})}.items():
            for step, values in enumerate(rows):
                tokens = tuple(form % v for v in values)
                scope = (("phi_tic", str(step)),) if len(rows) > 1 else ()
                shape = {1: (), 9: (3, 3)}.get(len(values), (len(values),))
                read = tuple(float(t) for t in tokens)
                records.append(Record(quantity, read, tokens, shape, scope, prefix=f"TRACE_{side}"))
        return Trace(tuple(records))

    def explain(self, name: str, series: Series, form: str = "%.17g", theirs: str = "") -> Pattern | None:
        a, b = self.trace(form), self.trace(theirs or form, name, series, "PY")
        return explain(a.find(name), b.find(name), Context.of(a, b, load()))


def every(f: Callable[[float], float]) -> Change:
    return lambda series, _: [[f(x) for x in row] for row in series]


def rows(f: Callable[[Values], Sequence[float]]) -> Change:
    return lambda series, _: [list(f(row)) for row in series]


def steps(f: Callable[[Series], Series]) -> Change:
    return lambda series, _: f(series)


def float32(x: float) -> float:
    return struct.unpack("f", struct.pack("f", x))[0]


def normalised(v: Values) -> Values:
    size = math.sqrt(sum(x * x for x in v))
    return [x / size for x in v]


def transpose(m: Values) -> Values:
    return [m[3 * (i % 3) + i // 3] for i in range(9)]


def running(series: Series) -> Series:
    total, out = 0.0, []
    for (x,) in series:
        total += x
        out.append([total])
    return out


SCALARS = ["distance_m", "I_before_scaling", "I_pixel_final", "polar", "F_latt", "F_latt_a", "omega_pixel_sr"]
SQUARES = ["I_before_scaling", "distance_m", "omega_pixel_sr", "polar"]
VECTORS = ["pix0_vector_meters", "scattering_vec_A_inv", "hkl_frac", "rot_a_angstroms"]
ANY = SCALARS + VECTORS

FAULTS: dict[str, tuple[list[str], Change, str]] = {
    "metres as Å": (ANY, every(lambda x: x * 1e10), "power-of-ten"),
    "mm as metres": (ANY, every(lambda x: x / 1000), "power-of-ten"),
    "per cent": (ANY, every(lambda x: x * 100), "power-of-ten"),
    "radians as degrees": ([*ANY, "angle"], every(math.degrees), "degrees-radians"),
    "degrees as radians": (ANY, every(math.radians), "degrees-radians"),
    "2 pi": (ANY, every(lambda x: x * 2 * math.pi), "two-pi"),
    "1/(2 pi)": (ANY, every(lambda x: x / (2 * math.pi)), "two-pi"),
    "pi": (ANY, every(lambda x: x * math.pi), "pi"),
    "(2 pi)^2": (ANY, every(lambda x: x * 4 * math.pi**2), "four-pi-squared"),
    "sign": (ANY, every(lambda x: -x), "sign"),
    "twice": (ANY, every(lambda x: 2 * x), "factor-two"),
    "half": (ANY, every(lambda x: x / 2), "factor-two"),
    "root two": (ANY, every(lambda x: x * math.sqrt(2)), "root-two"),
    "three": (ANY, every(lambda x: 3 * x), "small-ratio"),
    "two thirds": (ANY, every(lambda x: x * 2 / 3), "small-ratio"),
    "full width as sigma": (ANY, every(lambda x: x * 2.3548200450309493), "fwhm-sigma"),
    "one component negated": (VECTORS, rows(lambda v: [v[0], -v[1], v[2]]), "component-sign"),
    "two components swapped": (VECTORS, rows(lambda v: [v[1], v[0], v[2]]), "swap"),
    "swapped with a sign": (VECTORS, rows(lambda v: [v[0], -v[2], v[1]]), "swap"),
    "axes permuted": (VECTORS, rows(lambda v: [v[2], v[0], v[1]]), "axis-permutation"),
    "rotation inverted": (["R_total"], rows(transpose), "inverse-rotation"),
    "rotation left out": (["R_total"], rows(lambda _: [1, 0, 0, 0, 1, 0, 0, 0, 1]), "identity"),
    "rows of a matrix swapped": (["R_total"], rows(lambda m: m[3:6] + m[0:3] + m[6:9]), "matrix-order"),
    "square missing": (SQUARES, every(math.sqrt), "missing-square"),
    "squared twice": (SCALARS, every(lambda x: x * x), "doubled-square"),
    "reciprocal": (SCALARS, every(lambda x: 1 / x), "reciprocal"),
    "reciprocal in another unit": (SCALARS, every(lambda x: 1e10 / x), "reciprocal"),
    "cube": (["distance_m", "I_pixel_final", "F_latt"], every(lambda x: x**3), "cube"),
    "logarithm": (["I_before_scaling", "I_pixel_final"], every(math.log), "logarithm"),
    "exponential": (["distance_m", "polar", "F_latt_a"], every(math.exp), "exponential"),
    "complement": (["polar", "capture_fraction"], every(lambda x: 1 - x), "complement"),
    "sine for cosine": (["polar", "obliquity_factor"], every(lambda x: math.sqrt(1 - x * x)), "sine-cosine"),
    "tangent left out": (["angle"], every(math.tan), "trigonometric"),
    "supplement": (["F_latt"], every(lambda x: 180 - x), "angle-supplement"),
    "one turn more": (["F_latt"], every(lambda x: x + 360), "angle-wrapped"),
    "wavelength as energy": (["I_before_scaling", "I_pixel_final"], every(lambda x: 12398.42 / x), "energy-wavelength"),
    "float32": (ANY, every(float32), "float32"),
    "four decimals": (["F_latt", "hkl_frac", "rot_a_angstroms"], every(lambda x: round(x, 4)), "decimals"),
    "whole numbers": (["F_latt", "rot_a_angstroms"], every(lambda x: float(int(x))), "integer-truncation"),
    "rounded up": (["F_latt", "rot_a_angstroms"], every(lambda x: float(math.ceil(x))), "integer-truncation"),
    "no sign": (["hkl_frac", "rot_a_angstroms"], every(abs), "absolute"),
    "cut at zero": (["hkl_frac", "rot_a_angstroms"], every(lambda x: max(x, 0.0)), "clamped"),
    "zero": (ANY, every(lambda _: 0.0), "zeroed"),
    "never multiplied": (SCALARS, every(lambda _: 1.0), "one"),
    "NaN": (ANY, every(lambda _: math.nan), "nan"),
    "infinity": (ANY, every(lambda _: math.inf), "infinite"),
    "off by one index": (["F_latt", "hkl_frac"], every(lambda x: x + 1), "off-by-one"),
    "half an index": (["F_latt", "hkl_frac"], every(lambda x: x - 0.5), "half-pixel"),
    "same amount added": (["hkl_frac", "F_latt", "rot_a_angstroms"], every(lambda x: x + 0.37251234), "offset"),
    "common factor": (VECTORS, every(lambda x: x * 1.3728641), "common-factor"),
    "normalised": (VECTORS, rows(normalised), "normalisation"),
    "not normalised": (["diffracted_vec"], every(lambda x: x * 0.2837465), "normalisation"),
    "stale": (["F_latt", "hkl_frac", "F_cell"], steps(lambda s: [[0.5] * len(s[0]), *s[:-1]]), "stale"),
    "next step": (["F_latt", "hkl_frac", "F_cell"], steps(lambda s: [*s[1:], [0.5] * len(s[0])]), "off-by-one-step"),
    "backwards": (["F_latt", "hkl_frac", "F_cell"], steps(lambda s: s[::-1]), "reversed"),
    "index -1": (["F_latt", "hkl_frac"], steps(lambda s: [s[-1], *s[1:]]), "negative-index"),
    "first value kept": (["F_latt", "hkl_frac"], steps(lambda s: [s[0]] * len(s)), "constant"),
    "any constant": (["F_latt", "hkl_frac"], steps(lambda s: [[0.7182818284] * len(s[0])] * len(s)), "constant"),
    "running sum": (["F_latt", "F_latt_a"], steps(running), "running-sum"),
    "phi one step late": (["phi_deg"], every(lambda x: x + 0.375), "off-by-one-step"),
    "phi in mid step": (["phi_deg"], every(lambda x: x + 0.1875), "half-step"),
    "end of range included": (["phi_deg"], every(lambda x: 10.25 + (x - 10.25) * 7 / 6), "range-ends"),
    "default F": (["F_cell"], every(lambda _: 100.0), "default"),
    "constant of few digits": (["r_e_sqr"], every(lambda _: 7.9408e-30), "typed-constant decimals"),
    "index rounded down": (["hkl_rounded"], every(lambda x: x), "integer-truncation"),
}  # fmt: skip
WITH_WORLD: dict[str, tuple[list[str], Callable[[World, str], Series], str]] = {
    "half a pixel": (
        ["distance_m", "R_distance_meters"],
        lambda w, n: [[x + w.pixel / 2000 for x in v] for v in w.values[n]],
        "half-pixel",
    ),
    "half a pixel along both axes": (
        ["pix0_vector_meters"],
        lambda w, n: [[v[0], v[1] + w.pixel / 2000, v[2] - w.pixel / 2000] for v in w.values[n]],
        "half-pixel",
    ),
    "one pixel along fast": (
        ["pix0_vector_meters"],
        lambda w, n: [[v[0], v[1], v[2] + w.pixel / 1000] for v in w.values[n]],
        "one-pixel",
    ),
    "polarisation missing": (
        ["I_pixel_final", "I_before_scaling"],
        lambda w, n: [[v[0] / w.values["polar"][0][0]] for v in w.values[n]],
        "missing-factor",
    ),
    "solid angle twice": (
        ["I_pixel_final", "I_before_scaling"],
        lambda w, n: [[v[0] * w.values["omega_pixel_sr"][0][0]] for v in w.values[n]],
        "extra-factor",
    ),
    "not divided by steps": (
        ["I_pixel_final", "I_before_scaling"],
        lambda w, n: [[v[0] * w.values["steps"][0][0]] for v in w.values[n]],
        "count",
    ),
    "structure factor not squared": (
        ["F_latt"],
        lambda w, n: [[v[0] / f[0]] for v, f in zip(w.values[n], w.values["F_cell"], strict=True)],
        "missing-factor",
    ),
    "another name's value": (
        ["rot_a_angstroms", "hkl_frac"],
        lambda w, _: w.values["rot_b_angstroms"],
        "other-quantity unapplied",
    ),
}


def planted(name: str, world: World) -> tuple[str, Series, set[str]]:
    """The quantity, its wrong values, and the kinds that are right answers."""
    if name in WITH_WORLD:
        quantities, make, kind = WITH_WORLD[name]
        quantity = world.rng.choice(quantities)
        return quantity, make(world, quantity), set(kind.split())
    quantities, change, kind = FAULTS[name]
    quantity = world.rng.choice(quantities)
    series = change(world.values[quantity], world.rng)
    if name == "index rounded down":
        series = [[float(math.floor(x)) for x in v] for v in world.values["hkl_frac"]]
    return quantity, series, set(kind.split())


def score(name: str, seeds: range) -> list[tuple[int, str, str, Pattern | None]]:
    """Seeds at which the fault was not named: with quantity, format, and what was said."""
    wrong: list[tuple[int, str, str, Pattern | None]] = []
    for seed in seeds:
        world = World(seed)
        quantity, series, kinds = planted(name, world)
        formats = FORMATS[:3] if name == "float32" else FORMATS  # eight digits hide what float32 does
        ours, theirs = world.rng.choice(formats), world.rng.choice(formats)
        found = world.explain(quantity, series, ours, theirs)
        if found is None or found.kind not in kinds:
            wrong.append((seed, quantity, f"{ours} {theirs}", found))
    return wrong


NOISE: dict[str, Change] = {
    "other values": lambda s, g: [[x * g.uniform(-3, 3) for x in v] for v in s],
    "each off a little": lambda s, g: [[x * (1 + g.uniform(-1e-3, 1e-3)) for x in v] for v in s],
    "each off in the last digits": lambda s, g: [[x * (1 + g.gauss(0, 1e-9)) for x in v] for v in s],
    "other short values": lambda s, g: [[round(g.uniform(-9, 9), 3) for _ in v] for v in s],
    "other whole numbers": lambda s, g: [[float(g.randint(-9, 999)) for _ in v] for v in s],
    "other magnitudes": lambda s, g: [[x * 10 ** g.uniform(-6, 6) for x in v] for v in s],
    "something added to each": lambda s, g: [[x + g.gauss(0, 1) for x in v] for v in s],
    "one component wrong": lambda s, g: [[*v[:-1], v[-1] * g.uniform(0.1, 2)] for v in s],
    "one record wrong": lambda s, g: [[x * g.uniform(0.1, 2) for x in s[0]], *s[1:]],
    "records mixed": lambda s, g: [[x + g.random() for x in v] for v in g.sample(s, len(s))],
}  # fmt: skip


def false_alarms(seeds: range) -> list[tuple[int, str, str, Pattern]]:
    """Random differences, of every quantity in turn, that were explained."""
    wrong: list[tuple[int, str, str, Pattern]] = []
    for seed in seeds:
        for kind, change in NOISE.items():
            world = World(seed)
            name = world.rng.choice([n for n in world.values if n not in ("fdet_vec", "sdet_vec", "incident_vec")])
            series = change(world.values[name], world.rng)
            form = world.rng.choice(FORMATS)
            found = world.explain(name, series, form, world.rng.choice(FORMATS))
            if found is not None:
                wrong.append((seed, kind, name, found))
    return wrong
