"""How exact both simulators are: the recorded runs of the real program, one row each (docs/exactness.md).

python tests/exactness.py              every case, as a table
python tests/exactness.py v19 v41      the cases whose names begin so
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import shlex
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import torch
from firstbad.sim import reference
from firstbad.sim.flags import parse
from firstbad.sim.program import main
from firstbad.sim.simulate import simulate
from sim_lines import disagreement, pixel_records, ulps

RECORDED = Path(__file__).resolve().parents[2] / "shared" / "reference"
IMAGES = ("intimage.img", "image.pgm", "noiseimage.img")
POINTER = re.compile(r"^(mmap\(.*\) = ).*$", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """One recorded case: what agrees, what there is, and the worst differences."""

    name: str
    pixels: int
    files: tuple[int, int]
    lines: tuple[int, int]
    torch_files: tuple[int, int]
    same: int
    worst_ulp: int
    values: int
    worst_value: float
    uncorrelated: float
    excess: float

    def text(self) -> str:
        """The row of the table."""
        float32 = "constant, equal" if np.isnan(self.uncorrelated) else f"{self.uncorrelated:.1e} | {self.excess:+.1e}"
        cells = (
            self.name, self.pixels, "{} of {}".format(*self.files), "{} of {}".format(*self.lines),
            f"{self.same / self.pixels:.2%}", self.worst_ulp, "{} of {}".format(*self.torch_files),
            self.values, f"{self.worst_value:.1e}", float32 if "|" in float32 else f"{float32} | ",
        )  # fmt: skip
        return "| " + " | ".join(str(cell) for cell in cells) + " |"


HEAD = """\
| case | pixels | C: files | C: lines | float64: same pixels | worst ulp | other files | traced values | worst | float32: 1 − correlation | sum ratio − 1 |
|---|---|---|---|---|---|---|---|---|---|---|"""


@contextlib.contextmanager
def prepared(case: Path):
    """A folder with the case's input files."""
    with tempfile.TemporaryDirectory() as name:
        if (case / "inputs").is_dir():
            shutil.copytree(case / "inputs", name, dirs_exist_ok=True)
        yield Path(name)


def arguments(case: Path, log: Path) -> list[str]:
    """The case's arguments; where it took its noise seed from the clock, the one that the log tells."""
    words = shlex.split((case / "argv.txt").read_text())
    if "-seed" in words:
        return words
    return [*words, "-seed", re.findall(r"^  seed: -?(\d+)", log.read_text(), re.MULTILINE)[0]]


def same_files(case: Path, folder: Path, image: bool) -> tuple[int, int]:
    """How many of the recorded files have the same bytes."""
    pairs = [(folder / name, (case / name).read_bytes()) for name in IMAGES if (case / name).exists()]
    if image:
        pairs.append((folder / "floatimage.bin", np.load(case / "image.npy").tobytes()))
    return sum(mine.read_bytes() == theirs for mine, theirs in pairs), len(pairs)


def c_run(case: Path, log: Path) -> tuple[tuple[int, int], tuple[int, int]]:
    """Files and lines of stdout that are the same as the recorded ones, to the byte."""
    with prepared(case) as folder:
        more = ["--digits=15", "--seal=off", "-trace_pixel", *re.findall(r"\d+", log.stem)[-2:], "-noprogress"]
        done = reference.run([*arguments(case, log), *more], cwd=folder)
        assert done.returncode == 0, done.stderr.decode()
        mine, theirs = (POINTER.sub(r"\1", text).splitlines() for text in (done.text, log.read_text()))
        same = sum(a == b for a, b in zip(mine, theirs, strict=True))
        return same_files(case, folder, image=True), (same, len(theirs))


def torch_run(case: Path, log: Path) -> tuple[np.ndarray, tuple[int, int], list[float]]:
    """The float64 image, the other files that are the same, and each traced vector's difference over its length."""
    told = io.StringIO()
    with prepared(case) as folder, contextlib.chdir(folder), contextlib.redirect_stdout(told):
        with contextlib.redirect_stderr(io.StringIO()):
            assert main([*arguments(case, log), "-trace_pixel", *re.findall(r"\d+", log.stem)[-2:]]) == 0
        image = np.fromfile("floatimage.bin", np.float32)
        files = same_files(case, folder, image=False)
    pairs = zip(pixel_records(told.getvalue()), pixel_records(log.read_text()), strict=True)
    return image, files, [disagreement(mine[1], real[1], 1.0) for mine, real in pairs if mine[0] == real[0]]


def float32_run(case: Path, recorded: np.ndarray) -> tuple[float, float]:
    """1 − correlation and sum ratio − 1 of the float32 image; NaN for a constant image, which must be equal."""
    with prepared(case) as folder:
        experiment = parse(shlex.split((case / "argv.txt").read_text()), folder=folder)
        ours = simulate(experiment, dtype=torch.float32).numpy().astype(np.float64).ravel()
    theirs = recorded.astype(np.float64).ravel()
    if theirs.std() == 0:
        assert np.array_equal(ours, theirs)
        return float("nan"), float("nan")
    return 1.0 - float(np.corrcoef(ours, theirs)[0, 1]), float(ours.sum() / theirs.sum() - 1.0)


def measured(case: Path) -> Row:
    """Everything about one case, over all of its logs."""
    logs = sorted(case.glob("trace_*.log"))
    recorded = np.load(case / "image.npy")
    c_runs = [c_run(case, log) for log in logs]
    runs = [torch_run(case, log) for log in logs]
    apart = ulps(runs[0][0], recorded.ravel())
    values = [value for run in runs for value in run[2]]
    return Row(
        case.name, recorded.size, min(files for files, _ in c_runs),
        (sum(lines[0] for _, lines in c_runs), sum(lines[1] for _, lines in c_runs)),
        min(files for _, files, _ in runs), int((apart == 0).sum()), int(apart.max()), len(values), max(values, default=0.0),
        *float32_run(case, recorded),
    )  # fmt: skip


def summary(rows: list[Row]) -> str:
    """The worst of each column."""
    pixels, same = sum(r.pixels for r in rows), sum(r.same for r in rows)
    smooth = [r for r in rows if not np.isnan(r.uncorrelated)]
    return (
        f"{len(rows)} cases. C: {sum(r.files[0] for r in rows)} of {sum(r.files[1] for r in rows)} files and "
        f"{sum(r.lines[0] for r in rows)} of {sum(r.lines[1] for r in rows)} lines have the same bytes. torch float64: "
        f"{same} of {pixels} pixels are bit-identical ({min(r.same / r.pixels for r in rows):.2%} in the worst case), "
        f"no pixel is more than {max(r.worst_ulp for r in rows)} float32 ulp away; {sum(r.torch_files[0] for r in rows)} of "
        f"{sum(r.torch_files[1] for r in rows)} other files have the same bytes; of {sum(r.values for r in rows)} traced "
        f"values the worst is {max(r.worst_value for r in rows):.1e} of its own scale away. torch float32: "
        f"1 − correlation at most {max(r.uncorrelated for r in smooth):.1e}, the sum within "
        f"{max(abs(r.excess) for r in smooth):.1e}, in {len(smooth)} cases; {len(rows) - len(smooth)} constant images are equal."
    )


def program() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=[""], help="beginnings of cases' names")
    wanted = tuple(parser.parse_args().names)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    print(HEAD)
    rows: list[Row] = []
    for case in sorted(path.parent for path in RECORDED.glob("*/argv.txt")):
        if case.name.startswith(wanted):
            rows.append(measured(case))
            print(rows[-1].text(), flush=True)
    print(f"\n{summary(rows)}")


if __name__ == "__main__":
    program()
