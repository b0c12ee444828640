"""Searches that are interrupted: killed, stopped, out of disk, beside each other. Nothing is lost, nobody accused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from firstbad.bisect.bisect_commits import bisect_commits, resume_bisect
from firstbad.bisect.run.journal import Journal
from firstbad.bisect.run.probe import Probe
from firstbad.bisect.run.progress import Progress
from firstbad.bisect.run.shelf import newest_unfinished
from firstbad.tracer.errors import FirstbadError
from run_repos import PROG, exits, make_repo, numbers, processes_with, state_of

# --- killed and resumed

DRIVER = """
import sys
from pathlib import Path
from firstbad.bisect.bisect_commits import bisect_commits
from firstbad.bisect.run.probe import Probe
from firstbad.tracer.errors import FirstbadError
repo, good, bad, home, journal, command, jobs = sys.argv[1:]
try:
    o = bisect_commits(Path(repo), good, bad, Probe(command), home=Path(home), journal=Path(journal), jobs=int(jobs),
                       cached=False)
    print(o.commit.commit)
except FirstbadError as exc:
    print(exc, file=sys.stderr)
    sys.exit(2)
"""


def start(where: Path, ids: list[str], tmp_path: Path, command: str, jobs: int = 1) -> subprocess.Popen[str]:
    said = [str(where), ids[0], ids[-1], str(tmp_path / "home"), str(tmp_path / "j.jsonl"), command, str(jobs)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", DRIVER, *said], text=True, **pipes)  # type: ignore[call-overload]


def ended_in(path: Path) -> list[str]:
    try:
        return [e["point"] for e in Journal.read(path).events if e["event"] == "end"]
    except FirstbadError:
        return []


@pytest.mark.parametrize(
    ("after", "jobs"),
    [
        (2, 1),
        pytest.param(0, 1, marks=pytest.mark.slow),
        pytest.param(4, 2, marks=pytest.mark.slow),
        pytest.param(6, 1, marks=pytest.mark.slow),
    ],
)
def test_kill_9_of_the_driver_loses_nothing(tmp_path: Path, after: int, jobs: int) -> None:
    where, log = tmp_path / "repo", tmp_path / "log"
    ids = make_repo(where, 33, lambda i: {"n": f"{i}\n"})
    before = state_of(where)
    command = f"sleep 0.0987; cat n >>{log}; test $(cat n) -lt 13"
    driver = start(where, ids, tmp_path, command, jobs)
    journal = tmp_path / "j.jsonl"
    while len(ended_in(journal)) < after or not journal.exists():
        assert driver.poll() is None, driver.communicate()
        time.sleep(0.01)
    driver.kill()
    driver.communicate()
    done = ended_in(journal)
    time.sleep(0.3)
    assert processes_with("sleep\0000.0987") == [], "the probe outlived the driver"
    outcome = resume_bisect(journal, home=tmp_path / "home", jobs=jobs)
    assert numbers(outcome, ids) == [13]
    again = ended_in(journal)
    assert again[: len(done)] == done
    confirmed = [*outcome.result.parents, outcome.result.point]  # type: ignore[union-attr]
    repeats = [p for p in set(again) if again.count(p) > 1]
    assert sorted(repeats) == sorted(confirmed), "only the culprit and its parents are tried twice"
    assert state_of(where) == before
    assert list((tmp_path / "home" / "slots").iterdir()) == []


def test_ctrl_c_says_how_to_resume(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 33, lambda i: {"n": f"{i}\n"})
    before = state_of(where)
    driver = start(where, ids, tmp_path, "sleep 0.0986; test $(cat n) -lt 13")
    journal = tmp_path / "j.jsonl"
    while len(ended_in(journal)) < 3:
        time.sleep(0.01)
    driver.send_signal(signal.SIGINT)
    said = driver.communicate()[1]
    assert driver.returncode == 2
    assert "interrupted after" in said and f"--resume {journal}" in said and "Traceback" not in said
    assert processes_with("sleep\0000.0986") == []
    assert list((tmp_path / "home" / "slots").iterdir()) == []
    assert numbers(resume_bisect(journal, home=tmp_path / "home"), ids) == [13]
    assert state_of(where) == before


def test_kill_9_of_a_probe_is_tried_again(tmp_path: Path) -> None:
    where, once = tmp_path / "repo", tmp_path / "once"
    ids = make_repo(where, 9, lambda i: {"n": f"{i}\n"})
    before = state_of(where)
    command = f"if test $(cat n) -eq 4 && mkdir {once} 2>/dev/null; then kill -9 $$; fi; test $(cat n) -lt 5"
    outcome = bisect_commits(where, ids[0], ids[-1], Probe(command), home=tmp_path / "home")
    assert once.exists()
    assert numbers(outcome, ids) == [5]
    assert sum(e["event"] == "lost" for e in Journal.read(outcome.journal).events) == 1
    assert state_of(where) == before


def test_a_probe_that_kills_itself_every_time_is_skipped(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 9, lambda i: {"n": f"{i}\n"})
    before = state_of(where)
    command = "if test $(cat n) -eq 4; then kill -9 $$; fi; test $(cat n) -lt 5"
    outcome = bisect_commits(where, ids[0], ids[-1], Probe(command), home=tmp_path / "home")
    assert numbers(outcome, ids) == [4, 5]
    assert state_of(where) == before


@pytest.mark.slow
def test_two_searches_on_one_repository_at_once(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 33, lambda i: {"n": f"{i}\n"})
    before = state_of(where)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    runs = [start(where, ids, tmp_path / d, f"sleep 0.02; test $(cat n) -lt {k}", 2) for d, k in (("a", 9), ("b", 21))]
    said = [run.communicate()[0].strip() for run in runs]
    assert said == [ids[9], ids[21]]
    assert state_of(where) == before


def test_one_journal_has_one_writer(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 33, lambda i: {"n": f"{i}\n"})
    before = state_of(where)
    driver = start(where, ids, tmp_path, "sleep 0.3; test $(cat n) -lt 13")
    while not ended_in(tmp_path / "j.jsonl"):
        time.sleep(0.01)
    with pytest.raises(FirstbadError) as caught:
        resume_bisect(tmp_path / "j.jsonl", home=tmp_path / "home")
    driver.kill()
    driver.communicate()
    assert caught.value.slug == "journal-busy"
    assert state_of(where) == before


def test_another_search_does_not_resume_this_journal(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 9, exits(5))
    outcome = bisect_commits(where, ids[0], ids[-1], PROG, home=tmp_path / "home")
    with pytest.raises(FirstbadError) as caught:
        bisect_commits(where, ids[0], ids[-1], Probe("true"), home=tmp_path / "home", resume=outcome.journal)
    assert caught.value.slug == "journal-other-search"
    head = Journal.read(outcome.journal).header
    assert newest_unfinished(tmp_path / "home", head["fingerprint"]) is None


def test_a_full_disk_stops_the_search_and_nothing_is_lost(tmp_path: Path) -> None:
    where, full = tmp_path / "repo", tmp_path / "full"
    ids = make_repo(where, 17, lambda i: {"n": f"{i}\n"})
    before = state_of(where)
    say = "cp: error writing 'x': No space left on device"
    probe = Probe(f'if test -e {full}; then echo "{say}" >&2; exit 1; fi; test $(cat n) -lt 9')

    def fill(progress: Progress) -> None:
        if progress.done == 3:
            full.write_text("")

    with pytest.raises(FirstbadError, match="disk was full") as caught:
        bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", on_progress=fill)
    assert caught.value.slug == "disk-full"
    full.unlink()
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", resume=True)
    assert numbers(outcome, ids) == [9]
    assert state_of(where) == before


# --- the journal afterwards


SMALL_DISK = """
import sys
from pathlib import Path
from firstbad.bisect.bisect_commits import bisect_commits
from firstbad.bisect.run.probe import Probe
from firstbad.tracer.errors import FirstbadError
repo, good, bad, home, journal, command = sys.argv[1:]
try:
    print(bisect_commits(Path(repo), good, bad, Probe(command), home=Path(home), journal=Path(journal)).result)
