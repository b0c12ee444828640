"""The simulator as a program and as a library: files, seals, errors, and that the trace is the image's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from firstbad.sim.experiment import Experiment
from firstbad.sim.flags import parse
from firstbad.sim.numbers import g
from firstbad.sim.program import main
from firstbad.sim.quirks import NONE
from firstbad.sim.resolve import resolve
from firstbad.sim.simulate import run, simulate
from firstbad.sim.tracing import settled, trace, trace_lines
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.tap import listen, recording
from firstbad.tracer.text import parse as parse_trace
from sim_lines import HKL, write_inputs

CUBIC = "-cell 100 100 100 90 90 90 -lambda 6.2 -N 5 -default_F 100 -distance 100 -detpixels 16 -seed 1"
RICH = (
    "-cell 70 80 90 75 85 95 -N 3 -lambda 2 -distance 40 -detpixels 7 -default_F 30 -misset 3 4 5 -polar 0.9 "
    "-phi 0 -osc 20 -phisteps 3 -mosaic 0.6 -mosaic_dom 2 -divergence 8 -divsteps 2 -dispersion 3 -dispsteps 2 "
    "-oversample 2 -detector_thick 300 -detector_abs 400 -thicksteps 2 -water 0.2 -dmin 9 -seed 2"
)
LINES = {
    "cubic": CUBIC,
    "rich": RICH,
    "switches": RICH + " -oversample_polar -oversample_omega -oversample_thick -nopolar",
    "gauss": RICH + " -gauss_xtal",
    "round": RICH + " -round_xtal -curved_det -point_pixel",
    "tophat": RICH + " -tophat_spots -oversample_omega -water 0",
    "interpolating": f"{CUBIC} -hkl {HKL} -interpolate -lambda 1.2 -distance 30",
    "kahn": CUBIC + " -polar 1 -distance 3 -oversample 2 -detpixels 7",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the input files."""
    write_inputs(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(line: str, folder: Path) -> Experiment:
    return parse(line.split(), folder=folder)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", LINES)
def test_every_pixel_s_trace_ends_in_the_image_s_value_bit_for_bit(name: str, dtype: torch.dtype, folder: Path) -> None:
    scene = resolve(read(LINES[name], folder)).to(dtype, "cpu")
    result = run(scene)
    assert torch.isfinite(result.image).all()
    for slow, fast in np.ndindex(*(min(7, n) for n in scene.shape)):
        lines, value = trace_lines(scene, slow, fast, result.state)
        traced = {line.quantity: line.values for line in lines}["I_pixel_final"][0]
        assert value == result.image[slow, fast], (slow, fast)
        assert traced == float(value)


@pytest.mark.parametrize("name", LINES)
def test_tiles_of_any_size_give_the_same_bits(name: str, folder: Path) -> None:
    experiment = read(LINES[name], folder)
    whole = simulate(experiment)
    assert torch.equal(simulate(experiment, tile=1), whole)
    assert torch.equal(simulate(experiment, tile=17), whole)


def test_the_state_for_a_trace_is_that_of_the_image(folder: Path) -> None:
    for line in LINES.values():
        scene = resolve(read(line, folder))
        one, two = settled(scene), run(scene).state
        assert (one.first_pixel, one.first_sweep) == (two.first_pixel, two.first_sweep)
        assert (one.switch_pixel, one.switch_sample) == (two.switch_pixel, two.switch_sample)


def test_the_first_sweep_is_another_for_one_pixel_only(folder: Path) -> None:
    line = CUBIC + " -phi 0 -osc 30 -phisteps 2 -oversample 2"
    first = {r.occurrence: r.values for r in trace(read(line, folder), 0, 0)[0] if r.quantity == "rot_a_angstroms"}
    second = [r.values for r in trace(read(line, folder), 0, 1)[0] if r.quantity == "rot_a_angstroms"]
    assert first[0][0] == 100.0
    assert first[1] == first[2] == first[3] == second[0] != first[0]


def test_interpolation_ends_at_one_sample_for_good(folder: Path) -> None:
    scene = resolve(read(LINES["interpolating"], folder))
    result = run(scene)
    assert result.state.switch_pixel is not None
    smooth = run(resolve(read(LINES["interpolating"], folder), quirks=NONE)).image
    nearest = run(resolve(read(LINES["interpolating"] + " -nointerpolate", folder))).image
    place, flat = result.state.switch_pixel, result.image.reshape(-1)
    assert torch.equal(flat[:place], smooth.reshape(-1)[:place])
    assert torch.equal(flat[place + 1 :], nearest.reshape(-1)[place + 1 :])
    assert not torch.equal(smooth, nearest)


def test_records_carry_units_sources_and_order(folder: Path) -> None:
    records, value = trace(read(RICH, folder), 3, 2)
    assert records[0].quantity == "pix0_vector_meters"
    assert records[-1].quantity == "floatimage_accumulated"
    by_name = {r.quantity: r for r in records}
    assert by_name["lambda_angstroms"].unit == "Å"
    assert "scatter.py:" in by_name["scattering_vec_A_inv"].source
    assert by_name["I_pixel_final"].values == (float(value),)
    assert sum(r.quantity == "hkl_frac" for r in records) <= 8
    assert list(trace(read(RICH + " -roi 0 1 0 1", folder), 3, 2)[0]) == []


def test_a_graft_changes_the_image_it_is_put_into(folder: Path) -> None:
    experiment = read(RICH, folder)
    plain = simulate(experiment)

    def doubled(name: str, value: object, scope: object) -> object:
        return value * 2 if name == "F_cell" else value  # type: ignore[operator]

    with listen(doubled):
        grafted = simulate(experiment)
    dry = "-water 0"
    with listen(doubled):
        exact = simulate(read(f"{CUBIC} {dry}", folder))
    assert torch.allclose(exact, 4 * simulate(read(f"{CUBIC} {dry}", folder)))
    assert not torch.equal(grafted, plain)


VECTORS = ("pixel_pos_meters", "diffracted_vec", "scattering_vec_A_inv", "hkl_frac", "rot_a_angstroms", "pix0_vector",
           "a_angstroms", "fdet_after_twotheta", "incident_vec", "rot_a_star_A_inv")  # fmt: skip


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_can_be_grafted(name: str, folder: Path) -> None:
    experiment = read(CUBIC + " -gauss_xtal -misset 4 5 6", folder)
    plain = simulate(experiment)
    seen: list[tuple[int, ...]] = []

    def nudged(tapped: str, value: torch.Tensor, scope: object) -> torch.Tensor:
        if tapped != name:
            return value
        seen.append(tuple(value.shape))
        return value * 1.001

    with listen(nudged):
        assert not torch.equal(simulate(experiment), plain)
    assert all(shape[-1] == 3 for shape in seen)
    with listen(lambda tapped, value, scope: value):
        assert torch.equal(simulate(experiment), plain), "listening alone changes nothing"


def test_nobody_listening_costs_no_record(folder: Path) -> None:
    experiment = read(CUBIC, folder)
    with recording() as recorder:
        simulate(experiment)
    noted = len(recorder.taps)
    simulate(experiment)
    assert len(recorder.taps) == noted > 0


def test_the_program_prints_a_sealed_trace_that_reads_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RICH.split(), "-trace_pixel", "3", "2", "--phi-records"]) == 0
    text = capsys.readouterr().out
    read_back = parse_trace(text, "out")
    assert read_back.sealed
    assert read_back.find("I_pixel_final")[0].tokens[0] == g(float(trace(read(RICH, folder), 3, 2)[1]), 17)
    phi = [line for line in text.splitlines() if line.startswith("TRACE_PY_PHI")]
    assert re.match(r"TRACE_PY_PHI phi_tic=0 phi_deg=0 k_frac=\S+ F_latt_b=\S+ F_latt=\S+$", phi[0])
    assert [int(re.findall(r"phi_tic=(\d+)", line)[0]) for line in phi[:3]] == [0, 1, 2]


