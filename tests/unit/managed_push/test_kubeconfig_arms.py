"""The thirteen arms of the validation catalog, in order, each in several hiding places (C16)."""

import itertools
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.managed_push.adapters.yaml_kubeconfig_reader import YamlKubeconfigReader
from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.managed_push.domain.egress import EgressPolicy
from plexsphere.managed_push.domain.errors import Arm, KubeconfigInvalid
from plexsphere.platform.kernel.secret import Secret
from tests.support.kubeconfig_documents import (
    NOTHING,
    SERVER,
    TOKEN,
    Document,
    a_certificate,
    an_authority,
    as_json,
    as_yaml,
    document,
    kubeconfig,
)

EXEC: Final = {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "args": ["-c", "id"]}

# One document for each arm, broken in nothing else: what is set in the cluster, the user and the whole.
BROKEN: Final[dict[Arm, tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]]] = {
    Arm.UNPARSEABLE_DOCUMENT: (NOTHING, NOTHING, {"kind": "Pod"}),
    Arm.CURRENT_CONTEXT_NOT_SET: (NOTHING, NOTHING, {"current-context": ""}),
    Arm.CURRENT_CONTEXT_DOES_NOT_RESOLVE: (NOTHING, NOTHING, {"current-context": "other"}),
    Arm.INSECURE_SKIP_TLS_VERIFY: ({"insecure-skip-tls-verify": True}, NOTHING, NOTHING),
    Arm.NON_HTTPS_SERVER: ({"server": "http://api.customer.example"}, NOTHING, NOTHING),
    Arm.CERTIFICATE_AUTHORITY_FILE: ({"certificate-authority": "/etc/hostname"}, NOTHING, NOTHING),
    Arm.PROXY_URL: ({"proxy-url": "http://proxy.example"}, NOTHING, NOTHING),
    Arm.EXEC_PLUGIN: (NOTHING, {"exec": EXEC}, NOTHING),
    Arm.AUTH_PROVIDER: (NOTHING, {"auth-provider": {"name": "gcp"}}, NOTHING),
    Arm.TOKEN_FILE: (NOTHING, {"tokenFile": "/proc/self/environ"}, NOTHING),
    Arm.CLIENT_CERTIFICATE_FILE: (NOTHING, {"client-certificate": "/etc/passwd"}, NOTHING),
    Arm.CLIENT_KEY_FILE: (NOTHING, {"client-key": "/etc/shadow"}, NOTHING),
    Arm.NO_USABLE_CONFIG: (NOTHING, {"username": "root", "password": "toor"}, NOTHING),
}


def broken(*arms: Arm) -> Document:
    """A document that breaks these arms and no other."""
    parts: list[Document] = [{}, {}, {}]
    for part, arm in itertools.product(range(3), arms):
        parts[part].update(BROKEN[arm][part])
    return document(cluster=parts[0], user=parts[1], whole=parts[2])


def read(octets: bytes) -> ClusterAccess:
    return YamlKubeconfigReader(EgressPolicy).read(Secret(octets))


def arm_of(octets: bytes) -> Arm:
    with pytest.raises(KubeconfigInvalid) as refused:
        read(octets)
    return refused.value.arm


def in_a_second_context(whole: Document) -> Document:
    """The same entries behind honest ones that are not reached."""
    honest = document()
    for plural in ("contexts", "clusters", "users"):
        for entry in honest[plural]:
            entry["name"] = f"honest-{entry['name']}"
        whole[plural] = honest[plural] + whole[plural]
    return whole


@pytest.mark.parametrize("arm", Arm)
def test_each_arm_refuses_what_it_names(arm: Arm) -> None:
    """C16: in YAML."""
    assert arm_of(as_yaml(broken(arm))) is arm


@pytest.mark.parametrize("arm", Arm)
def test_no_arm_is_lost_in_json(arm: Arm) -> None:
    """C16: JSON is read by the same rules."""
    assert arm_of(as_json(broken(arm))) is arm


@pytest.mark.parametrize("arm", Arm)
def test_no_arm_is_lost_behind_honest_entries(arm: Arm) -> None:
    """C16: the current context decides, wherever it stands."""
    assert arm_of(as_yaml(in_a_second_context(broken(arm)))) is arm


