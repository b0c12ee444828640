"""Searches without an order, with real runs: killed anywhere they go on, results are shared where that is sound."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from firstbad.bisect.axes.around import Around
from firstbad.bisect.bisect_commits import Options, bisect_commits
from firstbad.bisect.bisect_sets import Found, resume_sets, search_flags, search_hunks, search_surroundings
from firstbad.bisect.run.journal import Journal
from firstbad.bisect.run.probe import Probe
from firstbad.bisect.run.progress import Listener, Progress
from firstbad.bisect.run.story import replay
from firstbad.tracer.errors import FirstbadError
from run_repos import make_repo
from transcripts import perform

FAILS = "test $(ls | grep -cE '^f(7|13)[.]dat') -ne 2"  # what a command names is no suspect, so it names nothing
AROUND_20 = {"patterns": ("*.dat",)}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with twenty files of which two together bring the failure; few variables."""
    for name in set(os.environ) - {"PATH", "HOME", "LD_LIBRARY_PATH", "VIRTUAL_ENV"}:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FIRSTBAD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOKEN", "a secret")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")  # else Python itself sets a variable as it starts
    folder = tmp_path / "run"
    folder.mkdir()
    for k in range(20):
        (folder / f"f{k}.dat").write_text(f"{k}\n")
    return folder


def counted(command: str, tmp_path: Path) -> Probe:
    """The probe that runs `command` and notes outside that it did."""
    return Probe(f"echo run >>{tmp_path}/ran; {command}")


def runs(tmp_path: Path) -> int:
    ran = tmp_path / "ran"
    return len(ran.read_text().splitlines()) if ran.exists() else 0


def until(events: int) -> Listener:
    """A person who presses Ctrl-C after so many events."""

    def listen(_: Progress) -> None:
        nonlocal events
        events -= 1
        if events < 0:
            raise KeyboardInterrupt

    return listen


def answered(book: Path) -> Counter[str]:
    return Counter(json.dumps(e["point"]) for e in Journal.read(book).events if e["event"] == "end")


def search(here: Path, tmp_path: Path, **more: Any) -> Found:
    return search_surroundings(Around(str(here), **AROUND_20), counted(FAILS, tmp_path), Options(), **more)


@pytest.mark.parametrize("events", [0, 1, 4, 9, 16])
def test_a_search_of_files_goes_on_where_it_was_interrupted(here: Path, tmp_path: Path, events: int) -> None:
    book = tmp_path / "j.jsonl"
    with pytest.raises(FirstbadError, match="interrupted after") as caught:
        search(here, tmp_path, journal=book, on_progress=until(events))
    assert caught.value.remedy == f"Go on with: firstbad bisect --resume {book}"
    with pytest.raises(FirstbadError, match="interrupted after"):
        resume_sets(book, on_progress=until(2), jobs=2)
    found = resume_sets(book, jobs=2)
    assert [set(s) for s in found.sets] == [{"f7.dat", "f13.dat"}]
    assert all(n <= 2 for n in answered(book).values())
    begun = sum(e["event"] in ("begin", "watch") for e in Journal.read(book).events)
    assert runs(tmp_path) <= begun  # a cancelled one may have begun without having run
    assert replay(Journal.read(book)).result == found.result
    assert "a secret" not in book.read_text()


def test_what_changed_meanwhile_is_named_and_not_mixed(here: Path, tmp_path: Path, monkeypatch: Any) -> None:
    book = tmp_path / "j.jsonl"
    monkeypatch.setenv("WINDOWID", "this terminal")
    with pytest.raises(FirstbadError, match="interrupted"):
        search(here, tmp_path, journal=book, on_progress=until(5))
    monkeypatch.setenv("TOKEN", "another")
    monkeypatch.setenv("WINDOWID", "another terminal")
    (here / "f3.dat").write_text("changed\n")
    (here / "new.dat").write_text("\n")
    with pytest.raises(FirstbadError, match=r"began: f3\.dat, \$TOKEN, new\.dat") as caught:
        resume_sets(book)
    assert caught.value.slug == "surroundings-changed"
    with pytest.raises(FirstbadError) as caught:
        search_surroundings(Around(str(here)), Probe("true"), Options(), resume=book)
    assert caught.value.slug == "journal-other-search"


