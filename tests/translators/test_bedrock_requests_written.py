"""Requests for Converse: what each meaning becomes, by the model, and what is refused or listed."""

from typing import Any

import pytest

from tests.oracles import check_converse_request
from translators import anthropic_messages, openai_chat
from translators.bedrock_converse import LACKS, OWNER, read_request, write_request
from translators.bedrock_converse.fields import STRUCTURED_OUTPUT
from translators.canonical import (
    Cache,
    Data,
    Document,
    Image,
    JsonSchema,
    Opaque,
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
    Video,
)
from translators.errors import Unsupported
from translators.fields import losses

OPUS, OPUS_4_5 = "us.anthropic.claude-opus-4-6-v1", "anthropic.claude-opus-4-5-20251101-v1:0"
OLD, NOVA, NOVA_2 = (
    "anthropic.claude-3-7-sonnet-20250219-v1:0",
    "amazon.nova-pro-v1:0",
    "amazon.nova-2-lite-v1:0",
)
GPT, LLAMA = "openai.gpt-oss-120b-1:0", "meta.llama3-3-70b-instruct-v1:0"
HIDDEN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"

HI = Turn("user", (Text("Hi"),))
TOOL = Tool("f", parameters={"type": "object", "properties": {}})
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
PNG = Data("image/png", "iVBORw0KGgo=")


def request(*turns: Turn, model: str = OPUS, **fields: Any) -> Request:
    return Request(model, turns or (HI,), **fields)


def written(*turns: Turn, model: str = OPUS, **fields: Any) -> Any:
    body = write_request(request(*turns, model=model, **fields))
    assert check_converse_request(body) == []
    return body


def dropped(*turns: Turn, model: str = OPUS, **fields: Any) -> list[str]:
    return losses(request(*turns, model=model, **fields), {}, LACKS, OWNER)


def own_fields(**fields: Any) -> Any:
    return written(**fields).get("additionalModelRequestFields")


# --- turns ------------------------------------------------------------------------------------------


def test_roles_take_turns_and_results_come_first() -> None:
    call = Turn("assistant", (ToolUse("a", "f", "{}"), ToolUse("b", "f", "")))
    results = [Turn("user", (ToolResult(id, (Text("x"),)),)) for id in "ab"]
    body = written(HI, Turn("user", (Text("!"),)), call, HI, *results, tools=(TOOL,))
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert [next(iter(block)) for block in body["messages"][2]["content"]] == [
        "toolResult",
        "toolResult",
        "text",
    ]


def test_instructions_are_the_prompt_wherever_they_stood() -> None:
    later = Turn("developer", (Text("Be brief."),))
    body = written(
        Turn("system", (Text("Be kind."), Text(" "))), HI, Turn("assistant", (Text("Hi"),)), later, HI
    )
    assert body["system"] == [{"text": "Be kind."}, {"text": "Be brief."}]
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]


def test_instructions_alone_are_a_question() -> None:
    body = written(Turn("system", (Text("A"),)), Turn("system", (Text("B"),)))
    assert body == {"system": [{"text": "A"}], "messages": [{"role": "user", "content": [{"text": "B"}]}]}


def test_what_is_empty_is_left_out() -> None:
    body = written(HI, Turn("assistant", (Text("\n"),)), Turn("user", (Text(""), Text("!"))))
    assert body["messages"] == [{"role": "user", "content": [{"text": "Hi"}, {"text": "!"}]}]
    with pytest.raises(Unsupported):
        write_request(request(Turn("user", (Text(" "),))))


@pytest.mark.parametrize("arguments", ["[]", "{", "null", "7"])
def test_arguments_are_an_object(arguments: str) -> None:
    with pytest.raises(Unsupported, match=r"ToolUse\.arguments"):
        write_request(request(HI, Turn("assistant", (ToolUse("a", "f", arguments),))))


def test_ids_that_amazon_would_not_take() -> None:
    odd = "call|" + "x" * 80
    call = Turn("assistant", (ToolUse(odd, "f", "{}"), ToolUse("fine-1", "f", "{}")))
    answer = Turn("user", (ToolResult(odd, (Text("x"),)), ToolResult("fine-1", (), is_error=True)))
    body = written(HI, call, answer, tools=(TOOL,))
    assert body["messages"][1]["content"][1]["toolUse"]["toolUseId"] == "fine-1"
    assert body["messages"][2]["content"][1]["toolResult"]["status"] == "error"
    with pytest.raises(Unsupported):
        write_request(request(HI, Turn("assistant", (ToolUse("", "f", "{}"),))))


