"""What becomes of each field: the code that obeys the tables. The tables have tests with their dialects."""

from dataclasses import replace

import pytest

from translators.canonical import (
    Audio,
    Cache,
    Data,
    Image,
    Opaque,
    Request,
    Text,
    Thinking,
    Tool,
    ToolUse,
    Turn,
    Url,
)
from translators.errors import Unsupported
from translators.fields import Lack, Means, Own, Reads, fate, losses, spelling

READS: Reads = {
    "seed": Means("Request.seed"),
    "messages[].image.detail": Means("Image.detail"),
    "messages[].audio": Means("Audio"),
    "max_tokens": Means("Request.max_tokens"),
    "max_completion_tokens": Means("Request.max_tokens"),
    "store": Own("dropped", harmless=(False,)),
    "modalities": Own("refused", harmless=(["text"],), note="only text"),
}


def request(*parts: Text | Image | Audio | Thinking | ToolUse, **fields: object) -> Request:
    return Request("m", (Turn("user", parts),), **fields)  # type: ignore[arg-type]


def own(field: str, data: object, owner: str = "mine") -> Opaque:
    return Opaque(owner, field, data)  # type: ignore[arg-type]


IMAGE, AUDIO = Image(Url("https://x"), detail="high"), Audio(Data("audio/wav", "AAAA"))


def test_what_nobody_lacks_is_not_lost() -> None:
    assert losses(request(IMAGE, AUDIO, seed=1), READS, {}, "theirs") == []


def test_a_lack_is_told_in_the_clients_words() -> None:
    lacks = {"Request.seed": Lack("dropped"), "Image.detail": Lack("dropped")}
    assert set(losses(request(IMAGE, seed=1), READS, lacks, "theirs")) == {"messages[].image.detail", "seed"}


def test_a_lack_that_nothing_asks_for_is_none() -> None:
    assert losses(request(Text("x")), READS, {"Request.seed": Lack("refused")}, "theirs") == []


def test_a_loss_is_listed_once() -> None:
    assert losses(request(IMAGE, IMAGE), READS, {"Image.detail": Lack("dropped")}, "theirs") == [
        "messages[].image.detail"
    ]


def test_zero_and_false_are_asked_for_too() -> None:
    assert losses(request(seed=0), READS, {"Request.seed": Lack("dropped")}, "theirs") == ["seed"]


@pytest.mark.parametrize("meaning", ["Request.seed", "Audio"])
def test_what_must_not_be_lost_is_refused(meaning: str) -> None:
    with pytest.raises(Unsupported) as refused:
        losses(request(AUDIO, seed=1), READS, {meaning: Lack("refused", note="it can't")}, "theirs")
    assert (refused.value.meaning, refused.value.reason) == (meaning, "it can't")


def test_a_value_that_says_what_happens_anyway_is_no_loss() -> None:
    lacks = {
        "Request.seed": Lack("refused", harmless=(1,)),
        "Image.detail": Lack("dropped", harmless=("high",)),
    }
    assert losses(request(IMAGE, seed=1), READS, lacks, "theirs") == []


def test_only_some_values_may_be_lacking() -> None:
    lacks = {"Request.seed": Lack("dropped", only=lambda seed: seed > 5)}
    assert losses(request(seed=5), READS, lacks, "theirs") == []
    assert losses(request(seed=6), READS, lacks, "theirs") == ["seed"]


def test_a_thing_that_is_lacking_is_found_however_deep() -> None:
    assert losses(request(Text("x"), AUDIO), READS, {"Audio": Lack("dropped")}, "theirs") == [
        "messages[].audio"
    ]
    tools = request(tools=(Tool("f", strict=True),))
    assert losses(tools, READS, {"Tool.strict": Lack("dropped")}, "theirs") == ["Tool.strict"]


def test_what_is_the_owners_own_goes_to_its_owner() -> None:
    opaque = (own("store", True), own("modalities", ["audio"]), own("unheard_of", 1))
    assert losses(request(opaque=opaque), READS, {}, "mine") == []


def test_what_is_another_vendors_own() -> None:
    assert losses(request(opaque=(own("store", True),)), READS, {}, "theirs") == ["store"]
    assert losses(request(opaque=(own("store", False),)), READS, {}, "theirs") == []
    assert losses(request(opaque=(own("modalities", ["text"]),)), READS, {}, "theirs") == []
    with pytest.raises(Unsupported, match="modalities: only text"):
        losses(request(opaque=(own("modalities", ["audio"]),)), READS, {}, "theirs")


