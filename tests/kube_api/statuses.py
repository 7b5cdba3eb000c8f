"""Refusals as a Kubernetes API server words them: Status bodies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.kube_api.field_sets import Json, spelled
from tests.kube_api.ownership import Conflict, Operation, Owner


@dataclass(frozen=True)
class Names:
    """How refusals name the objects of a resource."""

    group: str
    version: str
    kind: str
    plural: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}"

    @property
    def qualified(self) -> str:
        """Return such as `plexdhooks.hooks.plexd.io`."""
        return f"{self.plural}.{self.group}"

    def details(self, name: str, **more: Any) -> Json:
        """Return the details of a refusal that is about one object."""
        return {"name": name, "group": self.group, "kind": self.plural, **more}


class RefusedError(Exception):
    """A request is refused with this Status."""

    def __init__(self, code: int, reason: str, message: str, details: Json | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = failure(code, reason, message, details)


def failure(code: int, reason: str, message: str, details: Json | None = None) -> Json:
    """Return a Status of a failure; what is empty is left out."""
    told = {"reason": reason, "details": details}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        **{key: value for key, value in told.items() if value},
        "code": code,
    }


def deleted(names: Names, name: str, uid: str) -> Json:
    """Return the Status of a delete that is done."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": names.details(name, uid=uid),
    }


def cause(reason: str, message: str, field: str) -> Json:
    """Return one cause of a refusal."""
    return {"reason": reason, "message": message, "field": field}


def bad_request(message: str) -> RefusedError:
    """A body that does not fit its URL."""
    return RefusedError(400, "BadRequest", message)


def unauthorized() -> RefusedError:
    """A credential that nobody knows."""
    return RefusedError(401, "Unauthorized", "Unauthorized")


def forbidden(names: Names, name: str, why: str, **more: Any) -> RefusedError:
    """A request that this caller, or anybody now, may not make."""
    quoted = f' "{name}"' if name else ""
    message = f"{names.qualified}{quoted} is forbidden: {why}"
    return RefusedError(403, "Forbidden", message, names.details(name, **more))


def may_not(names: Names, name: str, user: str, verb: str, namespace: str) -> RefusedError:
    """A caller whose roles do not allow it, whether the object is there or not."""
    where = f'in API group "{names.group}" in the namespace "{namespace}"'
    return forbidden(names, name, f'User "{user}" cannot {verb} resource "{names.plural}" {where}')


def namespace_ends(names: Names, name: str, namespace: str) -> RefusedError:
    """A create in a namespace that is on its way out."""
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    ending = cause("NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace")
    return forbidden(names, name, why, causes=[ending])


def not_found(names: Names, name: str) -> RefusedError:
    """An object that is not there."""
    return RefusedError(404, "NotFound", f'{names.qualified} "{name}" not found', names.details(name))


def namespace_not_found(name: str) -> RefusedError:
    """A namespace that is not there."""
    details = {"name": name, "kind": "namespaces"}
    return RefusedError(404, "NotFound", f'namespaces "{name}" not found', details)


def namespace_already_exists(name: str) -> RefusedError:
    """A create of a namespace that is there."""
    details = {"name": name, "kind": "namespaces"}
    return RefusedError(409, "AlreadyExists", f'namespaces "{name}" already exists', details)


def already_exists(names: Names, name: str) -> RefusedError:
    """A create of what is there."""
    message = f'{names.qualified} "{name}" already exists'
    return RefusedError(409, "AlreadyExists", message, names.details(name))


def cannot_be_fulfilled(names: Names, name: str, why: str) -> RefusedError:
    """A precondition that does not hold."""
    message = f'Operation cannot be fulfilled on {names.qualified} "{name}": {why}'
    return RefusedError(409, "Conflict", message, names.details(name))


def modified(names: Names, name: str) -> RefusedError:
    """A resourceVersion that is not the newest."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return cannot_be_fulfilled(names, name, why)


def field_conflicts(conflicts: Sequence[Conflict], api_version: str) -> RefusedError:
    """An apply without force to fields of others: every one of them is named."""
    causes = [
        cause("FieldManagerConflict", f"conflict with {_whose(each.owner, api_version)}", spelled(each.path))
        for each in conflicts
    ]
    return RefusedError(409, "Conflict", _summary(conflicts, api_version), {"causes": causes})


def invalid(names: Names, name: str, causes: Sequence[Json]) -> RefusedError:
    """An object that its schema does not allow."""
    return _invalid(names.group, names.kind, name, causes)


def invalid_options(causes: Sequence[Json]) -> RefusedError:
    """A patch whose query does not fit together."""
    return _invalid("meta.k8s.io", "PatchOptions", "", causes)


def untyped(names: Names, name: str, namespace: str, why: str) -> RefusedError:
    """A body that an apply cannot take apart: a Status without a reason."""
    subject = f"({namespace}/{name}; {names.api_version}, Kind={names.kind})"
    return RefusedError(500, "", f"failed to create typed patch object {subject}: {why}")


def too_large(limit: int) -> RefusedError:
    """A body that is not read to its end."""
    return RefusedError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def unsupported_media_type() -> RefusedError:
    """A patch of a sort that custom resources do not have."""
    accepted = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return RefusedError(415, "UnsupportedMediaType", message)


def _invalid(group: str, kind: str, name: str, causes: Sequence[Json]) -> RefusedError:
    faults = [f"{each['field']}: {each['message']}" for each in causes]
    summary = faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"
    message = f'{kind}.{group} "{name}" is invalid: {summary}'
    details = {"name": name, "group": group, "kind": kind, "causes": list(causes)}
    return RefusedError(422, "Invalid", message, {key: value for key, value in details.items() if value})


def _summary(conflicts: Sequence[Conflict], api_version: str) -> str:
    if len(conflicts) == 1:
        (only,) = conflicts
        whose = _whose(only.owner, api_version)
        return f"Apply failed with 1 conflict: conflict with {whose}: {spelled(only.path)}"
    owners = dict.fromkeys(each.owner for each in conflicts)
    lines = [f"Apply failed with {len(conflicts)} conflicts: "]
    for owner in owners:
        lines.append(f"conflicts with {_whose(owner, api_version)}:")
        lines += [f"- {spelled(each.path)}" for each in conflicts if each.owner == owner]
    return lines[0] + "\n".join(lines[1:])


def _whose(owner: Owner, api_version: str) -> str:
    within = f' with subresource "{owner.subresource}"' if owner.subresource else ""
    using = f" using {api_version}" if owner.operation is Operation.UPDATE else ""
    return f'"{owner.manager}"{within}{using}'