def test_our_own_files_are_no_suspects_where_they_lie_in_the_directory(here: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("FIRSTBAD_HOME", str(here / "kept"))
    book = here / "j.dat"
    with pytest.raises(FirstbadError, match="interrupted"):
        search_surroundings(Around(str(here)), Probe(FAILS), Options(), journal=book, on_progress=until(5))
    assert [set(s) for s in resume_sets(book).sets] == [{"f7.dat", "f13.dat"}]


def flags(here: Path, tmp_path: Path, **more: Any) -> Found:
    probe = counted("set -- {flags}; case $* in *-fast*) ! test -s f3.dat;; esac", tmp_path)
    return search_flags("-O0 -g", "-O2 -fast -wide", Around(str(here)), probe, Options(**more))


def test_a_later_search_knows_the_results_but_confirms_anew(here: Path, tmp_path: Path) -> None:
    first = flags(here, tmp_path)
    before = runs(tmp_path)
    second = flags(here, tmp_path)
    assert first.sets == second.sets == (("add -fast",),)
    repeats = sum(n - 1 for n in answered(second.journal).values())
    assert (first.cached, second.cached) == (0, second.probes - repeats)
    assert runs(tmp_path) - before == repeats == 2
    (here / "f3.dat").write_text("")  # another content: nothing that was known holds
    third = flags(here, tmp_path)
    assert third.cached == 0 and not third.sets


def test_two_runs_at_a_time(here: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    probe = Probe(f"echo + >>{log}; sleep 0.3; echo - >>{log}; ! test -e f3.dat")
    found = search_surroundings(Around(str(here), **AROUND_20), probe, Options(jobs=2))
    assert found.sets == (("f3.dat",),)
    assert "+\n+\n" in log.read_text()


def story(i: int) -> dict[str, str]:
    return {"a.txt": "".join(f"{k} {'new' if i >= 4 else 'old'}\n\n" for k in range(30)), "n": f"{i}\n"}


def test_the_edits_of_a_commit_go_on_too_and_know_both_ends(tmp_path: Path) -> None:
    ids = make_repo(tmp_path / "repo", 8, story)
    options = Options(home=tmp_path / "home", hunks=True)
    probe = Probe("! grep -q '^11 new' a.txt || ! grep -q '^20 new' a.txt")
    outcome = bisect_commits(tmp_path / "repo", ids[0], ids[-1], probe, options=options)
    assert outcome.commit is not None and outcome.commit.commit == ids[4]
    book = tmp_path / "h.jsonl"
    with pytest.raises(FirstbadError, match="interrupted"):
        search_hunks(ids[4], tmp_path / "repo", probe, options, journal=book, on_progress=until(7))
    found = resume_sets(book, home=tmp_path / "home", jobs=2)
    assert [len(s) for s in found.sets] == [2] and found.cached >= 2
    assert all(n <= 2 for n in answered(book).values())
    assert replay(Journal.read(book)).result == found.result


def test_the_command_line_reads_and_resumes_any_journal(here: Path, tmp_path: Path) -> None:
    book = tmp_path / "j.jsonl"
    command = ["ambient", "--json", "--pattern=*.dat", "--parents=0", "--journal", str(book), "--", FAILS]
    status, out, _ = perform(command, here)
    said = json.loads(out)
    assert status == 0 and [set(s) for s in said["named"]] == [{"f7.dat", "f13.dat"}]
    assert perform(["bisect", "log", str(book)], here)[2].endswith("[journal-unordered]\n")
    assert perform(["bisect", "table", str(book)], here)[2].endswith("[journal-unordered]\n")
    told = perform(["bisect", "show", str(book)], here)[1]
    assert "everything together" in told and "without f13.dat" in told and told.count("\n") > said["probes"]
    for words in (
        ["bisect", "--resume", str(book)],
        ["ambient", "--resume", str(book)],
        ["bisect", "replay", str(book)],
    ):
        status, out, err = perform([*words, "--json"], here)
        again = json.loads(out)
        assert (status, err) == (0, "") and (again.get("evidence") or again["detail"]["evidence"]) == said["evidence"]


def test_killed_with_its_rooms_it_goes_on_and_clears_up(here: Path, tmp_path: Path, monkeypatch: Any) -> None:
    book, temporary = tmp_path / "j.jsonl", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    words = ["ambient", "--json", "--pattern=*.dat", "--parents=0", "--journal", str(book), "--"]
    running = subprocess.Popen(
        [sys.executable, "-m", "firstbad.ui", *words, f"sleep 0.3; {FAILS}"],
        cwd=here, env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while (not book.exists() or len(answered(book)) < 3) and time.monotonic() < deadline:
        time.sleep(0.05)
    while not list(temporary.glob("firstbad-room-*")) and time.monotonic() < deadline:
        time.sleep(0.01)  # between two probes there is no room to leave behind
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    known, left = answered(book), list(temporary.glob("firstbad-room-*"))
    found = resume_sets(book)
    assert [set(s) for s in found.sets] == [{"f7.dat", "f13.dat"}]
    assert known and all(n <= 2 for n in answered(book).values())
    assert left and not list(temporary.glob("firstbad-room-*"))
