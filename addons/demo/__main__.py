"""`python -m addons.demo [PORT]`: the embedded provider on its own, and what each client is told of it."""

import asyncio
import sys

from addons.demo import Server

CLIENTS: dict[str, str] = {
    "openai.OpenAI(base_url=…)": "/v1",
    "openai.AzureOpenAI(azure_endpoint=…)": "",
    "anthropic.Anthropic(base_url=…)": "",
    "anthropic.AnthropicBedrock(base_url=…)": "",
    "anthropic.AnthropicVertex(base_url=…)": "/v1",
    'boto3.client("bedrock-runtime", endpoint_url=…)': "",
    'genai.Client(http_options={"base_url": …})': "",
    "cohere.ClientV2(base_url=…)": "",
}
"""What each vendor's client is told, after the address."""


async def main(port: int) -> None:
    url = f"http://127.0.0.1:{await Server().start(port)}"
    told = [f"{client:<50}{url}{path}" for client, path in CLIENTS.items()]
    print("\n".join([url, *told]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
