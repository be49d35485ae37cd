# SPDX-License-Identifier: MIT
"""Makes calls with the real rpyc client through count_frames.py and prints what each one cost.

    count_trips.py --port N --control N

Prints one JSON object {call: {"trips", "served", "frames"}}, in a fixed order; what is left to do
after a call (references that are given up) belongs to it. A call that fails has {"error": why}.
"""
import argparse
import gc
import json
import os
import socket
import sys
import time

import rpyc

# The class of the objects of Python's server, which obtain() of one needs.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..",
                                "servers", "python"))

QUIET_S = 0.05
PATIENCE_S = 60
IDS = tuple(range(100))


class Control:
    def __init__(self, port):
        self.file = socket.create_connection(("127.0.0.1", port)).makefile("rw")

    def ask(self, line):
        self.file.write(line + "\n")
        self.file.flush()
        return json.loads(self.file.readline())


# ---- calls that are more than an expression ----

def expect(kind, function, *args):
    try:
        function(*args)
    except kind:
        return
    raise RuntimeError("%s was not raised" % kind.__name__)


def run_through(iterable):
    for _ in iterable:
        pass


def asynchronously(function):
    answers = [rpyc.async_(function)() for _ in range(100)]
    return [answer.value for answer in answers]


def nested(connection, depth):
    def back(below):
        return connection.root.nested(below, back)

    return connection.root.nested(depth, back)


def fails(connection):
    expect(ValueError, connection.root.download, -1)


def lacks(connection):
    expect(AttributeError, getattr, connection.root, "nope")


def chunks(connection):
    return sum(len(piece) for piece in connection.root.download_chunked(65536, 4096))


def read_dicts(dicts):
    return [(user["id"], user["name"], user["email"]) for user in dicts]


def read_objects(users):
    return [(user.id, user.name, user.email) for user in users]


def object_of_two(connection):
    user = connection.root.get_user(1)
    return user.name, user.email


def dict_of_two(connection):
    user = connection.root.get_user_dict(1)
    return user["name"], user["email"]


obtain = rpyc.classic.obtain

# In the order of the table: the name, which stands in test_round_trips.c as well, and the call.
CALLS = [
    ("root, later", lambda c: c.root),
    ("root.ping()", lambda c: c.root.ping()),
    ("root.ping, only fetched", lambda c: c.root.ping),
    ("root.echo(1000 bytes)", lambda c: c.root.echo(bytes(1000))),
    ("root.download(100000)", lambda c: c.root.download(100000)),
    ("root.upload(100000 bytes)", lambda c: c.root.upload(bytes(100000))),
    ("root.download(-1), which raises", fails),
    ("root.nope, which is missing", lacks),
    ("root.method_a(), which calls b, c and d", lambda c: c.root.method_a()),
    ("conn.ping()", lambda c: c.ping()),
    ("root.nested(1, f): f is called once", lambda c: c.root.nested(1, lambda depth: depth)),
    ("root.nested(3, f): f calls nested again", lambda c: nested(c, 3)),
    ("root.upload_chunked(16 pieces)", lambda c: c.root.upload_chunked([bytes(4096)] * 16)),
    ("root.download_chunked(16 pieces), all fetched", chunks),
    ("[(u.id, u.name, u.email) for u in root.get_users(100)]",
     lambda c: read_objects(c.root.get_users(100))),
    ("[(d['id'], d['name'], d['email']) for d in root.get_users_dicts(100)]",
     lambda c: read_dicts(c.root.get_users_dicts(100))),
    ("root.get_users_tuples(100)", lambda c: c.root.get_users_tuples(100)),
    ("obtain(root.get_users_dicts(100))", lambda c: obtain(c.root.get_users_dicts(100))),
    ("obtain(root.get_users(100))", lambda c: obtain(c.root.get_users(100))),
    ("[root.get_user(i).name for i in (100 ids)]",
     lambda c: [c.root.get_user(i).name for i in IDS]),
    ("[d['name'] for d in root.get_users_batch_dicts([100 ids])]",
     lambda c: [user["name"] for user in c.root.get_users_batch_dicts(list(IDS))]),
    ("[d['name'] for d in root.get_users_batch_dicts((100 ids))]",
     lambda c: [user["name"] for user in c.root.get_users_batch_dicts(IDS)]),
    ("root.get_users_batch((100 ids))", lambda c: c.root.get_users_batch(IDS)),
    ("u = root.get_user(1); u.name, u.email", object_of_two),
    ("d = root.get_user_dict(1); d['name'], d['email']", dict_of_two),
]

