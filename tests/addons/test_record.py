from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mitmproxy import exceptions, flow, http
from mitmproxy.io import FlowReader
from mitmproxy.test import taddons

from addons.call import Call
from addons.config_load import parse
from addons.proxy import Failure
from addons.record import Record, begin, chosen
from addons.redact import Redact
from tests.addons.calls import CONFIG, Chain, a_request, an_answer, asking

SAID = {"id": "1", "object": "chat.completion", "choices": []}


class Recorded(Chain):
    """Our addons, with all that they do in a file."""

    def __init__(self, file: Path, settings: str = "") -> None:
        record = f"server: {{record: {{file: {file}{settings}}}, "
        super().__init__(config=parse(CONFIG.replace("server: {", record), {}))
        self.record = Record(lambda: self.config, Redact(lambda: self.config))
        self.addons = (*self.addons, self.record)

    @contextmanager
    def recording(self, **options: str) -> Iterator[None]:
        with taddons.context(self.record) as context:
            context.configure(self.record, **{"gateway_record": "", **options})
            yield

    def one(self, body: object = None) -> Call:
        """A call that fails once and is answered then."""
        call, attempt = self.first(a_request(body or asking("three")))
        attempt.response = an_answer({"error": {"message": "no"}}, 429)
        self.run("response", attempt)
        assert self.fail(call, Failure("status", "status 429", 429))
        self.answer(call, an_answer(SAID))
        self.record.settled(call)
        return call


def flows(file: Path) -> list[http.HTTPFlow]:
    with file.open("rb") as recorded:
        return [it for it in FlowReader(recorded).stream() if isinstance(it, http.HTTPFlow)]


def test_a_call_and_its_attempts_are_together(tmp_path: Path) -> None:
    chain = Recorded(tmp_path / "flows")
    with chain.recording():
        calls = [chain.one(), chain.one()]
    written = flows(tmp_path / "flows")
    assert [it.id for it in written] == [it.id for call in calls for it in (call.flow, *call.attempts)]
    assert written[1].metadata == {"attempt_of": calls[0].flow.id, "attempt": 1}
    assert [it.response and it.response.status_code for it in written[:3]] == [200, 429, 200]
    assert (tmp_path / "flows").stat().st_mode & 0o777 == 0o600


def test_the_command_line_names_another_file(tmp_path: Path) -> None:
    chain = Recorded(tmp_path / "flows", ", hide_text: true")
    with chain.recording(gateway_record=str(tmp_path / "other")):
        chain.one(asking("three", user="somebody"))
    assert b"somebody" not in (tmp_path / "other").read_bytes()
    assert len(flows(tmp_path / "other")) == 3


def test_nothing_is_recorded_unless_asked_for() -> None:
    chain = Chain()
    record = Record(lambda: chain.config, Redact(lambda: chain.config))
    with taddons.context(record):
        assert record.idle


def test_a_call_without_an_answer(tmp_path: Path) -> None:
    chain = Recorded(tmp_path / "flows")
    with chain.recording():
        call, attempt = chain.first(a_request(asking()))
        call.flow.error = attempt.error = flow.Error("Client disconnected.")
        chain.record.error(call.flow)
        chain.record.error(attempt)  # it hears of it later
        chain.record.settled(call)
    assert [it.id for it in flows(tmp_path / "flows")] == [call.flow.id, attempt.id]


def test_what_is_not_over_in_the_end(tmp_path: Path) -> None:
    chain = Recorded(tmp_path / "flows")
    with chain.recording():
        call, attempt = chain.first(a_request(asking()))
        chain.record.done()
    assert [it.id for it in flows(tmp_path / "flows")] == [call.flow.id, attempt.id]


def test_a_sample_is_of_whole_calls() -> None:
    ids = [f"{number:08x}-rest" for number in range(0, 2**32, 2**24)]
    assert sum(chosen(it, 0.25) for it in ids) == 64
    assert not any(chosen(it, 0) for it in ids) and all(chosen(it, 1) for it in ids)


def test_no_sample_no_flows(tmp_path: Path) -> None:
    chain = Recorded(tmp_path / "flows", ", sample: 0")
    with chain.recording():
        chain.one()
    assert not flows(tmp_path / "flows")


def test_files_do_not_grow_for_ever(tmp_path: Path) -> None:
    chain = Recorded(tmp_path / "flows", ", max_bytes: 12KiB, keep: 2")
    with chain.recording():
        for _ in range(12):
            chain.one()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"flows", "flows.1", "flows.2"}
    for name in names:
        assert 0 < (tmp_path / name).stat().st_size <= 12 << 10
        assert len(flows(tmp_path / name)) % 3 == 0


def test_an_old_recording_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "new" / "flows"
    begin(file, 5)
    file.write_bytes(b"old")
    begin(file, 5)
    assert file.read_bytes() == b"" and (tmp_path / "new" / "flows.1").read_bytes() == b"old"


def test_a_file_that_can_not_be_written_is_an_error_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    chain = Recorded(tmp_path / "file" / "flows")
    with pytest.raises(exceptions.OptionsError, match="Can't record to"), chain.recording():
        pass


def test_a_disk_that_is_full_stops_no_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    chain = Recorded(tmp_path / "flows")
    with chain.recording():
        (tmp_path / "flows").unlink()
        (tmp_path / "flows").mkdir()
        chain.one()
    assert "Not recorded" in caplog.text
