"""The simulator as a program: nanoBragg's arguments, its files in the working directory, its lines on stdout.

Options of our own have two dashes, match exactly and are taken out first:

    --dtype float32|float64   precision of the kernel (float64)
    --engine NAME             auto, eager or compiled (auto: large float32 images compiled; docs/speed.md)
    --device NAME             torch device (cpu)
    --digits N                significant digits of trace lines (17; the real program prints 15)
    --quirks nanobragg|none   reproduce the real program, or compute what the physics asks for
    --build G|U               options of the traced (default) or the upstream build of nanoBragg
    --phi-records             a TRACE_PY_PHI line for each phi step of the traced pixel
    --trace-steps             trace every source, phi step and mosaic domain of the pixel, not the first of each alone
    --tile N                  pixels computed at a time
    --threads N               torch threads (1 gives the order of a one-thread reference; results do not change)
    --progress                a progress bar on stderr even if that is no terminal

Exit status: 0; 9 where the real program detects the same error; 2 for what only we detect.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..tracer.errors import FirstbadError
from .flags import parse
from .numbers import g

_VALUES = ("--dtype", "--engine", "--device", "--digits", "--quirks", "--build", "--tile", "--threads")
_SWITCHES = ("--phi-records", "--trace-steps", "--progress", "--help")
_STATUS_9 = frozenset(
    {"no-structure-factors", "no-cell", "no-sources", "empty-stol", "unreadable-file", "bad-cache", "no-gemmi"}
)
_PIPE_CLOSED = 141  # as a shell says it of a C program
_LONG = 20_000_000
"""Samples above which a run shows its progress on a terminal."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Our own options."""

    dtype: str = "float64"
    engine: str = "auto"
    device: str = "cpu"
    digits: int = 17
    quirks: str = "nanobragg"
    build: str = "G"
    tile: int = 1 << 14
    threads: int | None = None
    phi_records: bool = False
    trace_steps: bool = False
    progress: bool = False
    help: bool = False


def main(argv: Sequence[str]) -> int:
    """Run the simulator with `argv` (without the program's name); files go to the working directory."""
    try:
        settings, rest = own_options(argv)
        if settings.help or not rest:
            print(__doc__)
            return 0 if settings.help else 9
        _simulate(settings, rest)
    except FirstbadError as error:
        print(f"error: {error}", file=sys.stderr)
        return 9 if error.slug in _STATUS_9 else 2
    except BrokenPipeError:  # who read our output has gone, as `head` does; files stay as they are
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    return 0


def own_options(argv: Sequence[str]) -> tuple[Settings, list[str]]:
    """Take our two-dash options out of `argv`; FirstbadError for one without a usable value."""
    found: dict[str, Any] = {}
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if word in _SWITCHES:
            found[word[2:].replace("-", "_")] = True
        elif name in _VALUES:
            found[name[2:]] = _value(name, value if equals else next(words, ""))
        else:
            rest.append(word)
    return Settings(**found), rest


def _value(name: str, text: str) -> Any:
    """The value of one of our options, checked."""
    choices = {
        "--dtype": ("float32", "float64"),
        "--engine": ("auto", "eager", "compiled"),
        "--build": ("G", "U"),
    }
    if name in choices and text not in choices[name]:
        raise FirstbadError(
            f"{name} is {text or 'missing'!r}", remedy=f"Say {' or '.join(choices[name])}.", slug="bad-option"
        )
    if name in ("--digits", "--tile", "--threads"):
        if not text.isdecimal() or int(text) < 1:
            raise FirstbadError(f"{name} is {text or 'missing'!r}", remedy="Give a number above 0.", slug="bad-option")
        if name == "--digits" and int(text) > 17:
            raise FirstbadError(f"--digits is {text}", remedy="17 digits hold every number exactly.", slug="bad-option")
        return int(text)
    if not text:
        raise FirstbadError(f"{name} has no value", remedy="Put one behind it.", slug="bad-option")
    return text


def _simulate(settings: Settings, argv: list[str]) -> None:
    from .quirks import named

    quirks = named(settings.quirks)
    experiment = parse(argv, quirks=quirks, build=settings.build, warn=_warn)
    with _kept_for_good():
        import torch

        from .resolve import resolve

    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    scene = resolve(experiment, quirks=quirks)
    _Session(settings, scene).run()


