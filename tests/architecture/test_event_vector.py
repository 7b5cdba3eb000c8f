"""The event vector that `docs/events.md` publishes, run against both ends of the stream."""

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

from plexd.protocol.events import canonical
from plexd.protocol.events.envelope import read_envelope
from plexsphere.fleet.domain.envelope import signed_bytes
from plexsphere.fleet.domain.wire_json import wire_json
from tests.architecture.tree import ROOT

PAGE: Final = (ROOT / "docs/events.md").read_text()
RECIPE: Final = re.compile(r"```python\n(.*?)```", re.DOTALL)


def block(name: str) -> str:
    """The text of the page's code block of this name."""
    found = re.search(rf"<!-- {name} -->\n```\w*\n(.*?)\n```", PAGE, re.DOTALL)
    assert found, name
    return found[1]


KEY: Final = SigningKey(bytes.fromhex(block("seed")))
INPUT: Final = json.loads(block("input"))
SIGNED: Final = block("signed").encode()
WIRE: Final = block("wire").encode()


def test_the_published_key_is_that_of_the_published_seed() -> None:
    assert base64.b64encode(bytes(KEY.verify_key)).decode() == block("public-key")


def test_our_signed_bytes_are_the_published_ones() -> None:
    issued_at = datetime.strptime(INPUT["issued_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)

    ours = signed_bytes(
        INPUT["event_type"], INPUT["event_id"], issued_at, INPUT["nonce"], wire_json(INPUT["payload"])
    )

    assert ours == SIGNED
    assert (len(ours), sha256(ours).hexdigest()) == (186, block("sha256"))


def test_the_published_signature_is_ours_and_the_envelope_carries_it() -> None:
    signature = base64.b64encode(KEY.sign(SIGNED).signature).decode()

    assert signature == block("signature")
    assert WIRE == SIGNED[:-1] + b',"signature":"' + signature.encode() + b'"}'


def test_the_agents_reading_of_the_envelope_comes_to_the_same_bytes() -> None:
    read = read_envelope(WIRE)
    payload = WIRE[WIRE.index(b'"payload":') + 10 : WIRE.index(b',"signature"')]

    agents = canonical.signed_bytes(read.event_type, read.event_id, read.issued_at, read.nonce, payload)

    assert agents == SIGNED


@pytest.fixture(scope="module")
def verified() -> Callable[[bytes, list[bytes]], dict[str, Any]]:
    """The function that the page's recipe defines."""
    [source] = RECIPE.findall(PAGE)
    namespace: dict[str, Any] = {}
    exec(compile(source, "docs/events.md", "exec"), namespace)
    recipe: Callable[[bytes, list[bytes]], dict[str, Any]] = namespace["verified"]
    return recipe


def test_the_published_recipe_accepts_the_vector_also_cut_into_lines(verified: Any) -> None:
    cut = WIRE.replace(b',"payload"', b',\n"payload"')

    for sent in (WIRE, cut):
        assert verified(sent, [bytes(KEY.verify_key)])["payload"] == INPUT["payload"]


def test_the_published_recipe_accepts_an_event_of_the_previous_key(verified: Any) -> None:
    current = bytes(SigningKey(bytes(32)).verify_key)

    assert verified(WIRE, [current, bytes(KEY.verify_key)])["event_id"] == INPUT["event_id"]


def test_the_published_recipe_refuses_the_vector_with_any_octet_changed(verified: Any) -> None:
    """C22: every mutation fails."""
    for place in range(len(WIRE)):
        changed = WIRE[:place] + bytes([WIRE[place] ^ 1]) + WIRE[place + 1 :]

        with pytest.raises((BadSignatureError, ValueError)):
            verified(changed, [bytes(KEY.verify_key)])
