"""A validated push-time command."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from plexsphere.managed_push.domain.errors import SpecFault, SpecInvalid
from plexsphere.platform.kernel.plexd_hook import PLEXD_HOOK_GVK

LONGEST_NAMESPACE: Final = 63
LONGEST_NAME: Final = 253
LONGEST_TIMEOUT_SECONDS: Final = 86_400

LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
DNS_LABEL: Final = re.compile(LABEL, re.ASCII)
DNS_SUBDOMAIN: Final = re.compile(rf"{LABEL}(?:\.{LABEL})*", re.ASCII)
IMAGE_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PlexdHookSpec:
    """The five fields of a PlexdHook; built by `Request.of` alone, which holds the rules."""

    name: str
    image_digest: str
    parameters: Mapping[str, str] = field(repr=False)
    timeout_seconds: int = 0
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """
    A namespace and a spec that Kubernetes takes (managed-push.md, Ubiquitous language; design D31).

    Raises:
        SpecInvalid: a name is none of RFC 1123, a digest is not `sha256:` and 64 lower-case hexadecimal digits, a
            parameter holds what no cluster stores, or the timeout is not within a day.
    """

    namespace: str
    spec: PlexdHookSpec

    def __post_init__(self) -> None:
        _require(_is_name(DNS_LABEL, self.namespace, LONGEST_NAMESPACE), SpecFault.NAMESPACE)
        _require(_is_name(DNS_SUBDOMAIN, self.spec.name, LONGEST_NAME), SpecFault.NAME)
        _require(IMAGE_DIGEST.fullmatch(self.spec.image_digest) is not None, SpecFault.IMAGE_DIGEST)
        _require(all(map(_is_parameter, *_columns(self.spec.parameters))), SpecFault.PARAMETERS)
        _require(0 <= self.spec.timeout_seconds <= LONGEST_TIMEOUT_SECONDS, SpecFault.TIMEOUT_SECONDS)

    @classmethod
    def of(
        cls,
        namespace: str,
        name: str,
        image_digest: str,
        parameters: Mapping[str, str],
        timeout_seconds: int,
        *,
        sandbox: bool,
    ) -> "Request":
        """Return the request."""
        frozen = MappingProxyType(dict(parameters))
        return cls(namespace, PlexdHookSpec(name, image_digest, frozen, timeout_seconds, sandbox))

    @property
    def place(self) -> tuple[str, str]:
        """Return the namespace and the name of the object."""
        return self.namespace, self.spec.name

    def rendered(self) -> dict[str, Any]:
        """Return the object as Server-Side Apply takes it: the fields we mean to own, and what names it."""
        spec = {
            "name": self.spec.name,
            "imageDigest": self.spec.image_digest,
            "timeoutSeconds": self.spec.timeout_seconds,
            "sandbox": self.spec.sandbox,
        }
        # An empty map would be ours as a whole, with what others put into it later.
        parameters = {"parameters": dict(self.spec.parameters)} if self.spec.parameters else {}
        return {**naming(self.namespace, self.spec.name), "spec": {**spec, **parameters}}


def naming(namespace: str, name: str) -> dict[str, Any]:
    """Return what an object is named by, as a body without any field of its own."""
    return {
        "apiVersion": PLEXD_HOOK_GVK.api_version,
        "kind": PLEXD_HOOK_GVK.kind,
        "metadata": {"namespace": namespace, "name": name},
    }


def _require(is_held: bool, fault: SpecFault) -> None:
    if not is_held:
        raise SpecInvalid(fault)


def _is_name(form: re.Pattern[str], text: str, longest: int) -> bool:
    return len(text) <= longest and form.fullmatch(text) is not None


def _columns(parameters: Mapping[str, str]) -> tuple[list[str], list[str]]:
    return list(parameters), list(parameters.values())


def _is_parameter(key: str, value: str) -> bool:
    return bool(key) and "\0" not in key and "\0" not in value