def test_a_field_that_nobody_knows_is_left_out_and_listed() -> None:
    deep = ToolUse("1", "f", "{}", opaque=(own("messages[].new", {"x": 1}),))
    lost = losses(request(deep, opaque=(own("brand_new", 1),)), READS, {}, "theirs")
    assert set(lost) == {"messages[].new", "brand_new"}


def test_nothing_inside_of_what_is_opaque_is_judged() -> None:
    inside = own("store", {"Audio": {"seed": 1}}, owner="theirs")
    assert losses(request(opaque=(inside,)), READS, {"Audio": Lack("refused")}, "theirs") == []


def test_spelling() -> None:
    assert spelling("Request.seed", READS) == "seed"
    assert spelling("Request.max_tokens", READS) == "max_tokens"
    assert spelling("Request.nobody_reads", READS) == "Request.nobody_reads"
    assert spelling("store", READS) == "store"


def test_the_fate_of_a_field_for_the_documentation() -> None:
    lacks = {
        "Request.seed": Lack("dropped", note="no seeds"),
        "Image": Lack("refused"),
        "Request.max_tokens": Lack("refused", only=lambda value: value > 10, note="up to 10"),
    }
    assert fate(READS["seed"], lacks, same_owner=False) == ("dropped", "no seeds")
    assert fate(READS["messages[].image.detail"], lacks, same_owner=False) == ("refused", "")
    assert fate(READS["messages[].audio"], lacks, same_owner=False) == ("translated", "")
    assert fate(READS["max_tokens"], lacks, same_owner=False) == ("translated", "up to 10")
    assert fate(Means("Request.seed", "note"), lacks, same_owner=True) == ("dropped", "note; no seeds")


def test_the_fate_of_a_vendors_own_field() -> None:
    assert fate(READS["store"], {}, same_owner=False)[0] == "dropped"
    assert fate(READS["modalities"], {}, same_owner=False) == ("refused", "only text")
    assert fate(READS["modalities"], {}, same_owner=True)[0] == "translated"


# --- what depends on the model, and what is understood of others ------------------------------------


def test_a_thing_may_be_lacking_with_some_models_only() -> None:
    lacks = {"Request.seed": Lack("dropped", by_model=lambda model, seed: model == "m" and seed == 1)}
    assert losses(request(seed=1), READS, lacks, "theirs") == ["seed"]
    assert losses(request(seed=2), READS, lacks, "theirs") == []
    assert losses(replace(request(seed=1), model="other"), READS, lacks, "theirs") == []
    assert fate(READS["seed"], lacks, same_owner=False)[0] == "translated"


def test_a_proof_of_another_vendor_may_be_understood() -> None:
    proof = Opaque("ours", "proof", "x")
    asked = request(Thinking("Hm.", proof))
    assert losses(asked, {}, {}, "theirs") == ["proof"]
    understood = {"Thinking.signature": Lack("dropped", only=lambda proof: proof.owner != "ours")}
    assert losses(asked, {}, understood, "theirs") == []
    assert losses(request(Thinking("Hm.", replace(proof, owner="nobody"))), {}, understood, "theirs") == [
        "proof"
    ]


def test_a_field_of_another_vendor_may_be_understood() -> None:
    asked = replace(request(), opaque=(Opaque("ours", "betas", ["a"]),))
    reads = {"betas": Own("dropped")}
    understood = {"betas": Lack("dropped", only=lambda betas: betas.data != ["a"])}
    assert losses(asked, reads, {}, "theirs") == ["betas"]
    assert losses(asked, reads, understood, "theirs") == []
    assert fate(reads["betas"], understood, False, "betas")[0] == "translated"
    assert fate(reads["betas"], {}, False, "betas")[0] == "dropped"


def test_an_attribute_may_have_the_name_of_what_it_holds() -> None:
    asked = replace(request(), tools=(Tool("f", cache=Cache()),))
    reads = {"cache_control": Means("Cache")}
    assert losses(asked, reads, {"Tool.cache": Lack("dropped")}, "theirs") == ["cache_control"]
    assert losses(asked, {}, {"Tool.cache": Lack("dropped")}, "theirs") == ["Tool.cache"]


def test_nothing_of_a_vendors_own_is_nothing_to_lose() -> None:
    asked = Request(model="m", turns=(), opaque=(Opaque("other", "x.signature", None),))
    assert losses(asked, {}, {}, "mine") == []
