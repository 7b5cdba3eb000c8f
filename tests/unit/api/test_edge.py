import re

import pytest

from plexsphere.api.body import Disconnected
from plexsphere.api.callers import Permitted
from plexsphere.api.v1.domains.wiring import DomainView, NewDomain
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded, StoreUnavailable
from tests.support.api import Surface, code_of, surface

CANARY = "canary-4711"
BODY = {"name": "Acme", "slug": "acme"}


class FailingDomains:
    """Fails in its own way."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    async def create(self, permitted: Permitted, wish: NewDomain, /) -> DomainView:
        raise self._failure


def failing(failure: Exception) -> Surface:
    return surface(domains=FailingDomains(failure))


async def test_what_nobody_expected_is_logged_and_answered_without_a_word_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """H45: no SQL, value, path or stack in any body."""
    failure = RuntimeError(f"duplicate key value: {CANARY}")

    answer = await failing(failure).call("POST", f"/v1/domains?q={CANARY}", json=BODY)

    assert (answer.status_code, code_of(answer)) == (500, "internal")
    assert CANARY not in answer.text
    assert "duplicate" not in answer.text
    assert answer.json()["instance"] == "/v1/domains"
    assert "unexpected RuntimeError" in caplog.text


@pytest.mark.parametrize(
    ("failure", "code"),
    [(StoreUnavailable(), "datastore_unavailable"), (StoreOverloaded(), "overloaded")],
)
async def test_a_store_that_is_away_asks_callers_to_come_back(failure: Exception, code: str) -> None:
    answer = await failing(failure).call("POST", "/v1/domains", json=BODY)

    assert (answer.status_code, code_of(answer)) == (503, code)
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_client_that_left_is_no_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    await failing(Disconnected()).call("POST", "/v1/domains", json=BODY)

    assert "unexpected" not in caplog.text


async def test_a_problem_has_every_documented_member() -> None:
    answer = await surface().call("GET", "/v1/nothing")

    assert answer.json() == {
        "type": "https://plexsphere.com/errors/route-not-found",
        "title": "There is no such route.",
        "status": 404,
        "detail": "There is no such route.",
        "instance": "/v1/nothing",
        "code": "route_not_found",
        "correlation_id": answer.headers["x-correlation-id"],
    }


async def test_a_correlation_id_is_echoed_in_head_and_body() -> None:
    answer = await surface().call("GET", "/v1/nothing", headers={"X-Correlation-Id": "abc.DEF_1-2"})

    assert answer.headers["x-correlation-id"] == "abc.DEF_1-2"
    assert answer.json()["correlation_id"] == "abc.DEF_1-2"


@pytest.mark.parametrize("sent", ["", "a b", "a" * 65, "a\x00b", "<script>"])
async def test_a_correlation_id_of_another_form_is_replaced(sent: str) -> None:
    answer = await surface().call("GET", "/v1/nothing", headers={"X-Correlation-Id": sent})

    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-correlation-id"])


async def test_every_answer_forbids_sniffing() -> None:
    """M20."""
    answer = await surface().call("GET", "/v1/nothing")

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not [name for name in answer.headers if name.startswith("access-control")]
