"""The journal: cut anywhere it is read or refused in a sentence; resumed anywhere the answer is the same."""

from __future__ import annotations

import json
import math
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest
from firstbad.bisect.bisect_commits import Outcome, bisect_commits, resume_bisect
from firstbad.bisect.run.journal import Journal, plain, verdict_as_dict, verdict_from_dict
from firstbad.bisect.run.probe import Probe
from firstbad.bisect.verdict import Candidates, Culprit, Kind, Several, Verdict
from firstbad.tracer.errors import FirstbadError
from histories import Story, generate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_repos import git, make_repo

HEADER = {"repository": "/r", "old": ["a"], "new": "b"}


def written(path: Path, events: int) -> bytes:
    with Journal.create(path, HEADER) as book:
        for i in range(events):
            book.append("end", point=f"p{i}", number=i)
    return path.read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(events=st.integers(0, 5), share=st.floats(0, 1))
def test_cut_at_any_byte(tmp_path: Path, events: int, share: float) -> None:
    path = tmp_path / f"{uuid.uuid4().hex}.jsonl"
    data = written(path, events)
    cut = int(share * len(data))
    path.write_bytes(data[:cut])
    whole = data[:cut].count(b"\n")
    if not whole:
        with pytest.raises(FirstbadError) as caught:
            Journal.read(path)
        assert caught.value.slug == "journal-foreign"
        return
    assert len(Journal.read(path).events) == whole
    with Journal.resume(path) as book:
        book.append("end", point="more")
    again = Journal.read(path)
    torn = not data[:cut].endswith(b"\n")
    assert len(again.events) == whole + 1 + torn
    assert not again.torn


@pytest.mark.parametrize("line", ["{}", "[1]", "3", "not json", '{"event": "end"'])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "j.jsonl"
    data = written(path, 2).splitlines()
    path.write_text("\n".join([data[0].decode(), line, data[2].decode()]) + "\n")
    with pytest.raises(FirstbadError, match="line 2 of") as caught:
        Journal.read(path)
    assert caught.value.slug == "journal-damaged"


@pytest.mark.parametrize(
    "text", ["", "\n", "some words", "TRACE_C: F_cell 1\nmore\n", '{"event": "other"}\n', '{"event": "search"}\n']
)
def test_another_file_is_no_journal(tmp_path: Path, text: str) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text(text)
    with pytest.raises(FirstbadError, match="no journal") as caught:
        Journal.read(path)
    assert caught.value.slug == "journal-foreign"


def test_a_journal_of_a_later_version_asks_for_it(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text('{"event": "search", "format": 99}\n{"event": "unheard of"}\n')
    with pytest.raises(FirstbadError, match="newer firstbad") as caught:
        Journal.read(path)
    assert caught.value.slug == "journal-newer"


def test_an_existing_journal_is_not_overwritten(tmp_path: Path) -> None:
    data = written(tmp_path / "j.jsonl", 1)
    with pytest.raises(FirstbadError) as caught:
        Journal.create(tmp_path / "j.jsonl", HEADER)
    assert caught.value.slug == "journal-exists"
    assert (tmp_path / "j.jsonl").read_bytes() == data


def test_a_journal_on_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    with Journal.create(path, HEADER) as book:
        real, book._fd = book._fd, os.open("/dev/full", os.O_WRONLY)
        with pytest.raises(FirstbadError) as caught:
            book.append("end", point="p")
        os.close(book._fd)
        book._fd = real
    assert caught.value.slug == "disk-full"
    assert len(Journal.read(path).events) == 1


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FirstbadError) as caught:
        Journal.create(tmp_path / "file" / "j.jsonl", HEADER)
    assert caught.value.slug == "journal-unwritable"


@given(
    st.sampled_from(list(Kind)),
    st.text(),
    st.dictionaries(st.text(), st.floats(allow_nan=True, allow_infinity=True)),
)
def test_a_verdict_comes_back(kind: Kind, reason: str, measure: dict[str, float]) -> None:
    verdict = Verdict(kind, reason, "sig", measure)
    said = json.dumps(plain(verdict_as_dict(verdict)), allow_nan=False)
    again = verdict_from_dict(json.loads(said))
    assert (again.kind, again.reason, again.signature) == (kind, reason, "sig")
    assert all(
        a == b or (math.isnan(a) and math.isnan(b))
        for a, b in zip(measure.values(), again.measure.values(), strict=True)
    )


# --- resumed anywhere


