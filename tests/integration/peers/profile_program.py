# SPDX-License-Identifier: MIT
"""A program to be profiled, and the service that it calls.

    profile_program.py --serve                 prints "READY PORT", serves until SIGTERM
    profile_program.py PORT STEP...            makes the calls of the steps, one after the other

Steps: ping=N, users=N (a list of dicts, two items of each are read), wait=SECONDS (a slow call),
pause=SECONDS (no call), stay (pings until SIGTERM or SIGINT, which it prints), print=TEXT,
bytes=N (to stdout, all values), exit=STATUS, kill=SIGNAL (itself).
"""
import os
import signal
import sys
import time

import rpyc
from rpyc.utils.server import ThreadedServer


class Service(rpyc.Service):
    def exposed_ping(self):
        return "pong"

    def exposed_users(self, count):
        return [{"id": n, "name": "name%d" % n, "email": "e%d@example.com" % n}
                for n in range(count)]

    def exposed_wait(self, seconds):
        time.sleep(seconds)


def serve():
    server = ThreadedServer(Service, hostname="127.0.0.1", port=0,
                            protocol_config={"allow_public_attrs": True})
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
    print("READY %d" % server.port, flush=True)
    server.start()


def stay(connection):
    # An exception out of the handler would be ignored within a netref's __del__.
    stopped = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, frame: stopped.append(got))
    connection.root.ping()
    print("staying %d" % os.getpid(), flush=True)
    while not stopped:
        connection.root.ping()
        time.sleep(0.01)
    print("stopped by %d" % stopped[0], flush=True)


def users(connection, count):
    return [(user["id"], user["name"]) for user in connection.root.users(count)]


def step(connection, name, value):
    if name == "ping":
        for _ in range(int(value)):
            connection.root.ping()
    elif name == "users":
        print(len(users(connection, int(value))), flush=True)
    elif name == "wait":
        connection.root.wait(float(value))
    elif name == "pause":
        time.sleep(float(value))
    elif name == "stay":
        stay(connection)
    elif name == "print":
        print(value, flush=True)
    elif name == "bytes":
        sys.stdout.flush()
        os.write(1, bytes(n % 256 for n in range(int(value))))
    elif name == "exit":
        sys.stdout.flush()
        os._exit(int(value))
    elif name == "kill":
        os.kill(os.getpid(), int(value))
    else:
        raise SystemExit("no step " + name)


def main():
    if sys.argv[1] == "--serve":
        return serve()
    connection = rpyc.connect("127.0.0.1", int(sys.argv[1]))
    for word in sys.argv[2:]:
        name, _, value = word.partition("=")
        step(connection, name, value)
    connection.close()


if __name__ == "__main__":
    main()
