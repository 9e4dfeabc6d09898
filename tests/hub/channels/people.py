"""People with a credential, for tests of the hub that have no database."""

import datetime as dt
from collections.abc import Collection

from protocol.rights import TokenScope
from server.database.people.credentials import PERSON_SCOPES, Credential, CredentialKind
from server.database.people.users import Account
from server.hub.sockets.admission import Admitted

FAR_AWAY = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def admitted(
    account: Account, scopes: Collection[TokenScope] = PERSON_SCOPES, credential_id: int = 1
) -> Admitted:
    """Return the account with a bearer token of ``scopes``."""
    credential = Credential(credential_id, CredentialKind.BEARER, frozenset(scopes), FAR_AWAY)
    return Admitted(account, credential)
