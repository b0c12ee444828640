"""`firstbad demo`: both stories, each from real runs of real programs."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from ...tracer.errors import FirstbadError
from ..output import console, say_json

MARK = "made by `firstbad demo`; this folder may be deleted\n"


def register(app: typer.Typer) -> None:
    """Put `demo` on the application."""

    @app.command("demo")
    def demo(
        out: Annotated[Path, typer.Option(help="where the stories are played")] = Path("demo-out"),
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Play two stories: a failure that is no commit, and one that is. Each is checked against the truth."""
        _clear(out)
        stories = {"not a commit": _first, "a commit": _second}
        told: dict[str, Any] = {}
        for name, play in stories.items():
            begun = time.monotonic()
            console(stderr=True).rule(f"story: {name}")
            told[name] = play(out.resolve() / name.replace(" ", "-"), as_json)
            told[name]["seconds"] = round(time.monotonic() - begun, 1)
            console(stderr=True).print(f"[dim]{told[name]['seconds']} s[/]")
        if as_json:
            say_json(told)
        return 0 if all(t["as_expected"] for t in told.values()) else 2


def _clear(out: Path) -> None:
    """Start afresh, but only over a folder that an earlier demo made."""
    if out.exists():
        if not (out / "MADE-BY-DEMO").is_file():
            raise FirstbadError(
                f"{out} exists and was not made by the demo", remedy="name another place with --out", slug="exists"
            )
        shutil.rmtree(out)
    out.mkdir(parents=True)
    (out / "MADE-BY-DEMO").write_text(MARK)


def _first(home: Path, quiet: bool) -> dict[str, Any]:
    from ..demo.stories import not_a_commit

    inquiry = not_a_commit(home)
    answer = _investigate(inquiry, home, quiet)
    origins = [o["quantity"] for o in answer["origins"]]
    expected = answer["culprits"] == ["Fdump.bin"] and answer["commit"] is None and origins[:1] == ["F_cell"]
    return {**answer, "as_expected": expected}


def _second(home: Path, quiet: bool) -> dict[str, Any]:
    from ..demo.stories import a_commit

    inquiry, truth = a_commit(home)
    answer = _investigate(inquiry, home, quiet)
    origins = [o["quantity"] for o in answer["origins"]]
    expected = answer["commit"] == truth.culprit and origins == ["F_latt"] and len(answer["lines"]) > 0
    return {**answer, "as_expected": expected}


def _investigate(inquiry: Path, home: Path, quiet: bool) -> dict[str, Any]:
    from ..render_answer import answer_page
    from .investigate import run

    answer = run(inquiry, home / "firstbad-out", quiet=quiet)
    if not quiet:
        answer_page(console(), answer)
    return answer.as_dict()
