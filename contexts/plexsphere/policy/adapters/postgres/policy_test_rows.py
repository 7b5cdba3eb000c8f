"""Policy tests as JSON within the row of their revision."""

from collections.abc import Mapping
from typing import Any

from plexsphere.policy.domain.policy_test import PolicyTest, PolicyTestEnd, read_expectation, read_traffic


def test_as_json(test: PolicyTest) -> dict[str, Any]:
    """Return what a test is stored as."""
    return {
        "name": test.name,
        "source": _end_as_json(test.source),
        "destination": _end_as_json(test.destination),
        "protocol": test.traffic.protocol.value,
        "port": test.traffic.first or None,
        "expect": test.expect.value,
    }


def test_of(stored: Mapping[str, Any]) -> PolicyTest:
    """Return the test that is stored so."""
    return PolicyTest(
        stored["name"],
        _end(stored["source"]),
        _end(stored["destination"]),
        read_traffic(stored["protocol"], stored["port"]),
        read_expectation(stored["expect"]),
    )


def _end_as_json(end: PolicyTestEnd) -> dict[str, str]:
    return {"selector": end.selector.text} if end.mesh_ip is None else {"mesh_ip": str(end.mesh_ip)}


def _end(stored: Mapping[str, str]) -> PolicyTestEnd:
    return PolicyTestEnd.parse(stored.get("selector"), stored.get("mesh_ip"))
