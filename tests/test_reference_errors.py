"""What the reference says where the real program crashes or stays silent: on stderr, with stdout unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest
from firstbad.sim import reference
from reference_runs import BASE, run

FATAL = [
    ("-cell 100 -thicksteps", "-thicksteps needs a value"),
    ("-cell 100 -detector_abs", "-detector_abs needs a value"),
    ("-cell 100", "no structure factors"),
    ("-default_F 1", "no unit cell"),
    ("-cell 100 -hkl missing.hkl", "missing.hkl cannot be read"),
    ("-cell 100 -hkl empty.hkl", "empty.hkl holds no entry"),
    ("-cell 100 -hkl header.hkl", "header.hkl holds no entry"),
    ("-cell 100 -default_F 1 -sourcefile missing.txt", "missing.txt cannot be read"),
    ("-cell 100 -default_F 1 -sourcefile empty.hkl", "empty.hkl holds no source"),
    ("-cell 100 -default_F 1 -stol missing.txt", "missing.txt cannot be read or is empty"),
    ("-cell 100 -default_F 1 -mask missing.img", "missing.img cannot be read"),
    ("-cell 100 -mat missing.mat -default_F 1", "missing.mat cannot be read"),
    ("-mat short.mat -default_F 1", "holds 3 numbers and needs nine"),
    ("-cell 100 -default_F 1 -pixel 0", "give -pixel a positive"),
    ("-cell 100 -default_F 1 -detpixels 8 -floatfile no/such/folder.bin", "cannot be written"),
    ("--digits=99", "whole number from 1 to 17"),
    ("--digits", "write --digits=VALUE"),
    ("--quirks=some", "--quirks=none or --quirks=nanobragg"),
    ("-cell 100 -default_F 1 -detpixels 8 --trace-pixels=all", "add --trace-stream=FILE"),
    ("-cell 100 -default_F 1 -detpixels 8 --trace-stream=s --trace-pixels=9,9", "does not lie in the image"),
    ("-cell 100 -default_F 1 -detpixels 8 --trace-stream=s --trace-pixels=1", "makes no sense"),
    ("-cell 100 -default_F 1 -detpixels 8 --trace-stream=s --trace-pixels=roi:3,1,0,0", "does not lie in the image"),
    ("-cell 100 -default_F 1 -detpixels 8 --trace-stream=s", "needs pixels"),
]


@pytest.mark.parametrize(("flags", "sentence"), FATAL)
def test_one_sentence_and_status_nine(tmp_path: Path, flags: str, sentence: str) -> None:
    (tmp_path / "empty.hkl").write_text("")
    (tmp_path / "header.hkl").write_text("h k l F\n0 0 0 5\n")
    (tmp_path / "short.mat").write_text("1 2 3")
    done = run(reference.build(), tmp_path, *flags.split())
    assert done.status == 9
    assert done.complaints.splitlines()[-1].startswith("reference: error: ")
    assert sentence in done.complaints.splitlines()[-1]


WARNED = [
    ("-lamda 3", "the nearest option is -lambda"),
    ("-dispstep 3", "the nearest option is -dispsteps"),
    ("-hdiv 3", "the nearest option is -hdivrange"),
    ("-zzzzzzzz", "unknown argument -zzzzzzzz is ignored"),
    ("stray", "stray belongs to no option"),
    ("-lambda", "-lambda needs 1 value and has 0"),
    ("-misset 1 2", "needs the word random or three angles"),
    ("-dump x", "upstream build only"),
]


@pytest.mark.parametrize(("flags", "sentence"), WARNED)
def test_what_is_ignored_is_named_and_changes_nothing(tmp_path: Path, flags: str, sentence: str) -> None:
    plain = run(reference.build(), tmp_path / "plain", *BASE)
    done = run(reference.build(), tmp_path / "warned", *BASE, *flags.split())
    assert done.status == 0
    assert sentence in done.complaints
    assert (done.lines, done.image.tobytes()) == (plain.lines, plain.image.tobytes())
    assert plain.complaints == ""


def test_negative_numbers_and_values_are_no_unknown_options(tmp_path: Path) -> None:
    done = run(
        reference.build(),
        tmp_path,
        *BASE,
        *["-misset", "-3", "4", "-5", "-phi", "-1", "-roi", "0", "9", "0", "9", "-adc", "-2"],
    )
    assert done.complaints == ""


def test_a_wrapped_step_count_is_said(tmp_path: Path) -> None:
    flags = "-cell 100 -default_F 1 --no-output -detpixels 1 -roi 5 5 5 5 -oversample 70000"
    done = run(reference.build(), tmp_path, *flags.split())
    assert "4900000000 steps a pixel do not fit into 32 bits" in done.complaints
