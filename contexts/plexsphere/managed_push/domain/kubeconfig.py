"""
The thirteen arms a kubeconfig is tried under, in the order of the catalog (managed-push.md).

Only what the current context reaches is judged and used. A key whose value is null counts as absent, and no other
value does: where a key must not be set, the empty text does not stand there either.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self

from plexsphere.managed_push.domain.cluster_access import ClientCertificate, ClusterAccess
from plexsphere.managed_push.domain.egress import EgressPolicy
from plexsphere.managed_push.domain.errors import Arm, KubeconfigInvalid
from plexsphere.managed_push.domain.server_url import ServerUrl, host_name, is_https
from plexsphere.platform.kernel.secret import Secret

Entry = Mapping[str, Any]

LONGEST_TOKEN: Final = 16_384

# What is read, and what is known to change nothing; any other key of a reached entry might mean something to somebody.
_OF_A_CONTEXT: Final = frozenset({"cluster", "user", "namespace", "extensions"})
_OF_A_CLUSTER: Final = frozenset(
    {
        "server",
        "certificate-authority-data",
        "insecure-skip-tls-verify",
        "tls-server-name",
        "disable-compression",
        "extensions",
    }
)
_OF_A_USER: Final = frozenset({"token", "client-certificate-data", "client-key-data", "extensions"})

_CLUSTER_MUST_NOT_SET: Final = {
    "certificate-authority": Arm.CERTIFICATE_AUTHORITY_FILE,
    "proxy-url": Arm.PROXY_URL,
}
_USER_MUST_NOT_SET: Final = {
    "exec": Arm.EXEC_PLUGIN,
    "auth-provider": Arm.AUTH_PROVIDER,
    "tokenFile": Arm.TOKEN_FILE,
    "client-certificate": Arm.CLIENT_CERTIFICATE_FILE,
    "client-key": Arm.CLIENT_KEY_FILE,
}

# Whatever else stood in a token would end or split the header that carries it.
_TOKEN: Final = re.compile(r"[!-~]+", re.ASCII)
_WITHOUT_LINE_ENDS: Final = str.maketrans("", "", "\r\n")


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """What a kubeconfig document is made of: entries by name, and the name of the current context."""

    current_context: str
    contexts: Mapping[str, Entry]
    clusters: Mapping[str, Entry]
    users: Mapping[str, Entry]

    @classmethod
    def load(cls, document: object) -> Self:
        """
        Take a parsed document apart.

        Raises:
            KubeconfigInvalid: arm 1: no kubeconfig, entries of another shape, or two of one kind and name.
        """
        whole = _present(_mapping(document))
        _demand(whole.get("apiVersion", "v1") == "v1", Arm.UNPARSEABLE_DOCUMENT)
        _demand(whole.get("kind", "Config") == "Config", Arm.UNPARSEABLE_DOCUMENT)
        return cls(
            _name(whole.get("current-context", "")),
            _entries(whole.get("contexts", []), "context"),
            _entries(whole.get("clusters", []), "cluster"),
            _entries(whole.get("users", []), "user"),
        )

    def access(self, egress: EgressPolicy) -> ClusterAccess:
        """
        Return what the current context comes to.

        Raises:
            KubeconfigInvalid: the first arm from 2 on that it fails under.
        """
        _demand(self.current_context != "", Arm.CURRENT_CONTEXT_NOT_SET)
        context = _resolved(self.contexts, self.current_context)
        cluster = _resolved(self.clusters, context.get("cluster"))
        user = _resolved(self.users, context.get("user"))
        _judge_cluster(cluster)
        _judge_user(user)
        _demand(
            _knows(context, _OF_A_CONTEXT) and _knows(cluster, _OF_A_CLUSTER) and _knows(user, _OF_A_USER)
        )
        return _access(cluster, user, egress)


def _judge_cluster(cluster: Entry) -> None:
    _demand(cluster.get("insecure-skip-tls-verify", False) is False, Arm.INSECURE_SKIP_TLS_VERIFY)
    server = cluster.get("server")
    _demand(isinstance(server, str) and is_https(server), Arm.NON_HTTPS_SERVER)
    _refuse(cluster, _CLUSTER_MUST_NOT_SET)


def _judge_user(user: Entry) -> None:
    _refuse(user, _USER_MUST_NOT_SET)


def _access(cluster: Entry, user: Entry, egress: EgressPolicy) -> ClusterAccess:
    server: str = cluster["server"]
    url = ServerUrl.parse(server, egress)
    token, certificate = _token(user), _client_certificate(user)
    _demand(token is not None or certificate is not None)
    return ClusterAccess(
        server=server,
        host=url.host,
        port=url.port,
        base_path=url.base_path,
        tls_server_name=_tls_server_name(cluster),
        authority=_authority(cluster),
        token=token,
        client_certificate=certificate,
    )


def _tls_server_name(cluster: Entry) -> str:
    if "tls-server-name" not in cluster:
        return ""
    return host_name(_text(cluster["tls-server-name"]))


def _authority(cluster: Entry) -> str:
    if "certificate-authority-data" not in cluster:
        return ""
    return _inline(cluster["certificate-authority-data"])


def _token(user: Entry) -> Secret[str] | None:
    if "token" not in user:
        return None
    token = _text(user["token"])
    _demand(len(token) <= LONGEST_TOKEN and _TOKEN.fullmatch(token) is not None)
    return Secret(token)


def _client_certificate(user: Entry) -> ClientCertificate | None:
    if user.keys().isdisjoint({"client-certificate-data", "client-key-data"}):
        return None
    certificate, key = user.get("client-certificate-data"), user.get("client-key-data")
    return ClientCertificate(_inline(certificate), Secret(_inline(key)))


def _inline(data: object) -> str:
    """Return the text behind base64, which may be broken into lines, as Go takes it."""
    folded = _text(data).translate(_WITHOUT_LINE_ENDS)
    with suppress(ValueError):
        return _text(b64decode(folded, validate=True).decode())
    # Raised out here, since the decoder's error holds what it could not decode.
    raise KubeconfigInvalid(Arm.NO_USABLE_CONFIG)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise KubeconfigInvalid(Arm.NO_USABLE_CONFIG)
    return value


def _entries(listing: object, kind: str) -> Mapping[str, Entry]:
    if not isinstance(listing, list):
        raise KubeconfigInvalid(Arm.UNPARSEABLE_DOCUMENT)
    named = [_present(_mapping(each)) for each in listing]
    entries = {_name(each.get("name")): _present(_mapping(each.get(kind, {}))) for each in named}
    _demand(len(entries) == len(named), Arm.UNPARSEABLE_DOCUMENT)
    return entries


def _resolved(entries: Mapping[str, Entry], name: object) -> Entry:
    if not isinstance(name, str) or name not in entries:
        raise KubeconfigInvalid(Arm.CURRENT_CONTEXT_DOES_NOT_RESOLVE)
    return entries[name]


def _mapping(value: object) -> Entry:
    if not isinstance(value, dict):
        raise KubeconfigInvalid(Arm.UNPARSEABLE_DOCUMENT)
    return value


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise KubeconfigInvalid(Arm.UNPARSEABLE_DOCUMENT)
    return value


def _present(entry: Entry) -> Entry:
    return {key: value for key, value in entry.items() if value is not None}


def _knows(entry: Entry, known: frozenset[str]) -> bool:
    return entry.keys() <= known


def _refuse(entry: Entry, keys: Mapping[str, Arm]) -> None:
    for key, arm in keys.items():
        _demand(key not in entry, arm)


def _demand(holds: bool, arm: Arm = Arm.NO_USABLE_CONFIG) -> None:
    if not holds:
        raise KubeconfigInvalid(arm)
