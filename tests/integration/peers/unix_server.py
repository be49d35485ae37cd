# SPDX-License-Identifier: MIT
"""Python's reference server on a Unix socket, which `rpycbench serve` has for native ones only.

    unix_server.py PATH

Prints "READY" once it listens; serves until SIGTERM.
"""
import os
import signal
import sys

PATH = sys.argv.pop(1)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..",
                                "servers", "python"))
import rpyc_server  # noqa: E402  reads the rest of the command line
from rpyc.utils.server import ThreadedServer  # noqa: E402


class Server(ThreadedServer):
    def _listen(self):
        super()._listen()
        print("READY", flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    Server(rpyc_server.ReferenceService, socket_path=PATH, logger=rpyc_server.quiet_logger(),
           protocol_config=rpyc_server.POLICIES["reference"]).start()
