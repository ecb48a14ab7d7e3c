"""What a configuration comes to, in plain text: for the start of `run`, and for all commands but that."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from addons.config import DEMO_ADDRESS, Address, Backend, Config, Problem, Provider, Route, address_of
from addons.config_types import TYPES
from addons.endpoints import ENDPOINTS
from translators import TARGETS
from translators.hosts import DEMO_URL, HOSTS

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses that one can listen on, but not call."""


def report(config: Config, source: str) -> str:
    """For `dragoman check`: everything, and what was left out where."""
    parts = [f"{source} is good.", _providers(config), _routes(config)]
    return "\n\n".join([*parts, *_warnings(config.warnings, source)])


def _warnings(warnings: Iterable[Problem], source: str) -> list[str]:
    """One paragraph, or none."""
    lines = [
        f"{source}{f':{warning.line}' if warning.line else ''}: {warning.key}: {warning.message}"
        for warning in warnings
    ]
    return ["\n".join(lines)] if lines else []


def models(config: Config) -> str:
    """For `dragoman models`: what a client may ask for, patterns too, which /v1/models does not list."""
    listed = [(model.id, model.owned_by) for model in config.models()]
    rows = [(model, owner, ", ".join(_asked(model, config))) for model, owner in listed]
    for route in config.routes:
        patterns = (model for model in route.models if model not in route.exact_models)
        rows += [(pattern, "(a pattern)", ", ".join(map(_backend, route.backends))) for pattern in patterns]
    if config.direct:
        enabled = [name for name, provider in config.providers.items() if not provider.disabled]
        rows += [(f"{name}/…", "(any name)", name) for name in enabled]
    return table(("MODEL", "OWNED BY", "PROVIDERS"), rows)


def providers(config: Config) -> str:
    """For `dragoman providers`: who is configured, and what each type can serve."""
    served = ((kind, serves(kind)) for kind in TYPES)
    return f"{_providers(config)}\n\n{table(('TYPE', 'SERVES'), served)}"


def serves(kind: str) -> str:
    """What a type of provider can be asked, as the metrics name it."""
    if kind == "demo":
        return "what its `dialect` can be asked, and every failure on demand"
    asked = (each.operation for each in ENDPOINTS if HOSTS[kind].spoken_for(each.spoken, "", TARGETS))
    return ", ".join(asked).replace("_", " ") or "nothing yet"


def banner(config: Config, source: str, listen: Address, admin: Address | None, web: str = "") -> str:
    """For the start; `web` is the address of mitmproxy's own interface, its token included."""
    places = [("API", url(listen)), ("admin", url(admin) if admin else "off"), ("configuration", source)]
    if web:
        places.append(("mitmweb", web))
    parts = ["Dragoman", table((), places), _providers(config)]
    if config.routes:
        parts.append(_routes(config))
        parts += _warnings((it for it in config.warnings if it.key.startswith("routes")), source)
    if listed := config.models():
        parts.append(_curl(config, listed[0].id, listen))
    return "\n\n".join(parts) + "\n"


def status(told: Mapping[str, Any]) -> str:
    """For `dragoman status`: what the running gateway's admin listener has told."""
    refused = "" if told["last_reload"] == "success" else "; the last change of it was refused, see the log"
    head = [
        ("configuration", f"{told['configuration']}, generation {told['generation']}{refused}"),
        ("requests", f"{told['in_flight']} in flight{'; draining' if told['draining'] else ''}"),
    ]
    rows = [
        (
            route["name"] if not place else "",
            f"{backend['provider']}/{backend['model']}",
            str(backend["priority"]),
            str(backend["weight"]),
            backend["health"] + (f", {backend['seconds_left']:g} s" if backend["seconds_left"] else ""),
            str(backend["in_flight"]),
            "-" if backend["first_byte_ms"] is None else f"{backend['first_byte_ms']:g} ms",
        )
        for route in told["routes"]
        for place, backend in enumerate(route["backends"])
    ]
    columns = ("ROUTE", "BACKEND", "PRIORITY", "WEIGHT", "HEALTH", "IN FLIGHT", "FIRST BYTE")
    return "\n\n".join([table((), head), *([table(columns, rows)] if rows else [])])


def url(address: Address) -> str:
    """Where to call a listener."""
    return f"http://{Address(ANYWHERE.get(address.host, address.host), address.port)}"


def _curl(config: Config, model: str, listen: Address) -> str:
    path = config.endpoints.prefix("openai") + "/v1/chat/completions"
    key = " -H 'authorization: Bearer YOUR_KEY'" if config.server.api_keys else ""
    return (
        f"Try it:\n  curl {url(listen)}{path} -H 'content-type: application/json'{key} \\\n"
        f"""    -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello!"}}]}}'"""
    )


def _providers(config: Config) -> str:
    rows = [
        (name, provider.type, provider.speaks or "-", _address(provider), _state(provider))
        for name, provider in config.providers.items()
    ]
    return table(("PROVIDER", "TYPE", "SPEAKS", "ADDRESS", "STATE"), rows)


def _address(provider: Provider) -> str:
    if provider.disabled:
        return provider.base_url or "-"
    return provider.base_url if address_of(provider.base_url or DEMO_URL) != DEMO_ADDRESS else "embedded"


def _state(provider: Provider) -> str:
    return f"disabled: {provider.disabled}" if provider.disabled else "ready"


def _routes(config: Config) -> str:
    rows = [
        (route.name, ", ".join(route.models), ", ".join(route.headers.match) or "-", _backends(route))
        for route in config.routes
    ]
    if config.direct:
        rows.append(("(direct)", "PROVIDER/MODEL", "-", "that provider"))
    return table(("ROUTE", "MODELS", "IF HEADERS", "BACKENDS"), rows)


def _backends(route: Route) -> str:
    """`a 4, b 1; then c`: weights within a priority, priorities in their order."""
    priorities = sorted({backend.priority for backend in route.backends})
    groups = ([backend for backend in route.backends if backend.priority == it] for it in priorities)
    texts = (
        ", ".join(f"{_backend(backend)}{f' {backend.weight}' if len(group) > 1 else ''}" for backend in group)
        for group in groups
    )
    return "; then ".join(texts) or "none: answers 503"


def _backend(backend: Backend) -> str:
    return f"{backend.provider}/{backend.model}" if backend.model else backend.provider


def _asked(model: str, config: Config) -> Iterator[str]:
    """Who may answer for a listed model, whatever headers come with it."""
    routes = [route for route in config.routes if model in route.models and route.backends]
    if routes:
        yield from dict.fromkeys(_backend(backend) for route in routes for backend in route.backends)
    else:
        yield model.partition("/")[0]


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Columns of equal width."""
    lines = [line for line in (head, *rows) if line]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
