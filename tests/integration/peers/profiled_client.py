# SPDX-License-Identifier: MIT
"""Does to profiled_service.py what a row of test_profile_counts.c says, and prints what came of it.

    profiled_client.py --port N [--classic-port N] [--control N] ROW...

Each row has a connection of its own. What it needs is fetched first; the row itself is the section
of its name (examples/python/mark.py). What the row leaves to be done (references that are given up)
belongs to it: the section ends with one ping of the connection, before which all that has been
answered, so that it holds 1 round trip and 2 frames more than the row.

With --control the port of count_frames.py's: prints {row: {"trips", "served", "frames"}} as well,
the ping included.
"""
import argparse
import gc
import json
import os
import random
import socket
import sys
import time

import rpyc

PEERS = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [PEERS, os.path.join(PEERS, "..", "..", "..", "examples", "python")]

import mark  # noqa: E402

obtain = rpyc.classic.obtain
NUMBERS = list(range(100))
PIECE = 65536
PATIENCE_S = 60


def nothing(_root):
    return None


def method(name):
    """What fetches a method of root."""
    return lambda root: getattr(root, name)


def result(name, *args):
    """What fetches what a method of root gives."""
    return lambda root: getattr(root, name)(*args)


def run_through(iterable):
    count = 0
    for _ in iterable:
        count += 1
    return count


def read_dicts(users):
    return [(user["id"], user["name"], user["email"]) for user in users]


def read_objects(users):
    return [(user.id, user.name, user.email) for user in users]


def caught(kind, function, *args):
    try:
        function(*args)
    except kind as error:
        return str(error).split("\n", 1)[0]
    raise RuntimeError("%s was not raised" % kind.__name__)


def asynchronously(function):
    answers = [rpyc.async_(function)() for _ in range(100)]
    return [answer.value for answer in answers]


def nested(root):
    def back(depth):
        return root.nested(depth, back)

    return root.nested(3, back)


def object_of_two(root):
    user = root.get_user(1)
    return user.name, user.email


def dict_of_two(root):
    user = root.get_user_dict(1)
    return user["name"], user["email"]


# Row: what is fetched before, given the connection's root; the row itself, given that and root.
ROWS = {
    "root, later": (nothing, lambda c, held: c.root is not None),
    "root.ping()": (nothing, lambda c, held: c.root.ping()),
    "root.ping": (nothing, lambda c, held: c.root.ping is not None),
    "ping()": (method("ping"), lambda c, held: held()),
    "conn.ping()": (nothing, lambda c, held: c.ping()),
    "100 async": (method("ping"), lambda c, held: asynchronously(held)),
    "exception": (nothing, lambda c, held: caught(ValueError, lambda: c.root.fail())),
    "missing": (nothing, lambda c, held: caught(AttributeError, lambda: c.root.missing)),
    "hasattr": (nothing, lambda c, held: hasattr(c.root, "missing")),
    "a-b-c-d": (nothing, lambda c, held: c.root.step_a()),
    "callback once": (nothing, lambda c, held: c.root.call_back(lambda n: n + 1)),
    "nested(3)": (nothing, lambda c, held: nested(c.root)),
    # by reference
    "list": (method("get_numbers"), lambda c, held: held() is not None),
    "dict": (method("get_settings"), lambda c, held: held() is not None),
    "set": (method("get_set"), lambda c, held: held() is not None),
    "object": (method("get_user"), lambda c, held: held(1) is not None),
    "d['k']": (result("get_settings"), lambda c, d: d["key1"]),
    "len(d)": (result("get_settings"), lambda c, d: len(d)),
    "'k' in d": (result("get_settings"), lambda c, d: "key1" in d),
    "bool(d)": (result("get_settings"), lambda c, d: bool(d)),
    "str(d)": (result("get_settings"), lambda c, d: len(str(d))),
    "li[3]": (result("get_numbers"), lambda c, li: li[3]),
    "d.get('k')": (result("get_settings"), lambda c, d: d.get("key1")),
    "d.keys()": (result("get_settings"), lambda c, d: d.keys() is not None),
    "list(d)": (result("get_settings"), lambda c, d: len(list(d))),
    "d.items()": (result("get_settings"), lambda c, d: run_through(d.items())),
    "dict(d)": (result("get_settings"), lambda c, d: len(dict(d))),
    "iterate 100": (result("get_numbers"), lambda c, li: run_through(li)),
    "list(li)": (result("get_numbers"), lambda c, li: len(list(li))),
    "buffiter": (result("get_numbers"), lambda c, li: run_through(rpyc.buffiter(li, 10))),
    "obtain(list)": (result("get_numbers"), lambda c, li: len(obtain(li))),
    "obtain(dict)": (result("get_settings"), lambda c, d: len(obtain(d))),
    "obtain(object)": (result("get_user", 1), lambda c, u: obtain(u).name),
    "isinstance": (result("get_settings"), lambda c, d: isinstance(d, dict)
                   and type(d).__name__ != "" and d.__class__ is dict),
    "u.name": (result("get_user", 1), lambda c, u: u.name),
    "u.full()": (result("get_user", 1), lambda c, u: u.full()),
    # many
    "dicts": (nothing, lambda c, held: len(read_dicts(c.root.get_users_dicts(100)))),
    "objects": (nothing, lambda c, held: len(read_objects(c.root.get_users(100)))),
    "tuples": (nothing, lambda c, held: len(c.root.get_users_tuples(100))),
    "obtain dicts": (nothing, lambda c, held: len(obtain(c.root.get_users_dicts(100)))),
    "obtain objects": (nothing, lambda c, held: len(obtain(c.root.get_users(100)))),
    "pass list": (method("run_through"), lambda c, f: f(list(NUMBERS))),
    "pass tuple": (method("run_through"), lambda c, f: f(tuple(NUMBERS))),
    "pass list for len": (method("length"), lambda c, f: f(list(NUMBERS))),
    "pass dict": (method("read_three"), lambda c, f: f({"id": 1, "name": "a", "email": "b"})),
    "one by one": (nothing, lambda c, held: len([str(c.root.get_user(n)) for n in NUMBERS])),
    "batch of a list": (nothing, lambda c, held: len(
        [str(user) for user in c.root.get_batch(list(NUMBERS))])),
    "batch of a tuple": (nothing, lambda c, held: len(c.root.get_batch_tuples(tuple(NUMBERS)))),
    "object of two": (nothing, lambda c, held: object_of_two(c.root)),
    "dict of two": (nothing, lambda c, held: dict_of_two(c.root)),
    # bytes
    "upload zeros": (method("upload"), lambda c, f: f(bytes(1 << 20))),
    "upload random": (method("upload"), lambda c, f: f(random.Random(1).randbytes(1 << 20))),
    "upload_chunked": (method("upload_chunked"), lambda c, f: f([bytes(PIECE)] * 16)),
    "download_chunked": (method("download_chunked"),
                         lambda c, f: f(16 * PIECE, PIECE) is not None),
    "fetching": (lambda root: [root.download_chunked(16 * PIECE, PIECE)], lambda c, held: sum(
        len(piece) for piece in held.pop())),
}

