"""A mixed run: what each request will meet is planned beforehand, and the providers count what they did."""

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.e2e import answers
from tests.e2e.answers import speaks_anthropic, sse, streamed, whole
from tests.e2e.client import CHAT, MESSAGES, Json, chat, messages
from tests.upstream import Received, Step, hang, reset

CHAINS = ("a-b-anth_a", "anth_a-a-b", "b-anth_b-a", "anth_b-anth_a-b")
PRICES: dict[str, Json] = {
    "a": {"input": 2.0, "cached_input": 0.5, "output": 8.0},
    "b": {"input": 1.0, "output": 3.0},
    "anth_a": {"input": 3.0, "cached_input": 0.3, "cache_write": 3.75, "output": 15.0},
    "anth_b": {"input": 0.8, "cached_input": 0.08, "cache_write": 1.0, "output": 4.0},
}
WEIGHTS = {"429": 6, "500": 5, "reset": 5, "head": 4, "400": 2, "cut": 4, "error": 4, "leave": 4, "ok": 60}
"""How often an attempt meets what. Of the first four, the next provider is asked."""
RETRIED = ("429", "500", "reset", "head")
KINDS = ("input", "cached_input", "cache_creation_input", "output")


@dataclass(frozen=True)
class Plan:
    """One request, and what its attempts will meet."""

    number: int
    chain: str
    path: str
    stream: bool
    fates: tuple[str, ...]
    tokens: tuple[int, int, int, int]
    """Fresh input, cached, written to a cache, output."""

    @property
    def body(self) -> Json:
        ask = chat if self.path == CHAT else messages
        return ask(self.chain, str(self.number), stream=self.stream)

    @property
    def status(self) -> int:
        """What the client will see; 499 when it leaves."""
        last = self.fates[-1]
        if last in ("429", "500", "400", "head", "reset"):
            return {"head": 503 if self._last_speaks_anthropic else 429, "reset": 502}.get(last) or int(last)
        return 499 if last == "leave" else 200

    @property
    def _last_speaks_anthropic(self) -> bool:
        return speaks_anthropic(self.chain.split("-")[len(self.fates) - 1])


def plans(count: int, seed: int) -> list[Plan]:
    """The same ones for the same seed."""
    choose = random.Random(seed)
    return [_plan(number, choose) for number in range(count)]


def _plan(number: int, choose: random.Random) -> Plan:
    stream = choose.random() < 0.5
    streamed_only = ("head", "cut", "error", "leave")
    weights = {fate: weight for fate, weight in WEIGHTS.items() if stream or fate not in streamed_only}
    fates = list[str]()
    while len(fates) < 3:
        fates += choose.choices(list(weights), list(weights.values()))
        if fates[-1] not in RETRIED:
            break
    tokens = choose.randint(1, 900), choose.randint(0, 500), choose.randint(0, 300), choose.randint(2, 400)
    path = choose.choice((CHAT, MESSAGES))
    return Plan(number, choose.choice(CHAINS), path, stream, tuple(fates), tokens)


