"""Makes the pictures of mitmweb, as Chromium shows it.

docs/mitmweb.png is a failed attempt and its fallback; docs/transcript.png a streamed tool call, put together.

.venv/bin/python -m docs.screenshot
"""

import tempfile
from pathlib import Path

import yaml
from playwright.sync_api import ViewportSize

from tests.e2e.answers import OPENAI_TOOL
from tests.e2e.client import CHAT, MESSAGES, chat, messages, post
from tests.gateway import free_port, running
from tests.mitmweb import Mitmweb, chromium

HERE = Path(__file__).parent
SIZE: ViewportSize = {"width": 1400, "height": 620}


def main() -> None:
    """Ask three times, and show what became of the first call."""
    config = yaml.safe_load((HERE / "fallback.yaml").read_text())
    config["server"] = {**config.get("server", {}), "allow_direct": True}
    web = f"127.0.0.1:{free_port()}"
    with (
        tempfile.TemporaryDirectory() as folder,
        running(config, Path(folder), "--web", web) as gateway,
        chromium() as browser,
    ):
        mitmweb = Mitmweb(browser.new_page(viewport=SIZE), gateway)
        for _ in range(3):  # the first ones are slow, as code is still being loaded
            post(gateway.url, CHAT, chat("assistant", stream=True))
        mitmweb.clear()
        post(gateway.url, CHAT, chat("assistant", "What is a dragoman?", seed=7))
        post(gateway.url, MESSAGES, messages("assistant", "And a caravanserai?", stream=True))
        post(gateway.url, CHAT, chat("unknown"))
        mark = mitmweb.listed(7)[0].rpartition(" ")[2]
        mitmweb.page.locator(".flow-table td.col-comment").nth(2).click()
        mitmweb.highlight(f"~comment {mark}")
        mitmweb.page.locator(".flow-table tr.highlighted").nth(2).wait_for()
        mitmweb.page.locator(".contentview", has_text="dragoman").wait_for()
        mitmweb.page.screenshot(path=HERE / "mitmweb.png")
        mitmweb.clear()
        question = "Do I need an umbrella in Paris?"
        body = chat("demo-claude/text-and-tools", question, stream=True, tools=[OPENAI_TOOL])
        post(gateway.url, CHAT, body)
        mitmweb.listed(2)
        mitmweb.select("attempt 1")
        mitmweb.tab("Response")
        mitmweb.shown("→ weather")
        mitmweb.page.screenshot(path=HERE / "transcript.png")


if __name__ == "__main__":
    main()