@pytest.mark.parametrize("arm", Arm)
def test_no_arm_is_lost_in_another_style_of_yaml(arm: Arm) -> None:
    """C16: quoted, in flow style, with escapes, comments and tabs between the tokens."""
    flow = as_json(broken(arm)).replace(b"\n", b"\t\r\n").replace(b"e", b"\\x65")

    assert arm_of(b"# kubeconfig\n--- # of a customer\n" + flow + b"\n...\n") is arm


@pytest.mark.parametrize(
    "trick",
    [
        b"first: &anchor 1\n",
        b"first: &anchor {a: b}\nsecond: *anchor\n",
        b"first: &anchor [*anchor]\n",
        b"first: !!str 1\n",
        b"first: !local 1\n",
        b"first: ! 1\n",
        b"first: !!binary L2V0Yy9wYXNzd2Q=\n",
        b"first: !!python/object/apply:os.system [id]\n",
        b"<<: {first: 1}\n",
        b'"<<": {first: 1}\n',
        b"kind: Config\n",
        b'"kind": Config\n',
        b"'k\x69nd': Config\n",
        b'"\\x6bind": Config\n',
        b"? kind\n: Config\n",
        b"? [first]\n: 1\n",
        b"? {first: 1}\n: 1\n",
        b"first: {a: 1, a: 1}\n",
        b"--- {}\n",
        b"---\n",
        b"...\n---\n",
        b"first: [\n",
        b"first: \x00\n",
        b"first: \x07\n",
        b"first: \xff\n",
        b"first: \xed\xa0\x80\n",
        b"\tfirst: 1\n",
    ],
)
@pytest.mark.parametrize("arm", list(Arm)[1:])
def test_what_two_readers_may_read_differently_is_no_kubeconfig(arm: Arm, trick: bytes) -> None:
    """C16: duplicate keys, merges, aliases, tags and a second document hide nothing: the first arm refuses them."""
    assert arm_of(as_yaml(broken(arm)) + trick) is Arm.UNPARSEABLE_DOCUMENT
    assert arm_of(kubeconfig() + trick) is Arm.UNPARSEABLE_DOCUMENT


@pytest.mark.parametrize(
    "user",
    [
        "  - {name: pusher, user: {token: t, exec: {command: id}, exec: null}}",
        "  - {name: pusher, user: {exec: {command: id}, token: t, token: t}}",
        "  - {name: pusher, user: {token: t, <<: {exec: {command: id}}}}",
        "  - {name: pusher, user: {token: t, <<: [{exec: {command: id}}]}}",
        "  - {name: pusher, user: &user {token: t}}\n  - {name: other, user: *user}",
        "  - &user {name: pusher, user: {token: t}}",
        "  - {name: pusher, user: !!map {token: t}}",
        "  - {name: pusher, user: {token: !!binary dG9rZW4=}}",
        "  - {name: pusher, user: {token: t}}\n  - {name: pusher, user: {exec: {command: id}}}",
    ],
)
def test_an_entry_hidden_by_tricks_of_yaml_is_no_kubeconfig(user: str) -> None:
    """C16: what would bring an exec plugin past a reader who looks once."""
    head = as_yaml({key: value for key, value in document().items() if key != "users"})

    assert arm_of(head + f"users:\n{user}\n".encode()) is Arm.UNPARSEABLE_DOCUMENT


@pytest.mark.parametrize(("earlier", "later"), list(itertools.combinations(Arm, 2)))
def test_the_first_arm_that_a_document_breaks_is_the_one_that_refuses_it(earlier: Arm, later: Arm) -> None:
    """C16: the order is the catalog's."""
    if {earlier, later} == {Arm.CURRENT_CONTEXT_NOT_SET, Arm.CURRENT_CONTEXT_DOES_NOT_RESOLVE}:
        both = document(whole={"current-context": "", "contexts": []})
    else:
        both = broken(earlier, later)

    assert arm_of(as_yaml(both)) is earlier


