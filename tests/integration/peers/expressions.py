# SPDX-License-Identifier: MIT
"""Expressions on an rpyc server, and what Python's own client makes of them.

    expressions.py serve                 prints "READY PORT" on stdout, serves until SIGTERM
    expressions.py eval PORT             evaluates the lines of its stdin

For each line eval prints ROUND_TRIPS, REQUESTS, SHOWN with tabs between them: the requests that
were waited for, all requests, and the value (a reference by its class, an exception as !NAME).
"""
import gc
import signal
import sys

import rpyc
from rpyc.core import consts, netref, protocol
from rpyc.utils.classic import obtain
from rpyc.utils.server import ThreadedServer


class User:
    def __init__(self, number):
        self.id = number
        self.name = "user%d" % number
        self.email = "user%d@example.com" % number
        self.tags = ["a", "b"]

    def __len__(self):
        return 3

    def __getitem__(self, key):
        return key

    def __repr__(self):
        return "User(%d)" % self.id

    def full(self, title="", suffix=""):
        return title + self.name + suffix


class Iterable:
    def __iter__(self):
        return iter((1, 2, 3))


class Endless:
    def __iter__(self):
        return 5


class ExpressionService(rpyc.Service):
    exposed_value = 8
    exposed_table = {"k": 1, "nested": {"c": 5}}

    def exposed_echo(self, value):
        return value

    def exposed_both(self, *args, **kwargs):
        return args, tuple(sorted(kwargs.items()))

    def exposed_same(self, a, b):
        return list(a) == list(b)

    def exposed_get_user(self, number):
        return User(number)

    def exposed_get_users(self, count):
        return [User(i) for i in range(count)]

    def exposed_get_dicts(self, count):
        return [{"id": i, "name": "n%d" % i, "email": "e"} for i in range(count)]

    def exposed_get_tuples(self, count):
        return tuple((i, "n%d" % i) for i in range(count))

    def exposed_numbers(self, count):
        return list(range(count))

    def exposed_mixed(self):
        return [1], {}, User(1), (User(2), 5)

    def exposed_iterable(self):
        return Iterable()

    def exposed_endless(self):
        return Endless()

    def exposed_iterator(self):
        return iter([1, 2, 3])

    def exposed_generator(self):
        yield 1
        yield (2, "x")

    def exposed_users_one_by_one(self, count):
        for i in range(count):
            yield User(i)

    def exposed_plain_data(self):
        return {"a": [1, 2.5, None], "b": ("x", b"y", True), "c": {1: 2}}

    def exposed_raises(self):
        raise ValueError("bad", 3)

    def exposed_myself(self):
        return self


def serve():
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    config = {"allow_public_attrs": True, "allow_pickle": True}
    server = ThreadedServer(ExpressionService, hostname="127.0.0.1", port=0, backlog=128,
                            protocol_config=config)
    server.listener.listen(128)
    print("READY %d" % server.port, flush=True)
    server.start()


def shown(value):
    if isinstance(value, netref.BaseNetref):
        return "<netref %s>" % object.__getattribute__(value, "____id_pack__")[0]
    if type(value) is tuple:
        return "(" + ", ".join(map(shown, value)) + ("," if len(value) == 1 else "") + ")"
    if type(value) is list:
        return "[" + ", ".join(map(shown, value)) + "]"
    return repr(value)


def buffiter(iterable):
    return list(rpyc.buffiter(iterable))


def evaluate(text, names):
    try:
        value = eval(text, names)
        result = shown(value)
        del value
    except Exception as error:
        result = "!" + type(error).__name__
    return result


def evaluate_all(port):
    conn = rpyc.connect("127.0.0.1", port, config={"allow_pickle": True})
    sent = []
    original = protocol.Connection._send

    def counted(self, msg, seq, args):
        if msg == consts.MSG_REQUEST:
            sent.append(args[0])
        return original(self, msg, seq, args)

    names = {"root": conn.root, "conn": conn, "obtain": obtain, "buffiter": buffiter}
    protocol.Connection._send = counted
    for line in sys.stdin.read().splitlines():
        sent.clear()
        result = evaluate(line, names)
        gc.collect()
        waited = [handler for handler in sent if handler != consts.HANDLE_DEL]
        print(len(waited), len(sent), result, sep="\t", flush=True)
    conn.close()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        evaluate_all(int(sys.argv[2]))
