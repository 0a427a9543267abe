"""Echoes, in fragments, closes or pings, by the path; says in lines of JSON where it listens and how each connection
ends.
"""

import asyncio
import json

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from words import REASON


def say(line):
    print(json.dumps(line), flush=True)


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def fragments(connection):
    while True:
        parts = [part async for part in connection.recv_streaming()]
        await connection.send(parts)


async def count(connection):
    while True:
        parts = [part async for part in connection.recv_streaming()]
        await connection.send(f"{len(parts)} fragments")


async def close(connection):
    await connection.recv()
    await connection.close(4002, REASON)


async def pings(connection):
    await (await connection.ping(b"are you there?"))
    await connection.send("pong: are you there?")
    await connection.wait_closed()


PATHS = {"/echo": echo, "/fragments": fragments, "/count": count, "/close": close, "/pings": pings}


async def handle(connection):
    path = connection.request.path
    try:
        await PATHS[path](connection)
    except ConnectionClosed:
        pass
    await connection.wait_closed()
    say({"path": path, "code": connection.close_code, "reason": connection.close_reason})


async def main():
    async with serve(handle, "127.0.0.1", 0, max_size=16 << 20, ping_interval=None) as server:
        say({"port": server.sockets[0].getsockname()[1]})
        await asyncio.get_running_loop().create_future()


asyncio.run(main())
