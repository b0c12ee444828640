"""Looking changes nothing: the image of a traced run beside that of a run without a trace, byte by byte."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import fault_runs as runs
import numpy as np
from firstbad.sim import reference
from firstbad.sim.program import main
from numpy.typing import NDArray

TORCH = {
    "dtype": ("float64", "float32"),
    "engine": ("eager", "compiled"),
    "threads": ("1", "2"),
    "tile": ("16384", "37"),
}
"""What is varied in torch; each choice is run without a trace and with each way to trace."""
WAYS = (("-trace_pixel",), ("-trace_pixel", "--trace-steps"), ("-trace_pixel", "--phi-records"))
C_WAYS = (*WAYS, ("--trace-pixels=all", "--trace-stream=s.bin"))


def torch_choices() -> Iterator[list[str]]:
    """Every combination of the choices, as arguments."""
    for chosen in itertools.product(*TORCH.values()):
        yield [f"--{name}={value}" for name, value in zip(TORCH, chosen, strict=True)]


@dataclass(frozen=True)
class Looked:
    """A traced run: whether its image differs from that of the run without a trace, and whether it says that it may."""

    what: str
    differs: bool
    said: bool = False


def torch_looked(line: runs.CommandLine, folder: Path, choices: Sequence[Sequence[str]] = ()) -> Iterator[Looked]:
    """For each choice and way to trace torch."""
    for choice in choices or list(torch_choices()):
        untraced, _ = torch_run([*line.args, *choice], folder)
        for way in WAYS:
            traced, warnings = torch_run([*line.args, *choice, *_pixel(line, way)], folder)
            said = "its last bits may differ" in warnings
            yield Looked(" ".join((line.name, *choice, *way)), traced != untraced, said)


def c_looked(line: runs.CommandLine, folder: Path) -> Iterator[Looked]:
    """The same for the C reference, on one thread and on two."""
    for name, binary in (("exact", reference.build()), ("OpenMP", reference.build(fast=True))):
        for threads in ("1", "2") if name == "OpenMP" else ("1",):
            untraced = c_image(binary, list(line.args), folder, threads)
            for way in C_WAYS:
                traced = c_image(binary, [*line.args, *_pixel(line, way)], folder, threads)
                yield Looked(" ".join((line.name, name, threads, *way)), traced != untraced)


def _pixel(line: runs.CommandLine, way: Sequence[str]) -> list[str]:
    words = list(way)
    if words[0] == "-trace_pixel":
        words[1:1] = [str(n) for n in line.pixel]
    return words


def torch_run(words: Sequence[str], folder: Path) -> tuple[bytes, str]:
    """The float image that a run of torch writes, and its warnings."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
            status = main([*words, "-nonoise", "-nopgm"])
    finally:
        os.chdir(here)
    assert status == 0, said.getvalue()
    return _taken(folder), said.getvalue()


def c_image(binary: Path, words: Sequence[str], folder: Path, threads: str) -> bytes:
    """The float image that a run of the C reference writes."""
    environment = {**os.environ, "OMP_NUM_THREADS": threads}
    command = [str(binary), *words, "-nonoise", "-nopgm"]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=120)
    return _taken(folder)


def as_image(data: bytes, words: Sequence[str]) -> NDArray[np.float64]:
    """The float image that a run with these arguments wrote."""
    fast = slow = "0"
    for option, value in itertools.pairwise(words):
        fast = value if option in ("-detpixels", "-detpixels_f") else fast
        slow = value if option in ("-detpixels", "-detpixels_s") else slow
    return np.frombuffer(data, "<f4").reshape(int(slow), int(fast)).astype(np.float64)


def _taken(folder: Path) -> bytes:
    (folder / "Fdump.bin").unlink(missing_ok=True)
    path = folder / "floatimage.bin"
    data = path.read_bytes()
    path.unlink()
    return data
