"""The ambient axis with real programs in real rooms: each planted cause is named, confirmed both ways, in few
runs.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest
from firstbad.bisect.axes.ambient import AmbientAxis
from firstbad.bisect.axes.opened import Opened, parse_strace, strace_works, undeclared, watch
from firstbad.bisect.axes.survey import named_by, survey
from firstbad.bisect.search.drive import Drive, run_serial
from firstbad.bisect.verdict import Candidates, Culprit, Kind, NotHere, Several, Verdict
from firstbad.tracer.errors import FirstbadError

PYTHON = [sys.executable, "-I", "-S", "-c"]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A working directory with 300 files in it, some in folders."""
    folder = tmp_path / "home of runs" / "work"
    for k in range(300):
        file = folder / f"d{k % 7}" / f"file{k}.dat" if k % 3 else folder / f"file{k}.dat"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{k}\n")
    return folder


def _search(
    axis: AmbientAxis, code: str, rooms: Path, hints: Collection[str] = (), command: Sequence[str] = ()
) -> Drive:
    """Run `code` in a fresh room for each probe: status 1 is bad, 0 good, another one cannot run."""
    count = 0

    def probe(chosen: frozenset[str]) -> Verdict:
        nonlocal count
        count += 1
        room = rooms / str(count)
        room.mkdir(parents=True)
        environment = axis.stand(chosen, room)
        done = subprocess.run(command or [*PYTHON, code], cwd=axis.working(room), env=environment)
        return Verdict({0: Kind.GOOD, 1: Kind.BAD}.get(done.returncode, Kind.CANNOT_RUN))

    return run_serial(axis.search(hints=hints), probe)


def _is_confirmed(drive: Drive, name: str) -> None:
    result = drive.result
    assert isinstance(result, Culprit), result
    assert result.point == name
    assert f"only {name} is bad, 2 times" in result.evidence
    assert f"everything without {name} is good, 2 times" in result.evidence
    assert drive.probes <= 30


def test_one_file_among_300(here: Path, tmp_path: Path) -> None:
    (here / "Fdump.bin").write_bytes(b"stale")
    drive = _search(survey(here), "import os, sys; sys.exit(os.path.exists('Fdump.bin'))", tmp_path / "r")
    _is_confirmed(drive, "Fdump.bin")


def test_two_files_that_matter_only_together(here: Path, tmp_path: Path) -> None:
    code = "import os, sys; sys.exit(all(map(os.path.exists, ['d2/file23.dat', 'file171.dat'])))"
    drive = _search(survey(here), code, tmp_path / "r")
    assert isinstance(drive.result, Several)
    assert [set(s) for s in drive.result.sets] == [{"d2/file23.dat", "file171.dat"}]
    assert drive.probes <= 30


def test_a_file_in_a_parent_directory(here: Path, tmp_path: Path) -> None:
    (here.parent / "params.txt").write_text("oversample 3\n")
    axis = survey(here, root=here.parent)
    drive = _search(axis, "import os, sys; sys.exit(os.path.exists('../params.txt'))", tmp_path / "r")
    _is_confirmed(drive, "../params.txt")


def test_a_variable_among_60(tmp_path: Path) -> None:
    variables = {f"V{k}": str(k) for k in range(60)} | {"OMP_DYNAMIC": "true", "PATH": os.environ["PATH"]}
    (tmp_path / "work").mkdir()
    axis = survey(tmp_path / "work", variables=variables)
    assert len(axis.points) == 61
    code = "import os, sys; sys.exit(os.environ.get('OMP_DYNAMIC') == 'true')"
    _is_confirmed(_search(axis, code, tmp_path / "r"), "$OMP_DYNAMIC")


@pytest.mark.skipif(shutil.which("locale") is None, reason="needs the locale command")
def test_a_locale(tmp_path: Path) -> None:
    """The C library itself is asked which encoding the environment means."""
    variables = {f"V{k}": str(k) for k in range(20)} | {"LANG": "C", "LC_CTYPE": "C.UTF-8"}
    (tmp_path / "work").mkdir()
    axis = survey(tmp_path / "work", variables=variables)
    asked = ["sh", "-c", 'test "$(locale charmap)" != UTF-8']
    _is_confirmed(_search(axis, "", tmp_path / "r", command=asked), "$LC_CTYPE")


def test_a_file_and_a_variable_that_matter_together(here: Path, tmp_path: Path) -> None:
    variables = {f"V{k}": str(k) for k in range(20)}
    code = "import os, sys; sys.exit('V7' in os.environ and os.path.exists('d1/file22.dat'))"
    drive = _search(survey(here, variables=variables), code, tmp_path / "r")
    assert isinstance(drive.result, Several)
    assert set(drive.result.sets[0]) == {"$V7", "d1/file22.dat"}


