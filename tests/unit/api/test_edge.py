import asyncio
import json
import re
from typing import Any

import pytest

from plexsphere.api import lingering
from plexsphere.api.body import Disconnected
from plexsphere.api.callers import Permitted
from plexsphere.api.shedding import MOST_IN_HAND, Work
from plexsphere.api.v1.domains.wiring import DomainView, NewDomain
from plexsphere.platform.kernel.unit_of_work import StoreOverloaded, StoreUnavailable
from tests.support.api import Surface, code_of, surface
from tests.support.bare_server import until

CANARY = "canary-4711"
BODY = {"name": "Acme", "slug": "acme"}


class FailingDomains:
    """Fails in its own way."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    async def create(self, permitted: Permitted, wish: NewDomain, /) -> DomainView:
        raise self._failure


class WaitingDomains:
    """Never comes to an end."""

    def __init__(self) -> None:
        self.is_asked = False

    async def create(self, permitted: Permitted, wish: NewDomain, /) -> DomainView:
        self.is_asked = True
        await asyncio.Event().wait()
        raise AssertionError


def scope(method: str, path: str, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    """Return a request as the server hands it over."""
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"here"), *headers],
        "client": ("127.0.0.1", 4711),
        "server": ("127.0.0.1", 8080),
        "scheme": "http",
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
        "state": {},
    }


class Kept:
    """Keeps what is sent, and has one body to give."""

    def __init__(self, body: bytes = b"") -> None:
        self._body = body
        self.sent: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: Any) -> None:
        self.sent.append(message)


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


async def test_who_is_refused_holds_nobodys_place_until_his_connection_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """H15, H10: to be refused costs a stranger nothing, so it may cost others nothing either."""
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 60)
    place, kept, crowd = surface(), Kept(), MOST_IN_HAND[Work.OPERATOR] + 1
    asked = [scope("GET", "/v1/nothing", (b"expect", b"100-continue")) for _ in range(crowd)]
    strangers = [asyncio.ensure_future(place.app(each, kept.receive, kept.send)) for each in asked]
    await until(lambda: len([each for each in kept.sent if "body" in each]) == crowd)

    answer = await place.call("GET", "/v1/nothing")

    assert not any(each.done() for each in strangers)
    assert code_of(answer) == "route_not_found"
    for each in strangers:
        each.cancel()
    await asyncio.gather(*strangers, return_exceptions=True)


async def test_what_is_in_hand_when_the_process_ends_is_told_to_come_back() -> None:
    """H38: as a problem, like every other refusal."""
    domains, kept = WaitingDomains(), Kept(json.dumps(BODY).encode())
    headers = (b"authorization", b"Bearer alice"), (b"content-type", b"application/json")
    in_hand = asyncio.ensure_future(
        surface(domains=domains).app(scope("POST", "/v1/domains", *headers), kept.receive, kept.send)
    )
    await until(lambda: domains.is_asked)

    in_hand.cancel()
    with pytest.raises(asyncio.CancelledError):
        await in_hand

    head, body = kept.sent
    assert head["status"] == 503
    assert dict(head["headers"])[b"retry-after"] == b"1"
    assert json.loads(body["body"])["code"] == "overloaded"
