"""Makes a configuration of a file, or of the environment alone, or says everything that is wrong with it."""

import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from addons import config_file
from addons.config import Config, Endpoints, Server, address_of
from addons.config_environment import providers_of
from addons.config_file import ConfigError, Document, Problem, spell
from addons.config_inert import inert, shadowed
from addons.config_problems import unknown, validate
from addons.config_providers import Disabled, Provider
from addons.config_routes import Route
from addons.config_types import TYPES
from addons.config_values import Model, mapping_of
from translators.errors import BadRequest
from translators.hosts import HOSTS, segment


class File(Model):
    """The top level of config.yaml."""

    server: Server = Server()
    """The gateway's own listeners and limits."""
    endpoints: Endpoints = Endpoints()
    """Prefixes of the inbound APIs."""
    providers: Mapping[str, Provider] = {}
    """Who can be asked, by name."""
    routes: tuple[Route, ...] = ()
    """Which models go where. Without any, `PROVIDER/MODEL` does."""


STAND_IN, STAND_IN_URL = "stand-in-for-a-variable", "http://stand-in.invalid"


def with_stand_ins(path: Path, env: Mapping[str, str]) -> Mapping[str, str]:
    """For a replay, which signs and sends nothing: the environment, with what a file wants and isn't set."""
    try:
        unset = config_file.read(path.read_text("utf-8-sig"), str(path), env).unset
    except (OSError, UnicodeDecodeError):
        return env  # loading says what is wrong
    return {**env, **{name: _stand_in(place) for place, name in unset.items()}}


def _stand_in(place: config_file.Path) -> str:
    """Always the same in what is sent; a key that opens the gateway itself is one that nobody knows."""
    if place[:1] == ("server",):
        return secrets.token_urlsafe()
    return STAND_IN_URL if place[-1:] == ("base_url",) else STAND_IN


def load(path: Path, env: Mapping[str, str]) -> Config:
    """Raises `ConfigError`."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError([Problem(0, "", f"can't be read: {error.strerror}")], str(path)) from None
    except UnicodeDecodeError:
        raise ConfigError([Problem(0, "", "is not UTF-8 text")], str(path)) from None
    return parse(text, env, str(path))


def parse(text: str, env: Mapping[str, str], source: str = "config.yaml") -> Config:
    """Raises `ConfigError`, in which `source` is the file's name."""
    document = config_file.read(text, source, env)
    if document.tree is None and document.problems:
        raise ConfigError(document.problems, source)
    return _build(document)


def from_environment(env: Mapping[str, str]) -> Config:
    """The providers for which the environment has a key or an address, and the embedded ones."""
    return _build(Document("environment", {"providers": providers_of(env)}))


def _build(document: Document) -> Config:
    top = mapping_of(document.tree if document.tree is not None else {})
    if top is None:
        document.report((), f"must be a mapping with the keys {', '.join(File.model_fields)}")
        raise ConfigError(document.problems, document.source)
    providers = dict(_providers(top, document))
    file = validate(File, top | {"providers": providers}, (), document)
    _check_certificates(providers, document)
    _check_routes(top, providers, document)
    for path, variable in document.unset.items():
        if len(path) < 2 or path[0] != "providers":
            document.report(path, f"{variable} is not set; ${{{variable}:=…}} gives it a default")
    if document.problems or file is None:
        raise ConfigError(document.problems, document.source)
    warnings = tuple(sorted(_warnings(file, document), key=lambda warning: warning.line))
    routes = tuple(_enabled(route, providers) for route in file.routes)
    return Config(file.server, file.endpoints, providers, routes, warnings)


def _providers(top: dict[str, object], document: Document) -> Iterator[tuple[str, Provider]]:
    named = mapping_of(top.get("providers") or {})
    if named is None:
        document.report(("providers",), "must be a mapping of names to providers")
    for name, options in (named or {}).items():
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            document.report(("providers", name), "a name is made of letters, digits, '.', '_' and '-'")
        yield name, _provider(name, options, document)


