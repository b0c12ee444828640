"""The binary stream of the C side turned into a store; what is cut, changed or no stream is refused."""

from __future__ import annotations

import itertools
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.store import is_missing, open_store
from firstbad.tracer.store_stream import read_stream
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import slug

pytest.importorskip("zarr")


def stream(records: list[tuple[int, int, int, list[float]]], names: list[str], shape: tuple[int, int]) -> bytes:
    out = b"FBSTREAM" + struct.pack("<IIII", 1, *shape, len(names))
    for name in names:
        out += struct.pack("<H", len(name)) + name.encode()
    for slow, fast, quantity, values in records:
        out += struct.pack(f"<IIHH{len(values)}d", slow, fast, quantity, len(values), *values)
    crc = zlib.crc32(out)
    return out + struct.pack("<IIHHQI", 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFF, 0, len(records), crc)


Entry = tuple[int, int, int, list[float]]


def pixels_of(seed: int, shape: tuple[int, int]) -> list[list[Entry]]:
    """Per pixel: a scalar, a vector, up to three steps of a third, sometimes none of it."""
    rng = np.random.default_rng(seed)
    found: list[list[Entry]] = []
    for slow, fast in np.ndindex(shape):
        steps = int(rng.integers(0, 4)) if rng.random() < 0.3 else 2
        rows: list[Entry] = [(slow, fast, 0, [float(rng.random())]), (slow, fast, 1, [float(x) for x in rng.random(3)])]
        rows += [(slow, fast, 2, [float(rng.random())]) for _ in range(steps)]
        found.append(rows)
    return found


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), told=st.booleans(), mixed=st.booleans())
def test_a_stream_becomes_a_store(tmp_path_factory: pytest.TempPathFactory, seed: int, told: bool, mixed: bool):
    """Any layout, also with the pixels of several threads mixed; the run's own values stand beside."""
    path = tmp_path_factory.mktemp("s")
    shape = (7, 9)
    groups = pixels_of(seed, shape)
    flat = [r for group in groups for r in group]
    if mixed:
        queues = [list(itertools.chain(*groups[i::3])) for i in range(3)]
        rng = np.random.default_rng(seed)
        flat = []
        while any(queues):
            queue = queues[rng.choice([i for i, q in enumerate(queues) if q])]
            flat.append(queue.pop(0))
    run: list[Entry] = [(0xFFFFFFFF, 0xFFFFFFFF, 3, [5.0])]
    (path / "stream").write_bytes(stream(run + flat, ["s", "v", "steps", "N", "unused"], shape if told else (0, 0)))
    survey = read_stream(path / "stream", path / "store", {"program": "made up"})
    store = open_store(path / "store")
    assert survey.records == len(flat) + 1
    assert store.shape == shape
    assert store.run == {"N": [[5.0]]}
    assert store.facts == {"program": "made up"}
    assert store.names == tuple(n for n in ("s", "v", "steps") if n != "steps" or any(r[2] == 2 for r in flat))
    for group in groups:
        slow, fast = group[0][:2]
        found = [(r.quantity, list(r.values)) for r in store.trace(slow, fast).records]
        assert found == [("N", [5.0]), *((["s", "v", "steps"][q], v) for _, _, q, v in group)]


@pytest.mark.parametrize("cut", range(1, 300, 7))
def test_a_cut_stream_is_refused(tmp_path: Path, cut: int):
    whole = stream([r for g in pixels_of(1, (2, 3)) for r in g], ["s", "v", "steps"], (2, 3))
    (tmp_path / "stream").write_bytes(whole[: len(whole) - cut])
    with pytest.raises(FirstbadError) as error:
        read_stream(tmp_path / "stream", tmp_path / "store")
    assert slug(error) in ("stream-cut", "stream-unreadable", "stream-damaged")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("at", range(0, 400, 11))
def test_a_changed_stream_is_refused(tmp_path: Path, at: int):
    data = bytearray(stream([r for g in pixels_of(1, (2, 3)) for r in g], ["s", "v", "steps"], (2, 3)))
    data[at] ^= 0x10
    (tmp_path / "stream").write_bytes(data)
    with pytest.raises(FirstbadError) as error:
        read_stream(tmp_path / "stream", tmp_path / "store")
    assert slug(error).startswith("stream-")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, "stream-missing"),
        (b"", "stream-unreadable"),
        (b"TRACE_C: x 1\n", "stream-unreadable"),
        (b"FBSTREAM\1\0", "stream-cut"),
        (b"FBSTREAM" + struct.pack("<IIII", 2, 1, 1, 0), "stream-version"),
        (stream([(0, 0, 0, [1.0])], ["a"], (1, 1)) + b"more", "stream-damaged"),
        (stream([(0, 5, 0, [1.0])], ["a"], (2, 2)), "stream-damaged"),
        (stream([(0, 0, 0, [1.0]), (0, 1, 0, [1.0, 2.0])], ["a"], (1, 2)), "stream-width"),
    ],
)
def test_what_is_no_stream_gets_a_sentence(tmp_path: Path, data: bytes | None, expected: str):
    if data is not None:
        (tmp_path / "stream").write_bytes(data)
    with pytest.raises(FirstbadError) as error:
        read_stream(tmp_path / "stream", tmp_path / "store")
    assert slug(error) == expected


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_what_trace_h_writes_is_read(tmp_path: Path):
    header = Path(__file__).parents[1] / "tracer" / "trace.h"
    (tmp_path / "main.c").write_text(
        f"""#define FIRSTBAD_TRACE_IMPLEMENTATION
#include "{header}"
static FirstbadStream stream;
int main(void) {{
    const char *names[] = {{"N", "half", "vector"}};
    FILE *file = fopen("out.stream", "wb");
    unsigned slow, fast;
    double n = 7;
    firstbad_stream_open(&stream, firstbad_to_file, file, 20, 30, names, 3);
    firstbad_stream_record(&stream, FIRSTBAD_RUN, FIRSTBAD_RUN, 0, &n, 1);
    for (slow = 0; slow < 20; slow++)
        for (fast = 0; fast < 30; fast++) {{
            double half = slow + 0.5 * fast, vector[3];
            vector[0] = slow; vector[1] = fast; vector[2] = -1;
            firstbad_stream_record(&stream, slow, fast, 1, &half, 1);
            if (fast != 3) firstbad_stream_record(&stream, slow, fast, 2, vector, 3);
        }}
    return firstbad_stream_close(&stream) != FIRSTBAD_OK || fclose(file) != 0;
}}
"""
    )
    subprocess.run(["cc", "-o", "main", "main.c", "-lm"], cwd=tmp_path, check=True)
    subprocess.run([str(tmp_path / "main")], cwd=tmp_path, check=True)
    read_stream(tmp_path / "out.stream", tmp_path / "store")
    store = open_store(tmp_path / "store")
    slow, fast = store.pixels.T
    assert store.run == {"N": [[7.0]]}
    assert np.array_equal(store.read("half").ravel(), slow + 0.5 * fast)
    vector = store.read("vector")[:, 0]
    assert np.array_equal(is_missing(vector).all(axis=1), fast == 3)
    assert np.array_equal(vector[fast != 3][:, 0], slow[fast != 3])
