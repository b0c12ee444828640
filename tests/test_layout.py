"""The rules of the house (docs/architecture.md), held by reading the source and by children that import it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("tracer", "sim", "bisect", "ui")
MAY_USE = {"tracer": {"tracer"}, "sim": {"tracer", "sim"}, "bisect": {"tracer", "bisect"}, "ui": set(PARTS)}
# What `firstbad diff` may not load: each costs more than the whole comparison.
HEAVY = ("torch", "zarr", "git", "textual", "distributed", "fabio", "gemmi", "scipy")
SOURCES = sorted(path for part in PARTS for path in (ROOT / part).rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 400, 80


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[tuple[int, str, int]]:
    """Every import of a file, wherever it stands: how many dots, the module's dotted name, the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", node.lineno
            if node.level and not node.module:
                yield from ((node.level, name.name, node.lineno) for name in node.names)


def imported_part(path: Path, level: int, module: str) -> str:
    """The top folder that an import reaches, "" where it leaves our house."""
    words = [w for w in module.split(".") if w]
    if not level:
        return words[1] if len(words) > 1 and words[0] == "firstbad" else ""
    folder = list(path.relative_to(ROOT).parent.parts)
    whole = [*folder[: len(folder) - (level - 1)], *words]
    return whole[0] if whole else ""


def test_the_walk_sees_the_source():
    """Else every test below would pass on an empty list."""
    assert len(SOURCES) > 60
    assert imported_part(ROOT / "bisect/run/pool.py", 3, "tracer.errors") == "tracer"
    assert imported_part(ROOT / "ui/cli.py", 1, "output") == "ui"
    assert imported_part(ROOT / "sim/x.py", 0, "firstbad.ui.cli") == "ui"


def test_the_top_level_is_what_the_page_says():
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    told = page.split("## Top level")[1].split("Import names")[0]
    names = re.findall(r"(?<![\w/.])([\w.]+/)(?=\s)", told)
    assert set(names) == {"tracer/", "sim/", "bisect/", "ui/", "traces/", "tests/", "docs/"}
    assert all((ROOT / name).is_dir() for name in names)


def test_bisect_is_no_regular_package():
    assert not (ROOT / "bisect" / "__init__.py").exists()


def test_stdlib_bisect_wins_at_the_root():
    child = subprocess.run(
        [sys.executable, "-c", "import bisect, random; print(bisect.__file__); bisect.insort([1], 2)"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    assert not Path(child.stdout.strip()).is_relative_to(ROOT / "bisect")


def test_every_folder_with_python_is_packaged():
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {"firstbad." + short(p.parent).replace("/", ".") for p in SOURCES}
    assert folders == set(setuptools["packages"]), "folders with Python files and the listed packages differ"
    assert {name: folder.replace("/", ".") for name, folder in setuptools["package-dir"].items()} == {
        name: name.removeprefix("firstbad.") for name in setuptools["packages"]
    }


@pytest.mark.parametrize("part", PARTS)
def test_nothing_imports_upward(part: str):
    wrong = [
        f"{short(path)}:{line} imports {module}"
        for path in SOURCES
        if path.is_relative_to(ROOT / part)
        for level, module, line in imports(path)
        if (reached := imported_part(path, level, module)) and reached in PARTS and reached not in MAY_USE[part]
    ]
    assert not wrong, "\n".join(wrong)


def test_our_modules_are_imported_relatively():
    """`import bisect` inside the packages is the standard library's and fine; `firstbad.…` or `tracer…` is not."""
    ours = ("firstbad", "tracer", "sim", "ui")
    wrong = [
        f"{short(path)}:{line} imports {module}"
        for path in SOURCES
        for level, module, line in imports(path)
        if level == 0 and (module.split(".")[0] in ours or module.startswith("bisect."))
    ]
    assert not wrong, "\n".join(wrong)


def test_faces_are_short():
    for part in ("tracer", "sim", "ui"):
        face = ROOT / part / "__init__.py"
        assert len(face.read_text().splitlines()) < 40, short(face)


def test_files_are_short():
    long = {short(p): n for p in SOURCES if (n := len(p.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE}
    assert not long


def test_functions_are_short():
    long: dict[str, int] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                lines = node.end_lineno - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    long[f"{short(path)}:{node.name}"] = lines
    assert not long


@pytest.mark.parametrize(
    "words", [["diff", "a.log", "b.log"], ["diff", "a.log", "b.log", "--json"], ["check", "a.log"]]
)
def test_a_comparison_loads_nothing_heavy(tmp_path: Path, words: list[str]):
    latt = "F_latt_a 1\n{0}: F_latt_b 1\n{0}: F_latt_c 2\n{0}: F_latt 2\n"
    (tmp_path / "a.log").write_text("TRACE_C: F_cell 100\nTRACE_C: " + latt.format("TRACE_C"))
    (tmp_path / "b.log").write_text("TRACE_PY: F_cell 101\nTRACE_PY: " + latt.format("TRACE_PY"))
    code = (
        "import sys; from firstbad.ui.cli import main; rc = main(sys.argv[1:]); "
        f"sys.stderr.write(' '.join(m for m in {HEAVY!r} if m in sys.modules)); sys.exit(rc)"
    )
    child = subprocess.run([sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True)
    assert child.returncode == (1 if words[0] == "diff" else 0), child.stderr
    assert child.stderr == ""