# --- files ------------------------------------------------------------------------------------------


def test_names_of_documents_are_plain_and_unique() -> None:
    names = ["a.pdf", "a.pdf", "Größe  &\tmehr", "a/b", "x" * 300]
    documents = tuple(Document(Data("application/pdf", "JVBERg=="), filename=name) for name in names)
    blocks = written(Turn("user", documents))["messages"][0]["content"]
    told = [block["document"]["name"] for block in blocks]
    assert told == ["a-pdf", "a-pdf (2)", "Gr--e - mehr", "a-b", "x" * 200]


def test_files_in_amazons_storage() -> None:
    parts = (Video(Url("s3://b/a.mov")), Image(Url("s3://b/a.jpg")), Document(Url("s3://b/a.pdf"), title="t"))
    assert dropped(Turn("user", parts)) == []
    video, image, document = written(Turn("user", parts))["messages"][0]["content"]
    assert video == {"video": {"format": "mov", "source": {"s3Location": {"uri": "s3://b/a.mov"}}}}
    assert image["image"]["format"] == "jpeg"
    assert document["document"]["name"] == "t"
    with pytest.raises(Unsupported, match="format"):
        write_request(request(Turn("user", (Image(Url("s3://b/a")),))))


@pytest.mark.parametrize("kind", [Image, Document, Video])
def test_files_elsewhere_are_refused(kind: Any) -> None:
    with pytest.raises(Unsupported, match="Bedrock takes only data"):
        dropped(Turn("user", (kind(Url("https://example.com/a.png")),)))


def test_kinds_of_files_that_bedrock_does_not_know() -> None:
    with pytest.raises(Unsupported, match="image/tiff"):
        write_request(request(Turn("user", (Image(Data("image/tiff", "AA==")),))))


# --- caching ----------------------------------------------------------------------------------------


def test_a_hint_stands_behind_what_it_marks() -> None:
    hour = Cache("1h")
    call = Turn("assistant", (ToolUse("a", "f", "{}", cache=hour),))
    result = Turn("user", (ToolResult("a", (Text("x"),), cache=hour), Image(PNG, cache=Cache())))
    prompt = Turn("system", (Text("s", cache=hour),))
    body = written(prompt, HI, call, result, tools=(Tool("f", cache=Cache("5m")),))
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert body["system"] == [{"text": "s"}, point]
    assert body["messages"][1]["content"][1] == point
    assert body["messages"][2]["content"][1] == point
    assert body["messages"][2]["content"][3] == {"cachePoint": {"type": "default"}}
    assert body["toolConfig"]["tools"][1] == {"cachePoint": {"type": "default", "ttl": "5m"}}


def test_a_model_that_caches_for_minutes_only() -> None:
    turn = Turn("user", (Text("x", cache=Cache("1h")),))
    assert dropped(turn, model=OLD) == ["Cache.ttl"]
    assert written(turn, model=OLD)["messages"][0]["content"][1] == {"cachePoint": {"type": "default"}}


def test_a_model_that_does_not_cache_everywhere() -> None:
    turn, tools = Turn("user", (Text("x", cache=Cache()),)), (Tool("f", cache=Cache()),)
    reads = anthropic_messages.READS
    assert losses(request(turn, model=NOVA, tools=tools), reads, LACKS, OWNER) == ["tools[].cache_control"]
    body = written(turn, model=NOVA, tools=tools)
    assert len(body["messages"][0]["content"]) == 2
    assert len(body["toolConfig"]["tools"]) == 1
    assert dropped(turn, model=LLAMA) == ["Cache"]
    assert len(written(turn, model=LLAMA)["messages"][0]["content"]) == 1
    assert len(written(turn, model=HIDDEN)["messages"][0]["content"]) == 2


def test_caching_of_all_marks_the_end() -> None:
    assert written(cache=Cache())["messages"][-1]["content"][-1] == {"cachePoint": {"type": "default"}}
    assert dropped(cache=Cache(), model=LLAMA) == ["Request.cache"]


# --- tools ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (ToolChoice("auto"), {"auto": {}}),
        (ToolChoice("required"), {"any": {}}),
        (ToolChoice("named", "f"), {"tool": {"name": "f"}}),
    ],
)
def test_choices(choice: ToolChoice, told: Any) -> None:
    assert written(tools=(TOOL,), tool_choice=choice)["toolConfig"]["toolChoice"] == told


