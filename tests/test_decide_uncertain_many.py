"""Numbers of many pixels at once: each element has the value and the bound that it would have alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from firstbad.tracer import uncertain as u
from firstbad.tracer.uncertain import Num, Term, is_array, parts

VALUES = [0.3, -0.3, 2.0, -7.9999, 0.0, 8.0, 1e-9, 1 / 3, math.nan, math.inf, -math.inf, 700.0]
ERRORS = [0.0, 1e-3, 0.25, 1e-3, 0.5, 0.1, 1e-9, math.inf, 0.0, 1.0, 0.0, 100.0]
OTHERS = [2.0, 0.5, -3.0, 1.5, 0.0, 1.0, 4.0, -0.25, 1.0, 2.0, 3.0, 0.7]
UNSURE = [0.0, 0.0, 1e-3, 2.0, 0.0, 0.0, 1e-9, 1e-3, 0.0, 0.0, 0.0, 0.1]
TWO = Num(2.0, 1e-3)
MANY, MORE = Num(np.array(VALUES), np.array(ERRORS)), Num(np.array(OTHERS), np.array(UNSURE))  # type: ignore[arg-type]


def alike(function: Callable[[Num, Num], Term]) -> None:
    """Over the arrays and for each pair of their elements it gives the same."""
    together = parts(function(MANY, MORE))
    for i, (x, y) in enumerate(zip(map(Num, VALUES, ERRORS), map(Num, OTHERS, UNSURE), strict=True)):
        alone = parts(function(x, y))
        assert len(alone) == len(together)
        for one, whole in zip(alone, together, strict=True):
            v, e = (np.broadcast_to(part, len(VALUES))[i] for part in (whole.v, whole.e))
            assert v == pytest.approx(one.v, rel=1e-12, abs=0, nan_ok=True), (x, y)
            assert e == pytest.approx(one.e, rel=1e-9, abs=1e-300, nan_ok=True), (x, y)


@pytest.mark.parametrize(
    "function", [u.sin, u.cos, u.exp, u.sqrt, u.ceil, u.floor, u.float32, u.absolute], ids=lambda f: f.__name__
)
def test_a_function_of_many_is_that_of_each(function: Callable[[Num], Num]) -> None:
    alike(lambda x, _: function(x))


def test_quotients_of_many_are_those_of_each_whichever_side_is_many() -> None:
    alike(lambda x, y: x / y)
    alike(lambda x, _: x / TWO)
    alike(lambda _, y: TWO / y)


def test_powers_and_angles_of_many_are_those_of_each_whichever_side_is_many() -> None:
    alike(lambda _, y: u.power(y, Num(2.0)))
    for base in (TWO, Num(0.0, 0.5), Num(-8.0, 0.25)):
        alike(lambda _, y, base=base: u.power(base, y))
    for function in (lambda x, y: u.atan2(y, TWO), lambda _, y: u.atan2(TWO, y), lambda x, y: u.atan2(y, y + TWO)):
        alike(function)


def test_interference_of_many_is_that_of_each() -> None:
    alike(lambda x, _: u.sincg(x, Num(5.0)))


def test_vectors_of_many_are_those_of_each() -> None:
    alike(lambda _, y: (u.norm((y, y, TWO)), *u.unit((y, TWO, y))))
    alike(lambda _, y: u.unit((y, y)))
    alike(lambda _, y: (u.norm((y, y)), u.dot((y, TWO), (TWO, y))))


def test_a_number_is_a_vector_of_one() -> None:
    assert parts(Num(1.0)) == (Num(1.0),) and parts((Num(1.0), Num(2.0))) == (Num(1.0), Num(2.0))
    assert is_array(MANY.v) and not is_array(1) and not is_array(0.5)
