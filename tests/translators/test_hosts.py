from urllib.parse import urlsplit

import pytest

from translators import DIALECTS, SPOKEN
from translators.hosts import DEMO_HOSTS, DEMO_URL, HOSTS, Host

EVERY_HOST = {**HOSTS, **{f"demo-{name}": host for name, host in DEMO_HOSTS.items()}}


@pytest.mark.parametrize("name", EVERY_HOST)
def test_a_host_speaks_what_we_know(name: str) -> None:
    host = EVERY_HOST[name]
    assert host.paths.keys() <= SPOKEN.keys()
    assert host.label
    assert any(dialect in DIALECTS for dialect in host.paths), "nobody else's requests could go there"


@pytest.mark.parametrize("name", EVERY_HOST)
def test_paths_are_appended_to_a_base_url(name: str) -> None:
    for path in EVERY_HOST[name].paths.values():
        assert path.startswith("/") and not path.endswith("/")
        assert urlsplit(f"https://x{path}").path == path


def test_keys_go_where_the_vendor_wants_them() -> None:
    assert (HOSTS["openai"].key_header, HOSTS["openai"].key_prefix) == ("authorization", "Bearer ")
    assert (HOSTS["anthropic"].key_header, HOSTS["anthropic"].key_prefix) == ("x-api-key", "")


def test_who_speaks_the_clients_dialect_is_spoken_to_in_it() -> None:
    for dialect in DIALECTS.values():
        host = Host({dialect.NAME: "/x"})
        assert host.spoken_for(dialect, DIALECTS) is dialect


def test_others_are_translated_into_the_first_that_can_be() -> None:
    openai_chat, anthropic = DIALECTS["openai_chat"], DIALECTS["anthropic_messages"]
    assert HOSTS["anthropic"].spoken_for(openai_chat, DIALECTS) is anthropic
    assert HOSTS["openai"].spoken_for(anthropic, DIALECTS) is openai_chat
    embeddings, paths = SPOKEN["openai_embeddings"], ["openai_images", "anthropic_messages", "openai_chat"]
    assert (
        Host(dict.fromkeys(paths, "/x")).spoken_for(embeddings, {**DIALECTS, embeddings.NAME: embeddings})
        is anthropic
    )
    paths.reverse()
    assert (
        Host(dict.fromkeys(paths, "/x")).spoken_for(embeddings, {**DIALECTS, embeddings.NAME: embeddings})
        is openai_chat
    )


def test_what_can_not_be_translated_goes_only_where_it_is_spoken() -> None:
    embeddings = SPOKEN["openai_embeddings"]
    assert HOSTS["openai"].spoken_for(embeddings, DIALECTS) is embeddings
    assert HOSTS["anthropic"].spoken_for(embeddings, DIALECTS) is None


def test_a_host_that_speaks_nothing_translatable_can_not_help() -> None:
    assert Host({"openai_embeddings": "/e"}).spoken_for(DIALECTS["openai_chat"], DIALECTS) is None


def test_no_resolver_knows_the_demo() -> None:
    assert (urlsplit(DEMO_URL).hostname or "").endswith(".invalid")
