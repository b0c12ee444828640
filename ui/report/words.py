"""The sentences of the report: its verdict, and commands that look closer."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..values import count, settings_words, unread_words

if TYPE_CHECKING:
    from ...bisect.answer import Answer
    from ...tracer.diff import Diff, Finding
    from ...tracer.store_judge import StoresDiff

_FAULT = {
    "candidate": "in the candidate it does not follow from what it was computed from",
    "reference": "in the reference it does not follow from what it was computed from",
    "both": "on neither side does it follow from what it was computed from",
    "neither": "an input differs",
    "unknown": "all that is traced of what it was computed from agrees",
}


def verdict(diff: Diff) -> dict[str, str]:
    """What was found in one sentence, cut behind the name of the first bad quantity, and what else there is."""
    if diff.same:
        return _said("same", "", f"Nothing differs: {_compared(diff)} agree", "")
    if diff.first is None:
        return _said("odd", "", f"No origin, but not the same: {_others(diff)}", "")
    first = diff.first
    said = f" went bad first: {_FAULT[str(first.side)]}"
    if first.pattern is not None:
        said += f"; it looks like {first.pattern.text}"
    more = f"{count(len(diff.origins) - 1, 'more quantity')} went bad independently" if len(diff.origins) > 1 else ""
    return _said("different", first.quantity, said, "; ".join(text for text in (more, _others(diff)) if text))


def _compared(diff: Diff) -> str:
    return count(diff.lines, "trace line") if diff.lines else count(len(diff.judged), "record")


def _others(diff: Diff) -> str:
    parts = [
        f"{count(len(diff.flipped), 'decision')} flipped near a tie" if diff.flipped else "",
        f"{count(len(diff.inherited), 'quantity')} only inherited it" if diff.inherited else "",
        f"{count(len(diff.healed), 'quantity')} {'differ and heal' if len(diff.healed) > 1 else 'differs and heals'}"
        if diff.healed
        else "",
        f"{count(len(diff.missing), 'quantity')} on one side only" if diff.missing else "",
        settings_words(diff),
        unread_words(diff),
    ]
    return "; ".join(part for part in parts if part)


def stores_verdict(diff: StoresDiff) -> dict[str, str]:
    """The same of two stores."""
    screened = diff.screened
    size = f"{_many(len(screened.pixels), 'pixel')} with {count(len(screened.columns), 'quantity')}"
    if diff.same:
        untold = f"not compared: {', '.join(diff.untold)}" if diff.untold else ""
        return _said("same", "", f"Nothing differs by more than rounding: {size}", untold)
    if not diff.causes:
        from ..render_stores import no_origin

        return _said("odd", "", f"Not the same, and no origin: {no_origin(diff)}", size)
    leads, first = diff.causes[0][0][0], " and ".join(diff.causes[0][0])
    if len(diff.causes) == 1:
        return _said("different", first, f" went bad first, at {_many(diff.causes[0][1], 'pixel')}", size, leads)
    said = f" is the largest of {len(diff.causes)} separate causes"
    return _said("different", first, said, f"{diff.accused:,} of {size} have a cause", leads)


def answer_verdict(answer: Answer) -> dict[str, str]:
    """The same of an investigation."""
    thing, first, quantity = answer.headline.partition("; first bad quantity: ")
    name = type(answer.result).__name__ if answer.case else "Nothing wrong"
    kind = "different" if answer.found else "same" if not answer.case else "odd"
    because = f"because {answer.why}" if answer.why and answer.why not in thing else ""
    more = f"first bad quantity: {quantity}" if first else ""
    return _said(kind, "", f"{name}: {thing}", "; ".join(text for text in (more, because) if text))


def _many(number: int, noun: str) -> str:
    """`16,384 pixels`."""
    return f"{number:,} {count(number, noun).partition(' ')[2]}"


def _said(kind: str, first: str, rest: str, more: str, leads: str = "") -> dict[str, str]:
    """`leads` is the quantity that a click on `first` leads to, where the two are not the same."""
    return {"kind": kind, "first": first, "leads": leads or first, "rest": rest, "more": more}


def sides(*names: tuple[str, int, str]) -> list[list[str]]:
    """What was compared: for each side its name and its size."""
    return [[name, _many(number, noun)] for name, number, noun in names]


def commands(finding: Finding, reference: str, candidate: str, options: Sequence[str]) -> list[dict[str, str]]:
    """What to type to look closer at one origin: each with what it answers."""
    found = [
        command(f"does each value of the {side} follow from its own parents?", "check", trace, *options)
        for side, trace in (("reference", reference), ("candidate", candidate))
        if str(finding.side) in (side, "both")
    ]
    if finding.cost:
        named = ("--quantity", finding.quantity)
        question = "how much of the error heals with the reference's value of it?"
        found.append(command(question, "graft", reference, candidate, *named, *grafting(options)))
    return found


def grafting(options: Sequence[str]) -> list[str]:
    """The user's options as far as `firstbad graft` knows them."""
    pairs = zip(options[::2], options[1::2], strict=True)
    return [word for pair in pairs if pair[0] != "--noise" for word in pair]


def command(question: str, *words: str) -> dict[str, str]:
    """One command line, quoted for a shell, with what it answers."""
    return {"says": question, "run": shlex.join(("firstbad", *words))}
