"""The rules of the house that no linter knows."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(chain((ROOT / "addons").rglob("*.py"), (ROOT / "translators").rglob("*.py")))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LONGEST_FILE = 400
LONGEST_FUNCTION = 30
LONGEST_IN_PROXY = 40  # one hop of a protocol is told in one place

IMPURE = set(
    """
    addons aiohttp asyncio boto3 botocore datetime google http httpx logging mitmproxy multiprocessing os
    pathlib random requests secrets select selectors shutil signal socket socketserver ssl subprocess sys
    tempfile threading time urllib uuid
    """.split()  # noqa: SIM905
)
PURE = {"botocore.eventstream", "urllib.parse"}


def place(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def addons() -> set[str]:
    """Names of what stands in addons/: a package counts as one, however many files it has."""
    folder = ROOT / "addons"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in folder.glob("*/__init__.py")}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_every_addon_has_its_tests() -> None:
    folder = ROOT / "tests" / "addons"
    untested = [
        name
        for name in sorted(addons())
        if not any(folder.rglob(f"test_{name}*.py")) and not (folder / name).is_dir()
    ]
    assert not untested


def test_every_test_of_an_addon_has_its_addon() -> None:
    names = tuple(f"test_{name}" for name in addons())
    assert not [
        path.name for path in (ROOT / "tests" / "addons").glob("test_*.py") if not path.name.startswith(names)
    ]


def test_no_addon_shadows_the_standard_library() -> None:
    assert not addons() & sys.stdlib_module_names  # a script's folder stays on sys.path


def test_translators_are_pure() -> None:
    offences = {
        place(path): offence
        for path in (ROOT / "translators").rglob("*.py")
        if (offence := impure(tree_of(path)))
    }
    assert not offences


def impure(tree: ast.AST) -> set[str]:
    """What a module imports and calls that touches the world."""
    imported = {name for name in imports(tree) if name.partition(".")[0] in IMPURE and name not in PURE}
    calls = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return imported | calls & {"open", "print", "input", "exec", "eval"}


def test_files_are_short() -> None:
    lengths = {place(path): len(path.read_text().splitlines()) for path in SOURCES + TESTS}
    assert not {path: length for path, length in lengths.items() if length > LONGEST_FILE}


def test_functions_are_short() -> None:
    assert not {place(path): long for path in SOURCES if (long := long_functions(path))}


def long_functions(path: Path) -> dict[str, int]:
    """The lines of those functions that are too long and do not hold a `match`."""
    limit = LONGEST_IN_PROXY if path.parent.name == "proxy" else LONGEST_FUNCTION
    functions = (
        node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {
        function.name: length
        for function in functions
        if (length := (function.end_lineno or 0) - function.lineno + 1) > limit
        and not any(isinstance(part, ast.Match) for part in ast.walk(function))
    }


def test_modules_say_what_they_are() -> None:
    assert not [
        place(path) for path in SOURCES if path.read_text().strip() and not ast.get_docstring(tree_of(path))
    ]


def test_no_machine_and_no_registry_is_named() -> None:
    named = re.compile(
        rb"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|debian\.org|yarnpkg\.com"
        rb"|--(extra-)?index[-]url|--find[-]links|(^|[^\w.])/(work|root|farm|tmp)/",
        re.MULTILINE,
    )
    texts = ((path, path.read_bytes()) for path in tracked())
    assert not [str(path) for path, text in texts if b"\0" not in text and named.search(text)]


def test_locks_hold_hashes_and_no_hosts() -> None:
    assert not [path.name for path in tracked() if path.name in {"uv.lock", "package-lock.json"}]
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert text.count("==") <= text.count("--hash=sha256:")
