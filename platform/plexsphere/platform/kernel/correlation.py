"""The correlation id of the request in hand."""

from contextvars import ContextVar
from typing import Final

CORRELATION_ID: Final[ContextVar[str]] = ContextVar("plexsphere_correlation_id", default="")
