"""What an API server's answers mean; whatever cannot be understood means nothing good."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import msgspec

from plexsphere.managed_push.domain.cluster_object import ClusterObject
from plexsphere.managed_push.domain.errors import (
    ClusterConflict,
    ClusterUnreachable,
    ManagedPushError,
    OutcomeUnsure,
    StaleCapture,
    WriteRefused,
)
from plexsphere.platform.json_decoder import MalformedJson, decode
from plexsphere.platform.kernel.plexd_hook import PLEXD_HOOK_GVK
from plexsphere.platform.kernel.secret import Secret

ANY_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
STATUS: Final = "Status"
MOST_PARTS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, its body no longer than it may be."""

    status: int
    body: Secret[bytes]

    @property
    def is_success(self) -> bool:
        """Tell whether it is one of 200 to 299."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def says_not_found(self) -> bool:
        """Tell whether the cluster says that there is no such object: anything may answer a bare 404."""
        return self.status == HTTPStatus.NOT_FOUND and self._status().get("reason") == "NotFound"

    def hook(self, namespace: str, name: str) -> ClusterObject:
        """
        Return the PlexdHook of this name that the answer holds.

        Raises:
            ClusterUnreachable: it holds something else, or what cannot be kept.
        """
        content = self._content()
        metadata = content.get("metadata")
        found = (content.get("apiVersion"), content.get("kind"))
        if found != (PLEXD_HOOK_GVK.api_version, PLEXD_HOOK_GVK.kind) or not isinstance(metadata, dict):
            raise ClusterUnreachable
        if (metadata.get("namespace"), metadata.get("name")) != (namespace, name):
            raise ClusterUnreachable
        try:
            return ClusterObject.told(self.body)
        except (ValueError, RecursionError) as error:
            raise ClusterUnreachable from error

    def refusal(self) -> ManagedPushError:
        """Return what a write that did not succeed comes to."""
        if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # A gateway that gave up waiting says nothing of the cluster behind it, nor does one that timed out.
            is_its_own = self._status().get("code") == HTTPStatus.INTERNAL_SERVER_ERROR
            return OutcomeUnsure(is_over=is_its_own)
        reason = self._status().get("reason")
        if self.status == HTTPStatus.CONFLICT and reason == "Conflict":
            return ClusterConflict() if self._has_owner_conflict() else StaleCapture()
        return WriteRefused(is_invalid=reason == "Invalid")

    def _has_owner_conflict(self) -> bool:
        details = self._status().get("details")
        causes = details.get("causes") if isinstance(details, dict) else None
        return isinstance(causes, list) and any(
            isinstance(cause, dict) and cause.get("reason") == "FieldManagerConflict" for cause in causes
        )

    def _status(self) -> dict[str, Any]:
        try:
            content = self._content()
        except ClusterUnreachable:
            # An answer that is no Status gives no reason.
            return {}
        return content if content.get("kind") == STATUS else {}

    def _content(self) -> dict[str, Any]:
        octets = self.body.reveal()
        # Two megabytes of commas would take a hundred of memory, and half a second of everybody's time.
        if sum(map(octets.count, (b",", b"{", b"["))) > MOST_PARTS:
            raise ClusterUnreachable
        try:
            return decode(ANY_OBJECT, octets)
        except MalformedJson as error:
            raise ClusterUnreachable from error
