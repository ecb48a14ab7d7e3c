from mitmproxy import http
from mitmproxy.addons import export
from mitmproxy.addons.savehar import SaveHar
from mitmproxy.test import taddons, tflow

from addons.proxy import Exports


def elsewhere(flow: http.HTTPFlow) -> http.HTTPFlow:
    copy: http.HTTPFlow = flow.copy()
    copy.request.path = "/redacted"
    return copy


def test_the_stock_commands_get_copies_and_their_own_functions_back() -> None:
    stock = dict(export.formats)
    addon, har = Exports(elsewhere), SaveHar()
    with taddons.context(har, export.Export(), addon) as context:
        flow = tflow.tflow(resp=True)
        for name in stock:
            assert "/path" not in str(export.formats[name](flow)), name
        assert "/redacted" in context.master.commands.call("export", "curl", flow)
        url = har.make_har([flow])["log"]["entries"][0]["request"]["url"]
        assert url.endswith("/redacted")
    addon.done()
    assert export.formats == stock
