"""Trace predicates as probes, and one set of runs that answers for every quantity."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from firstbad.bisect.bisect_commits import bisect_commits
from firstbad.bisect.run.journal import Journal
from firstbad.bisect.run.judges import probe_as_dict, probe_from_dict
from firstbad.bisect.run.overlay import Overlay
from firstbad.bisect.run.probe import Probe
from firstbad.bisect.run.sandbox import Ended
from firstbad.bisect.run.traces import Predicate, TraceIs, quantity_table, trace_probe
from firstbad.bisect.verdict import Culprit, Kind
from firstbad.tracer.errors import FirstbadError
from hypothesis import given
from hypothesis import strategies as st
from run_repos import make_repo

PORT = """
import math, sys
slow, fast = int(sys.argv[1]), int(sys.argv[2])
h, k, l = 0.1 + 0.01 * fast, 0.2 + 0.01 * slow, 0.3
def lattice(x, N):
    return math.sin(math.pi * N * x) / math.sin(math.pi * x)
a, b, c = lattice(h, 5), lattice(k, {Nb}), lattice(l, 5)
F_cell = {F_cell}
print("TRACE_PY: hkl_frac", repr(h), repr(k), repr(l))
print("TRACE_PY: F_latt_a", repr(a))
print("TRACE_PY: F_latt_b", repr(b))
print("TRACE_PY: F_latt_c", repr(c))
print("TRACE_PY: F_latt", repr(a * b * c))
print("TRACE_PY: F_cell", repr(F_cell))
"""


def files(i: int) -> dict[str, str]:
    """F_latt_b moves at 6, F_cell at 11; commit 9 says nothing at all."""
    text = PORT.format(Nb=5 if i < 6 else 6, F_cell="100.0" if i < 11 else "101.0")
    return {"port.py": "" if i == 9 else f"# {i}\n{text}"}


def repo_of(tmp_path: Path) -> tuple[Path, list[str], Path]:
    where = tmp_path / "repo"
    ids = make_repo(where, 18, files)
    reference = tmp_path / "reference.py"
    reference.write_text(files(0)["port.py"].replace("TRACE_PY", "TRACE_C"))
    return where, ids, reference


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("F_latt_b at pixel 30 40 is an origin", 6),
        pytest.param("F_cell at pixel 3 4 is an origin", 11, marks=pytest.mark.slow),
        pytest.param("F_latt at pixel 30 40 diverges", 6, marks=pytest.mark.slow),
        pytest.param("F_latt at pixel 30 40 is inherited", 6, marks=pytest.mark.slow),
    ],
)
def test_the_commit_that_made_the_predicate_true(tmp_path: Path, question: str, first: int) -> None:
    where, ids, reference = repo_of(tmp_path)
    command = [sys.executable, "port.py", "{slow}", "{fast}"]
    probe = trace_probe(
        question, command, [sys.executable, str(reference), "{slow}", "{fast}"], cwd=tmp_path, out=tmp_path / "ref"
    )
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home")
    assert isinstance(outcome.result, Culprit)
    assert ids.index(outcome.result.point) == first
    assert outcome.hunt == question


def test_one_set_of_runs_answers_for_every_quantity(tmp_path: Path) -> None:
    where, ids, _ = repo_of(tmp_path)
    probe = trace_probe(
        "F_latt at pixel 30 40 diverges",
        [sys.executable, "port.py", "{slow}", "{fast}"],
        [sys.executable, str(tmp_path / "reference.py"), "{slow}", "{fast}"],
        cwd=tmp_path,
        out=tmp_path / "ref",
    )
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home")
    table = quantity_table(Journal.read(outcome.journal))
    rows = {row.quantity: row for row in table.rows}
    assert set(rows) == {"F_latt_b", "F_latt", "F_cell"}
    found = rows["F_latt_b"].result
    assert isinstance(found, Culprit) and found.point == ids[6]
    assert rows["F_latt_b"].roles[ids[0]] == "agrees" and rows["F_latt_b"].roles[ids[-1]] == "origin"
    cell = rows["F_cell"]
    if cell.result is None:
        assert cell.open > 1 and cell.next in ids
        tried = sorted(ids.index(p) for p in cell.roles)
        assert max(i for i in tried if i < 11) < 11 <= min(i for i in tried if i >= 11)


def test_old_commits_without_a_tracer_answer_through_the_overlay(tmp_path: Path) -> None:
    where = tmp_path / "repo"

    def silent(i: int) -> dict[str, str]:
        power = 2 if i < 4 else 3
        return {"m.py": f"def F_latt_a(x):\n    return x ** {power}\n", "p.py": f"import m  # {i}\nm.F_latt_a(1.5)\n"}

    ids = make_repo(where, 9, silent)
    overlay = Overlay(taps=(("m:F_latt_a", "F_latt_a"),))
    (tmp_path / "ref").write_text("TRACE_C: F_latt_a 2.25\n")
    probe = Probe([sys.executable, "p.py"], judge=TraceIs("F_latt_a is an origin", str(tmp_path / "ref")))
    outcome = bisect_commits(where, ids[0], ids[-1], probe, home=tmp_path / "home", overlay=overlay)
    assert isinstance(outcome.result, Culprit) and outcome.result.point == ids[4]


def said(tmp_path: Path, text: str) -> Ended:
    (tmp_path / "stdout").write_text(text)
    return Ended(1, 0.1, str(tmp_path / "stdout"), str(tmp_path / "stderr"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("TRACE_PY: F_cell 100\n", Kind.GOOD),
        ("TRACE_PY: F_cell 101\n", Kind.BAD),
        ("TRACE_PY: other 101\n", Kind.NO_DATA),
        ("nothing\n", Kind.NO_DATA),
        ("TRACE_OPEN: firstbad-trace 1\nTRACE_PY: F_cell 101\n", Kind.NO_DATA),
    ],
)
def test_what_cannot_be_told_is_no_data(tmp_path: Path, text: str, kind: Kind) -> None:
    (tmp_path / "ref").write_text("TRACE_C: F_cell 100\n")
    judge = TraceIs("F_cell diverges", str(tmp_path / "ref"))
    assert judge.judge(said(tmp_path, text)).kind is kind


def test_a_reference_without_a_trace_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FirstbadError, match="the reference gave no trace") as caught:
        trace_probe("F_cell diverges", ["true"], ["echo", "hello"], cwd=tmp_path, out=tmp_path / "ref")
    assert caught.value.slug == "reference-no-trace"


@given(
    st.from_regex(r"[A-Za-z_][A-Za-z_0-9]*", fullmatch=True),
    st.sampled_from(["origin", "diverges", "inherited", "healed", "flipped", "missing"]),
    st.none() | st.tuples(st.integers(0, 9999), st.integers(0, 9999)),
)
def test_a_predicate_reads_what_it_writes(quantity: str, role: str, pixel: tuple[int, int] | None) -> None:
    predicate = Predicate(quantity, role, pixel)
    assert Predicate.parse(str(predicate)) == predicate


@pytest.mark.parametrize("text", ["", "F_latt", "F_latt is bad", "F latt diverges", "F_latt at pixel 3 diverges"])
def test_a_question_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(FirstbadError) as caught:
        Predicate.parse(text)
    assert caught.value.slug == "predicate-syntax"


def test_a_trace_judge_goes_through_json() -> None:
    probe = Probe("x", judge=TraceIs("F_cell diverges", "/r"))
    again = probe_from_dict(json.loads(json.dumps(probe_as_dict(probe))))
    assert again.judge == probe.judge
