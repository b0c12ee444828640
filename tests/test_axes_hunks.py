"""The hunks axis: any subset of a commit's edits is a tree, and the edits that matter are named exactly."""

from __future__ import annotations

import random
import re
import statistics
from pathlib import Path

import pytest
from firstbad.bisect.axes.hunks import HunkAxis
from firstbad.bisect.run.plumbing import open_repository
from firstbad.bisect.search.drive import run_serial
from firstbad.bisect.verdict import Culprit, Kind, Several, Verdict
from firstbad.tracer.errors import FirstbadError
from test_axes_commits import _commit, _git


@pytest.fixture
def where(tmp_path: Path) -> Path:
    path = tmp_path / "repo"
    path.mkdir()
    _git(path, "init", "-q", "-b", "main")
    return path


def _axis(where: Path, **options: bool) -> HunkAxis:
    return HunkAxis(open_repository(where), _git(where, "rev-parse", "HEAD"), **options)  # type: ignore[arg-type]


def _snapshot(folder: Path) -> dict[str, bytes | str]:
    return {
        str(p.relative_to(folder)): str(p.readlink()) if p.is_symlink() else p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if (p.is_file() or p.is_symlink()) and ".git" not in p.parts
    }


def test_all_edits_give_the_commit_and_none_its_parent(where: Path, tmp_path: Path) -> None:
    (where / "pkg").mkdir()
    (where / "pkg/a.py").write_text("".join(f"line {i}\n" for i in range(30)))
    (where / "gone.txt").write_text("x\n")
    (where / "data.bin").write_bytes(bytes(range(256)))
    (where / "moved.py").write_text("".join(f"body {i}\n" for i in range(30)))
    (where / "last.txt").write_text("no newline at the end")
    (where / "run.sh").write_text("echo\n")
    (where / "link").symlink_to("run.sh")
    _commit(where, "before")
    before = _snapshot(where)
    lines = [f"line {i}\n" for i in range(30)]
    lines[3], lines[4], lines[20] = "new 3\n", "new 4\n", ""
    (where / "pkg/a.py").write_text("first\n" + "".join(lines) + "last")
    (where / "gone.txt").unlink()
    (where / "data.bin").write_bytes(bytes(range(255, -1, -1)))
    (where / "moved.py").rename(where / "elsewhere.py")
    (where / "elsewhere.py").write_text((where / "elsewhere.py").read_text().replace("body 7", "BODY 7"))
    (where / "last.txt").write_text("no newline at the end\nnow one\n")
    (where / "run.sh").chmod(0o755)
    (where / "link").unlink()
    (where / "link").symlink_to("elsewhere.py")
    (where / "ünïcode dir").mkdir()
    (where / "ünïcode dir/new file.txt").write_text("n\n")
    _commit(where, "after")
    after = _snapshot(where)
    axis = _axis(where)
    assert {e.what for e in axis.edits.values()} == {"lines", "made", "deleted", "renamed", "mode", "replaced"}
    assert sum(e.what == "lines" for e in axis.edits.values()) == 6
    tree = tmp_path / "tree"
    _git(tmp_path, "clone", "-q", str(where), "tree")
    for chosen, expected in ((axis.points, after), ((), before), (axis.points, after)):
        axis.stand(chosen, tree)
        assert _snapshot(tree) == expected
    assert (tree / "run.sh").stat().st_mode & 0o100
    axis.stand(["elsewhere.py:8 (-1 +1)"], tree)
    assert b"BODY 7" in (tree / "moved.py").read_bytes()


def test_random_subsets_of_edits_are_what_a_line_by_line_model_says(where: Path) -> None:
    dice = random.Random(5)
    old = [f"{i}\n" for i in range(60)]
    (where / "f").write_text("".join(old))
    _commit(where, "before")
    changes = {i: dice.choice([[], [f"new {i}\n"], [f"new {i}\n", "extra\n"]]) for i in range(0, 60, 3)}
    (where / "f").write_text("".join("".join(changes.get(i, [line])) for i, line in enumerate(old)))
    _commit(where, "after")
    axis = _axis(where)
    assert len(axis.points) == len(changes)
    at = {edit.block.old: name for name, edit in axis.edits.items() if edit.block is not None}
    for _ in range(50):
        kept = {i for i in changes if dice.random() < 0.5}
        model = "".join("".join(changes[i] if i in kept else [line]) for i, line in enumerate(old))
        entry = axis.tree([at[i] for i in kept])["f"]
        assert entry is not None and entry.data.decode() == model


def test_a_block_of_replaced_lines_falls_into_lines_when_asked(where: Path) -> None:
    (where / "f").write_text("a\nb\nc\nd\n")
    _commit(where, "before")
    (where / "f").write_text("a\nB\nC\nd\n")
    _commit(where, "after")
    assert _axis(where).points == ("f:2 (-2 +2)",)
    assert _axis(where, by_line=True).points == ("f:2 (-1 +1)", "f:3 (-1 +1)")


def test_a_commit_that_changes_nothing_has_no_edits(where: Path) -> None:
    _commit(where, "one")
    _commit(where, "two")
    with pytest.raises(FirstbadError, match="changes no file"):
        _axis(where)