def _provider(name: str, options: object, document: Document) -> Provider:
    path = ("providers", name)
    unset = sorted({variable for place, variable in document.unset.items() if place[:2] == path})
    reason = f"{', '.join(unset)} {'are' if len(unset) > 1 else 'is'} not set" if unset else "it is not valid"
    given = mapping_of(options)
    match given and given.get("type"):
        case str() as kind if kind in TYPES:
            provider = validate(TYPES[kind], given, path, document)
            return Disabled(type=kind, reason=reason) if unset or not provider else provider
        case str() as kind if (*path, "type") not in document.unset:
            document.report((*path, "type"), f"unknown type {kind}{unknown(kind, [*TYPES])}")
        case None if given is not None:
            document.report((*path, "type"), f"is required; allowed: {', '.join(TYPES)}")
        case _ if given is None:
            document.report(path, "must be a mapping with at least a type")
        case _:
            pass
    return Disabled(type="unknown", reason=reason)


def _check_certificates(providers: Mapping[str, Provider], document: Document) -> None:
    """Connections belong to an address: with two sets of certificates, one provider's could serve another."""
    seen: dict[tuple[str, int], str] = {}
    for name, provider in providers.items():
        if provider.base_url and not provider.disabled:
            first = seen.setdefault(address_of(provider.base_url), name)
            if provider.tls != providers[first].tls:
                message = f"{first} has the same address, but other certificates"
                document.report(("providers", name, "tls"), message)


def _check_routes(top: dict[str, object], providers: Mapping[str, Provider], document: Document) -> None:
    """What a route says about others: its own name, and its backends' providers."""
    seen: dict[str, int] = {}
    for index, route in enumerate(_items(top, "routes")):
        if isinstance(name := route.get("name"), str) and seen.setdefault(name, index) != index:
            document.report(("routes", index, "name"), f"{name} is the name of routes[{seen[name]}] already")
        for place, backend in enumerate(_items(route, "backends")):
            path = ("routes", index, "backends", place, "provider")
            name = backend.get("provider")
            if isinstance(name, str) and name not in providers and path not in document.unset:
                document.report(path, f"no provider is called {name}{unknown(name, list(providers))}")
            _check_model(backend.get("model"), providers.get(str(name)), (*path[:-1], "model"), document)


def _check_model(
    model: object, provider: Provider | None, path: config_file.Path, document: Document
) -> None:
    """Where a model is a part of a path, that it leads nowhere else."""
    if not isinstance(model, str) or path in document.unset or not provider or provider.disabled:
        return
    if provider.type != "demo" and any("{model}" in it.whole for it in HOSTS[provider.host].paths.values()):
        try:
            segment(model)
        except BadRequest as error:
            document.report(path, error.reason)


def _items(parent: dict[str, object], key: str) -> Iterator[dict[str, object]]:
    """The mappings in a list that may be anything, as nobody has checked it yet."""
    if isinstance(children := parent.get(key), list):
        for child in cast("list[object]", children):
            yield mapping_of(child) or {}


def _warnings(file: File, document: Document) -> Iterator[Problem]:
    def warning(path: config_file.Path, message: str) -> Problem:
        return Problem(document.lines.get(document.known(path), 0), spell(path), message)

    for name, provider in file.providers.items():
        if provider.disabled:
            yield warning(("providers", name), f"disabled: {provider.disabled}")
    for index, route in enumerate(file.routes):
        for place, backend in enumerate(route.backends):
            if file.providers[backend.provider].disabled:
                path = ("routes", index, "backends", place)
                yield warning(path, f"left out: {backend.provider} is disabled")
        for below, message in inert(route, file.providers, file.server):
            yield warning(("routes", index, *below), message)
    for taken, message in shadowed(file.routes):
        yield warning(taken, message)


def _enabled(route: Route, providers: Mapping[str, Provider]) -> Route:
    backends = tuple(backend for backend in route.backends if not providers[backend.provider].disabled)
    return route.model_copy(update={"backends": backends})
