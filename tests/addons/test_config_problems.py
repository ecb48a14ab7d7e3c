from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from addons.config_file import read
from addons.config_problems import unknown, validate
from addons.config_values import Model


class Leaf(Model):
    size: Annotated[int, Field(ge=1)]


class Tree(Model):
    leaf: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()
    named: Mapping[str, Leaf] = {}


def problems(text: str) -> list[tuple[int, str, str]]:
    document = read(text, "tree.yaml", {})
    validate(Tree, document.tree, (), document)
    return [(problem.line, problem.key, problem.message) for problem in document.problems]


def test_what_is_right_is_a_model() -> None:
    document = read("leaf: {size: 3}", "tree.yaml", {})
    assert validate(Tree, document.tree, (), document) == Tree(leaf=Leaf(size=3))
    assert not document.problems


def test_a_missing_key_is_told_where_it_should_be() -> None:
    assert problems("leaves:\n  - size: 1\n  - {}\n") == [(3, "leaves[1].size", "is required")]


def test_allowed_keys_are_those_of_the_place() -> None:
    assert problems("named:\n  a:\n    size: 1\n    siez: 2") == [
        (4, "named.a.siez", "unknown key, did you mean size? allowed: size")
    ]
    assert problems("bark: 1") == [(1, "bark", "unknown key; allowed: leaf, leaves, named")]


def test_what_depends_on_an_unset_variable_can_not_be_wrong() -> None:
    assert problems("leaf: {size: ${SIZE}}") == []
    assert problems("leaf: {size: ${SIZE}, weight: 1}") == [(1, "leaf.weight", "unknown key; allowed: size")]


def test_a_near_miss_is_suggested() -> None:
    assert unknown("opnai", ["openai", "demo"]) == ", did you mean openai? allowed: openai, demo"
    assert unknown("x", ["openai"]) == "; allowed: openai"
