"""Pages of a list: `limit`, `cursor`, `items`, `next_cursor` (rest contract, pagination)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from plexsphere.api import catalogue
from plexsphere.api.callers import Caller
from plexsphere.api.gate import AnyRequest
from plexsphere.api.problem import Problem, Refusal
from plexsphere.platform.kernel.cursors import CursorBindingMismatch, CursorCodec, InvalidCursor
from plexsphere.platform.kernel.ids import parse_id

Row = TypeVar("Row")
FromCursors = NamedDependency[SkipValidation[CursorCodec]]

DEFAULT_LIMIT: Final = 50
MOST: Final = 200
FLAG: Final = {"": False, "false": False, "true": True}


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page as the persistence cut it; `position` continues behind its last row, or is empty at the end."""

    rows: tuple[Row, ...]
    position: str = ""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is wanted."""

    limit: int = DEFAULT_LIMIT
    position: str = ""


@dataclass(frozen=True, slots=True)
class Pager:
    """Reads `limit` and `cursor` of a listing, and mints its next cursor."""

    codec: CursorCodec
    listing: str

    def wanted(self, request: AnyRequest, caller: Caller) -> PageRequest:
        """
        Return the wanted page.

        Raises:
            Refusal: `invalid_limit`, `invalid_cursor` or `cursor_binding_mismatch`.
        """
        place = self.place(request, caller)
        return PageRequest(_limit(request), place)

    def place(self, request: AnyRequest, caller: Caller) -> str:
        """
        Return where the wanted page starts; empty at the first.

        Raises:
            Refusal: `invalid_cursor` or `cursor_binding_mismatch`.
        """
        cursor = one_parameter(request, "cursor", catalogue.INVALID_CURSOR)
        return self._position(caller, cursor) if cursor else ""

    def next_cursor(self, caller: Caller, position: str) -> str | None:
        """Return the cursor behind `position`, or None at the end."""
        return self.codec.encode(str(caller.subject), self.listing, position) if position else None

    def _position(self, caller: Caller, cursor: str) -> str:
        try:
            return self.codec.decode(str(caller.subject), self.listing, cursor)
        except InvalidCursor:
            raise Refusal(catalogue.INVALID_CURSOR) from None
        except CursorBindingMismatch:
            raise Refusal(catalogue.CURSOR_BINDING_MISMATCH) from None


def empty_reason(page: Page[Row], seen: Sequence[Row]) -> str | None:
    """Return why a page is empty although it had rows: the caller may see none of them."""
    return "no_rebac_membership" if page.rows and not seen else None


def _limit(request: AnyRequest) -> int:
    text = one_parameter(request, "limit", catalogue.INVALID_LIMIT)
    if not text:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST):
        raise Refusal(catalogue.INVALID_LIMIT)
    return int(text)


def one_parameter(request: AnyRequest, name: str, problem: Problem = catalogue.INVALID_PARAMETER) -> str:
    """
    Return a query parameter that may come at most once, or an empty text.

    Raises:
        Refusal: the problem, when it comes twice.
    """
    values = request.query_params.getall(name, [])
    if len(values) > 1:
        raise Refusal(problem)
    return str(values[0]) if values else ""


def flag_parameter(request: AnyRequest, name: str) -> bool:
    """
    Return a query parameter that is `true` or `false`; False when it is absent.

    Raises:
        Refusal: `invalid_parameter`, when it is anything else, or comes twice.
    """
    text = one_parameter(request, name)
    if text not in FLAG:
        raise Refusal(catalogue.INVALID_PARAMETER)
    return FLAG[text]


def id_parameter(
    request: AnyRequest, name: str, problem: Problem = catalogue.INVALID_PARAMETER
) -> UUID | None:
    """
    Return an id from the query, or None when it is absent.

    Raises:
        Refusal: the problem, when it is no id.
    """
    text = one_parameter(request, name, problem)
    try:
        return parse_id(text) if text else None
    except ValueError:
        raise Refusal(problem) from None
