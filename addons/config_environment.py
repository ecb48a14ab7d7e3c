"""The providers for which the environment has a key, an address or an identity."""

from collections.abc import Iterator, Mapping

from translators.hosts import PRESETS

_AWS_IDENTITIES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Any of these says that AWS's default chain will find something. Nobody is asked on the network for it."""

type Options = dict[str, object]


def providers_of(env: Mapping[str, str]) -> dict[str, object]:
    """As they would stand in config.yaml. The embedded ones are always there."""
    found = dict[str, object]({"demo": {"type": "demo"}})
    found["demo-claude"] = {"type": "demo", "dialect": "anthropic_messages"}
    for each in (_keyed(env), _azure(env), _aws(env), _google(env), _presets(env)):
        found |= each
    return found


def _keyed(env: Mapping[str, str]) -> Iterator[tuple[str, Options]]:
    vendor = {"openai-organization": env.get("OPENAI_ORG_ID"), "openai-project": env.get("OPENAI_PROJECT_ID")}
    openai = given(
        api_key=env.get("OPENAI_API_KEY"),
        base_url=env.get("OPENAI_BASE_URL"),
        headers={"set": given(**vendor)},
    )
    anthropic = given(api_key=env.get("ANTHROPIC_API_KEY"), base_url=env.get("ANTHROPIC_BASE_URL"))
    gemini = given(api_key=env.get("GEMINI_API_KEY") or env.get("GOOGLE_API_KEY"))
    cohere = given(api_key=env.get("COHERE_API_KEY"))
    for name, options in (
        ("openai", openai),
        ("anthropic", anthropic),
        ("gemini", gemini),
        ("cohere", cohere),
    ):
        if options.keys() & {"api_key", "base_url"}:
            yield name, {"type": name} | options


def _azure(env: Mapping[str, str]) -> Iterator[tuple[str, Options]]:
    options = given(
        api_key=env.get("AZURE_OPENAI_API_KEY"),
        base_url=env.get("AZURE_OPENAI_ENDPOINT"),
        api_version=env.get("OPENAI_API_VERSION"),
    )
    if {"api_key", "base_url"} <= options.keys():
        yield "azure", {"type": "azure-openai"} | options


def _aws(env: Mapping[str, str]) -> Iterator[tuple[str, Options]]:
    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
    if region and any(env.get(name) for name in _AWS_IDENTITIES):
        options = given(region=region, base_url=env.get("AWS_ENDPOINT_URL_BEDROCK_RUNTIME"))
        yield "bedrock", {"type": "aws-bedrock"} | options
        yield "bedrock-claude", {"type": "aws-anthropic"} | options


def _google(env: Mapping[str, str]) -> Iterator[tuple[str, Options]]:
    options = given(project=env.get("GOOGLE_CLOUD_PROJECT"), location=env.get("GOOGLE_CLOUD_LOCATION"))
    if len(options) == 2:
        yield "vertex", {"type": "gcp-vertex"} | options
        yield "vertex-claude", {"type": "gcp-anthropic"} | options


def _presets(env: Mapping[str, str]) -> Iterator[tuple[str, Options]]:
    for name, preset in PRESETS.items():
        if preset.key and preset.key != "GEMINI_API_KEY" and (key := env.get(preset.key)):
            yield name, {"type": name, "api_key": key}


def given(**options: object) -> Options:
    """What has a value."""
    return {name: value for name, value in options.items() if value}
