"""AWS: signature version 4 over the final bytes, and where the keys for it come from."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.session import Session
from mitmproxy import http

from addons.signing.lease import Lease, Leased
from addons.signing.signer import Run

SERVICE = "bedrock"
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_STS = Config(signature_version=UNSIGNED, connect_timeout=5, read_timeout=10, retries={"max_attempts": 1})


@dataclass(frozen=True, slots=True)
class Keys:
    """A key pair, with a token where they are temporary."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.secret_access_key, self.session_token)))


class Static:
    """A key pair that somebody has written down."""

    renewable = False
    fresh = True
    due = False
    lease = None

    def __init__(self, keys: Keys, region: str, clock: Callable[[], float] = time.time) -> None:
        self._keys, self._region, self._clock = keys, region, clock

    async def refresh(self) -> None:
        """There is nothing to fetch."""

    def refused(self, used: object | None) -> bool:
        return False

    def sign(self, request: http.Request) -> None:
        sign(request, self._keys, self._region, self._clock())

    def secrets(self) -> Iterable[str]:
        return self._keys.secrets


class Fetched(Leased[Keys]):
    """A key pair that is fetched."""

    def __init__(
        self, fetch: Callable[[], Lease[Keys]], run: Run, region: str, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(fetch, run, clock)
        self._region = region

    def sign(self, request: http.Request) -> None:
        sign(request, self.current(), self._region, self._clock())


class _Auth(SigV4Auth):
    """botocore's own, at a time that is told."""

    def add_auth_at(self, request: AWSRequest, timestamp: str) -> None:
        request.context["timestamp"] = timestamp
        self._modify_request_before_signing(request)
        told = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(told, request))


def sign(request: http.Request, keys: Keys, region: str, now: float) -> None:
    """Put the signature on a request. It covers the host, the type, all of AWS's own headers, and the body.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    signed = {
        name.decode(): value.decode("latin-1")
        for name, value in request.headers.fields
        if (lower := name.lower()) in (b"host", b"content-type") or lower.startswith(b"x-amz")
    }
    url = f"{request.scheme}://{request.headers['host']}{request.path}"
    wire = AWSRequest(method=request.method, url=url, headers=signed, data=request.raw_content or b"")
    credentials = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    stamp = time.strftime(_TIMESTAMP, time.gmtime(now))
    _Auth(credentials, SERVICE, region).add_auth_at(wire, stamp)
    for name in ("Authorization", "X-Amz-Date", "X-Amz-Security-Token"):
        if (value := wire.headers.get(name)) is not None:
            request.headers[name.lower()] = value


# --- where keys come from: all of these block -------------------------------------------------------


def from_chain(profile: str | None, region: str) -> Lease[Keys]:
    """A profile's keys, or what AWS's default chain finds; files and the environment are read anew."""
    session = Session(profile=profile)
    session.set_config_variable("region", region)
    found = session.get_credentials()
    if found is None:
        raise PermissionError("AWS's default chain finds nothing.")
    frozen = found.get_frozen_credentials()
    keys = Keys(frozen.access_key, frozen.secret_key, frozen.token)
    ends = getattr(found, "_expiry_time", None)  # only of those that are refreshable, and with no public name
    return Lease(keys, ends.timestamp() if ends else None, keys.secrets)


def from_web_identity(role_arn: str, token_file: Path, region: str) -> Lease[Keys]:
    """The keys of a role, for the token in a file."""
    client = Session().create_client("sts", region_name=region, config=_STS)
    answer = client.assume_role_with_web_identity(
        RoleArn=role_arn, RoleSessionName="dragoman", WebIdentityToken=token_file.read_text().strip()
    )
    told = answer["Credentials"]
    keys = Keys(told["AccessKeyId"], told["SecretAccessKey"], told["SessionToken"])
    return Lease(keys, told["Expiration"].timestamp(), keys.secrets)
