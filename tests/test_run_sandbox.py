"""The sandbox with real processes: bounds hold, and nothing survives a probe."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from firstbad.bisect.run import keeper
from firstbad.bisect.run.sandbox import KEEPER, Ended, Limits, Stop, clean_environment, disk_is_full, run, sweep
from run_repos import processes_with


def go(tmp_path: Path, command: str | list[str], **more: object) -> Ended:
    return run(command, cwd=tmp_path, env=clean_environment(), out=tmp_path / "out", **more)  # type: ignore[arg-type]


def test_an_exit_code_and_both_outputs_come_back(tmp_path: Path) -> None:
    ended = go(tmp_path, "echo out; echo err >&2; exit 7")
    assert (ended.code, ended.text(), ended.text("stderr"), ended.problem) == (7, "out\n", "err\n", "")


def test_a_command_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    ended = go(tmp_path, ["no-such-program-here"])
    assert ended.code == 127
    assert ended.problem == "the command 'no-such-program-here' was not found"


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = run(["true"], cwd=tmp_path / "gone", env={}, out=tmp_path / "out")
    assert "gone does not exist" in ended.problem


def test_a_file_that_is_no_program_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("1 2 3")
    ended = go(tmp_path, [str(tmp_path / "data")])
    assert ended.code == 126
    assert "Permission denied" in ended.problem


def test_time_is_bounded(tmp_path: Path) -> None:
    begun = time.monotonic()
    ended = go(tmp_path, "sleep 60", limits=Limits(seconds=0.3))
    assert ended.timed_out and not ended.cancelled
    assert time.monotonic() - begun < 5


def test_a_command_that_ignores_sigterm_ends_as_well(tmp_path: Path) -> None:
    ended = go(tmp_path, "trap '' TERM; while :; do sleep 0.1; done", limits=Limits(seconds=0.2))
    assert ended.timed_out


def test_memory_is_bounded(tmp_path: Path) -> None:
    ended = go(tmp_path, [sys.executable, "-c", "b = bytearray(1 << 30)"], limits=Limits(memory=300 << 20))
    assert ended.code == 1
    assert "MemoryError" in ended.text("stderr")


def test_output_is_bounded_and_says_what_is_missing(tmp_path: Path) -> None:
    ended = go(tmp_path, "seq 1 200000; echo the-end", limits=Limits(output=2000))
    said = ended.text()
    assert said.startswith("1\n2\n") and said.endswith("the-end\n")
    assert "bytes left out here" in said
    assert len(said) < 2000 + keeper.CHUNK + 100


@pytest.mark.parametrize("size", [1, 999, 1000, 1001, 5000])
def test_output_is_complete_below_its_bound(tmp_path: Path, size: int) -> None:
    ended = go(tmp_path, [sys.executable, "-c", f"print('x' * {size}, end='')"], limits=Limits(output=5000))
    assert ended.text() == "x" * size


def test_a_probe_that_forks_twice_and_sleeps_is_found_and_killed(tmp_path: Path) -> None:
    mark = f"firstbad-daemon-{os.getpid()}"
    daemon = (
        f"import os,time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\ntime.sleep(600) #{mark}"
    )
    ended = go(tmp_path, [sys.executable, "-c", daemon + "\n"])
    assert ended.code == 0
    # the daemon may have been between its two forks; whatever there was is gone
    assert processes_with(mark) == []


def test_a_daemon_that_is_up_counts_as_a_survivor(tmp_path: Path) -> None:
    mark = f"firstbad-late-{os.getpid()}"
    script = (
        "import os,time\nr,w=os.pipe()\n"
        "if os.fork() == 0:\n os.setsid()\n"
        f" if os.fork() == 0:\n  os.write(w,b'1'); time.sleep(600) #{mark}\n os._exit(0)\n"
        "os.read(r,1)"
    )
    ended = go(tmp_path, [sys.executable, "-c", script])
    assert ended.survivors == 1
    assert processes_with(mark) == []


def test_asking_to_stop_ends_it(tmp_path: Path) -> None:
    stop = Stop()
    threading.Timer(0.2, stop.ask).start()
    ended = go(tmp_path, "sleep 60", stop=stop)
    assert ended.cancelled and ended.seconds < 5


def test_a_stop_that_was_asked_before_ends_it_at_once(tmp_path: Path) -> None:
    stop = Stop()
    stop.ask()
    assert go(tmp_path, "sleep 60", stop=stop).cancelled


def test_kill_9_of_the_keeper_ends_the_probe_and_says_so(tmp_path: Path) -> None:
    mark = f"sleep 61{os.getpid()}"

    def murder() -> None:
        deadline = time.monotonic() + 10
        while not processes_with(mark.replace(" ", "\0")) and time.monotonic() < deadline:
            time.sleep(0.02)
        for pid in children_running(KEEPER.name):
            os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=murder)
    thread.start()
    ended = go(tmp_path, f"(setsid {mark} &) ; {mark}")
    thread.join()
    assert ended.code is None and "was killed" in ended.problem
    assert processes_with(mark.replace(" ", "\0")) == []


def children_running(name: str) -> list[int]:
    ours = {pid for pid, (parent, _) in keeper.parents().items() if parent == os.getpid()}
    return [pid for pid in processes_with(name) if pid in ours]


def test_kill_9_of_the_driver_ends_its_probe(tmp_path: Path) -> None:
    mark = f"sleep 62{os.getpid()}"
    script = (
        "from pathlib import Path\nfrom firstbad.bisect.run.sandbox import run, clean_environment\n"
        f"run('(setsid {mark} &); {mark}', cwd=Path('/'), env=clean_environment(), out=Path({str(tmp_path)!r}))"
    )
    driver = subprocess.Popen([sys.executable, "-c", script])
    wait_for(lambda: len(processes_with(mark.replace(" ", "\0"))) >= 2)
    driver.kill()
    driver.wait()
    wait_for(lambda: not processes_with(mark.replace(" ", "\0")))


def wait_for(condition: object, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_git_variables_do_not_reach_a_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/somewhere")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", "/elsewhere")
    monkeypatch.setenv("KEPT", "1")
    env = clean_environment({"ADDED": "2"})
    assert "GIT_DIR" not in env and "PYTHONPYCACHEPREFIX" not in env
    assert (env["KEPT"], env["ADDED"]) == ("1", "2")
    assert clean_environment(only=["KEPT"]) == {"KEPT": "1"}


def test_sweep_finds_only_its_own() -> None:
    env = {**os.environ, "FIRSTBAD_PROBE": "ticket-of-this-test"}
    process = subprocess.Popen(["sleep", "63"], env=env)
    assert sweep("ticket-of-nobody") == 0
    assert sweep("ticket-of-this-test") == 1
    assert process.wait() == -signal.SIGKILL


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    """/dev/full answers every write with ENOSPC: the kept output cannot be written."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "stdout").symlink_to("/dev/full")
    ended = run("echo hello", cwd=tmp_path, env=clean_environment(), out=out)
    assert ended.problem == f"the disk that holds {out} is full"


