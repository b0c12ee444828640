"""`firstbad trace SIDE --pixel S,F -- ARGS…`: sealed traces of chosen pixels, a file each."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ...tracer.errors import FirstbadError
from ..output import SAME, say_json

SIDES = ("sim", "reference")


def register(app: typer.Typer) -> None:
    """Put `trace` on the application."""

    @app.command("trace")
    def trace(
        side: Annotated[str, typer.Argument(help="sim or reference")],
        args: Annotated[list[str], typer.Argument(help="nanoBragg's own arguments, after --")],
        pixel: Annotated[list[str], typer.Option(help="slow,fast; may be repeated")],
        out: Annotated[Path, typer.Option(help="the folder for the traces")] = Path("traces-out"),
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Run a simulator once per pixel and keep its trace as OUT/SIDE-SLOW-FAST.log, ready for `firstbad diff`.

        The run has a clean directory with links to the files of this one, so outputs do not land here.
        """
        if side not in SIDES:
            raise FirstbadError(f"there is no side {side!r}", remedy="say sim or reference", slug="usage")
        out.mkdir(parents=True, exist_ok=True)
        made = [_one(side, args, _pixel(text), out) for text in pixel]
        if as_json:
            say_json({"traces": [str(path) for path in made]})
        else:
            for path in made:
                print(path)
        return SAME


def _pixel(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)[,: ](\d+)", text.strip())
    if not found:
        raise FirstbadError(f"{text!r} is no pixel", remedy="write slow,fast such as 30,40", slug="usage")
    return int(found.group(1)), int(found.group(2))


def _one(side: str, args: list[str], pixel: tuple[int, int], out: Path) -> Path:
    path = out / f"{side}-{pixel[0]}-{pixel[1]}.log"
    argv = [sys.executable, "-m", "firstbad.ui", side, *args, "-trace_pixel", str(pixel[0]), str(pixel[1])]
    with tempfile.TemporaryDirectory() as folder:
        for entry in Path.cwd().iterdir():
            if entry.is_file():
                (Path(folder) / entry.name).symlink_to(entry.resolve())
        ran = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode != 0 or "TRACE" not in ran.stdout:
        said = (ran.stderr.strip() or ran.stdout.strip() or "it printed nothing").splitlines()[-1]
        raise FirstbadError(
            f"the {side} gave no trace of pixel {pixel[0]} {pixel[1]} (status {ran.returncode}: {said})",
            remedy="check that the pixel lies on the detector, inside the ROI and outside the mask",
            slug="no-trace-run",
        )
    lines = [line for line in ran.stdout.splitlines(keepends=True) if "TRACE" in line]
    path.write_text("".join(lines), encoding="utf-8")
    return path
