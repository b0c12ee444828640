"""A small sample of each measure of docs/measures.md. The whole is `python tests/measures.py`."""

from __future__ import annotations

import random
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import image_bench
import measure_align
import measure_looking
import measure_print
import measure_seal
import measure_ties
import measures
from firstbad.tracer import stream
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.image import compare_images
from firstbad.tracer.store import Column
from firstbad.tracer.store_writer import StoreWriter

LINE = "tilted"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[measures.Logs]:
    yield measures.Logs(tmp_path_factory.mktemp("measures"))


@pytest.mark.parametrize("name", measure_align.EDITS)
def test_an_edited_trace_is_paired_as_it_was_edited(logs: measures.Logs, name: str) -> None:
    line = "mosaic" if "step" in name else LINE
    one, two = logs.trace("c", line), logs.trace("torch", line)
    judged = name in measure_align.ORDER and "iterations" not in name
    score = measure_align.trial(one, two, name, logs.catalogue, random.Random(name), judged=judged)
    assert score is not None and score.f1 >= 0.99
    assert (score.reported, score.alarms) == (score.alone, 0)
    dropped = any(word in name for word in ("dropped", "doubled", "less", "more"))
    assert bool(score.alone) == dropped


def test_beside_a_fault_that_spreads_the_pairs_are_the_same(logs: measures.Logs) -> None:
    one = logs.trace("c", LINE)
    wrong = measure_align.faulty(logs.trace("torch", LINE), logs.catalogue, random.Random(3))
    total = measure_align.Score()
    for name in (name for name in measure_align.EDITS if name != "iterations in another order"):
        score = measure_align.trial(one, wrong, name, logs.catalogue, random.Random(name), judged=False)
        total.add(score or measure_align.Score())
    assert total.f1 >= 0.99 and total.reported == total.alone


def test_one_set_of_values_in_two_formats_accuses_nothing_and_lists_what_is_hidden(logs: measures.Logs) -> None:
    trace = logs.trace("c", LINE)
    seen = Counter[str]()
    for kind, one, two in measure_print.pairs():
        seen[kind] += 1
        if seen[kind] % 40 == 5 and "3 to 17" not in kind:
            assert measure_print.false_alarms(trace, one, two, logs.catalogue) == [], (one, two)
            assert measure_print.unlisted(trace, one, logs.catalogue)[1] == []
    assert len(seen) == 7


def test_a_damaged_log_is_refused(logs: measures.Logs, tmp_path: Path) -> None:
    log, other = logs.log("c", LINE), logs.trace("torch", LINE)
    found = Counter[str]()
    for kind, damaged in measure_seal.text_damage(log, random.Random(1), 211):
        outcome = measure_seal.text_outcome(damaged, log, other, logs.catalogue)
        assert outcome == measure_seal.REFUSED or (outcome == measure_seal.WHOLE and "cut" in kind), kind
        found[kind] += 1
    assert len(found) == 5 and found["a digit of the opening line changed"] > 50
    assert measure_seal.exchanged(logs.trace("c", LINE), other, logs.catalogue) == measure_seal.REPORTED


def test_a_long_log_is_refused_even_where_the_first_origin_stands_before_the_damage(
    logs: measures.Logs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "WHOLE", 1)
    log, paths = logs.log("c", LINE), (tmp_path / "a.log", tmp_path / "b.log")
    for path in paths:
        path.write_bytes(log)
    assert stream.compare_files(*paths).same
    wrong = log.replace(b": pixel_pos_meters ", b": pixel_pos_meters 7", 1)
    assert wrong != log
    for damaged in (wrong, wrong[: wrong.index(b"TRACE_SEAL")], log[: log.index(b"TRACE_SEAL")]):
        paths[1].write_bytes(damaged)
        with pytest.raises(FirstbadError, match=r"b\.log"):
            stream.compare_files(*paths)


@pytest.fixture(scope="module")
def small_stream(logs: measures.Logs) -> Path:
    """The binary stream of one pixel."""
    return measures.stream_of(logs, "3,3")


def test_a_damaged_stream_is_refused(small_stream: Path, tmp_path: Path) -> None:
    damages = measure_seal.stream_damage(small_stream.read_bytes(), random.Random(2), 499)
    outcomes = Counter((kind, measure_seal.stream_outcome(damaged, tmp_path)) for kind, damaged in damages)
    assert {outcome for _, outcome in outcomes} == {measure_seal.REFUSED} and len(outcomes) == 6


