"""Set up the two stories: real programs, real directories, a real history, and a firstbad.toml for each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ...tracer.errors import FirstbadError
from . import history

CASE = (
    "-cell 70 80 90 75 85 95 -misset 10 20 30 -default_F 100 -Na 6 -Nb 5 -Nc 4 "
    "-lambda 1.5 -distance 100 -detpixels 64 -pixel 0.4 -nonoise -nopgm"
)
INQUIRY = '''\
good = "{good}"
bad = "{bad}"
repository = "{repository}"
directory = "{directory}"

[reference]
command = "{{python}} -m firstbad.ui reference {{args}} -floatfile {{image}}"
trace = "{{python}} -m firstbad.ui reference {{args}} -floatfile {{image}} -trace_pixel {{slow}} {{fast}}"

[candidate]
warm = ["torch"]
command = "{{python}} {{tree}}/run.py --quirks nanobragg,-stale_cache {{args}} -floatfile {{image}}"
trace = """{{python}} {{tree}}/run.py --quirks nanobragg,-stale_cache {{args}} -floatfile {{image}}
 -trace_pixel {{slow}} {{fast}}"""

[[case]]
name = "triclinic"
args = "{case}"
'''


def not_a_commit(home: Path) -> Path:
    """A directory with an `Fdump.bin` that an earlier run left; the inquiry's path. The port never reads it."""
    home.mkdir(parents=True)
    story = history.make(home / "port")
    work = home / "work"
    work.mkdir()
    _leave_cache(work)
    (work / "notes.txt").write_text("runs of last week\n")
    return _write(home, story.repository, story.good, f"{story.culprit}~1", work)


def a_commit(home: Path) -> tuple[Path, history.Story]:
    """The history in which one commit breaks a formula; the inquiry's path and the truth."""
    home.mkdir(parents=True)
    story = history.make(home / "port")
    work = home / "work"
    work.mkdir()
    return _write(home, story.repository, story.good, story.bad, work), story


def _write(home: Path, repository: Path, good: str, bad: str, work: Path) -> Path:
    path = home / "firstbad.toml"
    text = INQUIRY.format(good=good, bad=bad, repository=repository.name, directory=work.name, case=CASE)
    path.write_text(text, encoding="utf-8")
    return path


def _leave_cache(work: Path) -> None:
    """Run the reference once with a table of structure factors: it writes Fdump.bin, as it always does."""
    rows = [
        f"{h} {k} {m} {10 + 11.5 * ((7 * h + 13 * k + 29 * m) % 17):g}"
        for h in range(-12, 13)
        for k in range(-12, 13)
        for m in range(-12, 13)
    ]
    table = work / "lysozyme.hkl"
    table.write_text("\n".join(rows) + "\n")
    argv = [sys.executable, "-m", "firstbad.ui", "reference", *CASE.split(), "-hkl", table.name]
    done = subprocess.run(
        [*argv, "-floatfile", "old.bin"], cwd=work, env={**os.environ}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not (work / "Fdump.bin").exists():
        raise FirstbadError(
            f"the earlier run of the reference failed: {done.stdout[-300:]}{done.stderr[-300:]}",
            remedy="check that a C compiler works here",
            slug="demo",
        )
    for name in (table.name, "old.bin", "intimage.img"):
        (work / name).unlink(missing_ok=True)
