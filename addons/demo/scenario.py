"""What the embedded provider answers, and how it goes wrong: both follow from the model's name alone."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from addons.demo.answer import Answer, Ask, Call, Choice, Tool, Usage
from addons.demo.sample import sample
from addons.demo.wire import digest, dump, words

MODELS: dict[str, str] = {
    "hello": "Greets, quotes the last user message and says what it saw; so does any name not listed here.",
    "tools": "Calls the first tool with arguments that fit its schema; quotes what the tool answered.",
    "parallel-tools": "Calls two tools at once, or the one there is twice.",
    "text-and-tools": "Says a sentence, then calls the first tool.",
    "thinking": "Thinks before it answers.",
    "redacted": "Thinks before it answers, and does not show what.",
    "json": "Answers with JSON that fits the schema asked for; with any JSON when none is.",
    "refusal": "Refuses.",
    "length": "Stops in mid-sentence at `max_tokens`, or after 16 words.",
    "cached": "Reports half of the prompt as read from a cache.",
    "slow": "50 chunks, 100 ms apart; `slow-20ms` sets another pace.",
    "long-100": "100 chunks as fast as they can be sent; any other number does as well.",
    "utf8": "Many scripts; characters are split between writes.",
    "gzip": "Compressed, though not asked for.",
    "crlf": "A stream with CRLF line ends and comments.",
    "400": "Error: the request is not valid.",
    "401": "Error: the key is wrong.",
    "403": "Error: the key may not do this.",
    "404": "Error: no such model.",
    "413": "Error: the request is too large.",
    "422": "Error: the request cannot be processed.",
    "429": "Error: too many requests; retry after a second.",
    "500": "Error: the provider failed.",
    "502": "Error: the provider's own gateway failed.",
    "503": "Error: the provider is not available.",
    "529": "Error: the provider is overloaded.",
    "reset": "Resets the connection before any answer.",
    "hang": "Never answers.",
    "cut": "Closes the connection in the middle of the answer.",
    "stall": "Sends a little, then nothing more.",
    "error-first": "A stream that begins with an error event; status 500 if not streamed.",
    "error-mid": "A stream that breaks off with an error event; status 500 if not streamed.",
    "garbage": "Status 200, and a body that cannot be read.",
    "no-finish": "Ends properly for HTTP, but without saying that it is finished.",
}
"""Every model name that means something, and what it does."""

FAULTS = frozenset({"reset", "hang", "cut", "stall", "error-first", "error-mid", "garbage", "no-finish"})
STATUSES = {name: int(name) for name in MODELS if name.isdecimal()}
LONGEST_QUOTE = 4000
MOST_CHUNKS = 100_000

_SLOW = re.compile(r"slow(?:-(\d{1,5})ms)?")
_LONG = re.compile(r"long-(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an answer is put on the wire."""

    status: int = 200
    fault: str = ""
    pace: float = 0
    """Seconds between two chunks."""
    encoding: str = ""
    """One of gzip, crlf, utf8."""


def delivery(model: str) -> Delivery:
    if slow := _SLOW.fullmatch(model):
        return Delivery(pace=int(slow[1] or 100) / 1000)
    return Delivery(
        status=STATUSES.get(model, 200),
        fault=model if model in FAULTS else "",
        encoding=model if model in {"gzip", "crlf", "utf8"} else "",
    )


def decide(ask: Ask) -> Answer:
    """The same request always gets the same answer."""
    choices = tuple(_limited(ask, _choice(ask, each, number)) for number, each in enumerate(ask.texts))
    return Answer(choices, _usage(ask, choices))


def _choice(ask: Ask, said: str, number: int) -> Choice:
    if ask.model == "refusal":
        return Choice(refusal="I'm sorry, but I can't help with that.", finish="refusal")
    if ask.choosable and not ask.results and (ask.forced or ask.model in CALLERS):
        return _calling(ask, number)
    if ask.json or ask.model == "json":
        fitting = sample(ask.schema) if ask.schema else {"message": quoted(said), "model": ask.model}
        return Choice(text=dump(fitting).decode())
    choice = SCENARIOS.get(ask.model, _scenario_of_pattern)(ask, said)
    return choice if number == 0 else replace(choice, text=f"Choice {number + 1}: {choice.text}")


