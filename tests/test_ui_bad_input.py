"""Bad input: one sentence that says what and what to do, exit 2, no traceback, and nothing on disk changes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import zlib
from pathlib import Path

import pytest
import toys
from run_repos import git
from transcripts import perform

RECORDS = "TRACE_C: F_cell 100\nTRACE_C: hkl_frac 0.25 0.5 1.125\nTRACE_C: F_latt_a 1.25\nTRACE_C: I_pixel_final 42\n"
SEALED = (
    "noise before\nTRACE_OPEN: firstbad-trace 1 side=C digits=17\n"
    + RECORDS
    + f"TRACE_SEAL: records=4 crc32={zlib.crc32(RECORDS.encode()):08x}\n"
)
SENTENCE = re.compile(r"firstbad: \S.*[.?!] [A-Z`'].*\. \[[a-z0-9-]+\]\n")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FIRSTBAD_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FIRSTBAD_DEBUG", raising=False)
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "a.log").write_text(RECORDS)
    (folder / "sealed.log").write_text(SEALED)
    return folder


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file's content, links' targets and modes, .git included; the time git last looked does not count."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path)] = str(path.readlink())
        elif path.is_file() and os.access(path, os.R_OK):
            found[str(path)] = f"{path.stat().st_mode} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return found


def refuses(folder: Path, *words: str) -> str:
    """The sentence on stderr; with --json also exactly one object. What was there before is there unchanged."""
    before = fingerprint(folder)
    status, out, err = perform(list(words), folder)
    assert status == 2, (out, err)
    assert out == ""
    told = err.splitlines(keepends=True)[-1]  # an investigation tells its steps before
    assert SENTENCE.fullmatch(told), err
    split = words.index("--") if "--" in words else len(words)
    status, out, err_json = perform([*words[:split], "--json", *words[split:]], folder)
    assert status == 2
    assert set(json.loads(out)["error"]) == {"message", "remedy", "slug"}
    assert SENTENCE.fullmatch(err_json), err_json
    after = fingerprint(folder)
    assert {k: after.get(k) for k in before} == before
    return told


@pytest.mark.parametrize("command", ["diff", "selftest", "check"])
@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (b"", "trace-empty"),
        (b"hello\nworld 3\n", "trace-no-line"),
        (b"TRACE_C:\n", "trace-no-record"),
        (b"\x7fELF\x02\x00\x00\xff" * 9, "trace-binary"),
        (b"TRACE_OPEN: firstbad-trace 99\nTRACE_C: a 1\nTRACE_SEAL: records=1 crc32=00000000\n", "trace-version"),
    ],
)
def test_what_is_no_trace(here: Path, command: str, content: bytes, slug: str):
    (here / "bad.log").write_bytes(content)
    others = [] if command == "check" else ["a.log"]
    assert f"[{slug}]" in refuses(here, command, "bad.log", *others)
    if others:
        assert f"[{slug}]" in refuses(here, command, *others, "bad.log")


def test_a_directory_and_a_missing_file(here: Path):
    (here / "folder").mkdir()
    assert "[trace-is-directory]" in refuses(here, "diff", "a.log", "folder")
    assert "[trace-missing]" in refuses(here, "diff", "nosuch.log", "a.log")
    assert "[catalogue-missing]" in refuses(here, "diff", "a.log", "a.log", "--catalogue", "nosuch.toml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(here: Path):
    (here / "locked.log").write_text(RECORDS)
    (here / "locked.log").chmod(0)
    assert "[trace-unreadable]" in refuses(here, "diff", "a.log", "locked.log")


def test_a_whole_sealed_trace_is_read(here: Path):
    assert perform(["diff", "a.log", "sealed.log"], here)[0] == 0


def test_a_sealed_trace_cut_anywhere_is_never_judged(here: Path):
    """At every byte: before the opening line is through there is no trace at all, behind it the seal is missing."""
    whole = SEALED.encode()
    for length in range(len(whole) - 1):  # without its last newline it is still whole
        (here / "cut.log").write_bytes(whole[:length])
        status, out, err = perform(["diff", "a.log", "cut.log"], here)
        assert (status, out) == (2, ""), (length, whole[:length][-30:], out)
        assert SENTENCE.fullmatch(err), (length, err)


def test_an_unsealed_log_cut_anywhere_never_crashes(here: Path):
    whole = RECORDS.encode()
    for length in range(len(whole)):
        (here / "cut.log").write_bytes(whole[:length])
        status, out, err = perform(["diff", "a.log", "cut.log"], here)
        assert "internal" not in err and "Traceback" not in err, (length, err)
        if status == 2:
            assert SENTENCE.fullmatch(err), (length, err)
        else:
            assert "nothing tells whether" in out, (length, out)
            assert status == 1 or length >= len(whole) - 1, (length, out)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("good = \n", "is not TOML"),
        ("\x00", "is not TOML"),
        ("god = 'v1'\n", "'god'"),
        ("directory = '.'\n", "[reference]"),
        ("[reference]\ncommand = 'a \"b'\n", "cannot be split"),
        ("[reference]\ncommand = 'a {imge}'\n", "{imge}"),
        ("reference = 3\n", "[reference]"),
        ("[reference]\ncommand='a'\n[candidate]\ncommand='b'\n", "[[case]]"),
        ("case=[1]\n[reference]\ncommand='a'\n[candidate]\ncommand='b'\n", "case 1"),
        ("[reference]\ncommand='a'\n[candidate]\ncommand='b'\n[[case]]\nshape=3\n", "shape"),
        ("[reference]\ncommand='a'\n[candidate]\ncommand='b'\n[[case]]\nargs='\"'\n", "args"),
        ("limits=3\n[reference]\ncommand='a'\n[candidate]\ncommand='b'\n[[case]]\n", "[limits]"),
        ("[reference]\ncommand='a'\n[candidate]\ncommand='b'\n[[case]]\n[gate]\ncorrelation='x'\n", "correlation"),
        ("ambient='*'\n[reference]\ncommand='a'\n[candidate]\ncommand='b'\n[[case]]\n", "ambient"),
        ("[reference]\ncommand='a'\nwarm=3\n[candidate]\ncommand='b'\n[[case]]\n", "warm"),
    ],
)
@pytest.mark.parametrize("command", [["investigate", "x.toml"], ["gate", "--inquiry", "x.toml"]], ids=lambda c: c[0])
def test_a_broken_inquiry(here: Path, command: list[str], text: str, said: str):
    (here / "x.toml").write_text(text)
    told = refuses(here, *command)
    assert said in told and "[bad-inquiry]" in told


def test_commands_that_do_not_run_or_never_end(here: Path):
    toys.pair(here)
    text = (here / "firstbad.toml").read_text()
    for worse, said in (
        (f"'{sys.executable} -c \"while 1: pass\" {{image}}'", "did not end"),
        ("'nosuch {image}'", "not found"),
    ):
        lines = [f"command = {worse}" if "port.py" in x and x.startswith("command") else x for x in text.splitlines()]
        (here / "firstbad.toml").write_text("\n".join([*lines, "[limits]", "timeout = 0.5", ""]))
        told = refuses(here, "investigate")
        assert said in told and "[no-images]" in told


def test_images_of_another_size(here: Path):
    toys.pair(here)
    port = here / "port.py"
    port.write_text(port.read_text().replace("(6, 5)", "(5, 6)"))
    assert "5 x 6" in refuses(here, "investigate").replace("×", "x")
    status, out, err = perform(["gate", "--inquiry", "firstbad.toml"], here)
    assert status == 2 and "TROUBLE" in out
    assert SENTENCE.fullmatch(err) and "[no-images]" in err


def test_a_command_that_cannot_be_split(here: Path):
    for template, said in (("a 'b", "cannot be split"), (" ", "is empty")):
        for option in ("--reference", "--candidate"):
            told = refuses(here, "gate", option, template, "--", "1")
            assert said in told and option in told and "[usage]" in told


def test_an_image_with_nan_fails_the_gate(here: Path):
    toys.pair(here)
    port = here / "port.py"
    port.write_text(
        port.read_text().replace("    return F *", "    if (s, f) == (2, 3): return float('nan')\n    return F *")
    )
    status, out, err = perform(["gate", "--inquiry", "firstbad.toml", "--json"], here)
    told = json.loads(out)
    assert (status, err, told["passed"]) == (1, "", False)
    assert "NaN" in perform(["gate", "--inquiry", "firstbad.toml"], here)[1]


def test_bad_ends_of_a_search(here: Path):
    ends = toys.repo(here)
    first, last = ends["first"], ends["last"]
    refs = git(here / "repo", "for-each-ref")
    told = {
        "nosuch..HEAD": "commit-unknown", f"{first}..nosuch": "commit-unknown", f"{last}..{last}": "same-commit",
        "nodots": "range-syntax", "--": "",
    }  # fmt: skip
    for span, slug in told.items():
        if slug:
            assert f"[{slug}]" in refuses(here, "bisect", span, "--repo", "repo", "--", "true")
    assert "[no-command]" in refuses(here, "bisect", f"{first}..{last}", "--repo", "repo")
    assert "[no-repository]" in refuses(here, "bisect", "a..b", "--repo", "a.log", "--", "true")
    assert git(here / "repo", "for-each-ref") == refs
    assert git(here / "repo", "status", "--porcelain") == ""


def test_a_search_changes_nothing_of_the_users(here: Path):
    ends = toys.repo(here)
    before = fingerprint(here)
    words = ["bisect", f"{ends['first']}..{ends['last']}", "--repo", "repo", "--json", "--", sys.executable, "prog.py"]
    status, out, _ = perform(words, here)
    assert status == 0 and json.loads(out)["result"] == "Culprit"
    after = fingerprint(here)
    assert {k: after.get(k) for k in before} == before


def test_places_that_cannot_hold_anything(here: Path):
    toys.pair(here)
    assert "[no-out]" in refuses(here, "gate", "--inquiry", "firstbad.toml", "--out", "a.log")
    assert "[no-out]" in refuses(here, "investigate", "--out", "a.log")
    assert "[exists]" in refuses(here, "init", "a.log")
    assert "[unwritable]" in refuses(here, "init", "nosuch/folder/x.toml")
    assert "[exists]" in refuses(here, "demo", "--out", "work")
    assert "[usage]" in refuses(here, "trace", "neither", "--pixel", "1,2", "--", "-N", "1")
    assert "[usage]" in refuses(here, "trace", "sim", "--pixel", "one", "--", "-N", "1")
    assert "[journal-missing]" in refuses(here, "bisect", "log", "nosuch.jsonl")
    assert "[journal-foreign]" in refuses(here, "bisect", "log", "a.log")


@pytest.mark.parametrize(
    "words",
    [("--correlation", "nan"), ("--correlation", "1.5"), ("--sum-ratio", "-1"), ("--sum-ratio", "nan")],
    ids=" ".join,
)
def test_a_gate_that_nothing_can_pass_is_refused(tmp_path: Path, words: tuple[str, ...]):
    assert "[usage]" in refuses(tmp_path, "gate", *words, "--", "-default_F", "1")
    key, value = words[0].strip("-").replace("-", "_"), words[1]
    programs = "[reference]\ncommand = 'a'\n[candidate]\ncommand = 'b'\n[case.one]\nargs = 'x'\n"
    (tmp_path / "firstbad.toml").write_text(f"{programs}[gate]\n{key} = {value}\n")
    assert "[bad-inquiry]" in refuses(tmp_path, "gate", "--inquiry", "firstbad.toml")
