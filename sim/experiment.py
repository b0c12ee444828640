"""One experiment as the command line describes it: what was given, in the units it was given in.

`None` means never given; what follows from the rest is worked out by `scene.resolve`, in torch, so that
gradients reach the values here. All classes are frozen; tuples, not lists.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..tracer.errors import FirstbadError

Three = tuple[float, float, float]

DEFAULT_FLUENCE = 125932015286227086360700780544.0
"""Photons per m²; times r_e² it is exactly 1.0, so that default images are in F² steradian."""
CONVENTIONS = ("MOSFLM", "XDS", "ADXV", "DENZO", "DIALS", "CUSTOM")
SHAPES = ("SQUARE", "ROUND", "GAUSS", "TOPHAT")


def _require(condition: bool, message: str, remedy: str) -> None:
    if not condition:
        raise FirstbadError(message, remedy=remedy, slug="impossible-experiment")


@dataclass(frozen=True, slots=True)
class Beam:
    """Incident beam: wavelength in Å, fluence in photons/m², divergence in mrad, dispersion in percent."""

    wavelength_A: float = 1.0
    fluence_per_m2: float = DEFAULT_FLUENCE
    flux_per_s: float = 0.0
    exposure_s: float = 1.0
    beamsize_mm: float = 0.1
    kahn: float = 0.0
    nopolar: bool = False
    dispersion_percent: float = 0.0
    dispersion_steps: int | None = None
    hdivrange_mrad: float | None = None
    vdivrange_mrad: float | None = None
    hdivstep_mrad: float | None = None
    vdivstep_mrad: float | None = None
    hdivsteps: int | None = None
    vdivsteps: int | None = None
    round_div: bool = True
    sourcefile: str | None = None

    def __post_init__(self) -> None:
        _require(self.wavelength_A != 0, "the wavelength is 0", "Give -lambda in Å, or -energy in eV.")


@dataclass(frozen=True, slots=True)
class Crystal:
    """Unit cell (Å, degrees), orientation (degrees), size (cells, or mm), structure factors and shape."""

    cell: tuple[float, ...] = (0.0,) * 6
    user_cell: bool = False
    matrix_file: str | None = None
    misset_deg: Three | None = None
    misset_random: bool = False
    misset_seed: int | None = None
    N: tuple[int, int, int] = (1, 1, 1)
    sample_mm: Three = (0.0, 0.0, 0.0)
    mosaic_spread_deg: float | None = None
    mosaic_domains: int | None = None
    mosaic_seed: int = 12345678
    shape: str = "SQUARE"
    fudge: float = 1.0
    phi_deg: float = 0.0
    osc_deg: float | None = None
    phistep_deg: float | None = None
    phisteps: int | None = None
    hkl_file: str | None = None
    cache_file: str = "Fdump.bin"
    default_F: float = 0.0
    interpolate: bool | None = None
    stol_file: str | None = None

    def __post_init__(self) -> None:
        _require(self.shape in SHAPES, f"no crystal shape is called {self.shape}", f"Use {SHAPES}.")


@dataclass(frozen=True, slots=True)
class Detector:
    """Detector: lengths in mm, thickness in µm, absorption in 1/m, angles in degrees, counts in pixels."""

    convention: str = "MOSFLM"
    pivot: str = "BEAM"
    pivot_given: bool = False
    distance_mm: float | None = None
    close_distance_mm: float | None = None
    pixel_mm: float = 0.1
    fpixels: int | None = None
    spixels: int | None = None
    fsize_mm: float = 102.4
    ssize_mm: float = 102.4
    Xbeam_mm: float | None = None
    Ybeam_mm: float | None = None
    Xclose_mm: float | None = None
    Yclose_mm: float | None = None
    ORGX_px: float | None = None
    ORGY_px: float | None = None
    rotations_deg: Three = (0.0, 0.0, 0.0)
    twotheta_deg: float = 0.0
    fdet: Three = (0.0, 0.0, 1.0)
    sdet: Three = (0.0, -1.0, 0.0)
    odet: Three = (1.0, 0.0, 0.0)
    beam: Three = (1.0, 0.0, 0.0)
    polar: Three = (0.0, 0.0, 1.0)
    spindle: Three = (0.0, 0.0, 1.0)
    twotheta_axis: Three = (0.0, 1.0, 0.0)
    pix0_m: Three | None = None
    thickness_um: float = 0.0
    mu_per_m: float | None = None
    thicksteps: int | None = None
    curved: bool = False
    point_pixel: bool = False
    roi: tuple[int, int, int, int] = (-1, -1, -1, -1)
    mask_file: str | None = None

    def __post_init__(self) -> None:
        _require(self.pixel_mm > 0, f"the pixel size is {self.pixel_mm:g} mm", "Give -pixel a positive mm.")
        _require(self.convention in CONVENTIONS, f"no convention is called {self.convention}", "See docs.")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How finely the pixel is sampled, what is culled (dmin in Å) and which water is added (µm)."""

    oversample: int | None = None
    oversample_thick: bool = False
    oversample_polar: bool = False
    oversample_omega: bool = False
    dmin_A: float = 0.0
    water_um: float = 0.0


@dataclass(frozen=True, slots=True)
class Output:
    """Files, scales and what is printed. `trace_pixel` is (slow, fast), `printout_pixel` (fast, slow).

    `header_files` are the images whose headers were read, `headerless` those of them that have none.
    """

    floatfile: str = "floatimage.bin"
    intfile: str = "intimage.img"
    pgmfile: str = "image.pgm"
    noisefile: str = "noiseimage.img"
    pgm: bool = True
    noise: bool = True
    scale: float = 0.0
    pgmscale: float = 0.0
    adc: float = 40.0
    seed: int | None = None
    header_files: tuple[str, ...] = ()
    headerless: tuple[str, ...] = ()
    trace_pixel: tuple[int, int] | None = None
    printout: bool = False
    printout_pixel: tuple[int, int] | None = None
    progress: bool = True


@dataclass(frozen=True, slots=True)
class Experiment:
    """Everything one run needs. `argv` keeps the arguments it came from; files are looked up in `folder`."""

    beam: Beam = field(default_factory=Beam)
    crystal: Crystal = field(default_factory=Crystal)
    detector: Detector = field(default_factory=Detector)
    sampling: Sampling = field(default_factory=Sampling)
    output: Output = field(default_factory=Output)
    folder: str = "."
    argv: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
