"""What other vendors' clients ask, in OpenAI's words."""

from typing import Any

import pytest

from tests import oracles
from translators.canonical import (
    Audio,
    Cache,
    Data,
    Document,
    Effort,
    FileId,
    Image,
    JsonSchema,
    Opaque,
    Part,
    Reasoning,
    Request,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
    Url,
    WebSearch,
)
from translators.errors import Unsupported
from translators.fields import losses
from translators.openai_chat import LACKS, READS, metered, write_request

HI = Turn("user", (Text("Hi"),))
PNG = Data("image/png", "AAAA")
PDF = Data("application/pdf", "JVBERi0=")


def written(*turns: Turn, **fields: Any) -> Any:
    body: Any = write_request(Request("m", turns or (HI,), **fields))
    assert oracles.check_openai_chat_request(body) == []
    return body


def user_message(*parts: Part) -> Any:
    (message,) = written(Turn("user", parts))["messages"]
    return message


CALL = Turn("assistant", (ToolUse("call_a", "f", "{}"), ToolUse("call_b", "f", "{}")))


def test_results_come_first_then_what_they_show_then_what_is_said() -> None:
    results = Turn(
        "user",
        (
            ToolResult("call_a", (Text("See:"), Image(PNG), Document(PDF))),
            ToolResult("call_b", (Image(Url("https://x.example/a.png")),)),
            Text("And?"),
        ),
        "ann",
    )
    _, first, second, shown, said = written(CALL, results)["messages"]
    assert first == {"role": "tool", "tool_call_id": "call_a", "content": "See:"}
    assert second["tool_call_id"] == "call_b" and "later message" in second["content"]
    assert shown["role"] == "user" and "name" not in shown
    assert [part["type"] for part in shown["content"]] == ["text", "image_url", "file", "text", "image_url"]
    assert [part["text"][-7:-1] for part in shown["content"] if part["type"] == "text"] == [
        "call_a",
        "call_b",
    ]
    assert said == {"role": "user", "content": "And?", "name": "ann"}


def test_results_alone_are_nothing_but_messages_of_tools() -> None:
    results = Turn("user", (ToolResult("call_a", ()), ToolResult("call_b", (Text("x"), Text("y")))))
    _, first, second = written(CALL, results)["messages"]
    assert (first["content"], len(second["content"])) == ("", 2)


def test_text_beside_calls_survives() -> None:
    (message,) = written(Turn("assistant", (Text("Looking."), *CALL.parts)))["messages"]
    assert message["content"] == "Looking." and len(message["tool_calls"]) == 2


def test_reasoning_of_earlier_turns_is_left_out_and_listed() -> None:
    turn = Turn("assistant", (Thinking("hm", Opaque("anthropic", "f", "sig")), Text("So.")))
    (message,) = written(turn)["messages"]
    assert message == {"role": "assistant", "content": "So."}
    assert "messages[assistant].reasoning_content" in losses(Request("m", (turn,)), READS, LACKS, "openai")
    (silent,) = written(Turn("assistant", turn.parts[:1]))["messages"]
    assert silent == {"role": "assistant", "content": ""}


def test_documents() -> None:
    data, plain, named = (
        user_message(Document(source, name, "Title", "Context"))["content"]
        for source, name in ((PDF, None), (Text("plain"), None), (PDF, "a.pdf"))
    )
    about = {"type": "text", "text": "Title\nContext"}
    url = "data:application/pdf;base64,JVBERi0="
    assert data == [about, {"type": "file", "file": {"file_data": url, "filename": "document.pdf"}}]
    assert plain == [about, {"type": "text", "text": "plain"}]
    assert named[1]["file"]["filename"] == "a.pdf"
    uploaded = user_message(Document(FileId("openai", "file-1")))["content"]
    assert uploaded == [{"type": "file", "file": {"file_id": "file-1"}}]