# What is called is there before: how it is fetched, and calls of it.
HELD = [
    (lambda c: c.root.ping, [
        ("ping()", lambda ping: ping()),
        ("100 times ping(), by async_", asynchronously),
    ]),
    (lambda c: c.root.get_user_dict, [("get_user_dict(1)", lambda f: f(1))]),
    (lambda c: c.root.get_users_dicts, [("get_users_dicts(100)", lambda f: f(100))]),
    (lambda c: c.root.get_user, [("get_user(1)", lambda f: f(1))]),
    (lambda c: c.root.get_users_batch, [
        ("get_users_batch([100 ids])", lambda f: f(list(IDS))),
        ("get_users_batch((100 ids))", lambda f: f(IDS)),
    ]),
    (lambda c: c.root.get_user_dict(1), [
        ("d['name']", lambda d: d["name"]),
        ("len(d)", len),
        ("'name' in d", lambda d: "name" in d),
        ("bool(d)", bool),
        ("str(d)", str),
        ("repr(d)", repr),
        ("dir(d)", dir),
        ("d == 5", lambda d: d == 5),
        ("isinstance(d, dict), type(d), d.__class__",
         lambda d: (isinstance(d, dict), type(d), d.__class__)),
        ("d.get('name')", lambda d: d.get("name")),
        ("d.keys()", lambda d: d.keys()),
        ("list(d)", list),
        ("for item in d.items()", lambda d: run_through(d.items())),
        ("dict(d)", dict),
        ("obtain(d)", obtain),
    ]),
    (lambda c: c.root.get_users_dicts(100), [
        ("li[3]", lambda li: li[3]),
        ("li[1:3]", lambda li: li[1:3]),
        ("for item in li", run_through),
        ("list(li)", list),
        ("list(buffiter(li, 10))", lambda li: list(rpyc.buffiter(li, 10))),
        ("obtain(li)", obtain),
    ]),
    (lambda c: c.root.get_user(1), [
        ("u.name", lambda u: u.name),
        ("obtain(u)", obtain),
    ]),
]


# ---- counting ----

def settled(control, connection=None):
    """The counts once both sides have nothing more to say."""
    deadline = time.monotonic() + PATIENCE_S
    gc.collect()  # an exception's traceback holds what was called in a circle
    time.sleep(QUIET_S)  # for the proxy to see what was sent just now
    while True:
        if connection is not None:
            connection.poll_all()
        counts = control.ask("get")
        if counts["pending"] == 0 and counts["idle"] >= QUIET_S:
            return {key: counts[key] for key in ("trips", "served", "frames")}
        if time.monotonic() > deadline:
            raise RuntimeError("requests without an answer: %r" % counts)
        time.sleep(QUIET_S / 5)


def forget(control, connection):
    """So that nothing of one call is left to the next: the last exception's frames hold things."""
    connection._last_traceback = None
    settled(control, connection)
    control.ask("reset")


def count(control, connection, call, argument):
    forget(control, connection)
    try:
        call(argument)
    except Exception as error:
        return {"error": "%s: %s" % (type(error).__name__, str(error).split("\n", 1)[0])}
    finally:
        counts = settled(control, connection)
    return counts


def main():
    parser = argparse.ArgumentParser(description="count what calls cost")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control", type=int, required=True)
    options = parser.parse_args()
    control = Control(options.control)
    control.ask("reset")
    connection = rpyc.connect("127.0.0.1", options.port)
    table = {"connect": settled(control, connection)}
    connection.root  # noqa: B018  fetches it
    table["connect and first root"] = settled(control, connection)
    for name, call in CALLS:
        table[name] = count(control, connection, call, connection)
    for fetch, calls in HELD:
        held = fetch(connection)
        for name, call in calls:
            table[name] = count(control, connection, call, held)
    del held
    forget(control, connection)
    connection.close()
    table["conn.close()"] = settled(control)
    print(json.dumps(table, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
