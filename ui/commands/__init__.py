"""One small module per command; this one knows their names and nothing else."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Put every command on `app`. The modules are small: what is heavy they import when they run."""
    from . import bisect, check, demo, diff, gate, init, investigate, programs, selftest, trace

    for module in (diff, check, gate, bisect, investigate, trace, selftest, init, demo, programs):
        module.register(app)
