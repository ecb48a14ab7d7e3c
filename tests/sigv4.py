"""AWS's signature, made by botocore itself: what ours is compared with."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def botocores(
    url: str, headers: Mapping[str, str], body: bytes, *, keys: Any, region: str, stamp: str
) -> Mapping[str, str]:
    """All headers after botocore has signed the request at a time such as 20260102T030405Z."""
    request = AWSRequest(method="POST", url=url, headers=dict(headers), data=body)
    signer = auth.SigV4Auth(Credentials(*keys), "bedrock", region)
    now = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    clock, auth.get_current_datetime = auth.get_current_datetime, lambda *_: now
    try:
        signer.add_auth(request)
    finally:
        auth.get_current_datetime = clock
    signed: Mapping[str, str] = request.headers
    return signed


def is_signed(path: str, headers: Mapping[str, str], body: bytes, *, keys: Any, region: str) -> bool:
    """Whether a request that has arrived is signed with these keys, as botocore would have signed it."""
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    given = {name: headers[name] for name in names if name not in ("x-amz-date", "x-amz-security-token")}
    url = f"http://{headers['host']}{path}"
    signed = botocores(url, given, body, keys=keys, region=region, stamp=headers["x-amz-date"])
    return signed["Authorization"] == headers["authorization"]
