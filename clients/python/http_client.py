# SPDX-License-Identifier: MIT
"""Calls over HTTP with requests (a Session for each connection) or Python's own http.client."""
import http.client
import importlib.metadata
import json
import os
import ssl
import time
import urllib.parse

import common
import library

OPTIONS = {"keepalive": ("on", "yes", "true"), "tls": library.SWITCH}

# What an answer is, besides a member of a JSON object and bare bytes (None): all of the JSON, or
# users for which the service has tuples.
WHOLE, TUPLES = object(), object()

# operation -> (method, path with the arguments, key of the JSON answer, or one of the above)
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
    "io_work": ("GET", "/io/%r", "result"),
    "health_check": ("GET", "/health", "status"),
    "get_user": ("GET", "/users/%d", WHOLE),
    "get_users": ("GET", "/users?n=%d", WHOLE),
    "get_users_dicts": ("GET", "/users?n=%d", WHOLE),
    "get_users_tuples": ("GET", "/users?n=%d", TUPLES),
    "get_users_batch": ("GET", "/users?ids=%s", TUPLES),
    "get_users_batch_dicts": ("GET", "/users?ids=%s", WHOLE),
    "fail": ("GET", "/fail/%s", WHOLE),
}


# Answered by the same request, whatever they are elsewhere.
RECORDS = ("get_users", "get_users_dicts", "get_users_tuples")


def read(users):
    return [(user["name"], user["email"], user["status"]) for user in users]


def remote_error(status, body):
    """What an answer that means failure says: the service's exception, or a status only."""
    try:
        said = json.loads(body)
        return library.Failure("remote-exception", "%s: %s" % (said["error"], said["message"]))
    except (ValueError, KeyError, TypeError):
        return library.Failure("bad-status", "status %d" % status)


def value_of(operation, key, document):
    """The answer in a JSON document. A whole number above 2^53 travels as its digits."""
    if key is WHOLE:
        return document
    if key is TUPLES:
        return tuple(tuple(user.values()) for user in document)
    return int(document[key]) if operation == "compute" else document[key]


def written(argument):
    """An argument as it stands in a path: (1, 2) is "1,2"."""
    if isinstance(argument, tuple):
        return ",".join(map(str, argument))
    return urllib.parse.quote(argument, safe="") if isinstance(argument, str) else argument


class Http(library.Library):
    """What both libraries need to know of a cell."""

    def __init__(self):
        self.host = None
        self.port = 0
        self.timeout = None
        self.ca_file = None  # None = plain

    def prepare(self, cell):
        library.options(cell["options"], OPTIONS, self.name)
        self.host, self.port = cell["host"], cell["port"]
        self.timeout = cell["timeout_ns"] / 1e9 if cell["timeout_ns"] else None
        self.ca_file = cell.get("ca_file")

    @staticmethod
    def spell(step):
        if step.reading is not None and step.operation in RECORDS:
            return "GET", "/users?n=%d" % tuple(step.args), None
        if step.reading is not None or step.operation not in SPELLING:
            raise library.Unavailable("http has no spelling of %s" % step.operation)
        method, path, key = SPELLING[step.operation]
        return method, path % tuple(map(written, step.args)) if method == "GET" else path, key


class Requests(Http):
    """One Session is one kept connection, since it makes one request after the other. It connects
    within its first request, so that connecting cannot be told from that."""

    name = "requests"

    def __init__(self):
        super().__init__()
        self.requests = None
        self.base = None

    def versions(self):
        import requests  # noqa: F401  whether it loads
        return "requests %s, urllib3 %s" % (importlib.metadata.version("requests"),
                                            importlib.metadata.version("urllib3"))

    def prepare(self, cell):
        import requests
        super().prepare(cell)
        self.requests = requests
        host = "[%s]" % self.host if ":" in self.host else self.host
        scheme = "http" if self.ca_file is None else "https"
        self.base = "%s://%s:%d" % (scheme, host, self.port)
        # An application's Session looks for proxies at every request, and so does this one; what
        # is measured stands for itself, so none is to be found.
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = self.host
        if self.ca_file is not None:  # these would win over what a Session is told to trust
            for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
                os.environ.pop(name, None)

    def open(self):
        session = self.requests.Session()
        if self.ca_file is not None:
            session.verify = self.ca_file
        session.connected_ns = session.ready_ns = None
        return session

    def bind(self, session, step):
        method, path, key = self.spell(step)
        url, timeout = self.base + path, self.timeout
        if step.streams_back:
            size = step.args[1]

            def stream():
                with session.get(url, timeout=timeout, stream=True) as reply:
                    reply.raise_for_status()
                    return list(reply.iter_content(size))
            return stream

        def get():
            reply = session.get(url, timeout=timeout)
            reply.raise_for_status()
            return reply

        def post():
            data = step.tx if step.pieces is None else iter(step.pieces)
            reply = session.post(url, data=data, timeout=timeout)
            reply.raise_for_status()
            return reply

        ask = get if method == "GET" else post
        if step.reading is not None:
            return lambda: read(ask().json())
        if key is None:
            return lambda: ask().content
        return lambda: value_of(step.operation, key, ask().json())

    def close(self, session):
        session.close()

    def is_usable(self, session, error):
        return True  # the next request connects if it must

    def socket(self, session):
        """Of the one connection that its pool keeps while no request is made."""
        pools = session.get_adapter(self.base).poolmanager.pools
        kept = [connection for key in pools.keys() for connection in pools[key].pool.queue
                if connection]
        return kept[0].sock if kept else None

    def kind(self, error):
        if not isinstance(error, self.requests.HTTPError):
            return None
        return remote_error(error.response.status_code, error.response.content).kind


class Plain(Http):
    """http.client of the standard library."""

    name = "http.client"

    def __init__(self):
        super().__init__()
        self.tls = None  # a context

    def versions(self):
        return "http.client"

    def prepare(self, cell):
        super().prepare(cell)
        if self.ca_file is not None:
            self.tls = ssl.create_default_context(cafile=self.ca_file)

    def open(self):
        if self.tls is None:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        else:
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=self.timeout,
                                                     context=self.tls)
        connection.connect()
        connection.connected_ns = connection.ready_ns = time.monotonic_ns()
        return connection

    def bind(self, connection, step):
        method, path, key = self.spell(step)

        def ask():
            if step.pieces is not None:
                connection.request(method, path, body=iter(step.pieces))
            else:
                connection.request(method, path, body=step.tx)
            reply = connection.getresponse()
            if reply.status != 200:
                raise remote_error(reply.status, reply.read())
            return reply

        if step.streams_back:
            def stream():
                reply = ask()
                return list(iter(lambda: reply.read(step.args[1]), b""))
            return stream
        if step.reading is not None:
            return lambda: read(json.loads(ask().read()))
        if key is None:
            return lambda: ask().read()
        return lambda: value_of(step.operation, key, json.loads(ask().read()))

    def close(self, connection):
        connection.close()

    def is_usable(self, connection, error):
        return isinstance(error, library.Failure)

    def socket(self, connection):
        return connection.sock


if __name__ == "__main__":
    common.run({"python": Requests, "http.client": Plain}, __doc__)
