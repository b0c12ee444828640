"""Check values of the specification: random numbers, deviates, rotations, sources, step counts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from firstbad.sim import reference
from reference_runs import BASE, Run, compile_c, run

DRAWS = """
#include "prng.h"
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    long stream = -atol(argv[1]);
    double mean = argc > 2 ? atof(argv[2]) : 0;
    for (int i = 0; i < (argc > 3 ? atoi(argv[3]) : 6); i++)
        printf("%.9g ", (double)(argc > 2 ? poisson_deviate((float)mean, &stream) : uniform_deviate(&stream)));
    return 0;
}
"""
UNIFORM = {
    1: "0.415999353 0.091964893 0.75641048 0.52970022 0.930436492 0.383502066",
    12345: "0.923120558 0.333146602 0.197888419 0.949421704 0.783800364 0.983884633",
    12345678: "0.765989304 0.023453664 0.589726627 0.535101593 0.982231438 0.693016112",
}
POISSON = {
    "3.5": "2 4 7 4 4 4 4 6",
    "50": "40 47 46 52 46 44 49 40",
    "2e6": "1998816.5 1999756.38 2000264.62 2002284.62 1999750 2000923.62",
}


@pytest.fixture(scope="module")
def draws(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_c(tmp_path_factory.mktemp("prng"), DRAWS, str(reference.SOURCES / "prng.c"))


def drawn(program: Path, *args: object) -> list[str]:
    done = subprocess.run([str(program), *map(str, args)], capture_output=True, text=True, timeout=20)
    return done.stdout.split()


@pytest.mark.parametrize("seed", UNIFORM)
def test_uniform(draws: Path, seed: int) -> None:
    assert drawn(draws, seed) == UNIFORM[seed].split()


@pytest.mark.parametrize("mean", POISSON)
def test_poisson(draws: Path, mean: str) -> None:
    expected = POISSON[mean].split()
    assert drawn(draws, 1, mean, len(expected)) == expected


def test_a_mean_that_is_no_number_ends(draws: Path) -> None:
    assert drawn(draws, 1, "nan", 3) == ["0", "0", "0"]


@pytest.mark.parametrize("seed", ["0", "-5"])
def test_seed_zero_and_a_first_negative_seed_are_seed_one(draws: Path, seed: str) -> None:
    assert drawn(draws, seed) == UNIFORM[1].split()


ROTATION = """
#include "experiment.h"
#include <stdio.h>
int main(void) {
    long seed = -12345;
    random_rotation(0.5 * 3.14159265358979323846 / 180, 0, &seed);
    Mat3 m = random_rotation(0.5 * 3.14159265358979323846 / 180, 0, &seed);
    for (int i = 0; i < 3; i++) printf("%.15g %.15g %.15g ", m.row[i].x, m.row[i].y, m.row[i].z);
    seed = -12345;
    Vec3 a = matrix_to_angles(random_rotation(90, 0, &seed));
    printf("%.15g %.15g %.15g", a.x, a.y, a.z);
    return 0;
}
"""


def test_mosaic_domain_and_random_misset(tmp_path: Path) -> None:
    sources = [str(reference.SOURCES / name) for name in ("prng.c", "mosaic.c", "vector.c", "errors.c")]
    assert " ".join(drawn(compile_c(tmp_path, ROTATION, *sources))) == (
        "0.999994345127201 -0.00197653876630357 -0.00272084695000751 "
        "0.00197410201847545 0.999997648274893 -0.000897978788574118 "
        "0.00272261544121037 0.000892602481162288 0.999995895304561 "
        "1.84517525774292 -0.610015583350362 -1.70734340769932"
    )


def base(folder: Path, *args: str) -> Run:
    done = run(reference.build(), folder, *BASE, *args)
    assert done.status == 0, done.complaints
    return done


@pytest.mark.parametrize(("steps", "kept"), [(5, 13), (4, 12), (2, 4)])
def test_trimmed_divergence(tmp_path: Path, steps: int, kept: int) -> None:
    done = base(tmp_path, "-divergence", "2", "-divsteps", str(steps))
    assert sum(line.startswith("divergence deviation") for line in done.lines) == kept


STEPS = [
    ("-phisteps 7", 7, "0 to 1"),
    ("-phistep 3 -phisteps 7", 2, "0 to 3"),
    ("-osc 0", 2, "0 to 0"),
    ("-osc 3", 2, "0 to 3"),
    ("-osc 10 -phistep 3", 4, "0 to 10"),
    ("-phisteps 0", 1, "0 to 1"),
    ("-osc 4 -phisteps 4 -phistep 0.5", 4, "0 to 4"),
]


@pytest.mark.parametrize(("flags", "count", "span"), STEPS)
def test_phi_steps(tmp_path: Path, flags: str, count: int, span: str) -> None:
    assert f"  {count} phi steps from {span} degrees" in base(tmp_path, *flags.split()).lines


DIVERGENCE = [
    ("-hdivstep 0.5 -hdivsteps 9", [-0.00025, 0.00025]),
    ("-hdivrange 2 -hdivsteps 1", [-0.001, 0.001]),
    ("-hdivrange 2 -hdivstep 0.5", [-0.001, -0.0005, 0.0, 0.0005]),
]


@pytest.mark.parametrize(("flags", "points"), DIVERGENCE)
def test_divergence_steps(tmp_path: Path, flags: str, points: list[float]) -> None:
    done = base(tmp_path, *flags.split())
    assert [row[0] for row in done.all_numbers("divergence deviation:")] == points


def test_half_a_pixel_rounds_down(tmp_path: Path) -> None:
    done = run(reference.build(), tmp_path, *BASE[:8], "-default_F", "1", "-detsize", "1.25", "-pixel", "0.1")
    assert any("(12x12 pixels)" in line for line in done.lines)
