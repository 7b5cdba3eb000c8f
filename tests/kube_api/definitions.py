"""The custom resource that a server serves, as a CRD's manifest defines it."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from typing import Any, Final, Self

import yaml

from tests.kube_api.field_sets import Json
from tests.kube_api.shapes import Fields, object_shape
from tests.kube_api.statuses import Names

SHIPPED: Final = files("plexsphere.managed_push") / "crd" / "plexdhook.yaml"

# What customers' own definitions of the same kind say otherwise.
DEFAULTED_FIELD: Final[Json] = {"retries": {"type": "integer", "default": 3}}
ATOMIC_MAP: Final[Json] = {
    "parameters": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "x-kubernetes-map-type": "atomic",
    }
}
LIST_MAP: Final[Json] = {
    "parameters": {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
        },
    }
}
NAMED_SANDBOX: Final[Json] = {"sandbox": {"type": "string", "enum": ["none", "strict"]}}


@dataclass(frozen=True)
class Definition:
    """A resource: its names, and the schema of its objects (OpenAPI v3)."""

    names: Names
    schema: Json

    @classmethod
    def told(cls, manifest: Mapping[str, Any]) -> Self:
        """Return what a CRD's manifest defines, by the version it stores."""
        spec = manifest["spec"]
        version = next(each for each in spec["versions"] if each["storage"])
        names = Names(spec["group"], version["name"], spec["names"]["kind"], spec["names"]["plural"])
        return cls(names, version["schema"]["openAPIV3Schema"])

    @cached_property
    def shape(self) -> Fields:
        """How an apply takes the objects apart; the status has no part in it."""
        schema = self.schema["properties"]
        return object_shape({"properties": {name: schema[name] for name in schema if name != "status"}})

    def with_spec(self, *changes: Json) -> Self:
        """Return the resource with other fields in its spec."""
        schema = copy.deepcopy(self.schema)
        for change in changes:
            schema["properties"]["spec"]["properties"].update(change)
        return replace(self, schema=schema)


def manifest() -> Json:
    """Return the manifest that customers apply."""
    return dict(yaml.safe_load(SHIPPED.read_text()))


def plexd_hook(*changes: Json) -> Definition:
    """Return PlexdHook as we ship it, or with other fields in its spec."""
    return Definition.told(manifest()).with_spec(*changes)
