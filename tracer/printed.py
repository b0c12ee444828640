"""What Python prints of a number that is an object: `tensor([2.25])`, `np.float64(2.25)`, `array([1., 2.])`.

A port prints such values where its author left out `.item()` or `.tolist()`. They are rewritten as our own format has
them before a line is parsed, with the digits that torch and numpy are known to show: they round, whatever else the
program prints; where the object says that it is a float32, the exponent keeps that. What holds anything but numbers
(`array([1., ..., 9.])`, `tensor(True)`) stays a word.
"""

from __future__ import annotations

import re
from decimal import Decimal

from .numerals import respelled

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?nan|[-+]?inf"
_WHOLE = re.compile(rf"(?:{_NUMBER})\Z")
_SCALAR = re.compile(rf"(?<=[\s=\[(,:])(?:\w+\.)?((?:float|u?int|longdouble|double)\d*)\(\s*({_NUMBER})\s*\)")
_OBJECT = re.compile(
    r"(?<=[\s=\[(,:])(?:\w+\.)*(tensor|[aA]rray|DeviceArray)\("
    r"\s*([^()\[\]=,<>]+|\[[^()=<>]*\])\s*((?:,\s*\w+\s*=[^()\[\]=,]*)*)\)"
)
_NUMPY = 8
"""Decimals that numpy shows of an array, trailing zeros left away."""
_HIGHEST = 5
"""The largest exponent that any format of six digits would not write, so that it pins the last digit."""
_LOWEST, _LONG = 400, 28
"""Places behind the point, and characters, that no double is printed with: such a number is not written anew."""
_FLOAT32 = re.compile(r"\bdtype\s*=\s*(?:\w+\.)?float32\b")
_SINGLE = re.compile(r"E[-+]0\d\d\Z")
"""How a number that was printed as a float32 is written: no program that we know writes such an exponent."""
_ROWS = re.compile(r"\[\s*\[([^\[\]]*)\](?:\s*,?\s*\[([^\[\]]*)\])*\s*\]")
_ROW = re.compile(r"\[([^\[\]]*)\]")


def plain(text: str) -> str:
    """The line with the numbers of such objects in place of the objects."""
    if "(" in text:
        text = _OBJECT.sub(_numbers, _SCALAR.sub(_scalar, text))
    text = respelled(text)
    nested = text.replace(" ", "") if "[" in text else ""
    return _ROWS.sub(_matrix, text) if "[[" in nested and "[[[" not in nested else text


def is_single(token: str) -> bool:
    """Whether the number was printed by an object that says it is a float32."""
    return _SINGLE.search(token) is not None


def _scalar(match: re.Match[str]) -> str:
    """`np.float64(2.25)` shows all digits, and so does `np.float32(2.25)`, of which a float32 has nine."""
    word = match[2]
    if match[1] != "float32" or "n" in word or word.lstrip("+-").isdigit() or len(word) > _LONG:
        return word
    return _marked(_pinned(f"{float(word):.8e}", 0))


def _numbers(match: re.Match[str]) -> str:
    """A number, a list or a matrix out of `tensor(…)`; unchanged where it holds something else, or has more axes."""
    inside = match[2].strip()
    words = re.sub(r"[\[\],]", " ", inside).split()
    if not words or not all(map(_WHOLE.match, words)) or "[[[" in inside.replace(" ", ""):
        return match[0]
    least = 0 if match[1] == "tensor" else _NUMPY
    pinned = [_pinned(word, least) for word in words]
    if _FLOAT32.search(match[3]):
        pinned = [*map(_marked, pinned)]
    if len(words) == 1:
        return pinned[0]  # one number is that number, whatever its shape: `tensor([2.25])`
    again = iter(pinned)
    return re.sub(r"[^\[\],\s]+", lambda _: next(again), inside)


def _pinned(word: str, least: int) -> str:
    """The same number written so that its last digit counts as the last one shown (resolution.py): `2.2512e+00`.

    torch shows all of its few decimals, numpy at least `least` and leaves zeros away; whole numbers are exact in torch.
    Above the fifth place before the point no exponent says so, and such a number is left as it is.
    """
    if "n" in word or word.lstrip("+-").isdigit() or (word.endswith(".") and not least) or len(word) > _LONG:
        return word
    mantissa, _, power = word.lower().partition("e")
    places = max(len(mantissa.partition(".")[2]), least)
    last = int(power or 0) - places
    if last > _HIGHEST and least:
        return f"{Decimal(word):.{places}e}"
    if not -_LOWEST <= last <= _HIGHEST:
        return word
    return f"{Decimal(word).scaleb(-max(last, 0)):.{max(-last, 0)}f}e+0{max(last, 0)}"


def _marked(token: str) -> str:
    """A pinned number with an exponent that says float32 (`_SINGLE`)."""
    return re.sub(r"e([-+])(\d\d)\Z", r"E\g<1>0\2", token)


def _matrix(match: re.Match[str]) -> str:
    """`[[a, b], [c, d]]` as `[a b; c d]`."""
    rows = [" ".join(row.split()) for row in _ROW.findall(match[0][1:-1])]
    return "[" + "; ".join(rows) + "]"