# On the classic service: what happens before, and the row.
CLASSIC = {
    "modules.os": (nothing, lambda c, held: c.modules.os is not None),
    "modules.os, later": (lambda c: c.modules.os, lambda c, held: c.modules.os is held),
    "modules.os.getcwd()": (lambda c: c.modules.os, lambda c, held: held.getcwd() != ""),
}


class Control:
    """The program between, if there is one that counts."""

    def __init__(self, port):
        self.file = socket.create_connection(("127.0.0.1", port)).makefile("rw") if port else None

    def ask(self, line):
        if self.file is None:
            return None
        self.file.write(line + "\n")
        self.file.flush()
        return json.loads(self.file.readline())

    def await_counts(self, done):
        """The program between has a thread for each direction: an answer that is on its way to the
        server may be seen later than what came from there after it."""
        deadline = time.monotonic() + PATIENCE_S
        counts = self.ask("get")
        while counts is not None and not done(counts):
            if time.monotonic() > deadline:
                raise RuntimeError("it does not come to an end: %r" % counts)
            time.sleep(0.001)
            counts = self.ask("get")
        return counts

    def settled(self):
        return self.await_counts(lambda counts: counts["pending"] == 0)

    def begin(self):
        self.settled()
        self.ask("reset")

    def close(self, connection):
        """With its last message, which nobody answers, seen."""
        before = self.settled()
        connection.close()
        self.await_counts(lambda counts: counts["frames"] > before["frames"])


def settle(connection):
    """What went before is given up and answered, in both directions."""
    gc.collect()
    connection._last_traceback = None  # its frames hold what was passed
    connection.ping()


def connect(options, name):
    if name in CLASSIC or name == "classic.connect()":
        return rpyc.classic.connect("127.0.0.1", options.classic_port)
    connection = rpyc.connect("127.0.0.1", options.port)
    if name not in ("connect", "first root"):
        connection.root  # noqa: B018  fetches it
    return connection


def opening(options, control, name):
    """Rows that begin with their connection."""
    control.begin()
    with mark.section(name):
        connection = connect(options, name)
        if name == "first root":
            connection.root  # noqa: B018
        settle(connection)
    return connection, True, control.settled()


def other(options, control, name):
    connection = connect(options, name)
    classic = name in CLASSIC
    before, row = (CLASSIC if classic else ROWS)[name]
    held = before(connection if classic else connection.root)
    settle(connection)
    control.begin()
    with mark.section(name):
        what = row(connection, held)
        gc.collect()
        connection.ping()
    counts = control.settled()
    del held
    settle(connection)  # so that every message is answered before the end, but for the last
    return connection, what, counts


def main():
    parser = argparse.ArgumentParser(description="make the calls of a row")
    parser.add_argument("--port", type=int)
    parser.add_argument("--classic-port", type=int)
    parser.add_argument("--control", type=int)
    parser.add_argument("row", nargs="+")
    options = parser.parse_args()
    control = Control(options.control)
    counts = {}
    for name in options.row:
        begin = opening if name in ("connect", "first root", "classic.connect()") else other
        connection, what, counts[name] = begin(options, control, name)
        control.close(connection)
        print("%s: %r" % (name, what))
    if options.control:
        print(json.dumps(counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