@contextmanager
def _kept_for_good() -> Iterator[None]:
    """The first import of torch, without a search for garbage then or at the end: half a second of a short run."""
    import gc

    first = "torch" not in sys.modules and gc.isenabled()
    if first:
        gc.disable()
    try:
        yield
    finally:
        if first:
            gc.freeze()
            gc.enable()


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)


def _unused(amplitudes: Any, hkl_file: str | None, cache: Path) -> str:
    """What to say about structure factors that a file promises and that were not used."""
    if hkl_file is None:
        return (
            f"{cache} is shorter than its header says; the rest is 0 (a cut file, or data that begin with white space)"
        )
    return (
        f"{hkl_file}: only the first {amplitudes.count - amplitudes.unused} of {amplitudes.count} entries are used; "
        "write the indices as whole numbers, four columns a line"
    )


class _Session:
    """One run: what it prints and writes, in order."""

    def __init__(self, settings: Settings, scene: Any) -> None:
        import torch

        from .trace_lines import Sink

        self.settings = settings
        self.scene = scene
        self.experiment = scene.experiment
        self.folder = Path(scene.experiment.folder)
        self.sink = Sink()
        try:
            self.device = torch.device(settings.device)
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError) as error:
            raise FirstbadError(
                f"torch has no device {settings.device!r} here", remedy="Say --device cpu.", slug="no-device"
            ) from error
        self.kernel_scene = scene.to(getattr(torch, settings.dtype), self.device)

    def run(self) -> None:
        """Everything, in the order of the real program."""
        import torch

        from .console import early_lines, input_lines, setup_lines
        from .doubts import doubts
        from .tracing import range_lines

        asked = self.experiment.output.trace_pixel
        pixel = asked if asked is not None and min(asked) >= 0 else None
        if pixel is not None:
            facts = {"side": "PY", "pixel": f"{pixel[0]},{pixel[1]}", "digits": self.settings.digits, "inputs": "told"}
            args = shlex.join(self.experiment.argv)
            self.sink.open(
                **facts, program="firstbad.sim", dtype=self.settings.dtype, quirks=self.settings.quirks, args=args
            )
            self.sink.lines(input_lines(self.scene))
        self._cache()
        for doubt in doubts(self.scene):
            _warn(doubt)
        self.sink.lines(early_lines(self.scene))
        self.sink.lines(setup_lines(self.scene, self.settings.digits))
        with torch.no_grad():
            result = self._image()
            if pixel is not None:
                self.sink.line(f"TRACE_CONFIG: tracing pixel (spixel={pixel[0]}, fpixel={pixel[1]})")
            if pixel is not None and pixel[0] < self.scene.shape[0] and pixel[1] < self.scene.shape[1]:
                self._trace(pixel, result)
            else:
                self.sink.lines(range_lines(self.kernel_scene, result.state))
        if self.experiment.output.printout:
            from .printout import printout_lines

            self.sink.lines(printout_lines(self.kernel_scene, result.state))
        if pixel is not None:
            self.sink.close()
        self._write(result)

    def _cache(self) -> None:
        """Write the cache after reading text; say so where an old one supplied the structure factors."""
        from .hkl import cache_bytes

        crystal, amplitudes = self.experiment.crystal, self.scene.amplitudes
        path = self.folder / crystal.cache_file
        if self.scene.from_cache:
            _warn(
                f"structure factors come from {path}, left here by an earlier run, because -hkl is "
                "absent; delete it if that is not meant"
            )
        if amplitudes is not None and amplitudes.unused:
            _warn(_unused(amplitudes, crystal.hkl_file, path))
        if crystal.hkl_file is None or amplitudes is None:
            return
        if Path(crystal.hkl_file).suffix.lower() in (".mtz", ".cif", ".mmcif"):
            return
        try:
            path.write_bytes(cache_bytes(amplitudes))
        except OSError as error:
            _warn(f"{path} cannot be written: {error.strerror}")

    def _image(self) -> Any:
        from .compiled import image_run

        with self._progress() as report:
            return image_run(
                self.kernel_scene,
                self.settings.engine,
                traced=self.experiment.output.trace_pixel is not None,
                warn=_warn,
                tile=self.settings.tile,
                progress=report,
            )

    @contextmanager
    def _progress(self) -> Iterator[Callable[[int, int], None] | None]:
        """A bar on stderr for long runs on a terminal, or where it was asked for."""
        slow, fast = self.scene.shape
        long = slow * fast * max(1, self.scene.statics.steps) >= _LONG and self.experiment.output.progress
        if not (self.settings.progress or (long and sys.stderr.isatty())):
            yield None
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("pixels", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    def _trace(self, pixel: tuple[int, int], result: Any) -> None:
        """The traced pixel's lines, proved against the image."""
        import torch

        from .tracing import range_lines, trace_lines

        self.sink.lines(range_lines(self.kernel_scene, result.state))
        own = self.settings
        lines, value = trace_lines(
            self.kernel_scene, *pixel, result.state, phi_records=own.phi_records, steps=own.trace_steps
        )
        self.sink.lines(line.text(self.settings.digits) for line in lines)
        made = result.image[pixel]
        if lines and not torch.equal(made.nan_to_num(nan=-1.0), value.nan_to_num(nan=-1.0)):
            raise FirstbadError(
                f"the traced value {float(value)!r} is not the image's {float(made)!r} at {pixel}",
                remedy="The trace does not belong to this image; please report it.",
                slug="trace-differs",
            )

    def _write(self, result: Any) -> None:
        """Files and the lines about them."""
        import numpy as np

        from .images import header, integer_image, statistics

        out = self.experiment.output
        with np.errstate(over="ignore"):
            image = np.ascontiguousarray(result.image.detach().cpu().numpy(), dtype=np.float32)
        if wrong := int(image.size - np.isfinite(image).sum()):
            _warn(
                f"{wrong} of {image.size} pixels are infinite or no number; check the options that give lengths and "
                "angles"
            )
        stats = statistics(result, image)
        sphere = stats.solid_angle / (4.0 * np.pi) * 100.0
        self.sink.line("")
        self.sink.line(f"solid angle subtended by detector = {g(stats.solid_angle)} steradian ( {g(sphere)}% sphere)")
        self._file(out.floatfile, f"{image.size} 4-byte floats", image)
        self.sink.line(f"max_I = {g(stats.max_I)}  at {g(stats.max_x)} {g(stats.max_y)}")
        self.sink.line(f"mean= {g(stats.mean)} rms= {g(stats.rms)} rmsd= {g(stats.rmsd)}")
        scale = out.scale if out.scale > 0 else 55000.0 / stats.max_I if stats.max_I > 0 else 1.0
        self.sink.line(f"intfile_scale = {g(scale)}")
        head = header(self.scene)
        words = integer_image(image, scale, out.adc, self.scene)
        self._file(out.intfile, "2-byte integers", head, words.astype("<u2", copy=False))
        if out.pgm:
            self._write_grey(image, scale, stats.rmsd)
        if out.noise:
            self._write_noise(image, head)

    def _write_grey(self, image: Any, scale: float, rmsd: float) -> None:
        from .formats import pgm_image
        from .images import grey_image

        out = self.experiment.output
        grey = out.pgmscale if out.pgmscale > 0 else 250.0 / (5.0 * rmsd) if rmsd > 0 else scale
        self.sink.line(f"pgm_scale = {g(grey)}")
        self._file(out.pgmfile, "1-byte integers", pgm_image(grey_image(image, grey, self.scene), grey))

    def _write_noise(self, image: Any, head: bytes) -> None:
        from .images import region_of
        from .noise import add_noise
        from .prng import Stream

        out = self.experiment.output
        stream = Stream(self.scene.shuffle, -self.scene.noise_seed)
        noisy = add_noise(image, region_of(self.scene), out.adc, stream)
        self.sink.line(f"{noisy.photons:.0f} photons on noise image ({noisy.overloads} overloads)")
        self._file(out.noisefile, "2-byte integers", head, noisy.counts.astype("<u2", copy=False))

    def _file(self, name: str, what: str, *parts: Any) -> None:
        """Announce and write one output file: buffers, one after the other, without a copy."""
        self.sink.line(f"writing {name} as {what}")
        try:
            with (self.folder / name).open("wb") as file:
                file.writelines(parts)
        except OSError as error:
            raise FirstbadError(
                f"{name} cannot be written: {error.strerror}",
                remedy="Run in a folder that can be written, or name another file.",
                slug="unwritable-file",
            ) from error
