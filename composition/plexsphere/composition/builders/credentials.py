"""The half of identity that knows credentials: it needs nothing of another context."""

import secrets
from dataclasses import dataclass

from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.identity.adapters.nacl_event_signer import draw_key_pair
from plexsphere.identity.adapters.postgres.api_tokens import PostgresApiTokens
from plexsphere.identity.adapters.postgres.bootstrap_tokens import PostgresBootstrapTokens
from plexsphere.identity.adapters.postgres.credential_epochs import PostgresCredentialEpochs
from plexsphere.identity.adapters.postgres.node_identities import PostgresNodeIdentities
from plexsphere.identity.adapters.postgres.sealed_checks import PostgresSealedChecks
from plexsphere.identity.adapters.postgres.signing_keys import PostgresSigningKeys
from plexsphere.identity.application.api_token_uses import ApiTokenUses
from plexsphere.identity.application.authenticate_node import AuthenticateNode
from plexsphere.identity.application.authenticate_operator import AuthenticateOperator
from plexsphere.identity.application.credential_cache import CredentialCache
from plexsphere.identity.application.end_node_identity import EndNodeIdentity
from plexsphere.identity.application.ensure_seal_check import EnsureSealCheck
from plexsphere.identity.application.ensure_signing_key import EnsureSigningKey
from plexsphere.identity.application.give_node_identity import GiveNodeIdentity
from plexsphere.identity.application.identity_lookups import IdentityLookups
from plexsphere.identity.application.load_signing_keys import LoadSigningKeys
from plexsphere.identity.application.node_credentials import DrawNodeCredentials
from plexsphere.identity.application.redeem_bootstrap_token import RedeemBootstrapToken
from plexsphere.identity.application.renew_node_identity import RenewNodeIdentity
from plexsphere.identity.domain.node_identity import NodePrincipal
from plexsphere.identity.domain.principal import OperatorPrincipal
from plexsphere.platform.ids import mint_id


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything that proves somebody, and the keys that prove us."""

    api_tokens: PostgresApiTokens
    bootstrap_tokens: PostgresBootstrapTokens
    node_identities: PostgresNodeIdentities
    epochs: PostgresCredentialEpochs
    node_cache: CredentialCache[NodePrincipal]
    operator_cache: CredentialCache[OperatorPrincipal]
    token_uses: ApiTokenUses
    authenticate_node: AuthenticateNode
    authenticate_operator: AuthenticateOperator
    redeem_bootstrap_token: RedeemBootstrapToken
    give_node_identity: GiveNodeIdentity
    renew_node_identity: RenewNodeIdentity
    end_node_identity: EndNodeIdentity
    ensure_seal_check: EnsureSealCheck
    ensure_signing_key: EnsureSigningKey
    load_signing_keys: LoadSigningKeys


def build_credentials(platform: PlatformParts) -> Credentials:
    """Return the credentials half of identity."""
    database, clock, sealer = platform.database, platform.clock, platform.sealer
    api_tokens = PostgresApiTokens(database)
    bootstrap_tokens = PostgresBootstrapTokens(database)
    node_identities = PostgresNodeIdentities(database)
    epochs = PostgresCredentialEpochs(database, platform.backstage)
    signing_keys = PostgresSigningKeys(database)
    node_cache: CredentialCache[NodePrincipal] = CredentialCache(epochs, clock)
    operator_cache: CredentialCache[OperatorPrincipal] = CredentialCache(epochs, clock)
    uses = ApiTokenUses(api_tokens)
    draw = DrawNodeCredentials(secrets.token_bytes, sealer)
    return Credentials(
        api_tokens=api_tokens,
        bootstrap_tokens=bootstrap_tokens,
        node_identities=node_identities,
        epochs=epochs,
        node_cache=node_cache,
        operator_cache=operator_cache,
        token_uses=uses,
        authenticate_node=AuthenticateNode(
            database, node_identities, node_cache, IdentityLookups(node_identities)
        ),
        authenticate_operator=AuthenticateOperator(api_tokens, operator_cache, uses),
        redeem_bootstrap_token=RedeemBootstrapToken(database, bootstrap_tokens),
        give_node_identity=GiveNodeIdentity(database, node_identities, draw),
        renew_node_identity=RenewNodeIdentity(database, node_identities, epochs, draw),
        end_node_identity=EndNodeIdentity(database, node_identities, epochs),
        ensure_seal_check=EnsureSealCheck(database, PostgresSealedChecks(database), sealer),
        ensure_signing_key=EnsureSigningKey(database, signing_keys, draw_key_pair, sealer, mint_id, clock),
        load_signing_keys=LoadSigningKeys(signing_keys, sealer),
    )
