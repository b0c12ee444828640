"""Two programs that know nothing of us: text images, a bare %g here and there, files beside them that they need."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from run_repos import git, make_repo

PROGRAM = """\
import math, sys
out, py, px = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
g = {g}
with open(out, "w") as image:
    for y in range(16):
        row = []
        for x in range(16):
            r = math.hypot(x - 7.5, y - 7.5)
            d = g * r
            I = math.exp(-d / 20) * 100
            row.append("%.9g" % I)
            if (y, x) == (py, px):
                print("TRACE: r {r}" % r)
                print("TRACE: damp %.9g" % d)
                print("TRACE: I %.9g" % I)
        print(" ".join(row), file=image)
"""
INQUIRY = """\
good = "{good}"
repository = "."
{needs}
[reference]
command = "{{python}} {reference} {{image}} 0 0"
trace = "{{python}} {reference} {{image}} {{slow}} {{fast}}"
[candidate]
command = "{{python}} {{tree}}/port.py {{image}} 0 0"
trace = "{{python}} {{tree}}/port.py {{image}} {{slow}} {{fast}}"
[[case]]
name = "disc"
args = ""
[gate]
correlation = 0.999999
sum_ratio = 1e-4
"""


def port(g: float, more: str = "") -> str:
    return PROGRAM.replace("{g}", str(g)).replace("{r}", "%.9g") + more


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository of six commits, the fourth with another constant; the reference lies there, not committed."""
    make_repo(tmp_path / "here", 6, lambda n: {"port.py": port(9.81 if n < 3 else 9.8, f"# {n}\n")})
    (tmp_path / "here" / "ref.py").write_text(PROGRAM.replace("{g}", "9.81").replace("{r}", "%g"))
    return tmp_path / "here"


def investigate(place: Path, **said: str) -> dict:  # type: ignore[type-arg]
    first = git(place, "rev-list", "--max-parents=0", "HEAD").strip()
    (place / "firstbad.toml").write_text(INQUIRY.format(**{"good": first, "needs": "", "reference": "ref.py", **said}))
    words = [sys.executable, "-m", "firstbad.ui", "investigate", "firstbad.toml", "--json"]
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def test_the_line_and_the_quantity_are_found(place: Path) -> None:
    found = investigate(place)
    assert "port.py:3" in found["headline"]
    assert [o["quantity"] for o in found["origins"]] == ["damp"]
    assert found["axis"] == "commits"


def test_a_program_that_needs_a_file_which_no_argument_names(place: Path) -> None:
    (place / "run.py").write_text('import runpy\nrunpy.run_path("ref.py", run_name="__main__")\n')
    here = investigate(place, reference="run.py")
    assert here["axis"] == "commits, with the files present" and "port.py:3" in here["headline"]
    told = investigate(place, reference="run.py", needs='needs = ["ref.*"]')
    assert told["axis"] == "commits" and "port.py:3" in told["headline"]