def _planted(where: Path, seed: int) -> tuple[int, list[int]]:
    """A commit of 20 to 500 changed lines over several files; one edit in it breaks the program, or two
    together.
    """
    dice = random.Random(seed)
    files, changed = dice.randint(1, 8), dice.randint(20, 500)
    kinds = {f"m{k}.py": [f"x{i} = {i}\n" for i in range(4 * changed // files + 8)] for k in range(files)}
    for name, lines in kinds.items():
        (where / name).write_text("".join(lines))
    _commit(where, f"before {seed}")
    places = dice.sample([(n, i) for n, lines in kinds.items() for i in range(len(lines))], changed)
    faults = dice.sample(places, 1 if dice.random() < 0.8 else 2)
    for name, i in places:
        kinds[name][i] = f"x{i} = {i}  # FAULT\n" if (name, i) in faults else f"x{i} = {i}  # tidy\n"
    for name, lines in kinds.items():
        (where / name).write_text("".join(lines))
    _commit(where, f"after {seed}")
    return changed, [len(faults)]


def _named_in(where: Path, tree: Path, seed: int) -> tuple[int, int, int]:
    """(changed lines, edits that matter, probes) of one planted commit, whose edits must be named exactly."""
    changed, (faults,) = _planted(where, seed)
    axis = _axis(where)

    def probe(chosen: frozenset[str]) -> Verdict:
        axis.stand(chosen, tree)
        found = sum(p.read_text().count("FAULT") for p in tree.glob("m*.py"))
        return Verdict(Kind.BAD if found == faults else Kind.GOOD)

    drive = run_serial(axis.search(), probe)
    sets = drive.result.sets if isinstance(drive.result, Several) else ((_point(drive.result),),)
    assert len(sets) == 1
    texts = [_added(axis, name) for name in sets[0]]
    assert sum(t.count("FAULT") for t in texts) == faults
    assert all("FAULT" in t for t in texts), (changed, sets)
    return changed, faults, drive.probes


def test_the_edits_that_matter_are_named_exactly_in_fifteen_probes(where: Path, tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q", "tree")
    probes = [_named_in(where, tmp_path / "tree", seed)[2] for seed in range(15)]
    assert statistics.median(probes) <= 15, probes


@pytest.mark.bench
def test_how_many_probes_the_edits_take(where: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The distribution over many planted commits of 20 to 500 changed lines, one or two edits of which matter."""
    _git(tmp_path, "init", "-q", "tree")
    rows = [_named_in(where, tmp_path / "tree", seed) for seed in range(100)]
    with capsys.disabled():
        for faults in (1, 2):
            took = sorted(p for _, f, p in rows if f == faults)
            low, middle, high = took[0], statistics.median(took), took[-1]
            print(f"\n{faults} of 20 to 500 lines matter: {len(took)} commits, probes {low} to {high}, median {middle}")
            print("  " + ", ".join(f"{n}: {took.count(n)}" for n in sorted(set(took))))
    assert statistics.median(p for *_, p in rows) <= 15


@pytest.mark.bench
def test_how_many_probes_the_edits_of_real_commits_take(capsys: pytest.CaptureFixture[str]) -> None:
    """This project's own commits of 20 to 500 changed lines; in each, edits drawn at random are what matters."""
    here = Path(__file__).parents[1]
    if not (here / ".git").exists():
        pytest.skip("needs the history of this project")
    said = _git(here, "log", "--no-merges", "--min-parents=1", "--format=@%H", "--shortstat")
    sizes = {log.split()[0]: sum(map(int, re.findall(r"(\d+) (?:ins|del)", log))) for log in said.split("@")[1:]}
    axes = [HunkAxis(open_repository(here), commit) for commit, size in sizes.items() if 20 <= size <= 500]
    rows: dict[int, list[int]] = {1: [], 2: []}
    for seed, (axis, matter) in enumerate((a, m) for a in axes for m in rows if len(a.points) >= m):
        for repeat in range(3):
            cause = frozenset(random.Random(10 * seed + repeat).sample(axis.points, matter))
            drive = run_serial(axis.search(), lambda s, c=cause: Verdict(Kind.BAD if s >= c else Kind.GOOD))
            named = drive.result.sets[0] if isinstance(drive.result, Several) else (_point(drive.result),)
            assert frozenset(named) == cause
            rows[matter].append(drive.probes)
    edits = sorted(len(a.points) for a in axes)
    with capsys.disabled():
        print(f"\n{len(axes)} commits, edits {edits[0]} to {edits[-1]}, median {statistics.median(edits)}")
        for matter, took in rows.items():
            print(f"  {matter} matter: probes {min(took)} to {max(took)}, median {statistics.median(took)}")
    assert all(statistics.median(took) <= 15 for took in rows.values())


def _point(result: object) -> str:
    assert isinstance(result, Culprit)
    return result.point


def _added(axis: HunkAxis, name: str) -> str:
    edit = axis.edits[name]
    entry = axis.tree([name])[edit.pair.path]
    assert entry is not None
    return "".join(line for line in entry.data.decode().splitlines() if "FAULT" in line or "tidy" in line)