@pytest.mark.parametrize(
    ("fields", "meaning"),
    [
        ({"turns": (Turn("user", (Image(FileId("anthropic", "f")),)),)}, "Image.source"),
        ({"turns": (Turn("user", (Document(Url("https://x.example/a.pdf")),)),)}, "Document.source"),
        ({"turns": (Turn("user", (Document(FileId("anthropic", "f")),)),)}, "Document.source"),
        ({"turns": (Turn("user", (Audio(Data("audio/ogg", "AAAA")),)),)}, "Audio.source"),
        ({"stop": tuple("abcde")}, "Request.stop"),
        ({"tools": (WebSearch(allowed_domains=("a",)),)}, "WebSearch.allowed_domains"),
        ({"tools": (WebSearch(blocked_domains=("a",)),)}, "WebSearch.blocked_domains"),
    ],
)
def test_what_openai_cannot_do_is_refused(fields: Any, meaning: str) -> None:
    with pytest.raises(Unsupported) as refused:
        losses(Request(**{"model": "m", "turns": (HI,), **fields}), {}, LACKS, "openai")
    assert refused.value.meaning == meaning


def test_what_openai_can_do_is_not_refused() -> None:
    parts = (Image(PNG), Document(PDF), Document(Text("x")), Audio(Data("audio/x-wav", "AAAA")))
    request = Request("m", (Turn("user", parts),), stop=tuple("abcd"), tools=(WebSearch(),))
    assert losses(request, {}, LACKS, "openai") == []


def test_hints_and_limits_are_listed() -> None:
    turns = (Turn("user", (Text("a", Cache()), ToolResult("c", (), True))),)
    request = Request("m", turns, top_k=5, tools=(WebSearch(max_uses=3),), reasoning=Reasoning("adaptive"))
    assert losses(request, {}, LACKS, "openai") == [
        "Cache",
        "ToolResult.is_error",
        "Request.top_k",
        "WebSearch.max_uses",
    ]
    harmless = (Turn("user", (ToolResult("c", (), False), Document(PDF, citations=False))),)
    assert losses(Request("m", harmless), {}, LACKS, "openai") == []


@pytest.mark.parametrize(
    ("reasoning", "effort"),
    [
        (None, None),
        (Reasoning("adaptive"), None),
        (Reasoning("enabled"), None),
        (Reasoning("disabled"), "none"),
        (Reasoning("enabled", 1024), "low"),
        (Reasoning("enabled", 2048), "low"),
        (Reasoning("enabled", 8192), "medium"),
        (Reasoning("enabled", 8193), "high"),
    ],
)
def test_a_budget_is_an_effort(reasoning: Reasoning | None, effort: Effort | None) -> None:
    assert written(reasoning=reasoning).get("reasoning_effort") == effort
    assert written(reasoning=reasoning, effort="minimal")["reasoning_effort"] == "minimal"


def test_a_schema_without_a_name_gets_one() -> None:
    schema = written(output=JsonSchema({"type": "object"}))["response_format"]["json_schema"]
    assert schema == {"name": "answer", "schema": {"type": "object"}}


def test_a_search_is_an_option_and_cannot_be_chosen() -> None:
    body = written(tools=(WebSearch(context_size="low"),), tool_choice=ToolChoice("named", "web_search"))
    assert body["web_search_options"] == {"search_context_size": "low"}
    assert "tools" not in body and "tool_choice" not in body
    both = written(tools=(Tool("f"), WebSearch()), tool_choice=ToolChoice("required"))
    assert both["tool_choice"] == "required" and len(both["tools"]) == 1


def test_what_others_own_is_not_sent() -> None:
    other = Opaque("anthropic", "container", "c")
    turn = Turn("user", (Text("Hi"), other), opaque=(other,))
    body = written(turn, tools=(other, Tool("f", opaque=(other,))), opaque=(other,))
    assert body["messages"] == [{"role": "user", "content": "Hi"}]
    assert body["tools"] == [{"type": "function", "function": {"name": "f"}}]
    assert body.keys() == {"model", "messages", "tools"}


def test_usage_is_asked_for_where_it_is_not_given_anyway() -> None:
    asked: Any = {"stream_options": {"include_usage": True}}
    assert metered({"stream": True}) == asked
    assert metered({"stream": True, "stream_options": None}) == asked
    options = {"include_usage": False, "include_obfuscation": False}
    assert metered({"stream": True, "stream_options": {**options}}) == {
        "stream_options": {"include_usage": True, "include_obfuscation": False}
    }
    assert metered({"stream": True, **asked}) == metered({"stream": False}) == metered({}) == {}
