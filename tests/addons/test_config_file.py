import pytest

from addons.config_file import ConfigError, Document, Problem, read, spell


def document(text: str, **env: str) -> Document:
    return read(text, "config.yaml", env)


def problems(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.message) for problem in document(text).problems]


def test_every_scalar_is_text() -> None:
    text = "{on: [on, off, no], 12:30: 2024-07-18, n: 0123, f: 1.10, yes: 'x'}"
    assert document(text).tree == {
        "on": ["on", "off", "no"],
        "12:30": "2024-07-18",
        "n": "0123",
        "f": "1.10",
        "yes": "x",
    }


def test_nothing_is_none() -> None:
    assert document("{a: , b: ~, c: null, d: '', e: 'null'}").tree == {
        "a": None,
        "b": None,
        "c": None,
        "d": "",
        "e": "null",
    }


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert document("").tree == document("# nothing\n").tree == {}


def test_lines_are_known_of_keys_and_items() -> None:
    lines = document("a:\n  b: 1\n  c:\n    - 2\n    - d: 3\n").lines
    assert lines["a", "b"] == 2
    assert lines["a", "c", 1] == lines["a", "c", 1, "d"] == 5


def test_variables_come_from_the_environment() -> None:
    tree = document("{a: '${A}', b: x-${A}-${B:=z}, c: ${C:=}, d: '$${A}', e: $5, ${A}: ${A}}", A="1").tree
    assert tree == {"a": "1", "b": "x-1-z", "c": "", "d": "${A}", "e": "$5", "${A}": "1"}


def test_an_empty_variable_is_as_good_as_unset() -> None:
    found = document("{a: '${A}', b: '${A:=b}'}", A="")
    assert found.tree == {"a": "${A}", "b": "b"}
    assert found.unset == {("a",): "A"}


def test_a_variable_can_not_bring_structure_along() -> None:
    assert document("a: ${A}", A="x\nb: {c: d}").tree == {"a": "x\nb: {c: d}"}


def test_duplicate_keys_are_told_with_both_lines() -> None:
    assert problems("a: 1\nb:\n  c: 1\n  c: 2\na: 2\n") == [
        (4, "is in line 3 already"),
        (5, "is in line 1 already"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1\nb: 2\n", 2),
        ("a: 1\n\tb: 2\n", 2),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: *nobody", 1),
        ("a: \x01", 0),
    ],
)
def test_what_is_not_yaml_is_one_problem(text: str, line: int) -> None:
    (problem,) = document(text).problems
    assert problem.line == line
    assert problem.message.startswith("not YAML: ")


def test_aliases_are_followed_but_not_for_ever() -> None:
    assert document("{a: &x [1], b: *x}").tree == {"a": ["1"], "b": ["1"]}
    assert problems("a: &x\n  - *x\n") == [(1, "aliases go round in circles")]
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join(['*a' + str(n - 1)] * 10)}]\n" for n in range(1, 10)
    )
    assert document(bomb).problems


def test_a_file_that_is_nested_too_deeply() -> None:
    assert "nested too deeply" in document("[" * 20_000 + "]" * 20_000).problems[0].message


def test_tags_of_other_programs_are_refused() -> None:
    assert problems("a: !vault x") == [(1, "unknown tag !vault")]
    assert problems("a: !!python/name:os.system x") == [
        (1, "unknown tag tag:yaml.org,2002:python/name:os.system")
    ]


def test_keys_are_text() -> None:
    assert problems("? [a]\n: 1\n") == [(1, "a key must be plain text")]


def test_an_error_shows_file_line_and_key() -> None:
    error = ConfigError(
        [Problem(7, "b", "is wrong"), Problem(3, "a", "is bad"), Problem(0, "", "x")], "my.yaml"
    )
    assert str(error) == "my.yaml: x\nmy.yaml:3: a: is bad\nmy.yaml:7: b: is wrong"


def test_paths_are_spelled_as_people_write_them() -> None:
    assert spell(("routes", 0, "retry", "on", 1)) == "routes[0].retry.on[1]"
