"""Does with a server, whose URL is the argument, what the other clients do; the report is a line of JSON."""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from words import LONG, REASON, TEXT, large


async def exchange(url):
    report = {}
    options = {"max_size": 16 << 20, "proxy": None, "open_timeout": 60, "ping_interval": None}
    async with connect(f"{url}/echo", **options) as echo:

        async def ask(message):
            await echo.send(message)
            return await echo.recv()

        report["extensions"] = ", ".join(extension.name for extension in echo.protocol.extensions)
        report["text"] = await ask(TEXT)
        report["empty"] = await ask("")
        report["binary"] = list(await ask(bytes([0, 1, 127, 128, 255])))
        report["large"] = await ask(large()) == large()
        report["fragmented"] = await ask([LONG[:500], LONG[500:501], LONG[501:]])
        await (await echo.ping(b"hello?"))
        report["pong"] = "hello?"
        await echo.close(4001, REASON)
        report["closed"] = [echo.close_code, echo.close_reason, True]

    async with connect(f"{url}/fragments", **options) as fragments:
        await fragments.send(LONG)
        parts = [part async for part in fragments.recv_streaming()]
        report["in_fragments"] = "".join(parts)
        report["several"] = len(parts) > 1
        await fragments.send(bytes(1000))
        report["binary_in_fragments"] = len(await fragments.recv())
        await fragments.close()
        report["closed_bare"] = [fragments.close_code, fragments.close_reason, True]

    async with connect(f"{url}/close", **options) as closing:
        await closing.send("please")
        await closing.wait_closed()
        report["closed_by_server"] = [closing.close_code, closing.close_reason, True]

    async with connect(f"{url}/pings", **options) as pings:
        report["pinged"] = await pings.recv()

    async with connect(f"{url}/limited", **options) as limited:
        try:
            await limited.send(bytes(1 << 20))
        except ConnectionClosed:
            pass
        await limited.wait_closed()
        report["too_much"] = limited.close_code
    return report


print(json.dumps(asyncio.run(exchange(sys.argv[1]))), flush=True)
