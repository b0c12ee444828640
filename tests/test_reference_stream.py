"""The binary stream and the seal of the reference, against its text trace and its image."""

from __future__ import annotations

import struct
import zlib
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from firstbad.sim import reference
from firstbad.tracer import text
from reference_runs import BASE, run

Records = dict[tuple[int, int], list[tuple[str, tuple[float, ...]]]]
SMALL = [*BASE, "-detpixels", "8", "-oversample", "2", "-mosaic", "0.3", "-mosaic_dom", "3"]


def read_stream(path: Path) -> tuple[tuple[int, int], Records]:
    """A reader written from docs/trace-format.md alone."""
    data = path.read_bytes()
    assert data[:8] == b"FBSTREAM"
    version, slow, fast, count = struct.unpack_from("<4I", data, 8)
    assert version == 1
    names, at = [], 24
    for _ in range(count):
        (size,) = struct.unpack_from("<H", data, at)
        names.append(data[at + 2 : at + 2 + size].decode())
        at += 2 + size
    records: Records = defaultdict(list)
    total = 0
    while True:
        s, f, quantity, n = struct.unpack_from("<IIHH", data, at)
        if quantity == 0xFFFF:
            break
        records[s, f].append((names[quantity], struct.unpack_from(f"<{n}d", data, at + 12)))
        at += 12 + 8 * n
        total += 1
    assert struct.unpack_from("<QI", data, at + 12) == (total, zlib.crc32(data[:at]))
    assert len(data) == at + 24
    return (slow, fast), records


def text_records(lines: list[str]) -> list[tuple[str, tuple[float, ...]]]:
    split = [line.removeprefix("TRACE_C: ").split() for line in lines if line.startswith("TRACE_C: ")]
    return [(name, tuple(float(v) for v in values)) for name, *values in split]


def test_stream_and_text_tell_the_same(tmp_path: Path) -> None:
    done = run(reference.build(), tmp_path, *SMALL, "-trace_pixel", "3", "5", "--trace-stream=s.bin")
    shape, records = read_stream(tmp_path / "s.bin")
    assert shape == (8, 8)
    assert list(records) == [(3, 5)]
    assert records[3, 5] == text_records(done.lines)
    assert len(records[3, 5]) > 100


def test_with_every_step_the_stream_has_them_all_in_the_order_of_the_text(tmp_path: Path) -> None:
    """Without their places: a stream has none. Pixels beside the one of the text have theirs, too."""
    words = ["-trace_pixel", "3", "5", "--trace-pixels=3,5;3,6", "--trace-stream=s.bin"]
    plain = run(reference.build(), tmp_path, *SMALL, *words)
    first = read_stream(tmp_path / "s.bin")[1]
    done = run(reference.build(), tmp_path, *SMALL, *words, "--trace-steps")
    records = read_stream(tmp_path / "s.bin")[1]
    assert records[3, 5] == [(name.partition("{")[0], values) for name, values in text_records(done.lines)]
    for pixel in ((3, 5), (3, 6)):
        counts = [Counter(name for name, _ in found[pixel]) for found in (first, records)]
        assert [found["hkl_frac"] for found in counts] == [4, 12]
        assert [found["pixel_pos_meters"] for found in counts] == [4, 4]
    assert np.array_equal(plain.image, done.image)


def test_every_trace_is_proved_by_the_image(tmp_path: Path) -> None:
    """All pixels: the last value is the pixel of the image, bit for bit, and tracing changes none of them."""
    done = run(reference.build(), tmp_path / "traced", *SMALL, "--trace-pixels=all", "--trace-stream=s.bin")
    plain = run(reference.build(), tmp_path / "plain", *SMALL)
    _, records = read_stream(tmp_path / "traced" / "s.bin")
    assert len(records) == 64
    image = done.image.reshape(8, 8)
    for (slow, fast), values in records.items():
        assert values[-1][0] == "floatimage_accumulated"
        assert np.float32(values[-1][1][0]) == image[slow, fast]
        assert np.float32(dict(values)["I_pixel_final"][0]) == image[slow, fast]
    assert done.image.tobytes() == plain.image.tobytes()
    assert done.lines == plain.lines


SELECTIONS = {
    "3,4": {(3, 4)},
    "7,7;0,0;3,4;3,4": {(0, 0), (3, 4), (7, 7)},
    "roi:2,3,4,6": {(s, f) for s in (2, 3) for f in (4, 5, 6)},
}


@pytest.mark.parametrize("selection", SELECTIONS)
def test_selections(tmp_path: Path, selection: str) -> None:
    run(reference.build(), tmp_path, *SMALL, f"--trace-pixels={selection}", "--trace-stream=s.bin")
    assert set(read_stream(tmp_path / "s.bin")[1]) == SELECTIONS[selection]


