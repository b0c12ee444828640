"""The commits axis on real repositories: plain, bare, shallow, diverged; nothing of the user's is touched."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from firstbad.bisect.axes.commits import changed_lines, describe, read_range
from firstbad.bisect.run.plumbing import open_repository
from firstbad.bisect.search.drive import run_serial
from firstbad.bisect.verdict import Culprit, Kind, Verdict
from firstbad.tracer.errors import FirstbadError
from histories import generate

Git = Callable[..., str]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    where = tmp_path / "repo"
    where.mkdir()
    _git(where, "init", "-q", "-b", "main")
    for k in range(12):
        (where / "f.txt").write_text(f"one\nvalue {k}\n")
        _commit(where, f"step {k}")
    return where


def _git(where: Path, *args: str, data: str | None = None) -> str:
    env = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "PATH": "/usr/bin:/bin:/usr/local/bin"}
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(
        ["git", *who, *args], cwd=where, input=data, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _commit(where: Path, subject: str) -> str:
    _git(where, "add", "-A")
    _git(where, "commit", "-q", "--allow-empty", "-m", subject)
    return _git(where, "rev-parse", "HEAD")


def _number(repo: Path, commit: str) -> int:
    return int(_git(repo, "show", f"{commit}:f.txt").split()[-1])


def test_a_culprit_is_found_and_described(repo: Path) -> None:
    found = read_range(repo, "HEAD~11", "main")
    assert len(found.commits) == 11 and found.old == (_git(repo, "rev-parse", "HEAD~11"),)
    assert found.notes == () and not found.repair
    probe = lambda c: Verdict(Kind.BAD if _number(repo, c) >= 7 else Kind.GOOD)  # noqa: E731
    result = run_serial(found.search(), probe).result
    assert isinstance(result, Culprit)
    facts = describe(found.repository, [result.point, *result.parents])
    assert [f.subject for f in facts.values()] == ["step 7", "step 6"]
    assert facts[result.point].author == "Ada" and "step 7 (Ada, 20" in str(facts[result.point])
    lines = changed_lines(found.repository, result.point)
    assert [(c.file, c.line, c.old, c.new) for c in lines] == [("f.txt", 2, "value 6", "value 7")]


def test_ends_the_other_way_round_ask_for_the_repair(repo: Path) -> None:
    found = read_range(repo, "main", "HEAD~9")
    assert found.repair and "newer" in found.notes[0]
    probe = lambda c: Verdict(Kind.GOOD if _number(repo, c) >= 5 else Kind.BAD)  # noqa: E731
    result = run_serial(found.search(), probe).result
    assert isinstance(result, Culprit)
    assert _number(repo, result.point) == 5


def test_a_good_commit_on_another_branch_brings_in_where_the_lines_part(repo: Path) -> None:
    _git(repo, "checkout", "-q", "-b", "side", "HEAD~4")
    side = _commit(repo, "aside")
    found = read_range(repo, "side", "main")
    assert found.old == (side, _git(repo, "rev-parse", "main~4"))
    assert len(found.commits) == 4
    assert "no ancestor" in found.notes[0]


def test_errors_are_sentences(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(FirstbadError, match="names no commit") as unknown:
        read_range(repo, "no-such-thing", "main")
    assert unknown.value.slug == "commit-unknown"
    with pytest.raises(FirstbadError, match="same commit"):
        read_range(repo, "main", "HEAD")
    with pytest.raises(FirstbadError, match="no git repository"):
        read_range(tmp_path, "a", "b")
    _git(repo, "checkout", "-q", "--orphan", "alone")
    _commit(repo, "alone")
    with pytest.raises(FirstbadError, match="no common ancestor"):
        read_range(repo, "main", "alone")


def test_bare_and_shallow_clones_work(repo: Path, tmp_path: Path) -> None:
    _git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    assert len(read_range(tmp_path / "bare.git", "main~5", "main").commits) == 5
    _git(tmp_path, "clone", "-q", "--depth", "6", f"file://{repo}", "shallow")
    found = read_range(tmp_path / "shallow", "HEAD~5", "HEAD")
    assert len(found.commits) == 5
    assert any("shallow" in note for note in found.notes)
    with pytest.raises(FirstbadError, match="shallow"):
        read_range(tmp_path / "shallow", "HEAD~9", "HEAD")


def test_commits_left_out_are_never_tried(repo: Path) -> None:
    found = read_range(repo, "HEAD~11", "main", leave_out=["HEAD~4", "HEAD~5"])
    tried: list[str] = []

    def probe(commit: str) -> Verdict:
        tried.append(commit)
        return Verdict(Kind.BAD if _number(repo, commit) >= 7 else Kind.GOOD)

    result = run_serial(found.search(), probe).result
    assert not set(found.left_out) & set(tried)
    assert {_number(repo, c) for c in result.points} == {6, 7, 8}  # type: ignore[union-attr]


def test_merges_are_read_with_all_parents_or_along_the_main_line(repo: Path) -> None:
    _git(repo, "checkout", "-q", "-b", "side", "HEAD~2")
    (repo / "g.txt").write_text("g\n")
    _commit(repo, "side work")
    _git(repo, "checkout", "-q", "main")
    _git(repo, "merge", "-q", "--no-ff", "-m", "merged", "side")
    whole = read_range(repo, "HEAD~3", "HEAD")
    line = read_range(repo, "HEAD~3", "HEAD", first_parent=True)
    tip = _git(repo, "rev-parse", "HEAD")
    assert len(whole.parents[tip]) == 2 and len(line.parents[tip]) == 1
    assert len(whole.commits) == 4 and len(line.commits) == 3
    assert "main line" in line.notes[-1]
    assert [c.file for c in changed_lines(whole.repository, tip)] == ["g.txt"]


def test_reading_changes_nothing_of_the_repository(repo: Path) -> None:
    def digest() -> str:
        files = sorted(p for p in repo.rglob("*") if p.is_file())
        return hashlib.sha256(b"".join(str(p).encode() + p.read_bytes() for p in files)).hexdigest()

    before = digest()
    found = read_range(repo, "HEAD~11", "main")
    describe(found.repository, found.commits)
    changed_lines(found.repository, "HEAD~2")
    assert digest() == before


def test_a_root_commit_is_described_by_all_its_lines(repo: Path) -> None:
    root = _git(repo, "rev-list", "--max-parents=0", "HEAD")
    lines = changed_lines(open_repository(repo), root)
    assert [(c.old, c.new) for c in lines] == [(None, "one"), (None, "value 0")]


def test_generated_histories_are_the_same_in_git(tmp_path: Path) -> None:
    for seed in range(6):
        where = tmp_path / str(seed)
        where.mkdir()
        _git(where, "init", "-q", "-b", "main")
        story = generate(seed)
        _git(where, "fast-import", "--quiet", data="".join(story.fast_import()))
        named = {}
        for line in _git(where, "log", "--format=%H %s", "--reverse", "--topo-order", "main").splitlines():
            commit, name = line.split()
            named[name] = commit
        found = read_range(where, named[story.first], "main")
        for name, above in story.parents.items():
            if name != story.first:
                assert set(found.parents[named[name]]) == {named[p] for p in above}
