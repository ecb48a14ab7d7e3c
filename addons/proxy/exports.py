"""Exports: what mitmproxy's export commands say of a flow, they say of its redacted copy."""

from collections.abc import Callable, Sequence
from typing import cast

from mitmproxy import addonmanager, flow, http
from mitmproxy.addons import export
from mitmproxy.addons.savehar import SaveHar

from addons.proxy.dispatch import find_addon

type Make = Callable[[Sequence[flow.Flow]], object]
type Copy = Callable[[http.HTTPFlow], http.HTTPFlow]


class Exports:
    """Stands before `export`, `export.file`, `export.clip`, `save.har` and the option `hardump`."""

    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self._stock: dict[str, Callable[[flow.Flow], str | bytes]] = {}

    def load(self, loader: addonmanager.Loader) -> None:
        self._stock = dict(export.formats)
        for name, stock in self._stock.items():
            export.formats[name] = self._of_copies(stock)
        if har := find_addon(SaveHar):
            vars(har)["make_har"] = self._har_of_copies(cast(Make, har.make_har))

    def done(self) -> None:
        export.formats.update(self._stock)

    def _of_copies(self, stock: Callable[[flow.Flow], str | bytes]) -> Callable[[flow.Flow], str | bytes]:
        return lambda one: stock(self._redacted(one))

    def _har_of_copies(self, make: Make) -> Make:
        return lambda flows: make([self._redacted(one) for one in flows])

    def _redacted(self, one: flow.Flow) -> flow.Flow:
        return self._copy(one) if isinstance(one, http.HTTPFlow) else one