LOOKALIKES: Final = {
    "exec": ("Exec", "EXEC", "exec ", " exec", "ex\N{CYRILLIC SMALL LETTER IE}c", "exec\N{ZERO WIDTH SPACE}"),
    "auth-provider": (
        "authProvider",
        "auth_provider",
        "Auth-Provider",
        "auth\N{NON-BREAKING HYPHEN}provider",
    ),
    "tokenFile": (
        "tokenfile",
        "TokenFile",
        "TOKENFILE",
        "token-file",
        "Token-File",
        "token_file",
        "tokenFile ",
    ),
    "client-certificate": (
        "clientCertificate",
        "Client-Certificate",
        "client_certificate",
        "client-certificate ",
    ),
    "client-key": ("clientKey", "Client-Key", "client_key", "client-\N{KELVIN SIGN}ey", "client-key-file"),
    "certificate-authority": ("certificateAuthority", "Certificate-Authority", "certificate-authority "),
    "proxy-url": ("proxyURL", "proxyUrl", "Proxy-URL", "proxy_url", "proxy-url\N{ZERO WIDTH JOINER}"),
    "insecure-skip-tls-verify": (
        "insecureSkipTLSVerify",
        "Insecure-Skip-TLS-Verify",
        "insecure_skip_tls_verify",
    ),
    "server": ("Server", "SERVER", "server ", "serv\N{CYRILLIC SMALL LETTER IE}r"),
    "token": ("Token", "TOKEN", "token ", "bearerToken", "\N{FULLWIDTH LATIN SMALL LETTER T}oken"),
    "impersonation": ("as", "as-uid", "as-groups", "as-user-extra", "impersonate-user", "impersonate-groups"),
    "basic": ("username", "password", "Username"),
    "unknown": (
        "x",
        "",
        "1",
        "null",
        "certificate-authority-data ",
        "tls-server-name ",
        "client-key-passphrase",
    ),
}


@pytest.mark.parametrize("key", [key for keys in LOOKALIKES.values() for key in keys])
def test_a_key_that_is_not_known_is_refused_where_the_current_context_reaches(key: str) -> None:
    """C16: lookalikes are unknown keys, and an unknown key might mean something to the next reader."""
    for part in ("cluster", "user", "context"):
        reached: dict[str, Any] = {part: {key: "/etc/passwd"}}

        assert arm_of(kubeconfig(**reached)) is Arm.NO_USABLE_CONFIG


@pytest.mark.parametrize("value", ["", [], {}, False, 0, "null", "~ "])
@pytest.mark.parametrize("arm", [arm for arm in Arm if 6 <= arm <= 12])
def test_a_key_that_must_not_be_set_is_not_set_to_nothing_either(arm: Arm, value: object) -> None:
    """C16: an empty value is a value."""
    cluster, user, _ = BROKEN[arm]

    octets = kubeconfig(cluster=dict.fromkeys(cluster, value), user=dict.fromkeys(user, value))

    assert arm_of(octets) is arm


@pytest.mark.parametrize("arm", [arm for arm in Arm if arm in range(6, 13) or arm == 4 or arm == 13])
def test_a_key_whose_value_is_null_is_absent(arm: Arm) -> None:
    cluster, user, _ = BROKEN[arm]

    octets = kubeconfig(cluster=dict.fromkeys(cluster), user=dict.fromkeys(user))

    assert read(octets) == read(kubeconfig())


@pytest.mark.parametrize("value", [True, "true", "false", "False", "", "0", 0, 1, [], {}])
def test_nothing_but_false_leaves_verification_on(value: object) -> None:
    """C15, C16: a reader that asks for truth would take the text "false" for true."""
    assert arm_of(kubeconfig(cluster={"insecure-skip-tls-verify": value})) is Arm.INSECURE_SKIP_TLS_VERIFY


@pytest.mark.parametrize("written", ["true", "True", "TRUE", "yes", "Yes", "on", "ON", "1", "y", "~true"])
def test_no_spelling_of_truth_is_overlooked(written: str) -> None:
    """C16: YAML has many."""
    octets = kubeconfig(cluster={"insecure-skip-tls-verify": "PLACE"}).replace(b"PLACE", written.encode())

    assert arm_of(octets) is Arm.INSECURE_SKIP_TLS_VERIFY


