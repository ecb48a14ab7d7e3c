"""What is faster must be no different."""

import gc
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http
from mitmproxy.connection import Server
from mitmproxy.coretypes.multidict import MultiDict
from mitmproxy.options import Options
from mitmproxy.proxy.context import Context
from mitmproxy.test import tflow

from addons.proxy import speed
from addons.proxy.messages import drop_header, header, headers_among

NAMES = st.sampled_from(["accept", "Accept", "ACCEPT", "x-a", "X-A", "cookie"])
FIELDS = st.lists(st.tuples(NAMES.map(str.encode), st.binary(max_size=4)), max_size=5)


@given(FIELDS, NAMES)
def test_headers_are_looked_up_as_before(fields: list[tuple[bytes, bytes]], name: str) -> None:
    headers = http.Headers(fields)
    values = [
        value.decode("utf-8", "surrogateescape")
        for key, value in fields
        if key.lower() == name.lower().encode()
    ]
    assert speed.get_all(headers, name) == speed.get_all(headers, name.encode()) == values
    assert speed.get(headers, name, "none") == (", ".join(values) if values else "none")
    assert speed.contains(headers, name) is bool(values)
    assert not speed.contains(headers, 5)


@given(FIELDS, NAMES)
def test_one_header_read_and_dropped(fields: list[tuple[bytes, bytes]], name: str) -> None:
    headers = http.Headers(fields)
    assert header(headers, name.lower(), "none") == speed.get(headers, name, "none")
    drop_header(headers, name.lower())
    assert headers.fields == tuple(field for field in fields if field[0].lower() != name.lower().encode())


@given(FIELDS, NAMES, st.lists(st.binary(max_size=3), max_size=3))
def test_a_header_is_set_as_before(fields: list[tuple[bytes, bytes]], name: str, values: list[bytes]) -> None:
    one, other = http.Headers(fields), http.Headers(fields)
    speed.set_all(one, name, [*values])
    MultiDict.set_all(other, name.encode(), [*values])  # type: ignore[arg-type]
    assert one.fields == other.fields


@given(FIELDS)
def test_several_headers_are_found_in_one_walk(fields: list[tuple[bytes, bytes]]) -> None:
    headers, names = http.Headers(fields), ("x-a", "cookie", "none")
    told = [(name, header(headers, name, "missing")) for name in names]
    assert [*headers_among(headers, names).items()] == [it for it in told if it[1] != "missing"]


def test_a_flow_is_as_it_would_be() -> None:
    client, server = tflow.tclient_conn(), Server(address=("one.example", 80))
    made, stock = speed.flow_between(client, server), http.HTTPFlow(client, server)
    assert vars(made).keys() == vars(stock).keys()
    ours = {"id", "timestamp_created"}
    assert {k: v for k, v in vars(made).items() if k not in ours} == {
        k: v for k, v in vars(stock).items() if k not in ours
    }
    assert (
        uuid.UUID(made.id).version == 4 and made.metadata is not speed.flow_between(client, server).metadata
    )


def test_large_bodies_are_swept_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects alone would not tell: a few flows may hold a gigabyte."""
    swept: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda: swept.append(1))
    litter, flow = speed.Litter(), tflow.tflow(resp=True)
    flow.response.raw_content = b"x" * (speed.MOST_LITTER // 2)
    for _ in range(5):
        litter.add(flow)
    assert len(swept) == 2


def test_a_fork_shares_all_but_its_layers() -> None:
    context = Context(tflow.tclient_conn(), Options())
    context.server = Server(address=("one.example", 80))
    twin = speed.fork(context)
    twin.layers.append(tflow)  # type: ignore[arg-type]
    assert (twin.client, twin.server, twin.options) == (context.client, context.server, context.options)
    assert context.layers == [] and vars(twin).keys() == vars(context).keys()


def test_a_server_is_as_it_would_be() -> None:
    made, stock = speed.server_at(("one.example", 80)), Server(address=("one.example", 80))
    assert vars(made).keys() == vars(stock).keys()
    assert made.get_state() | {"id": ""} == stock.get_state() | {"id": ""}
    assert made.id != speed.server_at(("one.example", 80)).id and not made.connected


def test_no_two_servers_share_anything_that_can_change() -> None:
    one, other = speed.server_at(("a", 1)), speed.server_at(("b", 2))
    shared = [
        name
        for name, value in vars(one).items()
        if isinstance(value, list | dict) and value is vars(other)[name]
    ]
    for name in shared:
        assert not vars(one)[name], f"{name} is replaced, never changed in place"


def test_options_are_those_of_the_moment_when_the_connection_came() -> None:
    options = Options()
    options.add_option("words", str, "before", "")
    snapshot = speed.snapshot(options)
    assert snapshot.words == "before"
    options.words = "after"
    assert snapshot.words == "before" and speed.snapshot(options).words == "after"
    with pytest.raises(AttributeError):
        _ = snapshot.nothing_of_that_name


def test_the_garbage_collector_runs_once_all_is_there() -> None:
    before = gc.get_threshold()
    gc.disable()
    try:
        speed.settle()
        assert gc.isenabled() and gc.get_threshold() == speed.GC_THRESHOLDS and gc.get_freeze_count()
    finally:
        gc.enable()
        gc.set_threshold(*before)
        gc.unfreeze()
