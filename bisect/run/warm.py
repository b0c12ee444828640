"""Warm probes: placeholder until the fork server is there (never used while `modules` is empty)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .sandbox import Ended, Limits, Stop


def run(
    command: Sequence[str],
    *,
    modules: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    out: Path,
    limits: Limits,
    stop: Stop | None,
) -> Ended | None:
    """None: this command cannot be run warm."""
    return None


def close_all() -> None:
    """End every fork server of this process."""
