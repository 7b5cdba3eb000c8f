"""Large results come a few at a time; small ones are never held up by them."""

from contextlib import ExitStack

import pytest

from plexsphere.api import catalogue
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.execution_callbacks.calls import LARGE, LargeBodies


@pytest.mark.parametrize("headers", [{"content-length": str(LARGE + 1)}, {}, {"content-length": "many"}])
def test_what_may_be_large_is_refused_while_others_come_and_small_bodies_are_not(
    headers: dict[str, str],
) -> None:
    """It would be in memory as long as its sender likes."""
    bodies = LargeBodies(most=2)
    with ExitStack() as coming:
        for _ in range(2):
            coming.enter_context(bodies.room(headers))

        with pytest.raises(Refusal) as refused, bodies.room(headers):
            pass
        with bodies.room({"content-length": str(LARGE)}):
            pass

    assert refused.value.problem is catalogue.OVERLOADED
    assert refused.value.headers["Retry-After"]
    with bodies.room(headers):
        pass


def test_a_body_that_breaks_off_leaves_its_room_to_others() -> None:
    bodies = LargeBodies(most=1)

    with pytest.raises(ConnectionError), bodies.room({}):
        raise ConnectionError

    with bodies.room({}):
        pass
