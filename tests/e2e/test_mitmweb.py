"""What people see in mitmweb, and what they can do there: in a real browser."""

import json
import os
import shlex
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.answers import (
    OPENAI_TOOL,
    PARIS_AND_ROME,
    error,
    openai_error,
    saying,
    streamed,
    streaming,
    whole,
)
from tests.e2e.client import CHAT, MESSAGES, Answer, chat, messages, post
from tests.gateway import PROVIDER_KEY, Gateway, eventually, running, standard_config
from tests.mitmweb import ATTEMPTS_TO_BE, CHROMIUM, Mitmweb, chromium
from tests.ports import free_port
from tests.upstream import Upstream

pytestmark = pytest.mark.skipif(
    not CHROMIUM and not os.environ.get("CI"), reason="there is no chromium on this machine"
)

KEPT = 12


@pytest.fixture(scope="module")
def gateway(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway under mitmweb."""
    config = standard_config(loopback.url)
    config["server"]["keep_flows"] = KEPT
    with running(config, tmp_path_factory.mktemp("web"), "--web", f"127.0.0.1:{free_port()}") as web:
        yield web


@pytest.fixture(scope="module")
def page(gateway: Gateway) -> Iterator[Mitmweb]:
    with chromium() as browser:
        yield Mitmweb(browser.new_page(viewport={"width": 1400, "height": 900}), gateway)


@pytest.fixture
def mitmweb(page: Mitmweb) -> Iterator[Mitmweb]:
    """The page, with nothing on it."""
    page.clear()
    yield page
    page.intercept("")


@pytest.fixture
def meanwhile() -> Iterator[Any]:
    """Asks the gateway while the test looks at the browser."""
    with ThreadPoolExecutor() as pool:

        def ask(gateway: Gateway, path: str, body: Any) -> Future[Answer]:
            return pool.submit(post, gateway.url, path, body)

        yield ask


def tag(comment: str) -> str:
    return comment.rpartition(" · ")[2]


def untagged(comments: list[str]) -> list[str]:
    return [comment.rpartition(" · ")[0] for comment in comments]


def test_a_client_and_its_attempts_are_listed_and_linked(
    upstream: Upstream, gateway: Gateway, mitmweb: Mitmweb
) -> None:
    upstream.script("a", whole(error("a"), 429))
    upstream.script("b", streamed(streaming("b", "Hello")))
    post(gateway.url, CHAT, chat("refused-a-b-c", stream=True))
    comments = mitmweb.listed(4)
    assert untagged(comments) == [
        "refused-a-b-c → b/refused-a-b-c · 3 attempts · 200 · 20+7 tokens",
        "attempt 1/3 · refused/refused-a-b-c · connect",
        "attempt 2/3 · a/refused-a-b-c · 429",
        "attempt 3/3 · b/refused-a-b-c · ok · 20+7 tokens",
    ]
    assert len(set(map(tag, comments))) == 1
    markers = mitmweb.page.locator(".flow-table .marker").all_inner_texts()
    assert markers == ["✅", "❌", "❌", "✅"]


def test_the_mark_in_a_comment_finds_a_client_and_its_attempts(
    upstream: Upstream, gateway: Gateway, mitmweb: Mitmweb
) -> None:
    upstream.script("a", whole(saying("a")), whole(saying("a")))
    for model in ("refused-a", "a"):
        post(gateway.url, CHAT, chat(model))
    comments = mitmweb.listed(5)
    mitmweb.find(f"~comment {tag(comments[0])}")
    assert mitmweb.listed(3) == comments[:3]
    mitmweb.find("~comment ^attempt")
    assert mitmweb.listed(3) == [*comments[1:3], comments[4]]


def test_an_attempt_that_is_edited_by_hand_arrives_as_edited_and_signed(
    upstream: Upstream, gateway: Gateway, mitmweb: Mitmweb, meanwhile: Any
) -> None:
    upstream.script("anth_a", whole(saying("anth_a", "for the edit")))
    edited = {"model": "by-hand", "max_tokens": 7, "messages": [{"role": "user", "content": "Edited ✎"}]}
    mitmweb.intercept(ATTEMPTS_TO_BE)
    answer = meanwhile(gateway, CHAT, chat("anth_a", "as the client said it"))
    mitmweb.select_intercepted()
    assert not upstream.received
    mitmweb.edit(json.dumps(edited, ensure_ascii=False))
    mitmweb.press("Resume")
    assert answer.result().json()["choices"][0]["message"]["content"] == "for the edit"
    request = upstream.only()
    assert json.loads(request.body) == edited
    assert request.header("content-length") == str(len(request.body))
    assert request.header("x-api-key") == f"{PROVIDER_KEY}-anth_a"
    client, _ = mitmweb.flows()
    assert "as the client said it" in mitmweb.get(f"flows/{client['id']}/request/content.data")


def test_a_client_request_that_is_edited_by_hand_is_translated_as_edited(
    upstream: Upstream, gateway: Gateway, mitmweb: Mitmweb, meanwhile: Any
) -> None:
    upstream.script("anth_a", whole(saying("anth_a", "for the edit")))
    mitmweb.intercept("~u chat & ~q & ! ~comment ^attempt")
    answer = meanwhile(gateway, CHAT, chat("a", "as the client said it"))
    mitmweb.select_intercepted()
    mitmweb.edit(json.dumps(chat("anth_a", "Edited ✎", max_tokens=7), ensure_ascii=False))
    mitmweb.press("Resume")
    assert answer.result().json()["choices"][0]["message"]["content"] == "for the edit"
    asked = json.loads(upstream.only().body)
    assert upstream.only().provider == "anth_a" and asked["max_tokens"] == 7
    assert asked["messages"] == [{"role": "user", "content": "Edited ✎"}]
    assert untagged(mitmweb.listed(2))[1].startswith("attempt 1 · anth_a/anth_a · ok")


def test_a_client_request_that_is_edited_into_nonsense_is_refused(
    upstream: Upstream, gateway: Gateway, mitmweb: Mitmweb, meanwhile: Any
) -> None:
    mitmweb.intercept("~u chat & ~q & ! ~comment ^attempt")
    answer = meanwhile(gateway, CHAT, chat("a"))
    mitmweb.select_intercepted()
    mitmweb.edit('{"model": "nobody", "messages": [{"role": "user", "content": "?"}]}')
    mitmweb.press("Resume")
    assert answer.result().status == 404 and "nobody" in answer.result().message
    assert not upstream.received


def test_an_answer_that_is_edited_by_hand_is_translated_back_as_edited(
    upstream: Upstream, gateway: Gateway, mitmweb: Mitmweb, meanwhile: Any
) -> None:
    upstream.script("anth_a", whole(saying("anth_a", "as the provider said it")))
    mitmweb.intercept("~comment ^attempt & ~s")
    answer = meanwhile(gateway, CHAT, chat("anth_a"))
    mitmweb.select_intercepted()
    mitmweb.tab("Response")
    mitmweb.shown("as the provider said it")
    mitmweb.edit(json.dumps(saying("anth_a", "Edited ✎"), ensure_ascii=False))
    mitmweb.press("Resume")
    assert answer.result().json()["choices"][0]["message"]["content"] == "Edited ✎"


def test_a_streamed_tool_call_is_shown_put_together(
    upstream: Upstream, gateway: Gateway, mitmweb: Mitmweb
) -> None:
    upstream.script("anth_a", streamed(streaming("anth_a", "Let me", " see.", tools=PARIS_AND_ROME)))
    post(gateway.url, CHAT, chat("anth_a", stream=True, tools=[OPENAI_TOOL]))
    mitmweb.listed(2)
    for flow, dialect in (("anth_a", "openai_chat"), ("attempt 1", "anthropic_messages")):
        mitmweb.select(flow)
        mitmweb.tab("Response")
        page = " ".join(mitmweb.shown(f"{dialect} · answer, streamed").split())
        assert "assistant" in page and "Let me see. → weather" in page and '{ "city": "Rome" }' in page
        assert "finish: tools" in page
        assert ("usage: 20 input, 7 output" in page) == (flow == "attempt 1")  # the client has not asked
        mitmweb.tab("Request")
        assert "tools: weather" in mitmweb.shown(f"{dialect} · request")


def test_what_is_exported_goes_to_the_gateway_and_holds_no_secret(
    upstream: Upstream, gateway: Gateway, mitmweb: Mitmweb, tmp_path: Path
) -> None:
    upstream.script("a", whole(openai_error(f"Incorrect API key: {PROVIDER_KEY}-b"), 401))
    secret = {"authorization": "Bearer canary-client-bearer", "host": "elsewhere.example"}
    post(gateway.url, f"{CHAT}?key=canary-client-query", chat("a"), secret)
    mitmweb.listed(2)
    client, attempt = mitmweb.flows()
    curl = mitmweb.command("export", "curl", f"@{client['id']}")
    assert shlex.split(curl)[-3].startswith(f"{gateway.url}{CHAT}")
    exported = [curl, mitmweb.command("export", "curl", f"@{attempt['id']}")]
    for kind in ("raw", "httpie", "raw_request"):
        exported += [mitmweb.command("export", kind, f"@{flow['id']}") for flow in (client, attempt)]
    mitmweb.command("save.har", "@all", str(tmp_path / "har"))
    har = (tmp_path / "har").read_text()
    entries = json.loads(har)["log"]["entries"]
    assert [entry["request"]["url"].startswith(gateway.url) for entry in entries] == [True, False]
    assert "Incorrect API key" in har
    for text in (*exported, har):
        assert PROVIDER_KEY not in text and "canary-client" not in text


def test_who_has_no_token_sees_nothing(gateway: Gateway, mitmweb: Mitmweb) -> None:
    for path in ("", "flows", "flows/dump", "options", "state", "updates"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(mitmweb.url + path, timeout=10)
        assert refused.value.code == 403


def test_no_key_is_in_anything_that_mitmweb_says(
    upstream: Upstream, gateway: Gateway, mitmweb: Mitmweb
) -> None:
    cookie = {"set-cookie": f"it={PROVIDER_KEY}", "x-seen": f"{PROVIDER_KEY}-a"}
    upstream.script("a", whole(openai_error(f"Incorrect API key: {PROVIDER_KEY}-a"), 401, cookie))
    upstream.script(
        "anth_a",
        streamed(streaming("anth_a", f"It is {PROVIDER_KEY}-anth_a, or canary-pro", "vider-key-anth_a")),
    )
    post(gateway.url, CHAT, chat("a"), {"authorization": "Bearer canary-client-bearer"})
    post(gateway.url, MESSAGES, messages("anth_a", stream=True), {"x-api-key": "canary-client-x-api-key"})
    mitmweb.listed(4)
    said = [mitmweb.get(path) for path in ("flows", "flows/dump", "options", "state", "events", "commands")]
    for flow in mitmweb.flows():
        for message in ("request", "response"):
            said.append(mitmweb.get(f"flows/{flow['id']}/{message}/content.data"))
            said.append(mitmweb.get(f"flows/{flow['id']}/{message}/content/auto.json"))
            said.append(mitmweb.get(f"flows/{flow['id']}/{message}/content/transcript.json"))
    assert any("Incorrect API key" in text for text in said)
    assert len(mitmweb.heard) > 4
    for text in said + mitmweb.heard:
        assert PROVIDER_KEY not in text
        assert "canary-client" not in text


def test_an_attempt_that_is_killed_leaves_no_client_waiting(
    upstream: Upstream, gateway: Gateway, mitmweb: Mitmweb, meanwhile: Any
) -> None:
    mitmweb.intercept(ATTEMPTS_TO_BE)
    answer = meanwhile(gateway, MESSAGES, messages("a"))
    mitmweb.select_intercepted()
    mitmweb.press("Abort")
    assert answer.result().status == 502
    assert answer.result().json()["error"]["type"] == "api_error"
    assert not upstream.received
    assert untagged(mitmweb.listed(2))[1] == "attempt 1 · a/a · killed"


def test_a_client_that_is_replayed_goes_through_the_whole_chain(
    upstream: Upstream, gateway: Gateway, mitmweb: Mitmweb
) -> None:
    upstream.script("a", whole(saying("a", "one")), whole(saying("a", "two")))
    post(gateway.url, MESSAGES, messages("refused-a"))
    mitmweb.listed(3)
    mitmweb.select("refused-a")
    mitmweb.press("Replay")
    again = upstream.wait_for("a", 2)
    assert again.body == upstream.of("a")[0].body
    assert again.header("authorization") == f"Bearer {PROVIDER_KEY}-a"
    mitmweb.listed(5)
    client = mitmweb.flows()[0]
    assert client["is_replay"] == "request"
    assert "two" in mitmweb.get(f"flows/{client['id']}/response/content.data")


def test_an_attempt_that_is_replayed_is_signed(
    upstream: Upstream, gateway: Gateway, mitmweb: Mitmweb
) -> None:
    upstream.script("a", whole(error("a"), 400), whole(saying("a", "now it works")))
    post(gateway.url, MESSAGES, messages("a"))
    assert untagged(mitmweb.listed(2))[1] == "attempt 1 · a/a · 400"
    mitmweb.select("attempt 1")
    mitmweb.press("Replay")
    again = upstream.wait_for("a", 2)
    assert again.body == upstream.of("a")[0].body
    assert again.header("authorization") == f"Bearer {PROVIDER_KEY}-a"
    eventually(
        lambda: untagged(mitmweb.comments())[1] == "attempt 1 · a/a · ok",
        "the answer is not shown",
    )
    attempt = mitmweb.flows()[1]
    assert "now it works" in mitmweb.get(f"flows/{attempt['id']}/response/content.data")


def test_only_the_newest_flows_are_kept(gateway: Gateway, mitmweb: Mitmweb) -> None:
    for number in range(10):
        post(gateway.url, CHAT, chat("refused-tls-dns", f"number {number}"))
    comments = mitmweb.listed(KEPT)
    assert len(mitmweb.flows()) == KEPT
    assert len(set(map(tag, comments))) == KEPT / 4
    assert untagged(comments)[-4].startswith("refused-tls-dns → dns/refused-tls-dns · 3 attempts · 502")