def test_no_tools_at_all_unless_some_were_called() -> None:
    none = ToolChoice("none")
    assert "toolConfig" not in written(tools=(TOOL,), tool_choice=none)
    history = (
        HI,
        Turn("assistant", (ToolUse("a", "f", "{}"),)),
        Turn("user", (ToolResult("a", (Text("x"),)),)),
    )
    body = written(*history, tools=(TOOL,), tool_choice=none)
    assert "toolChoice" not in body["toolConfig"]
    assert body["toolConfig"]["tools"][0]["toolSpec"]["name"] == "f"
    assert body["additionalModelRequestFields"] == {"tool_choice": {"type": "none"}}


def test_one_call_at_a_time() -> None:
    told = own_fields(tools=(TOOL,), parallel_tool_calls=False, tool_choice=ToolChoice("required"))
    assert told == {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}}
    assert own_fields(tools=(TOOL,), parallel_tool_calls=True) is None
    assert own_fields(parallel_tool_calls=False) is None
    assert dropped(tools=(TOOL,), parallel_tool_calls=False, model=NOVA) == ["Request.parallel_tool_calls"]


def test_strict_tools_where_the_model_knows_them() -> None:
    tools = (Tool("f", "", None, strict=True),)
    spec = written(tools=tools)["toolConfig"]["tools"][0]["toolSpec"]
    assert spec == {
        "name": "f",
        "inputSchema": {"json": {"type": "object", "properties": {}}},
        "strict": True,
    }
    assert dropped(tools=tools, model=OLD) == ["Tool.strict"]
    assert "strict" not in written(tools=tools, model=OLD)["toolConfig"]["tools"][0]["toolSpec"]


# --- the form of the answer -------------------------------------------------------------------------


def test_a_schema_that_the_model_holds_by_itself() -> None:
    body = written(output=JsonSchema(SCHEMA, "s", "d", True))
    named = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert named == {
        "schema": '{"type":"object","properties":{"a":{"type":"string"}}}',
        "name": "s",
        "description": "d",
    }
    assert "toolConfig" not in body


@pytest.mark.parametrize("model", [OLD, LLAMA, "anthropic.claude-new-9"])
def test_a_schema_by_way_of_a_tool(model: str) -> None:
    body = written(output=JsonSchema(SCHEMA), model=model)
    [tool] = body["toolConfig"]["tools"]
    assert tool["toolSpec"]["inputSchema"]["json"] == SCHEMA
    by_name = {"tool": {"name": STRUCTURED_OUTPUT}}
    assert body["toolConfig"]["toolChoice"] == ({"any": {}} if model == LLAMA else by_name)
    assert "outputConfig" not in body


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": (TOOL,)},
        {"reasoning": Reasoning("enabled", 2000)},
        {"reasoning": Reasoning("adaptive")},
        {"output": JsonSchema({"type": "array"})},
        {"output": JsonSchema(None)},
    ],
)
def test_a_schema_that_would_be_lost_is_refused(fields: Any) -> None:
    with pytest.raises(Unsupported, match="JsonSchema"):
        write_request(request(model=OLD, **({"output": JsonSchema(SCHEMA)} | fields)))


def test_a_clients_tool_of_our_own_name() -> None:
    with pytest.raises(Unsupported, match="gateway"):
        write_request(request(tools=(Tool(STRUCTURED_OUTPUT),)))


# --- reasoning --------------------------------------------------------------------------------------


def test_claudes_thinking() -> None:
    told = own_fields(reasoning=Reasoning("enabled", 2000, "summarized"))
    assert told == {"thinking": {"type": "enabled", "budget_tokens": 2000, "display": "summarized"}}
    assert own_fields(reasoning=Reasoning("adaptive"), effort="max") == {
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "max"},
    }
    assert own_fields(effort="none", model=OLD) == {"thinking": {"type": "disabled"}}
    with pytest.raises(Unsupported):
        own_fields(effort="none", reasoning=Reasoning("adaptive"))


def test_efforts_that_a_model_knows() -> None:
    assert own_fields(effort="minimal", model=OPUS_4_5) == {
        "output_config": {"effort": "low"},
        "anthropic_beta": ["effort-2025-11-24"],
    }
    with pytest.raises(Unsupported, match="low, medium, high"):
        own_fields(effort="xhigh", model=OPUS_4_5)
    assert dropped(effort="low", model=OLD) == dropped(effort="low", model=LLAMA) == ["Request.effort"]
    assert own_fields(effort="low", model=OLD) is None


