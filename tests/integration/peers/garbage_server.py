# SPDX-License-Identifier: MIT
"""A server that misbehaves on purpose, to test how clients fail.

    garbage_server.py --kind KIND --protocol rpyc|http --ready-fd FD [--port N] [--control-fd FD]

close     accepts and closes at once
garbage   answers the first bytes it gets with 4096 random bytes, always the same ones
silent    reads and never answers
midreply  answers with the beginning of a good reply, then closes
refuse    has the port but does not listen, so connecting is refused

Arguments, readiness and stopping are those of the reference servers.
"""
import argparse
import os
import random
import selectors
import signal
import socket
import struct
import sys

KINDS = ("close", "garbage", "silent", "midreply", "refuse")


def half_reply(protocol):
    """The beginning of a reply, and no more."""
    if protocol == "http":
        return (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
                b'{"response":')
    # rpyc: a frame of 100 bytes, not compressed, of which ten come; 2 is the message "reply"
    return struct.pack("!IB", 100, 0) + b"\x02" + bytes(9)


class Misbehaving:
    def __init__(self, kind, protocol):
        self.kind = kind
        self.answer = b""
        if kind == "garbage":
            self.answer = random.Random(20).randbytes(4096)
        elif kind == "midreply":
            self.answer = half_reply(protocol)
        self.answered = set()
        self.selector = selectors.DefaultSelector()

    def accept(self, listener):
        client, _ = listener.accept()
        if self.kind == "close":
            client.close()
            return
        self.selector.register(client, selectors.EVENT_READ, self.read)

    def read(self, client):
        try:
            data = client.recv(65536)
            if data and self.answer and client not in self.answered:
                client.sendall(self.answer)
                self.answered.add(client)
                if self.kind == "midreply":
                    client.shutdown(socket.SHUT_WR)
        except OSError:
            data = b""
        if not data:
            self.selector.unregister(client)
            self.answered.discard(client)
            client.close()

    def read_control(self, fd):
        if not os.read(fd, 4096):
            sys.exit(0)

    def serve(self, listener, control_fd):
        self.selector.register(listener, selectors.EVENT_READ, self.accept)
        if control_fd is not None:
            self.selector.register(control_fd, selectors.EVENT_READ, self.read_control)
        while True:
            for key, _ in self.selector.select():
                key.data(key.fileobj)


def main():
    parser = argparse.ArgumentParser(description="a server that misbehaves on purpose")
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--protocol", choices=("rpyc", "http"), required=True)
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ready-fd", type=int, default=1)
    parser.add_argument("--control-fd", type=int)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((options.bind, options.port))
        server = Misbehaving(options.kind, options.protocol)
        if options.kind != "refuse":
            listener.listen(128)
        os.write(options.ready_fd, b"READY %d\n" % listener.getsockname()[1])
        os.close(options.ready_fd)
        if options.kind != "refuse":
            server.serve(listener, options.control_fd)
        elif options.control_fd is not None:
            while os.read(options.control_fd, 4096):
                pass
        else:
            signal.pause()


if __name__ == "__main__":
    main()