def test_disk_is_full_asks_the_file_system(tmp_path: Path) -> None:
    assert not disk_is_full(tmp_path / "not" / "yet")
    assert disk_is_full(tmp_path, need=1 << 60)


def test_file_size_is_bounded(tmp_path: Path) -> None:
    ended = go(tmp_path, "dd if=/dev/zero of=big bs=1000 count=100", limits=Limits(file_size=10_000))
    assert ended.code != 0
    assert (tmp_path / "big").stat().st_size <= 10_000


def test_sink_keeps_head_and_tail(tmp_path: Path) -> None:
    sink = keeper.Sink(str(tmp_path / "s"), 10)
    for part in (b"abc", b"defgh", b"ijkl", b"mnopq", b"r"):
        sink.write(part)
    sink.close()
    said = (tmp_path / "s").read_bytes()
    assert said.startswith(b"abcde") and said.endswith(b"mnopqr") and b"left out" in said


def test_sink_remembers_the_first_error(tmp_path: Path) -> None:
    sink = keeper.Sink("/dev/full", 10)
    sink.write(b"abc")
    sink.close()
    assert sink.error == errno.ENOSPC


def test_standard_input_is_empty_not_closed(tmp_path: Path) -> None:
    assert go(tmp_path, "cat; readlink /proc/self/fd/0").text() == "/dev/null\n"
