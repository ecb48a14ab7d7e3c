from pathlib import Path

import pytest
from mitmproxy import flow as mitmflow
from mitmproxy import http
from mitmproxy.test import tflow

from addons.cases.case import Case, cases_in, files_in, problem_of
from addons.cases.report import as_json, exit_code, text
from addons.cases.structure import ABSENT, Difference
from addons.proxy import Recorded
from tests.flows.__main__ import write


def a_client(body: bytes = b'{"model": "m", "stream": true}', status: int | None = 200) -> http.HTTPFlow:
    flow = tflow.tflow(req=http.Request.make("POST", "http://gateway.example/v1/x", body))
    flow.response = http.Response.make(status) if status else None
    return flow


def an_attempt(client: http.HTTPFlow, number: int) -> http.HTTPFlow:
    flow = tflow.tflow()
    flow.metadata = {"attempt_of": client.id, "attempt": number}
    return flow


def test_calls_with_their_attempts_in_order(tmp_path: Path) -> None:
    one, two = a_client(), a_client()
    attempts = [an_attempt(one, 2), an_attempt(two, 1), an_attempt(one, 1)]
    write(tmp_path / "a.flow", [attempts[0], one, two, *attempts[1:]])
    cases = cases_in(tmp_path / "a.flow")
    ids = [[flow.id for flow in case.recorded.attempts] for case in cases if case.recorded]
    assert ids == [[attempts[2].id, attempts[0].id], [attempts[1].id]]
    assert [(case.number, case.verdict) for case in cases] == [(1, "ok"), (2, "ok")]


@pytest.mark.parametrize("content", [b"", b"no flows", None])
def test_files_without_calls(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.flow").write_bytes(content)
    (case,) = cases_in(tmp_path / "a.flow")
    assert case.verdict == "could not run" and case.problem


def test_calls_that_can_not_be_made_again() -> None:
    left = a_client(status=None)
    left.error = mitmflow.Error("Client disconnected.")
    assert "left" in problem_of(Recorded(left, ()))
    assert problem_of(Recorded(a_client(status=None), ()))
    unauthorized = a_client(status=401)
    assert "key" in problem_of(Recorded(unauthorized, ()))
    assert not problem_of(Recorded(unauthorized, (an_attempt(unauthorized, 1),)))


def test_folders_are_searched_and_files_are_taken(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/two.flow", "one.flow", "other.txt"):
        (tmp_path / name).touch()
    assert files_in([tmp_path]) == [tmp_path / "b" / "two.flow", tmp_path / "one.flow"]
    assert files_in([tmp_path / "other.txt"]) == [tmp_path / "other.txt"]


def a_case(*differences: Difference, problem: str = "", body: bytes = b'{"model": "m"}') -> Case:
    call = Recorded(a_client(body), ())
    return Case(Path("a.flow"), call, 1, problem, call, list(differences))


@pytest.mark.parametrize(
    ("cases", "code"),
    [
        ([a_case()], 0),
        ([a_case(), a_case(Difference("x", 1, 2))], 1),
        ([a_case(Difference("x", 1, 2)), a_case(problem="no")], 2),
        ([], 2),
    ],
)
def test_exit_codes(cases: list[Case], code: int) -> None:
    assert exit_code(cases) == code


def test_what_is_told() -> None:
    differing = a_case(
        Difference("answer, body.x", "a" * 500 + "b", "a" * 500 + "c"), Difference("y", ABSENT, None)
    )
    lines = text([a_case(), differing, a_case(problem="no")], False).splitlines()
    assert lines[:3] == [
        "ok        a.flow 1  POST /v1/x m",
        "differs   a.flow 1  POST /v1/x m",
        "    answer, body.x",
    ]
    assert lines[3].endswith('aab"') and lines[4].endswith('aac"') and len(lines[3]) < 200
    assert lines[5:8] == ["    y", "      recorded: nothing", "      now:      null"]
    assert lines[-2:] == ["    no", "1 ok, 1 differs, 1 could not run"]
    assert "a" * 500 in text([differing], True)


def test_a_long_list_is_cut() -> None:
    lines = text([a_case(*(Difference(f"x{number}", 1, 2) for number in range(25)))], False)
    assert "x9\n" in lines and "x10\n" not in lines and "and 15 more" in lines


@pytest.mark.parametrize("body", [b"", b"\xff", b"[1]", b'{"model": 3}'])
def test_titles_of_any_body(body: bytes) -> None:
    assert a_case(body=body).title == "POST /v1/x"
    assert '"verdict": "ok"' in as_json([a_case(body=body)])
