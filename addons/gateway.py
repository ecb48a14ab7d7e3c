"""The gateway: its addons, in the order in which a request meets them.

`mitmdump -s addons/gateway.py` runs it.
"""

import sys
from pathlib import Path

# Nothing is installed at the top level, so we say where our folders are.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from addons.account import Account
from addons.admin import Admin
from addons.admit import Admit
from addons.call import Call
from addons.credentials import Credentials
from addons.demo.addon import Demo
from addons.health import Health
from addons.label import Label
from addons.match import Match
from addons.metrics import Metrics
from addons.prices import Prices
from addons.proxy import Exports, Proxy, Replay, Trust
from addons.record import Record
from addons.redact import Redact
from addons.refusals import Refusals
from addons.reload import Reload
from addons.reread import Reread
from addons.route import Route
from addons.seal import Seal
from addons.settings import Settings, Told
from addons.status import Status
from addons.translate import Translate
from addons.views import Views

settings = Settings()
refusals = Refusals(settings.current)
metrics = Metrics()
demo = Demo()
proxy = Proxy(lambda flow: Call(flow=flow, config=settings.current()), refusals)
trust = Trust()
credentials = Credentials()
seal = Seal(demo, credentials)
account = Account(metrics, Prices(settings.current))
proxy.unread = account.unread
health = Health(metrics.registry)
match, route = Match(refusals), Route(refusals, health)
redact = Redact(settings.current)
replay, record = Replay(proxy, redact.copy), Record(settings.current, redact)
proxy.records = lambda: not record.idle
settings.tell(Told(proxy, trust, seal, account, health, credentials))
reload = Reload(settings, proxy, seal, metrics.registry)
status = Status(settings, proxy, health, reload)

addons = [
    settings,  # what config.yaml says
    proxy,  # each attempt is a flow of its own
    replay,  # recorded answers, and the replay button
    trust,  # certificates of a provider's own
    Admit(refusals),  # who may ask
    match,  # which endpoint, which model
    Reread(match, route),  # what people edit in a request that is held
    health,  # who has failed too often to be asked now
    credentials,  # what providers are shown; once more, after a refusal
    route,  # which backend, and after a failure, which next
    Translate(refusals),  # in the provider's words, and back
    seal,  # the only way to the wire
    demo,  # the embedded provider
    account,  # the log line and the metrics
    redact,  # no secret in what people see of a stream
    Exports(redact.copy),  # nor in what they export
    Label(),  # what people read in mitmweb: comments and markers
    record,  # nor in what is written to a file
    Views(),  # and the transcripts of bodies
    reload,  # another config.yaml while it runs
    Admin(settings.current, metrics.registry, lambda: proxy.is_listening, status.told),  # /metrics, /status
]
