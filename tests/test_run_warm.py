"""Warm probes end exactly as cold ones, leak nothing, and are as well kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from firstbad.bisect.bisect_commits import bisect_commits
from firstbad.bisect.run import warm
from firstbad.bisect.run.journal import Journal
from firstbad.bisect.run.probe import Probe, judge
from firstbad.bisect.run.sandbox import Ended, Limits, Stop, clean_environment
from firstbad.bisect.run.sandbox import run as run_cold
from firstbad.bisect.verdict import Culprit
from hypothesis import given
from hypothesis import strategies as st
from run_repos import make_repo, processes_with, state_of

PYTHON = sys.executable


@pytest.fixture(autouse=True, scope="module")
def no_server_left() -> Iterator[None]:
    yield
    warm.close_all()
    assert warm.servers() == []


def both(
    tmp_path: Path, command: list[str], modules: tuple[str, ...] = ("json",), env: dict[str, str] | None = None
) -> tuple[Ended, Ended]:
    place = clean_environment(env)
    kept = Limits(seconds=20)
    cold = run_cold(command, cwd=tmp_path, env=place, out=tmp_path / "out-cold", limits=kept)
    hot = warm.run(command, modules=modules, cwd=tmp_path, env=place, out=tmp_path / "out-warm", limits=kept)
    return cold, hot


PROGRAMS = {
    "prints": "print('hello'); import sys; print('there', file=sys.stderr)",
    "exit 3": "import sys; sys.exit(3)",
    "exit none": "raise SystemExit",
    "exit message": "raise SystemExit('it was bad')",
    "exit 256": "import sys; sys.exit(256)",
    "exit -1": "import sys; sys.exit(-1)",
    "exception": "def f():\n    raise ValueError('x')\nf()",
    "import error": "import a_module_that_is_not_there",
    "syntax error": "def f(:\n    pass",
    "os._exit": "import os; print('x', flush=True); os._exit(5)",
    "signal": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "abort": "import os; os.abort()",
    "at exit": "import atexit; atexit.register(print, 'bye'); print('hi')",
    "thread": "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.1), print('late'))).start()",
    "argv": "import sys; print(sys.argv[1:], sys.argv[0].endswith('prog.py'))",
    "main": "import sys; print(__name__, __file__, sys.modules['__main__'].__dict__ is globals())",
    "path": "import sys; print(sys.path[0], len(sys.path), [p for p in sys.path if 'firstbad-warm' in p])",
    "cwd": "import os; print(os.getcwd())",
    "neighbour": "import helper; print(helper.VALUE, helper.__file__)",
    "env": "import os; print(sorted(k for k in os.environ if k not in ('FIRSTBAD_PROBE',)), os.environ['EXTRA'])",
    "stdin": "import sys; print(repr(sys.stdin.read()))",
    "fds": "import os; print(sorted(int(f) for f in os.listdir('/proc/self/fd') if int(f) < 3))",
    "pickled main": (
        "import multiprocessing as mp\ndef f(x): return x * 2\n"
        "if __name__ == '__main__':\n    print(mp.get_context('fork').Pool(2).map(f, [1, 2]))"
    ),
    "spawned": (
        "import multiprocessing as mp\ndef f(x): print(x * 2)\n"
        "if __name__ == '__main__':\n    p = mp.get_context('spawn').Process(target=f, args=(4,)); p.start(); p.join()"
    ),
    "signals": "import signal; print([signal.getsignal(s) for s in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGTERM)])",
    "ctrl-c": "raise KeyboardInterrupt",
    "session": "import os; print(os.getsid(0) == os.getpid() == os.getpgid(0))",
    "tempfile": "import tempfile, os; print(os.path.dirname(tempfile.mkstemp()[1]))",
}


@pytest.mark.parametrize("name", [*PROGRAMS])
def test_a_script_ends_as_a_cold_one(tmp_path: Path, name: str) -> None:
    (tmp_path / "prog.py").write_text(PROGRAMS[name])
    (tmp_path / "helper.py").write_text("VALUE = 42")
    (tmp_path / "t").mkdir()
    env = {"EXTRA": "1", "TMPDIR": str(tmp_path / "t")}
    cold, hot = both(tmp_path, [PYTHON, "prog.py", "a", "-b"], env=env)
    assert hot.warm and not cold.warm, hot.note
    assert (hot.code if name != "ctrl-c" else 0) == (cold.code if name != "ctrl-c" else 0), hot.text("stderr")
    assert hot.text() == cold.text()
    said = [e.text("stderr").splitlines()[-1:] for e in (cold, hot)]
    assert said[0] == said[1]
    if name not in ("ctrl-c", "exit -1"):  # these stop a search
        assert judge(Probe("x"), hot).kind is judge(Probe("x"), cold).kind


@pytest.mark.parametrize("module", ["pkg", "pkg.inner", "pkg.gone", "nowhere", "json.tool"])
def test_a_module_ends_as_a_cold_one(tmp_path: Path, module: str) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "__main__.py").write_text("import sys, os; print(sys.argv[1:], __spec__.name, sys.path[0])")
    (tmp_path / "pkg" / "inner.py").write_text("from . import __main__ as m; print(__name__, __package__, m.__name__)")
    cold, hot = both(tmp_path, [PYTHON, "-m", module, "--x"])
    assert hot.warm, hot.note
    assert (hot.code, hot.text()) == (cold.code, cold.text())
    assert hot.text("stderr").splitlines()[-1:] == cold.text("stderr").splitlines()[-1:]


@pytest.mark.parametrize(
    "command",
    [
        ["-c", "import sys; print(sys.argv, sys.path[0] == '')", "x"],
        ["gone.py"],
        ["-O", "-c", "assert False; print(__debug__)"],
        ["-W", "error", "-c", "import warnings; warnings.warn('x')"],
        ["-P", "prog.py"],
        ["-I", "prog.py"],
        ["-u", "-c", "import sys; print(sys.flags.unbuffered)"],
    ],
)
def test_options_count(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "prog.py").write_text("import sys; print(sys.flags, len(sys.path))\nimport helper")
    (tmp_path / "helper.py").write_text("")
    cold, hot = both(tmp_path, [PYTHON, *command])
    assert hot.warm, hot.note
    assert (hot.code, hot.text()) == (cold.code, cold.text())


def test_a_relative_pythonpath_moves_along(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "inner.py").write_text("print('found', __file__)")
    cold, hot = both(tmp_path, [PYTHON, "-m", "inner"], env={"PYTHONPATH": "src"})
    assert hot.warm and hot.code == 0
    assert hot.text() == cold.text()


def test_nothing_of_one_probe_is_seen_by_the_next(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text(
        "import json, sys, os\nprint(hasattr(json, 'MARK'), 'helper' in sys.modules, os.environ.get('LEFT'))\n"
        "import helper\njson.MARK = 1; os.environ['LEFT'] = '1'; print(helper.VALUE)"
    )
    warm.close_all()
    said: list[str] = []
    for value in (1, 2):
        (tmp_path / "helper.py").write_text(f"VALUE = {value}")
        said.append(both(tmp_path, [PYTHON, "prog.py"])[1].text())
    assert said == ["False False None\n1\n", "False False None\n2\n"]
    assert len(warm.servers()) == 1


def test_a_module_of_the_worktree_that_hides_a_loaded_one_is_run_cold(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("WHOSE = 'ours'")
    (tmp_path / "prog.py").write_text("import json; print(json.WHOSE)")
    _, hot = both(tmp_path, [PYTHON, "prog.py"])
    assert not hot.warm and "hides a module" in hot.note
    assert hot.text() == "ours\n"


@pytest.mark.parametrize("command", [["sh", "-c", "exit 4"], [PYTHON, "-i", "-c", "1"], [PYTHON, "-"]])
def test_what_is_no_python_program_is_run_cold(tmp_path: Path, command: list[str]) -> None:
    _, hot = both(tmp_path, command)
    assert not hot.warm and hot.note.startswith("run cold:")


def test_a_module_that_cannot_be_imported_is_said_and_run_cold(tmp_path: Path) -> None:
    cold, hot = both(tmp_path, [PYTHON, "-c", "print(1)"], modules=("not_a_module",))
    assert (hot.code, hot.text(), hot.warm) == (cold.code, cold.text(), False)
    assert "No module named 'not_a_module'" in hot.note


def test_many_environments_do_not_hold_a_server_each(tmp_path: Path) -> None:
    for i in range(warm.MOST + 3):
        ended = both(tmp_path, [PYTHON, "-c", "import os; print(os.environ['N'])"], env={"N": str(i)})[1]
        assert ended.warm and ended.text() == f"{i}\n"
    assert len(warm.servers()) == warm.MOST
    assert both(tmp_path, [PYTHON, "-c", "print(1)"], env={"N": "0"})[1].warm


def test_a_place_of_its_own_is_no_other_environment_but_for_imports(tmp_path: Path) -> None:
    """A clean room leads HOME and its kind into itself: each run would have a server to itself, and no use of it."""

    def of(place: str, **env: str) -> warm.Server:
        return warm.server_for([PYTHON], ("json",), env, tmp_path / place)

    def inside(place: str, name: str) -> warm.Server:
        return of(place, **{name: f"{tmp_path / place}/x:/y"})

    warm.close_all()
    assert inside("one", "CERTIFICATES") is inside("two", "CERTIFICATES")
    assert inside("one", "CERTIFICATES") is not of("one", CERTIFICATES=f"{tmp_path / 'two'}/x:/y")
    for name in ("PYTHONPATH", "LD_LIBRARY_PATH", "PATH"):
        assert inside("one", name) is not inside("two", name)
    warm.close_all()


def test_what_an_import_wants_done_at_exit_is_done_once_by_the_server(tmp_path: Path) -> None:
    """A directory that an imported module made for itself is there for every probe, and gone with the server."""
    (tmp_path / "holder.py").write_text(
        "import tempfile\nPLACE = tempfile.TemporaryDirectory(prefix='held-')\n"
        "with open(PLACE.name + '/x', 'w') as file:\n    file.write('there')\n"
    )
    code = "import holder; print(holder.PLACE.name); print(open(holder.PLACE.name + '/x').read())"
    env = clean_environment({"PYTHONPATH": str(tmp_path), "TMPDIR": str(tmp_path)})
    said: list[str] = []
    for _ in range(2):
        ended = warm.run(
            [PYTHON, "-c", code],
            modules=("holder",), cwd=tmp_path / "..", env=env, out=tmp_path / "o", limits=Limits(seconds=20),
        )  # fmt: skip
        assert ended.warm and ended.code == 0, ended.text("stderr")
        said.append(ended.text())
    assert said[0] == said[1] and Path(said[0].split()[0]).is_dir()
    warm.close_all()
    assert not list(tmp_path.glob("held-*"))


def test_random_numbers_differ_between_probes(tmp_path: Path) -> None:
    command = [PYTHON, "-c", "import random, numpy.random as n; print(random.random(), n.random())"]
    said: list[str] = []
    for _ in range(2):
        ended = both(tmp_path, command, modules=("random", "numpy.random"))[1]
        assert ended.warm
        said += ended.text().split()
    assert len(set(said)) == 4


def test_limits_hold(tmp_path: Path) -> None:
    def go(code: str, limits: Limits) -> Ended:
        command = [PYTHON, "-c", code]
        return warm.run(command, modules=(), cwd=tmp_path, env=clean_environment(), out=tmp_path / "o", limits=limits)

    assert go("import time; time.sleep(60)", Limits(seconds=0.3)).timed_out
    assert "MemoryError" in go("b = bytearray(1 << 31)", Limits(memory=1 << 30)).text("stderr")
    assert "left out here" in go("print('x' * 500_000); print('y' * 500_000)", Limits(output=1000)).text()


def test_a_daemon_does_not_survive(tmp_path: Path) -> None:
    mark = f"64.{os.getpid()}"
    code = f"import subprocess; subprocess.Popen(['sleep', '{mark}'], start_new_session=True)"
    _, hot = both(tmp_path, [PYTHON, "-c", code])
    assert hot.survivors == 1
    assert processes_with(mark) == []


def test_stop_ends_it(tmp_path: Path) -> None:
    stop = Stop()
    threading.Timer(0.5, stop.ask).start()
    ended = warm.run(
        [PYTHON, "-c", "import time; time.sleep(60)"],
        modules=(), cwd=tmp_path, env=clean_environment(), out=tmp_path / "o", limits=Limits(), stop=stop,
    )  # fmt: skip
    assert ended.cancelled and ended.warm and ended.seconds < 10


def test_a_probe_that_is_cancelled_before_it_begins_leaves_the_server_alone(tmp_path: Path) -> None:
    """Its imports are what the server is for: a search of several workers cancels often."""
    stop = Stop()
    command = [PYTHON, "-c", "open('made', 'w')"]
    assert both(tmp_path, [PYTHON, "-c", "pass"])[1].warm
    before = warm.servers()
    stop.ask()
    ended = warm.run(
        command,
        modules=("json",),
        cwd=tmp_path,
        env=clean_environment(),
        out=tmp_path / "o",
        limits=Limits(),
        stop=stop,
    )
    assert ended.cancelled and not ended.note and not ended.problem
    assert warm.servers() == before
    assert not (tmp_path / "made").exists()


def test_kill_9_of_the_server_is_survived(tmp_path: Path) -> None:
    command = [PYTHON, "-c", "print(1)"]
    warm.close_all()
    assert both(tmp_path, command)[1].warm
    os.kill(warm.servers()[0], signal.SIGKILL)
    time.sleep(0.1)
    ended = both(tmp_path, command)[1]
    assert ended.text() == "1\n" and "server was gone" in ended.note
    assert both(tmp_path, command)[1].warm


@given(st.lists(st.sampled_from(["-O", "-W", "error", "-u", "-m", "-c", "x.py", "-X", "dev", "-"]), max_size=5))
def test_split_python_loses_no_word(words: list[str]) -> None:
    split = warm.split_python(["/usr/bin/python3.11", *words])
    if split is not None:
        assert [*split[0], *split[1]] == ["/usr/bin/python3.11", *words]
        assert split[1][0] in ("-m", "-c") or not split[1][0].startswith("-")


def test_a_search_runs_warm_and_confirms_cold(tmp_path: Path) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 40, lambda i: {"p/__init__.py": "", "p/__main__.py": f"import numpy\nassert {i} < 23"})
    before = state_of(where)
    probe = Probe([PYTHON, "-m", "p"], warm=("numpy",))
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", jobs=2, cached=False)
    assert isinstance(outcome.result, Culprit) and outcome.result.point == ids[23]
    ends = [e for e in Journal.read(outcome.journal).events if e["event"] == "end"]
    for point in (ids[22], ids[23]):
        answers = [e["ended"] for e in ends if e["point"] == point]
        assert sum(not e["warm"] and e["note"] == "" for e in answers) == 1, "one answer is a cold one"
    rest = [e["ended"] for e in ends if e["ended"]["warm"] or e["ended"]["note"]]
    assert all(e["warm"] for e in rest) and len(rest) == len(ends) - 2
    assert warm.servers() == []
    assert state_of(where) == before


@pytest.mark.skipif(os.cpu_count() == 1, reason="one core has no room")
@pytest.mark.parametrize("together", [True, False])
def test_only_the_cold_confirmations_run_beside_each_other(tmp_path: Path, together: bool) -> None:
    where = tmp_path / "repo"
    ids = make_repo(where, 40, lambda i: {"p/__init__.py": "", "p/__main__.py": f"assert {i} < 23"})
    before = state_of(where)
    probe = Probe([PYTHON, "-m", "p"], warm=("json",))
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", together=together)
    assert isinstance(outcome.result, Culprit) and outcome.result.point == ids[23]
    running: list[str] = []
    most: list[set[str]] = []
    for event in Journal.read(outcome.journal).events:
        if event["event"] == "begin":
            running.append(event["point"])
            most.append(set(running)) if len(running) > 1 else None
        elif event["event"] == "end":
            running.remove(event["point"])
    assert bool(most) == together
    assert all(pair <= {ids[22], ids[23]} for pair in most)
    assert state_of(where) == before


@pytest.mark.slow
def test_torch_is_as_cold_also_with_threads(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text(
        textwrap.dedent(
            """
            import torch, sys
            torch.set_num_threads(2)
            a = torch.linspace(0, 1, 1_000_000, dtype=torch.float64).reshape(1000, 1000)
            print(torch.get_num_threads(), (a @ a).sum().item().hex())
            print(torch.rand(3, dtype=torch.float64).tolist(), file=sys.stderr)
            sys.exit(int(a.sum() > 1))
            """
        )
    )
    cold, hot = both(tmp_path, [PYTHON, "prog.py"], modules=("torch",))
    assert hot.warm and (hot.code, hot.text()) == (cold.code, cold.text())
    assert hot.seconds < cold.seconds / 2
    chance = hot.text("stderr")
    assert both(tmp_path, [PYTHON, "prog.py"], modules=("torch",))[1].text("stderr") != chance


def test_kill_9_of_the_driver_leaves_nothing(tmp_path: Path) -> None:
    mark = f"65.{os.getpid()}"
    places = tmp_path / "places"
    places.mkdir()
    script = textwrap.dedent(
        f"""
        import sys
        from pathlib import Path
        from firstbad.bisect.run import warm
        from firstbad.bisect.run.sandbox import Limits, clean_environment
        code = "import subprocess; subprocess.run(['sleep', '{mark}'], start_new_session=True)"
        warm.run([sys.executable, "-c", code], modules=(), cwd=Path("/"), env=clean_environment(),
                 out=Path({str(tmp_path)!r}), limits=Limits())
        """
    )
    driver = subprocess.Popen([PYTHON, "-c", script], env={**os.environ, "TMPDIR": str(places)})
    wait_until(lambda: bool(processes_with(f"sleep\0{mark}")))
    assert len(list(places.iterdir())) == 1
    driver.kill()
    driver.wait()
    wait_until(lambda: not processes_with(f"sleep\0{mark}") and not list(places.iterdir()))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
