from itertools import permutations
from urllib.parse import urlsplit

import pytest

from translators import DIALECTS, SPOKEN, TARGETS
from translators.errors import BadRequest
from translators.hosts import DEMO_HOSTS, DEMO_URL, HOSTS, Host, Path, segment

KNOWN = {*SPOKEN, *TARGETS, "bedrock_converse", "gemini_generate"}
EVERY_HOST = {**HOSTS, **{f"demo-{name}": host for name, host in DEMO_HOSTS.items()}}


@pytest.mark.parametrize("name", EVERY_HOST)
def test_a_host_speaks_what_we_know(name: str) -> None:
    host = EVERY_HOST[name]
    assert host.paths.keys() <= KNOWN
    assert host.label
    translated = {*TARGETS, "bedrock_converse", "gemini_generate"}
    assert translated & host.paths.keys(), "nobody else's requests could go there"
    assert host.envelopes.keys() <= host.paths.keys()


@pytest.mark.parametrize("name", EVERY_HOST)
def test_paths_are_appended_to_a_base_url(name: str) -> None:
    for path in EVERY_HOST[name].paths.values():
        for template in filter(None, (path.whole, path.streamed)):
            assert template.startswith("/") and not template.endswith("/")
            assert urlsplit(f"https://x{template}").netloc == "x"


def test_keys_go_where_the_vendor_wants_them() -> None:
    assert (HOSTS["openai"].key_header, HOSTS["openai"].key_prefix) == ("authorization", "Bearer ")
    assert (HOSTS["anthropic"].key_header, HOSTS["anthropic"].key_prefix) == ("x-api-key", "")


def test_who_speaks_the_clients_dialect_is_spoken_to_in_it() -> None:
    for dialect in DIALECTS.values():
        host = Host({dialect.NAME: Path("/x")})
        assert host.spoken_for(dialect, "m", DIALECTS) is dialect


def test_others_are_translated_into_the_first_that_can_be() -> None:
    openai_chat, anthropic = DIALECTS["openai_chat"], DIALECTS["anthropic_messages"]
    assert HOSTS["anthropic"].spoken_for(openai_chat, "m", DIALECTS) is anthropic
    assert HOSTS["openai"].spoken_for(anthropic, "m", DIALECTS) is openai_chat
    completions = SPOKEN["openai_completions"]
    for names in permutations(["openai_images", "anthropic_messages", "openai_chat"]):
        first = next(name for name in names if name in DIALECTS)
        host = Host(dict.fromkeys(names, Path("/x")))
        assert host.spoken_for(completions, "m", DIALECTS) is DIALECTS[first]


def test_a_path_may_be_for_some_models_only() -> None:
    openai_chat, anthropic = DIALECTS["openai_chat"], DIALECTS["anthropic_messages"]
    host = Host(
        {
            "openai_chat": Path("/a", models="gpt-.*"),
            "anthropic_messages": Path("/b", models="claude-.*"),
        }
    )
    assert host.spoken_for(openai_chat, "gpt-4o", DIALECTS) is openai_chat
    assert host.spoken_for(openai_chat, "claude-opus", DIALECTS) is anthropic
    assert host.spoken_for(openai_chat, "not-gpt-4o", DIALECTS) is None


def test_what_can_not_be_translated_goes_only_where_it_is_spoken() -> None:
    embeddings = SPOKEN["openai_embeddings"]
    assert HOSTS["openai"].spoken_for(embeddings, "m", DIALECTS) is embeddings
    assert HOSTS["anthropic"].spoken_for(embeddings, "m", DIALECTS) is None


def test_a_host_that_speaks_nothing_translatable_can_not_help() -> None:
    assert Host({"openai_embeddings": Path("/e")}).spoken_for(DIALECTS["openai_chat"], "m", DIALECTS) is None


def test_no_resolver_knows_the_demo() -> None:
    assert (urlsplit(DEMO_URL).hostname or "").endswith(".invalid")


# --- paths ------------------------------------------------------------------------------------------


def test_streams_may_have_a_path_of_their_own() -> None:
    path = Path("/m/{model}/whole", "/m/{model}/stream")
    assert path.to("x", False, {}) == "/m/x/whole"
    assert path.to("x", True, {}) == "/m/x/stream"
    assert Path("/m/{model}").to("x", True, {}) == "/m/x"


def test_a_provider_fills_in_its_own_places() -> None:
    path = Path("/projects/{project}/{model}:go?alt={how}")
    assert path.to("gemini-2.5", False, {"project": "p", "how": "sse"}) == "/projects/p/gemini-2.5:go?alt=sse"


@pytest.mark.parametrize(
    ("model", "written"),
    [
        ("gpt-4o", "gpt-4o"),
        ("anthropic.claude-sonnet-4-20250514-v1:0", "anthropic.claude-sonnet-4-20250514-v1:0"),
        ("arn:aws:bedrock:us-east-1::foundation-model/x", "arn:aws:bedrock:us-east-1::foundation-model%2Fx"),
        ("claude-opus-4@20250514", "claude-opus-4@20250514"),
    ],
)
def test_a_model_is_one_segment(model: str, written: str) -> None:
    assert segment(model) == written


@pytest.mark.parametrize(
    "model",
    [
        "",
        "..",
        "../x",
        "a/../b",
        "a%2fb",
        "a?b",
        "a#b",
        "a b",
        "a\r\nb",
        "a\0",
        "/x",
        ".x",
        "a\\b",
        "é",
        "x" + "..",
        "a{b}",
    ],
)
def test_a_model_that_leads_elsewhere_is_refused(model: str) -> None:
    with pytest.raises(BadRequest) as refused:
        Path("/m/{model}").to(model, False, {})
    assert refused.value.field == "model"


def test_where_the_path_has_no_model_any_name_will_do() -> None:
    assert Path("/chat").to("a?b", False, {}) == "/chat"
