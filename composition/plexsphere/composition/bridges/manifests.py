"""Fleet's manifests, made use of by policy."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec

from plexsphere.api.agent_documents import (
    ActionCapability,
    BinaryInfo,
    Capabilities,
    HookCapability,
    ParameterDef,
)
from plexsphere.fleet.domain.errors import InvalidManifest, InvalidSandbox
from plexsphere.platform.kernel.ids import DomainId, NodeId, ProjectId
from plexsphere.policy.application.hooks.take_announcement import TakeAnnouncement
from plexsphere.policy.application.hooks.withdraw_announcement import WithdrawAnnouncement
from plexsphere.policy.domain import errors
from plexsphere.policy.domain.actions.definition import ActionDefinition, ActionType, ParameterDefinition
from plexsphere.policy.domain.hooks.announcement import Announcement
from plexsphere.policy.domain.hooks.manifest import Binary, DeclaredHook, Manifest, SeenHook
from plexsphere.policy.domain.hooks.sandbox import sandbox
from plexsphere.policy.domain.hooks.timeout import timeout_seconds
from plexsphere.policy.domain.node_place import NodePlace

DECODER: Final = msgspec.json.Decoder(Capabilities)


@dataclass(frozen=True, slots=True)
class ManifestsBridge:
    """Answers fleet's port `Manifests`."""

    take_announcement: TakeAnnouncement
    withdraw_announcement: WithdrawAnnouncement

    async def hand_on(
        self,
        domain_id: DomainId,
        project_id: ProjectId,
        node_id: NodeId,
        manifest: bytes,
        reported_at: datetime,
        /,
    ) -> None:
        digest = sha256(manifest).digest()
        said = manifest_of(manifest)
        place = NodePlace(domain_id, project_id, node_id)
        await self.take_announcement(Announcement(place, said, digest, reported_at))

    async def withdraw(self, domain_id: DomainId, node_id: NodeId, /) -> None:
        await self.withdraw_announcement(domain_id, node_id)


def manifest_of(octets: bytes) -> Manifest:
    """
    Return what a manifest says, in policy's words; what it holds beyond that is passed over.

    Raises:
        InvalidManifest, InvalidSandbox: it is not what agents announce.
    """
    try:
        told = DECODER.decode(octets)
    except msgspec.ValidationError as error:
        raise InvalidManifest(str(error)) from None
    try:
        return _manifest(told)
    except errors.InvalidSandbox as error:
        raise InvalidSandbox from error


def _manifest(told: Capabilities) -> Manifest:
    seen = told.discovered_hooks
    return Manifest(
        _binary(told.binary or BinaryInfo()),
        tuple(map(_action, told.builtin_actions or ())),
        tuple(map(_hook, told.hooks or ())),
        None if seen is None else tuple(SeenHook(each.name, each.image_digest or "") for each in seen),
    )


def _binary(told: BinaryInfo) -> Binary:
    return Binary(told.version or "", told.checksum or "")


def _action(told: ActionCapability) -> ActionDefinition:
    return ActionDefinition(ActionType.BUILTIN, told.name, _parameters(told.parameters))


def _hook(told: HookCapability) -> DeclaredHook:
    definition = ActionDefinition(
        ActionType.HOOK,
        told.name,
        _parameters(told.parameters),
        timeout_seconds(told.timeout or ""),
        bool(told.privileged),
        told.source or "",
        told.checksum or "",
    )
    return DeclaredHook(definition, sandbox(told.sandbox or "", definition.source))


def _parameters(told: list[ParameterDef] | None) -> tuple[ParameterDefinition, ...] | None:
    # Agents in the field send null as well where they know of none: it says nothing of what the action takes.
    if told is None:
        return None
    return tuple(
        ParameterDefinition(each.name, each.type or "", bool(each.required), _default(each.default))
        for each in told
    )


def _default(told: Any) -> str | None:
    # Announced as text by the documents; what an agent sends as a number or a flag is kept as its JSON.
    return told if told is None or isinstance(told, str) else json.dumps(told)
