"""`firstbad sim ARGS…` and `firstbad reference ARGS…`: both take nanoBragg's own command line verbatim."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from ...tracer.errors import FirstbadError

_VERBATIM = {"ignore_unknown_options": True, "allow_extra_args": True}
Arguments = Annotated[list[str] | None, typer.Argument(help="nanoBragg's own arguments", show_default=False)]


def run(name: str, args: list[str]) -> int:
    """Run the torch simulator in this process, or the C reference in its own, with `args` untouched."""
    return _sim(args) if name == "sim" else _reference(args)


def register(app: typer.Typer) -> None:
    """Only for `firstbad --help`: the words after either name never pass through an option parser."""

    @app.command("sim", context_settings=_VERBATIM)
    def sim(args: Arguments = None) -> int:
        """Run the instrumented torch simulator with nanoBragg's own arguments."""
        return _sim(args or [])

    @app.command("reference", context_settings=_VERBATIM)
    def reference(args: Arguments = None) -> int:
        """Run the C reference (or the program named by NB_C_BIN) with the same arguments."""
        return _reference(args or [])


def _sim(args: list[str]) -> int:
    try:
        from ...sim.program import main
    except ModuleNotFoundError as missing:
        if missing.name not in ("torch", "gemmi", "fabio"):
            raise
        raise FirstbadError(
            f"the simulator needs {missing.name}, which is not installed",
            remedy="pip install 'firstbad[sim]'",
            slug="no-sim",
        ) from None
    return main(args)


def _reference(args: list[str]) -> int:
    from ...sim.reference import program

    sys.stdout.flush()
    return subprocess.run([str(program()), *args], check=False).returncode
