"""From an answer that is no success to a named error."""

from collections.abc import Mapping
from typing import Final

import msgspec

from plexd.protocol.errors import Overloaded, Refused, Unauthorized, Unreadable
from plexd.protocol.wire import decode

_DETAIL_LIMIT: Final = 1024


class Problem(msgspec.Struct, frozen=True):
    """The body of a refusal (RFC 9457, design D3), as far as the agent reads it."""

    code: str = ""
    title: str = ""
    detail: str = ""
    correlation_id: str = ""


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refused:
    """Return the error that the answer stands for."""
    problem = _read(body)
    told = (status, problem.code, (problem.detail or problem.title)[:_DETAIL_LIMIT], problem.correlation_id)
    if status == 401:
        return Unauthorized(*told)
    if status in (429, 503):
        return Overloaded(*told, retry_after=retry_after(headers.get("Retry-After")))
    return Refused(*told)


def retry_after(value: str | None) -> float | None:
    """Read whole seconds; None for anything else."""
    if value is None or not (value.isascii() and value.isdigit() and len(value) <= 9):
        return None
    return float(value)


def _read(body: bytes) -> Problem:
    try:
        return decode(body, Problem)
    except Unreadable:
        # A refusal is one whatever its body says.
        return Problem()
