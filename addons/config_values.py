"""What a value in config.yaml may look like: durations, sizes, addresses, header names and the like."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from translators.hosts import DEMO_URL


class Plain(str):
    """A scalar that was written without quotes: what it is depends on where it stands."""

    __slots__ = ()


def mapping_of(value: object) -> dict[str, object] | None:
    """A value that nobody has checked yet, if it is a mapping."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


class Model(BaseModel):
    """A part of config.yaml. A key without a value is as good as absent."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        arbitrary_types_allowed=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _without_empty_keys(cls, value: object) -> object:
        mapping = mapping_of(value)
        return value if mapping is None else {key: it for key, it in mapping.items() if it is not None}


class Address(NamedTuple):
    """Where a listener is. `host` of an IPv6 address stands without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}

HOP_BY_HOP = frozenset(
    "connection keep-alive proxy-connection te trailer transfer-encoding upgrade host content-length".split()  # noqa: SIM905
)
"""Headers that belong to a connection, not to a message: nobody may set them by hand."""
CREDENTIALS = re.compile(
    r"authorization|proxy-authorization|x-api-key|api-key|cookie"
    r"|x-amz-(?!user-agent$).*|x-goog-(?!api-client$).*"
)
"""A client's own credentials, which no provider ever gets; two SDKs say their names in such headers, too."""

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|s|m|h))+")
_SIZE = re.compile(r"(\d+)\s*([KMG]i?B|B)")
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\s/@]+)):(\d{1,5})")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def duration(value: object) -> object:
    """`1m30s` -> 90.0 seconds."""
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise ValueError("must be a duration such as 250ms, 30s or 10m")
    return sum(float(number) * SECONDS[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h)", value))


def size(value: object) -> object:
    """`64KiB` -> 65536 bytes."""
    if isinstance(value, int):
        return value
    if not isinstance(value, str) or not (match := _SIZE.fullmatch(value)):
        raise ValueError("must be a size such as 64KiB or 50MiB")
    return int(match[1]) * BYTES[match[2]]


def address(value: object) -> Address:
    """`127.0.0.1:1975` or `[::1]:1975`."""
    if isinstance(value, Address):
        return value
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if not match or int(match[3]) > 65535:
        raise ValueError("must be HOST:PORT such as 127.0.0.1:1975")
    return Address(match[1] or match[2], int(match[3]))


def moment(value: object) -> object:
    """A date or an RFC 3339 time -> Unix seconds."""
    if isinstance(value, int):
        return value
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("must be a date such as 2024-07-18 or 2024-07-18T12:30:00Z") from None
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())


def header_name(value: str) -> str:
    """A header's name, in lower case."""
    if not _HEADER.fullmatch(value):
        raise ValueError(f"{value!r} is not a header name")
    return value.lower()


def settable_header(value: str) -> str:
    """A header that may be set or removed by hand."""
    name = header_name(value)
    if name in HOP_BY_HOP:
        raise ValueError(f"{name} belongs to the connection and can't be set or removed")
    return name


def forwardable_header(value: str) -> str:
    """A header of the client's that a provider may see."""
    name = settable_header(value)
    if CREDENTIALS.fullmatch(name):
        raise ValueError(f"{name} may hold the client's own credentials, which are never forwarded")
    return name


def header_value(value: str) -> str:
    """A header's value, which can't end the header."""
    if re.search(r"[\r\n\0]", value):
        raise ValueError("a header's value can't hold a line break or NUL")
    return value.strip()


def root_url(value: str) -> str:
    """As `base_url`, of a provider whose paths hold the version."""
    return DEMO_URL if value == "demo" else base_url(value)


def base_url(value: str) -> str:
    """An `http` or `https` URL without a trailing slash, and with nothing after its path.

    `demo` is the embedded provider.
    """
    if value == "demo":
        return f"{DEMO_URL}/v1"
    try:
        url = urlsplit(value)
        port = url.port
    except ValueError:
        raise ValueError("must be a URL such as https://api.example.com/v1") from None
    if url.scheme not in ("http", "https") or not url.hostname or re.search(r"[\s\\\x00-\x1f\x7f]", value):
        raise ValueError("must be a URL such as https://api.example.com/v1")
    if "@" in url.netloc:
        raise ValueError("must not hold a user or password")
    if "?" in value or "#" in value:
        raise ValueError("must not have a query or fragment")
    if port == 0:
        raise ValueError("has no port 0")
    return value.rstrip("/")


def regex(value: object) -> object:
    """A regular expression, compiled."""
    try:
        return re.compile(value) if isinstance(value, str) else value
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None


def prefix(value: str) -> str:
    """`anthropic/` -> `/anthropic`; empty for the root."""
    if re.search(r"[\s?#%\\]|//|(^|/)\.\.?(/|$)", value):
        raise ValueError("must be a plain path such as /anthropic")
    return "/" + value.strip("/") if value.strip("/") else ""


def json_of(value: object) -> Any:
    """What an unquoted scalar means where any JSON may stand, by the rules of YAML 1.2."""
    match value:
        case dict():
            return {key: json_of(child) for key, child in (mapping_of(cast("object", value)) or {}).items()}
        case list():
            return [json_of(child) for child in cast("list[object]", value)]
        case Plain("true" | "false"):
            return value == "true"
        case Plain() if re.fullmatch(r"-?(0|[1-9]\d*)", value):
            return int(value)
        case Plain() if re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?", value):
            return float(value)
        case Plain():
            return str(value)
        case _:
            return value


Duration = Annotated[float, BeforeValidator(duration), Field(ge=0)]
"""Seconds, written as `250ms`, `30s` or `10m`."""
Size = Annotated[int, BeforeValidator(size), Field(ge=1)]
"""Bytes, written as `64KiB` or `50MiB`."""
Listen = Annotated[Address, BeforeValidator(address)]
"""Written as `HOST:PORT`."""
Moment = Annotated[int, BeforeValidator(moment)]
"""Unix seconds, written as a date or an RFC 3339 time."""
HeaderName = Annotated[str, AfterValidator(header_name)]
SettableHeader = Annotated[str, AfterValidator(settable_header)]
ForwardableHeader = Annotated[str, AfterValidator(forwardable_header)]
HeaderValue = Annotated[str, AfterValidator(header_value)]
BaseUrl = Annotated[str, AfterValidator(base_url)]
RootUrl = Annotated[str, AfterValidator(root_url)]
Regex = Annotated[re.Pattern[str], BeforeValidator(regex)]
Prefix = Annotated[str, AfterValidator(prefix)]
Json = Annotated[JsonValue, BeforeValidator(json_of)]
