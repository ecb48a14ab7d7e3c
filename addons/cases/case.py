"""Case: one recorded call as a test, the file where it is, and what came of it."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mitmproxy import exceptions, http
from mitmproxy.io import FlowReader, FlowWriter

from addons.cases.compare import has_left
from addons.cases.structure import Difference
from addons.proxy import Recorded, calls_of
from translators.canonical import JsonValue

type Verdict = Literal["ok", "differs", "could not run"]


@dataclass
class Case:
    """One recorded call, or a whole file where that can't be read."""

    file: Path
    recorded: Recorded | None
    number: int = 0
    problem: str = ""
    """Why it could not run."""
    now: Recorded | None = None
    differences: list[Difference] = field(default_factory=list[Difference])
    accepted: bool = False
    """Whether the recording says now what is."""

    @property
    def verdict(self) -> Verdict:
        return (
            "could not run" if self.problem else "differs" if self.differences and not self.accepted else "ok"
        )

    @property
    def title(self) -> str:
        """`POST /v1/chat/completions demo/hello, streamed`."""
        if not self.recorded:
            return ""
        request = self.recorded.client.request
        try:
            told: JsonValue = json.loads(request.raw_content or b"")
        except (ValueError, RecursionError):
            told = None
        match told:
            case {"model": str() as model, "stream": True}:
                return f"{request.method} {request.path} {model}, streamed"
            case {"model": str() as model}:
                return f"{request.method} {request.path} {model}"
            case _:
                return f"{request.method} {request.path}"


def files_in(places: Iterable[Path]) -> list[Path]:
    """The recordings: files as they are named, and `*.flow` in folders, however deep."""
    return [
        file for place in places for file in (sorted(place.rglob("*.flow")) if place.is_dir() else [place])
    ]


def cases_in(file: Path) -> list[Case]:
    """The calls of a recording, or one case that says why there are none."""
    try:
        flows = flows_in(file)
    except (OSError, exceptions.FlowReadException) as error:
        return [Case(file, None, problem=f"it can't be read: {error}")]
    cases = [Case(file, call, number, problem_of(call)) for number, call in enumerate(calls_of(flows), 1)]
    return cases or [Case(file, None, problem="it holds no call of a client")]


def flows_in(file: Path) -> list[http.HTTPFlow]:
    """All HTTP flows of a recording. Raises `FlowReadException` and `OSError`."""
    with open(file, "rb") as opened:
        return [flow for flow in FlowReader(opened).stream() if isinstance(flow, http.HTTPFlow)]


def problem_of(call: Recorded) -> str:
    """Why a call can't be made again; empty where it can."""
    client = call.client
    if not client.response:
        return "its client left before it was told anything" if has_left(client) else "it has no answer"
    if client.response.status_code == 401 and not call.attempts:
        return "it is about a client's key, and no recording holds one"
    return ""


def accept(file: Path, cases: Sequence[Case]) -> None:
    """Rewrite a recording, so that it says what is sent and told now. Providers' answers stay as they are."""
    changed: Mapping[str, http.HTTPFlow] = {
        flow.id: flow for case in cases if case.differences and can_accept(case) for flow in accepted(case)
    }
    gone = {
        flow.id
        for case in cases
        if case.differences and can_accept(case) and case.recorded
        for flow in case.recorded.attempts
    } - changed.keys()
    beside = file.with_name(f".{file.name}.new")
    flows = flows_in(file)
    with open(beside, "wb") as out:
        writer = FlowWriter(out)
        for flow in flows:
            if flow.id not in gone:
                writer.add(changed.get(flow.id, flow))
    beside.chmod(file.stat().st_mode)
    os.replace(beside, file)
    for case in cases:
        case.accepted = can_accept(case)


def can_accept(case: Case) -> bool:
    """Whether the recording has all that the call needs now: nobody knows what a provider would have said."""
    return bool(case.recorded and case.now and len(case.now.attempts) <= len(case.recorded.attempts))


def accepted(case: Case) -> list[http.HTTPFlow]:
    """The flows of a call as they are to be recorded: new requests, and the new answer to the client."""
    assert case.recorded and case.now
    client = _same(case.recorded.client)
    client.response, client.error = case.now.client.response, case.now.client.error
    flows = [client]
    for old, new in zip(case.recorded.attempts, case.now.attempts, strict=False):
        flow = _same(old)
        flow.request = new.request
        flow.metadata |= new.metadata
        flows.append(flow)
    if "attempts" in client.metadata:
        client.metadata["attempts"] = [flow.id for flow in flows[1:]]
    return flows


def _same(flow: http.HTTPFlow) -> http.HTTPFlow:
    copy: http.HTTPFlow = flow.copy()
    copy.id = flow.id
    return copy
