"""`firstbad shrink`: the simplest arguments that still show the same origin, as a line and as a ready test."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...tracer.errors import FirstbadError
from ..output import DIFFERENT, SAME, console, say_json
from .gate import CANDIDATE, REFERENCE, whole

if TYPE_CHECKING:
    from ...bisect.inquiry import Case, Inquiry
    from ...bisect.shrink import Shrunk

TRACED = " -trace_pixel {slow} {fast}"


def register(app: typer.Typer) -> None:
    """Put `shrink` on the application."""

    @app.command("shrink")
    def shrink(
        args: Annotated[list[str] | None, typer.Argument(help="arguments for both programs, after --")] = None,
        inquiry: Annotated[Path | None, typer.Option(help="a firstbad.toml with programs and cases")] = None,
        case: Annotated[str, typer.Option(help="which case of the inquiry (the first)")] = "",
        reference: Annotated[str, typer.Option(help="command of the trusted program, {slow} {fast} in it")] = "",
        candidate: Annotated[str, typer.Option(help="command of the port, {slow} {fast} in it")] = "",
        origin: Annotated[str, typer.Option(help="keep this origin (the dearest)")] = "",
        most: Annotated[int, typer.Option(min=1, help="lines to try")] = 300,
        timeout: Annotated[float, typer.Option(help="seconds each program may take")] = 300.0,
        out: Annotated[Path, typer.Option(help="where the test is put")] = Path("firstbad-out"),
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Make a failing case small: the fewest and simplest arguments that keep the first bad quantity.

        Exit 0 with the line and a pytest that fails now, 1 where that pytest does not fail, 2 trouble.
        """
        if bool(args) == bool(inquiry):
            raise FirstbadError(
                "there are no arguments to shrink" if not args else "an inquiry has arguments of its own",
                remedy="say `firstbad shrink -- ARGS…`, or name an --inquiry",
                slug="usage",
            )
        what, chosen = _asked(args or [], inquiry, case, reference, candidate, timeout)
        return run(what, chosen, origin=origin, most=most, out=out, as_json=as_json)


def _asked(
    args: list[str], path: Path | None, case: str, reference: str, candidate: str, timeout: float
) -> tuple[Inquiry, Case]:
    from ...bisect.inquiry import Case, Inquiry, Program, load

    if path is not None:
        inquiry = load(path)
        return inquiry, inquiry.case(case)
    for option, template in (("--reference", reference or REFERENCE), ("--candidate", candidate or CANDIDATE)):
        whole(option, template)
    sides = (
        Program("reference", reference) if reference else Program("reference", REFERENCE, REFERENCE + TRACED),
        Program("candidate", candidate)
        if candidate
        else Program("candidate", CANDIDATE, CANDIDATE + TRACED, ("torch",)),
    )
    only = Case("command line", shlex.join(args))
    return Inquiry(*sides, (only,), timeout=timeout), only


def run(inquiry: Inquiry, case: Case, *, origin: str, most: int, out: Path, as_json: bool) -> int:
    """Shrink, write the test, see it fail, say so."""
    from ...bisect.lab import Lab, Stand, end_servers, full_room, new_folder, surroundings
    from ...bisect.shrink import Shrinker
    from ...bisect.shrunk_test import fails, write_test

    folder = new_folder(out, "shrink")
    tree = inquiry.repository or inquiry.directory
    story = console(stderr=True)

    def tell(name: str, said: str) -> None:
        if not as_json:
            story.print(f"[dim]{name:>10}[/]  ", end="")
            story.print(said, markup=False, soft_wrap=True)

    room = full_room(surroundings(inquiry, exclude=out))
    shrinker = Shrinker(Lab(inquiry, folder / "runs"), room, Stand("here", tree), most, tell)
    try:
        found = shrinker.run(case, origin)
    finally:
        end_servers()
    test = write_test(found, inquiry, tree, folder / "test")
    failing = fails(test)
    if as_json:
        say_json(facts(found, test, failing))
    else:
        _page(found, test, failing)
    return SAME if failing else DIFFERENT


def facts(found: Shrunk, test: Path, failing: bool) -> dict[str, Any]:
    """The result as plain data."""
    before, after = found.before, found.after
    return {
        "origin": found.origin,
        "side": found.side,
        "args": after.case.args,
        "args_before": before.case.args,
        "pixel": list(after.traced.pixel),
        "seconds": after.seconds,
        "seconds_before": before.seconds,
        "image_pixels": after.pixels,
        "image_pixels_before": before.pixels,
        "room": found.room.name,
        "tried": found.tried,
        "complete": found.complete,
        "reference": shlex.join(after.outcome.reference.argv),
        "test": str(test),
        "test_fails_now": failing,
    }


def _page(found: Shrunk, test: Path, failing: bool) -> None:
    before, after = found.before, found.after
    page = console()
    side = {"candidate": ", the candidate at fault", "reference": ", the reference at fault"}.get(found.side, "")
    words = [len(shlex.split(s.case.args)) for s in (before, after)]
    page.print(f"{found.origin} is an origin in {words[1]} words instead of {words[0]}{side}\n", style="bold")
    for name, sight in (("before", before), ("now", after)):
        page.print(f"  {name:8}{sight.case.args or '(no arguments)'}", markup=False, soft_wrap=True)
    share = 100 * after.seconds / before.seconds if before.seconds else 100.0
    slow, fast = after.traced.pixel
    page.print(f"\n  time    {before.seconds:.2f} s before, {after.seconds:.2f} s now ({share:.1f} %)")
    page.print(f"  pixel   {slow} {fast} of {after.pixels} ({before.pixels} before)")
    page.print(f"  tried   {found.tried} lines" + ("" if found.complete else ": more would make it shorter still"))
    page.print(f"\n  {shlex.join(after.outcome.reference.argv)}", markup=False, soft_wrap=True)
    what = "fails now and passes when it is repaired" if failing else "was expected to fail and does not: look at it"
    page.print(f"  pytest {test}\n    {what}", markup=False, soft_wrap=True)
