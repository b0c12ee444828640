"""`firstbad shrink` on two programs that are not ours: the line, the test it writes, and what cannot be shrunk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """\
import sys
from pathlib import Path
words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
size, scale = int(words.get("--size", 40)), float(words.get("--scale", 1))
py, px = int(words["--y"]), int(words["--x"])
if "--table" in words:
    scale *= float(Path(words["--table"]).read_text())
if size < 3:
    sys.exit("the image is too small")
print("TRACE: scale %.17g" % scale)
rows = []
for y in range(size):
    rows.append([])
    for x in range(size):
        r = ((x - 1.5) ** 2 + (y - 1.25) ** 2) ** 0.5
        damp = {damp}
        if (y, x) == (py, px):
            print("TRACE: r %.17g" % r)
            print("TRACE: damp %.17g" % damp)
            print("TRACE: I %.17g" % (scale * damp))
        rows[-1].append("%.9g" % (scale * damp))
Path(words["--out"]).write_text("\\n".join(" ".join(r) for r in rows))
"""
CATALOGUE = """\
[quantity.scale]
kind = "input"
[quantity.r]
kind = "input"
[quantity.damp]
parents = ["r"]
[quantity.I]
parents = ["scale", "damp"]
formula = "scale*damp"
"""
GOOD, BAD = "1 / (1 + r)", "1 / (1 + r) + (0.5 if words.get('--mode') == 'new' and 1 < y < 20 else 0)"
INQUIRY = """\
catalogue = "catalogue.toml"
[reference]
command = "{python} reference.py {args} --out {image} --y {slow} --x {fast}"
[candidate]
command = "{python} {tree}/port.py {args} --out {image} --y {slow} --x {fast}"
[[case]]
name = "large"
args = "--size 60 --mode new --scale 3 --table table.txt"
[[case]]
name = "well"
args = "--size 8"
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "reference.py").write_text(PROGRAM.replace("{damp}", GOOD))
    (tmp_path / "port.py").write_text(PROGRAM.replace("{damp}", BAD))
    (tmp_path / "catalogue.toml").write_text(CATALOGUE)
    (tmp_path / "table.txt").write_text("2")
    (tmp_path / "firstbad.toml").write_text(INQUIRY)
    return tmp_path


def shrink(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "firstbad.ui", "shrink", *words]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)


def found(place: Path, *words: str) -> dict[str, Any]:
    done = shrink(place, "--inquiry", "firstbad.toml", *words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def judged(test: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(test)], capture_output=True, text=True, check=False
    )


def test_the_line_is_as_short_as_the_fault_allows_and_the_test_tells_before_from_after(place: Path) -> None:
    result = found(place)
    assert result["origin"] == "damp"
    assert result["args"] == "--size 4 --mode new"
    assert result["room"] == "empty" and result["complete"]
    assert (result["image_pixels_before"], result["image_pixels"]) == (3600, 16)
    test = Path(result["test"])
    before = judged(test)
    assert before.returncode == 1 and "damp" in before.stdout
    (place / "port.py").write_text(PROGRAM.replace("{damp}", GOOD))
    after = judged(test)
    assert after.returncode == 0, after.stdout


@pytest.mark.slow
def test_the_page_says_both_lines_and_the_command(place: Path) -> None:
    done = shrink(place, "--inquiry", "firstbad.toml", "--case", "large")
    assert done.returncode == 0
    assert "damp is an origin in 4 words instead of 8" in done.stdout
    assert "before  --size 60 --mode new --scale 3 --table table.txt" in done.stdout
    assert "now     --size 4 --mode new" in done.stdout
    assert "fails now and passes when it is repaired" in done.stdout
    assert "shorter" in done.stderr


def test_a_limit_on_the_lines_is_said(place: Path) -> None:
    done = shrink(place, "--inquiry", "firstbad.toml", "--most", "2")
    assert "tried   2 lines: more would make it shorter still" in done.stdout


@pytest.mark.slow
def test_arguments_and_commands_on_the_command_line(place: Path) -> None:
    command = f"{sys.executable} {place}/FILE.py {{args}} --out {{image}} --y {{slow}} --x {{fast}}"
    sides = ["--reference", command.replace("FILE", "reference"), "--candidate", command.replace("FILE", "port")]
    done = shrink(place, *sides, "--json", "--", "--size", "16", "--mode", "new", "--table", "table.txt")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["args"] == "--size 4 --mode new"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--inquiry", "firstbad.toml", "--case", "well"], "has nothing to shrink: the images are identical"),
        (["--inquiry", "firstbad.toml", "--case", "none"], "no case 'none'"),
        (["--inquiry", "firstbad.toml", "--origin", "I"], "I is no origin of this case"),
        (["--inquiry", "firstbad.toml", "--most", "0"], "0 is not in the range"),
        ([], "there are no arguments to shrink"),
        (["--inquiry", "firstbad.toml", "--", "--size", "3"], "an inquiry has arguments of its own"),
    ],
)
def test_what_cannot_be_shrunk_is_said(place: Path, words: list[str], said: str) -> None:
    done = shrink(place, *words)
    assert done.returncode == 2
    assert said in done.stderr and "Traceback" not in done.stderr


def test_a_program_that_is_not_steady_is_not_shrunk(place: Path) -> None:
    text = (place / "port.py").read_text().replace("0.5 if", "0.5 * __import__('random').choice((0, 1)) if")
    (place / "port.py").write_text(text)
    seen = {shrink(place, "--inquiry", "firstbad.toml").returncode for _ in range(3)}
    assert 2 in seen


def test_programs_without_a_trace_are_told_apart(place: Path) -> None:
    for name in ("reference.py", "port.py"):
        (place / name).write_text((place / name).read_text().replace("TRACE:", "NOTE:"))
    done = shrink(place, "--inquiry", "firstbad.toml")
    assert done.returncode == 2
    assert "the images of case large differ, but at pixel" in done.stderr
