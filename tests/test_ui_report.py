"""The HTML report of two traces: its data, its bytes, and what its own script draws."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from datetime import date
from fnmatch import fnmatch
from pathlib import Path

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import compare
from firstbad.tracer.text import parse, read
from firstbad.ui.report import traces_data, write_page
from firstbad.ui.report.excerpt import Excerpts
from firstbad.ui.report.traces import MOST, table, units
from report_pages import data_of, drawn, pair, report
from small_traces import catalogue, diff
from transcripts import perform

ROOT = Path(__file__).parents[1]
HOSTILE = [
    "</script><script>x()</script>",
    '"><img/onerror=x()>',
    'it\'s-"quoted"',
    "F_🔥_latt",
    "<!--",
    "@DATA@",
    "&amp;",
]


def test_the_data_are_what_json_prints_and_what_the_page_needs(tmp_path: Path):
    data = data_of(report(tmp_path))
    _, out, _ = perform([*pair(tmp_path), "--json"], tmp_path)
    assert data["result"] == json.loads(out)
    assert data["format"] == "firstbad-report 1" and data["kind"] == "traces"
    assert data["sides"] == [["c.log", "6 records"], ["torch.log", "5 records"]]
    assert data["parts"] == {
        "base": "agrees", "twice": "origin", "label": "healed", "behind": "agrees", "final": "inherited", "lonely": "missing"
    }  # fmt: skip


def test_the_verdict_is_one_sentence(tmp_path: Path):
    verdict = data_of(report(tmp_path))["verdict"]
    assert verdict["first"] == verdict["leads"] == "twice"
    assert verdict["rest"].startswith(" went bad first: in the candidate it does not follow from what it was")
    assert verdict["more"] == "1 quantity only inherited it; 1 quantity differs and heals; 1 quantity on one side only"


def test_every_record_is_in_the_table_as_it_was_printed(tmp_path: Path):
    kept = data_of(report(tmp_path))["table"]
    said = [(kept["names"][row[0]], kept["verdicts"][row[1]], *row[3:5], *row[6:]) for row in kept["rows"]]
    assert said == [
        ("base", "equal", "1.25", 0, 1, 1),
        ("twice", "different", "2.5", "2.75", 2, 2),
        ("label", "different", "3.75", "3750", 3, 3),
        ("behind", "equal", "4.75", 0, 4, 4),
        ("final", "different", "7.25", "7.5", 5, 5),
        ("lonely", "missing", "1 2 3", None, 6, 0),
    ]
    assert kept["at"] == {"twice": 1, "final": 4, "label": 2} and kept["left_out"] == 0


def test_an_origin_carries_its_lines_and_commands(tmp_path: Path):
    detail = data_of(report(tmp_path))["details"]["twice"]
    assert (detail["unit"], detail["parents"], detail["formulas"]) == ("m", ["base"], ["2*base"])
    assert detail["source"]["reference"] == {
        "file": "twice.c", "line": 2, "first": 1, "place": "twice.c:2",
        "text": ["double twice(double base) {", "    return 2 * base; /* </script> */", "}", ""],
    }  # fmt: skip
    assert detail["source"]["candidate"] == {"place": "gone.py:7"}
    assert detail["log"]["candidate"]["text"][1] == "TRACE_PY: twice{at=gone.py:7} 2.75"
    commands = [one["run"] for one in detail["commands"]]
    assert commands == [
        "firstbad check torch.log --catalogue toy.toml",
        "firstbad graft c.log torch.log --quantity twice --catalogue toy.toml",
    ]
    for line in commands:  # they say what they promise
        status, out, err = perform(line.split()[1:], tmp_path)
        assert (status < 2, err) == (True, ""), out


def test_a_log_that_was_written_anew_is_not_quoted(tmp_path: Path):
    pair(tmp_path)
    traces = [read(tmp_path / name) for name in ("c.log", "torch.log")]
    (tmp_path / "torch.log").write_text("other\n" * 9)
    known = catalogue("[base]\n[twice]\nparents = ['base']\nformula = '2*base'")
    detail = traces_data(compare(*traces, known), known)["details"]["twice"]
    assert detail["log"]["reference"] is not None and detail["log"]["candidate"] is None


def test_lines_around_a_place_are_cut_to_what_a_page_can_show(tmp_path: Path):
    (tmp_path / "a.log").write_bytes(b"one\r\n" + b"x" * 1000 + b"\n\xff three\nfour\nfive\nsix")
    excerpts = Excerpts()
    found = excerpts.around(tmp_path / "a.log", 2)
    assert found is not None and (found["first"], found["line"]) == (1, 2)
    assert found["text"] == ["one", "x" * 400 + "…", "\ufffd three", "four", "five"]
    assert excerpts.around(tmp_path / "a.log", 7) is None and excerpts.around(tmp_path / "a.log", 0) is None
    assert excerpts.around(tmp_path, 1) is None and excerpts.around(tmp_path / "none", 1) is None


def test_a_source_is_looked_for_beside_its_log(tmp_path: Path):
    (tmp_path / "a.c").write_text("first\nsecond\n")
    found = Excerpts().source("a.c:2", ["nowhere", str(tmp_path)])
    assert found is not None and found["text"][1] == "second" and found["place"] == "a.c:2"
    assert Excerpts().source("a.c", [str(tmp_path)]) == {"place": "a.c"} and Excerpts().source("", []) is None


def test_the_same_input_gives_the_same_bytes(tmp_path: Path):
    """In another process with other hash seeds, too; and no date, no folder of this machine gets in."""
    words = [*pair(tmp_path), "--html"]
    pages: list[bytes] = []
    for seed in ("1", "2"):
        argv = [sys.executable, "-m", "firstbad.ui", *words, f"{seed}.html"]
        child = subprocess.run(argv, cwd=tmp_path, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True)
        assert child.returncode == 1, child.stderr
        pages.append((tmp_path / f"{seed}.html").read_bytes())
    assert pages[0] == pages[1]
    text = pages[0].decode()
    assert str(tmp_path) not in text and str(ROOT) not in text and date.today().isoformat() not in text


def test_nothing_is_fetched(tmp_path: Path):
    """The one address in the page is the name of SVG; the browser is told to load nothing but what is embedded."""
    text = report(tmp_path).read_text("utf-8")
    assert set(re.findall(r"\w+://[\w./]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text and "@import" not in text and "url(" not in text


def test_hostile_names_stay_text(tmp_path: Path):
    a = parse(
        "".join(
            f"TRACE: {name}{{at=<b>:1}} 1.5 <i>\n" if "<" not in name else f"TRACE: {name} 1.5\n" for name in HOSTILE
        )
    )
    found = compare(a, parse("".join(f"TRACE: {name} 2.25\n" for name in HOSTILE)), Catalogue())
    write_page(tmp_path / "report.html", traces_data(found, Catalogue()))
    text = (tmp_path / "report.html").read_text("utf-8")
    assert text.count("<script") == text.count("</script") == 2 and "<img" not in text and "<!--" not in text[60:]
    names = [name for name in HOSTILE if any(j.quantity == name for j in found.judged)]
    assert len(names) > 4
    assert set(names) <= set(data_of(tmp_path / "report.html")["table"]["names"])
    assert all(name in drawn(tmp_path / "report.html")["text"] for name in names)


def test_ten_thousand_records_stay_below_two_megabytes(tmp_path: Path):
    """Vectors of seventeen digits of which every one differs: more than the program itself prints."""
    line = "TRACE: v{{phi={0}}} {1!r} {2!r}\n"
    texts = ["".join(line.format(i, 0.1 + i / 7 + e, -3.3e-10 * (i + e)) for i in range(10_000)) for e in (0, 1e-3)]
    found = compare(*map(parse, texts), Catalogue())
    data = traces_data(found, Catalogue())
    write_page(tmp_path / "report.html", data)
    assert len(data["table"]["rows"]) == 10_000
    assert (tmp_path / "report.html").stat().st_size <= 2e6


def test_of_very_long_traces_the_records_that_agree_are_left_out_first():
    found = diff(Catalogue(), "x 1; x 2; y 3; x 4; y 5; x 6", "x 1; x 2; y 3; x 4; y 5.5; x 6.5")
    kept = table(found, most=4)
    assert [row[3] for row in kept["rows"]] == ["1.2345678901234567", "1", "5", "6"], "in their order"
    assert kept["left_out"] == 3 and kept["at"] == {"x": 3, "y": 2}
    assert len(table(found)["rows"]) == 7 and MOST == 20_000


@pytest.mark.parametrize("shift", [0.0, 1e-17, 3e-16, 1e-14, 1e-9, 0.5])
def test_the_strip_crosses_its_mark_where_the_verdict_turns(shift: float):
    known = catalogue("[a]\n[b]\nparents = ['a']\nformula = '3*a'")
    found = diff(known, "a 0.3; b 0.9", f"a 0.3; b {0.9 * (1 + shift)!r}")
    for judged in found.judged:
        for measure in judged.measures:
            size = units(measure, judged.quantity, found.limits, judged.verdict)
            assert (size <= 1 + 1e-9) == judged.verdict.agrees


# ---- what its script draws -------------------------------------------------------------------------------------


def test_the_page_says_what_was_found(tmp_path: Path):
    page = drawn(report(tmp_path))
    text = page["text"]
    assert "twice went bad first: in the candidate it does not follow" in text
    for said in (
        "the candidate is wrong",
        "twice = 2*base",
        "reference: it follows from its parents",
        "recorded at twice.c:2",
        "gone.py:7; that file is not at hand",
        "changes the final intensity by 3.45 %",
        "what is computed from it agrees: behind",
        "only the reference has it",
        "6 shown of 6 records",
    ):
        assert said in text, said
    assert {"q-twice", "q-final", "q-label", "q-lonely", "origins", "graph", "healed", "missing", "table"} <= set(
        page["ids"]
    )
    assert len(page["ids"]) == len(set(page["ids"]))


def test_digits_that_differ_are_marked(tmp_path: Path):
    marks = drawn(report(tmp_path), "page.tags('mark').slice(0, 2).map((mark) => mark.textContent)")["actions"][0]
    assert marks == ["5", "75"]


@pytest.mark.parametrize(
    ("a", "b", "marked"),
    [
        ("1.2345", "1.2366", ["45", "66"]),
        ("108.21", "1.000e+02", ["8.21", "0"]),
        ("2.81794117e-15", "2.81794032e-15", ["117", "032"]),
        ("1.5e+29", "1.5e+20", ["1.5e+29", "1.5e+20"]),
        ("0.5", "-0.5", ["0.5", "-0.5"]),
        ("12", "123", ["12", "123"]),
        ("-0", "0.000", []),
        ("nan", "2", ["nan", "2"]),
        ("9.768e-11", "9.7683e-11", ["3"]),
        ("1e+24", "1.2e+24", [".2"]),
        ("9.5e-11", "8.5e-11", ["9.5", "8.5"]),
        ("1.25", "1.2", ["5"]),
    ],
)
def test_numbers_are_compared_in_one_notation(tmp_path: Path, a: str, b: str, marked: list[str]):
    told = f"[marked('{a}', '{b}'), marked('{b}', '{a}')].flat().filter((p) => p.tagName === 'MARK').map((p) => p.textContent)"
    assert drawn(report(tmp_path), told)["actions"] == [marked]


def test_the_table_is_filtered_by_name_and_verdict(tmp_path: Path):
    count = "table.body.childElementCount"
    page = drawn(
        report(tmp_path),
        "table.input.value = 'A'; table.input.fire('input')", count,
        "page.one('v0', 'equal').fire('click')", count,
        "findInTable('final')", "[table.input.value, table.body.textContent]",
    )  # fmt: skip
    assert page["actions"][1] == 3  # base, label, final
    assert page["actions"][3] == 1  # base alone of these is equal
    assert page["actions"][5][0] == "=final" and "7.257.5" in page["actions"][5][1]


def test_a_click_in_the_graph_leads_to_the_quantity(tmp_path: Path):
    click = "page.one('node', '{0}').fire('click'); document.activeElement.id"
    page = drawn(
        report(tmp_path), click.format("twice"), click.format("final"), click.format("base"), "table.input.value"
    )
    assert page["actions"] == ["q-twice", "q-final", "filter", "=base"]
    assert page["hash"] == "#q-final"


def test_a_clean_pair_says_so(tmp_path: Path):
    pair(tmp_path)
    assert perform(["diff", "c.log", "c.log", "--catalogue", "toy.toml", "--html", "r.html"], tmp_path)[0] == 0
    assert "Nothing differs: 6 records agree" in drawn(tmp_path / "r.html")["text"]


# ---- where it is written ---------------------------------------------------------------------------------------


def test_a_report_may_be_written_again_and_into_a_new_folder(tmp_path: Path):
    words = [*pair(tmp_path), "--html", "new/report.html"]
    for _ in range(2):
        status, out, _ = perform(words, tmp_path)
        assert status == 1 and out.endswith("wrote new/report.html\n")
    assert json.loads(perform([*words, "--json"], tmp_path)[1])["html"] == "new/report.html"


@pytest.mark.parametrize(
    ("name", "slug"),
    [("c.log", "exists"), ("notes.txt", "exists"), (".", "exists"), ("notes.txt/r.html", "report-unwritable")],
)
def test_no_file_of_the_users_is_overwritten(tmp_path: Path, name: str, slug: str):
    words = pair(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    before = (tmp_path / "c.log").read_text()
    status, out, err = perform([*words, "--html", name], tmp_path)
    assert (status, out) == (2, "") and f"[{slug}]" in err
    assert (tmp_path / "notes.txt").read_text() == "mine" and (tmp_path / "c.log").read_text() == before


def test_without_html_nothing_of_the_report_is_imported(tmp_path: Path):
    code = "import sys; from firstbad.ui.cli import main; main(sys.argv[1:]); print(sorted(m for m in sys.modules if 'report' in m))"
    child = subprocess.run([sys.executable, "-c", code, *pair(tmp_path)], cwd=tmp_path, capture_output=True, text=True)
    assert child.stdout.splitlines()[-1] == "[]", child.stdout + child.stderr


def test_the_template_is_packaged():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]
    files = [path.name for path in (ROOT / "ui" / "report").iterdir() if path.is_file() and path.suffix != ".py"]
    assert {"page.html", "style.css", "main.js"} <= set(files)
    assert all(any(fnmatch(name, pattern) for pattern in wanted) for name in files)