def test_threads_write_the_same_records(tmp_path: Path) -> None:
    threaded = reference.build(cflags=[*reference.EXACT_FLAGS, "-fopenmp"])
    flags = [*SMALL, "--trace-pixels=all", "--trace-stream=s.bin"]
    run(threaded, tmp_path / "two", *flags, threads=2)
    run(reference.build(), tmp_path / "one", *flags)
    assert read_stream(tmp_path / "two" / "s.bin") == read_stream(tmp_path / "one" / "s.bin")


def test_the_text_trace_is_sealed_and_the_reader_takes_it(tmp_path: Path) -> None:
    done = run(reference.build(), tmp_path, *SMALL, "-trace_pixel", "3", "5")
    trace = text.parse("\n".join(done.lines) + "\n")
    assert trace.sealed
    assert done.lines[0].startswith("TRACE_OPEN: firstbad-trace 1 side=C pixel=3,5 digits=17 ")
    assert trace.find("I_pixel_final")[0].values[0] == pytest.approx(done.image.reshape(8, 8)[3, 5], rel=1e-7)


def test_without_a_traced_pixel_nothing_is_opened(tmp_path: Path) -> None:
    assert not any(
        "TRACE_OPEN" in line or "TRACE_SEAL" in line for line in run(reference.build(), tmp_path, *SMALL).lines
    )


def test_seal_off_leaves_two_lines_away_and_nothing_else(tmp_path: Path) -> None:
    flags = [*SMALL, "-trace_pixel", "3", "5"]
    sealed = run(reference.build(), tmp_path / "on", *flags).lines
    bare = run(reference.build(), tmp_path / "off", *flags, "--seal=off").lines
    assert [line for line in sealed if not line.startswith(("TRACE_OPEN", "TRACE_SEAL"))] == bare


def test_the_glued_record_is_under_the_seal(tmp_path: Path) -> None:
    """The out-of-range warning has no line end; the record behind it must still count."""
    (tmp_path / "x.hkl").write_text("0 0 0 5\n1 1 1 6\n")
    flags = ["-hkl", "x.hkl", "-interpolate", "-trace_pixel", "0", "0"]
    done = run(reference.build(), tmp_path, *BASE, *flags)
    assert any("not be printed! TRACE_C: " in line for line in done.lines)
    assert text.parse("\n".join(done.lines) + "\n").sealed


def test_phi_records(tmp_path: Path) -> None:
    flags = ["-phi", "0", "-osc", "1", "-phisteps", "4", "-detpixels", "8", "-trace_pixel", "3", "5", "--phi-records"]
    lines = [line for line in run(reference.build(), tmp_path, *BASE, *flags).lines if line.startswith("TRACE_C_PHI")]
    fields = [dict(item.split("=") for item in line.split()[1:]) for line in lines]
    assert [f["phi_tic"] for f in fields] == ["0", "1", "2", "3"]
    assert [float(f["phi_deg"]) for f in fields] == pytest.approx([0, 0.25, 0.5, 0.75])
    assert all(set(f) == {"phi_tic", "phi_deg", "k_frac", "F_latt_b", "F_latt"} for f in fields)
    assert len({f["k_frac"] for f in fields}) == 3  # the first keeps the orientation of the last


def test_digits(tmp_path: Path) -> None:
    flags = [*SMALL, "-trace_pixel", "3", "5", "--seal=off"]
    full = text_records(run(reference.build(), tmp_path, *flags).lines)
    short = run(reference.build(), tmp_path, *flags, "--digits=5").lines
    for (name, values), (again, rounded) in zip(full, text_records(short), strict=True):
        assert name == again
        assert rounded == tuple(float(f"{v:.5g}") for v in values)


def test_no_output_writes_nothing(tmp_path: Path) -> None:
    done = run(reference.build(), tmp_path, *BASE, "--no-output", "--time-loop")
    assert list(tmp_path.iterdir()) == []
    assert float(done.complaints.strip().removeprefix("loop_seconds=")) >= 0


def test_pixel_512_tells_its_rotations(tmp_path: Path) -> None:
    flags = "-cell 100 -default_F 1 -N 5 -detpixels 513 -roi 512 512 512 512 -phi 3 -mosaic 1 -mosaic_dom 2 -noprogress"
    lines = run(reference.build(), tmp_path, *flags.split(), "-oversample", "1").lines
    assert "TRACE: Phi rotation (phi = 3 degrees):" in lines
    assert "TRACE: Mosaic rotation (domain 0):" in lines


def test_values_of_our_own_options_may_stand_behind_a_blank(tmp_path: Path) -> None:
    glued = run(reference.build(), tmp_path / "a", *SMALL, "-trace_pixel", "3", "5", "--digits=7", "--quirks=none")
    apart = run(
        reference.build(), tmp_path / "b", *SMALL, "--digits", "7", "-trace_pixel", "3", "5", "--quirks", "none"
    )
    assert glued.lines == apart.lines
    assert glued.complaints == apart.complaints == ""
