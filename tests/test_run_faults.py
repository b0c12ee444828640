"""Hostile surroundings for a whole search: a repository that may not be written, probes that leave processes behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from firstbad.bisect.bisect_commits import bisect_commits
from firstbad.bisect.run.probe import Probe
from firstbad.bisect.verdict import Culprit
from run_repos import make_repo, processes_with, state_of

SEARCH = """
import sys
from pathlib import Path
from firstbad.bisect.bisect_commits import bisect_commits
from firstbad.bisect.run.probe import Probe
repo, good, bad, home = sys.argv[1:]
try:
    Path(repo, "x").write_text("")
    sys.exit("it can be written")
except OSError:
    pass
print(bisect_commits(Path(repo), good, bad, Probe("test $(cat n) -lt 13"), home=Path(home)).result.point)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_repository_on_a_file_system_that_may_only_be_read(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 33, lambda i: {"n": f"{i}\n"})
    before = state_of(where)
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    search = [sys.executable, "-c", SEARCH, str(where), ids[0], ids[-1], str(tmp_path / "home")]
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, str(where), *search], capture_output=True, text=True)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr.strip()}")
    assert done.stdout.strip() == ids[13], done.stderr
    assert state_of(where) == before


def test_probes_that_fork_and_sleep_hold_nothing_up_and_are_gone(tmp_path: Path) -> None:
    where, mark = tmp_path / "repo", f"66{os.getpid()}"
    ids = make_repo(where, 17, lambda i: {"n": f"{i}\n"})
    before = state_of(where)
    command = f"(setsid sleep {mark} &) ; sleep {mark} & test $(cat n) -lt 9"
    outcome = bisect_commits(where, ids[0], ids[-1], Probe(command), home=tmp_path / "home")
    assert isinstance(outcome.result, Culprit) and outcome.result.point == ids[9]
    assert outcome.seconds < 60
    assert processes_with(mark) == []
    assert state_of(where) == before
