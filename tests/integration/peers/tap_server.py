# SPDX-License-Identifier: MIT
"""A Python server for clients that are watched.

    tap_server.py service | classic | tls CERT KEY

Prints "READY PORT"; serves until SIGTERM.
"""
import signal
import sys

import rpyc
from rpyc.utils.authenticators import SSLAuthenticator
from rpyc.utils.server import ThreadedServer


class User:
    def __init__(self, number):
        self.name = "user%d" % number
        self.number = number


class Service(rpyc.Service):
    """Something of everything."""

    def exposed_ping(self):
        return "pong"

    def exposed_echo(self, value):
        return value

    def exposed_numbers(self, count):
        return list(range(count))

    def exposed_table(self):
        return {"one": 1, "two": [2, 2], "three": {"deep": (3, b"three", None)}}

    def exposed_users(self, count):
        return [User(number) for number in range(count)]

    def exposed_generate(self, count):
        for number in range(count):
            yield number * number

    def exposed_fail(self, text):
        raise ValueError(text)

    def exposed_each(self, function, count):
        return tuple(function(number) for number in range(count))

    def exposed_bytes(self, count):
        return bytes(range(256)) * (count // 256)


def main():
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    mode = sys.argv[1]
    more = {"authenticator": SSLAuthenticator(*reversed(sys.argv[2:4]))} if mode == "tls" else {}
    server = ThreadedServer(rpyc.SlaveService if mode == "classic" else Service,
                            hostname="127.0.0.1", port=0,
                            protocol_config={"allow_public_attrs": True,
                                             "allow_setattr": True}, **more)
    server.logger.disabled = True
    server._listen()
    print("READY %d" % server.port, flush=True)
    server.start()


if __name__ == "__main__":
    main()
