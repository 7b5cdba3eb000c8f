"""What a node has to enforce is bounded, whatever policies say and however many nodes enrol (decision 0035)."""

import json
from typing import Any

import pytest

from plexd.protocol.client.transport import Transport
from plexsphere.platform.kernel.secret import Secret
from plexsphere.policy.domain.rule_limit import MOST_RULES
from tests.support.api import code_of
from tests.support.control_plane import served
from tests.support.event_scene import enrolled
from tests.support.machines import Machine

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]


def many_rules(action: str) -> dict[str, Any]:
    """A policy of 1,024 rules between everybody."""
    anywhere = {"source_cidr": "0.0.0.0/0", "destination_cidr": "0.0.0.0/0"}
    rules = [
        {"action": action, "protocol": "tcp", "ports": {"from": port, "to": port}, **anywhere}
        for port in range(1, 1025)
    ]
    return {"slug": f"many-{action}", "selector": {"source": "*", "destination": "*"}, "rules": rules}


async def test_a_policy_too_large_is_refused_and_no_registration_is_and_more_nodes_open_nothing_more(
    database: Secret[str],
) -> None:
    """Six nodes in a row are four ranges, ten are five: 1,024 rules to and from them are 8,192 and 10,240."""
    async with (
        served(database) as place,
        place.as_operator() as client,
        Transport.connected(place.base_url) as transport,
    ):
        path = f"/v1/projects/{place.project_id}/policies"
        await enrolled(place, transport, 6)
        fits = await client.post(path, json=many_rules("allow"))
        denials = await client.post(
            path, json={**many_rules("deny"), "rules": many_rules("deny")["rules"][:1]}
        )
        tokens = await place.bootstrap_tokens(4)
        newcomers = [await Machine().enrol(place.base_url, token) for token in tokens]
        refused = await client.post(path, json={**many_rules("allow"), "slug": "more"})
        state = await newcomers[-1].call("GET", "state")

    assert (fits.status_code, denials.status_code) == (201, 201)
    assert (refused.status_code, code_of(refused)) == (422, "policy_too_large")
    assert refused.json()["detail"].endswith(f"{MOST_RULES} are the most.")
    rules = [rule for policy in json.loads(state.body)["policies"] for rule in policy["rules"]]
    assert len(rules) == MOST_RULES
    assert [rule["action"] for rule in rules[:11]] == ["deny"] * 10 + ["allow"]
