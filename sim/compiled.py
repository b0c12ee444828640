"""The kernel compiled: `scatter` itself, exported and written as one C loop nest (`loops.py`), kept on disk.

A built kernel serves every experiment with the same `Statics`: cell, detector, sources, phi and mosaic angles,
image size and the number of orientations are its inputs. Building one takes a second or two; a fresh process
loads it in a millisecond. There is no second copy of the physics here.

Where the float32 kernel is made of correctly rounded operations alone (`exact`), compiled and eager agree bit
for bit, so a trace, which is always computed eagerly, is the image's pixel. Elsewhere (shapes with a library's
sine or exponential) a traced run computes its image eagerly.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import platform
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..tracer.errors import FirstbadError
from ..tracer.tap import listening
from .reference import cache_dir, compiler
from .scatter import Plan, scatter
from .scene import Fields, Scene, Statics
from .simulate import Run, State, run, spots_of
from .structure import Grid
from .vec import Vec

_SAMPLES = 1 << 19
"""Samples that one call of the kernel computes: some milliseconds, so that threads end together."""
_UNROLLED = 32
"""Layers × subpixels × sources, which are unrolled in the kernel; more would take long to build."""
_PAYS = 1 << 22
"""Samples from which a kernel that is already built is worth loading."""
_BUILDS = 20_000_000
"""Samples from which building one is worth it."""
_FLAGS = (
    *("-std=c99", "-O3", "-march=native", "-shared", "-fPIC", "-fopenmp-simd"),
    *("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"),
)
"""Every operation rounds on its own, as in torch: no fused multiply-add, no reordering."""
_WIDE = ("-mprefer-vector-width=512",)
_BUILD_SECONDS = 300.0
Warn = Callable[[str], None]


def exact(s: Statics) -> bool:
    """Whether eager and compiled float32 give the same bits: no library function on the way."""
    return s.shape == "SQUARE" and s.thickness == 0 and not s.curved


def unfit(scene: Scene) -> str | None:
    """Why this scene cannot run compiled; None if it can."""
    s, x = scene.statics, scene.fields.pix0.x
    reasons = {
        "only float32 on the cpu is compiled": x.dtype != torch.float32 or x.device.type != "cpu",
        "gradients are computed eagerly": torch.is_grad_enabled() and any(t.requires_grad for t in _tensors(scene)),
        "a recorder listens": listening(),
        "interpolation is computed eagerly": s.interpolate,
        "the -oversample_ switches are computed eagerly": s.oversample_thick
        or s.oversample_polar
        or s.oversample_omega,
        "the kernel without cached factors is computed eagerly": not s.quirks.cached_factors,
        "which sweep comes first depends on dmin": s.first_sweep_differs and s.dmin > 0,
        "a region of interest or a mask is computed eagerly": spots_of(scene).index is not None,
        "the indices need more than 32 bits": _largest(scene) >= 1 << 31,
        "there are too many layers, subpixels and sources": s.layers * s.oversample**2 * s.sources > _UNROLLED,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _largest(scene: Scene) -> int:
    """The largest whole number that the kernel handles: subpixels along an edge, or stored amplitudes."""
    grid = scene.fields.grid
    return max(max(scene.shape) * scene.statics.oversample, 0 if grid is None else grid.values.numel())


def image_run(scene: Scene, engine: str, *, traced: bool = False, warn: Warn | None = None, **eager: Any) -> Run:
    """`simulate.run` by the engine that `engine` (eager, compiled, auto) and the scene call for.

    `warn` is called with one sentence where "compiled" was asked for and cannot be had. Other arguments go
    to the eager run. "auto" never changes a float64 image.
    """
    tell = warn or (lambda _: None)
    if engine == "eager":
        return run(scene, **eager)
    reason = unfit(scene)
    samples = scene.shape[0] * scene.shape[1] * max(1, scene.statics.steps)
    pays = engine == "compiled" or samples >= _PAYS
    if traced and not exact(scene.statics):
        if reason is None and pays:
            tell("a traced image is computed eagerly: without the trace it is compiled, and its last bits may differ")
        return run(scene, **eager)
    if reason is not None or not pays:
        if engine == "compiled":
            tell(f"--engine compiled: {reason}; the image is computed eagerly")
        return run(scene, **eager)
    try:
        kernel = built(scene, build=engine == "compiled" or samples >= _BUILDS)
    except (RuntimeError, OSError, ImportError, AttributeError, FirstbadError) as error:
        text = error.message if isinstance(error, FirstbadError) else str(error)
        first = (text.strip() or type(error).__name__).splitlines()[0]
        tell(f"the kernel cannot be compiled here ({first}); the image is computed eagerly")
        return run(scene, **eager)
    return run(scene, **eager) if kernel is None else compiled_run(scene, kernel)


@torch.no_grad()
def compiled_run(scene: Scene, kernel: Any) -> Run:
    """The image by a loaded kernel, blocks of rows side by side on as many threads as torch has."""
    slow, fast = scene.shape
    unused, steps = torch.zeros(0), torch.tensor(float(scene.statics.steps), dtype=torch.float64)
    tensors = [t.contiguous() for t in (unused, unused, steps, *_tensors(scene))]
    addresses = (ctypes.c_void_p * len(tensors))(*(t.data_ptr() for t in tensors))
    image, count = np.empty(scene.shape, np.float32), scene.statics.orientations  # numpy asks for huge pages
    height = max(1, _SAMPLES // max(1, fast * count))

    def block(first: int) -> float:
        rows, omega = min(height, slow - first), ctypes.c_double()
        place = ctypes.c_void_p(image.ctypes.data + image.strides[0] * first)
        kernel(*(ctypes.c_long(n) for n in (first, rows, fast, count)), addresses, place, ctypes.byref(omega))
        return omega.value

    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        omega = sum(threads.map(block, range(0, slow, height)))
    state = State(interpolating=False)
    result = Run(scene, torch.from_numpy(image), slow * fast, omega, state)
    if scene.statics.first_sweep_differs and slow * fast:
        state.first_pixel = state.first_sweep = 0
        zero = torch.zeros(1, dtype=torch.int64)
        result.image[0, 0] = scatter(scene, zero, zero, state.plan(0)).value[0]
    return result


def built(scene: Scene, *, build: bool = True) -> Any:
    """The loaded kernel of a scene, built if need be; None if it is not there and `build` is off.

    Several processes may ask at once: one builds, the others wait for it. FirstbadError where there is no C
    compiler; RuntimeError or OSError where the build or the loading fails.
    """
    path = kernel_path(scene)
    if not path.is_file():
        if not build:
            return None
        with _locked(path.with_suffix(".lock")):
            if not path.is_file():
                _build(scene, path)
    kernel = ctypes.CDLL(str(path)).kernel
    kernel.restype = None
    return kernel


def kernel_path(scene: Scene) -> Path:
    """Where the kernel of a scene is kept: keyed by statics, sources, torch and processor."""
    grid = scene.fields.grid
    parts = [
        repr(_general(scene)),
        repr(None if grid is None else (grid.low, grid.high)),
        repr([t.dim() for t in _tensors(scene)]),
        torch.__version__,
        _flags(),
    ]
    digest = hashlib.sha256("\0".join(parts).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        if source.stem in _SOURCES:
            digest.update(source.read_bytes())
    return cache_dir() / "kernels" / f"scatter-{digest.hexdigest()[:24]}.so"


_SOURCES = frozenset(
    {"absorption", "compiled", "loops", "polarization", "scatter", "shape", "structure", "taps", "vec"}
)


def _flags() -> str:
    """The processor's features: a cache shared between machines must not hand out the wrong kernel."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return os.uname().machine
    return "\n".join(sorted({line for line in lines if line.startswith(("flags", "Features"))}))


