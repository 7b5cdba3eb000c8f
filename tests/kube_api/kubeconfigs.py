"""Kubeconfigs with everything inline."""

import base64
from typing import Any

import yaml

from tests.kube_api.certificates import Credential


def kubeconfig(
    *,
    server: str,
    authority: str = "",
    token: str = "",
    credential: Credential | None = None,
    tls_server_name: str = "",
) -> bytes:
    """Return a kubeconfig for a server; `authority` and the credential are PEM, what is empty is left out."""
    cluster: dict[str, Any] = {"server": server}
    if authority:
        cluster["certificate-authority-data"] = _base64(authority)
    if tls_server_name:
        cluster["tls-server-name"] = tls_server_name
    user: dict[str, Any] = {"token": token} if token else {}
    if credential:
        user["client-certificate-data"] = _base64(credential.certificate)
        user["client-key-data"] = _base64(credential.key)
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "customer", "cluster": cluster}],
        "users": [{"name": "customer", "user": user}],
        "contexts": [{"name": "customer", "context": {"cluster": "customer", "user": "customer"}}],
        "current-context": "customer",
    }
    return str(yaml.safe_dump(document, sort_keys=False)).encode()


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
