"""The generated parts of the documentation: Markdown, made of the same tables that the code obeys.

`make docs` writes them into the pages, `make check` fails when a page is not up to date.
"""

import ast
import inspect
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import click
import orjson
from pydantic import BaseModel

from addons import gateway
from addons.cli import main
from addons.config import DEFAULT_TIMEOUTS, Endpoints, Route, Server
from addons.config_providers import Provider, Timeouts
from addons.config_types import TYPES
from addons.config_values import BYTES, Address
from addons.demo import MODELS
from addons.endpoints import ENDPOINTS
from translators import SOURCES, TARGETS
from translators.dialect import Source, Spoken, Target
from translators.fields import Means, Own, fate, lack_of
from translators.hosts import DEMO_HOSTS, HOSTS, PRESETS, Envelope, Host

ROOT = Path(__file__).parent.parent
COMMON = {*Provider.model_fields} - {"base_url"}
"""Keys that mean the same for any type of provider."""
FATES = {"translated": "translated", "dropped": "left out", "refused": "refused"}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    columns = [*head]
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '\\|') for cell in line)} |" for line in lines)


# --- fields -----------------------------------------------------------------------------------------


def fields() -> str:
    """For each pair of dialects, what becomes of each field of a request."""
    pairs = [(source, target) for source in SOURCES.values() for target in TARGETS.values()]
    return "\n\n".join(
        f"## From `{source.NAME}` to `{target.NAME}`\n\n{fates(source, target)}"
        for source, target in pairs
        if source.KIND == target.KIND and source.NAME != target.NAME
    )


def fates(source: Source[Any, Any], target: Target[Any, Any]) -> str:
    """One such table, after a sentence that counts."""
    rows = [(f"`{name}`", *told(name, field, target, source)) for name, field in source.READS.items()]
    counted = Counter(row[1].split(",")[0].split(";")[0] for row in rows)
    counts = ", ".join(f"{counted[word]} {word}" for word in FATES.values())
    return f"{len(rows)} fields: {counts}.\n\n{table(('Field', 'Fate', 'Notes'), rows)}"


def told(
    name: str, field: Means | Own, target: Target[Any, Any], source: Source[Any, Any]
) -> tuple[str, str]:
    """The fate of a field in words, and the notes to it."""
    becomes, notes = fate(field, target.LACKS, source.OWNER == target.OWNER, name)
    lack = lack_of(field, target.LACKS, name)
    word, but = FATES[becomes], lack or (field if isinstance(field, Own) else None)
    if becomes == "translated" and lack:
        return f"{word}; some {FATES[lack.fate]}", notes
    if becomes != "translated" and but and but.harmless:
        word += f", except {', '.join(f'`{orjson.dumps(value).decode()}`' for value in but.harmless)}"
    return word, notes


# --- who serves what --------------------------------------------------------------------------------


def support() -> str:
    """Types of provider and endpoints."""
    hosts = {f"`{name}`": host for name, host in HOSTS.items() if name not in PRESETS}
    hosts |= {f"demo, `dialect: {name}`": host for name, host in DEMO_HOSTS.items()}
    served = [each for each in ENDPOINTS if not each.streams]  # those have a path for streams alone
    head = ("Type", *(f"`{gateway_path(each.family, each.path)}`" for each in served))
    rows = ((name, *(serves(each.spoken, host) for each in served)) for name, host in hosts.items())
    return table(head, rows)


def presets() -> str:
    """Servers that speak OpenAI's API, by their type."""
    rows = (
        (
            f"[`{name}`]({preset.docs})",
            f"`{preset.base_url}`" if preset.base_url else "to be given",
            f"`{preset.key}`" if preset.key else "-",
            ", ".join(preset.serves.split()),
            quirks(preset.chat),
        )
        for name, preset in PRESETS.items()
    )
    return table(("Type", "`base_url`", "Key", "Serves", "Translated chat requests"), rows)


