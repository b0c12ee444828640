"""The answer of a commit search: one sentence, the commit, the evidence, how to see it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from ..bisect.bisect_commits import Outcome


def bisect_page(console: Console, outcome: Outcome) -> None:
    """Print the outcome; its first line is the answer."""
    console.print(_headline(outcome))
    for commit in outcome.named:
        console.print(Text(f"  {commit.commit}  {commit.subject}", style="bold"), soft_wrap=True)
        console.print(Text(f"    {commit.author}, {commit.date}; {_files(commit.files)}", style="dim"), soft_wrap=True)
    for line in outcome.result.evidence:
        console.print(Text(f"  · {line}"), soft_wrap=True)
    cached = f", {outcome.cached} of them known from earlier" if outcome.cached else ""
    console.print(Text(f"{outcome.probes} probes{cached}, {outcome.seconds:.1f} s", style="dim"))
    console.print(Text(f"journal {outcome.journal}", style="dim"), soft_wrap=True)


def _files(files: tuple[str, ...]) -> str:
    return ", ".join(files[:4]) + (f" and {len(files) - 4} more files" if len(files) > 4 else "")


def _headline(outcome: Outcome) -> Text:
    name = type(outcome.result).__name__
    count = len(outcome.named)
    sought = "the commit that repaired it" if _repaired(outcome) else "the first bad commit"
    skipped = len(getattr(outcome.result, "skipped", ()))
    sentence = {
        "Culprit": f"{sought} is {outcome.commit.commit[:12] if outcome.commit else ''}",
        "Candidates": f"{sought} is one of {count}, of which {skipped} could not be tried",
        "NotHere": f"no commit in this range did it: {_ends(outcome)}",
        "Flaky": "the answers are not steady",
        "Several": f"{count} commits matter",
    }[name]
    style = "bold green" if name == "Culprit" else "bold yellow"
    return Text(f"{name}: ", style=style) + Text(sentence)


def _repaired(outcome: Outcome) -> bool:
    """Whether what is accused is good: then the search was for the commit that repaired it."""
    accused = {f"{c.commit} is good" for c in outcome.named}
    newest = outcome.result.evidence[:1]
    return any(line.startswith(good) for line in newest for good in accused)


def _ends(outcome: Outcome) -> str:
    said = " ".join(outcome.result.evidence)
    if " is bad" in said and " is good" not in said:
        return "the good commit is bad too"
    return "the bad commit is good too" if " is good" in said and " is bad" not in said else "the ends agree"
