# SPDX-License-Identifier: MIT
"""How the reference service is spelled in HTTP: what http_server.py and flask_app.py share.

Paths and JSON must be the same, byte for byte, in every HTTP server of the suite.
"""
import json
import re

import service

BINARY = "application/octet-stream"
JSON = "application/json"
_EXACT = 1 << 53  # a JSON number above this is not exact for every reader


def integer(text):
    """A decimal number of a path or query; int() alone would take " 1_0 " too."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError("not a whole number: %s" % text[:40])
    return int(text)


def seconds(text):
    if not re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][-+]?[0-9]{1,3})?", text):
        raise ValueError("not a number of seconds: %s" % text[:40])
    return float(text)


def to_json(value):
    return json.dumps(value, separators=(",", ":")).encode()


def error(name, message):
    return to_json({"error": name, "message": message})


def root():
    return to_json({"service": "rpycbench"})


def ping():
    return to_json({"response": service.ping()})


def upload(body):
    return to_json({"size": service.upload(body)})


def upload_chunk(body):
    return to_json({"size": service.upload_chunk(body)})


def upload_chunked(pieces):
    return to_json({"size": service.upload_chunked(pieces)})


def download(size, chunk=None):
    """The payload, or with ?chunk= an iterator over its pieces."""
    if chunk is None:
        return service.download(integer(size))
    return service.download_chunked(integer(size), integer(chunk))


def download_chunk(size, offset):
    return service.download_chunk(integer(size), integer(offset))


def cpu(iterations):
    return to_json({"result": service.cpu_work(integer(iterations))})


def compute(n):
    total = service.compute(integer(n))
    return to_json({"result": total if total <= _EXACT else str(total)})


def io(delay):
    return to_json({"result": service.io_work(seconds(delay))})


def health():
    return to_json({"status": service.health_check()})


def user(word):
    return to_json(service.get_user_dict(integer(word)))


def users(n, ids=None):
    """The first n, or those with the ids "1,2,3"."""
    if ids is None:
        return to_json(service.get_users_dicts(integer(n)))
    numbers = [integer(text) for text in ids.split(",")] if ids else []
    return to_json(service.get_users_batch_dicts(numbers))


def fail(kind):
    service.fail(kind)