def _general(scene: Scene) -> Statics:
    """The statics without what the kernel takes as input: steps, and the number of orientations."""
    return replace(scene.statics, steps=0, phi_steps=1, domains=1, first_sweep_differs=False)


def _tensors(scene: Scene) -> list[Tensor]:
    """All tensors of the fields, in a fixed order."""

    def found(value: Any) -> Iterator[Tensor]:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, Grid):
            yield value.values
        elif isinstance(value, tuple):
            for part in value:
                yield from found(part)

    return [t for field in fields(Fields) for t in found(getattr(scene.fields, field.name))]


def _with(scene: Scene, tensors: list[Tensor]) -> Fields:
    """The fields of `scene` with its tensors replaced, in the order of `_tensors`."""
    rest = iter(tensors)

    def put(value: Any) -> Any:
        if isinstance(value, Tensor):
            return next(rest)
        if isinstance(value, Vec):
            return Vec(*(put(part) for part in value))
        if isinstance(value, tuple):
            return tuple(put(part) for part in value)
        return replace(value, values=next(rest)) if isinstance(value, Grid) else value

    return Fields(**{field.name: put(getattr(scene.fields, field.name)) for field in fields(Fields)})


def _exported(scene: Scene) -> Any:
    """`scatter` as a graph, for a line of pixels and an example number of orientations."""
    from torch.export import export

    from .loops import ORIENTATIONS, PIXELS

    class Module(torch.nn.Module):
        def forward(self, slow: Tensor, fast: Tensor, steps: Tensor, tensors: list[Tensor]) -> Any:
            statics: Any = replace(_general(scene), steps=steps)  # type: ignore[arg-type]
            outcome = scatter(
                replace(scene, statics=statics, fields=_with(scene, tensors)), slow, fast, Plan(fused=True)
            )
            return outcome.value, outcome.omega_sum

    vectors = scene.fields
    per_orientation = {id(t) for v in (vectors.a, vectors.b, vectors.c) for t in v}
    tensors = [t.new_zeros(ORIENTATIONS) if id(t) in per_orientation else t for t in _tensors(scene)]
    index, steps = torch.arange(PIXELS), torch.tensor(1.0, dtype=torch.float64)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        return export(Module(), (index, index.clone(), steps, tensors))


def _build(scene: Scene, path: Path) -> None:
    """Export and compile, beside the target, then move the library there in one step."""
    command = compiler()
    from .loops import c_source

    source = c_source(_exported(scene))
    wide = _WIDE if platform.machine() in ("x86_64", "AMD64") else ()
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        text, library = Path(folder) / "kernel.c", Path(folder) / "kernel.so"
        text.write_text(source)
        words = [*command, *_FLAGS, *wide, "-o", str(library), str(text), "-lm"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False)
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if "error" in line] or [f"status {done.returncode}"]
            raise RuntimeError(f"{command[0]}: {lines[0].strip()}")
        library.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; it ends with the process that holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
