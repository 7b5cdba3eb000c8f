"""What our agent announces and what is read of it are the same (plexd.md, Capability Announcement; design D29)."""

from typing import Final

import pytest

from plexd.protocol.messages import capabilities
from plexd.protocol.messages.capabilities import (
    ActionCapability,
    BinaryInfo,
    Capabilities,
    DiscoveredHook,
    HookCapability,
    ParameterDef,
)
from plexd.protocol.wire import encode
from plexsphere.api import agent_documents
from plexsphere.composition.bridges.manifests import manifest_of
from plexsphere.fleet.domain.errors import InvalidManifest
from plexsphere.policy.domain.actions.definition import ActionDefinition, ActionType, ParameterDefinition
from plexsphere.policy.domain.hooks.manifest import Binary, DeclaredHook, Manifest, SeenHook
from plexsphere.policy.domain.hooks.sandbox import Sandbox
from tests.support.hooks import digest

STRUCTS: Final = (
    "Capabilities",
    "BinaryInfo",
    "ActionCapability",
    "HookCapability",
    "ParameterDef",
    "DiscoveredHook",
)
BUCKET: Final = ParameterDef(
    "bucket", "string", required=True, default="s3://backups", description="where to"
)
TOLD: Final = Capabilities(
    BinaryInfo("1.4.2", digest(7)),
    (ActionCapability("ping", "asks a peer", (ParameterDef("target", "string"),)),),
    (
        HookCapability("backup", "script", digest(1), "backs up", (BUCKET,), "300s", "namespaced", False),
        HookCapability("db-backup", "crd", digest(2), "backs up", (), "10m0s", None, True),
    ),
    (DiscoveredHook("db-backup", digest(3)),),
)


@pytest.mark.parametrize("struct", STRUCTS)
def test_both_sides_have_the_same_fields(struct: str) -> None:
    ours, theirs = getattr(agent_documents, struct), getattr(capabilities, struct)

    assert set(ours.__struct_fields__) == set(theirs.__struct_fields__)


def test_everything_that_an_agent_tells_of_itself_is_understood() -> None:
    bucket = ParameterDefinition("bucket", "string", required=True, default="s3://backups")
    ping = ActionDefinition(ActionType.BUILTIN, "ping", (ParameterDefinition("target", "string"),))
    backup = ActionDefinition(ActionType.HOOK, "backup", (bucket,), 300, False, "script", digest(1))
    db_backup = ActionDefinition(ActionType.HOOK, "db-backup", (), 600, True, "crd", digest(2))

    assert manifest_of(encode(TOLD)) == Manifest(
        Binary("1.4.2", digest(7)),
        (ping,),
        (DeclaredHook(backup, Sandbox.NAMESPACED), DeclaredHook(db_backup, Sandbox.CONTAINER)),
        (SeenHook("db-backup", digest(3)),),
    )


def test_an_agent_that_found_nothing_says_so_and_one_that_did_not_look_says_nothing() -> None:
    found_nothing = manifest_of(encode(Capabilities(discovered_hooks=())))
    did_not_look = manifest_of(encode(Capabilities()))

    assert (found_nothing.seen, did_not_look.seen) == ((), None)


def test_what_an_action_takes_is_not_known_of_null_and_nothing_of_an_empty_list() -> None:
    told = b"""{"builtin_actions": [{"name": "a"}, {"name": "b", "parameters": null}, {"name": "c", "parameters": []}],
        "hooks": [{"name": "d"}, {"name": "e", "parameters": null}, {"name": "f", "parameters": []}]}"""

    said = manifest_of(told)

    assert [each.parameters for each in said.builtin_actions] == [None, None, ()]
    assert [each.definition.parameters for each in said.hooks] == [None, None, ()]


def test_our_agent_tells_a_hook_that_takes_nothing_from_one_of_which_that_is_not_known() -> None:
    hooks = (
        HookCapability("a", "script", digest(1), parameters=()),
        HookCapability("b", "script", digest(1)),
    )

    said = manifest_of(encode(Capabilities(hooks=hooks)))

    assert [each.definition.parameters for each in said.hooks] == [(), None]


NULLS: Final = b"""{
    "binary": {"version": null, "checksum": null},
    "builtin_actions": [{"name": "ping", "description": null, "parameters": [
        {"name": "target", "type": null, "required": null, "default": null, "description": null}]}],
    "hooks": [{"name": "backup", "description": null, "source": null, "checksum": null, "parameters": [],
        "timeout": null, "sandbox": null, "privileged": null}],
    "discovered_hooks": [{"name": "backup", "image_digest": null}]
}"""


def test_null_is_as_good_as_nothing_wherever_something_may_be_left_out() -> None:
    ping = ActionDefinition(ActionType.BUILTIN, "ping", (ParameterDefinition("target", ""),))
    backup = DeclaredHook(ActionDefinition(ActionType.HOOK, "backup"), Sandbox.NONE)

    assert manifest_of(NULLS) == Manifest(Binary(), (ping,), (backup,), (SeenHook("backup", ""),))


@pytest.mark.parametrize(
    "told", [b'{"hooks": [{"name": null}]}', b'{"hooks": [{"name": ""}]}', b'{"hooks": [null]}']
)
def test_a_name_is_no_place_for_null(told: bytes) -> None:
    with pytest.raises(InvalidManifest):
        manifest_of(told)
