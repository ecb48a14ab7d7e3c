"""Bare: `dragoman …` without the addons that measure, count, cost and tell.

What they take is seen beside a gateway that has none of them. mitmproxy loads this file as its script.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from addons import cli, gateway
from addons.account import Account
from addons.admin import Admin
from addons.health import Health
from addons.reload import Reload

addons = [addon for addon in gateway.addons if not isinstance(addon, Account | Admin | Health | Reload)]

if __name__ == "__main__":
    cli.GATEWAY = Path(__file__)
    cli.main(sys.argv[1:], prog_name="dragoman")