@dataclass
class Tally:
    """What the providers did, as they count it."""

    plans: list[Plan]
    attempts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    tokens: Counter[str] = field(default_factory=Counter[str])
    dollars: float = 0.0
    met: Counter[int] = field(default_factory=Counter[int])
    read: dict[int, threading.Event] = field(default_factory=dict[int, threading.Event])
    """Set once a client has read what a reset, coming too early, would discard."""

    def __post_init__(self) -> None:
        self.read = {plan.number: threading.Event() for plan in self.plans}

    def __call__(self, request: Received) -> list[Step]:
        """Answer a request as it is planned."""
        body = json.loads(request.body)
        content = body["messages"][-1]["content"]
        plan = self.plans[int(content if isinstance(content, str) else content[0]["text"])]
        fate = plan.fates[self.met[plan.number]]
        self.met[plan.number] += 1
        provider = request.provider
        self._count(provider, plan, fate)
        return list(self._answer(provider, plan, fate, bool(body.get("stream"))))

    def _count(self, provider: str, plan: Plan, fate: str) -> None:
        outcomes = {
            "head": "503" if speaks_anthropic(provider) else "429",
            "cut": "broken",
            "error": "broken",
            "leave": "left",
        }
        self.attempts[provider, outcomes.get(fate, fate)] += 1
        fresh, cached, written, output = plan.tokens
        if fate in ("cut", "error", "leave") and speaks_anthropic(provider):
            output = 1  # all that has been told of it by then
        elif fate != "ok":
            return  # OpenAI tells nothing before the end
        if not speaks_anthropic(provider):
            written = 0
        price = PRICES[provider]
        for kind, count in zip(KINDS, (fresh + cached + written, cached, written, output), strict=True):
            self.tokens[kind] += count
        micro = fresh * price["input"] + cached * price.get("cached_input", price["input"])
        micro += written * price.get("cache_write", price["input"]) + output * price["output"]
        self.dollars += micro / 1e6

    def _answer(self, provider: str, plan: Plan, fate: str, stream: bool) -> Iterator[Step]:
        steps = _answer(provider, plan, fate, stream)
        for step in steps:
            if fate == "cut" and step is reset:
                yield lambda peer: peer.wait(self.read[plan.number])
            yield step


def _answer(provider: str, plan: Plan, fate: str, stream: bool) -> Iterator[Step]:
    match fate:
        case "429" | "500" | "400":
            yield from whole(answers.error(provider), int(fate))
        case "reset":
            yield reset
        case "head":
            yield from streamed([_error(provider)])
        case _ if not stream:
            yield from whole(_told(answers.saying(provider), provider, plan))
        case _:
            yield from streamed(_frames(provider, plan, fate))


def _frames(provider: str, plan: Plan, fate: str) -> Iterator[Step]:
    if speaks_anthropic(provider):
        start = answers.anthropic_message("") | {"stop_reason": None}
        _told(start, provider, plan)["usage"]["output_tokens"] = 1
        yield answers.anthropic_event("message_start", message=start)
        text, deltas = {"type": "text", "text": ""}, [{"type": "text_delta", "text": "one"}]
        yield from answers.anthropic_block(0, text, *deltas)
    else:
        yield answers.OPENAI_FIRST
        yield answers.openai_delta(content="one")
    match fate:
        case "cut":
            yield reset
        case "leave":
            yield hang
        case "error":
            yield _error(provider)
        case _ if speaks_anthropic(provider):
            delta = {"stop_reason": "end_turn", "stop_sequence": None}
            usage = {"output_tokens": plan.tokens[3]}
            yield answers.anthropic_event("message_delta", delta=delta, usage=usage)
            yield answers.ANTHROPIC_STOP
        case _:
            yield answers.OPENAI_STOP
            last: Any = _told({"id": "c", "object": "chat.completion.chunk", "choices": []}, provider, plan)
            yield sse({"created": 1, "model": "gpt-up-2024", **last})
            yield answers.DONE


def _error(provider: str) -> bytes:
    if speaks_anthropic(provider):
        return answers.anthropic_event("error", error={"type": "overloaded_error", "message": "busy"})
    return sse(answers.openai_error())


def _told(answer: Json, provider: str, plan: Plan) -> Json:
    """An answer with the usage that is planned."""
    fresh, cached, written, output = plan.tokens
    if speaks_anthropic(provider):
        answer["usage"] = {
            "input_tokens": fresh,
            "cache_read_input_tokens": cached,
            "cache_creation_input_tokens": written,
            "output_tokens": output,
        }
    else:
        answer["usage"] = {
            "prompt_tokens": fresh + cached,
            "completion_tokens": output,
            "total_tokens": fresh + cached + output,
            "prompt_tokens_details": {"cached_tokens": cached},
        }
    return answer
