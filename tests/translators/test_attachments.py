"""Files by address, on the way to providers that take only data."""

from typing import Any

import orjson
import pytest

from translators import DIALECTS
from translators.attachments import untaken, with_data
from translators.body import parse
from translators.canonical import (
    Audio,
    Data,
    Document,
    Image,
    Request,
    Text,
    ToolResult,
    Turn,
    Url,
    Video,
)
from translators.errors import Unsupported, Wanted
from translators.fields import Lack
from translators.hosts import Envelope
from translators.translator import Outgoing, Translator

WEB, OTHER = "https://x.example/a.png", "https://x.example/b.pdf"
PNG = Data("image/png", "iVBO")
GIVEN = Envelope(takes_addresses=False)


def request(*parts: Any) -> Request:
    return Request("m", (Turn("user", (Text("Look:"), *parts)),))


@pytest.mark.parametrize("kind", [Image, Document, Audio, Video])
def test_every_kind_of_file_is_found_and_filled_in(kind: Any) -> None:
    asked = request(kind(Url(WEB)))
    assert untaken(asked, {}, False) == {WEB: f"{kind.__name__}.source"}
    assert untaken(asked, {}, True) == {}
    assert with_data(asked, {WEB: PNG}) == request(kind(PNG))
    assert with_data(asked, {OTHER: PNG}) == asked


def test_in_results_of_tools_too() -> None:
    asked = request(ToolResult("1", (Text("x"), Image(Url(WEB)), Document(Url(OTHER)))))
    assert untaken(asked, {}, False) == {WEB: "Image.source", OTHER: "Document.source"}
    filled = request(ToolResult("1", (Text("x"), Image(PNG), Document(Url(OTHER)))))
    assert with_data(asked, {WEB: PNG}) == filled


def test_a_dialect_may_lack_addresses_of_one_kind() -> None:
    lacks = {"Document.source": Lack("refused", only=lambda source: isinstance(source, Url))}
    assert untaken(request(Image(Url(WEB)), Document(Url(OTHER))), lacks, True) == {OTHER: "Document.source"}


def test_addresses_that_only_a_vendor_knows_are_not_to_be_fetched() -> None:
    assert untaken(request(Image(Url("s3://bucket/a.png")), Image(Url("gs://b/a"))), {}, False) == {}


# --- through the translator -------------------------------------------------------------------------


def asked(source: str, target: str, content: Any, fetched: dict[str, Data] | None) -> tuple[Any, Outgoing]:
    body: Any = {
        "model": "m",
        "max_tokens": 9,
        "unheard_of": 1,
        "messages": [{"role": "user", "content": content}],
    }
    translator = Translator(DIALECTS[source], DIALECTS[target], GIVEN)
    outgoing = translator.request(parse(orjson.dumps(body)), "m", None, fetched)
    return orjson.loads(outgoing.body), outgoing


OPENAI = [{"type": "image_url", "image_url": {"url": WEB}}]
ANTHROPIC = [{"type": "image", "source": {"type": "url", "url": WEB}, "cache_control": {"type": "ephemeral"}}]


def test_without_leave_it_is_refused_by_its_name() -> None:
    with pytest.raises(Unsupported) as refused:
        asked("openai_chat", "anthropic_messages", OPENAI, None)
    assert refused.value.meaning == "messages[].content[].image_url.url"
    assert "server.fetch_images" in refused.value.reason


def test_it_is_asked_for_and_then_written() -> None:
    with pytest.raises(Wanted) as wanted:
        asked("openai_chat", "anthropic_messages", OPENAI, {})
    assert (wanted.value.addresses, wanted.value.meaning) == ([WEB], "Image.source")
    written, _ = asked("openai_chat", "anthropic_messages", OPENAI, {WEB: PNG})
    assert written["messages"][0]["content"] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}}
    ]


def test_in_ones_own_dialect_all_else_stays_as_it_is() -> None:
    with pytest.raises(Wanted):
        asked("anthropic_messages", "anthropic_messages", ANTHROPIC, {})
    written, outgoing = asked("anthropic_messages", "anthropic_messages", ANTHROPIC, {WEB: PNG})
    [block] = written["messages"][0]["content"]
    assert block["source"]["data"] == "iVBO" and block["cache_control"] == {"type": "ephemeral"}
    assert written["unheard_of"] == 1 and outgoing.dropped == ()


def test_a_request_without_files_passes() -> None:
    body = (
        orjson.dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}) + b" "
    )
    messages = DIALECTS["anthropic_messages"]
    assert Translator(messages, messages, GIVEN).request(parse(body), "m").body == body


def test_what_we_can_not_read_is_for_the_provider_to_judge() -> None:
    odd = {"model": "m", "max_tokens": 9, "messages": [{"role": "narrator", "content": f"see {WEB}"}]}
    messages = DIALECTS["anthropic_messages"]
    body = orjson.dumps(odd)
    assert Translator(messages, messages, GIVEN).request(parse(body), "m").body == body
