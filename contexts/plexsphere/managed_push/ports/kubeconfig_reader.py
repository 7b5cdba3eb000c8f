"""What a kubeconfig comes to."""

from typing import Protocol

from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.platform.kernel.secret import Secret


class KubeconfigReader(Protocol):
    """Reads kubeconfigs without running, opening or dialling anything (managed-push.md, validation catalog)."""

    def read(self, document: Secret[bytes], /) -> ClusterAccess:
        """
        Return how the current context's cluster is reached.

        Raises:
            KubeconfigInvalid: the first of the thirteen arms that the document fails under.
        """
        ...
