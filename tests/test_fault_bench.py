"""A sample of the fault bench: that faults are planted, judged and counted as they should be. The whole is `make fault-bench`."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import fault_bench
import fault_draw
import fault_runs
import fault_score


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fault_bench.Bench]:
    yield fault_bench.Bench(tmp_path_factory.mktemp("faults"), plain=False)


def test_there_are_as_many_faults_as_promised_on_all_stages_and_lines() -> None:
    torch, c = fault_bench.faults("torch"), fault_bench.faults("c")
    assert len(torch) >= 150 and len(c) >= 50
    lines = fault_runs.command_lines()
    assert len(lines) == 12
    assert {line for fault in torch for line in fault.lines} == set(lines)
    assert {f.stage for f in torch} >= {f.stage for f in c}
    assert len({f.stage for f in torch}) >= 12
    assert len({kind for f in torch for kind in f.kinds}) >= 25


def test_every_edit_fits_the_sources() -> None:
    torch, c = fault_runs.Sources().texts, fault_runs.reference.SOURCES
    for fault in fault_bench.faults("torch"):
        fault_runs.edited(torch[Path(fault.file).stem], fault.before, fault.after)
    for fault in fault_bench.faults("c"):
        fault_runs.edited((c / fault.file).read_text(), fault.before, fault.after)


def test_expected_origins_are_quantities(bench: fault_bench.Bench) -> None:
    for side in ("torch", "c"):
        for fault in fault_bench.faults(side):
            assert set(fault.expect) & set(bench.catalogue.quantities), fault


@pytest.mark.parametrize("side", ["torch", "c"])
def test_a_planted_fault_is_named_with_its_side(bench: fault_bench.Bench, side: str) -> None:
    fault = next(f for f in fault_bench.faults(side) if f.stage == "omega" and "1e6" in f.after)
    (outcome,) = bench._planted(side, fault)
    assert (outcome.invalid, outcome.place, outcome.side_told) == ("", 1, outcome.side)
    assert outcome.pattern == "power-of-ten"


def test_an_edit_that_changes_nothing_is_invalid(bench: fault_bench.Bench) -> None:
    fault = fault_bench.Fault("x", "shape.py", "lattice", "3.0 * (", "(1.0 + 2.0) * (", ("F_latt",), (), ("cubic",))
    (outcome,) = bench._planted("torch", fault)
    assert outcome.invalid == "no traced value changes"
    assert fault_score.table([outcome])["trials"] == "0"


def test_an_edit_that_does_not_fit_or_compile_is_invalid(bench: fault_bench.Bench) -> None:
    for before, after in (("no such text", ""), ("3.0 * (", "3.0 * ((")):
        fault = fault_bench.Fault("x", "shape.py", "lattice", before, after, ("F_latt",), (), ("cubic",))
        (outcome,) = bench._planted("torch", fault)
        assert outcome.invalid


def test_clean_pairs_have_no_origin(bench: fault_bench.Bench) -> None:
    outcomes = [o for o in bench.controls(29) if o.stage != "float32" and not o.invalid]
    assert outcomes
    assert [o.id for o in outcomes if o.named] == []


def test_what_changed_first_is_found_without_the_diff(bench: fault_bench.Bench) -> None:
    clean = bench.clean("torch", "cubic")
    value = next(line for line in clean.splitlines() if line.startswith("TRACE_PY: F_latt_b"))
    body = "\n".join(line for line in clean.splitlines() if not line.startswith(("TRACE_OPEN", "TRACE_SEAL")))
    found = fault_score.first_changed(
        fault_runs.read(body), fault_runs.read(body.replace(value, "TRACE_PY: F_latt_b 7.5")), bench.catalogue
    )
    assert found == ("F_latt_b",)


def test_drawn_faults_are_the_same_for_the_same_seed() -> None:
    texts = fault_runs.Sources().texts
    one, two = (list(fault_draw.mutations(texts, random.Random(5), 30)) for _ in range(2))
    assert one == two
    assert len({m.text for m in one}) == 30
    for mutation in one:
        compile(mutation.text, mutation.file, "exec")


@pytest.mark.bench
def test_bench_the_whole(tmp_path: Path) -> None:
    whole = fault_bench.Bench(tmp_path, plain=False)
    for name in fault_bench.SETS:
        outcomes = fault_bench.collect(whole, name)
        print(name, fault_bench.report(name, outcomes, whole.catalogue))
        if name == "controls":
            assert [o.id for o in outcomes if o.named and o.stage != "float32"] == []
