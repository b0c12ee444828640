"""Worktrees with real git: exact, reused, cleaned up, and the user's repository is never written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from firstbad.bisect.run.plumbing import GitError, open_repository
from firstbad.bisect.run.worktrees import Layout, Worktrees, remove_stale
from firstbad.tracer.errors import FirstbadError
from run_repos import exits, git, make_repo, state_of


@pytest.fixture
def repo(tmp_path: Path) -> tuple[Path, list[str]]:
    where = tmp_path / "repo"
    return where, make_repo(where, 8, exits(5))


def files_in(tree: Path) -> dict[str, str]:
    return {p.relative_to(tree).as_posix(): p.read_text() for p in tree.rglob("*") if p.is_file() and p.name != ".git"}


def test_a_slot_holds_exactly_the_commit(repo: tuple[Path, list[str]], tmp_path: Path) -> None:
    where, ids = repo
    before = state_of(where)
    with Worktrees(where, tmp_path / "home") as trees, trees.slot() as slot:
        for commit in (ids[0], ids[7], ids[3]):
            slot.stand_on(commit)
            assert files_in(slot.tree) == {"prog.py": git(where, "show", f"{commit}:prog.py") + "\n"}
            assert git(slot.tree, "rev-parse", "HEAD") == commit
            assert git(slot.tree, "status", "--porcelain") == ""
    assert state_of(where) == before


def test_what_a_probe_left_is_gone(repo: tuple[Path, list[str]], tmp_path: Path) -> None:
    where, ids = repo
    with Worktrees(where, tmp_path / "home") as trees, trees.slot() as slot:
        slot.stand_on(ids[0])
        (slot.tree / "prog.py").write_text("edited")
        (slot.tree / "junk").mkdir()
        (slot.tree / "junk" / "file").write_text("x")
        (slot.tree / "__pycache__").mkdir()
        (slot.tree / "__pycache__" / "prog.pyc").write_bytes(b"stale")
        git(slot.tree, "init", "-q", "nested")
        (slot.scratch / "t").write_text("x")
        git(slot.tree, "config", "core.hooksPath", "/evil")
        (slot.git_dir / "index.lock").write_text("")
        slot.stand_on(ids[0])
        assert files_in(slot.tree) == {"prog.py": git(where, "show", f"{ids[0]}:prog.py") + "\n"}
        assert sorted(p.name for p in slot.tree.iterdir()) == [".git", "prog.py"]
        assert list(slot.scratch.iterdir()) == []
        assert "hooksPath" not in (slot.git_dir / "config").read_text()


def test_an_edit_of_equal_size_and_time_is_undone(repo: tuple[Path, list[str]], tmp_path: Path) -> None:
    where, ids = repo
    with Worktrees(where, tmp_path / "home") as trees, trees.slot() as slot:
        slot.stand_on(ids[0])
        path = slot.tree / "prog.py"
        about, text = path.stat(), path.read_text()
        path.write_text(text.replace("commit 0", "commit 9"))
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
        slot.stand_on(ids[0])
        assert path.read_text() == text


@pytest.mark.parametrize("damage", ["git", "tree", "index"])
def test_a_slot_that_a_probe_broke_is_made_anew(repo: tuple[Path, list[str]], tmp_path: Path, damage: str) -> None:
    where, ids = repo
    with Worktrees(where, tmp_path / "home") as trees, trees.slot() as slot:
        slot.stand_on(ids[0])
        if damage == "index":
            (slot.git_dir / "index").write_bytes(b"garbage")
        else:
            shutil.rmtree(slot.git_dir if damage == "git" else slot.tree)
        slot.stand_on(ids[4])
        assert "commit 4" in (slot.tree / "prog.py").read_text()


def test_a_probe_s_own_commit_stays_in_the_slot(repo: tuple[Path, list[str]], tmp_path: Path) -> None:
    where, ids = repo
    # a git that finds a borrowed object already there renews the time of its pack; nothing else may change
    before = state_of(where, times=False)
    with Worktrees(where, tmp_path / "home") as trees, trees.slot() as slot:
        slot.stand_on(ids[2])
        (slot.tree / "new").write_text("x")
        git(slot.tree, "add", "-A")
        git(slot.tree, "commit", "-q", "-m", "by a probe")
        git(slot.tree, "gc", "-q", "--prune=now")
        slot.stand_on(ids[2])
        assert not (slot.tree / "new").exists()
    assert state_of(where, times=False) == before


def test_tags_are_there_for_git_describe(repo: tuple[Path, list[str]], tmp_path: Path) -> None:
    where, ids = repo
    git(where, "tag", "v1", ids[1])
    git(where, "pack-refs", "--all")
    git(where, "tag", "v2", ids[4])
    with Worktrees(where, tmp_path / "home") as trees, trees.slot() as slot:
        slot.stand_on(ids[5])
        assert git(slot.tree, "describe", "--tags").startswith("v2-1-g")
        slot.stand_on(ids[3])
        assert git(slot.tree, "describe", "--tags").startswith("v1-2-g")


def test_hooks_and_filters_do_not_run_unless_asked(repo: tuple[Path, list[str]], tmp_path: Path) -> None:
    where, _ = repo
    witness = tmp_path / "witness"
    (where / ".gitattributes").write_text("*.py filter=loud\n")
    git(where, "add", "-A")
    git(where, "commit", "-q", "-m", "attributes")
    git(where, "config", "filter.loud.smudge", f"sh -c 'echo ran >>{witness}; cat'")
    git(where, "config", "core.fsmonitor", f"sh -c 'echo fsmonitor >>{witness}'")
    hook = where / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho hook >>{witness}\n")
    hook.chmod(0o755)
    head = git(where, "rev-parse", "HEAD")
    with Worktrees(where, tmp_path / "home") as trees, trees.slot() as slot:
        slot.stand_on(head)
    assert not witness.exists()
    with Worktrees(where, tmp_path / "home", Layout(filters=True)) as trees, trees.slot() as slot:
        slot.stand_on(head)
    assert set(witness.read_text().split()) == {"ran"}


def test_submodules_stay_empty_unless_asked(repo: tuple[Path, list[str]], tmp_path: Path) -> None:
    where, _ = repo
    make_repo(tmp_path / "sub", 2, lambda i: {"inner.txt": f"{i}\n"})
    git(where, "submodule", "--quiet", "add", str(tmp_path / "sub"), "part")
    git(where, "commit", "-q", "-m", "with a submodule")
    head = git(where, "rev-parse", "HEAD")
    with Worktrees(where, tmp_path / "home") as trees, trees.slot() as slot:
        slot.stand_on(head)
        assert list((slot.tree / "part").iterdir()) == []
    before = state_of(where)
    with Worktrees(where, tmp_path / "home", Layout(submodules=True)) as trees, trees.slot() as slot:
        slot.stand_on(head)
        assert (slot.tree / "part" / "inner.txt").read_text() == "1\n"
    assert state_of(where) == before


@pytest.mark.parametrize("kind", ["bare", "shallow", "linked"])
def test_other_kinds_of_repository(repo: tuple[Path, list[str]], tmp_path: Path, kind: str) -> None:
    where, ids = repo
    other = tmp_path / "other"
    if kind == "bare":
        git(tmp_path, "clone", "-q", "--bare", str(where), str(other))
    elif kind == "shallow":
        git(tmp_path, "clone", "-q", "--depth=3", f"file://{where}", str(other))
    else:
        git(where, "worktree", "add", "-q", "--detach", str(other), ids[6])
    before = state_of(other), state_of(where)
    with Worktrees(other, tmp_path / "home") as trees, trees.slot() as slot:
        slot.stand_on(ids[6])
        assert "commit 6" in (slot.tree / "prog.py").read_text()
    assert (state_of(other), state_of(where)) == before


def test_a_sha256_repository(tmp_path: Path) -> None:
    where = tmp_path / "r"
    where.mkdir()
    git(where, "init", "-q", "--object-format=sha256")
    (where / "f").write_text("x\n")
    git(where, "add", "-A")
    git(where, "commit", "-q", "-m", "one")
    with Worktrees(where, tmp_path / "home") as trees, trees.slot() as slot:
        slot.stand_on(git(where, "rev-parse", "HEAD"))
        assert files_in(slot.tree) == {"f": "x\n"}


def unreadable(where: Path, name: str) -> None:
    """Damage one object as a bad disk would; objects must be loose."""
    path = where / ".git" / "objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(b"damaged")


def loose_repo(where: Path) -> str:
    where.mkdir()
    git(where, "init", "-q")
    for name in ("need/a.txt", "other/b.txt"):
        (where / name).parent.mkdir(exist_ok=True)
        (where / name).write_text(f"{name}\n")
    git(where, "add", "-A")
    git(where, "commit", "-q", "-m", "one")
    return git(where, "rev-parse", "HEAD")


@pytest.mark.parametrize("damaged", ["HEAD:other/b.txt", "HEAD:other"])
def test_unreadable_objects_in_paths_that_are_not_needed(tmp_path: Path, damaged: str) -> None:
    where = tmp_path / "r"
    head = loose_repo(where)
    unreadable(where, git(where, "rev-parse", damaged))
    with Worktrees(where, tmp_path / "home") as trees, trees.slot() as slot, pytest.raises(GitError):
        slot.stand_on(head)
    with Worktrees(where, tmp_path / "home", Layout(sparse=("need",))) as trees, trees.slot() as slot:
        slot.stand_on(head)
        assert files_in(slot.tree) == {"need/a.txt": "need/a.txt\n"}
        (slot.tree / "need" / "junk").write_text("x")
        slot.stand_on(head)
        assert files_in(slot.tree) == {"need/a.txt": "need/a.txt\n"}


def test_slots_are_reused_and_removed(repo: tuple[Path, list[str]], tmp_path: Path) -> None:
    where, ids = repo
    home = tmp_path / "home"
    with Worktrees(where, home) as trees:
        with trees.slot() as first:
            pass
        with trees.slot() as second, trees.slot() as third:
            assert second is first and third.place != first.place
            second.stand_on(ids[0])
            third.stand_on(ids[7])
            assert files_in(second.tree) != files_in(third.tree)
    assert list((home / "slots").iterdir()) == []


def test_two_pools_share_no_slot(repo: tuple[Path, list[str]], tmp_path: Path) -> None:
    where, ids = repo
    home = tmp_path / "home"
    with Worktrees(where, home) as one, Worktrees(where, home) as two, one.slot() as a, two.slot() as b:
        assert a.place != b.place
        a.stand_on(ids[0])
        b.stand_on(ids[1])
        assert (a.tree / "prog.py").exists()


def test_what_a_crash_left_is_removed_by_the_next(repo: tuple[Path, list[str]], tmp_path: Path) -> None:
    where, ids = repo
    home = tmp_path / "home"
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom firstbad.bisect.run.worktrees import Worktrees\n"
        f"trees = Worktrees(Path({str(where)!r}), Path({str(home)!r}))\n"
        f"with trees.slot() as slot:\n    slot.stand_on({ids[0]!r})\n    os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script])
    left = [p for p in (home / "slots").iterdir() if p.is_dir()]
    assert len(left) == 1
    with Worktrees(where, home) as trees, trees.slot() as slot:
        assert slot.place == left[0], "the number, and so the path, is used again"
        assert not slot.place.exists(), "but nothing of it"
    assert remove_stale(home / "slots") == []


@pytest.mark.slow
def test_many_threads(repo: tuple[Path, list[str]], tmp_path: Path) -> None:
    where, ids = repo
    with Worktrees(where, tmp_path / "home") as trees:

        def look(i: int) -> bool:
            with trees.slot() as slot:
                slot.stand_on(ids[i % 8])
                return f"commit {i % 8}'" in (slot.tree / "prog.py").read_text()

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(look, range(24)))


def test_no_repository_is_a_sentence(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "gone"):
        with pytest.raises(FirstbadError) as caught:
            open_repository(place)
        assert caught.value.slug == "no-repository"


def test_an_unknown_commit_is_a_sentence(repo: tuple[Path, list[str]]) -> None:
    with pytest.raises(FirstbadError, match="'v9' names no commit"):
        open_repository(repo[0]).resolve("v9")


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A directory that others may enter; any other pytest at work closes those of pytest again."""
    roots = [root for root in (Path(tempfile.gettempdir()), Path("/var/tmp"), Path("/dev/shm")) if root.is_dir()]
    root = next((root for root in roots if all(p.stat().st_mode & 0o001 for p in (root, *root.parents))), None)
    if root is None:
        pytest.skip("no directory here that another user may enter")
    with tempfile.TemporaryDirectory(dir=root) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_repository_of_another_user_that_we_cannot_write(open_to_all: Path) -> None:
    where, home = open_to_all / "repo", open_to_all / "home"
    ids = make_repo(where, 8, exits(5))
    before = state_of(where)
    home.mkdir()
    home.chmod(0o777)
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom firstbad.bisect.run.worktrees import Worktrees\n"
        f"os.setgid(65534); os.setuid(65534); os.environ['HOME'] = '/nonexistent'\n"
        f"with Worktrees(Path({str(where)!r}), Path({str(home)!r})) as trees, trees.slot() as slot:\n"
        f"    slot.stand_on({ids[3]!r}); print((slot.tree / 'prog.py').read_text())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "commit 3" in done.stdout, done.stderr
    assert state_of(where) == before