def test_what_the_program_needs_to_run_is_not_accused(here: Path, tmp_path: Path) -> None:
    code = "import os, sys; sys.exit(2 if not os.path.exists('file3.dat') else os.path.exists('file6.dat'))"
    drive = _search(survey(here), code, tmp_path / "r")
    assert isinstance(drive.result, Culprit) and drive.result.point == "file6.dat"
    assert any("the clean place is cannot-run" in s or "only file3.dat is good" in s for s in drive.result.evidence)


def test_a_needed_file_that_is_bad_itself_cannot_be_separated(here: Path, tmp_path: Path) -> None:
    code = "import os, sys; sys.exit(1 if os.path.exists('file3.dat') else 2)"
    drive = _search(survey(here), code, tmp_path / "r")
    assert isinstance(drive.result, Candidates)
    assert drive.result.points == ("file3.dat",)


def test_a_failure_of_a_clean_place_is_not_ambient(here: Path, tmp_path: Path) -> None:
    drive = _search(survey(here), "import sys; sys.exit(1)", tmp_path / "r")
    assert isinstance(drive.result, NotHere)
    assert drive.probes == 2


@pytest.mark.skipif(not strace_works(), reason="strace is missing or may not trace")
def test_files_that_a_run_opened_are_hints(here: Path, tmp_path: Path) -> None:
    (here / "Fdump.bin").write_bytes(b"stale")
    axis, room = survey(here), tmp_path / "watched"
    room.mkdir()
    environment = axis.stand(axis.points, room)
    code = "import sys; sys.exit(bool(open('Fdump.bin').read() if __import__('os').path.exists('Fdump.bin') else 0))"
    watched = watch([*PYTHON, code], environment, axis.working(room), tmp_path / "notes")
    subprocess.run(watched.command, cwd=axis.working(room), env=watched.environment)
    opened = watched.opened()
    assert watched.way == "strace" and opened is not None
    said = undeclared(opened, ["-N", "5"], axis, room, "the reference")
    assert said == {"Fdump.bin": "the reference read Fdump.bin, which no argument names"}
    assert undeclared(opened, ["--dump=Fdump.bin"], axis, room) == {}
    drive = _search(axis, code, tmp_path / "r", hints=axis.named([o.path for o in opened], room))
    _is_confirmed(drive, "Fdump.bin")
    assert drive.probes <= 8


