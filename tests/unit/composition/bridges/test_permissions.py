"""What the authorizer left unanswered is told as such, and never as a grant (H49)."""

from collections.abc import Sequence
from typing import Any, Final

from plexsphere.composition.bridges.permissions import PermissionsBridge, PlatformManagersPass
from plexsphere.identity.domain.decision import Decision, Reason
from plexsphere.platform.kernel.subjects import Reference
from tests.support.api import ALICE
from tests.support.authorization import domain

ASKED: Final = [domain(number) for number in range(1, 5)]
GRANTED: Final = Decision(True)
UNANSWERED: Final = Decision(False, Reason.UNKNOWN)
REFUSED: Final = [Decision(False, Reason.OUT_OF_SCOPE), Decision(False, Reason.INSUFFICIENT_RELATION)]


class Answering:
    """Answers a page as it is told to."""

    def __init__(self, decisions: list[Decision]) -> None:
        self._decisions = decisions

    async def check_many(
        self, subject: Reference, permission: str, resources: Sequence[Reference], /
    ) -> list[Decision]:
        return self._decisions

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked")


async def test_a_page_tells_grants_refusals_and_what_was_left_unanswered_apart() -> None:
    """H49: a refusal is a plain no; an answer that is missing is neither a yes nor a no."""
    decisions = [GRANTED, UNANSWERED, *REFUSED]
    permissions = PermissionsBridge(PlatformManagersPass(Answering(decisions)))

    assert list(await permissions.decide_each(ALICE, "read", ASKED)) == [True, None, False, False]
