"""The kernel compiled: `scatter` itself, exported once and built by torch's C++ back end, kept on disk.

A built kernel serves every experiment with the same `Statics`: cell, detector, sources, phi and mosaic angles,
image size and the number of orientations are its inputs. A fresh process loads it without the compiler's
Python side. There is no second copy of the physics here.

Where the float32 kernel is made of correctly rounded operations alone (`exact`), compiled and eager agree bit
for bit, so a trace, which is always computed eagerly, is the image's pixel. Elsewhere (shapes with a library's
sine or exponential) a traced run computes its image eagerly.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..tracer.tap import listening
from .reference import cache_dir
from .scatter import Plan, scatter
from .scene import Fields, Scene, Statics
from .simulate import Run, State, run, spots_of
from .structure import Grid
from .vec import Vec

ROWS_BYTES = 1 << 18
"""Bytes of one float32 plane of a block of rows: a few such planes stay in the second-level cache."""
_UNROLLED = 32
"""Layers × subpixels × sources, which are unrolled in the kernel; more would take minutes to build."""
_PAYS = 1 << 22
"""Samples from which a kernel that is already built is worth loading."""
_BUILDS = 100_000_000
"""Samples from which building one is worth it."""
_ORDERED = 4096
"""Orientations up to which the fused sum runs strictly from the first to the last."""
Warn = Callable[[str], None]


def exact(s: Statics) -> bool:
    """Whether eager and compiled float32 give the same bits: no library function on the way."""
    return s.shape == "SQUARE" and s.thickness == 0 and not s.curved and s.orientations <= _ORDERED


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
        "the image is a single line": min(scene.shape) < 2,
        "there are too many layers, subpixels and sources": s.layers * s.oversample**2 * s.sources > _UNROLLED,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def image_run(scene: Scene, engine: str, *, traced: bool = False, warn: Warn | None = None, **eager: Any) -> Run:
    """`simulate.run` by the engine that `engine` (eager, compiled, auto) and the scene call for.

    `warn` is called with one sentence where "compiled" was asked for and cannot be had. Other arguments go
    to the eager run. "auto" never changes a float64 image.
    """
    tell = warn or (lambda _: None)
    if engine == "eager" or (traced and not exact(scene.statics)):
        return run(scene, **eager)
    reason = unfit(scene)
    samples = scene.shape[0] * scene.shape[1] * max(1, scene.statics.steps)
    if reason is not None or (engine == "auto" and samples < _PAYS):
        if engine == "compiled":
            tell(f"--engine compiled: {reason}; the image is computed eagerly")
        return run(scene, **eager)
    try:
        kernel = built(scene, build=engine == "compiled" or samples >= _BUILDS)
    except (RuntimeError, OSError, ImportError, AttributeError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        tell(f"the kernel cannot be compiled here ({first}); the image is computed eagerly")
        return run(scene, **eager)
    return run(scene, **eager) if kernel is None else compiled_run(scene, kernel)


@torch.no_grad()
def compiled_run(scene: Scene, kernel: Any) -> Run:
    """The image by a loaded kernel, block of rows by block of rows; the last block may overlap its neighbour."""
    slow, fast = scene.shape
    height = min(slow, max(2, ROWS_BYTES // (4 * fast)))
    cols = torch.arange(fast)
    inputs = [cols, torch.tensor(float(scene.statics.steps), dtype=torch.float64), *_tensors(scene)]
    image, omega = torch.empty(scene.shape), torch.empty(slow)
    threads = torch.get_num_threads()

    def blocks() -> None:
        torch.set_num_threads(threads)
        with torch.no_grad():
            for start in range(0, slow, height):
                first = min(start, slow - height)
                image[first : first + height], omega[first : first + height] = kernel.boxed_run(
                    [torch.arange(first, first + height), *inputs]
                )

    # Not on the main thread: where its stack happens to lie makes the kernel 2.5 times slower in most processes.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(blocks).result()
    state = State(interpolating=False)
    if scene.statics.first_sweep_differs:
        state.first_pixel = state.first_sweep = 0
        zero = torch.zeros(1, dtype=torch.int64)
        image[0, 0] = scatter(scene, zero, zero, state.plan(0)).value[0]
    return Run(scene, image, slow * fast, float(omega.double().sum()), state)


def built(scene: Scene, *, build: bool = True) -> Any:
    """The loaded kernel of a scene, built if need be; None if it is not there and `build` is off.

    Several processes may ask at once: one builds, the others wait for it. RuntimeError or OSError where there
    is no C++ compiler or the build fails.
    """
    path = kernel_path(scene)
    if not path.is_file():
        if not build:
            return None
        with _locked(path.with_suffix(".lock")):
            if not path.is_file():
                _build(scene, path)
    return torch._C._aoti.AOTIModelPackageLoader(str(path), "model", False, 1, -1)  # type: ignore[attr-defined]


def kernel_path(scene: Scene) -> Path:
    """Where the kernel of a scene is kept: keyed by statics, sources, torch and processor."""
    grid = scene.fields.grid
    parts = [
        repr(_general(scene)),
        repr(None if grid is None else (grid.low, grid.high)),
        repr([t.dim() for t in _tensors(scene)]),
        torch.__version__,
        torch.backends.cpu.get_cpu_capability(),
        _flags(),
    ]
    digest = hashlib.sha256("\0".join(parts).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        if source.stem in _SOURCES:
            digest.update(source.read_bytes())
    return cache_dir() / "kernels" / f"scatter-{digest.hexdigest()[:24]}.pt2"


_SOURCES = frozenset({"absorption", "compiled", "polarization", "scatter", "shape", "structure", "taps", "vec"})


def _flags() -> str:
    """The processor's features: a cache shared between machines must not hand out the wrong kernel."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return os.uname().machine
    return "\n".join(sorted({line for line in lines if line.startswith(("flags", "Features"))}))


