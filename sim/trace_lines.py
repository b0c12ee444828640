"""Trace lines of a run: what the taps of one pixel offered, in the order the real program prints it.

The text is that of docs/trace-format.md: `TRACE_PY: quantity value …`, %.17g by default, sealed by count
and CRC-32. The sealing itself is here so that set-up lines and pixel lines fall under one seal.
"""

from __future__ import annotations

import math
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO, TypeAlias

from torch import Tensor

from ..tracer.model import Record
from ..tracer.tap import Tapped
from ..tracer.writer import said_facts
from .numbers import g
from .scene import Scene
from .vec import RTD

PREFIX = "TRACE_PY"
_MARK = re.compile(r"TRACE\w*[:\s].*")

PER_SUBPIXEL = (
    "pix0_vector_meters", "fdet_vec", "sdet_vec", "pixel_pos_meters", "R_distance_meters", "omega_pixel_sr",
    "close_distance_meters", "obliquity_factor", "diffracted_vec",
)  # fmt: skip
PER_SOURCE = ("incident_vec", "lambda_meters", "lambda_angstroms", "scattering_vec_A_inv")
PER_STEP = (
    "rot_a_angstroms", "rot_b_angstroms", "rot_c_angstroms", "rot_a_star_A_inv", "rot_b_star_A_inv",
    "rot_c_star_A_inv", "hkl_frac", "hkl_rounded",
)  # fmt: skip
SQUARE = ("F_latt_a", "F_latt_b", "F_latt_c", "F_latt")
PER_PIXEL = (
    "I_before_scaling", "r_e_meters", "r_e_sqr", "fluence_photons_per_m2", "steps", "oversample_thick",
    "oversample_polar", "oversample_omega", "capture_fraction", "polar", "omega_pixel", "cos_2theta",
    "I_pixel_final", "floatimage_accumulated",
)  # fmt: skip
UNITS = {
    "pix0_vector_meters": "m", "pixel_pos_meters": "m", "R_distance_meters": "m", "omega_pixel_sr": "sr",
    "close_distance_meters": "m", "lambda_meters": "m", "lambda_angstroms": "Å", "scattering_vec_A_inv": "1/m",
    "rot_a_angstroms": "Å", "rot_b_angstroms": "Å", "rot_c_angstroms": "Å", "rot_a_star_A_inv": "1/Å",
    "rot_b_star_A_inv": "1/Å", "rot_c_star_A_inv": "1/Å", "r_e_meters": "m", "r_e_sqr": "m²",
    "fluence_photons_per_m2": "1/m²", "omega_pixel": "sr", "I_pixel_final": "photons",
    "floatimage_accumulated": "photons",
}  # fmt: skip
Place: TypeAlias = tuple[tuple[str, str], ...]
_WHOLE = ("hkl_rounded", "steps", "oversample_thick", "oversample_polar", "oversample_omega")


@dataclass
class Sink:
    """Where a run's lines go, and the seal over those of them that are trace.

    `open` writes the header of a sealed trace, `close` its seal; between them every line that begins with
    TRACE is counted and summed.
    """

    out: TextIO = field(default_factory=lambda: sys.stdout)
    records: int = 0
    crc: int = 0
    opening: int = 0
    opened: bool = False

    def line(self, text: str = "") -> None:
        """Write one line."""
        self.out.write(text + "\n")
        if self.opened and (match := _MARK.search(text)) is not None:
            self.records += 1
            self.crc = zlib.crc32((match.group() + "\n").encode(), self.crc)

    def lines(self, texts: Iterable[str]) -> None:
        """Write several lines."""
        for text in texts:
            self.line(text)

    def open(self, **facts: object) -> None:
        """Begin a sealed trace with `facts` about the run."""
        line = f"TRACE_OPEN: firstbad-trace 1 {said_facts(facts)}\n"
        self.out.write(line)
        self.opened, self.records, self.crc, self.opening = True, 0, 0, zlib.crc32(line.encode())

    def close(self) -> None:
        """Seal what was written since `open`."""
        self.out.write(f"TRACE_SEAL: open={self.opening:08x} records={self.records} crc32={self.crc:08x}\n")
        self.opened = False


@dataclass(frozen=True)
class Line:
    """One quantity of the traced pixel with its numbers; `head` replaces the usual prefix and name."""

    quantity: str
    values: tuple[float, ...]
    source: str = ""
    scope: tuple[tuple[str, str], ...] = ()

    def tokens(self, digits: int) -> tuple[str, ...]:
        """The numbers as they are printed."""
        if self.quantity in _WHOLE:
            return tuple(str(int(value)) if math.isfinite(value) else g(value) for value in self.values)
        return tuple(g(value, digits) for value in self.values)

    def text(self, digits: int) -> str:
        """The line, with `digits` significant digits; a phi record spells its values key=value."""
        tokens = self.tokens(digits)
        if self.scope and self.quantity != "PHI":
            braces = ",".join(f"{loop}={number}" for loop, number in self.scope)
            return f"{PREFIX}: {self.quantity}{{{braces}}} {' '.join(tokens)}"
        if self.quantity == "PHI":
            names = ("phi_deg", "k_frac", "F_latt_b", "F_latt")
            said = " ".join(f"{n}={t}" for n, t in zip(names, tokens, strict=True))
            return f"{PREFIX}_PHI phi_tic={self.scope[0][1]} {said}"
        return f"{PREFIX}: {self.quantity} {' '.join(tokens)}"


def _numbers(value: Any, vector: bool, orientation: int = 0) -> tuple[float, ...]:
    """The numbers of one orientation (the only one, where all share a value) of what a tap offered for one pixel."""
    if not isinstance(value, Tensor):
        return (float(value),)
    rows = value.detach().reshape(-1, 3 if vector else 1)
    return tuple(float(part) for part in rows[orientation if len(rows) > orientation else 0])


