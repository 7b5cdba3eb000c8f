from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Request

from plexsphere.api import catalogue
from plexsphere.api.paging import Page, Pager, PageRequest, empty_reason, id_parameter
from plexsphere.api.problem import Refusal
from plexsphere.platform.cursors import SealedCursors
from plexsphere.platform.kernel.secret import Secret
from tests.support.api import ALICE, DOMAIN, ROBOT

PAGER = Pager(SealedCursors(Secret(bytes(32))), "domains")


def asked(query: str) -> Request[Any, Any, Any]:
    """A request with this query."""
    scope: Any = {"type": "http", "query_string": query.encode(), "headers": [], "path": "/", "method": "GET"}
    return Request(scope)


def refused(query: str) -> str:
    with pytest.raises(Refusal) as refusal:
        PAGER.wanted(asked(query), ALICE)
    return refusal.value.problem.code


@given(st.integers(1, 200))
def test_a_limit_from_1_to_200_is_taken(limit: int) -> None:
    assert PAGER.wanted(asked(f"limit={limit}"), ALICE) == PageRequest(limit, "")


def test_without_a_limit_a_page_has_50_rows() -> None:
    assert PAGER.wanted(asked(""), ALICE) == PageRequest(50, "")


@pytest.mark.parametrize(
    "limit",
    ["-1", "0", "201", "1" + "0" * 20, "abc", "1.5", "+1", "%201", "1_0", "%D9%A1", "50&limit=50"],
)
def test_any_other_limit_is_refused(limit: str) -> None:
    """H42: one defined answer, also for a limit that comes twice."""
    assert refused(f"limit={limit}") == "invalid_limit"


@given(st.text(min_size=1, max_size=80))
def test_a_cursor_leads_on_to_its_position(position: str) -> None:
    cursor = PAGER.next_cursor(ALICE, position)

    assert PAGER.wanted(asked(f"cursor={cursor}"), ALICE).position == position


def test_there_is_no_cursor_behind_the_end() -> None:
    assert PAGER.next_cursor(ALICE, "") is None


def test_a_cursor_of_another_caller_is_a_mismatch() -> None:
    """H41: swapped caller."""
    assert refused(f"cursor={PAGER.next_cursor(ROBOT, 'acme')}") == "cursor_binding_mismatch"


@pytest.mark.parametrize("cursor", ["x", "A" * 1_048_576, "%00", "%FF", "a&cursor=b"])
def test_what_is_no_cursor_is_invalid(cursor: str) -> None:
    """H41: tampered, and 1 MiB."""
    assert refused(f"cursor={cursor}") == "invalid_cursor"


def test_a_cursor_of_another_list_is_invalid() -> None:
    other = Pager(PAGER.codec, "projects None")

    assert refused(f"cursor={other.next_cursor(ALICE, 'acme')}") == "invalid_cursor"


def test_an_empty_page_is_explained_only_when_rows_were_hidden() -> None:
    assert empty_reason(Page((1, 2)), []) == "no_rebac_membership"
    assert empty_reason(Page((1, 2)), [1]) is None
    assert empty_reason(Page(()), []) is None


def test_an_id_in_the_query_is_optional_but_must_be_one() -> None:
    assert id_parameter(asked(""), "domain_id") is None
    assert id_parameter(asked(f"domain_id={DOMAIN}"), "domain_id") == DOMAIN
    with pytest.raises(Refusal) as refusal:
        id_parameter(asked("domain_id=acme"), "domain_id")
    assert refusal.value.problem is catalogue.INVALID_PARAMETER
