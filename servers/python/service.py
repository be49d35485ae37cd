# SPDX-License-Identifier: MIT
"""The reference service in plain Python, written once for every Python server.

The same meaning as the native one: service/service.h defines the payload, and
include/bench/operations.def the operations with their defaults. Whoever serves it chooses the
payload once with choose_payload(), before the first request.
"""
import hashlib
import os
import re
import time

TILE = 1 << 20  # the payload repeats after this many bytes
LIMIT = 1 << 30  # bytes of one payload
CPU_LIMIT = 10**9  # iterations
COMPUTE_LIMIT = 10**12
IO_LIMIT = 3600  # seconds
USER_LIMIT = 10**12
USERS_LIMIT = 10000  # of one answer
DEPTH_LIMIT = 1000
KINDS = ("random", "zeros", "text")

_tile = bytes(TILE)


def words():
    """The words of the text payload; words.def lies beside this file once installed."""
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in (here, os.path.join(here, "..", "..", "service")):
        path = os.path.join(folder, "words.def")
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                found = re.findall(r'^X\("([a-z]+)"\)', file.read(), re.MULTILINE)
            if len(found) != 64:
                raise ValueError("%s holds %d words instead of 64" % (path, len(found)))
            return found
    raise FileNotFoundError("words.def is neither in %s nor in its source folder" % here)


def make_tile(kind, seed):
    """The first TILE bytes of the payload of that kind."""
    if kind == "zeros":
        return bytes(TILE)
    stream = hashlib.shake_256(b"rpycbench" + kind.encode() + str(seed).encode())
    if kind == "random":
        return stream.digest(TILE)
    if kind == "text":
        vocabulary = [word.encode() + b" " for word in words()]
        shortest = min(map(len, vocabulary))
        picks = stream.digest(TILE // shortest + 1)
        return b"".join([vocabulary[pick % 64] for pick in picks])[:TILE]
    raise ValueError("unknown payload kind: %s" % kind)


def choose_payload(kind="random", seed=0):
    global _tile
    _tile = make_tile(kind, seed)


def _check(name, value, highest, lowest=0):
    if not lowest <= value <= highest:  # also refuses NaN
        raise ValueError("%s %s is not in %d to %d" % (name, value, lowest, highest))


def _payload(size, offset=0):
    _check("size", size, LIMIT)
    _check("offset", offset, LIMIT - size)
    start = offset % TILE
    if start + size <= TILE:
        return _tile[start:start + size]
    rest = size - (TILE - start)
    return b"".join([_tile[start:], *[_tile] * (rest // TILE), _tile[:rest % TILE]])


def ping():
    return "pong"


def echo(data):
    return data


def upload(data):
    return len(data)


def download(size=1024):
    return _payload(size)


def upload_chunk(data):
    return len(data)


def download_chunk(size=1024, offset=0):
    return _payload(size, offset)


def upload_chunked(chunks):
    total = 0
    for chunk in chunks:
        total += len(chunk)
    return total


def _pieces(size, chunk_size):
    for offset in range(0, size, chunk_size):
        yield _payload(min(chunk_size, size - offset), offset)


def download_chunked(size=65536, chunk_size=16384):
    _check("size", size, LIMIT)
    _check("chunk_size", chunk_size, LIMIT, lowest=1)
    return _pieces(size, chunk_size)


def cpu_work(iterations=100000):
    _check("iterations", iterations, CPU_LIMIT)
    digest = b"start"
    for _ in range(iterations):
        digest = hashlib.sha256(digest).digest()
    return digest.hex()[:16]


def compute(n=1000):
    _check("n", n, COMPUTE_LIMIT)
    total = 0
    for i in range(n):
        total += i * i
    return total


def io_work(delay=0.01):
    _check("delay", delay, IO_LIMIT)
    time.sleep(delay)
    return "data"


def health_check():
    return "ok"


class User:
    """What a service has behind its interface: an object with attributes, not plain data."""

    def __init__(self, number):
        _check("id", number, USER_LIMIT)
        self.id = number
        self.name = "user%d" % number
        self.email = "user%d@example.com" % number
        self.status = "inactive" if number % 2 else "active"

    def __repr__(self):
        return "<User %d>" % self.id

    def as_dict(self):
        return {"id": self.id, "name": self.name, "email": self.email, "status": self.status}

    def as_tuple(self):
        return (self.id, self.name, self.email, self.status)


class CustomError(Exception):
    """An exception class that no client has."""

    def __init__(self, message):
        super().__init__(message)
        self.code = 42


class Drop(Exception):
    """Whoever serves the call is to close its connection without an answer."""


def get_user(id=1):
    return User(id)


def get_user_dict(id=1):
    return User(id).as_dict()


def get_user_tuple(id=1):
    return User(id).as_tuple()


def _first(n):
    _check("n", n, USERS_LIMIT)
    return range(n)


def _batch(ids):
    numbers = []
    for number in ids:
        if len(numbers) == USERS_LIMIT:
            raise ValueError("more than %d ids" % USERS_LIMIT)
        numbers.append(number)
    return numbers


def get_users(n=100):
    return [User(number) for number in _first(n)]


def get_users_dicts(n=100):
    return [User(number).as_dict() for number in _first(n)]


def get_users_tuples(n=100):
    return tuple([User(number).as_tuple() for number in _first(n)])


def get_users_batch(ids=(1, 2, 3)):
    return tuple([User(number).as_tuple() for number in _batch(ids)])


def get_users_batch_dicts(ids=(1, 2, 3)):
    return [User(number).as_dict() for number in _batch(ids)]


def nested(depth=3, callback=None):
    _check("depth", depth, DEPTH_LIMIT)
    return 0 if depth == 0 else 1 + callback(depth - 1)


def fail(kind="value"):
    if kind == "value":
        raise ValueError("failed as asked")
    if kind == "custom":
        raise CustomError("failed as asked")
    if kind == "drop":
        raise Drop()
    raise ValueError("kind '%s' is not value, custom or drop" % kind[:40])
