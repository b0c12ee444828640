"""`pytest --update-cases` writes the golden transcripts of tests/cases anew and names those that changed."""

from __future__ import annotations

import signal

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-cases", action="store_true", help="rewrite the golden transcripts in tests/cases")


def pytest_configure() -> None:
    """A suite in the background of a shell without job control ignores Ctrl-C, and so would every program it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
