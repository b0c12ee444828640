"""`firstbad diff REFERENCE CANDIDATE`: which quantity went bad first, in two traces or two stores; or two images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...tracer.errors import FirstbadError
from ..kinds import are_stores
from ..output import DIFFERENT, SAME, console, say_json, say_note

if TYPE_CHECKING:
    from ...tracer.catalogue import Catalogue
    from ...tracer.diff import Diff
    from ...tracer.store import Store
    from ...tracer.store_judge import StoresDiff


def register(app: typer.Typer) -> None:
    """Put `diff` on the application."""

    @app.command("diff")
    def diff(
        reference: Annotated[Path, typer.Argument(help="trace (store, image) of the trusted program")],
        candidate: Annotated[Path, typer.Argument(help="trace (store, image) of the port")],
        catalogue: Annotated[Path | None, typer.Option(help="a catalogue of quantities (TOML)")] = None,
        noise: Annotated[Path | None, typer.Option(help="a noise table (firstbad calibrate)")] = None,
        show_all: Annotated[bool, typer.Option("--all", help="list every quantity, also those that agree")] = False,
        pictures: Annotated[Path | None, typer.Option(help="of two stores: a folder for maps as PNG")] = None,
        html: Annotated[Path | None, typer.Option(help="a report: one file for a browser, offline")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Compare two traces: the origins first, what they drag along, what heals, what only one side has.

        Two stores (`firstbad trace --all`) give a map: which quantity is the origin at which pixel, and how many
        separate causes there are. Two image files give the verdict of `firstbad gate` and its findings. Exit 0 same,
        1 different, 2 trouble.
        """
        from ..images import are_images, compare

        if are_images(reference, candidate):
            _only_traces(("--pictures", pictures), ("--html", html))
            return compare(reference, candidate, as_json=as_json)
        from ..known import choose

        stores = are_stores(reference, candidate, "compare")
        known, note = choose(catalogue, noise, reference, candidate)
        report = _Report(html, known, _given(("--catalogue", catalogue), ("--noise", noise)))
        report.check(reference, candidate)
        if stores:
            return _stores(reference, candidate, known, pictures, show_all, as_json, report, note)
        if pictures is not None:
            raise FirstbadError(
                "--pictures needs two stores", remedy="trace many pixels: firstbad trace SIDE --all", slug="usage"
            )
        from ...tracer.stream import compare_files

        found = compare_files(reference, candidate, known)
        found = replace(found, notes=(*found.notes, note)) if note else found
        report.traces(found)
        if as_json:
            say_json({**found.as_dict(), **report.said})
        else:
            from ..render_diff import diff_page

            diff_page(console(), found, known, everything=show_all)
            report.tell()
        return SAME if found.same else DIFFERENT


def _only_traces(*options: tuple[str, Path | None]) -> None:
    """Refuse what shows traces or stores where there are only images."""
    for option, value in options:
        if value is not None:
            raise FirstbadError(
                f"{option} shows traces or stores, and these are images",
                remedy=f"leave out {option}, or compare traces of both programs",
                slug="usage",
            )


@dataclass
class _Report:
    """The page that --html asks for; where it does not, nothing of it is even imported."""

    path: Path | None
    catalogue: Catalogue
    options: list[str]

    def check(self, *reads: Path) -> None:
        """Refuse before the work what cannot be written after it."""
        if self.path is not None:
            from ..report import check_writable

            check_writable(self.path, reads)

    def traces(self, diff: Diff) -> None:
        """Write it of two traces."""
        if self.path is not None:
            from ..report import traces_data, write_page

            write_page(self.path, traces_data(diff, self.catalogue, self.options))

    def stores(self, diff: StoresDiff, reference: Store, candidate: Store) -> None:
        """Write it of two stores."""
        if self.path is not None:
            from ..report import stores_data, write_page

            write_page(self.path, stores_data(diff, reference, candidate, self.catalogue, self.options))

    @property
    def said(self) -> dict[str, str]:
        """What --json adds."""
        return {"html": str(self.path)} if self.path is not None else {}

    def tell(self) -> None:
        """The last line on the screen."""
        if self.path is not None:
            console().print(f"wrote {self.path}", style="dim", markup=False, soft_wrap=True)


def _given(*options: tuple[str, Path | None]) -> list[str]:
    """The options that were given, as words."""
    return [word for name, value in options if value is not None for word in (name, str(value))]


def _stores(
    reference: Path,
    candidate: Path,
    known: Catalogue,
    pictures: Path | None,
    show_all: bool,
    as_json: bool,
    report: _Report,
    note: str,
) -> int:
    from ...tracer.store import open_store
    from ...tracer.store_judge import judge_stores

    opened = open_store(reference), open_store(candidate)
    found = judge_stores(*opened, known)
    made: list[Path] = []
    if pictures is not None:
        from ..pictures import draw

        made = draw(pictures, *opened, found, known)
    report.stores(found, *opened)
    if as_json:
        said = {"notes": [note]} if note else {}
        say_json({**found.as_dict(), "pictures": [str(path) for path in made], **report.said, **said})
    else:
        from ..render_stores import stores_page

        stores_page(console(), found, made, everything=show_all)
        say_note(note)
        report.tell()
    return SAME if found.same else DIFFERENT
