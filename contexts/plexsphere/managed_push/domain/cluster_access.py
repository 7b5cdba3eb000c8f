"""How a cluster is reached: all that a client is built from, and nothing a kubeconfig could add to it."""

from dataclasses import dataclass

from plexsphere.platform.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate chain and its key, both in PEM."""

    certificate: str
    key: Secret[str]


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """
    What the current context of a valid kubeconfig comes to (managed-push.md, Kubeconfig validation catalog).

    `server` is the URL as the operator wrote it, for display. `host` is a DNS name in lower case or the canonical text
    of an address; `base_path` is empty or begins with a slash and ends without one. `tls_server_name` is empty where
    `host` is the name to verify; `authority` is the cluster's CA in PEM, empty for the roots of the system.
    """

    server: str
    host: str
    port: int
    base_path: str
    tls_server_name: str
    authority: str
    token: Secret[str] | None
    client_certificate: ClientCertificate | None

    def __post_init__(self) -> None:
        if self.token is None and self.client_certificate is None:
            raise ValueError("nobody is let in without a credential")
