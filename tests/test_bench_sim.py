"""Seconds of the loop: the C reference at its fastest against warm compiled torch, in alternation (docs/speed.md)."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import time

import pytest
import torch
from firstbad.sim.compiled import built, compiled_run
from firstbad.sim.flags import parse
from firstbad.sim.reference import build
from firstbad.sim.resolve import resolve

COMMON = "-default_F 100 -cell 100 100 100 90 90 90 -lambda 6.2 -N 5 -distance 100"
CASES = {
    "4096-one-step": f"{COMMON} -detpixels 4096",
    "1024-hundred-steps": f"{COMMON} -detpixels 1024 -phi 0 -osc 1 -phisteps 10 -mosaic 0.5 -mosaic_dom 10",
}


@pytest.mark.bench
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES)
def test_loop(case, tmp_path, capsys):
    words = CASES[case].split()
    scene = resolve(parse(words)).to(torch.float32, "cpu")
    kernel = built(scene)
    compiled_run(scene, kernel)
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    reference, compiled = [], []
    for _ in range(5):
        command = [str(build(fast=True)), *words, "-noprogress", "--time-loop", "--no-output"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        reference.append(float(re.findall(r"loop_seconds=([\d.]+)", done.stdout + done.stderr)[0]))
        compiled_run(scene, kernel)  # warm: the reference has just used the caches
        start = time.perf_counter()
        compiled_run(scene, kernel)
        compiled.append(time.perf_counter() - start)
    ours, theirs = statistics.median(compiled), statistics.median(reference)
    with capsys.disabled():
        print(f"\n{case}: reference {theirs:.3f} s, compiled {ours:.3f} s, ratio {theirs / ours:.1f}")
