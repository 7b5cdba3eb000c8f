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
