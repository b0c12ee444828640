"""The one error a user may see: a sentence that says what is wrong, and a remedy."""

from __future__ import annotations


class FirstbadError(Exception):
    """Something the user can act on.

    `message` says what is wrong in one sentence without a full stop, `remedy` what to do about it,
    `slug` names the paragraph of docs/messages.md that explains it. Commands print it on one line
    and exit with 2; nothing else that we raise on purpose reaches a user.
    """

    def __init__(self, message: str, *, remedy: str, slug: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.slug = slug

    def __str__(self) -> str:
        said = self.message.rstrip(".")
        end = "" if said.endswith(("?", "!")) else "."
        return f"{said}{end} {self.remedy[:1].upper()}{self.remedy[1:].rstrip('.')}. [{self.slug}]"