@pytest.mark.parametrize(
    ("model", "fields", "told"),
    [
        (NOVA_2, {"effort": "high"}, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}),
        (NOVA_2, {"effort": "none"}, {"reasoningConfig": {"type": "disabled"}}),
        (NOVA_2, {"reasoning": Reasoning("disabled")}, {"reasoningConfig": {"type": "disabled"}}),
        (
            NOVA_2,
            {"reasoning": Reasoning("enabled", 2000)},
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}},
        ),
        (GPT, {"effort": "medium"}, {"reasoning_effort": "medium"}),
        (GPT, {"reasoning": Reasoning("enabled", 9000)}, {"reasoning_effort": "high"}),
        (NOVA, {"top_k": 5}, {"inferenceConfig": {"topK": 5}}),
        (OPUS, {"top_k": 5}, {"top_k": 5}),
    ],
)
def test_each_models_own_words(model: str, fields: Any, told: Any) -> None:
    assert own_fields(model=model, **fields) == told
    assert dropped(model=model, **fields) == []


@pytest.mark.parametrize(
    ("model", "fields", "name"),
    [
        (LLAMA, {"reasoning": Reasoning("enabled", 2000)}, "Reasoning"),
        (GPT, {"reasoning": Reasoning("disabled")}, "Reasoning"),
        (GPT, {"effort": "none"}, "Request.effort"),
        (NOVA_2, {"reasoning": Reasoning("adaptive")}, "Reasoning"),
        (GPT, {"top_k": 5}, "Request.top_k"),
        (OPUS, {"user": "u"}, "Request.user"),
        (OPUS, {"metadata": {"a": "é"}}, "Request.metadata"),
        (OPUS, {"service_tier": "scale"}, "Request.service_tier"),
    ],
)
def test_what_a_model_has_no_word_for_is_listed(model: str, fields: Any, name: str) -> None:
    reads = openai_chat.READS
    [told] = losses(request(model=model, **fields), {}, LACKS, OWNER)
    assert name in (told, f"Request.{told.lower()}")
    assert losses(request(model=model, **fields), reads, LACKS, OWNER)[0] in reads


def test_proofs_go_back_to_whom_they_are_from() -> None:
    def turns(owner: str) -> tuple[Turn, ...]:
        proof = Opaque(owner, "messages[].content[thinking].signature", "c2ln")
        return (HI, Turn("assistant", (Thinking("Hm.", proof), Text("Yes."))), HI)

    block = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}
    for model, owner in ((OPUS, "anthropic"), (HIDDEN, "anthropic"), (NOVA, "amazon"), (OLD, "amazon")):
        assert dropped(*turns(owner), model=model) == []
        assert written(*turns(owner), model=model)["messages"][1]["content"][0] == block
    for model, owner in ((NOVA, "anthropic"), (OPUS, "google")):
        assert dropped(*turns(owner), model=model) == ["Thinking"]
        assert written(*turns(owner), model=model)["messages"][1]["content"] == [{"text": "Yes."}]
    unsigned = Turn("assistant", (Thinking("Hm."), Text("Yes.")))
    assert dropped(HI, unsigned) == ["Thinking"]


def test_betas_that_aws_knows() -> None:
    betas = Opaque("anthropic", "betas", ["interleaved-thinking-2025-05-14", "from-the-future-2030-01-01"])
    assert own_fields(opaque=(betas,)) == {"anthropic_beta": ["interleaved-thinking-2025-05-14"]}
    assert dropped(opaque=(betas,)) == ["betas"]
    known = Opaque("anthropic", "betas", ["interleaved-thinking-2025-05-14"])
    assert dropped(opaque=(known,)) == []
    assert dropped(opaque=(known,), model=NOVA) == ["betas"]
    body = {"model": OPUS, "messages": [{"role": "user", "content": [{"text": "x"}]}]}
    body |= {"additionalModelRequestFields": {"anthropic_beta": ["interleaved-thinking-2025-05-14"]}}
    assert {"model": OPUS, **write_request(read_request(body))} == body


@pytest.mark.parametrize("fields", [{"temperature": 1.5}, {"top_p": -0.1}])
def test_numbers_have_limits(fields: Any) -> None:
    with pytest.raises(Unsupported):
        write_request(request(**fields))
