"""Views: shows the transcript of a body in mitmweb and mitmproxy, where it is one."""

from mitmproxy import addonmanager, contentviews

from addons.views.transcript import Transcript


class Views:
    """Makes the transcript known to mitmproxy, which then takes it wherever it can be made."""

    def load(self, loader: addonmanager.Loader) -> None:
        contentviews.add(Transcript())
