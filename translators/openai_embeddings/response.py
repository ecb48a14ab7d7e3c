"""Reads and writes vectors as OpenAI has them."""

from collections.abc import Iterator, Sequence

from translators.canonical import Done, Embedded, Json, JsonValue, Started, Told, Used
from translators.openai_chat.errors import is_error, read_failure
from translators.openai_chat.usage import told
from translators.pick import number
from translators.vectors import read_vector


def read_response(body: Json) -> list[Told]:
    if is_error(body):
        return [read_failure(body)]
    return [*told(body), *_vectors(body["data"]), Done()]


def _vectors(data: JsonValue) -> Iterator[Embedded]:
    if not isinstance(data, list):
        raise TypeError("not a list of vectors")
    for at, item in enumerate(data):
        if not isinstance(item, dict):
            raise TypeError("not a vector")
        index = number(item, "index")
        truncated = item.get("truncated")
        yield Embedded(
            at if index is None else index,
            read_vector(item["embedding"]),
            truncated if isinstance(truncated, bool) else None,
        )


def write_response(events: Sequence[Told], *, created: int) -> Json:
    """`created` has no place here. Usage is left out where the provider has not said."""
    body: Json = {"object": "list", "data": [], "model": ""}
    data = list[Embedded]()
    for event in events:
        match event:
            case Started(model=model):
                body["model"] = model
            case Embedded():
                data.append(event)
            case Used(usage) if usage.input is not None:
                body["usage"] = {"prompt_tokens": usage.input, "total_tokens": usage.input}
            case _:
                pass
    body["data"] = [_item(each) for each in sorted(data, key=lambda each: each.index)]
    return body


def _item(each: Embedded) -> JsonValue:
    said: Json = {"object": "embedding", "index": each.index, "embedding": each.vector}  # type: ignore[dict-item]
    return said if each.truncated is None else {**said, "truncated": each.truncated}