def test_the_audit_hook_tells_what_python_opened_and_lets_other_hooks_run(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("import os; os.environ['OTHER_RAN'] = '1'")
    (tmp_path / "in put.txt").write_text("x")
    code = (
        "import os; assert os.environ['OTHER_RAN']; open('in put.txt').read(); open('out', 'w').close()\n"
        "try: open('nothing')\nexcept OSError: pass"
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    watched = watch([sys.executable, "-c", code], environment, tmp_path, tmp_path / "notes", tracing=False)
    assert watched.way == "audit"
    subprocess.run(watched.command, cwd=tmp_path, env=watched.environment, check=True)
    opened = [o for o in watched.opened() or () if o.path.parent == tmp_path]
    assert opened == [
        Opened(tmp_path / "in put.txt", "read"),
        Opened(tmp_path / "out", "written"),
        Opened(tmp_path / "nothing", "missing"),
    ]


def test_where_nothing_can_tell_it_says_unknown(tmp_path: Path) -> None:
    watched = watch(["./program"], {}, tmp_path, tmp_path / "notes", tracing=False)
    assert (watched.way, watched.opened()) == ("", None)
    assert "unknown" in watched.why


def test_strace_logs_are_read_through_threads_directories_and_escapes() -> None:
    log = r"""
7 openat(AT_FDCWD</a>, "b/\303\251 x", O_RDONLY|O_CLOEXEC) = 3</a/b/\303\251 x>
7 chdir("sub") = 0
7 clone(child_stack=NULL, flags=SIGCHLD) = 8
8 openat(AT_FDCWD</a/sub>, "slow", O_RDONLY <unfinished ...>
7 openat(AT_FDCWD</a/sub>, "gone", O_RDONLY) = -1 ENOENT (No such file or directory)
8 <... openat resumed>) = 4</a/sub/slow>
8 openat(5</else>, "rel\"q\"", O_WRONLY|O_CREAT, 0666) = 6</else/rel>
7 +++ exited with 0 +++
7 creat("made", 0666) = 3</a/sub/made>
"""
    assert parse_strace(log, Path("/a")) == [
        Opened(Path("/a/b/é x"), "read"),
        Opened(Path("/a/sub/gone"), "missing"),
        Opened(Path("/a/sub/slow"), "read"),
        Opened(Path('/else/rel"q"'), "written"),
        Opened(Path("/a/sub/made"), "written"),
    ]


def test_a_room_holds_exactly_what_was_chosen(here: Path, tmp_path: Path) -> None:
    extra = tmp_path / "share"
    extra.mkdir()
    (extra / "table.dat").write_text("t")
    variables = {"DATA": f"{extra}:{here}/d1", "NEAR": f"{here}x", "HOME": "/root", "GIT_DIR": "x", "LANG": "C"}
    axis = survey(here, folders={"share": extra}, variables=variables, always=["file0.dat"])
    assert "file0.dat" not in axis.points and "$HOME" not in axis.points and "$GIT_DIR" not in axis.points
    room = tmp_path / "room"
    room.mkdir()
    chosen = ["d1/file1.dat", "share:table.dat", "$DATA", "$NEAR"]
    environment = axis.stand(chosen, room)
    files = sorted(p.relative_to(room).as_posix() for p in room.rglob("*") if p.is_file())
    assert files == ["extra/share/table.dat", "room/d1/file1.dat", "room/file0.dat"]
    assert environment["DATA"] == f"{room}/extra/share:{room}/room/d1"
    assert environment["NEAR"] == f"{here}x"
    assert environment["HOME"] == str(Path.home())
    base = {"PATH", "USER", "LOGNAME", "SHELL", "VIRTUAL_ENV", "NB_C_BIN"}
    assert set(environment) - base == {"DATA", "NEAR", "HOME", "TMPDIR"}


def test_a_room_inside_what_it_copies_is_entered_once(tmp_path: Path) -> None:
    """The rooms of an investigation lie in its own output folder, below the directory where the failure was seen."""
    here, other = tmp_path / "here", tmp_path / "other"
    room = here / "firstbad-out" / "place"
    for folder in (here, other, room):
        folder.mkdir(parents=True)
    (other / "table.dat").write_text("t")
    variables = {"TABLE": str(other / "table.dat"), "HERE": f"{here}/x"}
    axis = survey(here, variables=variables, parents=0)
    environment = axis.stand(axis.points, room)
    assert Path(environment["TABLE"]).read_text() == "t"
    assert environment["HERE"] == str(axis.working(room) / "x")


def test_what_a_command_names_is_no_suspect_and_lies_in_every_room(here: Path, tmp_path: Path) -> None:
    for name in ("a.txt", "data/b.txt", "data/deep/c.txt", "other.txt"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(name)
    words = named_by(["prog", "-in", "./a.txt", "--from=data", "."])
    axis = survey(here, always=[*words, "oth*"])
    assert not {"a.txt", "data/b.txt", "data/deep/c.txt", "other.txt"} & set(axis.points)
    axis.stand((), tmp_path / "room")
    assert (axis.working(tmp_path / "room") / "data/deep/c.txt").exists()
    assert set(survey(here, always=["."]).points) == set(survey(here).points)


def test_what_cannot_be_a_suspect_is_said(here: Path) -> None:
    os.mkfifo(here / "pipe")
    (here / ".git").mkdir()
    (here / "dangling").symlink_to("nowhere")
    axis = survey(here)
    said = " ".join(axis.notes)
    assert "pipe is no regular file" in said and "dangling is no regular file" in said and ".git/ is left out" in said


def test_random_choices_never_leak_a_file(here: Path, tmp_path: Path) -> None:
    axis, dice = survey(here), random.Random(3)
    for k in range(3):
        chosen = {p for p in axis.points if dice.random() < 0.3}
        room = tmp_path / f"room{k}"
        room.mkdir()
        axis.stand(chosen, room)
        work = axis.working(room)
        assert {p.relative_to(work).as_posix() for p in work.rglob("*") if p.is_file()} == chosen


def test_errors_are_sentences(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FirstbadError, match="does not exist"):
        survey(tmp_path / "nowhere")
    with pytest.raises(FirstbadError, match="does not lie in"):
        survey(here, root=here / "d1")
    axis = survey(here)
    (here / "file0.dat").unlink()
    (tmp_path / "room").mkdir()
    with pytest.raises(FirstbadError, match=r"file0\.dat cannot be copied"):
        axis.stand(["file0.dat"], tmp_path / "room")
    monkeypatch.setattr("firstbad.bisect.axes.survey.MOST_FILES", 10)
    with pytest.raises(FirstbadError, match="299 files"):
        survey(here)
