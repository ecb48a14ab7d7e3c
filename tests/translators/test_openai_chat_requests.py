"""Requests of clients: read, written back, and what other vendors make of them."""

from typing import Any

import pytest

from tests import oracles
from tests.translators.openai_samples import CONVERSATION, CUSTOM_TOOL, PNG, REQUEST, call, text
from translators.canonical import (
    Cache,
    Data,
    Document,
    JsonSchema,
    Opaque,
    Reasoning,
    RedactedThinking,
    Request,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
    Url,
)
from translators.errors import Unsupported
from translators.fields import losses
from translators.openai_chat import LACKS, READS, read_request, write_request

HI: Any = [{"role": "user", "content": "Hi"}]


def read(**fields: Any) -> Request:
    return read_request({"model": "m", "messages": HI, **fields})


def turns(*messages: Any) -> tuple[Turn, ...]:
    return read_request({"model": "m", "messages": [*messages]}).turns


# --- what is written back is what was read ----------------------------------------------------------


def test_the_sample_is_legal() -> None:
    assert oracles.check_openai_chat_request(REQUEST) == []


def test_everything_survives() -> None:
    assert write_request(read_request(REQUEST)) == REQUEST


@pytest.mark.parametrize("name", REQUEST)
def test_each_field_survives_alone(name: str) -> None:
    alone = {"model": "m", "messages": HI, name: REQUEST[name]}
    assert write_request(read_request(alone)) == alone


@pytest.mark.parametrize("count", range(1, len(CONVERSATION) + 1))
def test_each_beginning_of_a_conversation_survives(count: int) -> None:
    body = {"model": "m", "messages": CONVERSATION[:count]}
    assert write_request(read_request(body)) == body


@pytest.mark.parametrize(
    "fields",
    [
        {"tool_choice": "auto"},
        {"tool_choice": "none"},
        {"tool_choice": "required"},
        {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        {"tool_choice": {"type": "custom", "custom": {"name": "code"}}},
        {"response_format": {"type": "text"}},
        {"response_format": {"type": "json_object"}},
        {"tools": []},
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"web_search_options": {}},
        {"unheard_of": {"deep": [1, None]}},
        {"stream": False},
    ],
)
def test_other_values_survive(fields: Any) -> None:
    body = {"model": "m", "messages": HI, **fields}
    assert write_request(read_request(body)) == body


@pytest.mark.parametrize(
    ("fields", "modern"),
    [
        ({"max_tokens": 5}, {"max_completion_tokens": 5}),
        ({"max_tokens": 5, "max_completion_tokens": 5}, {"max_completion_tokens": 5}),
        ({"stop": "x"}, {"stop": ["x"]}),
        ({"seed": None, "tools": None, "store": None, "unheard_of": None}, {}),
        (
            {"messages": [{"role": "user", "content": [text("Hi")]}]},
            {"messages": [{"role": "user", "content": "Hi"}]},
        ),
        (
            {"messages": [{"role": "assistant", "content": "", "tool_calls": [call("a")]}]},
            {"messages": [{"role": "assistant", "tool_calls": [call("a")]}]},
        ),
        (
            {"messages": [{"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}]},
            {"messages": [{"role": "assistant", "refusal": "No."}]},
        ),
    ],
)
def test_equal_spellings_become_one(fields: Any, modern: Any) -> None:
    body = {"model": "m", "messages": HI}
    assert write_request(read_request(body | fields)) == body | modern


# --- what is read -----------------------------------------------------------------------------------


def test_results_of_tools_in_a_row_are_one_turn() -> None:
    results = [{"role": "tool", "tool_call_id": id, "content": id} for id in "ab"]
    assistant, both, user = turns({"role": "assistant", "tool_calls": [call("a"), call("b")]}, *results, *HI)
    assert assistant.parts == tuple(ToolUse(id, "weather", '{"city": "Rome"}') for id in "ab")
    assert both == Turn("user", (ToolResult("a", (Text("a"),)), ToolResult("b", (Text("b"),))))
    assert user == Turn("user", (Text("Hi"),))


def test_reasoning_comes_with_its_proof() -> None:
    proof = Opaque("anthropic", "messages[assistant].thinking_blocks[].signature", "sig")
    hidden = Opaque("anthropic", "messages[assistant].thinking_blocks[].data", "xyz")
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "xyz"},
    ]
    expected = (Thinking("hm", proof), RedactedThinking(hidden), Text("So."))
    (beside,) = turns(
        {"role": "assistant", "content": "So.", "reasoning_content": "hm", "thinking_blocks": blocks}
    )
    (inside,) = turns({"role": "assistant", "content": [*blocks, text("So.")]})
    (envoys,) = turns(
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "text": "hm", "signature": "sig"},
                {"type": "redacted_thinking", "data": "xyz"},
                text("So."),
            ],
        }
    )
    assert beside.parts == inside.parts == envoys.parts == expected


def test_reasoning_without_proof_is_only_text() -> None:
    (turn,) = turns({"role": "assistant", "content": "So.", "reasoning_content": "hm"})
    assert turn.parts == (Thinking("hm"), Text("So."))


def test_a_signature_of_another_vendor_says_so() -> None:
    block = {"type": "thinking", "thinking": "hm", "signature": "s", "owner": "google"}
    (turn,) = turns({"role": "assistant", "content": "So.", "thinking_blocks": [block]})
    assert isinstance(turn.parts[0], Thinking) and turn.parts[0].signature
    assert turn.parts[0].signature.owner == "google"


