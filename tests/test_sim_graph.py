"""Which taps feed which, measured in the simulator while it runs, against the catalogue's graph."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import torch
from firstbad.sim.flags import parse
from firstbad.sim.resolve import resolve
from firstbad.sim.simulate import run
from firstbad.tracer.catalogue import load
from firstbad.tracer.graph_check import check_graph
from firstbad.tracer.tap import listen
from sim_lines import HKL, write_inputs
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Flow(TorchDispatchMode):
    """Follows every tensor through every operation: which taps it comes from, the nearest ones only."""

    def __init__(self) -> None:
        super().__init__()
        self.origins: dict[int, frozenset[str]] = {}
        self.kept: list[torch.Tensor] = []  # an id must not be given to another tensor
        self.graph: dict[str, set[str]] = defaultdict(set)

    def mark(self, value: torch.Tensor, names: frozenset[str]) -> None:
        self.origins[id(value)] = names
        self.kept.append(value)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        names: frozenset[str] = frozenset()
        for leaf in tree_leaves((args, kwargs)):
            if isinstance(leaf, torch.Tensor):
                names |= self.origins.get(id(leaf), frozenset())
        for leaf in tree_leaves(made):
            if isinstance(leaf, torch.Tensor):
                self.mark(leaf, names)
        return made

    def hear(self, name: str, value: Any, scope: object) -> Any:
        """A tap: note where its value comes from, and hand on a copy that comes from the tap."""
        self.graph[name] |= self.origins.get(id(value), frozenset()) - {name}
        if not isinstance(value, torch.Tensor):
            return value
        copy = value.clone()
        self.mark(copy, frozenset({name}))
        return copy


CUBIC = "-cell 100 100 100 90 90 90 -lambda 6.2 -N 5 -default_F 100 -distance 100 -detpixels 3 -seed 1"
LINES = [
    CUBIC,
    f"{CUBIC} -xds -twotheta 5 -detector_rotx 3 -misset 3 4 5 -polar 0.9 -phi 5 -osc 3 -phisteps 2 -mosaic 0.4 -mosaic_dom 2",
    f"{CUBIC} -gauss_xtal -detector_thick 300 -detector_abs 400 -thicksteps 2 -oversample 2",
    f"{CUBIC} -tophat_spots -nopolar -water 1",
    f"{CUBIC} -round_xtal -curved_det -point_pixel -dmin 5",
    f"{CUBIC} -hkl {HKL} -interpolate -dispersion 2 -dispsteps 2 -divergence 4 -divsteps 2 -oversample_polar -oversample_omega",
    f"{CUBIC} -hkl {HKL} -nointerpolate -sourcefile s.txt -oversample_thick -detector_thick 300 -detector_abs 400",
    f"{CUBIC} -spindle_axis 0 0 1 -close_distance 80 -pivot sample -Xbeam 0.1 -Ybeam 0.2",
]


def measured(line: str, folder: Path) -> dict[str, set[str]]:
    flow = Flow()
    experiment = parse(line.split(), folder=folder)
    with torch.no_grad(), listen(flow.hear), flow:
        run(resolve(experiment))
    return flow.graph


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, set[str]]]:
    folder = tmp_path_factory.mktemp("graph")
    write_inputs(folder)
    return [measured(line, folder) for line in LINES]


_LAYERS = "odet is not printed with the pixel; only a sensor of several layers needs it"
_PRINTED = "printed beside the quantity in metres, which is the one computed with"
_LOOP = "a switch multiplies the running sum by the factor before the tap that shows it, after the loops"
_COUNT = "an integer that steers the loops, or a number: no tensor flows"
_AT_ONCE = "the trace prints the pieces beside it; the program computes it when it places the detector"
UNDECLARED = {
    "odet_after_twotheta -> capture_fraction": _LAYERS,
    "odet_after_twotheta -> pixel_pos_meters": _LAYERS,
}
"""Measured edges that the catalogue leaves out, and why."""
UNMEASURED = {
    "pix0_vector_meters -> close_distance_meters": _AT_ONCE,
    "fdet_vec -> close_distance_meters": _AT_ONCE,
    "sdet_vec -> close_distance_meters": _AT_ONCE,
    "lambda_angstroms -> scattering_vec_A_inv": _PRINTED,
    "r_e_meters -> r_e_sqr": _PRINTED,
    "distance_m -> steps": _COUNT,
    "steps -> pixel_pos_meters": _COUNT,
    "steps -> polar": _COUNT,
    "steps -> I_before_scaling": _COUNT,
    "steps -> cos_2theta": _COUNT,
    "steps -> I_pixel_final": _COUNT,
    "capture_fraction -> I_before_scaling": _LOOP,
    "polar -> I_before_scaling": _LOOP,
    "omega_pixel -> I_before_scaling": _LOOP,
    "r_e_sqr -> I_before_scaling": "water's background is made of the same constants once, before any pixel",
    "fluence_photons_per_m2 -> I_before_scaling": "water's background is made of the same constants once, before any pixel",
}
"""Declared edges that no tensor takes from tap to tap, and why."""
UNLISTED = {"a_angstroms", "b_angstroms", "c_angstroms", "a_star_A_inv", "b_star_A_inv", "c_star_A_inv",
            "close_distance", "distance", "dmin_culled"}  # fmt: skip
"""Taps for grafts that no trace line shows."""


def test_the_catalogue_s_graph_is_the_program_s(graphs: list[dict[str, set[str]]]) -> None:
    """Every measured edge is declared, and every declared one taken, but for those explained above."""
    union: dict[str, set[str]] = defaultdict(set)
    for graph in graphs:
        for child, parents in graph.items():
            union[child] |= parents
    report = check_graph(load(), union)
    assert {str(edge) for edge in report.missing} == set(UNDECLARED)
    assert {str(edge) for edge in report.extra} == set(UNMEASURED)
    assert set(report.unlisted) == UNLISTED
    assert len(union) > 30


def test_the_measurement_sees_the_physics(graphs: list[dict[str, set[str]]]) -> None:
    plain = graphs[0]
    assert plain["scattering_vec_A_inv"] == {"diffracted_vec", "incident_vec", "lambda_meters"}
    assert plain["hkl_frac"] == {"scattering_vec_A_inv", "rot_a_angstroms", "rot_b_angstroms", "rot_c_angstroms"}
    assert plain["diffracted_vec"] == {"pixel_pos_meters", "R_distance_meters"}
