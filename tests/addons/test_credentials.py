import asyncio
import logging
from typing import Any

import pytest

from addons.call import Call
from addons.credentials import TALKATIVE, Credentials
from addons.proxy import Failure, Unsent
from addons.signing import Lease
from addons.signing.key import Bearer, Key
from tests.addons.calls import Chain, a_config, a_request, an_answer, asking

CONFIG = """
providers:
  cloud: {type: gcp-anthropic, project: p, location: global, credentials: {service_account_file: none.json}}
  other: {type: gcp-anthropic, project: q, location: global, credentials: {service_account_file: none.json}}
  plain: {type: openai, base_url: "https://a.example/v1", api_key: key-of-plain}
routes:
  - {models: [one], backends: [{provider: cloud}], retry: {attempts: 1}}
  - {models: [two], backends: [{provider: cloud}, {provider: plain, priority: 1}]}
"""
REFUSED = Failure("status", "status 401", 401)


class World:
    """Our addons with a token server that does as it is told."""

    def __init__(self, text: str = CONFIG) -> None:
        self.chain = Chain(text)
        self.asked, self.broken = 0, False
        provider = self.chain.config.providers["cloud"]
        signer = Bearer(self.fetch, self.chain.credentials._run)
        self.chain.credentials._signers[id(provider)] = provider, signer
        self.signer = signer

    def fetch(self) -> Lease[str]:
        self.asked += 1
        if self.broken:
            raise OSError("canary")
        return Lease(f"a-token-{self.asked}", None, (f"a-token-{self.asked}",))

    def sent(self, call: Call) -> Any:
        assert call.seal
        return call.seal(call.attempts[-1]).headers["authorization"]


def test_an_attempt_waits_for_what_it_is_signed_with() -> None:
    world = World()
    call, _ = world.chain.first(a_request(asking("one")))
    assert world.sent(call) == "Bearer a-token-1"
    call, _ = world.chain.first(a_request(asking("one")))
    assert world.sent(call) == "Bearer a-token-1" and world.asked == 1


def test_who_has_a_key_waits_for_nothing() -> None:
    chain = Chain(CONFIG)
    call = chain.call(a_request(asking("plain/m")))
    call.config = chain.config
    assert isinstance(chain.credentials.of(chain.config.providers["plain"]), Key)
    assert chain.credentials.ready(call, "plain") is None


def test_without_credentials_an_attempt_fails_and_the_next_may_do() -> None:
    world = World()
    world.broken = True
    call, _ = world.chain.first(a_request(asking("two")))
    with pytest.raises(Unsent, match=r"^no credentials$"):
        world.sent(call)
    world.chain.fail(call, Failure("connect", "no credentials"))
    assert world.sent(call) == "Bearer key-of-plain"


def test_after_a_refusal_the_same_backend_is_asked_once_more() -> None:
    world = World()
    call, first = world.chain.first(a_request(asking("one")))
    world.sent(call)
    assert call.retries(401) and call.retries(403) and not call.retries(404)
    first.response = an_answer({}, 401)
    assert world.chain.fail(call, REFUSED), "though the route allows one attempt"
    assert (world.sent(call), call.asked[0], call.delay) == ("Bearer a-token-2", call.asked[1], 0.0)
    assert not call.retries(401), "and that was it"
    assert world.chain.fail(call, REFUSED) is None
    assert world.asked == 2


def test_a_refusal_of_what_has_been_replaced_meanwhile_fetches_nothing() -> None:
    world = World()
    calls = [world.chain.first(a_request(asking("one")))[0] for _ in range(3)]
    for call in calls:
        world.sent(call)
    for call in calls:
        assert world.chain.fail(call, REFUSED)
        assert world.sent(call) == "Bearer a-token-2"
    assert world.asked == 2


def test_a_refusal_that_can_not_be_cured_falls_back() -> None:
    world = World()
    call, _ = world.chain.first(a_request(asking("two")))
    world.sent(call)
    world.broken = True
    assert world.chain.fail(call, REFUSED)
    with pytest.raises(Unsent):
        world.sent(call)
    assert world.chain.fail(call, Failure("connect", "no credentials"))
    assert world.sent(call) == "Bearer key-of-plain"


def test_a_second_asking_is_not_counted_in_its_priority() -> None:
    both = "{provider: plain}], retry: {per_priority: 2}}"
    world = World(CONFIG.replace("{provider: plain, priority: 1}]}", both))
    call, _ = world.chain.first(a_request(asking("two")))
    world.sent(call)
    assert call.asked[0].provider == "cloud"
    assert world.chain.fail(call, REFUSED)
    assert world.chain.fail(call, Failure("status", "status 429", 429))
    assert {backend.provider for backend in call.asked} == {"cloud", "plain"}


def test_other_failures_are_the_routes_affair() -> None:
    world = World()
    call, _ = world.chain.first(a_request(asking("two")))
    world.sent(call)
    world.chain.fail(call, Failure("status", "status 429", 429))
    assert call.asked[-1].provider == "plain" and not call.renewed and world.asked == 1


def test_a_refused_key_is_not_asked_again() -> None:
    chain = Chain(CONFIG.replace("attempts: 1", "attempts: 2"))
    call = chain.call(a_request(asking("plain/m")))
    assert not call.rule or chain.attempt(call) is None or not call.retries(401)


def test_what_it_says_of_a_failure_is_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.broken = True
    world.chain.first(a_request(asking("two")))
    assert caplog.messages == ["No credentials for cloud: OSError"]


def test_answers_must_not_quote_any_of_its_tokens() -> None:
    world = World()
    call, first = world.chain.first(a_request(asking("one")))
    world.sent(call)
    world.chain.fail(call, REFUSED)
    first.response = an_answer({"error": "a-token-1 a-token-2 a-token-3"}, 401)
    world.chain.seal.response(first)
    assert first.response.raw_content == b'{"error": "[redacted] [redacted] a-token-3"}'


def test_another_configuration_keeps_the_signers_of_what_has_not_changed() -> None:
    credentials = Credentials()
    first, second = a_config(CONFIG), a_config(CONFIG.replace("project: q", "project: z"))
    credentials.use(first)
    signers = {name: credentials.of(provider) for name, provider in first.providers.items()}
    credentials.use(second)
    assert credentials.of(second.providers["cloud"]) is signers["cloud"]
    assert credentials.of(first.providers["cloud"]) is signers["cloud"], "of calls that are under way"
    assert credentials.of(second.providers["other"]) is not signers["other"]


def test_it_fetches_ahead_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("addons.credentials.LOOK_SECONDS", 0.001)
    world = World()

    async def a_while() -> None:
        await world.signer.refresh()
        world.signer._due = 0.0
        world.chain.credentials.running()
        while world.asked < 2:
            await asyncio.sleep(0.001)
        await world.chain.credentials.done()

    asyncio.run(asyncio.wait_for(a_while(), 10))
    assert world.asked == 2


def test_libraries_do_not_log_what_they_sign() -> None:
    Credentials().load(None)  # type: ignore[arg-type]
    assert all(logging.getLogger(name).level == logging.WARNING for name in TALKATIVE)
