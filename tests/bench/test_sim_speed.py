"""The simulator's speed and memory, each against the C reference at its fastest, in alternation (docs/speed.md).

Nothing here fails because it is slow. Ratios stand in the printed lines and in the benchmark's `extra_info`.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
import timeit

import pytest
import torch
from firstbad.sim import scatter, taps
from firstbad.sim.compiled import built, compiled_run
from firstbad.sim.flags import parse
from firstbad.sim.reference import build
from firstbad.sim.resolve import resolve
from firstbad.sim.simulate import run
from firstbad.sim.tracing import trace_lines
from firstbad.tracer import tap

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("ignore")]
COMMON = "-default_F 100 -cell 100 100 100 90 90 90 -lambda 6.2 -N 5 -distance 100"
SWEEP = "-phi 0 -osc 1 -phisteps 10"
LOOPS = {
    "4096², one step": f"{COMMON} -detpixels 4096",
    "1024², 100 steps": f"{COMMON} -detpixels 1024 {SWEEP} -mosaic 0.5 -mosaic_dom 10",
}
PROCESSES = {
    "4096², 10 steps": f"{COMMON} -detpixels 4096 {SWEEP}",
    "2048², 50 steps": f"{COMMON} -detpixels 2048 {SWEEP} -mosaic 0.5 -mosaic_dom 5",
}
STEPS = {1: "", 10: SWEEP, 50: f"{SWEEP} -mosaic 0.5 -mosaic_dom 5"}
FLOAT32 = ["--dtype", "float32", "--engine"]
MEASURED = "import sys; from firstbad.sim.program import main; code = main(sys.argv[1:]); "
MEASURED += "print(open('/proc/self/status').read(), file=sys.stderr); sys.exit(code)"


def scene_of(words: str, dtype: torch.dtype = torch.float32):
    return resolve(parse(words.split())).to(dtype, "cpu")


def environment() -> dict[str, str]:
    """The same number of threads on both sides."""
    return {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}


def reference(words: list[str], folder) -> subprocess.CompletedProcess[str]:
    command = [str(build(fast=True)), *words, "-noprogress"]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=True)


def tell(capsys, benchmark, text: str, **facts: float) -> None:
    benchmark.extra_info.update(facts)
    with capsys.disabled():
        print(f"\n{text}: " + ", ".join(f"{name} {value:.4g}" for name, value in facts.items()))


def alternated(benchmark, ours, theirs, rounds: int = 5) -> dict[str, float]:
    """Medians of both sides and their ratio; `theirs` runs, and gives its seconds, before each round of ours."""
    found: list[float] = []
    benchmark.pedantic(ours, setup=lambda: found.append(theirs()), rounds=rounds)
    mine, other = benchmark.stats.stats.median, statistics.median(found)
    return {"reference": other, "torch": mine, "ratio": other / mine}


@pytest.mark.parametrize("case", LOOPS)
def test_loop(case, benchmark, tmp_path, capsys):
    """Warm, without files: the loop over pixels alone."""
    scene = scene_of(LOOPS[case])
    kernel = built(scene)

    def theirs() -> float:
        done = reference([*LOOPS[case].split(), "--time-loop", "--no-output"], tmp_path)
        compiled_run(scene, kernel)  # warm: the reference has just used the caches
        return float(re.findall(r"loop_seconds=([\d.]+)", done.stdout + done.stderr)[0])

    tell(capsys, benchmark, case, **alternated(benchmark, lambda: compiled_run(scene, kernel), theirs))


@pytest.mark.parametrize("case", PROCESSES)
def test_fresh_process(case, benchmark, tmp_path, capsys):
    """From the start of a process to its end: import, run, write the float and the integer image."""
    words = [*PROCESSES[case].split(), "-nopgm", "-nonoise"]
    command = [sys.executable, "-m", "firstbad.sim", *FLOAT32, "compiled", *words]

    def ours() -> None:
        subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, check=True)

    def theirs() -> float:
        start = time.perf_counter()
        reference(words, tmp_path)
        return time.perf_counter() - start

    ours()  # builds the kernel
    tell(capsys, benchmark, case, **alternated(benchmark, ours, theirs))


@pytest.mark.parametrize("engine", ["compiled", "eager"])
@pytest.mark.parametrize("steps", STEPS)
def test_memory_does_not_grow_with_steps(engine, steps, benchmark, tmp_path, capsys):
    """Peak resident memory of a fresh process at 4096² (this one may fail: memory is no matter of load)."""
    words = f"{COMMON} -detpixels 4096 {STEPS[steps]} -nopgm -nonoise".split()
    command = [sys.executable, "-c", MEASURED, *FLOAT32, engine, *words]
    done = benchmark.pedantic(
        lambda: subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True)
    )
    mebibytes = int(re.findall(r"VmHWM:\s+(\d+) kB", done.stderr)[0]) / 1024
    tell(capsys, benchmark, f"4096², {steps} steps, {engine}", MiB=mebibytes)
    assert mebibytes < 1024


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_taps_that_are_off(dtype, benchmark, monkeypatch, capsys):
    """Calls of taps per eager image, times what a call costs; the compiled kernel has none (test_sim_compiled.py)."""
    scene = scene_of(f"{COMMON} -detpixels 1024", dtype)
    calls = {"tap": 0, "tap_vec": 0, "tap_scaled": 0, "tap_like": 0, "listening": 0}
    with monkeypatch.context() as patch, torch.no_grad():
        for name in calls:
            real = getattr(scatter, name)

            def counted(*words, name=name, real=real, **more):
                calls[name] += 1
                return real(*words, **more)

            patch.setattr(scatter, name, counted)
        run(scene)
    vector, number = scene.fields.beam, scene.fields.close
    place = (("layer", 0), ("subpixel", 0))
    cost = {
        "tap": lambda: tap.tap("x", number, *place),
        "tap_vec": lambda: taps.tap_vec("x", vector, *place),
        "tap_scaled": lambda: taps.tap_scaled("x", vector, 1.0, *place),
        "tap_like": lambda: taps.tap_like("x", number, number, *place),
        "listening": tap.listening,
    }
    spent = sum(calls[name] * min(timeit.repeat(cost[name], number=10000, repeat=5)) / 10000 for name in calls)
    with torch.no_grad():
        benchmark.pedantic(run, args=(scene,), rounds=5, warmup_rounds=1)
    share = 100 * spent / benchmark.stats.stats.median
    tell(capsys, benchmark, f"taps off, {dtype}", calls=sum(calls.values()), percent=share)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("steps", [1, 50])
def test_trace_of_one_pixel(dtype, steps, benchmark, capsys):
    """What the trace of one pixel adds to its 1024² image, eager as a traced run of this size is."""
    scene = scene_of(f"{COMMON} -detpixels 1024 {STEPS[steps]}", dtype)
    traces: list[float] = []
    with torch.no_grad():
        state = run(scene).state

        def traced() -> None:
            start = time.perf_counter()
            trace_lines(scene, 500, 600, state)
            traces.append(time.perf_counter() - start)

        benchmark.pedantic(run, args=(scene,), setup=traced, rounds=5, warmup_rounds=1)
    extra = 100 * statistics.median(traces) / benchmark.stats.stats.median
    tell(
        capsys, benchmark, f"trace of a pixel, {steps} steps, {dtype}", seconds=statistics.median(traces), percent=extra
    )