@pytest.mark.parametrize("written", ["false", "False", "FALSE", "no", "Off", "null", "~", ""])
def test_every_spelling_of_false_is_as_good_as_none(written: str) -> None:
    octets = kubeconfig(cluster={"insecure-skip-tls-verify": "PLACE"}).replace(b"PLACE", written.encode())

    assert read(octets) == read(kubeconfig())


@pytest.mark.parametrize("directive", [b"%YAML 1.1\n", b"%TAG ! tag:yaml.org,2002:python/\n", b"%TAG !! !\n"])
def test_a_document_directs_nobody(directive: bytes) -> None:
    """C16: a directive may make a tag of what looks like none."""
    assert arm_of(directive + b"---\n" + kubeconfig()) is Arm.UNPARSEABLE_DOCUMENT


@pytest.mark.parametrize(
    "server",
    [
        None,
        "",
        6443,
        True,
        ["https://api.customer.example"],
        "api.customer.example",
        "//api.customer.example",
        "http://api.customer.example",
        "HTTP://api.customer.example",
        "ftp://api.customer.example",
        "file:///etc/passwd",
        "unix:///run/api.sock",
        "https:api.customer.example",
        "https:/api.customer.example",
        "https:\\\\api.customer.example",
        "http\N{LATIN SMALL LETTER LONG S}://api.customer.example",
        " https://api.customer.example",
        "\nhttps://api.customer.example",
        "https://",
        "https:///",
        "https:///k8s",
        "https://:6443",
        "https://user@",
        "https://?a=b",
        "https://#",
        "https+insecure://api.customer.example",
        "httpss://api.customer.example",
    ],
)
def test_a_server_is_an_https_url_with_a_host(server: object) -> None:
    """C12: arm 5."""
    assert arm_of(kubeconfig(cluster={"server": server})) is Arm.NON_HTTPS_SERVER


@pytest.mark.parametrize(
    "whole",
    [
        {"apiVersion": "v2"},
        {"apiVersion": ""},
        {"apiVersion": 1},
        {"apiVersion": ["v1"]},
        {"kind": "config"},
        {"kind": True},
        {"current-context": 1},
        {"current-context": ["main"]},
        {"contexts": {"main": {}}},
        {"contexts": "main"},
        {"clusters": {}},
        {"users": False},
        {"users": [None]},
        {"users": ["pusher"]},
        {"users": [{"user": {"token": "t"}}]},
        {"users": [{"name": 1, "user": {"token": "t"}}]},
        {"users": [{"name": "pusher", "user": "token"}]},
        {"users": [{"name": "pusher", "user": []}]},
        {"users": [*document()["users"], {"name": "other", "user": 1}]},
        {"contexts": document()["contexts"] * 2},
        {"clusters": document()["clusters"] * 2},
        {"users": document()["users"] * 2},
        {"users": [*document()["users"], {"name": "x", "user": {}}, {"name": "x", "user": {}}]},
    ],
)
def test_a_document_of_another_shape_is_no_kubeconfig(whole: Document) -> None:
    """C16: arm 1, entries of one name among it, wherever they stand."""
    assert arm_of(as_json(document(whole=whole))) is Arm.UNPARSEABLE_DOCUMENT


@pytest.mark.parametrize(
    "octets", [b"", b"\n", b"# nothing\n", b"null", b"text", b"[]", b"1", b"[{}]", b"\xef\xbb\xbf{}"]
)
def test_what_is_no_mapping_is_no_kubeconfig(octets: bytes) -> None:
    assert arm_of(octets) is Arm.UNPARSEABLE_DOCUMENT


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7"])
def test_a_document_is_utf_8_without_a_mark(encoding: str) -> None:
    octets = (
        kubeconfig(user={"extensions": "\N{LATIN SMALL LETTER E WITH ACUTE}+-"}).decode().encode(encoding)
    )

    assert (encoding == "utf-7" and read(octets)) or arm_of(octets) is Arm.UNPARSEABLE_DOCUMENT


@pytest.mark.parametrize(
    "whole",
    [
        {"current-context": None},
        {"current-context": ""},
        {"current-context": None, "contexts": None, "clusters": None, "users": None},
    ],
)
def test_a_current_context_is_set(whole: Document) -> None:
    assert arm_of(as_yaml(document(whole=whole))) is Arm.CURRENT_CONTEXT_NOT_SET


