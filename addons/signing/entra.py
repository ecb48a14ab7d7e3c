"""Microsoft Entra ID: tokens for an application, by its secret or by a token of whom Entra trusts."""

import time
from typing import Any

import orjson
import urllib3

from addons.config_clouds import Entra
from addons.signing.lease import Lease

_FEDERATED = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TIMEOUT = urllib3.Timeout(connect=5, read=10)


def fetch(entra: Entra) -> Lease[str]:
    """https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow. Blocks."""
    form = {"grant_type": "client_credentials", "client_id": entra.client_id, "scope": entra.scope}
    secret = entra.client_secret.get_secret_value() if entra.client_secret else ""
    if entra.token_file:
        secret = entra.token_file.read_text().strip()
        form |= {"client_assertion_type": _FEDERATED, "client_assertion": secret}
    else:
        form["client_secret"] = secret
    with urllib3.PoolManager(timeout=TIMEOUT, retries=False) as pool:
        url = f"{entra.authority}/{entra.tenant_id}/oauth2/v2.0/token"
        answer = pool.request("POST", url, fields=form, encode_multipart=False)
    if answer.status != 200:
        raise PermissionError(f"Entra ID answered {answer.status}.")
    told: dict[str, Any] = orjson.loads(answer.data)
    token = str(told["access_token"])
    return Lease(token, time.time() + float(told["expires_in"]), (token, secret))
