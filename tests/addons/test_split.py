import json

from hypothesis import given
from hypothesis import strategies as st

from addons.split import blot_split


def stream(*texts: str) -> bytes:
    return "".join(f"event: x\ndata: {json.dumps({'a': [{'t': text}]})}\n\n" for text in texts).encode()


def said(data: bytes) -> str:
    lines = (line.removeprefix(b"data: ") for line in data.split(b"\n") if line.startswith(b"data: "))
    return "".join(json.loads(line)["a"][0]["t"] for line in lines)


@given(st.lists(st.integers(0, 30), max_size=6), st.text("ab", max_size=8), st.text("ab", max_size=8))
def test_wherever_it_is_cut(cuts: list[int], before: str, after: str) -> None:
    whole = f"{before}SECRET{after}SECRET"
    ends = [*sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert said(blot_split(stream(*pieces), [b"SECRET"])) == f"{before}******{after}******"


def test_what_holds_none_stays_as_it_is() -> None:
    data = b": hi\n\n" + stream("SEC", "nothing", "RET") + b"data: [DONE]\n\ndata: {broken"
    assert blot_split(data, [b"SECRET"]) == data
