"""Demo: runs the embedded provider beside the gateway, in the same process."""

from addons.demo.server import Server


class Demo:
    """Starts the embedded provider's server and knows where it listens."""

    def __init__(self) -> None:
        self._server = Server()
        self.address: tuple[str, int] | None = None
        """Where it really is: attempts only know its name."""

    async def running(self) -> None:
        self.address = ("127.0.0.1", await self._server.start())

    async def done(self) -> None:
        self.address = None
        await self._server.stop()
