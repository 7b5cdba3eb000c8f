"""A PlexdHook as a cluster told it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, Final, Self

from plexsphere.managed_push.domain.field_set import FieldSet, extracted, require_field_set, union, without
from plexsphere.managed_push.domain.request import Request
from plexsphere.platform.kernel.secret import Secret

# Pinned (managed-push.md, Server-Side Apply): a stable manager is what lets the server notice a competing owner.
FIELD_MANAGER: Final = "plexsphere-managed-push"
APPLY: Final = "Apply"
MOST_OWNERS: Final = 100


@dataclass(frozen=True)
class ClusterObject:
    """
    One object, byte for byte; captured before a push it is the push's prior state.

    It is the customer's: nothing of it is shown or logged. It is read when it is asked for the first time.
    """

    octets: Secret[bytes]

    @classmethod
    def told(cls, octets: Secret[bytes]) -> Self:
        """
        Return the object that a cluster told.

        Raises:
            ValueError: the octets are no JSON object with a name, a namespace, a uid, and owners in their form.
        """
        found = cls(octets)
        metadata = found.content.get("metadata") if isinstance(found.content, dict) else None
        if not isinstance(metadata, dict) or not all(
            isinstance(metadata.get(name), str) for name in ("namespace", "name", "uid")
        ):
            raise ValueError("not an object that a cluster stores")
        _require_owners(metadata.get("managedFields", []))
        return found

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """Return the object with this content."""
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
        return cls(Secret(text.encode("utf-8", "surrogatepass")))

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """Return the object as values."""
        content: Mapping[str, Any] = json.loads(self.octets.reveal())
        return content

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Return what Kubernetes itself keeps of the object."""
        metadata: Mapping[str, Any] = self.content["metadata"]
        return metadata

    @property
    def uid(self) -> str:
        """Return the id of this very object: one of the same name that came later has another."""
        return str(self.metadata["uid"])

    @property
    def resource_version(self) -> str:
        """Return the version, which every change moves; empty for an object that is not stored."""
        return str(self.metadata.get("resourceVersion", ""))

    @property
    def is_being_deleted(self) -> bool:
        """Tell whether somebody's finalizer alone keeps the object."""
        return "deletionTimestamp" in self.metadata

    @property
    def ours(self) -> FieldSet | None:
        """Return the fields that we applied and still own, or None."""
        return next((entry["fieldsV1"] for entry in self._managed() if _is_ours(entry)), None)

    @property
    def others(self) -> FieldSet:
        """Return the fields that anybody else owns."""
        theirs = [entry["fieldsV1"] for entry in self._managed() if not _is_ours(entry)]
        return reduce(union, theirs, {})

    @property
    def owned(self) -> Mapping[str, Any]:
        """Return the values of the fields that we own."""
        return {} if self.ours is None else dict(extracted(self.content, self.ours))

    def is_wholly(self, request: Request) -> bool:
        """Tell whether we own all that the request says, with its values, and nothing else."""
        return self.ours is not None and self.owned.get("spec") == request.rendered()["spec"]

    def is_as_pushed(self, request: Request) -> bool:
        """Tell whether we own fields of it, and all that we own is what the request says."""
        return self.ours is not None and self.owned == extracted(request.rendered(), self.ours)

    def before_us(self) -> "ClusterObject | None":
        """
        Return what this object was before we first applied to it, where no conflict arose; None if it was not there.

        An apply without `force` changes no value of another manager's, so what we own alone is what we brought.
        """
        foreign = [entry for entry in self._managed() if not _is_ours(entry)]
        if not foreign:
            return None
        content = without(self.content, self.ours or {}, self.others)
        return ClusterObject.of({**content, "metadata": {**content["metadata"], "managedFields": foreign}})

    def is_another_than(self, prior: "ClusterObject | None") -> bool:
        """Tell whether what we own of it, or the values of that, is not what it was in a capture."""
        return prior is None or (self.ours, self.owned) != (prior.ours, prior.owned)

    def _managed(self) -> Iterator[Mapping[str, Any]]:
        for entry in self.metadata.get("managedFields", ()):
            # Who writes the status owns nothing that an apply could touch.
            if "fieldsV1" in entry and not entry.get("subresource"):
                yield entry


def _require_owners(entries: Any) -> None:
    if not isinstance(entries, list) or len(entries) > MOST_OWNERS or not all(map(_is_an_object, entries)):
        raise ValueError("the owners of fields are a list of so many entries")
    for entry in entries:
        require_field_set(entry.get("fieldsV1", {}))


def _is_an_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_ours(entry: Mapping[str, Any]) -> bool:
    # An update under our name is not our apply: it conflicts with us like anybody's.
    return entry.get("manager") == FIELD_MANAGER and entry.get("operation") == APPLY
