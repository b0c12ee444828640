"""`firstbad trace SIDE --pixel S,F -- ARGS…`: sealed traces of chosen pixels, a file each, or one store of many."""

from __future__ import annotations

import re
import shutil
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
        side: Annotated[str, typer.Argument(help="sim or reference; with --inquiry reference or candidate")],
        args: Annotated[list[str] | None, typer.Argument(help="nanoBragg's own arguments, after --")] = None,
        pixel: Annotated[list[str] | None, typer.Option(help="slow,fast: a text trace; may be repeated")] = None,
        pixels: Annotated[str, typer.Option(help="'slow,fast;slow,fast': a store of these")] = "",
        roi: Annotated[str, typer.Option(help="slow0,slow1,fast0,fast1 (ends included): a store of these")] = "",
        whole: Annotated[bool, typer.Option("--all", help="a store of every pixel")] = False,
        inquiry: Annotated[Path | None, typer.Option(help="a firstbad.toml: trace its program")] = None,
        case: Annotated[str, typer.Option(help="which case of the inquiry (the first)")] = "",
        out: Annotated[Path | None, typer.Option(help="folder of the traces, or the store")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Trace a simulator: OUT/SIDE-SLOW-FAST.log for each --pixel, or a store of many, ready for `firstbad diff`.

        Runs have a clean directory with links to the files of this one, so outputs do not land here.
        """
        sides = SIDES if inquiry is None else ("reference", "candidate")
        if side not in sides:
            raise FirstbadError(f"there is no side {side!r}", remedy=f"say {sides[0]} or {sides[1]}", slug="usage")
        if bool(args) == bool(inquiry):
            raise FirstbadError(
                "there are no arguments" if not args else "an inquiry has arguments of its own",
                remedy="say firstbad trace SIDE --all -- ARGS…, or name an --inquiry without ARGS",
                slug="usage",
            )
        chosen = [word for word in (pixels, roi and f"roi:{roi}", whole and "all") if word]
        if len(chosen) + bool(pixel) != 1:
            raise FirstbadError(
                "no pixel is named" if not chosen and not pixel else "pixels are named in two ways",
                remedy="say one of --pixel, --pixels, --roi and --all",
                slug="usage",
            )
        if chosen:
            place = out or Path(f"traces-out/{side}.zarr")
            _ready(chosen[0], place)
            if inquiry is not None:
                from ..foreign import trace_program

                count = trace_program(inquiry, side, case, chosen[0], place)
            else:
                run = _simulated if side == "sim" else _streamed
                count = run(args or [], chosen[0], place)
            if as_json:
                say_json({"store": str(place), "pixels": count})
            else:
                print(f"{place}: {count} pixels")
            return SAME
        if inquiry is not None:
            raise FirstbadError("--pixel writes text traces of our own programs", remedy="say --pixels", slug="usage")
        folder = out or Path("traces-out")
        _folder(folder)
        made = [_one(side, args or [], _pixel(text), folder) for text in pixel or ()]
        if as_json:
            say_json({"traces": [str(path) for path in made]})
        else:
            for path in made:
                print(path)
        return SAME


def _folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise FirstbadError(
            f"{path} cannot be made: {problem.strerror}", remedy="name another place with --out", slug="no-out"
        ) from None


def _pixel(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)[,: ](\d+)", text.strip())
    if not found:
        raise FirstbadError(f"{text!r} is no pixel", remedy="write slow,fast such as 30,40", slug="usage")
    return int(found.group(1)), int(found.group(2))


def _one(side: str, args: list[str], pixel: tuple[int, int], out: Path) -> Path:
    path = out / f"{side}-{pixel[0]}-{pixel[1]}.log"
    with tempfile.TemporaryDirectory() as folder:
        ran = _run(side, [*args, "-trace_pixel", str(pixel[0]), str(pixel[1])], Path(folder))
    if ran.returncode != 0 or not _reached(ran.stdout):
        raise _no_trace(side, ran, f"pixel {pixel[0]} {pixel[1]}")
    path.write_text(ran.stdout, encoding="utf-8")  # with the plain lines: formulas read them
    return path


def _reached(printed: str) -> bool:
    """Whether the intensity was traced: of a pixel that is not computed programs print their set-up alone."""
    from ...tracer.catalogue import load
    from ...tracer.text import parse

    known = load()
    found = (known.get(known.canonical(record.quantity)) for record in parse(printed).records)
    return any(quantity is not None and quantity.final for quantity in found)


def _run(side: str, args: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one side in `folder`, which gets links to the files that lie here."""
    for entry in Path.cwd().iterdir():
        if entry.is_file():
            (folder / entry.name).symlink_to(entry.resolve())
    argv = [sys.executable, "-m", "firstbad.ui", side, *args]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, errors="replace", check=False)


def _no_trace(side: str, ran: subprocess.CompletedProcess[str], what: str) -> FirstbadError:
    lines = (ran.stderr.strip() or ran.stdout.strip() or "it printed nothing").splitlines()
    said = next((line[line.index("-trace_pixel") :] for line in lines if "-trace_pixel" in line), lines[-1])
    return FirstbadError(
        f"the {side} gave no trace of {what} (status {ran.returncode}: {said})",
        remedy="check that the pixel lies on the detector, inside the ROI and outside the mask",
        slug="no-trace-run",
    )


def _ready(chosen: str, out: Path) -> None:
    """What can be refused is refused before anything runs."""
    from ...tracer.pixels import selected
    from ...tracer.store import zarr_library
    from ...tracer.store_writer import writable

    zarr_library()
    writable(out)
    selected(chosen)
    _folder(out.parent)


def _simulated(args: list[str], chosen: str, out: Path) -> int:
    from ...sim.many import prepare, write_store
    from ...tracer.pixels import selected

    return write_store(prepare(args, selected(chosen)), out)


def _streamed(args: list[str], chosen: str, out: Path) -> int:
    """The C reference fills a binary stream (trace.h) beside the store, which becomes the store."""
    import os
    import shlex

    from ...sim.program import own_options
    from ...tracer.store_stream import read_stream
    from ...tracer.text import heard

    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".firstbad-") as name:
        folder = Path(name)
        ran = _run("reference", [*args, f"--trace-pixels={chosen}", "--trace-stream=firstbad.stream"], folder)
        stream = folder / "firstbad.stream"
        if ran.returncode != 0 or not stream.is_file():
            raise _no_trace("reference", ran, "these pixels")
        setup = heard(ran.stdout.splitlines())
        facts = {"side": "C", "program": "reference", "quirks": own_options(args)[0].quirks, "args": shlex.join(args)}
        if setup.inputs or not os.environ.get("NB_C_BIN"):  # another program may be silent about what it reads
            facts["inputs"] = "told"
        survey = read_stream(stream, out, facts, setup)
    if not len(survey.pixels):
        shutil.rmtree(out)
        raise FirstbadError(
            "none of these pixels is computed",
            remedy="choose pixels inside the region of interest and outside the mask",
            slug="no-trace-run",
        )
    return len(survey.pixels)
