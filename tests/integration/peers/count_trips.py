# SPDX-License-Identifier: MIT
"""Makes calls with the real rpyc client through count_frames.py and prints what each one cost.

    count_trips.py --port N --control N

Prints one JSON object {call: {"trips", "served", "frames"}}, in a fixed order; what is left to do
after a call (references that are given up) belongs to it.
"""
import argparse
import gc
import json
import socket
import sys
import time

import rpyc

QUIET_S = 0.05
PATIENCE_S = 60


class Control:
    def __init__(self, port):
        self.file = socket.create_connection(("127.0.0.1", port)).makefile("rw")

    def ask(self, line):
        self.file.write(line + "\n")
        self.file.flush()
        return json.loads(self.file.readline())


def chunks(connection):
    return sum(len(piece) for piece in connection.root.download_chunked(65536, 4096))


def fails(connection):
    try:
        connection.root.download(-1)
    except ValueError:
        return
    raise RuntimeError("download(-1) succeeds")


# In the order of the table. The keys stand in test_round_trips.c as well.
CALLS = [
    ("root.ping()", lambda c: c.root.ping()),
    ("root.echo(1000 bytes)", lambda c: c.root.echo(bytes(1000))),
    ("root.download(100000)", lambda c: c.root.download(100000)),
    ("root.upload(100000 bytes)", lambda c: c.root.upload(bytes(100000))),
    ("root.download(-1), which raises", fails),
    ("root.upload_chunked(16 pieces)", lambda c: c.root.upload_chunked([bytes(4096)] * 16)),
    ("root.download_chunked(16 pieces), all fetched", chunks),
]


def settled(connection, control):
    """The counts once both sides have nothing more to say."""
    deadline = time.monotonic() + PATIENCE_S
    gc.collect()  # an exception's traceback holds what was called in a circle
    while True:
        connection.poll_all()
        counts = control.ask("get")
        if counts["pending"] == 0 and counts["idle"] >= QUIET_S:
            return {key: counts[key] for key in ("trips", "served", "frames")}
        if time.monotonic() > deadline:
            raise RuntimeError("requests without an answer: %r" % counts)
        time.sleep(QUIET_S / 5)


def main():
    parser = argparse.ArgumentParser(description="count what calls cost")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control", type=int, required=True)
    options = parser.parse_args()
    control = Control(options.control)
    control.ask("reset")
    connection = rpyc.connect("127.0.0.1", options.port)
    table = {"connect": settled(connection, control)}
    connection.root  # noqa: B018  fetches it
    table["connect and first root"] = settled(connection, control)
    for name, call in CALLS:
        control.ask("reset")
        call(connection)
        table[name] = settled(connection, control)
    ping = connection.root.ping
    settled(connection, control)
    control.ask("reset")
    ping()
    table["ping(), fetched before"] = settled(connection, control)
    connection.close()
    print(json.dumps(table, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
