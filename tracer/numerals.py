"""Numbers in other spellings: `0x1.8p+1`, `(1.5-2j)`, `1.5 + 2.0i`, `1_000.5`, `45%`, `<1 2 3>`, `{1, 2}`.

They are rewritten before a line is parsed. A float in hexadecimal digits (`%a`) is written with seventeen decimal
ones, the last of which counts (resolution.py): they say as much. A complex number becomes one token, `1.5-2j`, of
which `parts` makes two. What only looks like one of these stays as it is.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation

_SIZE = r"(?:(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?|(?i:nan(?:\(\w*\))?|inf(?:inity)?))"
REAL = rf"[-+]?{_SIZE}"
NUMBER = rf"{REAL}(?:[-+]{_SIZE}j)?"
"""One number as a line holds it after `respelled`: real, or complex."""
_WHOLE = re.compile(NUMBER + r"\Z")
_PARTS = re.compile(rf"({REAL})(?:([-+]{_SIZE})j)?\Z")

_HEX = re.compile(r"(?<![\w.])[-+]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][-+]?\d+(?![\w.])")
_GROUPS = re.compile(r"(?<![\w.])[-+]?\d{1,3}(?:_\d{3})+(?:\.\d*)?(?:[eE][-+]?\d+)?(?![\w.])")
_SHARE = re.compile(rf"(?<![\w.])({REAL})%(?=[\s,;)\]]|\Z)")
_IMAGINARY = re.compile(r"[\d.nfyNFY*]\s?[ijIJ](?!\w)")
_SUM = re.compile(
    rf"(?<![\w.])(\(\s*)?({REAL})(?:\s+([-+])\s+|([-+]))([-+]?)({_SIZE})(?:\s?\*\s?)?[ijIJ](?![\w.])(\s*\))?"
)
_ALONE = re.compile(rf"(?<![\w.+-])([-+]?)({_SIZE})j(?![\w.])")
_OBJECT = re.compile(r"(?<=[\s=\[(,:])(?:\w+\.)*complex\d*\(([^()]*|\([^()]*\))\)")
_LIST = re.compile(r"(?:(?<=[\s=:])|^)(?:<[^<>={}]*>|\{(?:[^{}=<>]|\{[^{}=]*\})*\})(?=[\s,;]|\Z)")
_SQUARE = str.maketrans("<{}>", "[[]]")


def respelled(text: str) -> str:
    """The line with such numbers in the one spelling that the dialects know."""
    if "0x" in text or "0X" in text:
        text = _HEX.sub(_decimal, text)
    if "_" in text:
        text = _GROUPS.sub(lambda match: match[0].replace("_", ""), text)
    if "%" in text:
        text = _SHARE.sub(r"\1 %", text)
    if _IMAGINARY.search(text):
        text = _ALONE.sub(_imaginary, _SUM.sub(_sum, _OBJECT.sub(_bare, text)))
    return _LIST.sub(_list, text) if "<" in text or "{" in text else text


def vanished(token: str, value: float) -> bool:
    """Whether a number that is none of 0 became 0 as a double: `1e-400`."""
    return value == 0 and token.lstrip("+-0.")[:1].isdigit()


def beyond(token: str, value: float) -> str:
    """A decimal that no double can hold, as a word: `1e400` and `10e399` are one, `2e400` is another; else ""."""
    if not vanished(token, value) and not (math.isinf(value) and token.lstrip("+-.")[:1].isdigit()):
        return ""
    try:
        sign, digits, power = Decimal(token).as_tuple()
    except InvalidOperation:  # its exponent has twenty digits
        return token
    first, rest = str(digits[0]), "".join(map(str, digits[1:])).rstrip("0")
    return f"{'-' if sign else ''}{first}{'.' if rest else ''}{rest}e{int(power) + len(digits) - 1:+d}"


def parts(tokens: tuple[str, ...], shape: tuple[int, ...]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Each complex number as two, real and imaginary, where at least one of the numbers is complex."""
    if not any(token.endswith("j") for token in tokens):
        return tokens, shape
    found = [match for token in tokens if (match := _PARTS.match(token))]
    if len(found) < len(tokens):
        return tokens, shape  # a word that ends in j
    both = tuple(part for match in found for part in (match[1], (match[2] or "0").removeprefix("+")))
    return both, (*shape, 2) if len(shape) < 2 else (shape[0], 2 * shape[1])


def _decimal(match: re.Match[str]) -> str:
    try:
        return f"{float.fromhex(match[0]):.16e}"
    except OverflowError:
        return match[0]


def _sum(match: re.Match[str]) -> str:
    """`(3+-0j)` and `1.5 - 2.0*I` as `3-0j` and `1.5-2.0j`; a bracket around it belongs to it if both are there."""
    opened, real, apart, close, again, size, closed = match.groups()
    sign = "-" if (apart or close) != (again or "+") else "+"
    bare = f"{real}{sign}{size}j"
    return bare if opened and closed else f"{opened or ''}{bare}{closed or ''}"


def _imaginary(match: re.Match[str]) -> str:
    """Python leaves a real part of +0 away."""
    return f"0{match[1] or '+'}{match[2]}j"


def _bare(match: re.Match[str]) -> str:
    inside = match[1].strip()
    return inside if inside.startswith("(") else f"({inside})"


def _list(match: re.Match[str]) -> str:
    words = match[0].translate(str.maketrans("<{}>,;", "      ")).split()
    return match[0].translate(_SQUARE) if words and all(map(_WHOLE.match, words)) else match[0]
