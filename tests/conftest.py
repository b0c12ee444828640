"""`pytest --update-cases` writes the golden transcripts of tests/cases anew and names those that changed."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-cases", action="store_true", help="rewrite the golden transcripts in tests/cases")
