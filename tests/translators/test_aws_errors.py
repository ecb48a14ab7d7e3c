"""Names of Amazon's errors, as headers, bodies and frames spell them."""

import pytest

from translators.aws_errors import bare, kind_of, message_of, status_of


@pytest.mark.parametrize(
    "name",
    [
        "ThrottlingException",
        "throttlingException",
        "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/",
        "com.amazonaws.bedrock#ThrottlingException",
        "com.amazon.coral.service#ThrottlingException:http://internal.amazon.com/",
        "Throttling",
    ],
)
def test_spellings(name: str) -> None:
    assert kind_of(name) == "rate_limit"
    assert status_of(name) == 429
    assert bare(name).lower().startswith("throttling")


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("ServiceQuotaExceededException", "rate_limit", 429),
        ("ModelTimeoutException", "timeout", 408),
        ("ModelNotReadyException", "overloaded", 429),
        ("ServiceUnavailableException", "overloaded", 503),
        ("AccessDeniedException", "permission", 403),
        ("UnrecognizedClientException", "authentication", 403),
        ("ExpiredTokenException", "authentication", 403),
        ("InvalidSignatureException", "authentication", 403),
        ("ValidationException", "invalid_request", 400),
        ("ResourceNotFoundException", "not_found", 404),
        ("ModelErrorException", "server", 424),
        ("modelStreamErrorException", "server", 424),
        ("InternalServerException", "server", 500),
        ("InternalServerError", "server", 500),
        ("InternalFailure", "server", 500),
    ],
)
def test_what_names_mean(name: str, kind: str, status: int) -> None:
    assert (kind_of(name, 418), status_of(name)) == (kind, status)


def test_where_the_name_tells_nothing_the_status_does() -> None:
    assert kind_of(None, 429) == kind_of("NewException", 429) == "rate_limit"
    assert kind_of(None, 418) == "invalid_request"
    assert kind_of("NewException", 500) == kind_of(None) == "server"
    assert status_of("NewException") is None


def test_messages() -> None:
    assert message_of({"message": "a"}) == message_of({"Message": "a"}) == "a"
    assert message_of({}) == message_of({"message": 7}) == ""
