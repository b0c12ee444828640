"""The command line: `firstbad COMMAND`. Exit 0 same or found, 1 different, 2 trouble; --json everywhere."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import typer
import typer.core

from ..tracer.errors import FirstbadError
from . import commands
from .output import say_error

# nanoBragg's own arguments go through verbatim: no option parser of ours may look at them.
VERBATIM = ("sim", "reference")


def build_app(only: str = "") -> typer.Typer:
    """The typer application with every command on it, or with `only` that one: starting is part of the wait."""
    typer.core.HAS_RICH = False  # else brackets in help are escaped for a markup that is off here
    app = typer.Typer(
        name="firstbad",
        help="What went bad first? Trace diff and bisect for ports of numerical programs.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    commands.register(app, only)
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; no traceback unless FIRSTBAD_DEBUG is set."""
    words = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in words[: words.index("--")] if "--" in words else "--json" in words
    try:
        return _dispatch(words)
    except FirstbadError as problem:
        status = say_error(problem, as_json=as_json)
        return 130 if problem.slug == "interrupted" else status
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        sys.stderr.close()
        return 2
    except Exception as problem:
        if type(problem).__name__ == "Abort":
            return _interrupted()
        return say_error(_usage(problem) or _defect(problem), as_json=as_json)


def _dispatch(words: list[str]) -> int:
    if words and words[0] in VERBATIM and words[1:] != ["--help"]:
        from .commands import programs

        return programs.run(words[0], words[1:])
    result = build_app(words[0] if words else "")(args=words, prog_name="firstbad", standalone_mode=False)
    return result if isinstance(result, int) else 0


def _interrupted() -> int:
    sys.stderr.write("firstbad: stopped at your word; nothing of yours was changed\n")
    return 130


def _usage(problem: Exception) -> FirstbadError | None:
    """A word that the parser did not understand. Told by its method: newer typers carry a click of their own."""
    told = getattr(problem, "format_message", None)
    if not callable(told):
        return None
    context = getattr(problem, "ctx", None)
    where = context.command_path if context is not None else "firstbad"
    said = " ".join(dict.fromkeys(re.split(r"(?<=[?.]) ", str(told()))))
    return FirstbadError(said, remedy=f"See `{where} --help`", slug="usage")


def _defect(problem: Exception) -> FirstbadError:
    import os

    if os.environ.get("FIRSTBAD_DEBUG"):
        raise problem
    return FirstbadError(
        f"internal error ({type(problem).__name__}: {problem})",
        remedy="This is a defect in firstbad: set FIRSTBAD_DEBUG=1 to see where, and report it",
        slug="internal",
    )


if __name__ == "__main__":
    sys.exit(main())
