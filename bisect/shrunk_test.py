"""A ready pytest of a shrunk case: the recorded trace of the reference, the room, and one run of the candidate."""

from __future__ import annotations

import os
import pprint
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from .inquiry import Inquiry
from .shrink import Shrunk

TEST = '''\
"""{origin} is the first bad quantity of this case ({side} at fault), shrunk by firstbad.

reference.log was made by

    {reference}

Run it again after the reference has changed, on purpose.
"""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TREE = "{tree}"  # the checkout under test
COMMAND = {command}


def test_{name}_agrees_with_the_reference(tmp_path, assert_traces_agree):
    shutil.copytree(HERE / "room", tmp_path / "room", symlinks=True)
    directory = tmp_path / "room" / "{inside}"
    known = {{"image": tmp_path / "image", "tree": TREE, "python": sys.executable, "directory": directory}}
    command = list(COMMAND)
    for name, place in known.items():
        command = [word.replace("{{" + name + "}}", str(place)) for word in command]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, errors="replace")
    (tmp_path / "candidate.log").write_text(done.stdout)
    assert "TRACE" in done.stdout, done.stderr
    assert_traces_agree(HERE / "reference.log", tmp_path / "candidate.log"{catalogue})
'''


def write_test(found: Shrunk, inquiry: Inquiry, tree: Path, folder: Path) -> Path:
    """Write the test, `reference.log` and the room into `folder`; returns the test's path."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "room"
    found.room.axis.stand(found.room.chosen, place)
    shutil.copyfile(found.after.traced.reference, folder / "reference.log")
    catalogue = ""
    if inquiry.catalogue is not None:
        shutil.copyfile(inquiry.catalogue, folder / "catalogue.toml")
        catalogue = ', HERE / "catalogue.toml"'
    slow, fast = found.after.traced.pixel
    held = {key: f"{{{key}}}" for key in ("image", "tree", "directory")} | {"slow": str(slow), "fast": str(fast)}
    sides = [p.argv(held, args=found.after.case.args, tracing=True) for p in (inquiry.reference, inquiry.candidate)]
    reference, candidate = ([w.replace(sys.executable, "{python}") for w in words] for words in sides)
    name = re.sub(r"\W", "_", found.origin)
    path = folder / f"test_{name}.py"
    text = TEST.format(
        origin=found.origin,
        side=found.side,
        reference=shlex.join(reference).replace("\\", "\\\\"),
        tree=tree.resolve(),
        command=pprint.pformat(candidate, width=110, compact=True),
        name=name,
        inside=found.room.axis.working(place).relative_to(place).as_posix(),
        catalogue=catalogue,
    )
    path.write_text(text, encoding="utf-8")
    return path


def fails(test: Path) -> bool:
    """Whether the test fails, and by the traces: not because the candidate printed none."""
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(test)]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False, cwd=test.parent)
    return done.returncode == 1 and "AssertionError" not in done.stdout