def finished(tmp_path: Path) -> tuple[Outcome, list[str], Path]:
    log = tmp_path / "log"
    ids = make_repo(tmp_path / "repo", 33, lambda i: {"n": f"{i}\n"})
    command = f"echo $FIRSTBAD_COMMIT >>{log}; case $(cat n) in 12|13) exit 125;; esac; test $(cat n) -lt 14"
    options: dict[str, Any] = {"home": tmp_path / "home", "cached": False}
    return bisect_commits(tmp_path / "repo", ids[0], ids[-1], Probe(command), **options), ids, log


def resumed(outcome: Outcome, tmp_path: Path, log: Path, size: int) -> None:
    """Cut the finished journal at `size` bytes, resume it, and compare."""
    path = tmp_path / f"cut-{size}.jsonl"
    path.write_bytes(outcome.journal.read_bytes()[:size])
    shutil.copytree(outcome.journal.with_name(outcome.journal.stem + "-runs"), tmp_path / f"cut-{size}-runs")
    known = [e["point"] for e in Journal.read(path).events if e["event"] == "end"]
    log.write_text("")
    again = resume_bisect(path, home=tmp_path / "home")
    assert again.result == outcome.result
    assert again.probes == outcome.probes
    ran = log.read_text().split()
    assert sorted(known + ran) == sorted(
        e["point"] for e in Journal.read(outcome.journal).events if e["event"] == "end"
    )


def test_killed_at_some_points_and_resumed(tmp_path: Path) -> None:
    outcome, ids, log = finished(tmp_path)
    assert isinstance(outcome.result, Candidates) and set(outcome.result.points) == {ids[12], ids[13], ids[14]}
    data = outcome.journal.read_bytes()
    first = data.index(b"\n") + 1
    for size in (first + 10, (first + len(data)) // 2):
        resumed(outcome, tmp_path, log, size)


@pytest.mark.slow
def test_killed_at_every_point_and_resumed(tmp_path: Path) -> None:
    outcome, _, log = finished(tmp_path)
    data = outcome.journal.read_bytes()
    ends = [i + 1 for i, byte in enumerate(data) if byte == ord("\n")]
    for size in [*ends, *(end - 5 for end in ends[1:])]:
        resumed(outcome, tmp_path, log, size)


# --- generated histories with real git

PROBE = """
s=$(cat state.txt); n=$(cat serial.txt)
case "$s" in
  *cannot-build*) exit 125;; *cannot-run*) exit 127;; *no-data*) exit 126;; *timeout*) kill -9 $$;;
esac
case "$s" in
  *hunted*) if test -e {flaky}/$n && test $(od -An -N1 -tu1 /dev/urandom) -lt $(cat {flaky}/$n); then exit 0; fi; exit 1;;
  *other*) exit 3;;
esac
exit 0
"""


def history_is_judged_rightly(seed: int, tmp_path: Path) -> str:
    story: Story = generate(seed, size=12 + seed % 30)
    where = tmp_path / str(seed)
    where.mkdir()
    git(where, "init", "-q", "-b", "main")
    git(where, "fast-import", "--quiet", data="".join(story.fast_import()).encode())
    ids = {git(where, "show", "-s", "--format=%s", c): c for c in git(where, "rev-list", "main").split()}
    flaky = tmp_path / f"{seed}-flaky"
    flaky.mkdir()
    for name, chance in story.flaky.items():
        (flaky / name).write_text(f"{int(chance * 256)}\n")
    probe = Probe(PROBE.format(flaky=flaky))
    options: dict[str, Any] = {"home": tmp_path / "home", "cached": False}
    outcome = bisect_commits(where, ids[story.first], "main", probe, jobs=1 + seed % 3, **options)
    culprits = {ids[c] for c in story.culprits()}
    result = outcome.result
    if isinstance(result, Culprit):
        assert result.point in culprits, seed
    elif isinstance(result, Several):
        assert {p for s in result.sets for p in s} <= culprits, seed
    elif isinstance(result, Candidates):
        assert culprits & set(result.points), seed
    else:
        assert story.flaky, (seed, result)
    shutil.rmtree(where)
    return type(result).__name__


@pytest.mark.parametrize("seed", range(3))
def test_generated_histories_in_real_git(tmp_path: Path, seed: int) -> None:
    history_is_judged_rightly(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 500, 50))
def test_five_hundred_generated_histories_in_real_git(tmp_path: Path, start: int) -> None:
    """No wrong single-commit claim; the right commit is always in the named set."""
    found = [history_is_judged_rightly(seed, tmp_path) for seed in range(start, start + 50)]
    assert "Culprit" in found and "Candidates" in found
