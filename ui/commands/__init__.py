"""One small module per command; this one knows their names and nothing else."""

from __future__ import annotations

from importlib import import_module

import typer

MODULES = (
    *("diff", "check", "gate", "bisect", "ambient", "flags", "investigate", "shrink"),
    *("trace", "graft", "selftest", "calibrate", "init", "demo", "programs"),
)


def register(app: typer.Typer, only: str = "") -> None:
    """Put every command on `app`; where `only` names one, just that. A module imports what is heavy when it runs."""
    app.callback()(_top)
    for name in [only] if only in MODULES else MODULES:
        import_module(f".{name}", __package__).register(app)


def _top() -> None:
    """What went bad first? Trace diff and bisect for ports of numerical programs."""
