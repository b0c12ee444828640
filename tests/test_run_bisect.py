"""The whole search on real repositories: right answers, no false accusation, nothing of the user's touched."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from firstbad.bisect.bisect_commits import bisect_commits, parse_range
from firstbad.bisect.run.gitlog import bisect_log
from firstbad.bisect.run.journal import Journal
from firstbad.bisect.run.judges import Metric
from firstbad.bisect.run.probe import Probe
from firstbad.bisect.run.progress import Progress
from firstbad.bisect.run.sandbox import Limits
from firstbad.bisect.run.story import replay, searches
from firstbad.bisect.verdict import Candidates, Culprit, Flaky, NotHere
from firstbad.tracer.errors import FirstbadError
from run_repos import PROG, exits, git, make_repo, numbers, processes_with, state_of


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
