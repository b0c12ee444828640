"""Helpers of the tests that run the C reference, and of those that compile small C programs beside it."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from firstbad.sim import reference

BASE = shlex.split(
    "-cell 100 100 100 90 90 90 -default_F 100 -N 5 -lambda 6.2 -detpixels 32 -seed 1 -distance 100 -noprogress"
)
"""The command line that section 9 of the specification measures its quirks against."""
BASE_SUM = 20732.6264


@dataclass(frozen=True)
class Run:
    """One finished run: its directory, status, lines and float image."""

    folder: Path
    status: int
    lines: list[str]
    complaints: str

    @property
    def image(self) -> np.ndarray:
        return np.fromfile(self.folder / "floatimage.bin", np.float32)

    @property
    def total(self) -> float:
        return float(self.image.sum(dtype=np.float64))

    def numbers(self, start: str) -> list[float]:
        """The numbers behind `start` on the first line that begins so."""
        line = next(line for line in self.lines if line.startswith(start))
        return [float(word) for word in line[len(start) :].replace(",", " ").split()]

    def all_numbers(self, start: str) -> list[list[float]]:
        return [[float(w) for w in line[len(start) :].split()] for line in self.lines if line.startswith(start)]

    def header(self, key: str) -> float:
        text = (self.folder / "intimage.img").read_bytes()[:512].decode()
        return float(text.split(f"\n{key}=")[1].split(";")[0])


def run(binary: Path, folder: Path, *args: str, threads: int = 1) -> Run:
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [str(binary), *args],
        cwd=folder,
        capture_output=True,
        timeout=120,
        env={"OMP_NUM_THREADS": str(threads), "PATH": "/usr/bin:/bin"},
    )
    return Run(folder, done.returncode, done.stdout.decode().splitlines(), done.stderr.decode())


def compile_c(folder: Path, source: str, *more: str) -> Path:
    """A C program from `source`, which may include trace.h and the reference's own headers."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test.c").write_text(source)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1", "-ffp-contract=off"]
    paths = [f"-I{reference.TRACE_H.parent}", f"-I{reference.SOURCES}"]
    command = [*reference.compiler(), *flags, *paths, "-o", "test", "test.c", *more, "-lm"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "test"


def P1(folder: Path, k_max: int = 6, l_max: int = 6) -> None:
    """The structure factors P1.hkl of section 10."""
    lines = []
    for h in range(-6, 7):
        for k in range(-k_max, k_max + 1):
            for el in range(-k_max if l_max != 6 else -6, l_max + 1):
                lines.append(f"{h} {k} {el} {10 + 11.5 * ((7 * h + 13 * k + 29 * el) % 17):g}\n")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "P1.hkl").write_text("".join(lines))