except FirstbadError as exc:
    sys.exit(str(exc))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize("where_full", ["home", "journal"])
def test_a_disk_that_really_fills_up(tmp_path: Path, where_full: str) -> None:
    """A tmpfs of 2 MB in a mount namespace of its own holds the worktrees, or the journal and kept output."""
    where, small, roomy = tmp_path / "repo", tmp_path / "small", tmp_path / "roomy"
    ids = make_repo(where, 33, lambda i: {"n": f"{i}\n", "big": f"{i}" * (200_000 if 0 < i < 32 else 1)})
    before = state_of(where)
    small.mkdir()
    roomy.mkdir()
    home, journal = (small, roomy) if where_full == "home" else (roomy, small)
    size = 3_000_000 if where_full == "home" else 600_000  # at once, or by and by
    fill = f"test -e {small}/x || head -c {size} /dev/urandom >{small}/x 2>/dev/null"
    command = f"{fill}; head -c 400000 /dev/zero; test $(cat n) -lt 9"
    said = [str(where), ids[0], ids[-1], str(home), str(journal / "j.jsonl"), command]
    script = 'mount -t tmpfs -o size=2m none "$0" && "$@"; code=$?; cp -r "$0"/. "$0.kept"; exit $code'
    kept = Path(f"{small}.kept")
    kept.mkdir()
    run = ["unshare", "-m", "sh", "-c", script, str(small), sys.executable, "-c", SMALL_DISK, *said]
    done = subprocess.run(run, capture_output=True, text=True)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr.strip()}")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
    assert "[disk-full]" in done.stderr, done.stderr
    assert state_of(where) == before
    book = (kept if where_full == "journal" else roomy) / "j.jsonl"
    (small / "x").write_text("")
    outcome = resume_bisect(book, home=tmp_path / "elsewhere")
    assert numbers(outcome, ids) == [9]