def proved(argv: list[str], slow: int, fast: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Run the program with a traced pixel; hold the trace's last value against the image file, bit for bit."""
    assert main([*argv, "-trace_pixel", str(slow), str(fast)]) == 0
    said = capsys.readouterr()
    final = parse_trace(said.out, "out").find("I_pixel_final")[0].tokens[0]
    image = np.fromfile(folder / "floatimage.bin", np.float32)
    width = round(image.size**0.5)
    assert np.float32(float(final)).tobytes() == image[slow * width + fast].tobytes()
    return said.err


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_printed_trace_ends_in_the_pixel_of_the_file(
    dtype: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("rich", "switches", "interpolating"):
        proved([*LINES[name].split(), "--dtype", dtype], 3, 2, folder, capsys)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "more", ["", "-phi 3 -osc 1 -phisteps 3 -mosaic 0.5 -mosaic_dom 4", "-gauss_xtal", "-curved_det -nopgm"]
)
def test_a_trace_is_the_compiled_image_s_pixel(more: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Compiled where eager has the same bits, else eager: the program itself refuses a trace that differs."""
    argv = [*CUBIC.split(), "-detpixels", "48", *more.split(), "--dtype", "float32", "--engine", "compiled"]
    for slow, fast in ((0, 0), (24, 25), (47, 3)):
        assert "cannot be compiled" not in proved(argv, slow, fast, folder, capsys)


def test_digits_shorten_what_is_printed_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([*CUBIC.split(), "-trace_pixel", "3", "2", "--digits", "4"])
    assert re.search(r"TRACE_PY: R_distance_meters 0\.1\d{0,3}\n", capsys.readouterr().out)
    assert torch.equal(
        torch.from_numpy(np.fromfile(folder / "floatimage.bin", np.float32)),
        simulate(read(CUBIC, folder)).float().reshape(-1),
    )


def test_structure_factors_are_cached_and_silently_used_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CUBIC.split(), "-hkl", HKL]) == 0
    first = np.fromfile("floatimage.bin", np.float32)
    capsys.readouterr()
    assert main(CUBIC.split()) == 0
    assert np.array_equal(np.fromfile("floatimage.bin", np.float32), first)
    assert "Fdump.bin" in capsys.readouterr().err, "ours says so on stderr"
    (folder / "Fdump.bin").unlink()
    assert main(CUBIC.split()) == 0
    assert not np.array_equal(np.fromfile("floatimage.bin", np.float32), first)


def test_nonoise_and_nopgm_write_less(folder: Path) -> None:
    main([*CUBIC.split(), "-nonoise", "-nopgm", "-floatfile", "f.bin", "-intfile", "i.img"])
    assert sorted(p.name for p in folder.glob("*.bin")) == ["f.bin"]
    assert (folder / "i.img").read_bytes()[:14] == b"{\nHEADER_BYTES"
    assert not (folder / "noiseimage.img").exists()
    assert not (folder / "image.pgm").exists()


def test_our_images_are_read_by_fabio(folder: Path) -> None:
    fabio = pytest.importorskip("fabio")
    main(CUBIC.split())
    with fabio.open("intimage.img") as image:
        assert image.shape == (16, 16)
        assert image.data.max() > 50000


def test_a_cbf_header_gives_the_geometry(folder: Path) -> None:
    fabio = pytest.importorskip("fabio")
    header = (
        "# Pixel_size 172e-6 m x 172e-6 m\n# Detector_distance 0.25 m\n# Wavelength 1.1 A\n"
        "# Beam_xy (10.5, 8.5) pixels\n# Start_angle 4.0 deg.\n# Angle_increment 0.5 deg.\n"
    )
    made = fabio.cbfimage.CbfImage(data=np.zeros((20, 24), np.int32), header={"_array_data.header_contents": header})
    made.write(str(folder / "x.cbf"))
    experiment = read("-img x.cbf", folder)
    assert (experiment.detector.fpixels, experiment.detector.spixels) == (24, 20)
    assert experiment.detector.pixel_mm == pytest.approx(0.172)
    assert experiment.detector.distance_mm == pytest.approx(250)
    assert experiment.beam.wavelength_A == 1.1
    assert experiment.detector.ORGX_px == 10.5
    assert (experiment.crystal.phi_deg, experiment.crystal.osc_deg) == (4.0, 0.5)


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("-default_F 100", 9, "-cell"),
        ("-cell 100", 9, "-hkl"),
        ("-cell 100 -hkl nothere.hkl", 9, "nothere.hkl"),
        ("-cell 100 -default_F 1 -sourcefile nothere.txt", 9, "nothere.txt"),
        ("-cell 100 -default_F 1 -stol nothere.txt", 9, "nothere.txt"),
        ("-cell 100 -default_F 1 -divsteps 1", 9, "-square_div"),
        ("-default_F 1 -mat nothere.mat", 2, "nothere.mat"),
        ("-cell 100 -default_F 1 -detpixels 4 --digits 18", 2, "17 digits"),
        ("-cell 100 -hkl wild.hkl", 2, "wild.hkl"),
        ("-cell 100 -default_F 1 -detpixels 1000000", 2, "-detpixels"),
        ("-cell 100 -default_F 1 -detpixels 4 -osc 1 -phisteps 100000000", 2, "-phisteps"),
        ("-cell 100 -default_F 1 -thicksteps", 2, "-thicksteps"),
        ("-cell 100 -default_F 1 -detpixels 4 --dtype float16", 2, "float32 or float64"),
        ("-cell 100 -default_F 1 -detpixels 4 --digits none", 2, "--digits"),
        ("-cell 100 -default_F 1 -detpixels 4 --device nowhere", 2, "cpu"),
        ("-cell 100 -default_F 1 -detpixels 4 -seed 1 -floatfile no/such/folder.bin", 2, "folder"),
    ],
)
def test_an_error_is_one_sentence_and_a_status(
    line: str, status: int, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "wild.hkl").write_text("1 2 3 4\n99999999 0 0 5\n")
    assert main(line.split()) == status
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")
    assert said in error


def test_warnings_go_to_stderr(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CUBIC.split(), "-lamda", "3", "-trace_pixel", "99", "0"]) == 0
    error = capsys.readouterr().err
    assert "-lambda" in error
    assert "99 0" in error


def test_a_pixel_outside_is_an_error_of_the_library(folder: Path) -> None:
    with pytest.raises(FirstbadError) as caught:
        trace(read(CUBIC, folder), 16, 0)
    assert caught.value.slug == "pixel-outside"


@pytest.mark.parametrize("overrides", [{"celll": torch.zeros(6)}, {"cell": torch.zeros(5)}])
def test_a_wrong_override_is_an_error(overrides: dict[str, torch.Tensor], folder: Path) -> None:
    with pytest.raises(FirstbadError):
        simulate(read(CUBIC, folder), overrides=overrides)


def test_it_runs_as_a_module(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "firstbad.sim", *CUBIC.split(), "-trace_pixel", "1", "2"],
        capture_output=True, text=True, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0
    assert "TRACE_PY: I_pixel_final" in done.stdout
    assert done.stderr == ""


def test_printout_shows_the_last_sample(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CUBIC.split(), "-printout", "-printout_pixel", "3", "2"]) == 0
    text = capsys.readouterr().out
    assert text.count(" : stol = ") == 1
    value = float(re.findall(r"^pixel +(\S+)$", text, re.MULTILINE)[0])
    assert value == pytest.approx(float(np.fromfile("floatimage.bin", np.float32).reshape(16, 16)[2, 3]), rel=1e-6)


def test_quirks_can_be_left_one_by_one(folder: Path) -> None:
    cell = "-cell 70 80 90 75 85 95 -N 2 -lambda 2 -default_F 10 -detpixels 3"
    legacy, right = (resolve(read(cell, folder), quirks=q) for q in (resolve.__kwdefaults__["quirks"], NONE))
    angles = [float(torch.rad2deg(torch.acos(dot_of(s)))) for s in (legacy, right)]
    assert angles[1] == pytest.approx(75.0, abs=1e-9)
    assert abs(angles[0] - 75.0) > 0.01


def dot_of(scene: object) -> torch.Tensor:
    """Cosine of the angle between b and c."""
    from firstbad.sim.vec import dot, unit

    _, b, c = scene.lattice.real  # type: ignore[attr-defined]
    return dot(unit(b), unit(c))


def test_a_reader_that_has_gone_is_no_traceback(tmp_path: Path) -> None:
    """As in `… | head -1`: the rest of the output has nobody to go to."""
    command = [
        sys.executable,
        "-m",
        "firstbad.sim",
        *["-cell", "50", "50", "50", "90", "90", "90", "-default_F", "10", "-lambda", "1", "-N", "2"],
    ]
    command += ["-distance", "100", "-detpixels", "8", "-trace_pixel", "3", "3", "-nopgm", "-nonoise"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.close()
        said = child.stderr.read()
    assert child.returncode == 141
    assert "Traceback" not in said and "Error" not in said
