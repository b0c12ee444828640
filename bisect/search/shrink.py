"""The simplest command line that still shows a thing: smaller whole numbers, fewer options.

Pure: it proposes a simpler line and is told whether to take it. Every proposal has fewer options or one smaller
whole number, so it ends; of the line that is left, no option could be taken away.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

Words = tuple[str, ...]
Line = tuple[Words, ...]  # options, each with its values
_WHOLE = re.compile(r"([^=]*=)?(\d+)$")


class Reply(StrEnum):
    """What became of a proposal: taken; the thing is lost there; or it is there, but the line is no cheaper."""

    TAKEN = "taken"
    LOST = "lost"
    NO_CHEAPER = "no cheaper"


Step = Generator[Line, Reply]


@dataclass(slots=True)
class Shrinking:
    """One search. Iterate `proposals`, sending a Reply to each; `line` is the simplest so far."""

    line: Line
    _known: dict[Line, Reply] = field(default_factory=dict[Line, Reply])
    _idle: set[tuple[Words, int]] = field(default_factory=set[tuple[Words, int]])

    def proposals(self) -> Step:
        """Simpler lines, until none is taken. Numbers come first: they are what a run takes its time for."""
        before: Line | None = None
        while before != self.line:
            before = self.line
            yield from self._numbers()
            yield from self._options()

    def _reply(self, line: Line) -> Generator[Line, Reply, Reply]:
        if line not in self._known:
            self._known[line] = yield line
            if self._known[line] is Reply.TAKEN:
                self.line = line
        return self._known[line]

    def _numbers(self) -> Step:
        """The largest whole numbers first, each by the smallest power of two that will do.

        Where a smaller number is no cheaper, the run does not count with it: it is left as it is.
        """
        for group, word in sorted(_places(self.line), key=lambda p: -_whole(self.line, *p)):
            value, place = 1, (self.line[group], word)
            while value < _whole(self.line, group, word) and place not in self._idle:
                reply = yield from self._reply(_with(self.line, group, word, str(value)))
                if reply is Reply.NO_CHEAPER:
                    self._idle.add(place)
                if reply is Reply.TAKEN:
                    break
                value *= 2

    def _options(self) -> Step:
        """Leave out all options, halves, quarters … single ones."""
        size = len(self.line)
        while size:
            at = 0
            while at < len(self.line):
                reply = yield from self._reply(self.line[:at] + self.line[at + size :])
                at += 0 if reply is Reply.TAKEN else size
            size //= 2


def _places(line: Line) -> Iterator[tuple[int, int]]:
    """Where whole numbers stand, also behind a `--size=`."""
    for group, words in enumerate(line):
        for word, text in enumerate(words):
            if _WHOLE.match(text):
                yield group, word


def _whole(line: Line, group: int, word: int) -> int:
    found = _WHOLE.match(line[group][word])
    return int(found.group(2)) if found else 0


def _with(line: Line, group: int, word: int, number: str) -> Line:
    """The line with another number at one place; what stands before it (`--size=`) stays."""
    words = line[group]
    head, equals, _ = words[word].rpartition("=")
    text = head + equals + number
    return (*line[:group], (*words[:word], text, *words[word + 1 :]), *line[group + 1 :])
