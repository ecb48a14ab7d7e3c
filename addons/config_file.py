"""Reads YAML into plain values that remember their lines, with `${VAR}` replaced from the environment.

YAML 1.1 makes a boolean of `on`, a number of `12:30` and a date of `2024-07-18`. So nothing is guessed here:
every scalar is text, and what it means is up to the place where it stands.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from addons.config_values import Plain

type Path = tuple[str | int, ...]

_VARIABLE = re.compile(r"(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)(?::=([^}\n]*))?\}")
_MARK = re.compile("\ue000([0-9]+)\ue001")
_TAGS = {*yaml.SafeLoader.yaml_constructors, "tag:yaml.org,2002:merge", "tag:yaml.org,2002:value"}
_MOST_NODES = 100_000  # aliases of aliases of aliases


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where. `line` counts from 1; 0 is the file as a whole."""

    line: int
    key: str
    message: str


class ConfigError(Exception):
    """Everything that is wrong with a configuration, all at once."""

    def __init__(self, problems: list[Problem], source: str = "config.yaml") -> None:
        super().__init__(source, problems)
        self.source = source
        self.problems = sorted(problems, key=lambda problem: problem.line)

    def __str__(self) -> str:
        lines = (
            f"{self.source}{f':{problem.line}' if problem.line else ''}: "
            f"{f'{problem.key}: ' if problem.key else ''}{problem.message}"
            for problem in self.problems
        )
        return "\n".join(lines)


@dataclass(slots=True)
class Document:
    """A tree of dicts, lists and texts, and where each of them was written."""

    source: str
    tree: object = None
    lines: dict[Path, int] = field(default_factory=dict[Path, int])
    unset: dict[Path, str] = field(default_factory=dict[Path, str])
    """Texts that stand as written because a variable in them, named here, is not set."""
    problems: list[Problem] = field(default_factory=list[Problem])

    def known(self, path: Path) -> Path:
        """The part of a path that the file has; what a validator has put between is left out."""
        if not self.lines:  # not from a file at all
            return path
        found: Path = ()
        for step in path:
            if (*found, step) in self.lines:
                found = (*found, step)
        return found

    def report(self, path: Path, message: str) -> None:
        self.problems.append(Problem(self.lines.get(self.known(path), 0), spell(path), message))


def spell(path: Path) -> str:
    """`("routes", 0, "name")` as people write it: `routes[0].name`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def read(text: str, source: str, env: Mapping[str, str]) -> Document:
    """Never raises: what is not YAML is a problem of the document."""
    document = Document(source)
    text = text.replace("\ue000", "\ufffd")
    variables = list(_VARIABLE.finditer(text))
    numbers = iter(range(len(variables)))
    # `{key: ${VAR}}` is not YAML. So marks stand for the variables until the scalars are known.
    marked = _VARIABLE.sub(lambda _: f"\ue000{next(numbers)}\ue001", text)
    try:
        node = yaml.compose(marked, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        document.problems.append(Problem(line, "", f"not YAML: {error.problem or error.context}"))
    except yaml.YAMLError as error:
        document.problems.append(Problem(0, "", f"not YAML: {error}"))
    except RecursionError:
        document.problems.append(Problem(0, "", "not YAML that anyone can read: it is nested too deeply"))
    else:
        document.tree = _Tree(document, variables, env).build(node)
    return document


class _Tree:
    """Makes values of nodes."""

    def __init__(self, document: Document, variables: list[re.Match[str]], env: Mapping[str, str]) -> None:
        self._document = document
        self._variables = variables
        self._env = env
        self._inside: list[yaml.Node] = []  # an alias may not name what it stands in

    def build(self, node: yaml.Node | None) -> object:
        return self._value(node, ()) if node else {}

    def _value(self, node: yaml.Node, path: Path) -> object:
        if node in self._inside or len(self._document.lines) > _MOST_NODES:
            self._document.report(path, "aliases go round in circles")
            return None
        if node.tag not in _TAGS:
            self._document.report(path, f"unknown tag {node.tag}")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._inside.append(node)
        value = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._list(node, path)
        self._inside.pop()
        return value

    def _list(self, node: yaml.Node, path: Path) -> list[object]:
        values: list[object] = []
        for index, child in enumerate(node.value):
            self._document.lines[*path, index] = child.start_mark.line + 1
            values.append(self._value(child, (*path, index)))
        return values

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, child in node.value:
            name = _MARK.sub(lambda mark: self._variable(mark)[0], str(key.value))
            here, line = (*path, name), key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._document.problems.append(Problem(line, spell(path), "a key must be plain text"))
            elif name in values:
                first = self._document.lines[here]
                self._document.problems.append(Problem(line, spell(here), f"is in line {first} already"))
            else:
                self._document.lines[here] = line
                values[name] = self._value(child, here)
        return values

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> str | None:
        plain = node.style is None
        if plain and node.value in ("", "~", "null"):
            return None
        text = _MARK.sub(lambda mark: self._replace(self._variable(mark), path), node.value)
        return Plain(text) if plain else text

    def _variable(self, mark: re.Match[str]) -> re.Match[str]:
        return self._variables[int(mark[1])]

    def _replace(self, variable: re.Match[str], path: Path) -> str:
        escaped, name, default = variable.groups()
        if escaped:
            return variable[0][1:]
        if value := self._env.get(name) or default:  # as in a shell's `:=`, empty is as good as unset
            return str(value)
        if default is None:
            self._document.unset[path] = name
            return variable[0]
        return ""