@pytest.mark.parametrize("at", [0, 5, 9, 11, 12, 20])
def test_every_byte_of_the_end_marker_counts(small_stream: Path, tmp_path: Path, at: int) -> None:
    data = bytearray(small_stream.read_bytes())
    data[len(data) - 24 + at] ^= 4
    assert measure_seal.stream_outcome(bytes(data), tmp_path) == measure_seal.REFUSED


def test_a_size_that_no_memory_holds_is_refused(small_stream: Path, tmp_path: Path) -> None:
    data = bytearray(small_stream.read_bytes())
    data[15] = data[19] = 0xFF  # the highest bytes of both edges
    assert measure_seal.stream_outcome(bytes(data), tmp_path) == measure_seal.REFUSED


def test_a_damaged_store_is_refused(tmp_path: Path) -> None:
    values = np.arange(1.0, 13.0)
    for name in ("one", "two"):
        with StoreWriter(tmp_path / name, (3, 4), [Column("a"), Column("b", 3)], facts={"n": "7"}, tile=4) as writer:
            writer.run = {"c": [[1.5, 2.5]]}
            writer.append({"a": values, "b": np.stack([values, -values, 1 / values], axis=1)})
    outcomes = Counter[str]()
    for kind in measure_seal.store_damage(tmp_path / "one", tmp_path / "hurt", random.Random(4), 1):
        outcome = measure_seal.store_outcome(tmp_path / "hurt", tmp_path / "two")
        assert outcome == measure_seal.REFUSED or (outcome == measure_seal.WHOLE and "attributes" in kind), kind
        outcomes[kind] += 1
    assert len(outcomes) == 8


@pytest.mark.parametrize("kind", image_bench.SCENES)
def test_an_image_written_by_two_sound_programs_is_clean(kind: str) -> None:
    for size in (8, 40):
        image = image_bench.scene(kind, 7, size)
        for what, one, two in image_bench.roundings(image, 7):
            verdict = compare_images(one, two)
            assert verdict.clean, (what, size, verdict.reasons, verdict.findings)


def test_a_mutation_is_named_on_another_image_too() -> None:
    make, kind = image_bench.MUTATIONS["one weak peak deleted"]
    assert kind in {f.kind for f in compare_images(image_bench.peaks(5), make(5)).findings}


def test_an_image_without_content_never_passes() -> None:
    for what, one, two in image_bench.without_content(3, 12):
        verdict = compare_images(one, two)
        assert not verdict.passed and verdict.reasons, what


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("value", [1e155, 1e200, -1e200, 1e307, 1e-320])
def test_a_pixel_that_has_exploded_is_named_without_a_warning(value: float, side: int) -> None:
    images = [np.random.default_rng(1).uniform(1, 100, (32, 32)) for _ in range(2)]
    images[side][3, 4] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = compare_images(*images)
    assert any("3 4 (slow fast)" in finding.text for finding in verdict.findings)
    verdict.as_dict()


def test_looking_changes_no_image(logs: measures.Logs) -> None:
    line = logs.lines[LINE]
    choices = [("--dtype=float64",), ("--dtype=float32", "--engine=compiled", "--threads=2"), ("--tile=37",)]
    looked = [*measure_looking.torch_looked(line, logs.folder, choices), *measure_looking.c_looked(line, logs.folder)]
    assert len(looked) == 21
    assert [one.what for one in looked if one.differs] == []


def test_a_decision_near_a_tie_is_named_as_flipped(logs: measures.Logs) -> None:
    programs = measure_ties.programs(logs.folder)
    other = "torch in float32"
    line = replace(logs.lines["cubic"], args=(*logs.lines["cubic"].args, "-oversample", "1"))
    sides = programs["reference"], (other, programs[other])
    flips = list(measure_ties.flips(line, 1, *sides, logs.catalogue, range(-6, 7, 2)))
    assert len(flips) >= 2
    assert [flip for flip in flips if not flip.named] == []


@pytest.mark.bench
@pytest.mark.parametrize("name", measures.MEASURES)
def test_bench_the_whole(name: str, tmp_path: Path) -> None:
    for row in measures.MEASURES[name](measures.Logs(tmp_path)):
        print("|", " | ".join(map(str, row)), "|")
