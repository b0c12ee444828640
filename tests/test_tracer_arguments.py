"""What a program was started with is evidence: the manifest holds it, formulas read it, differences are told first."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

import pytest
from firstbad.sim import reference
from firstbad.sim.options import TABLE
from firstbad.sim.program import main
from firstbad.tracer.arguments import arguments, compare_arguments, split_arguments
from firstbad.tracer.catalogue import Catalogue, Option, from_document, load
from firstbad.tracer.closure import check
from firstbad.tracer.closure_result import first_broken
from firstbad.tracer.diff import Side, compare
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.model import Manifest, Record, Trace
from firstbad.tracer.text import parse
from firstbad.tracer.writer import Writer
from hypothesis import given
from hypothesis import strategies as st
from reference_runs import run

SMALL = "-cell 70 80 90 75 85 95 -default_F 50 -Na 3 -Nb 5 -Nc 2 -lambda 1.1 -distance 90 -detpixels 10 -misset 3 6 9"
TRACED = "-trace_pixel 4 3 -nonoise -nopgm -seed 1"
OPTIONS = (
    Option(re.compile("-lambda|-wave"), "lambda"),
    Option(re.compile("^-cell$"), "cell", 6, 3, 90.0),
    Option(re.compile("-quiet"), "quiet", 0, 0),
    Option(re.compile("-bent"), "bent", 0, 1),
    Option(re.compile("any|5"), "anywhere"),
    Option(re.compile("-out"), "", output=True),
    Option(re.compile("^-ab?$"), "a"),
    Option(re.compile("^-a?b$"), "b"),
)


def said(words: str) -> list[tuple[str, tuple[float | str, ...]]]:
    return [(r.quantity, r.values) for r in arguments(shlex.split(words), OPTIONS)]


# ---- reading a command line -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("-lambda 1.5", [("lambda", (1.5,))]),
        ("--wavelength 1.5", [("lambda", (1.5,))]),
        ("-lambda 1 -lambda 2", [("lambda", (1.0,)), ("lambda", (2.0,))]),
        ("-lambda -2e-3", [("lambda", (-0.002,))]),
        ("-lambda", []),
        ("-lambda -quiet", [("quiet", (1.0,))]),
        ("-quiet -bent", [("quiet", (1.0,))]),
        ("-bent -quiet", [("bent", (1.0,)), ("quiet", (1.0,))]),
        ("lambda 3", []),
        ("-5 -lambda 6", [("lambda", (6.0,))]),
        ("-lambda red", [("lambda", ("red",))]),
        ("-cell 1 2 3 4 5 6 7", [("cell", (1.0, 2.0, 3.0, 4.0, 5.0, 6.0))]),
        ("-cell 1 2 3 -quiet", [("cell", (1.0, 2.0, 3.0, 90.0, 90.0, 90.0)), ("quiet", (1.0,))]),
        ("-cell 1 2", []),
        ("-other 1", []),
        ("-out 1", []),
        ("-cell 1 2 3 -quiet 4 5", [("cell", (1.0, 2.0, 3.0, 90.0, 90.0, 90.0)), ("quiet", (1.0,))]),
        ("anywhere 5 -5 -anywhere 6", [("anywhere", (6.0,))]),
    ],
)
def test_an_option_has_the_values_behind_it(words: str, found: list[tuple[str, tuple[float, ...]]]) -> None:
    assert said(words) == found


def test_an_argument_is_a_record_of_its_kind() -> None:
    quiet, length = arguments(["-quiet", "-lambda", "1.50"], OPTIONS)
    assert quiet == Record("quiet", (1.0,), ("1",), prefix="ARGUMENT")
    assert length == Record("lambda", (1.5,), ("1.50",), prefix="ARGUMENT")
    (cell,) = arguments(["-cell", "1", "2", "3"], OPTIONS)
    assert (cell.shape, cell.tokens, cell.prefix) == ((6,), ("1", "2", "3", "90", "90", "90"), "ARGUMENT")


def test_a_text_that_no_shell_takes_is_split_at_blanks() -> None:
    assert split_arguments("-a 'b c'") == ["-a", "b c"]
    assert split_arguments("-a 'b") == ["-a", "'b"]


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ("-lambda 1", "-lambda 1", []),
        ("-lambda 1", "-lambda 2", [("-lambda", "1", "2")]),
        ("-lambda 1", "", [("-lambda", "1", None)]),
        ("", "-quiet", [("-quiet", None, "given")]),
        ("-lambda 1 -lambda 2", "-lambda 2", []),
        ("-x 1", "", []),
        ("-x 1", "-x 2", [("-x", "1", "2")]),
        ("-cell 1 2 -3", "-cell 1 2 3", [("-cell", "1 2 -3", "1 2 3")]),
        ("-quiet -lambda 1", "-quiet -lambda 2", [("-lambda", "1", "2")]),
        ("-out a.bin -lambda 1", "-out b.bin -lambda 2", [("-lambda", "1", "2")]),
        ("-out a.bin", "", []),
        ("-lambda 1.3", "-lambda 1.30", []),
        ("-lambda 9e1", "-lambda +90.", []),
        ("-lambda 1", "-wavelength 1", []),
        ("-lambda 1", "-wavelength 2", [("-lambda", "1", None), ("-wavelength", None, "2")]),
        ("-lambda 1 7", "-lambda 1 8", []),
        ("-lambda", "", []),
        ("-lambda red", "-lambda blue", [("-lambda", "red", "blue")]),
        ("-lambda red 1.0", "-lambda red 1", []),
        ("-x 1.0 f", "-x 1 f", []),
        ("-x 1.0.0", "-x 1.0", [("-x", "1.0.0", "1.0")]),
        ("-x", "-x 1", [("-x", "given", "1")]),
        ("", "-x 1", []),
        ("-cell 1 2 3", "-cell 1 2 3 90", []),
        ("-cell 1 2 3", "-cell 1 2 3 91", [("-cell", "1 2 3", "1 2 3 91")]),
        ("-quiet 1", "-quiet 2", [("-quiet", "1", "2")]),
        ("-cell 1", "-cell 2", [("-cell", "1", "2")]),
        ("-cell 1", "", []),
        ("-ab 4", "-a 4 -b 4", []),
        ("-a 4 -b 5", "-ab 4", [("-b", "5", None), ("-ab", None, "4")]),
        ("-ab 4", "-ab 4 -a 5", [("-a", None, "5")]),
    ],
)
def test_options_that_differ_are_told(a: str, b: str, told: list[tuple[str, str | None, str | None]]) -> None:
    assert list(compare_arguments(a, b, OPTIONS)) == told


# ---- the manifest ----------------------------------------------------------------------------------------------------


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8), max_size=5))
def test_any_words_come_back_from_a_sealed_trace(words: Sequence[str]) -> None:
    out = io.StringIO()
    with Writer(out) as writer:
        writer.open(side="PY", args=shlex.join(words))
        writer.record("x", 1.0)
    trace = parse(out.getvalue())
    assert trace.sealed and split_arguments(trace.facts["args"]) == list(words)


def test_both_simulators_seal_their_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*shlex.split(SMALL), *shlex.split(TRACED), "-floatfile", "it's 100%.bin", "a\tb", ""]
    done = run(reference.build(), tmp_path, *words, "--digits=15")
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--threads", "1"]) == 0
    for log in ("\n".join(done.lines), capsys.readouterr().out):
        assert split_arguments(parse(log).facts["args"]) == words


# ---- closures --------------------------------------------------------------------------------------------------------

TOY = {
    "option": [{"flag": "-n", "says": "option_n"}],
    "asked": {"asked_n": {"formula": "last(option_n) if count(option_n) else 7", "when": "count(arguments) == 1"}},
    "quantity": {
        "n": {"kind": "input", "formula": [{"is": "asked_n", "when": "count(arguments) == 1"}]},
        "y": {"parents": ["n"], "formula": "2*n"},
    },
}


def toy(n: float, args: str | None) -> Trace:
    records = tuple(Record(q, (float(v),), (f"{v:g}",)) for q, v in (("n", n), ("y", 2 * n)))
    return Trace(records, manifest=Manifest(MappingProxyType({} if args is None else {"args": args})))


@pytest.mark.parametrize(
    ("reference", "candidate", "side"),
    [
        ((3, "-n 3"), (4, "-n 3"), Side.CANDIDATE),
        ((4, "-n 3"), (3, "-n 3"), Side.REFERENCE),
        ((3, "-n 3"), (4, "-n 4"), Side.NEITHER),
        ((4, "-n 3"), (5, "-n 3"), Side.BOTH),
        ((7, ""), (3, ""), Side.CANDIDATE),
        ((3, None), (4, None), Side.NEITHER),
    ],
)
def test_an_input_has_a_side_where_the_arguments_are_known(
    reference: tuple[float, str | None], candidate: tuple[float, str | None], side: Side
) -> None:
    found = compare(toy(*reference), toy(*candidate), from_document(TOY))
    assert [(f.quantity, f.side) for f in found.origins] == [("n", side)]


def test_other_arguments_are_told_before_numbers() -> None:
    found = compare(toy(3, "-n 3"), toy(4, "-n 4"), from_document(TOY))
    assert ("-n", "3", "4", "argument") in [(s.name, s.reference, s.candidate, s.source) for s in found.config]


def test_a_value_that_was_not_asked_for_is_the_first_bad_one_of_a_single_trace() -> None:
    bad = first_broken(check(toy(4, "-n 3"), from_document(TOY)))
    assert bad is not None and bad.quantity == "n" and bad.expected == (3.0,)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"option": [{"says": "x"}]}, "pattern"),
        ({"option": [{"flag": "(", "says": "x"}]}, "pattern"),
        ({"option": [{"flag": "-x", "says": "x", "more": 1}]}, "unknown key"),
        ({"asked": {"a": {"formula": "b"}}}, "no option"),
        ({"asked": {"a": {"formula": "a + 1"}}}, "no option"),
        ({"asked": {"a": {"formula": "1", "when": "c == 1"}}}, "no option"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(entry: dict[str, object], said: str) -> None:
    with pytest.raises(FirstbadError, match=said):
        from_document(entry)


# ---- nanoBragg's own ---------------------------------------------------------------------------------------------------


def sealed(args: str, folder: Path) -> Trace:
    return parse("\n".join(run(reference.build(), folder, *shlex.split(args)).lines))


MORE = {
    "point pixels": "-point_pixel -oversample 2",
    "energy": "-energy 8000 -polar 0.7 -adxv",
    "centre": "-Xbeam 0.3 -Ybeam 0.6 -twotheta 12 -denzo",
    "near point": "-ORGX 3 -ORGY 4 -detector_rotx 3 -detector_roty -4 -detector_rotz 5 -twotheta 6 -xds",
    "close": "-close_distance 70 -detector_roty 8 -dials -nopolar",
    "custom": "-fdet_vector 0 1 0 -sdet_vector 0 0 1 -odet_vector 1 0 0 -twotheta_axis 0 0 1 -twotheta 5 -Xclose 0.2 -polar 0.3",
    "thick": "-detector_thick 300 -detector_abs 500 -thicksteps 3 -oversample 2",
    "thick by itself": "-detector_thick 300 -oversample_thick -oversample 2 -oversample_omega",
    "beams": "-hdivrange 3 -hdivsteps 4 -vdivrange 2 -vdivsteps 3 -dispersion 2 -dispsteps 3 -flux 1e11 -beamsize 0.2",
    "curved": "-curved_det -oversample 2 -oversample_polar -polar 0.5 -detector_rotz 4 -x",
    "phi": "-phi 4 -osc 2 -phisteps 2 -spindle_axis 0 1 0.2 -mosaic 1 -mosaic_domains 3",
    "phi from 0": "-osc 2 -phisteps 2",
    "short cell": "-cell 60 70 80",
}


@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
def test_every_value_follows_from_what_was_asked_for(more: str, tmp_path: Path) -> None:
    small = SMALL.replace("-cell 70 80 90 75 85 95", "") if "-cell" in more else SMALL
    small = small.replace("-lambda 1.1", "") if "-energy" in more else small
    results = check(sealed(f"{small} {TRACED} {more}", tmp_path), load())
    assert [(r.quantity, r.why) for r in results if r.broken] == []
    open_ones = {r.quantity for r in results if r.holds is None}
    assert open_ones <= {"I_before_scaling", "incident_vec", "cos_2theta", *(f"rot_{x}_angstroms" for x in "abc")}


MISREAD = {
    "wavelength": ("-lambda 1.2", "lambda_meters"),
    "distance": ("-distance 91", "distance_m"),
    "centre": ("-Xbeam 0.4", "beam_center_m"),
    "rotation": ("-detector_rotx 1", "angles_rad"),
    "pixel": ("-pixel 0.11", "pixel_mm"),
    "cell": ("-cell 70 80 91 75 85 95", "a_star_before_misset"),
    "polarisation": ("-polar 0.5", "polar"),
    "fluence": ("-fluence 1e28", "fluence_photons_per_m2"),
}


@pytest.mark.parametrize(("more", "quantity"), MISREAD.values(), ids=MISREAD)
def test_a_side_that_heeded_another_option_is_named(more: str, quantity: str, tmp_path: Path) -> None:
    """The candidate ran with other arguments than its manifest says: as a port does that misreads its command line."""
    good, bad = sealed(f"{SMALL} {TRACED}", tmp_path / "a"), sealed(f"{SMALL} {TRACED} {more}", tmp_path / "b")
    assert good.manifest is not None
    found = compare(good, Trace(bad.records, "bad", good.manifest, bad.skipped, bad.plain))
    sides = {f.quantity: f.side for f in (*found.origins, *found.healed)}
    if quantity in sides:
        assert sides[quantity] is Side.CANDIDATE
    assert Side.CANDIDATE in sides.values() and Side.REFERENCE not in sides.values()


NO_SETTING = {
    **dict.fromkeys(("-density", "-sample_den", "-MW", "-molec", "-coherent"), "the program ignores it"),
    **dict.fromkeys(("-stol", "-4stol", "-Q"), "the file is read and not used"),
    **dict.fromkeys(("-printout", "-progress", "-noprogress", "-printout_pixel", "-trace_pixel"), "what is printed"),
    **dict.fromkeys(("-nonoise", "-nopgm", "-stolout", "-pgmscale", "-scale", "-adc", "-seed"), "other outputs alone"),
    "-roi": "which pixels are computed, not their values",
}
"""Options whose difference need not be told, and why."""


OPTION_WORDS = [(text, {"-cell": 3}.get(text, max(o.need, o.crashes))) for o in TABLE for text in o.texts]


def is_output(word: str) -> bool:
    return any(option.output for option in load().options if option.flag.search(word))


@pytest.mark.parametrize(("word", "values"), OPTION_WORDS)
def test_every_option_of_the_simulator_is_a_setting_or_has_a_reason_not_to_be(word: str, values: int) -> None:
    given = " ".join("7" * values)
    told = [] if word in NO_SETTING or is_output(word) else [(word, given or "given", None)]
    assert list(compare_arguments(f"{word} {given}", "", load().options)) == told


@pytest.mark.parametrize("word", [text for option in TABLE for text in option.texts])
def test_a_switch_counts_where_as_many_words_follow_as_the_simulator_needs(word: str) -> None:
    known = [option for option in load().options if option.flag.search(word) and not option.output]
    (need,) = {option.need for option in TABLE if word in option.texts}
    assert {option.least for option in known if not option.values} <= {need}


@pytest.mark.parametrize(("word", "values"), [(word, values) for word, values in OPTION_WORDS if values])
def test_two_values_of_an_option_of_the_simulator_differ(word: str, values: int) -> None:
    one, two = " ".join("7" * values), " ".join("8" * values)
    told = [] if is_output(word) else [(word, one, two)]
    assert list(compare_arguments(f"{word} {one}", f"{word} {two}", load().options)) == told


def test_the_same_in_other_words_is_no_setting() -> None:
    for one, two in (
        ("-N 4", "-Na 4 -Nb 4.0 -Nc 4"),
        ("-lambda 1.30 -distance 9e1", "-wave 1.3 -distance 90"),
        ("-cell 60.0 70 80", "-cell 60 70 80 90 90 90"),
        ("-samplesize 0.2", "-xtal_x .2 -sample_width .2 -heigh .2"),
        ("-detpixels 64", "-detpixels_x 64 -detpixels_s 64"),
    ):
        assert list(compare_arguments(one, two, load().options)) == []
        assert list(compare_arguments(two, one, load().options)) == []


def test_where_an_image_was_written_is_no_setting() -> None:
    document = {"option": [{"flag": "-floatfile", "output": True}]}
    a, b = (toy(3, f"-n 3 -floatfile {name}.bin") for name in "ab")
    assert [s.name for s in compare(a, b, Catalogue()).config] == ["-floatfile"]
    assert compare(a, b, from_document(document)).config == ()
    flags = [option for option in load().options if option.output]
    for word in ("-floatfile", "-floatimage", "-intfile", "-intimage", "-pgmfile", "-pgmimage", "-noisefile"):
        assert any(option.flag.search(word) for option in flags), word
    assert not any(option.flag.search(word) for option in flags for word in ("-img", "-nopgm", "-hkl", "-noise"))


def test_an_option_that_is_no_output_needs_a_name() -> None:
    with pytest.raises(FirstbadError, match="needs a pattern 'flag', a name 'says'"):
        from_document({"option": [{"flag": "-floatfile"}]})


def test_a_catalogue_without_options_asks_nothing() -> None:
    assert compare(toy(3, "-n 3"), toy(3, "-n 4"), Catalogue()).config[0].name == "-n"
