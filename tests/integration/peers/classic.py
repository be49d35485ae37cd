# SPDX-License-Identifier: MIT
"""Classic mode of the real rpyc, as a server and as a client.

    classic.py serve SERVICE [--unix PATH] [--cert FILE --key FILE]

Serves rpyc.core.service.SERVICE and prints "READY PORT"; a Unix socket has none, and that is a 1.
Until SIGTERM.

    classic.py count --port N --control N EXPRESSION...

Evaluates each expression on a classic connection of its own through count_frames.py and prints
{expression: {"value", "raised", "connect_frames", "connect_trips", "served", "trips", "frames"}}: the
value as its repr, or null for a reference; the name of an exception; what connecting cost, with the
round trips that the server made; and what the expression cost.
"""
import argparse
import gc
import json
import os
import signal
import socket
import sys
import time

import rpyc
from rpyc.core import brine, service
from rpyc.utils.authenticators import SSLAuthenticator
from rpyc.utils.server import ThreadedServer

QUIET_S = 0.05
PATIENCE_S = 60


def serve(options):
    place = {"socket_path": options.unix} if options.unix else {"hostname": "127.0.0.1", "port": 0}
    if options.cert:
        place["authenticator"] = SSLAuthenticator(options.key, options.cert)
    server = ThreadedServer(getattr(service, options.service), **place)
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
    server.listener.listen()  # start() does it too, but that does not return
    print("READY %d" % (1 if options.unix else server.port), flush=True)
    server.start()


class Control:
    def __init__(self, port):
        self.file = socket.create_connection(("127.0.0.1", port)).makefile("rw")

    def ask(self, line):
        self.file.write(line + "\n")
        self.file.flush()
        return json.loads(self.file.readline())

    def settled(self, connection):
        """The counts once both sides have nothing more to say."""
        deadline = time.monotonic() + PATIENCE_S
        gc.collect()
        while True:
            connection.poll_all()
            counts = self.ask("get")
            if counts["pending"] == 0 and counts["idle"] >= QUIET_S:
                return counts
            if time.monotonic() > deadline:
                raise RuntimeError("requests without an answer: %r" % counts)
            time.sleep(QUIET_S / 5)

    def close(self, connection):
        """Until CLOSE has been counted, and all that came with it."""
        before = self.ask("get")["frames"]
        connection.close()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            counts = self.ask("get")
            if counts["frames"] > before and counts["idle"] >= QUIET_S:
                return
            if time.monotonic() > deadline:
                raise RuntimeError("no CLOSE: %r" % counts)
            time.sleep(QUIET_S / 5)


def evaluate(connection, expression):
    """(repr or None, name of the exception or None); nothing of it is kept."""
    names = {name: getattr(connection, name)
             for name in ("modules", "builtins", "namespace", "eval", "execute", "root")}
    names["getmodule"] = connection.modules._ModuleNamespace__getmodule
    names["conn"] = connection
    try:
        value = eval(expression, names)
        return repr(value) if brine.dumpable(value) else None, None
    except Exception as error:  # noqa: BLE001  whatever the server raises
        return None, type(error).__name__


def count_one(options, control, expression):
    control.ask("reset")
    connection = rpyc.classic.connect("127.0.0.1", options.port)
    opened = control.settled(connection)
    control.ask("reset")
    value, raised = evaluate(connection, expression)
    counts = control.settled(connection)
    control.close(connection)
    return {"value": value, "raised": raised, "connect_frames": opened["frames"],
            "connect_trips": opened["trips"], "served": opened["served"],
            "trips": counts["trips"], "frames": counts["frames"]}


def count(options):
    control = Control(options.control)
    table = {one: count_one(options, control, one) for one in options.expressions}
    print(json.dumps(table, indent=1))


def main():
    parser = argparse.ArgumentParser(description="rpyc's classic mode")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("serve")
    one.add_argument("service")
    one.add_argument("--unix")
    one.add_argument("--cert")
    one.add_argument("--key")
    one.set_defaults(run=serve)
    one = commands.add_parser("count")
    one.add_argument("--port", type=int, required=True)
    one.add_argument("--control", type=int, required=True)
    one.add_argument("expressions", nargs="+")
    one.set_defaults(run=count)
    options = parser.parse_args()
    options.run(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
