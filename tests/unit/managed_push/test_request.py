"""Requests: what Kubernetes takes, and nothing else."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.managed_push.application.hook_draft import HookDraft
from plexsphere.managed_push.domain.errors import SpecFault, SpecInvalid

DIGEST: Final = "sha256:" + "0f" * 32
WHOLE: Final[dict[str, Any]] = {"namespace": "plexd", "name": "nightly-backup", "image_digest": DIGEST}


def test_a_draft_with_names_and_a_digest_is_a_request() -> None:
    request = HookDraft(**WHOLE).request()

    assert request.place == ("plexd", "nightly-backup")
    assert request.rendered() == {
        "apiVersion": "hooks.plexd.io/v1alpha1",
        "kind": "PlexdHook",
        "metadata": {"namespace": "plexd", "name": "nightly-backup"},
        "spec": {
            "name": "nightly-backup",
            "imageDigest": DIGEST,
            "timeoutSeconds": 0,
            "sandbox": False,
        },
    }


@pytest.mark.parametrize("given_fields", [{}, {"namespace": "plexd"}, {"namespace": "plexd", "name": "a"}])
def test_a_field_that_is_missing_is_named(given_fields: dict[str, Any]) -> None:
    with pytest.raises(SpecInvalid) as caught:
        HookDraft(**given_fields).request()

    assert caught.value.fault is list(SpecFault)[len(given_fields)]


@pytest.mark.parametrize(
    "name",
    [
        "Nightly",
        "nightly_backup",
        "-nightly",
        "nightly-",
        "night ly",
        "nightly\n",
        "nightl\u0443",
        "\u202enightly",
        "nightly/status",
        "nightly%2Fstatus",
        "..",
        "a..b",
        "a" * 64,
        "$(reboot)",
        "nïghtly",
    ],
)
@pytest.mark.parametrize("field", ["namespace", "name"])
def test_what_is_no_name_of_kubernetes_is_refused(field: str, name: str) -> None:
    """M01."""
    with pytest.raises(SpecInvalid) as caught:
        HookDraft(**{**WHOLE, field: name}).request()

    assert caught.value.fault == field


@pytest.mark.parametrize(("field", "is_taken"), [("name", True), ("namespace", False)])
def test_a_hook_may_have_dots_in_its_name_and_a_namespace_none(field: str, is_taken: bool) -> None:
    draft = HookDraft(**{**WHOLE, field: "backup.nightly"})

    if is_taken:
        assert draft.request().spec.name == "backup.nightly"
    else:
        with pytest.raises(SpecInvalid):
            draft.request()


@pytest.mark.parametrize("length", [253, 254])
def test_a_name_has_at_most_253_characters(length: int) -> None:
    name = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * (length - 192)])

    if length == 253:
        assert len(HookDraft(**{**WHOLE, "name": name}).request().spec.name) == 253
    else:
        with pytest.raises(SpecInvalid):
            HookDraft(**{**WHOLE, "name": name}).request()


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "sha256:",
        DIGEST.upper(),
        "SHA256:" + "0f" * 32,
        "sha256:" + "0F" * 32,
        DIGEST[:-1],
        DIGEST + "0",
        f" {DIGEST}",
        f"{DIGEST}\n",
        "sha512:" + "0f" * 64,
        "0f" * 32,
        "latest",
    ],
)
def test_a_digest_is_canonical_or_none(digest: str) -> None:
    """M14."""
    with pytest.raises(SpecInvalid) as caught:
        HookDraft(**{**WHOLE, "image_digest": digest}).request()

    assert caught.value.fault is SpecFault.IMAGE_DIGEST


@given(st.text(max_size=80))
def test_no_other_text_is_a_digest(text: str) -> None:
    """M14."""
    is_digest = text.startswith("sha256:") and len(text) == 71 and set(text[7:]) <= set("0123456789abcdef")

    assert _is_taken({"image_digest": text}) == is_digest


@given(st.integers(-(2**64), 2**64))
def test_a_timeout_lies_within_a_day(seconds: int) -> None:
    assert _is_taken({"timeout_seconds": seconds}) == (0 <= seconds <= 86_400)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_a_parameter_has_a_key_and_no_nul(parameters: dict[str, str]) -> None:
    is_sound = all(key and "\0" not in key + value for key, value in parameters.items())

    assert _is_taken({"parameters": parameters}) == is_sound


def test_a_request_keeps_its_parameters_whatever_becomes_of_the_drafts() -> None:
    parameters = {"depth": "3"}
    request = HookDraft(**WHOLE, parameters=parameters).request()

    parameters["depth"] = "4"

    assert request.spec.parameters == {"depth": "3"}


def test_a_request_shows_nobody_its_parameters() -> None:
    request = HookDraft(**WHOLE, parameters={"password": "canary"}).request()

    assert "canary" not in repr(request)
    assert "canary" not in repr(HookDraft(parameters={"password": "canary"}))


def _is_taken(changed: dict[str, Any]) -> bool:
    try:
        HookDraft(**{**WHOLE, **changed}).request()
    except SpecInvalid:
        return False
    return True
