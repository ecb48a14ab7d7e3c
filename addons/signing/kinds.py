"""Which signer a provider of config.yaml gets."""

from functools import partial
from pathlib import Path
from typing import cast

from pydantic import SecretStr

from addons.config import Provider
from addons.config_clouds import Aws, AwsCredentials, AzureOpenAI, Entra, Gcp, GcpCredentials
from addons.config_providers import Keyed
from addons.signing import entra
from addons.signing.key import Bearer, Key
from addons.signing.signer import Run, Signer
from translators.hosts import HOSTS


def signer_for(provider: Provider, run: Run) -> Signer:
    """A new one, which has fetched nothing yet."""
    match provider:
        case AzureOpenAI(entra=Entra() as options):
            return Bearer(partial(entra.fetch, options), run)
        case Aws():
            return _aws(provider.credentials, provider.region, run)
        case Gcp():
            return _google(provider.credentials, run)
        case Keyed(api_key=SecretStr() as key):
            host = HOSTS[provider.host]
            return Key(host.key_header, host.key_prefix, key.get_secret_value().strip())
        case _:
            return Key("", "", "")


def _aws(credentials: AwsCredentials | None, region: str, run: Run) -> Signer:
    from addons.signing import aws  # noqa: PLC0415 - botocore takes its time, and not all need it

    match credentials:
        case AwsCredentials(access_key_id=str() as id, secret_access_key=SecretStr() as secret):
            token = credentials.session_token.get_secret_value() if credentials.session_token else None
            return aws.Static(aws.Keys(id, secret.get_secret_value(), token), region)
        case AwsCredentials(role_arn=str() as role):
            file = cast(Path, credentials.web_identity_token_file)
            return aws.Fetched(partial(aws.from_web_identity, role, file, region), run, region)
        case _:
            profile = credentials.profile if credentials else None
            return aws.Fetched(partial(aws.from_chain, profile, region), run, region)


def _google(credentials: GcpCredentials | None, run: Run) -> Signer:
    from addons.signing import google  # noqa: PLC0415 - as above

    match credentials:
        case GcpCredentials(access_token=SecretStr() as token):
            return Key("authorization", "Bearer ", token.get_secret_value().strip())
        case GcpCredentials(service_account_file=Path() as file):
            return Bearer(partial(google.from_service_account, file), run)
        case GcpCredentials(credentials_file=Path() as file):
            return Bearer(partial(google.from_file, file), run)
        case _:
            return Bearer(google.from_machine, run)