def quirks(chat: Envelope) -> str:
    """What a server makes of a translated request."""
    told = [f"`{old}` is `{new}`" for old, new in {**chat.renames, **chat.roles}.items()]
    for lost in ("dropped", "refused"):
        if names := [key.partition(".")[2] for key, lack in chat.lacks.items() if lack.fate == lost]:
            told.append(f"{', '.join(f'`{name}`' for name in names)}: {FATES[lost]}")
    return "; ".join(told) or "as they are"


def gateway_path(family: str, path: str) -> str:
    """Where an endpoint is when config.yaml says nothing about prefixes."""
    return Endpoints().prefix(family) + path


def serves(spoken: Spoken, host: Host) -> str:
    """How a type of provider answers at an endpoint."""
    target = host.spoken_for(spoken, "", TARGETS)
    return "-" if not target else "as it is" if target.NAME == spoken.NAME else "translated"


def demo_models() -> str:
    """What the embedded provider does, by the name of the model."""
    return table(("Model", "What it does"), ((f"`demo/{name}`", text) for name, text in MODELS.items()))


# --- the house --------------------------------------------------------------------------------------


def chain() -> str:
    """The addons, in the order in which a request meets them."""
    return table(("Addon", "File", "What it does"), map(addon_row, gateway.addons))


def addon_row(addon: object) -> tuple[str, str, str]:
    """An addon by its class."""
    file = file_of(addon)
    return f"`{type(addon).__name__}`", f"[{file}]({file})", summary(ROOT / file)


def house() -> str:
    """What stands beside the chain; a package is one line."""
    in_chain = {file_of(addon) for addon in gateway.addons}
    rows = []
    for folder in (ROOT / "addons", ROOT / "translators"):
        for path in sorted(folder.iterdir()):
            file, name = path / "__init__.py" if path.is_dir() else path, str(path.relative_to(ROOT))
            if name not in in_chain and file.suffix == ".py" and file.is_file() and summary(file):
                rows.append((f"[{name}]({name})", summary(file)))
    return table(("File", "What is in it"), (row for row in rows if "__init__" not in row[0]))


def file_of(addon: object) -> str:
    """Where an addon's class is."""
    return type(addon).__module__.replace(".", "/") + ".py"


