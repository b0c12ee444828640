"""Planted faults on large cases, shrunk: how much cheaper, and does the written test tell before from after?"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import fault_bench
import fault_runs as runs
import firstbad.sim
import pytest
from firstbad.bisect.inquiry import Case, Inquiry, Program
from firstbad.bisect.lab import Lab, Stand, end_servers, full_room, surroundings
from firstbad.bisect.shrink import Shrinker
from firstbad.bisect.shrunk_test import fails, write_test
from firstbad.sim import reference
from firstbad.tracer.errors import FirstbadError

pytestmark = pytest.mark.bench
EVERY, SIZE = 20, 2048
SIM = Path(firstbad.sim.__file__).parent
RUN = "import sys\nfrom firstbad.sim.program import main\nsys.exit(main(sys.argv[1:]))\n"


def tree(place: Path) -> Path:
    """A checkout whose simulator may be edited: the rest are links."""
    package = place / "firstbad"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "tracer").symlink_to(SIM.parent / "tracer")
    shutil.copytree(SIM, package / "sim", ignore=shutil.ignore_patterns("__pycache__", "build"))
    (place / "run.py").write_text(RUN)
    return place


def inquiry(directory: Path, checkout: Path) -> Inquiry:
    ours = "{python} {tree}/run.py {args} -nopgm -nonoise -floatfile {image}"
    theirs = f"{reference.build()} {{args}} -nopgm -nonoise -floatfile {{image}}"
    traced = " -trace_pixel {slow} {fast}"
    return Inquiry(
        Program("reference", theirs, theirs + traced),
        Program("candidate", ours, ours + traced, ("torch",)),
        (),
        directory=directory,
        repository=checkout,
    )


def enlarged(words: str) -> str:
    return re.sub(r"(-detpixels(?:_[fs])?) \d+", rf"\1 {SIZE}", words)


def test_planted_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines, shares, told, asked = runs.command_lines(), list[float](), 0, list[int]()
    here, checkout = tmp_path / "here", tree(tmp_path / "tree")
    here.mkdir()
    runs.write_inputs(here)
    for fault in fault_bench.faults("torch")[::EVERY]:
        name, before, after = fault.edit
        source = (SIM / name).read_text()
        (checkout / "firstbad" / "sim" / name).write_text(runs.edited(source, before, after))
        what = inquiry(here, checkout)
        case = Case(fault.id, enlarged(" ".join(lines[fault.lines[0]].args)))
        work = tmp_path / fault.id
        work.mkdir()
        room = full_room(surroundings(what))
        try:
            found = Shrinker(Lab(what, work), room, Stand("here", checkout)).run(case)
        except FirstbadError as problem:
            say(capsys, f"{fault.id}: {problem}")
            continue
        finally:
            end_servers()
        test = write_test(found, what, checkout, work / "test")
        failed = fails(test)
        (checkout / "firstbad" / "sim" / name).write_text(source)
        passed = subprocess.run([sys.executable, "-m", "pytest", "-q", str(test)], capture_output=True).returncode == 0
        shares.append(found.after.seconds / found.before.seconds)
        asked.append(found.tried)
        told += failed and passed
        say(
            capsys,
            f"{fault.id}: {found.origin}, {found.tried} lines, {found.before.seconds:.2f} -> {found.after.seconds:.3f} s "
            f"({100 * shares[-1]:.1f} %), fails before {failed}, passes after {passed}\n    {found.after.case.args}",
        )
    say(
        capsys,
        f"{len(shares)} shrunk: median {100 * statistics.median(shares):.1f} % of the time, worst {100 * max(shares):.1f} %; "
        f"the test tells before from after in {told}; lines tried, median {statistics.median(asked):g}",
    )
    assert told > 0


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print("\n" + text, end="")
