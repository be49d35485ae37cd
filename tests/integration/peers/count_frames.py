# SPDX-License-Identifier: MIT
"""A proxy between an rpyc client and its server that counts frames and round trips.

    count_frames.py --upstream PORT

Listens on two free ports of 127.0.0.1 and prints "READY PORT control PORT". Connections to the
first one are led to the upstream port. On a connection to the second one, the line "get" is
answered with a JSON object on one line and "reset" sets all counts to 0 first:

    trips    requests that somebody waits for, in both directions: all but DEL and CLOSE
    served   those of them that the server sent
    frames   all frames
    pending  requests without an answer, those on connections that ended and CLOSE left out
    idle     seconds since the last frame

Serves until SIGTERM.
"""
import argparse
import json
import signal
import socket
import struct
import sys
import threading
import time
import zlib

from rpyc.core import brine, consts


class Counts:
    def __init__(self):
        self.lock = threading.Lock()
        self.pending = set()  # connection, whether the server asked, number of the request
        self.last = time.monotonic()
        self.reset()

    def reset(self):
        self.trips = self.served = self.frames = 0

    def add(self, connection, payload, from_server):
        kind, number, handler = look_into(payload)
        with self.lock:
            self.last = time.monotonic()
            self.frames += 1
            if kind != consts.MSG_REQUEST:
                self.pending.discard((connection, not from_server, number))
            elif handler != consts.HANDLE_CLOSE:
                self.pending.add((connection, from_server, number))
                if handler != consts.HANDLE_DEL:
                    self.trips += 1
                    self.served += from_server

    def ended(self, connection):
        """Nobody answers on it any more."""
        with self.lock:
            self.pending = {one for one in self.pending if one[0] is not connection}

    def answer(self, line):
        with self.lock:
            if line == "reset":
                self.reset()
            return json.dumps({"trips": self.trips, "served": self.served, "frames": self.frames,
                               "pending": len(self.pending), "idle": time.monotonic() - self.last})


def look_into(payload):
    """The type of a message, its number, and its handler if it is a request."""
    if payload[0] in (consts.MSG_REQUEST, consts.MSG_REPLY, consts.MSG_EXCEPTION):
        kind = payload[0]
        number, body = brine.load(payload[1:])
    else:
        kind, number, body = brine.load(payload)
    return kind, number, body[0] if kind == consts.MSG_REQUEST else None


def read(sock, size):
    data = bytearray()
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)


def carry(source, target, connection, counts, from_server):
    try:
        while True:
            header = read(source, 5)
            length, compressed = struct.unpack("!LB", header)
            body = read(source, length + 1)
            payload = zlib.decompress(body[:-1]) if compressed else body[:-1]
            if payload:
                counts.add(connection, payload, from_server)
            target.sendall(header + body)
    except (EOFError, OSError):
        for sock in (source, target):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def lead(client, upstream, counts):
    server = socket.create_connection(("127.0.0.1", upstream))
    connection = object()
    for sock in (client, server):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    back = threading.Thread(target=carry, daemon=True,
                            args=(server, client, connection, counts, True))
    back.start()
    carry(client, server, connection, counts, False)
    back.join()
    counts.ended(connection)
    client.close()
    server.close()


def control(client, counts):
    with client, client.makefile("rw") as file:
        for line in file:
            file.write(counts.answer(line.strip()) + "\n")
            file.flush()


def serve(listener, target, *args):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=target, args=(client, *args), daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description="count frames and round trips of rpyc")
    parser.add_argument("--upstream", type=int, required=True)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    counts = Counts()
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    for listener, work in zip(listeners, ((lead, options.upstream, counts), (control, counts))):
        threading.Thread(target=serve, args=(listener, *work), daemon=True).start()
    print("READY %d control %d" % tuple(one.getsockname()[1] for one in listeners), flush=True)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
