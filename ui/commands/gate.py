"""`firstbad gate`: run reference and candidate on the same arguments and compare their images."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...tracer.errors import FirstbadError
from ..output import DIFFERENT, SAME, TROUBLE, console, say_json

if TYPE_CHECKING:
    from ...bisect.inquiry import Inquiry
    from ...bisect.lab import Outcome

REFERENCE = "{python} -m firstbad.ui reference {args} -floatfile {image}"
CANDIDATE = "{python} -m firstbad.ui sim {args} -floatfile {image}"


def register(app: typer.Typer) -> None:
    """Put `gate` on the application."""

    @app.command("gate")
    def gate(
        args: Annotated[list[str] | None, typer.Argument(help="arguments for both programs, after --")] = None,
        inquiry: Annotated[Path | None, typer.Option(help="a firstbad.toml with programs and cases")] = None,
        reference: Annotated[str, typer.Option(help="command of the trusted program")] = REFERENCE,
        candidate: Annotated[str, typer.Option(help="command of the port")] = CANDIDATE,
        correlation: Annotated[float, typer.Option(help="least Pearson correlation")] = 0.999,
        sum_ratio: Annotated[float, typer.Option(help="largest |sum ratio - 1|")] = 5e-3,
        timeout: Annotated[float, typer.Option(help="seconds each program may take")] = 300.0,
        empty: Annotated[bool, typer.Option("--empty", help="run in empty directories")] = False,
        out: Annotated[Path, typer.Option(help="where images and outputs are kept")] = Path("firstbad-out"),
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Run both programs on the same arguments and judge the images: correlation and sum ratio.

        Each program runs in a directory of its own that holds copies of the files of this one (with --empty:
        nothing), so nothing here is changed. Exit 0 all agree, 1 some differ, 2 trouble.
        """
        import shlex

        from ...bisect.inquiry import Case, GateLimits, Inquiry, Program, load

        limits = GateLimits(correlation, sum_ratio)
        if limits.flaw:
            raise FirstbadError(f"nothing can pass: {limits.flaw}", remedy="leave the option out", slug="usage")
        if inquiry is None:
            if not args:
                raise FirstbadError(
                    "nothing to run",
                    remedy="say `firstbad gate -- ARGS…`, or name an --inquiry",
                    slug="usage",
                )
            if (reference, candidate) == (REFERENCE, CANDIDATE):
                _refuse_images(args)
            for option, template in (("--reference", reference), ("--candidate", candidate)):
                whole(option, template)
            what = Inquiry(
                Program("reference", reference),
                Program("candidate", candidate),
                (Case("command line", shlex.join(args)),),
                limits,
                timeout=timeout,
            )
        else:
            what = load(inquiry)
        return run(what, out, empty=empty, as_json=as_json)


def _refuse_images(args: list[str]) -> None:
    """Two image files are no arguments of ours: they are there already, nothing is to be run."""
    from ...tracer.image_read import is_image

    if len(args) == 2 and all(is_image(Path(word)) for word in args):
        raise FirstbadError(
            f"gate runs two programs, and {args[0]} and {args[1]} are images",
            remedy=f"compare them with `firstbad diff {args[0]} {args[1]}`",
            slug="usage",
        )


def whole(option: str, template: str) -> None:
    """A command that cannot be split into words is refused before anything runs."""
    import shlex

    try:
        words = shlex.split(template)
    except ValueError as problem:
        raise FirstbadError(
            f"{option} cannot be split into words ({problem}): {template}", remedy="close the quotes", slug="usage"
        ) from None
    if not words:
        raise FirstbadError(f"{option} is empty", remedy="give the command of that program", slug="usage")


def run(inquiry: Inquiry, out: Path, *, empty: bool, as_json: bool) -> int:
    """Judge every case, print table or JSON, keep the artefacts under a new folder of `out`."""
    from ...bisect.lab import Lab, Stand, empty_room, full_room, new_folder, surroundings

    folder = new_folder(out, "gate")
    around = surroundings(inquiry, exclude=out)
    room = empty_room(around) if empty else full_room(around)
    lab = Lab(inquiry, folder)
    stand = Stand("here", inquiry.repository or inquiry.directory)
    outcomes = [lab.gate(case, room, stand) for case in inquiry.cases]
    if as_json:
        say_json(
            {
                "passed": _status(outcomes) == SAME,
                "artefacts": str(folder),
                "cases": [row(o) for o in outcomes],
            }
        )
    else:
        from ..render_gate import gate_table

        gate_table(console(), outcomes, inquiry.gate, folder)
    for outcome in outcomes:
        if outcome.images is None:
            sys.stderr.write(f"firstbad: {_no_images(outcome, folder)}\n")
    return _status(outcomes)


def _no_images(outcome: Outcome, folder: Path) -> FirstbadError:
    return FirstbadError(
        f"case {outcome.case.name} gave no pair of images: {outcome.verdict.reason}",
        remedy=f"run the command by hand; each run's output lies in {folder}",
        slug="no-images",
    )


def _status(outcomes: list[Outcome]) -> int:
    if any(o.images is None for o in outcomes):
        return TROUBLE
    return SAME if all(o.images is not None and o.images.passed for o in outcomes) else DIFFERENT


def row(outcome: Outcome) -> dict[str, Any]:
    """One case as plain data."""
    images = outcome.images.as_dict() if outcome.images is not None else {}
    return {
        "case": outcome.case.name,
        "args": outcome.case.args,
        "room": outcome.room,
        "verdict": str(outcome.verdict.kind),
        "reason": outcome.verdict.reason,
        "reference": str(outcome.reference.folder),
        "candidate": str(outcome.candidate.folder),
        **images,
    }
