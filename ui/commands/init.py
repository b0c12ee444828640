"""`firstbad init`: a firstbad.toml to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...tracer.errors import FirstbadError
from ..output import say_json

TEMPLATE = """\
# What `firstbad investigate` needs to know. docs/investigate.md explains every key.
# good = "v1.0"            # a commit whose images agreed
# bad = "HEAD"
# repository = "."         # where those commits are
directory = "."            # where the failure was seen: its files are suspects

[reference]                # the program that is trusted
command = "firstbad reference {args} -floatfile {image}"
trace = "firstbad reference {args} -floatfile {image} -trace_pixel {slow} {fast}"

[candidate]                # the port; {tree} is the checkout it is run from
command = "firstbad sim {args} -floatfile {image}"
trace = "firstbad sim {args} -floatfile {image} -trace_pixel {slow} {fast}"

[[case]]
name = "cubic"
args = "-cell 100 100 100 90 90 90 -default_F 100 -N 5 -lambda 6.2 -distance 100 -detpixels 64"

[gate]
correlation = 0.999        # Pearson, at least
sum_ratio = 5e-3           # |sum of candidate / sum of reference - 1|, at most
"""


def register(app: typer.Typer) -> None:
    """Put `init` on the application."""

    @app.command("init")
    def init(
        path: Annotated[Path, typer.Argument(help="the file to write")] = Path("firstbad.toml"),
        as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
    ) -> int:
        """Write a firstbad.toml to start from; an existing file is never overwritten."""
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(TEMPLATE)
        except FileExistsError:
            raise FirstbadError(
                f"{path} exists already", remedy="edit it, or name another file", slug="exists"
            ) from None
        except OSError as problem:
            raise FirstbadError(
                f"{path} cannot be written: {problem.strerror}",
                remedy="choose another place",
                slug="unwritable",
            ) from None
        if as_json:
            say_json({"written": str(path)})
        else:
            typer.echo(f"wrote {path}; edit the two commands and say `firstbad investigate {path}`")
        return 0
