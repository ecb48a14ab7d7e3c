"""`python -m addons.demo [PORT]`: the embedded provider on its own, as the upstream of a benchmark."""

import asyncio
import sys

from addons.demo import Server


async def main(port: int) -> None:
    print(f"http://127.0.0.1:{await Server().start(port)}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
