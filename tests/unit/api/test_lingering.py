from typing import Any

import pytest

from plexsphere.api import lingering
from plexsphere.api.lingering import LingeringSend, is_unbounded


@pytest.mark.parametrize(
    ("header", "unbounded"),
    [
        ((b"content-length", b"9999"), False),
        ((b"content-length", b"10000"), True),
        ((b"transfer-encoding", b"chunked"), True),
        ((b"expect", b"100-continue"), True),
        ((b"content-type", b"application/json"), False),
    ],
)
def test_what_may_follow_a_head_is_told_by_the_head(header: tuple[bytes, bytes], unbounded: bool) -> None:
    assert is_unbounded({"headers": [(b"host", b"x"), header]}) is unbounded


@pytest.mark.parametrize(
    ("status", "closes"), [(200, False), (304, False), (401, True), (413, True), (503, True)]
)
async def test_a_refusal_closes_the_connection_and_a_success_does_not(
    status: int, closes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H10: the answer goes out whole before the end of the connection."""
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 0)
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    send = LingeringSend(keep)
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"whole"})
    await send.end()

    assert ((b"connection", b"close") in sent[0]["headers"]) is closes
    assert b"".join(message["body"] for message in sent[1:]) == b"whole"
    assert [message.get("more_body", False) for message in sent[1:]] == ([True, False] if closes else [False])
