"""The pages keep step with the program: every slug, command, option and key of firstbad.toml is named."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import typer.main
    from firstbad.ui.cli import build_app
from firstbad.bisect import inquiry

ROOT = Path(__file__).parents[1]
HELPERS = ("_fail", "fail")  # functions whose first argument is a slug


def slugs() -> Iterator[str]:
    for part in ("tracer", "sim", "bisect", "ui"):
        for path in sorted((ROOT / part).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield from _of_call(node)


def _of_call(node: ast.Call) -> Iterator[str]:
    given = [k.value for k in node.keywords if k.arg == "slug"]
    if isinstance(node.func, ast.Name) and node.func.id in HELPERS and node.args:
        given.append(node.args[0])
    for value in given:
        if isinstance(value, ast.Constant) and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", str(value.value)):
            yield str(value.value)


def test_every_slug_is_explained_once_in_order():
    headings = re.findall(r"^## (\S+)$", (ROOT / "docs/messages.md").read_text(), re.MULTILINE)
    used = set(slugs())
    assert len(used) > 60
    assert headings == sorted(set(headings))
    assert not used - set(headings), "slugs that docs/messages.md does not explain"
    assert not set(headings) - used, "explained, but no longer used"


def commands() -> dict[str, list[str]]:
    group = typer.main.get_command(build_app())
    found = group.commands  # type: ignore[attr-defined]
    return {
        name: [o for p in command.params for o in p.opts if o.startswith("--") and o != "--help"]
        for name, command in found.items()
    }


@pytest.mark.parametrize("name", list(commands()))
def test_every_command_and_option_is_described(name: str):
    page = (ROOT / "docs/commands.md").read_text()
    sections = [s for s in re.split(r"^## ", page, flags=re.MULTILINE) if f"firstbad {name}" in s.splitlines()[0]]
    assert len(sections) == 1, f"docs/commands.md has no section of its own for {name}"
    missing = [o for o in commands()[name] if o != "--json" and f"`{o}" not in sections[0]]
    assert not missing


def test_every_key_and_placeholder_is_described():
    page = (ROOT / "docs/investigate.md").read_text()
    words = [*(f"`{k}`" for k in inquiry._TOP if k not in ("reference", "candidate", "case", "gate", "limits"))]
    words += ["[reference]", "[candidate]", "[[case]]", "[gate]", "[limits]", "`command`", "`trace`", "`timeout`"]
    words += ["{" + name + "}" for name in inquiry._PLACEHOLDERS]
    assert not [w for w in words if w not in page]


def test_links_between_pages_lead_somewhere():
    broken = [
        f"{page.name}: {target}"
        for page in (ROOT / "docs").glob("*.md")
        for target in re.findall(r"\]\(([\w./-]+\.md)\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken
