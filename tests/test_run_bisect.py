"""The whole search on real repositories: right answers, no false accusation, nothing of the user's touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from firstbad.bisect.bisect_commits import Outcome, bisect_commits, parse_range, resume_bisect
from firstbad.bisect.run.gitlog import bisect_log
from firstbad.bisect.run.journal import Journal
from firstbad.bisect.run.judges import Metric
from firstbad.bisect.run.probe import Probe
from firstbad.bisect.run.progress import Progress
from firstbad.bisect.run.sandbox import Limits
from firstbad.bisect.run.shelf import newest_unfinished
from firstbad.bisect.run.story import replay, searches
from firstbad.bisect.verdict import Candidates, Culprit, Flaky, NotHere
from firstbad.tracer.errors import FirstbadError
from run_repos import exits, git, make_repo, processes_with, state_of

PROG = Probe([sys.executable, "-S", "prog.py"])


def numbers(outcome: Outcome, ids: list[str]) -> list[int]:
    return sorted(ids.index(c.commit) for c in outcome.named)


def test_sixty_commits_one_culprit_three_that_do_not_import(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 60, exits(37, range(28, 31)))
    before = state_of(where)
    seen: list[Progress] = []
    outcome = bisect_commits(where, ids[0], "main", PROG, home=tmp_path / "home", on_progress=seen.append)
    assert isinstance(outcome.result, Culprit)
    assert outcome.commit is not None and outcome.commit.subject == "commit 37"
    assert outcome.commit.files == ("prog.py",)
    assert outcome.hunt == "exit 1"
    assert outcome.probes <= 13
    assert state_of(where) == before
    assert list((tmp_path / "home" / "slots").iterdir()) == []
    assert seen[-1].what == "result" and seen[-1].done == outcome.probes
    assert [p.left for p in seen if p.what == "end"] == sorted((p.left for p in seen if p.what == "end"), reverse=True)


@pytest.mark.parametrize("jobs", [pytest.param(2, marks=pytest.mark.slow), 5])
def test_many_at_once_name_the_same(tmp_path: Path, jobs: int) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 40, exits(11))
    outcome = bisect_commits(where, ids[0], ids[-1], PROG, home=tmp_path / "home", jobs=jobs)
    assert numbers(outcome, ids) == [11]


@pytest.mark.slow
def test_probes_that_became_useless_are_ended(tmp_path: Path) -> None:
    """The program takes a minute in good commits and none in bad ones: waiting for it would show."""
    where = tmp_path / "repo"
    mark = f"600{os.getpid()}"

    def files(i: int) -> dict[str, str]:
        slow = "" if i >= 4 or i in (0, 3) else f"import time; time.sleep({mark})\n"
        return {"prog.py": f"import sys\n{slow}print({i})\nsys.exit({int(i >= 4)})\n"}

    ids = make_repo(where, 9, files)
    begun = time.monotonic()
    outcome = bisect_commits(where, ids[0], ids[-1], PROG, home=tmp_path / "home", jobs=4)
    assert numbers(outcome, ids) == [4]
    assert time.monotonic() - begun < 60
    assert processes_with(mark) == []


def test_broken_commits_beside_the_culprit_are_candidates(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 20, exits(10, range(8, 10)))
    outcome = bisect_commits(where, ids[0], ids[-1], PROG, home=tmp_path / "home")
    assert isinstance(outcome.result, Candidates)
    assert numbers(outcome, ids) == [8, 9, 10]
    assert outcome.commit is None


def test_a_failure_of_another_kind_is_not_taken_for_the_hunted_one(tmp_path: Path) -> None:
    """git bisect run would name commit 5, where an exit of 3 begins; the hunted failure begins at 12."""
    where = tmp_path / "repo"

    def files(i: int) -> dict[str, str]:
        code = 3 if 5 <= i < 9 else 1 if i >= 12 else 0
        return {"prog.py": f"import sys\nprint({i})\nsys.exit({code})\n"}

    ids = make_repo(where, 20, files)
    outcome = bisect_commits(where, ids[0], ids[-1], PROG, home=tmp_path / "home")
    assert numbers(outcome, ids) == [12]


@pytest.mark.parametrize(("good", "bad", "word"), [(5, 19, "bad"), (0, 3, "good")])
def test_ends_that_agree_are_not_here(tmp_path: Path, good: int, bad: int, word: str) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 20, exits(4))
    outcome = bisect_commits(where, ids[good], ids[bad], PROG, home=tmp_path / "home")
    assert isinstance(outcome.result, NotHere)
    assert outcome.probes == 2
    assert all(f"is {word}" in line for line in outcome.result.evidence[1:])


def test_which_commit_repaired_it(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 20, lambda i: {"prog.py": f"import sys\nprint({i})\nsys.exit({int(i < 7)})\n"})
    outcome = bisect_commits(where, ids[-1], ids[0], PROG, home=tmp_path / "home")
    assert numbers(outcome, ids) == [7]


def test_a_flaky_end_is_found_out(tmp_path: Path) -> None:
    where, counter = tmp_path / "repo", tmp_path / "counter"
    ids = make_repo(where, 3, lambda i: {"f": f"{i}\n"})
    command = f'echo x >>{counter}; test $(wc -l <{counter}) -ge 3 -o "$(cat f)" = 0'
    outcome = bisect_commits(where, ids[0], ids[-1], Probe(command), home=tmp_path / "home", cached=False)
    assert isinstance(outcome.result, Flaky)


def test_nearer_to_good_or_to_bad(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    value = {i: 0.9999 - 1e-6 * i - (0.01 if i >= 9 else 0) for i in range(16)}
    ids = make_repo(where, 16, lambda i: {"out.txt": f"corr={value[i]}\n"})
    probe = Probe(["cat", "out.txt"], judge=Metric(r"stdout:corr=(\S+)"))
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", jobs=3)
    assert numbers(outcome, ids) == [9]


def test_a_commit_that_never_ends_is_skipped(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 9, lambda i: {"prog.sh": f"# {i}\n{'sleep 60' if i == 4 else ''}\nexit {int(i >= 6)}\n"})
    before = state_of(where)
    probe = Probe(["sh", "prog.sh"], limits=Limits(seconds=0.5))
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home")
    assert numbers(outcome, ids) == [6]
    assert state_of(where) == before


def test_a_command_that_is_not_found_accuses_nobody(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 9, exits(5))
    outcome = bisect_commits(where, ids[0], ids[-1], Probe(["no-such-command"]), home=tmp_path / "home")
    assert isinstance(outcome.result, Candidates)
    assert any("'no-such-command' was not found" in line for line in outcome.result.evidence)
    assert outcome.probes == 2


def test_an_exit_code_of_255_stops_and_can_be_resumed(tmp_path: Path) -> None:
    where, flag = tmp_path / "repo", tmp_path / "flag"
    ids = make_repo(where, 17, lambda i: {"n": f"{i}\n"})
    before = state_of(where)
    probe = Probe(f"test -e {flag} || test $(cat n) -eq 0 -o $(cat n) -eq 16 || exit 255; test $(cat n) -lt 9")
    with pytest.raises(FirstbadError, match="exited with 255") as caught:
        bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home")
    assert caught.value.slug == "probe-abort"
    flag.write_text("")
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", resume=True)
    assert numbers(outcome, ids) == [9]
    assert state_of(where) == before


def test_results_hold_across_searches(tmp_path: Path) -> None:
    where, counter = tmp_path / "repo", tmp_path / "counter"
    ids = make_repo(where, 16, lambda i: {"n": f"{i}\n"})
    probe = Probe(f"echo x >>{counter}; test $(cat n) -lt 9")
    first = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", confirm=False)
    runs = len(counter.read_text())
    second = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", confirm=False)
    assert (first.result, first.probes) == (second.result, second.probes)
    assert (first.cached, second.cached) == (0, second.probes)
    assert len(counter.read_text()) == runs
    third = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", cached=False, confirm=False)
    assert third.cached == 0 and len(counter.read_text()) == 2 * runs


def test_the_environment_and_the_inputs_are_part_of_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where, data = tmp_path / "repo", tmp_path / "data"
    ids = make_repo(where, 4, lambda i: {"n": f"{i}\n"})
    data.write_text("one")
    probe = Probe("test $(cat n) -lt 2", inputs=(str(data),))

    def cached() -> int:
        return bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", confirm=False).cached

    assert cached() == 0
    assert cached() > 0
    monkeypatch.setenv("SOME_FLAG_OF_THE_PROGRAM", "1")
    assert cached() == 0
    data.write_text("two")
    assert cached() == 0
    assert cached() > 0


def test_a_confirmation_is_a_real_run(tmp_path: Path) -> None:
    """Cached answers say commit 5; since then the machine changed and all is good: the culprit must not be named."""
    where, broken = tmp_path / "repo", tmp_path / "broken"
    ids = make_repo(where, 8, lambda i: {"n": f"{i}\n"})
    broken.write_text("")
    probe = Probe(f"test ! -e {broken} || test $(cat n) -lt 5")
    assert numbers(bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "h"), ids) == [5]
    broken.unlink()
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "h")
    assert outcome.cached > 0
    assert isinstance(outcome.result, Flaky)


def test_bad_input_is_a_sentence(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 3, exits(2))
    home = tmp_path / "home"
    with pytest.raises(FirstbadError, match="'v7' names no commit"):
        bisect_commits(where, "v7", "HEAD", PROG, home=home)
    with pytest.raises(FirstbadError, match="same commit"):
        bisect_commits(where, ids[0], ids[0], PROG, home=home)
    with pytest.raises(FirstbadError, match="is no range"):
        parse_range("v1")
    with pytest.raises(FirstbadError, match="0 jobs"):
        bisect_commits(where, ids[0], ids[2], PROG, home=home, jobs=0)
    assert parse_range("v1..") == ("v1", "HEAD")


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


def test_the_log_can_be_replayed_by_git(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 40, exits(17, range(24, 26)))
    outcome = bisect_commits(where, ids[0], ids[-1], PROG, home=tmp_path / "home")
    log = bisect_log(Journal.read(outcome.journal))
    (tmp_path / "log").write_text(log)
    git(tmp_path, "clone", "-q", str(where), "copy")
    said = git(tmp_path / "copy", "bisect", "replay", str(tmp_path / "log"))
    assert f"{ids[17]} is the first bad commit" in said
    assert log.endswith(f"# first bad commit: [{ids[17]}] commit 17\n")


def test_a_journal_is_judged_again_without_running_anything(tmp_path: Path) -> None:
    """One set of runs, another question: where did the printed number pass 20 (the exit code changed at 9)."""
    where = tmp_path / "repo"
    ids = make_repo(where, 16, lambda i: {"p.sh": f"echo value={i if i < 9 else i + 20}\nexit {int(i >= 9)}\n"})
    outcome = bisect_commits(where, ids[0], ids[-1], Probe(["sh", "p.sh"]), home=tmp_path / "home")
    book = Journal.read(outcome.journal)
    assert replay(book).result == outcome.result
    other = replay(book, Probe(["sh", "p.sh"], judge=Metric(r"stdout:value=(\d+)", "< 20")))
    assert isinstance(other.result, Culprit) and other.result.point == ids[9]
    assert {t.verdict.signature for t in other.tried} == {"", "not < 20"}
    (listed,) = searches(tmp_path / "home")
    assert (listed.state, listed.culprit, listed.probes) == ("Culprit", ids[9], outcome.probes)


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
