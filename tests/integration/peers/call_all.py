# SPDX-License-Identifier: MIT
"""Calls every operation of a reference server as Python's own client would, with fixed arguments.

    call_all.py --protocol rpyc|http --port N [--host ADDR]

Prints one JSON object {call: answer}, keys in a fixed order, all answers strings: text as it is,
a number in decimal, a tuple as its repr, bytes as "LENGTH sha256:HEX" (those of download_chunked once the lengths of
its pieces are right). Both protocols give the same object. Exit status 0, or 1 with the error on
stderr.

The bytes of argument bytes(n): x = 1; n times: x = (x * 1103515245 + 12345) mod 2^32, the byte is
(x >> 16) mod 256.
"""
import argparse
import hashlib
import json
import sys

TILE = 1 << 20


def some_bytes(size):
    x = 1
    data = bytearray()
    for _ in range(size):
        x = (x * 1103515245 + 12345) & 0xFFFFFFFF
        data.append(x >> 16 & 0xFF)
    return bytes(data)


CALLS = [
    ("ping()", "ping", ()),
    ("echo(bytes(0))", "echo", (b"",)),
    ("echo(bytes(1))", "echo", (some_bytes(1),)),
    ("echo(bytes(5000))", "echo", (some_bytes(5000),)),
    ("upload(bytes(100000))", "upload", (some_bytes(100000),)),
    ("download(0)", "download", (0,)),
    ("download(1)", "download", (1,)),
    ("download(100000)", "download", (100000,)),
    ("upload_chunk(bytes(4096))", "upload_chunk", (some_bytes(4096),)),
    ("download_chunk(4096, 1048570)", "download_chunk", (4096, TILE - 6)),
    ("upload_chunked(16 of bytes(4096))", "upload_chunked", ([some_bytes(4096)] * 16,)),
    ("download_chunked(100000, 16384)", "download_chunked", (100000, 16384)),
    ("cpu_work(1000)", "cpu_work", (1000,)),
    ("compute(10)", "compute", (10,)),
    ("compute(100000)", "compute", (100000,)),
    ("compute(400000)", "compute", (400000,)),  # above 2^53
    ("io_work(0.01)", "io_work", (0.01,)),
    ("health_check()", "health_check", ()),
    ("get_users_tuples(0)", "get_users_tuples", (0,)),
    ("get_users_tuples(5)", "get_users_tuples", (5,)),
    ("get_users_tuples()", "get_users_tuples", ()),
    ("get_users_batch((5, 77, 5))", "get_users_batch", ((5, 77, 5),)),
    ("get_users_batch(())", "get_users_batch", ((),)),
]


def show(answer):
    if isinstance(answer, bytes):
        return "%d sha256:%s" % (len(answer), hashlib.sha256(answer).hexdigest())
    if isinstance(answer, bool) or not isinstance(answer, (str, int, tuple)):
        raise TypeError("unexpected answer of type %s" % type(answer).__name__)
    return str(answer)


def joined(pieces, size, chunk_size):
    """The bytes of download_chunked, if they came as they should."""
    pieces = list(pieces)
    wanted = [min(chunk_size, size - offset) for offset in range(0, size, chunk_size)]
    if [len(piece) for piece in pieces] != wanted:
        raise ValueError("pieces of %s bytes" % [len(piece) for piece in pieces])
    return b"".join(pieces)


class RpycClient:
    def __init__(self, host, port):
        import rpyc
        self.connection = rpyc.connect(host, port)

    def call(self, name, args):
        answer = getattr(self.connection.root, name)(*args)
        return joined(answer, *args) if name == "download_chunked" else answer

    def close(self):
        self.connection.close()


class HttpClient:
    # operation -> (method, path with the arguments, key of the JSON answer or None for bytes)
    SPELLING = {
        "ping": ("GET", "/ping", "response"),
        "echo": ("POST", "/echo", None),
        "upload": ("POST", "/upload", "size"),
        "download": ("GET", "/download/%d", None),
        "upload_chunk": ("POST", "/upload-chunk", "size"),
        "download_chunk": ("GET", "/download-chunk/%d?offset=%d", None),
        "upload_chunked": ("POST", "/upload", "size"),
        "download_chunked": ("GET", "/download/%d?chunk=%d", None),
        "cpu_work": ("GET", "/cpu/%d", "result"),
        "compute": ("GET", "/compute/%d", "result"),
        "io_work": ("GET", "/io/%g", "result"),
        "health_check": ("GET", "/health", "status"),
    }
    # operation -> path; its JSON answer is a list of objects
    LISTS = {
        "get_users_tuples": lambda n=100: "/users?n=%d" % n,
        "get_users_batch": lambda ids: "/users?ids=%s" % ",".join(map(str, ids)),
    }

    def __init__(self, host, port):
        import requests
        self.session = requests.Session()
        self.session.trust_env = False  # no proxies
        self.base = "http://%s:%d" % (host, port)

    def users(self, path):
        reply = self.session.get(self.base + path, timeout=60)
        reply.raise_for_status()
        return tuple([tuple(user.values()) for user in reply.json()])

    def call(self, name, args):
        if name in self.LISTS:
            return self.users(self.LISTS[name](*args))
        method, path, key = self.SPELLING[name]
        body = None
        if method == "POST":
            body = iter(args[0]) if name == "upload_chunked" else args[0]
        else:
            path %= args
        stream = name == "download_chunked"
        reply = self.session.request(method, self.base + path, data=body, timeout=60,
                                     stream=stream)
        reply.raise_for_status()
        if stream:
            return joined(self.pieces(reply), *args)
        if key is None:
            return reply.content
        answer = reply.json()
        if list(answer) != [key]:
            raise ValueError("%s answers %r" % (path, answer))
        # A result above 2^53 is a string of digits, which shows like the number.
        return answer[key]

    @staticmethod
    def pieces(reply):
        if reply.headers.get("Transfer-Encoding") != "chunked":
            raise ValueError("%s is not answered in chunks" % reply.url)
        # urllib3 gives the chunks as they were sent, unlike iter_content().
        return reply.raw.read_chunked(decode_content=False)

    def close(self):
        self.session.close()


CLIENTS = {"rpyc": RpycClient, "http": HttpClient}


def call_all(protocol, host, port):
    client = CLIENTS[protocol](host, port)
    try:
        return {key: show(client.call(name, args)) for key, name, args in CALLS}
    finally:
        client.close()


def main():
    parser = argparse.ArgumentParser(description="call every operation with Python's client")
    parser.add_argument("--protocol", choices=sorted(CLIENTS), required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    try:
        answers = call_all(options.protocol, options.host, options.port)
    except Exception as error:
        print("%s: %s" % (type(error).__name__, error), file=sys.stderr)
        return 1
    print(json.dumps(answers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
