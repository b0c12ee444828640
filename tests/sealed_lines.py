"""TRACE lines as a sealed trace."""

from __future__ import annotations

import io

from firstbad.tracer.writer import Writer


def sealed(*lines: str, **facts: str) -> str:
    """A sealed trace of lines as they are, by a program that says these facts of itself."""
    out = io.StringIO()
    with Writer(out, "TRACE_C") as writer:
        writer.open(side="C", **facts)
        for line in lines:
            writer.line(line)
    return out.getvalue()
