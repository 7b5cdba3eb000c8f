"""Kubeconfigs as YAML or JSON, read in memory."""

from collections.abc import Callable
from dataclasses import replace

from plexsphere.managed_push.adapters import yaml_document
from plexsphere.managed_push.adapters.pem_certificates import authority, client_certificate
from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.managed_push.domain.egress import EgressPolicy
from plexsphere.managed_push.domain.kubeconfig import Kubeconfig
from plexsphere.platform.kernel.secret import Secret


class YamlKubeconfigReader:
    """Reads what the current context comes to; `egress` tells what is dialled at the moment."""

    def __init__(self, egress: Callable[[], EgressPolicy]) -> None:
        self._egress = egress

    def read(self, document: Secret[bytes], /) -> ClusterAccess:
        """
        Return how the current context's cluster is reached, its certificates and key read and written anew.

        Raises:
            KubeconfigInvalid: the first of the thirteen arms that the document fails under.
        """
        kubeconfig = Kubeconfig.load(yaml_document.parse(document.reveal()))
        access = kubeconfig.access(self._egress())
        pair = access.client_certificate
        return replace(
            access,
            authority=authority(access.authority) if access.authority else "",
            client_certificate=client_certificate(pair) if pair else None,
        )
