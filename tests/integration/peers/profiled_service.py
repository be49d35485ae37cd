# SPDX-License-Identifier: MIT
"""A service as applications have them, for the tests of `profile`: users as objects, dicts and
tuples, in batches, methods that call each other, callbacks, transfers in pieces; or rpyc's classic
one.

    profiled_service.py [--classic] [--port N]

Prints "READY PORT" and serves on 127.0.0.1 until SIGTERM.
"""
import argparse
import os
import signal
import sys

import rpyc
from rpyc.utils.server import ThreadedServer

SETTINGS = {"key%d" % n: n for n in range(10)}


class User:
    """Public attributes; obtain() needs this class at the client, in a module of this name."""

    def __init__(self, number):
        self.id = number
        self.name = "name%d" % number
        self.email = "name%d@example.com" % number

    def full(self):
        return "%s <%s>" % (self.name, self.email)

    def __str__(self):
        return self.name


def as_dict(number):
    return {"id": number, "name": "name%d" % number, "email": "name%d@example.com" % number}


class Service(rpyc.Service):
    def exposed_ping(self):
        return "pong"

    # ---- one and many ----

    def exposed_get_user(self, number):
        return User(number)

    def exposed_get_user_dict(self, number):
        return as_dict(number)

    def exposed_get_users(self, count):
        return [User(number) for number in range(count)]

    def exposed_get_users_dicts(self, count):
        return [as_dict(number) for number in range(count)]

    def exposed_get_users_tuples(self, count):
        return tuple(tuple(as_dict(number).values()) for number in range(count))

    def exposed_get_batch(self, numbers):
        return [as_dict(number) for number in numbers]

    def exposed_get_batch_tuples(self, numbers):
        return tuple(tuple(as_dict(number).values()) for number in numbers)

    def exposed_get_settings(self):
        return dict(SETTINGS)

    def exposed_get_numbers(self):
        return list(range(100))

    def exposed_get_set(self):
        return {1, 2, 3}

    # ---- methods that call others ----

    def exposed_step_a(self):
        return self.exposed_step_b()

    def exposed_step_b(self):
        return self.exposed_step_c()

    def exposed_step_c(self):
        return self.exposed_step_d()

    def exposed_step_d(self):
        return "done"

    def exposed_fail(self):
        raise ValueError("as asked")

    def exposed_call_back(self, function):
        return function(1)

    def exposed_nested(self, depth, function):
        return 0 if depth == 0 else 1 + function(depth - 1)

    # ---- what the caller passes ----

    def exposed_run_through(self, numbers):
        return sum(1 for _ in numbers)

    def exposed_length(self, numbers):
        return len(numbers)

    def exposed_read_three(self, user):
        return "%s %s %s" % (user["id"], user["name"], user["email"])

    # ---- bytes ----

    def exposed_upload(self, data):
        return len(data)

    def exposed_upload_chunked(self, pieces):
        size = 0
        for piece in pieces:
            size += len(piece)
        return size

    def exposed_download(self, size):
        return bytes(size)

    def exposed_download_chunked(self, size, piece):
        return (bytes(min(piece, size - at)) for at in range(0, size, piece))


def main():
    parser = argparse.ArgumentParser(description="a service to be profiled")
    parser.add_argument("--classic", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
    config = {"allow_public_attrs": True, "allow_pickle": True}
    service = rpyc.SlaveService if options.classic else Service
    server = ThreadedServer(service, hostname="127.0.0.1", port=options.port,
                            protocol_config={} if options.classic else config)
    print("READY %d" % server.port, flush=True)
    server.start()
    return 0


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import profiled_service  # under this name: instances of __main__.User could not be copied

    sys.exit(profiled_service.main())
