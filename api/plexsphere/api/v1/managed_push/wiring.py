"""What this surface needs from outside, in its own words; no view has a field for a credential or a prior object."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.platform.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class TargetView:
    """What is shown of a Domain's opt-in."""

    enabled: bool
    api_server_url: str
    kubeconfig_sha256: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RecordView:
    """What is shown of a push; `had_prior_state` stands in for the object as it was before."""

    id: UUID
    domain_id: UUID
    hook_name: str
    namespace: str
    status: str
    had_prior_state: bool
    pushed_at: datetime
    rolled_back_at: datetime | None


@dataclass(frozen=True, slots=True)
class HookWish:
    """A PlexdHook as wished, judged by nobody yet; what was not given is empty."""

    namespace: str
    name: str
    image_digest: str
    parameters: Mapping[str, str] = field(repr=False)
    timeout_seconds: int
    sandbox: bool


class ManagedPush(Protocol):
    """The application behind the surface; every mutation writes its audit row, or does not happen."""

    async def get_target(self, permitted: Permitted, domain_id: UUID, /) -> TargetView:
        """
        Return the Domain's target.

        Raises:
            Refusal: managed_push_not_configured.
        """
        ...

    async def attach(
        self, permitted: Permitted, domain_id: UUID, kubeconfig: Secret[bytes], /, *, enabled: bool
    ) -> TargetView:
        """
        Keep the kubeconfig as the Domain's credential, in place of a former one.

        Raises:
            Refusal: domain_not_found, kubeconfig_invalid.
        """
        ...

    async def detach(self, permitted: Permitted, domain_id: UUID, /) -> None:
        """
        Forget the credential.

        Raises:
            Refusal: managed_push_not_configured.
        """
        ...

    async def push(
        self, permitted: Permitted, domain_id: UUID, wish: HookWish, /, *, dry_run: bool
    ) -> RecordView:
        """
        Apply the hook in the Domain's cluster and record it; a dry run changes and records nothing.

        Raises:
            Refusal: managed_push_not_configured, managed_push_disabled, plexd_hook_invalid, managed_push_conflict,
                cluster_unreachable, domain_not_found.
        """
        ...

    async def get_push(self, permitted: Permitted, domain_id: UUID, push_id: UUID, /) -> RecordView:
        """
        Return the record of a push.

        Raises:
            Refusal: push_not_found, also for one of another Domain.
        """
        ...

    async def roll_back(self, permitted: Permitted, domain_id: UUID, push_id: UUID, /) -> RecordView:
        """
        Bring back what the push found, once.

        Raises:
            Refusal: push_not_found, push_already_rolled_back, managed_push_not_configured, managed_push_conflict,
                cluster_unreachable.
        """
        ...