def _general(scene: Scene) -> Statics:
    """The statics without what the kernel takes as input: steps, and the number of orientations beyond one."""
    s = scene.statics
    many = s.orientations > 1
    return replace(s, steps=0, phi_steps=2 if many else 1, domains=1, first_sweep_differs=False)


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


@dataclass
class _Rows:
    """The exported function: rows and columns to values, and the solid angles summed along each row."""

    scene: Scene

    def __call__(self, rows: Tensor, cols: Tensor, steps: Tensor, tensors: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Values of all pixels of `rows` × `cols`."""
        statics: Any = replace(_general(self.scene), steps=steps)  # type: ignore[arg-type]
        scene = replace(self.scene, statics=statics, fields=_with(self.scene, tensors))
        outcome = scatter(scene, rows.unsqueeze(1), cols.unsqueeze(0), Plan(fused=True))
        return outcome.value, outcome.omega_sum.sum(1)


def _build(scene: Scene, path: Path) -> None:
    """Export and compile, beside the target, then move the package there in one step."""
    if not any(shutil.which(name) for name in (os.environ.get("CXX", ""), "g++", "clang++") if name):
        raise RuntimeError("there is no C++ compiler")
    import torch._inductor as inductor
    from torch.export import Dim, export

    function = _Rows(scene)

    class Module(torch.nn.Module):
        def forward(self, rows: Tensor, cols: Tensor, steps: Tensor, tensors: list[Tensor]) -> Any:
            return function(rows, cols, steps, tensors)

    tensors = _tensors(scene)
    count = scene.statics.orientations
    many = Dim("orientations", min=2, max=1 << 24)
    vectors = scene.fields
    per_orientation = {id(t) for v in (vectors.a, vectors.b, vectors.c) for t in v} if count > 1 else set()
    shapes = [{0: many} if id(t) in per_orientation else {} for t in tensors]
    size = {0: Dim("rows", min=2, max=1 << 20)}, {0: Dim("cols", min=2, max=1 << 20)}
    examples = (torch.arange(16), torch.arange(48), torch.tensor(1.0, dtype=torch.float64), tensors)
    with warnings.catch_warnings(), torch.no_grad(), tempfile.TemporaryDirectory(dir=path.parent) as folder:
        warnings.simplefilter("ignore")
        program = export(Module(), examples, dynamic_shapes=(*size, {}, shapes))
        package = str(Path(folder) / "kernel.pt2")
        inductor.aoti_compile_and_package(program, package_path=package, inductor_configs={"cpp.dynamic_threads": True})
        Path(package).replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; it ends with the process that holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
