"""Every recorded run of the real program, repeated by our C reference: all bytes must agree."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from firstbad.sim import reference
from reference_runs import run

SHARED = Path(__file__).parents[2] / "shared" / "reference"
CASES = sorted(path.parent.name for path in SHARED.glob("*/argv.txt"))
POINTER = re.compile(r"^(mmap\(.*\) = ).*$")
IMAGES = ("intimage.img", "noiseimage.img", "image.pgm")

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.exists(), reason="the reference data does not lie beside the repository"),
]


def recorded(log: Path) -> list[str]:
    return [POINTER.sub(r"\1", line) for line in log.read_text().splitlines()]


def arguments(case: Path, log: list[str]) -> list[str]:
    """The case's arguments; where it took its noise seed from the clock, the one that the log tells."""
    args = (case / "argv.txt").read_text().split()
    if "-seed" not in args:
        seed = next(line.split()[1] for line in log if line.startswith("  seed: "))
        args += ["-seed", seed.removeprefix("-")]
    return args


def test_there_are_67_cases() -> None:
    assert len(CASES) == 67


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, tmp_path: Path) -> None:
    case = SHARED / name
    logs = sorted(case.glob("trace_*.log"))
    assert logs
    for log in logs:
        folder = tmp_path / log.stem
        folder.mkdir()
        if (case / "inputs").exists():
            shutil.copytree(case / "inputs", folder, dirs_exist_ok=True)
        _, slow, fast = log.stem.split("_")
        expected = recorded(log)
        more = ["--digits=15", "--seal=off", "-trace_pixel", slow, fast, "-noprogress"]
        done = run(reference.build(), folder, *arguments(case, expected), *more)
        assert done.status == 0, done.complaints
        assert [POINTER.sub(r"\1", line) for line in done.lines] == expected
        assert done.image.tobytes() == np.load(case / "image.npy").tobytes()
        for image in IMAGES:
            if (case / image).exists():
                assert (folder / image).read_bytes() == (case / image).read_bytes(), image