def test_hints_for_caches() -> None:
    hint = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    system, user, assistant, result = turns(
        {"role": "system", "content": "Long.", **hint},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG}, **hint}]},
        {"role": "assistant", "tool_calls": [call("a") | hint]},
        {"role": "tool", "tool_call_id": "a", "content": [text("b", **hint)], **hint},
    )
    marked = [system.parts[0], user.parts[0], assistant.parts[0], result.parts[0]]
    assert [part.cache for part in marked if hasattr(part, "cache")] == [Cache("1h")] * 4
    assert isinstance(result.parts[0], ToolResult) and result.parts[0].parts == (Text("b", Cache("1h")),)
    for tool in ({"function": {"name": "f", **hint}}, {"function": {"name": "f"}, **hint}):
        assert read(tools=[{"type": "function", **tool}]).tools == (Tool("f", cache=Cache("1h")),)


def test_thinking_in_anthropics_form() -> None:
    named = {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}
    assert read(thinking=named).reasoning == Reasoning("enabled", 2000, "omitted")
    assert read(thinking={"type": "adaptive", "includeThoughts": True}).reasoning == Reasoning(
        "adaptive", display="summarized"
    )


def test_pdfs_are_documents_wherever_they_stand() -> None:
    urls = ["data:application/pdf;base64,JVBERi0=", "https://x.example/A.PDF?sig=1"]
    content = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    (turn,) = turns({"role": "user", "content": content})
    assert turn.parts == (Document(Data("application/pdf", "JVBERi0=")), Document(Url(urls[1])))


def test_a_schema_in_vllms_words() -> None:
    assert read(guided_json={"type": "object"}).output == JsonSchema({"type": "object"})


def test_allowed_tools_are_a_choice() -> None:
    assert read_request(REQUEST).tool_choice == ToolChoice("auto", names=("weather",))


def test_empty_texts_are_nothing() -> None:
    user, assistant = turns(
        {"role": "user", "content": [text(""), text("a")]}, {"role": "assistant", "content": ""}
    )
    assert (user.parts, assistant.parts) == ((Text("a"),), ())


# --- what other vendors make of it ------------------------------------------------------------------


def lost(**fields: Any) -> list[str]:
    return losses(read(**fields), READS, {}, "elsewhere")


@pytest.mark.parametrize(
    "fields",
    [
        {"store": False},
        {"function_call": "auto"},
        {"stream_options": {"include_obfuscation": False}},
        {"messages": [{"role": "assistant", "content": "Hi", "annotations": [], "audio": None}]},
        {
            "messages": [
                {"role": "user", "content": [text("a", prompt_cache_breakpoint={"mode": "explicit"})]}
            ]
        },
    ],
)
def test_what_everybody_does_anyway_is_not_listed(fields: Any) -> None:
    assert lost(**fields) == []


def test_what_only_openai_knows_is_listed() -> None:
    fields = {"store": True, "prediction": REQUEST["prediction"], "prompt_cache_key": "k"}
    assert lost(**fields) == [*fields]


def test_what_nobody_has_heard_of_is_listed_however_deep() -> None:
    message = {"role": "user", "content": [text("a", mood="glad"), text("b", mood="sad")], "weight": 1}
    tool = {"type": "function", "function": {"name": "f", "cost": 2}}
    listed = lost(messages=[message], fancy={"a": {"b": 1}}, tools=[tool])
    assert listed == ["messages[].content[].mood", "messages[].weight", "fancy", "tools[].function.cost"]


def test_inside_of_a_schema_everything_is_the_clients() -> None:
    parameters = {"type": "object", "properties": {"x": {"anything": 1}}}
    assert lost(tools=[{"type": "function", "function": {"name": "f", "parameters": parameters}}]) == []


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"image_config": {"aspect_ratio": "16:9"}}, "image_config"),
        ({"audio": {"format": "wav", "voice": "alloy"}}, "audio"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"tools": [CUSTOM_TOOL]}, "tools[].custom"),
        ({"tools": [{"type": "google_search"}]}, "tools[google_search]"),
        ({"tools": [{"type": "web_browser"}]}, "tools[].type"),
        ({"tool_choice": {"type": "custom", "custom": {"name": "code"}}}, "tool_choice.custom"),
        ({"messages": CONVERSATION[3:4]}, "messages[assistant].tool_calls[].custom"),
        ({"messages": CONVERSATION[9:10]}, "messages[assistant].audio"),
        ({"messages": CONVERSATION[11:12]}, "messages[assistant].function_call"),
        ({"messages": CONVERSATION[12:13]}, "messages[function]"),
        ({"guided_grammar": "s: a"}, "guided_grammar"),
        ({"moderation": {"model": "omni"}}, "moderation"),
    ],
)
def test_what_would_change_the_answer_is_refused(fields: Any, named: str) -> None:
    with pytest.raises(Unsupported) as refused:
        lost(**fields)
    assert refused.value.meaning == named


def test_openai_loses_nothing_of_its_own() -> None:
    assert losses(read_request(REQUEST), READS, {}, "openai") == []
    hinted = read(messages=[{"role": "user", "content": [text("a", cache_control={"type": "ephemeral"})]}])
    assert losses(hinted, READS, LACKS, "openai") == ["messages[].content[].cache_control"]


def test_the_number_that_a_stream_leaves_on_a_block_is_nothing_to_lose() -> None:
    block = {"index": 0, "type": "thinking", "thinking": "hm", "signature": "sig"}
    said = {"role": "assistant", "content": "So.", "thinking_blocks": [block]}
    request = read_request({"model": "m", "messages": [{"role": "user", "content": "x"}, said]})
    assert not [one for one in losses(request, READS, {}, "anthropic") if "index" in one]