VECTORS = frozenset(
    name for name in (*PER_SUBPIXEL, *PER_SOURCE, *PER_STEP) if "vec" in name or "rot_" in name or "hkl" in name
) | {"pixel_pos_meters"}


def pixel_lines(taps: list[Tapped], scene: Scene, *, phi_records: bool = False, steps: bool = False) -> Iterator[Line]:
    """The lines of one traced pixel from the taps of one call of the kernel.

    Each subpixel of each layer shows its first source, first phi step and first domain, or, with `steps`, every one,
    its place in the scope; the rest once.
    """
    once: dict[str, Tapped] = {}
    places: dict[tuple[int, int], dict[int, list[Tapped]]] = {}
    for tapped in taps:
        scope = dict(tapped.scope)
        if "layer" not in scope:
            once[tapped.name] = tapped
        else:
            sources = places.setdefault((scope["layer"], scope["subpixel"]), {})
            sources.setdefault(scope.get("source", -1), []).append(tapped)
    for place, sources in places.items():
        shared = {tapped.name: tapped for tapped in sources.pop(-1)}
        for source, found in sources.items() if steps else [(0, sources[0])]:
            yield from _named(shared, PER_SUBPIXEL) if source == 0 else ()
            yield from _source(found, source, scene, steps=steps)
        if phi_records:
            yield from _phi_lines(taps, scene, place)
    yield from _pixel(once, scene)


def _named(values: dict[str, Tapped], names: Iterable[str], scope: Place = (), orientation: int = 0) -> Iterator[Line]:
    for name in names:
        if name in values:
            tapped = values[name]
            yield Line(name, _numbers(tapped.value, name in VECTORS, orientation), tapped.source, scope)


def _source(taps: list[Tapped], source: int, scene: Scene, *, steps: bool) -> Iterator[Line]:
    """The lines of one source at one subpixel: its own, and those of its phi steps and domains."""
    own = {tapped.name: tapped for tapped in taps if "orientation" not in dict(tapped.scope)}
    yield from _named(own, PER_SOURCE, (("source", str(source)),) if steps else ())
    culled = own.get("dmin_culled")
    if culled is not None and bool(culled.value.reshape(-1)[0]):
        return
    batches: dict[int, dict[str, Tapped]] = {}
    for tapped in taps:
        start = dict(tapped.scope).get("orientation")
        if start is not None:
            batches.setdefault(start, {})[tapped.name] = tapped
    for start, values in batches.items():
        for inner in range(len(values["F_latt"].value) if steps else 1 if start == 0 else 0):
            tic, domain = divmod(start + inner, scene.statics.domains)
            place = (("source", str(source)), ("phi", str(tic)), ("mosaic", str(domain))) if steps else ()
            yield from _step(values, inner, place, scene)


def _step(values: dict[str, Tapped], inner: int, place: Place, scene: Scene) -> Iterator[Line]:
    """The lines of one phi step and domain, number `inner` of a batch of orientations."""
    yield from _named(values, PER_STEP, place, inner)
    shown = SQUARE if scene.statics.shape == "SQUARE" else SQUARE[-1:] if place else ()
    yield from _named(values, shown, place, inner)
    if _numbers(values["F_latt"].value, False, inner)[0] != 0 or scene.statics.water:
        yield from _named(values, ("F_cell",), place, inner)


def _pixel(once: dict[str, Tapped], scene: Scene) -> Iterator[Line]:
    import numpy as np

    s = scene.statics
    switches = {
        "oversample_thick": s.oversample_thick,
        "oversample_polar": s.oversample_polar,
        "oversample_omega": s.oversample_omega,
    }
    for name in PER_PIXEL:
        if name in switches:
            yield Line(name, (float(switches[name]),))
        elif name == "floatimage_accumulated":
            final = _numbers(once["I_pixel_final"].value, False)[0]
            with np.errstate(over="ignore"):
                yield Line(name, (float(np.float32(final)),), once["I_pixel_final"].source)
        else:
            yield from _named(once, (name,))


def _phi_lines(taps: list[Tapped], scene: Scene, place: tuple[int, int]) -> Iterator[Line]:
    """One record per phi step: first source, first domain of the subpixel at `place`."""
    found: dict[str, list[Tensor]] = {"hkl_frac": [], "F_latt_b": [], "F_latt": []}
    for tapped in taps:
        scope = dict(tapped.scope)
        here = (scope.get("layer"), scope.get("subpixel"))
        if tapped.name in found and here == place and scope.get("source") == 0:
            part = tapped.value.detach()
            found[tapped.name].append(part[:, 0, 1] if tapped.name == "hkl_frac" else part[:, 0])
    columns = {name: [float(v) for part in parts for v in part] for name, parts in found.items() if parts}
    for tic, phi in enumerate(scene.phis):
        step = tic * scene.statics.domains
        values = tuple(columns[name][step] if name in columns else float("nan") for name in found)
        yield Line("PHI", (float(phi.detach()) * RTD, *values), "", (("phi_tic", str(tic)),))


def as_records(lines: Iterable[Line], digits: int = 17) -> tuple[Record, ...]:
    """The same lines as records of tracer.model."""
    seen: dict[str, int] = {}
    records: list[Record] = []
    for number, line in enumerate(lines, 1):
        occurrence = seen.get(line.quantity, 0)
        seen[line.quantity] = occurrence + 1
        shape = (len(line.values),) if len(line.values) > 1 else ()
        records.append(
            Record(
                line.quantity, line.values, line.tokens(digits), shape, line.scope, occurrence,
                UNITS.get(line.quantity, ""), number, line.source,
            )
        )  # fmt: skip
    return tuple(records)
