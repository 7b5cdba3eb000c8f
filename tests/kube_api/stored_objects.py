"""An object as it lies in the store, and as answers show it."""

import re
from dataclasses import dataclass
from typing import Any, Final

from tests.kube_api import ownership
from tests.kube_api.field_sets import Json
from tests.kube_api.ownership import Ownership
from tests.kube_api.typed_values import same

SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
STATUS: Final = "status"


@dataclass(frozen=True, order=True)
class Key:
    """Where an object lies."""

    namespace: str
    name: str

    @property
    def is_valid_name(self) -> bool:
        return len(self.name) <= 253 and SUBDOMAIN.fullmatch(self.name) is not None


@dataclass(frozen=True)
class StoredObject:
    """What managers set of an object, who owns what of it, and what the server says of it."""

    content: Json
    ownership: Ownership
    uid: str
    created: str
    resource_version: str = ""
    generation: int = 1
    status: Json | None = None
    deleted: str = ""

    @property
    def finalizers(self) -> list[str]:
        return list(self.content["metadata"].get("finalizers", ()))

    @property
    def spec(self) -> Json:
        """What a change of raises the generation: all but metadata and status."""
        return {name: value for name, value in self.content.items() if name != "metadata"}

    def is_as(self, other: "StoredObject") -> bool:
        """Whether a write that leads from the one to the other changes nothing."""
        return (
            same([self.content, self.status, self.deleted], [other.content, other.status, other.deleted])
            and self.ownership == other.ownership
        )

    def told(self, api_version: str) -> Json:
        """Return the object as an answer shows it."""
        said: dict[str, Any] = {
            "uid": self.uid,
            "resourceVersion": self.resource_version,
            "generation": self.generation,
            "creationTimestamp": self.created,
            "deletionTimestamp": self.deleted,
            "deletionGracePeriodSeconds": 0 if self.deleted else "",
            "managedFields": ownership.managed_fields(self.ownership, api_version),
        }
        known = {name: value for name, value in said.items() if value != "" and value != []}
        told = {**self.content, "metadata": {**self.content["metadata"], **known}}
        return told if self.status is None else {**told, STATUS: self.status}
