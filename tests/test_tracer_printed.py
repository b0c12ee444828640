"""A number printed by torch or numpy is as exact as they print it, whatever the other lines of the program show."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.dialects import OPEN
from firstbad.tracer.diff import compare
from firstbad.tracer.printed import is_single, plain
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
        ("array([1.2e+13, 1.2e+14])", "[120000000e+05, 1.20000000e+14]"),
        ("np.float32(1.2)", "1.20000000E+000"),
        ("numpy.float32(-3.4e+38)", "-3.40000000E+038"),
        ("[np.float32(0.1), np.float64(0.1)]", "[0.100000000E+000, 0.1]"),
        ("np.float32(1e-10)", "0.000000000100000000E+000"),
        ("np.float32(0.0)", "0.00000000E+000"),
        ("np.float32(-7)", "-7"),
        ("np.float32(+7)", "+7"),
        ("np.float32(nan)", "nan"),
        ("np.float32(-inf)", "-inf"),
        ("np.float32(0." + 26 * "7" + ")", "0.777777778E+000"),
        ("np.float32(0." + 27 * "7" + ")", "0." + 27 * "7"),
        ("array([60.8 , 61.1], dtype=float32)", "[60.80000000E+000 , 61.10000000E+000]"),
        ("array([1.2e+14, nan], dtype=np.float32)", "[1.20000000E+014, nan]"),
        ("Array(1.5, dtype=float32, weak_type=True)", "1.50000000E+000"),
        ("tensor([1.5000, 3.], device='cuda:0', dtype = torch.float32)", "[1.5000E+000, 3.]"),
        ("tensor(1.5000, dtype=torch.float64)", "1.5000e+00"),
    ],
)
def test_the_last_digit_is_pinned_and_the_number_is_the_same(printed: str, expected: str) -> None:
    assert plain(f"x {printed}") == f"x {expected}"


# ---- float32 --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["1.20000000E+000", "1.2E-010", "-3.40000000E+038", "1.5000E+000"])
def test_what_says_that_it_is_a_float32_is_known_by_its_exponent(token: str) -> None:
    assert is_single(token)


@pytest.mark.parametrize("token", ["1.2", "1.20000000e+000", "1.2E+00", "1.2E+100", "1.2E+0000", "word", "E+0001"])
def test_no_other_number_is_taken_for_a_float32(token: str) -> None:
    assert not is_single(token)


VALUES = [
    60.799999999999997,
    61.123456789012,
    0.012345678901234,
    1.5e-10,
    1.2345678901e-7,
    123456789.0123,
    1.25932015e29,
]
OBJECTS = {
    "a scalar": lambda x: f"np.float32({x})",
    "an array": lambda x: repr(np.array([x])),
    "an array without axes": lambda x: f"array({x}, dtype=float32)",
    "jax": lambda x: f"Array([{x}], dtype=float32)",
}


@pytest.mark.parametrize("show", OBJECTS.values(), ids=OBJECTS)
@pytest.mark.parametrize("others", ["", EXACT])
def test_a_float32_print_beside_a_double_is_the_same(show: Callable[[np.float32], str], others: str) -> None:
    reference = parse(others.replace("_PY", "_C") + "".join(f"TRACE_C: x{i} {v:.17g}\n" for i, v in enumerate(VALUES)))
    port = others + "".join(f"TRACE_PY: x{i} {show(np.float32(v))}\n" for i, v in enumerate(VALUES))
    for one, other in ((reference, parse(port)), (parse(port), reference)):
        assert {j.quantity: j.verdict for j in compare(one, other, Catalogue()).judged if not j.verdict.agrees} == {}


@pytest.mark.parametrize("show", OBJECTS.values(), ids=OBJECTS)
def test_a_float32_print_that_is_off_by_more_than_its_roundings_differs(show: Callable[[np.float32], str]) -> None:
    reference = parse("".join(f"TRACE_C: x{i} {v:.17g}\n" for i, v in enumerate(VALUES)))
    port = parse("".join(f"TRACE_PY: x{i} {show(np.float32(v * 1.0001))}\n" for i, v in enumerate(VALUES)))
    assert not [j for j in compare(reference, port, Catalogue()).judged if j.verdict.agrees]


def test_a_few_float32_among_many_doubles_are_as_exact_as_a_float32_and_no_more() -> None:
    doubles = "".join(f"TRACE: d{i} {1 / (i + 3):.17g}\n" for i in range(12) if i != 1)
    reference = parse(doubles + "TRACE: x 0.012345678901234\nTRACE: y 0.012345678901234\n")
    port = parse(doubles + "TRACE: x np.float32(0.012345679)\nTRACE: y np.float32(0.01234569)\n")
    found = {j.quantity: j.verdict.agrees for j in compare(reference, port, Catalogue()).judged}
    assert (found.pop("x"), found.pop("y")) == (True, False)
    assert all(found.values())


@pytest.mark.parametrize(
    "rest",
    [
        "array([1.5, 2.5,", "[1.5 2.5", "tensor([[1.5, 2.5],", "= [[1.5, 2.5], ", "= [1.5, 2.5,", "array([", "(1.5, -2e-05",
        "[nan, inf", "[1.5, 2.5; 3.5", "array([[[1.5]],",
    ],
)  # fmt: skip
def test_an_array_that_goes_on_in_the_next_line_is_not_read_and_said_to_be_so(rest: str) -> None:
    trace = parse(f"TRACE_PY: a 1\nTRACE_PY: v {rest}\n    3.5])\nTRACE_PY: b 2\n")
    assert [record.quantity for record in trace.records] == ["a", "b"]
    assert [(one.line, one.reason, one.lost) for one in trace.skipped] == [(2, OPEN, True)]


@pytest.mark.parametrize("rest", ["[1.5, 2.5]", "(1.5)", "array([1.5])", "[1.5, 2.5)", "1.5 2.5]"])
def test_an_array_that_closes_is_not_said_to_go_on(rest: str) -> None:
    assert OPEN not in [one.reason for one in parse(f"TRACE_PY: a 1\nTRACE_PY: v {rest}\n").skipped]
