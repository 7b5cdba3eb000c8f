"""Objects that a cluster makes up: they are refused, or read in no time."""

import json
import time
from typing import Any

import pytest

from plexsphere.managed_push.adapters.cluster_answers import MOST_PARTS, Answer
from plexsphere.managed_push.domain.cluster_object import ClusterObject
from plexsphere.managed_push.domain.errors import ClusterUnreachable
from plexsphere.platform.kernel.secret import Secret
from tests.support.managed_push import a_cluster_object, a_request


def answered(content: Any) -> ClusterObject:
    """Read an answer that holds this."""
    return Answer(200, Secret(json.dumps(content).encode())).hook("plexd", "backup")


def with_owners(entries: Any) -> dict[str, Any]:
    """Return an object whose owners are told so."""
    content = dict(a_cluster_object().content)
    return {**content, "metadata": {**content["metadata"], "managedFields": entries}}


def owner(fields: Any) -> dict[str, Any]:
    """Return an entry of ours that names these fields."""
    return {"manager": "plexsphere-managed-push", "operation": "Apply", "fieldsV1": fields}


@pytest.mark.parametrize(
    "entries",
    [
        None,
        1,
        "all",
        {"a": 1},
        [1],
        [None],
        [owner(None)],
        [owner([])],
        [owner({"f:spec": 5})],
        [owner({"f:spec": {"f:name": "x"}})],
        [owner({"f:spec": {"k:{": {}}})],
        [owner({"f:spec": {"k:[]": {}}})],
        [owner({"f:spec": {'k:{"a":1}': {}, 'k:{"b":1}': {}}})],
        [owner({"f:spec": {'k:{"a":1}': {}, 'v:"b"': {}}})],
        [owner({"f:spec": {"k:" + json.dumps(dict.fromkeys(map(str, range(17)), 1)): {}}})],
        [owner({"f:spec": {}})] * 101,
    ],
)
def test_owners_that_make_no_sense_are_no_object(entries: Any) -> None:
    """H21."""
    with pytest.raises(ClusterUnreachable):
        answered(with_owners(entries))


def test_very_many_owned_entries_are_compared_in_no_time() -> None:
    """H21."""
    many = 4_000
    fields: dict[str, Any] = {f'k:{{"name":"{number}"}}': {".": {}, "f:name": {}} for number in range(many)}
    content = with_owners([owner({"f:spec": {"f:parameters": fields}})])
    content["spec"] = {"parameters": [{"name": str(number)} for number in range(many)]}
    began = time.process_time()

    found = answered(content)

    assert not found.is_as_pushed(a_request())
    assert len(found.owned["spec"]["parameters"]) == many
    # Compared each with each it is a minute and more.
    assert time.process_time() - began < 5


def test_a_very_long_key_is_read_once() -> None:
    """H21."""
    fields: dict[str, Any] = {'k:{"name":"' + "x" * 500_000 + '"}': {}}
    content = with_owners([owner({"f:spec": {"f:parameters": fields}})])
    content["spec"] = {"parameters": [{"name": "a"}] * 20_000}
    began = time.process_time()

    assert answered(content).owned == {"spec": {"parameters": []}}
    # Read anew for each entry it is ten seconds and more.
    assert time.process_time() - began < 5


def test_an_answer_of_very_many_parts_is_not_even_read() -> None:
    """H21."""
    bomb = b"[" + b"{}," * MOST_PARTS + b"{}]"

    with pytest.raises(ClusterUnreachable):
        Answer(200, Secret(bomb)).hook("plexd", "backup")


@pytest.mark.parametrize(
    ("status", "code", "is_over"), [(500, 500, True), (503, 503, False), (504, 504, False), (502, 500, True)]
)
def test_only_the_clusters_own_word_ends_a_write(status: int, code: int, is_over: bool) -> None:
    said = Answer(status, Secret(json.dumps({"kind": "Status", "code": code}).encode()))
    page = Answer(status, Secret(b"<html>Bad Gateway</html>"))

    assert getattr(said.refusal(), "is_over", None) is is_over
    assert getattr(page.refusal(), "is_over", None) is False
