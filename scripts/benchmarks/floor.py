"""The floor: what the web server alone costs. Reads the body, answers bytes, nothing else.

    python -m benchmarks.floor BYTES PROCESSES

Prints its address. The same aiohttp and uvloop as the service. Several processes
share the port by SO_REUSEPORT, which spreads connections most evenly.
"""

import asyncio
import os
import signal
import socket
import sys

import uvloop
from aiohttp import web


async def serve(size: int, sock: socket.socket) -> None:
    """Answer every check-in with `size` bytes until SIGTERM."""
    body = b'{"x":"' + b"x" * (size - 8) + b'"}'

    async def check_in(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=body, status=201, content_type="application/json")

    app = web.Application()
    app.router.add_post("/api/check-ins", check_in)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()


def listen(port: int) -> socket.socket:
    """A listening socket that other processes may share the port with."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind(("127.0.0.1", port))
    return sock


def main() -> None:
    """Serve with as many processes as wanted."""
    size, processes = int(sys.argv[1]), int(sys.argv[2])
    own = listen(0)
    port = own.getsockname()[1]
    children = []
    for _ in range(processes - 1):
        child = os.fork()
        if child == 0:
            own.close()
            uvloop.run(serve(size, listen(port)))
            return
        children.append(child)
    sys.stdout.write(f"The floor serves on http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    try:
        uvloop.run(serve(size, own))
    finally:
        for child in children:
            os.kill(child, signal.SIGTERM)
            os.waitpid(child, 0)


if __name__ == "__main__":
    main()
