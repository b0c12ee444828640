"""How long two stores of 1024 x 1024 pixels and 40 quantities take, and how much memory."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("zarr")

WRITE = """
import sys
import numpy as np
from firstbad.tracer.store import Column, open_store
from firstbad.tracer.store_writer import StoreWriter
folder, n, names = sys.argv[1], 1024, [f"q{i}" for i in range(40)]
rng = np.random.default_rng(0)
ours, theirs = (StoreWriter(f"{folder}/{s}", (n, n), [Column(q) for q in names]) for s in "ab")
for _ in range(8):
    values = {q: rng.random(n * n // 8) for q in names}
    other = {q: v * (1 + 1e-15 * rng.integers(-2, 3, v.size)) for q, v in values.items()}
    wrong = rng.random(n * n // 8) < 0.3
    for q in ("q7", "q8", "q9", "q20", "q39"):
        other[q] = np.where(wrong, other[q] * 1.1, other[q])
    other["q25"] = np.where(rng.random(wrong.size) < 0.1, other["q25"] * 1.1, other["q25"])
    ours.append(values)
    theirs.append(other)
ours.close()
theirs.close()
for s in "ab":
    store = open_store(f"{folder}/{s}")
    for q in names:
        np.save(f"{folder}/{s}_{q}.npy", store.read(q)[:, 0, 0])
"""
MEASURE = """
import statistics, sys, time
import numpy as np
from firstbad.tracer.store import open_store
from firstbad.tracer.store_compare import compare_stores
folder, names = sys.argv[1], [f"q{i}" for i in range(40)]
graph = {f"q{i}": [f"q{i - 1}"] if i not in (0, 7, 25) else [] for i in range(40)} | {"q20": ["q7"], "q39": ["q7"]}

def numpy_alone():
    start = time.perf_counter()
    for q in names:
        np.load(f"{folder}/b_{q}.npy") - np.load(f"{folder}/a_{q}.npy")
    return time.perf_counter() - start

def ours():
    start = time.perf_counter()
    diff = compare_stores(open_store(f"{folder}/a"), open_store(f"{folder}/b"), graph)
    assert [c.quantities for c in diff.causes] == [("q7",), ("q25",)], diff.causes
    return time.perf_counter() - start

times = [(numpy_alone(), ours()) for _ in range(6)][1:]
print(*(statistics.median(t[i] for t in times) for i in (0, 1)))
"""


@pytest.mark.bench
def test_two_stores_of_a_megapixel_and_forty_quantities(tmp_path: Path):
    subprocess.run([sys.executable, "-c", WRITE, str(tmp_path)], check=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    out = subprocess.run([sys.executable, "-c", MEASURE, str(tmp_path)], check=True, capture_output=True, text=True)
    alone, ours = (float(word) for word in out.stdout.split())
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\nnumpy reads and subtracts: {alone:.2f} s; compare_stores: {ours:.2f} s, {ours / alone:.2f} times;")
    print(f"at most {memory:.0f} MiB in the process that measures (the writer took {before / 1024:.0f} MiB)")
    assert ours / alone <= 3
    assert memory < 1024
