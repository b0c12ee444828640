"""What `firstbad bisect` offers on the command line, each on a real repository through the command itself."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from run_repos import exits, git, make_repo
from transcripts import perform

HEAT = """\
# revision {i}
import sys
K = {k}
STEPS = 50
def diffuse(u):
    return [u[0]] + [u[j] + 0.1 * K * (u[j - 1] - 2 * u[j] + u[j + 1]) for j in range(1, len(u) - 1)] + [u[-1]]
def profile():
    u = [0.0] * 10 + [1.0] * 10
    for _ in range(STEPS):
        u = diffuse(u)
    return u
def total():
    return sum(x * x for x in profile())
if __name__ == "__main__":
    print("total", total())
# {tail}
"""
FIRST_BAD = 13
RUN = [sys.executable, "-S", "heat.py"]
METRIC = ["--metric", r"stdout:total (\S+)"]


def heat(i: int) -> dict[str, str]:
    bad = i >= FIRST_BAD
    return {"heat.py": HEAT.format(i=i, k=1.02 if bad else 1.0, tail="tidy" if bad else "to do")}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[str]]:
    monkeypatch.setenv("FIRSTBAD_HOME", str(tmp_path / "home"))
    ids = make_repo(tmp_path / "repo", 20, heat)
    return tmp_path / "repo", ids


def bisect(where: Path, *words: str) -> Any:
    """The one JSON object that the command prints."""
    status, out, err = perform(["bisect", "--json", *words], where)
    assert status in (0, 1, 2) and "Traceback" not in err
    return json.loads(out)


def test_the_edits_of_the_culprit_that_matter(repo: tuple[Path, list[str]]) -> None:
    where, ids = repo
    said = bisect(where, f"{ids[0]}..{ids[-1]}", *METRIC, "--hunks", "--", *RUN)
    assert said["commit"] == ids[FIRST_BAD]
    assert (said["edits"], said["of_edits"]) == ([["heat.py:3 (-1 +1)"]], 3)


def test_which_commit_repaired_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTBAD_HOME", str(tmp_path / "home"))
    ids = make_repo(tmp_path / "repo", 12, lambda i: {"n": f"{i}\n", "ok": f"{int(i >= 5)}\n"})
    said = bisect(tmp_path / "repo", "--repaired", f"{ids[0]}..{ids[-1]}", "--hunks", "--", "grep -q 1 ok")
    assert said["commit"] == ids[5] and said["repair"] is True
    assert said["edits"] == [["ok:1 (-1 +1)"]]
    turned = bisect(tmp_path / "repo", "--repaired", f"{ids[-1]}..{ids[0]}", "--", "true")
    assert turned["error"]["slug"] == "range-turned"


def test_the_number_itself_is_searched_where_answers_are_unsure(repo: tuple[Path, list[str]]) -> None:
    where, ids = repo
    said = bisect(where, f"{ids[0]}..{ids[-1]}", *METRIC, "--flaky", "auto", "--", *RUN)
    assert said["commit"] == ids[FIRST_BAD] and said["detail"]["confidence"] >= 0.95
    assert any("goes from" in line for line in said["detail"]["evidence"])


def test_a_commit_that_passes_by_chance_is_run_until_it_is_sure(tmp_path: Path, repo: tuple[Path, list[str]]) -> None:
    """Every fourth run of a bad commit passes, counted outside, so that the test itself is steady."""
    where, ids = repo
    count = f"echo x >>{tmp_path}/count; test $(($(wc -l <{tmp_path}/count) % 4)) -eq 0"
    command = f"if grep -q 'K = 1.02' heat.py; then {count}; fi"
    said = bisect(where, f"{ids[0]}..{ids[-1]}", "--flaky", "0.2", "--confidence", "0.99", "--", command)
    assert said["commit"] == ids[FIRST_BAD] and said["detail"]["confidence"] >= 0.99
    journal = said["journal"]
    again = bisect(where, "replay", journal)
    assert again["detail"]["point"] == ids[FIRST_BAD]
    assert bisect(where, "x..y", "--flaky", "2", "--", "true")["error"]["slug"] == "usage"


def merged(where: Path) -> dict[str, str]:
    """Main m0…m9 with a branch s0…s7 forked at m3 and merged as m6; s4 breaks it. Ids by name."""
    make_repo(where, 4, lambda i: {"trunk": f"{i}\n", "side": "good\n"})

    def commit(name: str, path: str, text: str) -> None:
        (where / path).write_text(text)
        git(where, "commit", "-qam", name)

    git(where, "checkout", "-q", "-b", "branch")
    for k in range(8):
        commit(f"s{k}", "side", f"{'bad' if k >= 4 else 'good'} {k}\n")
    git(where, "checkout", "-q", "main")
    for k in (4, 5):
        commit(f"m{k}", "trunk", f"{k}\n")
    git(where, "merge", "-q", "--no-ff", "-m", "m6", "branch")
    for k in (7, 8, 9):
        commit(f"m{k}", "trunk", f"{k}\n")
    lines = git(where, "log", "--format=%s %H").splitlines()
    return dict(line.replace("commit ", "m").split(" ", 1) for line in lines)


def test_a_commit_of_a_merged_branch_is_named_though_it_passes_by_chance(tmp_path: Path, monkeypatch: Any) -> None:
    """The branch itself is searched, not only the merge that brought it in; also where the good end is beside it."""
    monkeypatch.setenv("FIRSTBAD_HOME", str(tmp_path / "home"))
    ids = merged(tmp_path / "repo")
    count = f"echo x >>{tmp_path}/count; test $(($(wc -l <{tmp_path}/count) % 4)) -eq 0"
    command = f"if grep -q bad side; then {count}; fi"
    for good in ("m0", "m5"):
        said = bisect(tmp_path / "repo", f"{ids[good]}..{ids['m9']}", "--flaky", "0.25", "--", command)
        assert said["commit"] == ids["s4"] and said["detail"]["parents"] == [ids["s3"]]
        assert bisect(tmp_path / "repo", "replay", said["journal"])["detail"] == said["detail"]
    (tmp_path / "log").write_text("\n".join(bisect(tmp_path / "repo", "log", said["journal"])["log"]) + "\n")
    told = git(tmp_path / "repo", "bisect", "replay", str(tmp_path / "log"))
    assert f"{ids['s4']} is the first bad commit" in told  # whatever passed by chance, git concludes the same
    beside = bisect(tmp_path / "repo", f"{ids['m5']}..{ids['s7']}", "--flaky", "0.25", "--", command)
    assert beside["commit"] == ids["s4"]


def test_a_repair_after_commits_that_pass_by_chance(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("FIRSTBAD_HOME", str(tmp_path / "home"))
    ids = make_repo(tmp_path / "repo", 16, lambda i: {"n": f"{i}\n", "ok": f"{int(i >= 9)}\n"})
    count = f"echo x >>{tmp_path}/count; test $(($(wc -l <{tmp_path}/count) % 4)) -eq 0"
    words = ["--repaired", f"{ids[0]}..{ids[-1]}", "--flaky", "0.25", "--", f"if grep -q 0 ok; then {count}; fi"]
    said = bisect(tmp_path / "repo", *words)
    assert said["commit"] == ids[9] and said["repair"] is True
    turned = ["--repaired", f"{ids[0]}..{ids[-1]}", "--flaky", "auto", "--metric", "stdout:(.*)", "--", "cat ok"]
    assert bisect(tmp_path / "repo", *turned)["commit"] == ids[9]
    edits = bisect(tmp_path / "repo", "--hunks", *words)
    assert edits["error"]["slug"] == "edits-unsure"


def test_old_commits_are_traced_from_outside_and_one_search_tells_of_each_quantity(
    tmp_path: Path, repo: tuple[Path, list[str]]
) -> None:
    where, ids = repo
    (tmp_path / "driver.py").write_text("import heat\nheat.total()\n")
    taps = ["--tap", "heat:profile=profile", "--tap", "heat:total=total", "--overlay", f"run.py={tmp_path}/driver.py"]
    good = tmp_path / "good.log"
    make_repo(tmp_path / "other", 1, heat)
    code = "import heat; print('TRACE: profile', *map(repr, heat.profile())); print('TRACE: total', heat.total())"
    good.write_text(subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path / "other", text=True))
    asked = ["--trace-is", "total diverges", "--reference", str(good)]
    said = bisect(where, f"{ids[0]}..{ids[-1]}", *taps, *asked, "--", sys.executable, "run.py")
    assert said["commit"] == ids[FIRST_BAD]
    table = bisect(where, "table", said["journal"])
    assert {q["quantity"]: q["result"]["point"] for q in table["quantities"]} == dict.fromkeys(
        ("profile", "total"), ids[FIRST_BAD]
    )
    assert "run.py" not in git(where, "status", "--porcelain")


def test_ctrl_c_in_a_terminal_and_on_with_one_option(tmp_path: Path) -> None:
    """What was asked (here a commit left out and a build) is in the journal: --resume alone goes on."""
    where, journal = tmp_path / "repo", tmp_path / "j.jsonl"
    ids = make_repo(where, 33, exits(17))
    env = {**os.environ, "FIRSTBAD_HOME": str(tmp_path / "home")}
    command = "sleep 0.2; test -e built && " + f"{sys.executable} -S prog.py"
    words = ["--journal", str(journal), "--skip", ids[3], "--build", "touch built", "--", command]
    begin = [sys.executable, "-m", "firstbad.ui", "bisect", f"{ids[0]}..{ids[-1]}", *words]
    running = subprocess.Popen(begin, cwd=where, env=env, stderr=subprocess.PIPE, text=True)
    while not journal.exists() or journal.read_text().count('"event": "end"') < 3:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    said = running.communicate()[1]
    assert running.returncode == 130
    assert f"firstbad bisect --resume {journal}" in said and "Traceback" not in said
    on = [sys.executable, "-m", "firstbad.ui", "bisect", "--json", "--resume", str(journal)]
    done = json.loads(subprocess.run(on, cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stdout)
    assert done["commit"] == ids[17]
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    assert not [e for e in events if e.get("point") == ids[3] and e["event"] == "begin"]


def test_ctrl_c_in_a_search_of_files_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for k in range(12):
        (tmp_path / "run" / f"f{k}.dat").write_text(f"{k}\n")
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "FIRSTBAD_HOME": str(tmp_path / "home")}
    env |= {k: os.environ[k] for k in ("VIRTUAL_ENV", "LD_LIBRARY_PATH") if k in os.environ}
    journal = tmp_path / "j.jsonl"
    first = [sys.executable, "-m", "firstbad.ui", "ambient", "--parents", "0", "--journal", str(journal), "--"]
    command = "sleep 0.3; test $(ls | grep -cE '^f(7|9)[.]dat') -ne 2"
    running = subprocess.Popen([*first, command], cwd=tmp_path / "run", env=env, stderr=subprocess.PIPE, text=True)
    while not journal.exists() or journal.read_text().count('"end"') < 2:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    said = running.communicate()[1]
    assert running.returncode == 130
    assert f"firstbad bisect --resume {journal}" in said and "Traceback" not in said
    on = [sys.executable, "-m", "firstbad.ui", "bisect", "--json", "--jobs", "2", "--resume", str(journal)]
    done = json.loads(subprocess.run(on, cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stdout)
    assert [set(one) for one in done["named"]] == [{"f7.dat", "f9.dat"}]


def test_log_without_a_journal_lists_what_there_is(repo: tuple[Path, list[str]]) -> None:
    where, ids = repo
    said = bisect(where, f"{ids[0]}..{ids[-1]}", *METRIC, "--", *RUN)
    (one,) = bisect(where, "log")["searches"]
    assert (one["state"], one["path"]) == ("Culprit", said["journal"])


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_the_compiler_flag_that_changes_the_numbers(tmp_path: Path) -> None:
    """-ffast-math promises that no NaN comes; the others change nothing here."""
    (tmp_path / "sim.c").write_text(
        "#include <stdlib.h>\nint main(int c, char **v) {\n  volatile double x = atof(v[1]); double y = x;\n"
        "  return y == y;\n}\n"
    )
    flags = ["--compiler", "--good", "-O0", "--bad", "-O2 -ffast-math -funroll-loops"]
    command = "cc {flags} -o sim sim.c -lm && ./sim nan"
    status, out, _ = perform(["flags", "--json", *flags, "--", command], tmp_path)
    said = json.loads(out)
    assert status == 0
    assert [set(s) for s in said["named"]] == [{"add -ffast-math"}]
    assert not (tmp_path / "sim").exists()
    status, out, _ = perform(["flags", "--json", *flags, "--", "cc sim.c"], tmp_path)
    assert (status, json.loads(out)["error"]["slug"]) == (2, "usage")
