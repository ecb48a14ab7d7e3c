"""Errors of Bedrock: the name in a header (told in the body here), or none at all."""

from typing import Any

import orjson
import pytest

from tests.oracles import check_converse_error
from translators.bedrock_converse import StreamWriter, read_error, write_error
from translators.canonical import ErrorKind, Failed
from translators.errors import STATUS
from translators.eventstream import Decoder


@pytest.mark.parametrize(
    ("status", "body", "failed"),
    [
        (
            429,
            {"message": "Slow.", "__type": "ThrottlingException:http://internal.amazon.com/coral/"},
            Failed("rate_limit", "Slow.", 429, "ThrottlingException"),
        ),
        (
            400,
            {"Message": "No.", "__type": "com.amazon.bedrock#ExpiredTokenException"},
            Failed("authentication", "No.", 400, "ExpiredTokenException"),
        ),
        (403, {"message": "No."}, Failed("permission", "No.", 403)),
        (
            429,
            {"message": "Wait.", "__type": "ModelNotReadyException"},
            Failed("overloaded", "Wait.", 429, "ModelNotReadyException"),
        ),
        (424, {"message": "Oh."}, Failed("server", "Oh.", 424)),
        (500, {}, Failed("server", "The provider answered with status 500.", 500)),
    ],
)
def test_errors(status: int, body: Any, failed: Failed) -> None:
    assert read_error(status, orjson.dumps(body)) == failed


@pytest.mark.parametrize("body", [b"<html>secret</html>", b"", b"[1]", b'"x"', b'{"message":{"a":1}}'])
def test_what_is_no_error_is_never_quoted(body: bytes) -> None:
    failed = read_error(503, body)
    assert (failed.kind, failed.message) == ("overloaded", "The provider answered with status 503.")


@pytest.mark.parametrize("kind", STATUS)
def test_every_kind_has_its_name(kind: ErrorKind) -> None:
    failed = Failed(kind, "Oh.")
    assert check_converse_error(STATUS[kind], write_error(failed, "req_1")) == []
    [frame] = StreamWriter(created=0).write(failed)
    [(_, data)] = Decoder().feed(frame)
    [(name, told)] = orjson.loads(data).items()
    assert name.endswith("Exception")
    assert told == {"message": "Oh."}
