"""A chaotic time loop (Lorenz): roundings grow to the size of the values, and a fault is found all the same.

What a value may be off by grows without bound along such a loop, and excuses any difference. But each step must follow
from the step before on its own side: the formulas tell a fault from what grew.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from firstbad.tracer.catalogue import from_document
from firstbad.tracer.diff import Diff, Side, compare
from firstbad.tracer.text import parse

STEPS = 420
CATALOGUE = from_document({"quantity": {
    "dt": {"kind": "input"},
    "dx": {"beside": ["x", "y"], "formula": "10*(at(y,index(dx))-at(x,index(dx)))"},
    "dy": {"beside": ["x", "y", "z"], "formula": "at(x,index(dy))*(28-at(z,index(dy)))-at(y,index(dy))"},
    "dz": {"beside": ["x", "y", "z"], "formula": "at(x,index(dz))*at(y,index(dz))-8/3*at(z,index(dz))"},
    "x": {"parents": ["dx", "dt"], "formula": "at(x,index(x)-1)+dt*at(dx,index(x)-1)"},
    "y": {"parents": ["dy", "dt"], "formula": "at(y,index(y)-1)+dt*at(dy,index(y)-1)"},
    "z": {"parents": ["dz", "dt"], "formula": "at(z,index(z)-1)+dt*at(dz,index(z)-1)", "final": True},
}})  # fmt: skip

Slope = Callable[[int, float, float, float], float]


def lorenz(
    dx: Slope = lambda i, x, y, z: 10 * (y - x),
    dy: Slope = lambda i, x, y, z: x * (28 - z) - y,
    dz: Slope = lambda i, x, y, z: x * y - 8 / 3 * z,
) -> str:
    x, y, z, dt = 1.0, 1.0, 20.0, 0.02
    told: list[tuple[str, float]] = [("dt", dt), ("x", x), ("y", y), ("z", z)]
    for i in range(STEPS):
        a, b, c = (slope(i, x, y, z) for slope in (dx, dy, dz))
        x, y, z = x + dt * a, y + dt * b, z + dt * c
        told += [("dx", a), ("dy", b), ("dz", c), ("x", x), ("y", y), ("z", z)]
    return "".join(f"TRACE: {name} {value:.17g}\n" for name, value in told)


def other_order(i: int, x: float, y: float, z: float) -> float:
    return 10 * y - 10 * x


def against(text: str) -> Diff:
    return compare(parse(lorenz()), parse(text), CATALOGUE)


def test_another_order_of_the_same_sum_is_no_difference_however_far_the_two_drift_apart() -> None:
    found = against(lorenz(dx=other_order))
    last = [one for one in found.judged if one.quantity == "z"][-1]
    assert last.measures[0].relative > 1e-12, "the two have drifted apart by ten thousand roundings"
    assert found.same


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("dz", {"dz": lambda i, x, y, z: x * y - (8 / 3 if i < 380 else 2.6) * z}),
        ("dy", {"dy": lambda i, x, y, z: (x * (28 - z) - y) * (1.001 if i == 400 else 1)}),
        ("dx", {"dx": lambda i, x, y, z: 10 * y - 10 * x * (1 + 1e-9 * (i == 390))}),
    ],
)
def test_a_fault_late_in_the_loop_is_named_with_its_side(name: str, fault: dict[str, Slope]) -> None:
    found = against(lorenz(**{"dx": other_order, **fault}))
    assert [(one.quantity, one.side) for one in found.origins] == [(name, Side.CANDIDATE)]
