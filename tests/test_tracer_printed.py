"""A number printed by torch or numpy is as exact as they print it, whatever the other lines of the program show."""

from __future__ import annotations

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import compare
from firstbad.tracer.printed import plain
from firstbad.tracer.text import parse
from firstbad.tracer.tolerance import Verdict

EXACT = "TRACE_PY: other np.float64(0.12345678901234567)\nTRACE_PY: more 1.2345678901234567\n"
"""Lines of the same program with all digits."""


def verdict(value: str, printed: str) -> Verdict:
    reference = parse(EXACT.replace("_PY", "_C") + f"TRACE_C: x {value}\n")
    (judged,) = (
        j
        for j in compare(reference, parse(EXACT + f"TRACE_PY: x {printed}\n"), Catalogue()).judged
        if j.quantity == "x"
    )
    return judged.verdict


@pytest.mark.parametrize(
    ("value", "printed", "other"),
    [
        ("2.2511999999999999", "tensor(2.2512, dtype=torch.float64)", "tensor(2.2514)"),
        ("2.25124", "tensor([2.2512])", "tensor([2.2514])"),
        ("0.00073788720130920395", "tensor(0.0007)", "tensor(0.0009)"),
        ("9.9990625732368399e-07", "tensor(9.9991e-07)", "tensor(9.9993e-07)"),
        ("16666145.857754", "tensor(1.6666e+07)", "tensor(1.6668e+07)"),
        ("-20832356.8", "tensor(-2.0832e+07)", "tensor(-2.0834e+07)"),
        ("0.10000312495117", "array(0.10000312)", "array(0.10000314)"),
        ("0.99996875146484 0.0024999218 1.000000001", "array([0.99996875, 0.00249992, 1.        ])", "array([0.99996875, 0.00249992, 1.00000002])"),
        ("1.5 2.500000001", "array([1.5, 2.5])", "array([1.5, 2.50000002])"),
        ("123456789012.25", "array(1.23456789e+11)", "array(1.23456791e+11)"),
    ],
)  # fmt: skip
def test_a_number_is_within_print_as_far_as_it_is_printed(value: str, printed: str, other: str) -> None:
    assert verdict(value, printed).agrees
    assert verdict(value, other) is Verdict.DIFFERENT


@pytest.mark.parametrize(
    ("value", "printed"),
    [("3.001", "tensor(3)"), ("3.001", "tensor(3.)"), ("3.001 2", "array([3, 2])"), ("0.25000000001", "np.float64(0.25)"),
     ("-1.0001", "np.array(-1)")],
)  # fmt: skip
def test_whole_numbers_and_scalars_of_numpy_are_exact(value: str, printed: str) -> None:
    assert verdict(value, printed) is Verdict.DIFFERENT


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("tensor(2.2512)", "2.2512e+00"),
        ("tensor(-.5)", "-0.5e+00"),
        ("tensor([ 0.1000, -0.0033, 1.])", "[ 0.1000e+00, -0.0033e+00, 1.]"),
        ("tensor(9.9991E-07)", "0.00000099991e+00"),
        ("tensor(1.6666e+09)", "16666e+05"),
        ("tensor(1.6666e+10)", "1.6666e+10"),
        ("tensor(5.0e-999999999)", "5.0e-999999999"),
        ("tensor(5.0e-399)", f"0.{'0' * 398}50e+00"),
        ("tensor(5.00e-399)", "5.00e-399"),
        ("tensor(0." + 26 * "7" + ")", "0." + 26 * "7" + "e+00"),
        ("tensor(0." + 27 * "7" + ")", "0." + 27 * "7"),
        ("tensor(1.0e" + 5000 * "9" + ")", "1.0e" + 5000 * "9"),
        ("tensor([nan, inf, -inf])", "[nan, inf, -inf]"),
        ("array([1. , 2.5, -0.])", "[1.00000000e+00 , 2.50000000e+00, -0.00000000e+00]"),
        ("array([0.123456789012])", "0.123456789012e+00"),
        ("array([2.e-03, 1.e+10])", "[0.00200000000e+00, 100000000e+02]"),
        ("array([-3, +4])", "[-3, +4]"),
    ],
)
def test_the_last_digit_is_pinned_and_the_number_is_the_same(printed: str, expected: str) -> None:
    assert plain(f"x {printed}") == f"x {expected}"
