"""Words in a store: a column holds numbers, so each word has one that stands for it, and the manifest says which.

The number comes from the word alone, so that two stores are compared as they are: equal words are equal numbers.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping

from .model import Record, Value
from .text import value_of_token

_HUGE = 2.0**1000
Vocabulary = Mapping[str, Mapping[float, str]]
"""By column: the numbers that stand for words, with the words."""


def code(text: str) -> float:
    """The number that stands for it: far from all that a program computes, with the CRC-32 in its digits."""
    return -(1 + zlib.crc32(text.encode()) / 2**32) * _HUGE


def said(record: Record) -> tuple[float, str]:
    """What a column of words holds of a record, and the text that it stands for: "" where it is a plain number."""
    if len(record.values) == 1 and not isinstance(record.values[0], str):
        return float(record.values[0]), ""
    text = " ".join(record.tokens)
    return code(text), text


def vocabulary(words: Mapping[str, Iterable[str]]) -> Vocabulary:
    """What the manifest says, to be looked up."""
    return {name: {code(text): text for text in texts} for name, texts in words.items()}


def spoken(text: str) -> tuple[tuple[Value, ...], tuple[str, ...]]:
    """The values and tokens of a record that a number stands for."""
    tokens = tuple(text.split(" "))
    return tuple(value_of_token(token) for token in tokens), tokens
