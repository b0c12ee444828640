"""The option table of nanoBragg, in its order of evaluation (specification, section 2.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from .draft import Draft


class Outcome(NamedTuple):
    """How many of the following arguments an option looked at; whether the scan of this word ends."""

    taken: int
    stop: bool = False


Store = Callable[[Draft, list[str]], Outcome]
Reader = Callable[[Draft, str], Any]


@dataclass(frozen=True, slots=True)
class Option:
    """One line of the table.

    It matches where one of `texts` occurs in the argument (`exact`: equals it; `length`: and the argument
    has so many characters; `longer`: more than so many), acts if `need` arguments follow, and `stop`s the
    scan of this argument. `crashes`: the real program reads on past its last argument. `continues`: the text is an
    abbreviation, which whole-word matching accepts as a beginning. `build`: only the traced ("G") or the
    upstream ("U") build has it; "=G": both have it, and only the upstream one matches it anywhere.
    """

    texts: tuple[str, ...]
    need: int
    store: Store
    exact: bool = False
    length: int = 0
    longer: int = 0
    stop: bool = False
    crashes: bool = False
    continues: bool = False
    build: str = ""

    def matches(self, word: str, *, loosely: bool = True, build: str = "G") -> bool:
        """Whether this option answers to `word`; not `loosely`: only to its own full spelling."""
        if self.build in ("G", "U") and self.build != build:
            return False
        if self.exact and not (self.build == "=G" and build == "U" and loosely):
            return word in self.texts
        if (self.length and len(word) != self.length) or len(word) <= self.longer:
            return False
        if not loosely:
            return any(word.startswith(text) if self.continues else word == text for text in self.texts)
        return any(text in word for text in self.texts)


def _set(**values: Any) -> Store:
    """A switch: fixed values, nothing taken."""

    def store(draft: Draft, rest: list[str]) -> Outcome:
        draft.values.update(values)
        return Outcome(0)

    return store


def _read(name: str, parse: Reader, **also: Any) -> Store:
    """One value to the field `name`, and side effects."""

    def store(draft: Draft, rest: list[str]) -> Outcome:
        draft.values[name] = parse(draft, rest[0])
        draft.values.update(also)
        return Outcome(1)

    return store


def _number(name: str, **also: Any) -> Store:
    return _read(name, Draft.finite, **also)


def _integer(name: str, **also: Any) -> Store:
    return _read(name, Draft.count, **also)


def _word(name: str, **also: Any) -> Store:
    return _read(name, lambda draft, text: text, **also)


def _entry(name: str, place: int, parse: Reader, blank: tuple[Any, ...]) -> Store:
    """One value to one place of the tuple `name`."""

    def store(draft: Draft, rest: list[str]) -> Outcome:
        old = list(draft.values.get(name, blank))
        old[place] = parse(draft, rest[0])
        draft.values[name] = tuple(old)
        return Outcome(1)

    return store


def _several(names: tuple[str, ...], parse: Reader) -> Store:
    """One value to several fields."""

    def store(draft: Draft, rest: list[str]) -> Outcome:
        draft.values.update(dict.fromkeys(names, parse(draft, rest[0])))
        return Outcome(1)

    return store


def _vector(name: str) -> Store:
    """Three numbers to `name`; selects the CUSTOM convention."""

    def store(draft: Draft, rest: list[str]) -> Outcome:
        draft.values[name] = tuple(draft.finite(word) for word in rest[:3])
        draft.values["convention"] = "CUSTOM"
        return Outcome(3)

    return store


def _cells(draft: Draft, rest: list[str]) -> Outcome:
    draft.values["N"] = (draft.count(rest[0]),) * 3
    return Outcome(1)


def _cell(draft: Draft, rest: list[str]) -> Outcome:
    """Up to six numbers, until the arguments run out or the next one begins with a dash."""
    cell = list(draft.values.get("cell", (0.0,) * 6))
    taken = 0
    for word in rest[:6]:
        if word.startswith("-"):
            break
        cell[taken] = draft.finite(word)
        taken += 1
    draft.values.update(cell=tuple(cell), user_cell=True)
    return Outcome(taken)


def _misset(draft: Draft, rest: list[str]) -> Outcome:
    """The word random (any that contains "rand"), or three angles."""
    if "rand" in rest[0]:
        draft.values.update(misset_random=True, misset_deg=None)
        return Outcome(1, stop=True)
    if len(rest) < 3:
        draft.warn("-misset needs three angles, or the word random, and is ignored")
        return Outcome(0)
    draft.values.update(misset_random=False, misset_deg=tuple(draft.finite(word) for word in rest[:3]))
    return Outcome(3)


def _samplesize(draft: Draft, rest: list[str]) -> Outcome:
    draft.values["sample_mm"] = (draft.finite(rest[0]),) * 3
    return Outcome(1)


def _pivot(draft: Draft, rest: list[str]) -> Outcome:
    named = [pivot for word, pivot in (("sample", "SAMPLE"), ("beam", "BEAM")) if word in rest[0]]
    if named:
        draft.values.update(pivot=named[-1], pivot_given=True)
    else:
        draft.warn(f"{draft.word}: {rest[0]!r} is neither sample nor beam and is ignored")
    return Outcome(1)


def _attenuation(draft: Draft, rest: list[str]) -> Outcome:
    """Attenuation depth in µm; infinite or 0 switches absorption off."""
    depth = draft.number(rest[0])
    if "inf" in rest[0] or depth == 0:
        draft.values.update(thickness_um=0.0, mu_per_m=0.0)
    else:
        draft.values["mu_per_m"] = 1.0 / (depth * 1e-6)
    return Outcome(1)


def _energy(draft: Draft, rest: list[str]) -> Outcome:
    """Photon energy in eV to a wavelength in Å: hc = 12398.42 eV Å."""
    energy = draft.finite(rest[0])
    draft.values["wavelength_A"] = 12398.42 / energy if energy != 0 else 0.0
    return Outcome(1)


def _roi(draft: Draft, rest: list[str]) -> Outcome:
    draft.values["roi"] = tuple(draft.count(word) for word in rest[:4])
    return Outcome(4)


def _pair(name: str) -> Store:
    def store(draft: Draft, rest: list[str]) -> Outcome:
        draft.values[name] = (draft.count(rest[0]), draft.count(rest[1]))
        return Outcome(2)

    return store


def _ignored(taken: int) -> Store:
    return lambda draft, rest: Outcome(taken)


_ONE = (1, 1, 1)
_ZERO = (0.0, 0.0, 0.0)


def _axes() -> list[Option]:
    """The options that fix an axis of the custom frame."""
    names = {
        "-fdet_vector": "fdet",
        "-sdet_vector": "sdet",
        "-odet_vector": "odet",
        "-beam_vector": "beam",
        "-polar_vector": "polar",
        "-spindle_axis": "spindle",
        "-twotheta_axis": "twotheta_axis",
        "-pix0_vector": "pix0_m",
    }
    return [Option((text,), 3, _vector(name)) for text, name in names.items()]


def _conventions() -> list[Option]:
    pivots = {"mosflm": "BEAM", "xds": "SAMPLE", "adxv": "BEAM", "denzo": "BEAM", "dials": "BEAM"}
    return [Option((f"-{name}",), 0, _set(convention=name.upper(), pivot=pivot)) for name, pivot in pivots.items()]


def _crystal() -> list[Option]:
    return [
        Option(("-Na",), 1, _entry("N", 0, Draft.count, _ONE), stop=True),
        Option(("-Nb",), 1, _entry("N", 1, Draft.count, _ONE), stop=True),
        Option(("-Nc",), 1, _entry("N", 2, Draft.count, _ONE), stop=True),
        Option(("-N",), 1, _cells, exact=True, stop=True),
        Option(("-cell",), 1, _cell),
        Option(("-misset",), 1, _misset, exact=True, build="=G"),
        Option(("-samplesize", "-sample_size", "-xtalsize", "-xtal_size"), 1, _samplesize),
        Option(
            ("-sample_thick", "-sample_x", "-xtal_thick", "-xtal_x"),
            1,
            _entry("sample_mm", 0, Draft.finite, _ZERO),
        ),
        Option(
            ("-sample_width", "-sample_y", "-width", "-xtal_width", "-xtal_y"),
            1,
            _entry("sample_mm", 1, Draft.finite, _ZERO),
        ),
        Option(
            ("-sample_heigh", "-sample_z", "-heigh", "-xtal_heigh", "-xtal_z"),
            1,
            _entry("sample_mm", 2, Draft.finite, _ZERO),
            continues=True,
        ),
        Option(("-density", "-sample_den"), 1, _ignored(1), continues=True),
        Option(("-MW",), 1, _ignored(1), exact=True),
        Option(("-molec",), 1, _ignored(1), continues=True),
    ]


def _detector() -> list[Option]:
    return [
        Option(("-Xbeam",), 1, _number("Xbeam_mm", pivot="BEAM")),
        Option(("-Ybeam",), 1, _number("Ybeam_mm", pivot="BEAM")),
        Option(("-Xclose",), 1, _number("Xclose_mm", pivot="SAMPLE")),
        Option(("-Yclose",), 1, _number("Yclose_mm", pivot="SAMPLE")),
        Option(("-ORGX",), 1, _number("ORGX_px", pivot="SAMPLE")),
        Option(("-ORGY",), 1, _number("ORGY_px", pivot="SAMPLE")),
        Option(("-pivot",), 1, _pivot),
        *_conventions(),
        *_axes(),
        Option(("-distance",), 1, _number("distance_mm", pivot="BEAM")),
        Option(("-close_distance",), 1, _number("close_distance_mm", pivot="SAMPLE")),
        Option(("-detector_abs",), 0, _attenuation, crashes=True),
        Option(("-detector_thick",), 0, _number("thickness_um"), length=15, crashes=True),
        Option(("-detector_thicksteps", "-thicksteps"), 0, _integer("thicksteps"), crashes=True),
        Option(("-twotheta",), 1, _number("twotheta_deg", pivot="SAMPLE")),
        *(
            Option((f"-detector_rot{axis}",), 1, _entry("rotations_deg", n, Draft.finite, _ZERO))
            for n, axis in enumerate("xyz")
        ),
        Option(("-detsize",), 1, _several(("fsize_mm", "ssize_mm"), Draft.finite), length=8),
        Option(("-detsize_f",), 1, _number("fsize_mm")),
        Option(("-detsize_s",), 1, _number("ssize_mm")),
        Option(("-detpixels",), 1, _several(("fpixels", "spixels"), Draft.count), length=10),
        Option(("-detpixels_f", "-detpixels_x"), 1, _integer("fpixels")),
        Option(("-detpixels_s", "-detpixels_y"), 1, _integer("spixels")),
        Option(("-curved_det",), 1, _set(curved=True)),
        Option(("-pixel",), 1, _number("pixel_mm")),
        Option(("-point_pixel",), 0, _set(point_pixel=True)),
    ]


def _beam() -> list[Option]:
    return [
        Option(("-polar",), 1, _number("kahn", nopolar=False), length=6),
        Option(("-nopolar",), 0, _set(nopolar=True)),
        Option(("-oversample_thick",), 0, _set(oversample_thick=True), stop=True),
        Option(("-oversample_polar",), 0, _set(oversample_polar=True), stop=True),
        Option(("-oversample_omega",), 0, _set(oversample_omega=True), stop=True),
        Option(("-oversample",), 1, _integer("oversample")),
        Option(("-roi",), 4, _roi),
        Option(("-lambda", "-wave"), 1, _number("wavelength_A"), continues=True),
        Option(("-energy",), 1, _energy),
        Option(("-fluence",), 1, _number("fluence_per_m2")),
        Option(("-flux",), 1, _number("flux_per_s")),
        Option(("-exposure",), 1, _number("exposure_s")),
        Option(("-beamsize",), 1, _number("beamsize_mm")),
        Option(("-mosaic",), 1, _number("mosaic_spread_deg"), length=7),
        Option(("-mosaici", "-mosaic_spr"), 1, _number("mosaic_spread_deg"), continues=True),
        Option(("-mosaic_dom",), 1, _integer("mosaic_domains"), continues=True),
        Option(("-dispersion",), 1, _number("dispersion_percent")),
        Option(("-dispsteps",), 1, _integer("dispersion_steps")),
        Option(("-divergence",), 1, _several(("hdivrange_mrad", "vdivrange_mrad"), Draft.finite)),
        Option(("-hdivrange",), 1, _number("hdivrange_mrad")),
        Option(("-vdivrange",), 1, _number("vdivrange_mrad")),
        Option(("-hdivstep",), 1, _number("hdivstep_mrad"), length=9),
        Option(("-hdivsteps",), 1, _integer("hdivsteps")),
        Option(("-vdivstep",), 1, _number("vdivstep_mrad"), length=9),
        Option(("-vdivsteps",), 1, _integer("vdivsteps")),
        Option(("-divsteps",), 1, _several(("hdivsteps", "vdivsteps"), Draft.count)),
        Option(("-round_div",), 0, _set(round_div=True)),
        Option(("-square_div",), 0, _set(round_div=False)),
        Option(("-adc",), 1, _number("adc")),
        Option(("-phi",), 1, _number("phi_deg"), length=4),
        Option(("-osc",), 1, _number("osc_deg")),
        Option(("-phistep",), 1, _number("phistep_deg"), length=8),
        Option(("-phisteps",), 1, _integer("phisteps")),
        Option(("-dmin",), 1, _number("dmin_A")),
        Option(("-mat",), 1, _word("matrix_file")),
        Option(("-hkl",), 1, _word("hkl_file")),
        Option(("-default_F",), 1, _number("default_F")),
        Option(("-img",), 1, _ignored(1)),
        Option(("-mask",), 1, _ignored(1)),
        Option(("-stolout",), 1, _ignored(1), longer=7),
        Option(("-stol",), 1, _word("stol_file"), length=5),
        Option(("-4stol",), 1, _word("stol_file"), length=6),
        Option(("-Q",), 1, _word("stol_file"), length=2),
        Option(("-sourcefile",), 1, _word("sourcefile")),
        Option(("-dump",), 1, _word("cache_file"), build="U"),
    ]


def _outputs() -> list[Option]:
    return [
        Option(("-floatfile", "-floatimage"), 1, _word("floatfile")),
        Option(("-intfile", "-intimage"), 1, _word("intfile")),
        Option(("-pgmfile", "-pgmimage"), 1, _word("pgmfile", pgm=True)),
        Option(("-noisefile", "-noiseimage"), 1, _word("noisefile", noise=True)),
        Option(("-nonoise",), 0, _set(noise=False)),
        Option(("-nopgm",), 0, _set(pgm=False)),
        Option(("-scale",), 1, _number("scale")),
        Option(("-pgmscale",), 1, _number("pgmscale", pgm=True)),
        Option(("-coherent",), 0, _ignored(0)),
        Option(("-printout",), 0, _set(printout=True)),
        Option(("-noprogress",), 0, _set(progress=False)),
        Option(("-progress",), 0, _set(progress=True)),
        Option(("-interpolate",), 0, _set(interpolate=True)),
        Option(("-nointerpolate",), 0, _set(interpolate=False)),
        Option(("-round_xtal",), 0, _set(shape="ROUND")),
        Option(("-square_xtal",), 0, _set(shape="SQUARE")),
        Option(("-gauss_xtal",), 0, _set(shape="GAUSS")),
        Option(("-binary_spots", "-tophat_spots"), 0, _set(shape="TOPHAT")),
        Option(("-fudge",), 1, _number("fudge")),
        Option(("-printout_pixel",), 2, _pair("printout_pixel")),
        Option(("-trace_pixel",), 2, _pair("trace_pixel"), build="G"),
        Option(("-seed",), 1, _read("seed", Draft.integer)),
        Option(("-mosaic_seed",), 1, _read("mosaic_seed", Draft.integer)),
        Option(("-misset_seed",), 1, _read("misset_seed", Draft.integer)),
        Option(("-water",), 1, _number("water_um")),
    ]


TABLE: tuple[Option, ...] = (*_crystal(), *_detector(), *_beam(), *_outputs())
"""Every option, in the order in which one argument is tested against them."""
