"""mitmweb as a person uses it: a real browser that reads its list of flows and clicks its buttons."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.gateway import Gateway, eventually
from tests.upstream import PATIENCE

CHROMIUM = shutil.which("chromium")
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
ATTEMPTS_TO_BE = "~comment ^attempt & ~q"
"""What the interceptor is told to hold: attempts, before they are sent."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


class Mitmweb:
    """One open page of it."""

    def __init__(self, page: Page, gateway: Gateway) -> None:
        self.page = page
        url = re.search(r"http://\S+token=\S+", gateway.output())
        assert url, "it does not say where mitmweb is"
        self._url = url[0].partition("?")[0]
        page.set_default_timeout(PATIENCE * 1000)
        self.heard: list[str] = []
        """All that it was told of itself, without having asked."""
        page.on("websocket", lambda socket: socket.on("framereceived", self._hear))
        page.goto(url[0])
        page.get_by_text("connected", exact=True).wait_for()

    def flows(self) -> list[dict[str, Any]]:
        """The flows as the page itself gets them."""
        flows: list[dict[str, Any]] = self.page.request.get(f"{self._url}flows").json()
        return flows

    @property
    def url(self) -> str:
        """Where it is, without the token that opens it."""
        return self._url

    def get(self, path: str) -> str:
        """Any page of its API."""
        return self.page.request.get(self._url + path).body().decode("utf-8", "replace")

    def comments(self) -> list[str]:
        """The last column of the list, from top to bottom."""
        return self.page.locator(".flow-table td.col-comment").all_inner_texts()

    def listed(self, count: int) -> list[str]:
        """The comments, once there are so many and nothing runs any more."""
        rows = self.page.locator(".flow-table td.col-comment")
        marked = self.page.locator(".flow-table .marker:not(:empty)")
        eventually(lambda: (rows.count(), marked.count()) == (count, count), f"not {count} flows are listed")
        return self.comments()

    def find(self, expression: str) -> None:
        self._filter("Search", expression)

    def highlight(self, expression: str) -> None:
        self._filter("Highlight", expression)

    def intercept(self, expression: str) -> None:
        self._filter("Intercept", expression)

    def select(self, comment: str) -> None:
        """Click on the flow whose comment begins so."""
        self.page.locator(".flow-table td.col-comment", has_text=re.compile(f"^{re.escape(comment)}")).click()

    def select_intercepted(self) -> None:
        """Wait until a flow is held, and click on it."""
        self.page.locator(".flow-table tr.intercepted").click()

    def tab(self, name: str) -> None:
        """Show another side of the selected flow: Request, Response …"""
        self.page.locator(".nav-tabs-sm").get_by_text(name, exact=True).click()

    def shown(self, text: str) -> str:
        """The body of the selected flow as it is shown, once this is a part of it."""
        view = self.page.locator(".contentview", has_text=text)
        view.wait_for()
        return view.inner_text()

    def command(self, name: str, *arguments: str) -> Any:
        """What one of mitmproxy's own commands gives, as the page's buttons call it."""
        cookies = {cookie["name"]: cookie["value"] for cookie in self.page.context.cookies()}
        answer = self.page.request.post(
            f"{self._url}commands/{name}",
            data={"arguments": arguments},
            headers={"x-xsrftoken": cookies["_mitmproxy_xsrf"]},
        ).json()
        assert "error" not in answer, answer
        return answer["value"]

    def edit(self, text: str) -> None:
        """Replace the JSON body that is shown of the selected flow by hand."""
        self.page.get_by_role("button", name="Edit").click()
        self.page.locator(".cm-content", has_text="{").click()  # once it has the old text
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(text)
        self.page.get_by_role("button", name="Done").click()

    def press(self, button: str) -> None:
        """One of the buttons above a selected flow: Resume, Abort, Replay …"""
        self.page.locator("nav").get_by_text("Flow", exact=True).click()
        self.page.get_by_role("button", name=re.compile(f"{button}$")).click()

    def clear(self) -> None:
        """Forget all flows, expressions and selections."""
        self.page.once("dialog", lambda dialog: dialog.accept())
        self.page.get_by_text("File", exact=True).click()
        self.page.get_by_text("Clear All").click()
        eventually(lambda: not self.flows(), "flows are left")
        for name in ("Search", "Highlight", "Intercept"):
            self._filter(name, "")

    def _filter(self, name: str, expression: str) -> None:
        self.page.get_by_text("Flow List", exact=True).click()
        box = self.page.get_by_placeholder(name)
        box.fill(expression)
        box.press("Enter")
        if name == "Intercept":
            eventually(lambda: self._intercepts(expression), "the expression is not in force")

    def _intercepts(self, expression: str) -> bool:
        option = self.page.request.get(f"{self._url}options").json()["intercept"]
        return (option["value"] or "") == expression

    def _hear(self, frame: str | bytes) -> None:
        self.heard.append(frame if isinstance(frame, str) else frame.decode("utf-8", "replace"))