@pytest.mark.parametrize(
    "parts",
    [
        {"whole": {"contexts": []}},
        {"whole": {"contexts": None}},
        {"whole": {"clusters": []}},
        {"whole": {"users": None}},
        {"whole": {"current-context": "Main"}},
        {"whole": {"current-context": "main "}},
        {"whole": {"contexts": [{"name": "main"}]}},
        {"context": {"cluster": ""}},
        {"context": {"cluster": None}},
        {"context": {"cluster": "Customer"}},
        {"context": {"cluster": ["customer"]}},
        {"context": {"user": 1}},
        {"context": {"user": "nobody"}},
    ],
)
def test_a_current_context_resolves_to_entries_that_are_there(parts: Document) -> None:
    assert arm_of(kubeconfig(**parts)) is Arm.CURRENT_CONTEXT_DOES_NOT_RESOLVE


@pytest.mark.parametrize("arm", [arm for arm in Arm if arm >= Arm.INSECURE_SKIP_TLS_VERIFY])
def test_what_the_current_context_does_not_reach_is_neither_judged_nor_used(arm: Arm) -> None:
    """C16: an evil neighbour is not read, so it harms nobody."""
    evil = broken(arm)
    whole = document()
    for plural in ("contexts", "clusters", "users"):
        for entry in evil[plural]:
            entry["name"] = f"evil-{entry['name']}"
        whole[plural] = evil[plural] + whole[plural]

    assert read(as_yaml(whole)) == read(kubeconfig())


@pytest.mark.parametrize(
    "parts",
    [
        {"cluster": {"extensions": [{"name": "minikube.sigs.k8s.io", "extension": {"version": 1.25}}]}},
        {"cluster": {"disable-compression": True}},
        {"cluster": {"insecure-skip-tls-verify": False}},
        {"context": {"namespace": "hooks", "extensions": []}},
        {"user": {"extensions": {"when": "2026-11-22"}}},
        {"whole": {"preferences": {"colors": True}, "extensions": []}},
        {"whole": {"apiVersion": None, "kind": None}},
    ],
)
def test_what_changes_nothing_may_be_said(parts: Document) -> None:
    assert read(kubeconfig(**parts)) == read(kubeconfig())


NAMES: Final = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12)


@given(
    host=st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{2,8}){0,3}", fullmatch=True),
    port=st.integers(1, 65_535),
    token=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=200),
    names=st.tuples(NAMES, NAMES, NAMES),
)
def test_a_kubeconfig_comes_to_its_parts_in_yaml_and_in_json(
    host: str, port: int, token: str, names: tuple[str, str, str]
) -> None:
    main, cluster, user = names
    whole = document(f"https://{host}:{port}", token=token, authority=an_authority())
    whole["current-context"] = whole["contexts"][0]["name"] = main
    whole["contexts"][0]["context"] = {"cluster": cluster, "user": user}
    whole["clusters"][0]["name"], whole["users"][0]["name"] = cluster, user

    access = read(as_yaml(whole))

    assert (access.host, access.port, access.base_path) == (host, port, "")
    assert (access.token, access.authority) == (Secret(token), an_authority())
    assert access == read(as_json(whole))


def test_a_kubeconfig_with_everything_in_it_comes_to_all_of_it() -> None:
    access = read(
        kubeconfig(
            authority=an_authority(),
            client_certificate=a_certificate(),
            cluster={"tls-server-name": "Kubernetes.default"},
        )
    )

    assert access == ClusterAccess(
        server=SERVER,
        host="api.customer.example",
        port=6443,
        base_path="",
        tls_server_name="kubernetes.default",
        authority=an_authority(),
        token=Secret(TOKEN),
        client_certificate=a_certificate(),
    )


def test_a_refusal_quotes_nothing_and_carries_nothing_that_does() -> None:
    """C16: the parser's own errors quote the lines they stumble over."""
    for octets in (kubeconfig() + b"token: canary: [", kubeconfig() + b"\xff", kubeconfig(token="canary\n")):
        with pytest.raises(KubeconfigInvalid) as refused:
            read(octets)

        assert refused.value.__context__ is None
        assert refused.value.__cause__ is None
        assert str(refused.value) == refused.value.arm.name.lower()
