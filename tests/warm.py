"""`meguri` without its start-up: reading all modules takes a second, and documents have many
commands. One process has read them and forks for each command, which finds its caller's directory,
environment and terminal; everything else is as if it had been started anew.

`python warm.py serve SOCKET` waits for commands, `python warm.py run SOCKET ARGUMENT…` is one.
"""

import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable

REQUEST_BYTES_MAX = 1 << 20


def serve(address: str) -> None:
    """Fork for each command, until we are terminated."""
    from service.__main__ import main

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{address}.new")
        listener.listen()
        os.rename(f"{address}.new", address)  # whoever sees it is answered
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            caller, _ = listener.accept()
            with caller:
                if os.fork() == 0:
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    listener.close()
                    caller.sendall(b"%d" % _run(main, caller))
                    os._exit(0)


def _run(main: Callable[[list[str]], int], caller: socket.socket) -> int:
    said, files, _, _ = socket.recv_fds(caller, REQUEST_BYTES_MAX, 3)
    request = json.loads(said)
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[:] = ["meguri", *request["arguments"]]
    try:
        return int(main(request["arguments"]))
    except SystemExit as ended:  # of argparse: --help, a wrong call
        return ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def run(address: str, arguments: list[str]) -> int:
    """Have one command run; returns its exit code."""
    request = {"arguments": arguments, "cwd": os.getcwd(), "environment": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as warm:
        warm.connect(address)
        socket.send_fds(warm, [json.dumps(request).encode()], [0, 1, 2])
        return int(warm.recv(16) or b"1")


if __name__ == "__main__":
    what, address, *arguments = sys.argv[1:]
    sys.exit(serve(address) if what == "serve" else run(address, arguments))
