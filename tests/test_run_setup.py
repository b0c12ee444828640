"""Set-up, build and overlay steps: kept by content, never in the user's environment, gone with the commit."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from firstbad.bisect.bisect_commits import Outcome, bisect_commits, resume_bisect
from firstbad.bisect.run.journal import Journal
from firstbad.bisect.run.overlay import Overlay
from firstbad.bisect.run.probe import Probe
from firstbad.bisect.run.setup import PROJECT_FILES, Step, Where
from firstbad.bisect.run.story import replay
from firstbad.bisect.run.worktrees import Worktrees
from firstbad.bisect.verdict import Candidates, Culprit, Kind
from firstbad.tracer.errors import FirstbadError
from run_repos import git, make_repo, state_of


def built(i: int) -> dict[str, str]:
    """The source changes at 3, 8 and 12 only; the program is bad from 8 on; commit 5 does not build."""
    source = sum(i >= k for k in (3, 8, 12))
    make = "broken:\n\tfalse\n" if i == 5 else "prog: prog.src\n\techo built >>$(COUNTER); cp prog.src prog\n"
    return {"src/prog.src": f"{source}\n", "src/Makefile": make, "README": f"{i}\n"}


def point_of(outcome: Outcome) -> str:
    assert isinstance(outcome.result, Culprit), outcome.result
    return outcome.result.point


def test_a_build_is_made_once_per_content(tmp_path: Path) -> None:
    where, counter = tmp_path / "repo", tmp_path / "counter"
    ids = make_repo(where, 16, built)
    step = Step(f"make -s -C src COUNTER={counter}", depends=("src",))
    probe = Probe("test $(cat src/prog) -lt 2")
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", steps=(step,))
    assert point_of(outcome) == ids[8]
    assert counter.read_text().count("built") <= 4
    kinds = {e["point"]: e["verdict"]["kind"] for e in Journal.read(outcome.journal).events if e["event"] == "end"}
    assert kinds.get(ids[5], "cannot-build") == "cannot-build"


def test_a_commit_that_does_not_build_says_so_and_is_not_bad(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 3, lambda i: {"n": f"{i}\n"})
    step = Step("echo 'cc: error: no such thing' >&2; test $(cat n) -ne 1")
    outcome = bisect_commits(
        where, ids[0], ids[-1], Probe("test $(cat n) -lt 2"), home=tmp_path / "home", steps=(step,)
    )
    assert isinstance(outcome.result, Candidates)
    tried = {t.point: t.verdict for t in replay(Journal.read(outcome.journal)).tried}
    assert tried[ids[1]].kind is Kind.CANNOT_BUILD
    assert "exit 1" in tried[ids[1]].reason


def test_a_build_that_rewrites_tracked_files_is_kept_too(tmp_path: Path) -> None:
    where, counter = tmp_path / "repo", tmp_path / "counter"
    ids = make_repo(where, 4, lambda i: {"version.txt": "none\n", "n": f"{i}\n"})
    step = Step(f"echo x >>{counter}; echo generated >version.txt; ln -s version.txt link", depends=("version.txt",))
    probe = Probe("grep -q generated link && test $(cat n) -lt 2")
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", steps=(step,))
    assert point_of(outcome) == ids[2]
    assert counter.read_text() == "x\n"


def test_a_set_up_installs_into_an_environment_of_its_own(tmp_path: Path) -> None:
    """`pip install` there is not seen by the Python that we run in, and is done once per project file."""
    where, counter = tmp_path / "repo", tmp_path / "counter"

    def files(i: int) -> dict[str, str]:
        return {
            "pyproject.toml": f"# {i >= 5}\n",
            "prog.py": f"import sys, marker_of_this_test\nsys.exit({int(i >= 7)})\n",
            "n": f"{i}\n",
        }

    ids = make_repo(where, 12, files)
    site = "site=$(python -c \"import sysconfig; print(sysconfig.get_path('purelib'))\")"
    command = f"echo x >>{counter}; {site}; echo $site | grep -q $FIRSTBAD_PREFIX && touch $site/marker_of_this_test.py"
    step = Step(command, depends=PROJECT_FILES, where=Where.ENVIRONMENT)
    probe = Probe(["python", "prog.py"])
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", steps=(step,))
    assert point_of(outcome) == ids[7]
    assert counter.read_text() == "x\nx\n"
    with pytest.raises(ImportError):
        __import__("marker_of_this_test")


@pytest.mark.slow
def test_the_environment_has_what_the_surrounding_one_has(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 2, lambda i: {"n": f"{i}\n"})
    step = Step("pip --version >pip.txt && python -c 'import numpy'", where=Where.ENVIRONMENT)
    probe = Probe("python -c 'import numpy, pytest' && test $(cat n) -eq 0")
    env = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    outcome = bisect_commits(
        where, ids[0], ids[-1], Probe(probe.command, env=env), home=tmp_path / "home", steps=(step,)
    )
    assert point_of(outcome) == ids[1]


def test_steps_overlay_and_layout_survive_a_resume(tmp_path: Path) -> None:
    where, stop = tmp_path / "repo", tmp_path / "stop"
    ids = make_repo(where, 16, lambda i: {"n": f"{i}\n", "other/x": "x\n"})
    (tmp_path / "laid").write_text("laid\n")
    stop.write_text("")
    probe = Probe(
        f"test ! -e other || exit 255; cat built laid >/dev/null && test $(cat n) -lt 9 -o -e {stop} || exit 1"
    )
    step = Step("touch built", depends=("n",))
    from firstbad.bisect.run.worktrees import Layout

    outcome = bisect_commits(
        where, ids[0], ids[-1], probe, home=tmp_path / "home", steps=(step,), cached=False,
        overlay=Overlay(files=(("laid", str(tmp_path / "laid")),)), layout=Layout(sparse=("n",)),
    )  # fmt: skip
    assert type(outcome.result).__name__ == "NotHere"
    stop.unlink()
    journal = outcome.journal
    head = journal.read_text().splitlines()[0]
    journal.write_text(head + "\n")  # as if it had been killed before its first probe
    assert point_of(resume_bisect(journal, home=tmp_path / "home")) == ids[9]


# --- overlay

PORT = """
import numpy as np, physics
image = np.array([[physics.F_latt(h, k) for h in range(5)] for k in range(4)])
open('image.bin', 'wb').write(image.tobytes())
"""


def port(i: int) -> dict[str, str]:
    power = 3 if i < 6 else 2
    module = f"# {i}\nimport math\ndef F_latt(h, k):\n    return math.sin(h + 0.1 * k) ** {power}\n"
    return (
        {"port.py": PORT, "physics.py": module, "trace.py": "mine\n"}
        if i == 3
        else {"port.py": PORT, "physics.py": module}
    )


def test_an_old_commit_is_tapped_from_outside_and_its_image_is_the_same(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 10, port)
    before = state_of(where)
    images: list[bytes] = []
    said = ""
    for overlay in (None, Overlay(taps=(("physics:F_latt", "F_latt"), ("physics:gone", "no_such")))):
        probe = Probe([sys.executable, "port.py"], keep=("image.bin",))
        outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", overlay=overlay)
        runs = outcome.journal.with_name(outcome.journal.stem + "-runs")
        place = next(runs.glob(f"*-{ids[0][:12]}"))
        images.append((place / "kept" / "image.bin").read_bytes())
        said = (place / "stderr").read_text()
    assert images[0] == images[1]
    assert said.count("TRACE_PY: F_latt ") == 20
    assert "physics has no gone to tap (no_such)" in said
    assert state_of(where) == before


def test_the_tapped_values_show_where_the_quantity_moved(tmp_path: Path) -> None:
    """No exit code tells: the question is put to what the hook wrote, over commits that have no tracer."""
    where = tmp_path / "repo"
    ids = make_repo(where, 10, port)
    from firstbad.bisect.run.judges import Metric

    probe = Probe(f"{sys.executable} port.py 2>&1", judge=Metric(r"stdout:TRACE_PY: F_latt (\S+)"))
    overlay = Overlay(taps=(("physics:F_latt", "F_latt"),))
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", overlay=overlay)
    assert point_of(outcome) == ids[6]


def test_files_are_laid_over_and_leave_with_the_commit(tmp_path: Path) -> None:
    where, laid = tmp_path / "repo", tmp_path / "tracer.py"
    ids = make_repo(where, 6, port)
    laid.write_text("ours\n")
    with Worktrees(where, tmp_path / "home") as trees, trees.slot() as slot:
        for only_missing, kept in ((False, "ours\n"), (True, "mine\n")):
            overlay = Overlay((("trace.py", str(laid)), ("sub/new.py", str(laid))), only_missing)
            slot.stand_on(ids[3])
            overlay.lay(slot.tree, {}, slot.scratch / "hook")
            assert (slot.tree / "trace.py").read_text() == kept
            assert (slot.tree / "sub" / "new.py").read_text() == "ours\n"
            slot.stand_on(ids[0])
            assert sorted(p.name for p in slot.tree.iterdir()) == [".git", "physics.py", "port.py"]


@pytest.mark.parametrize("target", ["../out.py", "/tmp/out.py", "link/out.py"])
def test_an_overlay_stays_inside(tmp_path: Path, target: str) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(tmp_path)
    (tmp_path / "src").write_text("x")
    with pytest.raises(FirstbadError) as caught:
        Overlay(((target, str(tmp_path / "src")),)).lay(tree, {}, tmp_path / "hook")
    assert caught.value.slug == "overlay-outside"


def test_an_overlay_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 3, port)
    with pytest.raises(FirstbadError) as caught:
        bisect_commits(
            where, ids[0], ids[-1], Probe("true"), home=tmp_path / "h", overlay=Overlay((("a", "/nowhere"),))
        )
    assert caught.value.slug == "overlay-missing"


def test_the_user_s_sitecustomize_still_runs(tmp_path: Path) -> None:
    where, theirs = tmp_path / "repo", tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "sitecustomize.py").write_text("import builtins; builtins.THEIRS = 5\n")
    ids = make_repo(
        where, 4, lambda i: {"m.py": "def f():\n    return THEIRS\n", "p.py": f"import m\nassert m.f() + {i} < 7"}
    )
    probe = Probe([sys.executable, "p.py"], env={"PYTHONPATH": str(theirs)})
    overlay = Overlay(taps=(("m:f", "five"),))
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", overlay=overlay)
    assert point_of(outcome) == ids[2]


def test_git_is_still_clean_in_the_repository(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 4, port)
    bisect_commits(where, ids[0], ids[-1], Probe("touch junk; exit 0"), home=tmp_path / "home")
    assert git(where, "status", "--porcelain") == ""
    assert git(where, "worktree", "list").count("\n") == 0
