"""Bodies of the surface."""

import base64
from datetime import datetime
from typing import Annotated, Final, Literal, Self, cast
from uuid import UUID

import msgspec
from msgspec import Meta

from plexsphere.api.body import KIB, BodyRule
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.managed_push import problems
from plexsphere.api.v1.managed_push.wiring import HookWish, RecordView, TargetView
from plexsphere.platform.json_decoder import AS_WRITTEN
from plexsphere.platform.kernel.secret import Secret

MOST_BYTES: Final = 64 * KIB
LINE_ENDS: Final = str.maketrans("", "", "\r\n")

# Documented here, enforced by the domain, whose refusal comes behind the gates of the Domain's opt-in.
Namespace = Annotated[
    str,
    Meta(
        description="A label of RFC 1123.",
        extra_json_schema={"pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63},
    ),
]
HookName = Annotated[
    str,
    Meta(description="A subdomain of RFC 1123.", extra_json_schema={"minLength": 1, "maxLength": 253}),
]
ImageDigest = Annotated[str, Meta(extra_json_schema={"pattern": "^sha256:[0-9a-f]{64}$"})]
TimeoutSeconds = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": 86_400})]


class ManagedPushAttachRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kubeconfig with everything inline, and whether the Domain opts in to pushes."""

    kubeconfig_b64: Annotated[
        str, Meta(description="The kubeconfig in base64.", extra_json_schema={"contentEncoding": "base64"})
    ]
    enabled: bool

    def __repr__(self) -> str:
        return f"ManagedPushAttachRequest(enabled={self.enabled})"

    def kubeconfig(self) -> Secret[bytes]:
        """
        Return the kubeconfig's bytes; line ends within the base64 count for nothing.

        Raises:
            Refusal: `invalid_body`, when it is not base64.
        """
        try:
            return Secret(base64.b64decode(self.kubeconfig_b64.translate(LINE_ENDS), validate=True))
        except ValueError:
            raise Refusal(problems.INVALID_BODY, "kubeconfig_b64 is not base64") from None


class ManagedHookPushRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The PlexdHook to push, and the namespace it goes to."""

    namespace: Namespace
    name: HookName
    image_digest: ImageDigest
    parameters: dict[str, str] = {}
    timeout_seconds: TimeoutSeconds = 0
    sandbox: bool = False


class LenientHookPush(ManagedHookPushRequest, frozen=True, kw_only=True):
    """The same as it is read: what is missing is judged with the other rules, behind the Domain's gates."""

    namespace: str = ""
    name: str = ""
    image_digest: str = ""

    def __repr__(self) -> str:
        return f"LenientHookPush(namespace={self.namespace!r}, name={self.name!r})"

    def wish(self) -> HookWish:
        """Return the hook as wished."""
        return HookWish(
            self.namespace, self.name, self.image_digest, self.parameters, self.timeout_seconds, self.sandbox
        )


class ManagedPushTarget(msgspec.Struct, frozen=True):
    """A Domain's opt-in: which cluster, by the fingerprint of which kubeconfig."""

    enabled: bool
    api_server_url: str
    kubeconfig_sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, view: TargetView) -> Self:
        """Show the target."""
        return cls(
            enabled=view.enabled,
            api_server_url=view.api_server_url,
            kubeconfig_sha256=view.kubeconfig_sha256,
            created_at=view.created_at,
            updated_at=view.updated_at,
        )


PushStatus = Literal["applied", "rolled_back"]


class ManagedHookPush(msgspec.Struct, frozen=True, omit_defaults=True):
    """A push that landed; `rolled_back_at` comes once it was undone."""

    id: UUID
    domain_id: UUID
    hook_name: str
    namespace: str
    status: PushStatus
    had_prior_state: bool
    pushed_at: datetime
    rolled_back_at: datetime | None = None

    @classmethod
    def of(cls, view: RecordView) -> Self:
        """Show the push."""
        return cls(
            id=view.id,
            domain_id=view.domain_id,
            hook_name=view.hook_name,
            namespace=view.namespace,
            status=cast(PushStatus, view.status),
            had_prior_state=view.had_prior_state,
            pushed_at=view.pushed_at,
            rolled_back_at=view.rolled_back_at,
        )


ATTACH: Final = BodyRule(
    msgspec.json.Decoder(ManagedPushAttachRequest),
    cap=MOST_BYTES,
    too_large=problems.KUBECONFIG_TOO_LARGE,
    unique_keys=AS_WRITTEN,
)
# The documents know no 413 here: what is too large is malformed.
PUSH: Final = BodyRule(
    msgspec.json.Decoder(LenientHookPush),
    cap=MOST_BYTES,
    too_large=problems.INVALID_BODY,
    unique_keys=AS_WRITTEN,
)
