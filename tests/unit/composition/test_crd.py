"""`plexsphere crd` prints the definition that customers apply, and that our own API server enforces."""

import re
from typing import Any, Final

import pytest
import yaml

from plexsphere.managed_push.domain.errors import SpecInvalid
from plexsphere.managed_push.domain.request import Request
from plexsphere.platform.kernel.plexd_hook import PLEXD_HOOK_GVK
from tests.kube_api.definitions import Definition, plexd_hook
from tests.kube_api.validation import faults, untyped_parts
from tests.support.command_line import within

DIGEST: Final = f"sha256:{'a' * 64}"
GOOD: Final[dict[str, Any]] = {
    "name": "backup",
    "image_digest": DIGEST,
    "parameters": {"a": "1"},
    "timeout_seconds": 0,
    "sandbox": False,
}


def printed() -> dict[str, Any]:
    return dict(yaml.safe_load(within("crd").said))


def test_what_is_printed_defines_the_kind_that_is_pushed_and_discovered() -> None:
    defined = Definition.told(printed()).names

    assert (defined.group, defined.version, defined.kind, defined.plural) == (
        PLEXD_HOOK_GVK.group,
        PLEXD_HOOK_GVK.version,
        PLEXD_HOOK_GVK.kind,
        PLEXD_HOOK_GVK.plural,
    )
    assert printed()["metadata"]["name"] == f"{PLEXD_HOOK_GVK.plural}.{PLEXD_HOOK_GVK.group}"
    assert printed()["spec"]["scope"] == "Namespaced"


def test_our_own_api_server_enforces_what_is_printed() -> None:
    assert plexd_hook() == Definition.told(printed())


def test_the_command_needs_nothing_and_complains_of_nothing() -> None:
    ended = within("crd")

    assert (ended.status, ended.complained) == (0, "")


def test_its_help_shows_how_to_apply_it() -> None:
    assert "plexsphere crd | kubectl apply -f -" in within("crd", "--help").said


def test_the_schema_knows_the_five_fields_and_no_other() -> None:
    spec = plexd_hook().schema["properties"]["spec"]

    assert {name: field["type"] for name, field in spec["properties"].items()} == {
        "name": "string",
        "imageDigest": "string",
        "parameters": "object",
        "timeoutSeconds": "integer",
        "sandbox": "boolean",
    }
    assert spec["required"] == ["name", "imageDigest"]
    assert spec["properties"]["imageDigest"]["pattern"] == "^sha256:[0-9a-f]{64}$"


def test_the_status_is_a_subresource_of_any_form() -> None:
    (version,) = printed()["spec"]["versions"]

    assert version["subresources"] == {"status": {}}
    assert version["schema"]["openAPIV3Schema"]["properties"]["status"][
        "x-kubernetes-preserve-unknown-fields"
    ]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"parameters": {}},
        {"timeout_seconds": 86_400, "sandbox": True},
        {"name": ".".join(["a" * 63] * 3 + ["a" * 61])},
    ],
)
def test_whatever_may_be_pushed_fits_the_schema(change: dict[str, Any]) -> None:
    definition, given = plexd_hook(), {**GOOD, **change}
    body = Request.of("default", **given).rendered()

    assert list(untyped_parts(body, definition.shape)) == []
    assert list(faults(body, definition.schema, "")) == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"image_digest": f"{DIGEST}\n"},
        {"image_digest": DIGEST.upper()},
        {"timeout_seconds": -1},
        {"timeout_seconds": 86_401},
    ],
)
def test_what_the_schema_refuses_is_refused_before_it_is_pushed(change: dict[str, Any]) -> None:
    given = {**GOOD, **change}
    spec = {
        "name": given["name"],
        "imageDigest": given["image_digest"],
        "timeoutSeconds": given["timeout_seconds"],
    }
    body = {"spec": spec}

    assert list(faults(body, plexd_hook().schema, ""))
    with pytest.raises(SpecInvalid):
        Request.of("default", **given)


def test_the_printed_columns_name_fields_that_there_are() -> None:
    (version,) = printed()["spec"]["versions"]
    paths = [column["jsonPath"] for column in version["additionalPrinterColumns"]]
    fields = plexd_hook().schema["properties"]["spec"]["properties"]

    named = [found[1] for path in paths if (found := re.fullmatch(r"\.spec\.(\w+)", path))]
    assert len(named) == len(paths) - 1
    assert set(named) <= fields.keys()
