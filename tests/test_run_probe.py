"""What an ended command means: git's exit codes, signatures, numbers, and the order of distrust."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path

import pytest
from firstbad.bisect.run.judges import Metric, probe_as_dict, probe_from_dict
from firstbad.bisect.run.probe import Probe, hunted, judge
from firstbad.bisect.run.sandbox import Ended, Limits
from firstbad.bisect.verdict import Kind, Verdict
from firstbad.tracer.errors import FirstbadError
from hypothesis import given
from hypothesis import strategies as st


def ended(tmp_path: Path, code: int | None, stdout: str = "", stderr: str = "", **more: object) -> Ended:
    (tmp_path / "stdout").write_text(stdout)
    (tmp_path / "stderr").write_text(stderr)
    return Ended(code, 0.1, str(tmp_path / "stdout"), str(tmp_path / "stderr"), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "kind", "signature"),
    [
        (0, Kind.GOOD, ""),
        (1, Kind.BAD, "exit 1"),
        (2, Kind.BAD, "exit 2"),
        (124, Kind.BAD, "exit 124"),
        (125, Kind.CANNOT_RUN, ""),
        (126, Kind.CANNOT_RUN, ""),
        (127, Kind.CANNOT_RUN, ""),
        (139, Kind.BAD, "SIGSEGV"),
        (-11, Kind.BAD, "SIGSEGV"),
        (-6, Kind.BAD, "SIGABRT"),
        (-9, Kind.CANNOT_RUN, ""),
    ],
)
def test_exit_codes_as_git_reads_them(tmp_path: Path, code: int, kind: Kind, signature: str) -> None:
    verdict = judge(Probe("x"), ended(tmp_path, code))
    assert (verdict.kind, verdict.signature) == (kind, signature)


@pytest.mark.parametrize("code", [128, 200, 255])
def test_an_exit_code_from_128_on_stops_the_search(tmp_path: Path, code: int) -> None:
    with pytest.raises(FirstbadError, match=f"exited with {code}") as caught:
        judge(Probe("x"), ended(tmp_path, code, stderr="panic\n"))
    assert caught.value.slug == "probe-abort"


def test_an_exception_is_part_of_the_signature(tmp_path: Path) -> None:
    said = "Traceback (most recent call last):\n  File x\nModuleNotFoundError: No module named 'gone'\n\n"
    verdict = judge(Probe("x"), ended(tmp_path, 1, stderr=said))
    assert verdict.signature == "exit 1 ModuleNotFoundError"
    assert hunted(verdict, "exit 1").kind is Kind.OTHER_BAD
    assert hunted(verdict, "exit 1 ModuleNotFoundError").kind is Kind.BAD
    assert hunted(verdict, "*").kind is Kind.BAD


def test_numbers_in_a_message_do_not_change_the_signature(tmp_path: Path) -> None:
    first = judge(Probe("x"), ended(tmp_path, 1, stderr="AssertionError: 0.81 < 0.999"))
    second = judge(Probe("x"), ended(tmp_path, 1, stderr="AssertionError: 0.78 < 0.999"))
    assert first.signature == second.signature == "exit 1 AssertionError"


def test_a_timeout_is_bad_only_where_it_is_hunted(tmp_path: Path) -> None:
    verdict = judge(Probe("x"), ended(tmp_path, -15, timed_out=True))
    assert verdict.kind is Kind.TIMEOUT
    assert hunted(verdict, "").kind is Kind.TIMEOUT
    assert hunted(verdict, "timeout").kind is Kind.BAD


@pytest.mark.parametrize("said", ["OSError: [Errno 28] No space left on device", "cp: No space left on device"])
def test_a_failure_for_want_of_disk_is_not_bad(tmp_path: Path, said: str) -> None:
    assert judge(Probe("x"), ended(tmp_path, 1, stderr=said)).kind is Kind.CANNOT_RUN


def test_a_failure_for_want_of_memory_is_not_bad_where_we_bounded_it(tmp_path: Path) -> None:
    probe = Probe("x", limits=Limits(memory=1 << 20))
    assert judge(probe, ended(tmp_path, 1, stderr="MemoryError")).kind is Kind.CANNOT_RUN
    assert judge(Probe("x"), ended(tmp_path, 1, stderr="MemoryError")).kind is Kind.BAD


@given(st.integers(0, 127), st.booleans(), st.booleans())
def test_a_run_that_did_not_end_by_itself_is_never_good_or_bad(code: int, timed_out: bool, cancelled: bool) -> None:
    problem = "" if timed_out or cancelled else "the disk is full"
    said = Ended(code, 1.0, "/nonexistent/o", "/nonexistent/e", timed_out, cancelled, problem)
    assert judge(Probe("x"), said).kind in (Kind.TIMEOUT, Kind.CANNOT_RUN, Kind.NO_DATA)


# --- numbers


def test_the_last_match_counts(tmp_path: Path) -> None:
    metric = Metric(r"stdout:corr=(\S+)", ">= 0.999")
    verdict = metric.judge(ended(tmp_path, 0, "corr=0.5\ncorr=0.9995\n"))
    assert (verdict.kind, verdict.measure["value"]) == (Kind.GOOD, 0.9995)


@pytest.mark.parametrize(
    ("rule", "value", "kind"),
    [
        (">= 0.999", 0.999, Kind.GOOD),
        ("> 0.999", 0.999, Kind.BAD),
        ("< 3", 2.9, Kind.GOOD),
        ("<=3e0", 3.1, Kind.BAD),
        ("0.995..1.005", 1.004, Kind.GOOD),
        ("0.995..1.005", 1.006, Kind.BAD),
        ("0.995..1.005", math.nan, Kind.BAD),
        (">= 0.999", math.inf, Kind.GOOD),
    ],
)
def test_rules(tmp_path: Path, rule: str, value: float, kind: Kind) -> None:
    assert Metric("stdout:.*", rule).judge(ended(tmp_path, 0, f"{value}")).kind is kind


def test_nan_is_a_failure_of_its_own(tmp_path: Path) -> None:
    low = Metric("stdout:.*", ">= 0.9").judge(ended(tmp_path, 0, "0.1"))
    nan = Metric("stdout:.*", ">= 0.9").judge(ended(tmp_path, 0, "nan"))
    assert hunted(nan, low.signature).kind is Kind.OTHER_BAD


def test_no_number_is_no_data_whatever_the_exit_code(tmp_path: Path) -> None:
    verdict = Metric("stdout:corr=(.*)", "< 1").judge(ended(tmp_path, 0, "hello", "ImportError: x"))
    assert verdict.kind is Kind.NO_DATA
    assert "ImportError" in verdict.reason
    assert Metric("stdout:corr=(.*)", "< 1").judge(ended(tmp_path, 0, "corr=high")).kind is Kind.NO_DATA


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("json:cases.1.corr", '{"cases": [{}, {"corr": 0.25}]}'),
        ("json:corr", 'warning: noise\n{"corr": 0.25}\n'),
        ("json:corr", '{"corr": "0.25"}'),
    ],
)
def test_json(tmp_path: Path, source: str, text: str) -> None:
    assert Metric(source, "< 1").judge(ended(tmp_path, 1, text)).measure["value"] == 0.25


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"corr": null}', '{"corr": [1]}', "not json"])
def test_json_without_the_number_is_no_data(tmp_path: Path, text: str) -> None:
    assert Metric("json:corr", "< 1").judge(ended(tmp_path, 0, text)).kind is Kind.NO_DATA


def test_json_of_a_kept_file(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "r.json").write_text(json.dumps({"a": {"b": 4}}))
    assert Metric("json:r.json#a.b", "< 5").judge(ended(tmp_path, 0)).kind is Kind.GOOD
    assert Metric("json:gone.json#a.b", "< 5").judge(ended(tmp_path, 0)).kind is Kind.NO_DATA


def test_two_images(tmp_path: Path) -> None:
    import numpy as np

    rng = np.random.default_rng(1)
    image = rng.random((20, 30)).astype(np.float32)
    (tmp_path / "kept").mkdir()
    np.save(tmp_path / "reference.npy", image)
    np.save(tmp_path / "kept" / "same.npy", image)
    np.save(tmp_path / "kept" / "other.npy", rng.random((20, 30)).astype(np.float32))
    source = f"images:{tmp_path / 'reference.npy'}"
    good = Metric(f"{source},same.npy", ">= 0.999").judge(ended(tmp_path, 0))
    assert (good.kind, good.measure["value"]) == (Kind.GOOD, pytest.approx(1.0))
    assert Metric(f"{source},other.npy", ">= 0.999").judge(ended(tmp_path, 0)).kind is Kind.BAD
    assert Metric(f"{source},same.npy,sum_ratio", "0.9..1.1").judge(ended(tmp_path, 0)).kind is Kind.GOOD
    assert Metric(f"{source},gone.npy", ">= 0.999").judge(ended(tmp_path, 0)).kind is Kind.NO_DATA


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1))
def test_nearer(good: float, bad: float, share: float) -> None:
    value = good + share * (bad - good)
    ends = [[Verdict(Kind.NO_DATA, measure={"value": v})] for v in (good, bad)]
    metric = Metric("stdout:.*").settled(*ends)
    verdict = metric.judge(_printed(value))
    nearer = abs(value - good) <= abs(value - bad)
    assert verdict.kind is (Kind.GOOD if nearer else Kind.BAD)


def _printed(value: float) -> Ended:
    class Said(Ended):
        def text(self, stream: str = "stdout", limit: int = 0) -> str:
            return repr(value) if stream == "stdout" else ""

    return Said(0, 0.0, "", "")


def test_nearer_waits_for_both_ends(tmp_path: Path) -> None:
    verdict = Metric("stdout:.*").judge(ended(tmp_path, 0, "5"))
    assert verdict.kind is Kind.NO_DATA and verdict.measure["value"] == 5


@pytest.mark.parametrize("source", ["corr", "stdout:", "file:x", "images:one", "stdout:(", "json:"])
def test_a_source_that_says_nothing_is_refused(source: str) -> None:
    with pytest.raises(FirstbadError) as caught:
        Metric(source, "< 1")
    assert caught.value.slug == "metric-syntax"


@pytest.mark.parametrize("rule", ["", "0.9", "== 1", ">= x", "1..", "nearest"])
def test_a_rule_that_says_nothing_is_refused(rule: str) -> None:
    with pytest.raises(FirstbadError):
        Metric("stdout:x", rule)


@pytest.mark.parametrize("judge_", [Metric("json:a", "< 1"), None])
@pytest.mark.parametrize("command", ["make check", ["make", "check"]])
def test_a_probe_goes_through_json_and_pickle(judge_: Metric | None, command: str | list[str]) -> None:
    more = {"judge": judge_} if judge_ else {}
    probe = Probe(command, hunt="exit 1", env={"A": "1"}, inputs=("/x",), limits=Limits(seconds=3), **more)
    again = probe_from_dict(json.loads(json.dumps(probe_as_dict(probe))))
    assert probe_as_dict(again) == probe_as_dict(probe) == probe_as_dict(pickle.loads(pickle.dumps(probe)))