def _calling(ask: Ask, number: int) -> Choice:
    first, second = ask.choosable[0], ask.choosable[min(1, len(ask.choosable) - 1)]
    tools = [first, second] if ask.model == "parallel-tools" and ask.parallel else [first]
    before = "Let me look that up." if ask.model == "text-and-tools" else ""
    calls = tuple(_call(ask, tool, f"{number}.{position}") for position, tool in enumerate(tools))
    return Choice(text=before, calls=calls, finish="tools")


def _call(ask: Ask, tool: Tool, position: str) -> Call:
    arguments = sample(tool.schema)
    written = dump(arguments if isinstance(arguments, dict) else {})
    return Call(digest(ask.digest.encode(), position.encode()), tool.name, written.decode())


def quoted(said: str) -> str:
    """What was said, unless it is too long to be quoted whole."""
    return said if len(said) <= LONGEST_QUOTE else said[:LONGEST_QUOTE] + "…"


def _hello(ask: Ask, said: str) -> Choice:
    if ask.results:
        answers = " and ".join(f'"{quoted(result)}"' for result in ask.results)
        return Choice(text=f"The tool answered {answers}.")
    saw = [_counted(ask.messages, "message")]
    saw += ["a system prompt"] if ask.system else []
    saw += [_counted(ask.images, "image")] if ask.images else []
    saw += [_counted(ask.tools, "tool")] if ask.tools else []
    listed = ", ".join(saw[:-1]) + " and " + saw[-1] if len(saw) > 1 else saw[0]
    return Choice(text=f'Hello from the demo! You said: "{quoted(said)}". I saw {listed}.')


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _tools(ask: Ask, said: str) -> Choice:
    if ask.results:
        return _hello(ask, said)
    return Choice(text="I would call a tool, but the request leaves me none to call.")


def _thinking(ask: Ask, said: str) -> Choice:
    thought = f'The user says "{quoted(said)}". A greeting that quotes them is what this model is for.'
    return replace(_hello(ask, said), thinking=thought)


def _redacted(ask: Ask, said: str) -> Choice:
    return replace(_hello(ask, said), redacted=digest(b"redacted", said.encode()) * 4)


def _length(ask: Ask, _said: str) -> Choice:
    return Choice(text=_numbers(min(ask.max_tokens or 16, 1000)), finish="length")


def _utf8(_ask: Ask, said: str) -> Choice:
    return Choice(
        text=f"Grüße aus Zürich, 你好世界, こんにちは, Привет мир, שלום, 🐉🧑‍🚀 naïve café: “{quoted(said)}”"
    )


def _scenario_of_pattern(ask: Ask, said: str) -> Choice:
    if long := _LONG.fullmatch(ask.model):
        return Choice(text=_numbers(min(int(long[1]), MOST_CHUNKS)))
    if _SLOW.fullmatch(ask.model):
        return Choice(text=_numbers(50))
    return _hello(ask, said)


@lru_cache(8)
def _numbers(amount: int) -> str:
    return " ".join(f"word{number}" for number in range(1, amount + 1))


CALLERS = frozenset({"tools", "parallel-tools", "text-and-tools"})
SCENARIOS: dict[str, Callable[[Ask, str], Choice]] = {
    **dict.fromkeys(CALLERS, _tools),
    "thinking": _thinking,
    "redacted": _redacted,
    "length": _length,
    "utf8": _utf8,
}


def _limited(ask: Ask, choice: Choice) -> Choice:
    """The choice as stop sequences and `max_tokens` leave it, in this order; a call is never cut."""
    found = [(at, stop) for stop in ask.stop if stop and (at := choice.text.find(stop)) >= 0]
    if found:
        at, stop = min(found)
        choice = replace(choice, text=choice.text[:at], calls=(), finish="stop_sequence", stop_sequence=stop)
    if ask.max_tokens is None or choice.calls:
        return choice
    thought = words(choice.thinking)[: ask.max_tokens]
    left, said = ask.max_tokens - len(thought), words(choice.text)
    if choice.thinking == "".join(thought) and len(said) <= left:
        return choice
    return replace(choice, thinking="".join(thought), text="".join(said[:left]), finish="length")


def _usage(ask: Ask, choices: tuple[Choice, ...]) -> Usage:
    first_turn = ask.messages < 2
    read = ask.tokens // 2 if ask.model == "cached" else 0 if first_turn else ask.cacheable
    return Usage(
        input=ask.tokens,
        output=max(1, sum(choice.tokens() for choice in choices)),
        thinking=sum(choice.thinking_tokens() for choice in choices),
        cache_read=read,
        cache_write=ask.cacheable if first_turn and ask.model != "cached" else 0,
    )
