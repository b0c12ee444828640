"""`firstbad investigate`: from a failing gate to the first bad quantity and the thing that changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import SAME, TROUBLE, console, say_json

if TYPE_CHECKING:
    from ...bisect.answer import Answer, Step


def register(app: typer.Typer) -> None:
    """Put `investigate` on the application."""

    @app.command("investigate")
    def investigate(
        inquiry: Annotated[Path, typer.Argument(help="the inquiry")] = Path("firstbad.toml"),
        out: Annotated[Path, typer.Option(help="where images, traces and the report are kept")] = Path("firstbad-out"),
        html: Annotated[Path | None, typer.Option(help="a report: one file for a browser, offline")] = None,
        quiet: Annotated[bool, typer.Option("--quiet", help="the answer only")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Find what went bad first: reproduce, repeat, both ends, empty directory, search, trace, answer.

        Exit 0 when something is named (or nothing is wrong), 1 when the failure is there but its cause is not on
        any axis that was searched, 2 trouble.
        """
        if html is not None:
            from ..report import check_writable

            check_writable(html, (inquiry,))
        answer = run(inquiry, out, quiet=quiet or as_json)
        if html is not None:
            _report(html, answer, inquiry)
        if as_json:
            say_json({**answer.as_dict(), **({"html": str(html)} if html is not None else {})})
        else:
            from ..render_answer import answer_page

            answer_page(console(), answer)
            if html is not None:
                console().print(f"wrote {html}", style="dim", markup=False, soft_wrap=True)
        return status(answer)


def run(path: Path, out: Path, *, quiet: bool) -> Answer:
    """Walk, telling each step on stderr as it ends."""
    from ...bisect.inquiry import load
    from ...bisect.investigate import Investigation
    from ...bisect.lab import new_folder

    inquiry = load(path)
    folder = new_folder(out, "investigate")
    story = console(stderr=True)

    def tell(step: Step) -> None:
        story.print(f"[dim]{step.name:>10}[/]  ", end="")
        story.print(step.said, markup=False, soft_wrap=True)

    return Investigation(inquiry, folder, (lambda _: None) if quiet else tell, exclude=out).run()


def _report(path: Path, answer: Answer, inquiry: Path) -> None:
    from ...bisect.inquiry import load as load_inquiry
    from ...tracer.catalogue import load
    from ..report import answer_data, write_page

    own = load_inquiry(inquiry).catalogue
    options = ["--catalogue", str(own)] if own is not None else []
    write_page(path, answer_data(answer, load(own), options))


def status(answer: Answer) -> int:
    """0 found or nothing wrong, 1 unexplained, 2 not steady."""
    if answer.found or not answer.case:
        return SAME
    return TROUBLE if type(answer.result).__name__ == "Flaky" else 1