def summary(file: Path) -> str:
    """The first sentence of a module, without its own name in front."""
    first = (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n\n")[0].replace("\n", " ")
    name, _, rest = first.partition(": ")
    text = rest if name.lower() == file.stem else first
    return text[:1].upper() + text[1:] if text == rest else text


def protocol() -> str:
    """The names that a dialect provides, with what their docstrings say."""
    classes = {
        node.name: node
        for node in ast.parse((ROOT / "translators" / "dialect.py").read_text()).body
        if isinstance(node, ast.ClassDef)
    }
    rows = [row for name in ("Spoken", "Source", "Dialect") for row in names_in(classes[name].body)]
    return table(("Name", "What it is"), rows)


def names_in(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Names that are declared in a class, each with its docstring."""
    for statement, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        if isinstance(statement, ast.AnnAssign):
            text = following.value if isinstance(following, ast.Expr) else None
            told = text.value if isinstance(text, ast.Constant) else ""
            yield f"`{ast.unparse(statement)}`", " ".join(str(told).split())
        elif isinstance(statement, ast.FunctionDef):
            result = f" -> {ast.unparse(statement.returns)}" if statement.returns else ""
            call = ast.unparse(statement.args).removeprefix("self, ").removeprefix("self")
            told = " ".join((ast.get_docstring(statement) or "").split())
            yield f"`{statement.name}({call}){result}`", told


# --- reference --------------------------------------------------------------------------------------


def command(name: str) -> str:
    """What `dragoman NAME --help` prints."""
    found = main.commands[name]
    with click.Context(found, info_name=f"dragoman {name}", max_content_width=100) as context:
        return f"```\n{found.get_help(context)}\n```"


def metrics() -> str:
    """All instruments."""
    rows = []
    for metric in gateway.metrics.registry.collect():
        suffix = "_total" if metric.type == "counter" else ""
        rows.append((f"`{metric.name}{suffix}`", metric.type, metric.documentation))
    return table(("Metric", "Type", "What it tells"), rows)


def settings() -> str:
    """Every key of config.yaml, mapping by mapping."""
    roots = (("server", Server), ("endpoints", Endpoints), ("providers.NAME", Provider), ("routes[]", Route))
    clouds = tuple(("providers.NAME", model) for model in dict.fromkeys(TYPES.values()))
    parts = [f"## `{at}`\n\n{keys(model, COMMON if model is Provider else None)}" for at, model in roots]
    for model in dict.fromkeys(TYPES.values()):
        own = keys(model, {*model.model_fields} - COMMON)
        parts.append(f"## `providers.NAME`, of type {types_of(model)}\n\n{own}")
    places: dict[type[BaseModel], str] = {}
    for at, model in (*roots, *clouds):
        for place, kind in inside(model, at):
            places.setdefault(kind, place)
    for kind, place in places.items():
        sentence = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0]
        parts.append(f"## `{place}`\n\n{sentence}\n\n{keys(kind)}")
    return "\n\n".join(parts)


def types_of(model: type[BaseModel]) -> str:
    """The words that config.yaml has for a class; all presets are alike."""
    names = [f"`{name}`" for name, kind in TYPES.items() if kind is model]
    return " or ".join(names) if len(names) < 3 else f"{names[0]} or any other preset"


def keys(model: type[BaseModel], names: set[str] | None = None) -> str:
    """The keys of one mapping, or those of them that are named."""
    meanings = meanings_of(model)
    rows = (
        (f"`{name}`", default_of(name, model), meanings.get(name, "").replace("\n", " "))
        for name in model.model_fields
        if names is None or name in names
    )
    return table(("Key", "Default", "Meaning"), rows)


def meanings_of(model: type[BaseModel]) -> dict[str, str]:
    """What stands below each field of a class and of those that it builds on.

    Read here and not by pydantic (`use_attribute_docstrings`), which would read the source at every start.
    """
    meanings: dict[str, str] = {}
    for kind in reversed(model.__mro__[: model.__mro__.index(BaseModel)]):
        (definition,) = ast.parse(inspect.getsource(kind)).body
        assert isinstance(definition, ast.ClassDef)
        for field, below in pairwise(definition.body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                    meanings[name] = inspect.cleandoc(text)
    return meanings


def default_of(name: str, model: type[BaseModel]) -> str:
    """A default as one would write it."""
    field = model.model_fields[name]
    match getattr(DEFAULT_TIMEOUTS, name) if model is Timeouts else field.default:
        case _ if field.is_required():
            return "required"
        case BaseModel() if type(None) in get_args(field.annotation):
            return "`on`"
        case None | () | "" | dict() | BaseModel():
            return "-"
        case Address() as address:
            return f"`{address}`"
        case bool() as value:
            return f"`{str(value).lower()}`"
        case float() as number if model is not Timeouts and "duration" not in str(field.metadata):
            return f"`{number:g}`"
        case float() as seconds:
            return f"`{f'{seconds:g}s' if seconds >= 1 else f'{seconds * 1000:g}ms'}`"
        case int() as number:
            return f"`{size_of(number)}`"
        case tuple() as several:
            return f"`[{', '.join(map(str, several))}]`"
        case other:
            return f"`{other}`"


def size_of(number: int) -> str:
    """A number of bytes in its largest binary unit, and any other number as it is."""
    units = {
        unit: size for unit, size in BYTES.items() if unit.endswith("iB") and number and number % size == 0
    }
    return f"{number // max(units.values())}{max(units, key=units.__getitem__)}" if units else str(number)


def inside(model: type[BaseModel], at: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """The kinds of mappings that a mapping may hold, however deep, and where."""
    for name, field in model.model_fields.items():
        for kind in kinds(field.annotation):
            several = str(field.annotation)
            suffix = "[]" if "tuple[" in several else ".NAME" if "Mapping[" in several else ""
            yield f"{at}.{name}{suffix}", kind
            yield from inside(kind, f"{at}.{name}{suffix}")


def kinds(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for argument in get_args(annotation):
            yield from kinds(argument)
