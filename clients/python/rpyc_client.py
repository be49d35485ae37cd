# SPDX-License-Identifier: MIT
"""Calls through the real rpyc package, as its users write them: conn.root.x(...)."""
import importlib.metadata
import time

import common
import library

OPTIONS = {"call": ("plain", "cached"), "version": ("auto",), "socket": ("auto", "python"),
           "policy": ("reference", "strict"), "bind-threads": library.SWITCH,
           "tls": library.SWITCH}


class Rpyc(library.Library):
    name = "rpyc"

    def __init__(self):
        self.rpyc = None
        self.host = None
        self.port = 0
        self.ipv6 = False
        self.cached = False
        self.config = {}
        self.ca_file = None  # None = plain

    def versions(self):
        import rpyc  # noqa: F401  whether it loads
        return "rpyc %s" % importlib.metadata.version("rpyc")

    def prepare(self, cell):
        import rpyc
        self.rpyc = rpyc
        self.host, self.port = cell["host"], cell["port"]
        self.ipv6 = ":" in self.host
        options = library.options(cell["options"], OPTIONS, self.name)
        self.cached = options.get("call") == "cached"
        self.ca_file = cell.get("ca_file")
        bind_threads = library.is_on(options.get("bind-threads"))
        if bind_threads and "bind_threads" not in rpyc.core.protocol.DEFAULT_CONFIG:
            raise library.Unavailable("%s has no bind_threads" % self.versions())
        self.config = {"bind_threads": bind_threads}
        if cell["timeout_ns"]:
            self.config["sync_request_timeout"] = cell["timeout_ns"] / 1e9

    def open(self):
        if self.ca_file is None:
            connection = self.rpyc.connect(self.host, self.port, config=self.config,
                                           ipv6=self.ipv6)
        else:
            connection = self.rpyc.ssl_connect(self.host, self.port, ca_certs=self.ca_file,
                                               config=self.config, ipv6=self.ipv6)
        connected_ns = time.monotonic_ns()
        connection.root  # asked for once, kept by the connection
        return Connection(connection, connected_ns)

    def bind(self, connection, step):
        conn = connection.rpyc
        name = step.operation
        args = list(step.args)
        if step.tx is not None:
            args.append(step.tx if step.pieces is None else step.pieces)
        method = getattr(conn.root, name) if self.cached else None
        if name == "nested":
            return self._nested(conn, method, args[0])
        if step.reading is not None:
            return self._reader(conn, method, step)
        if self.cached:
            if step.streams_back:
                return lambda: list(method(*args))
            return lambda: method(*args)
        if step.streams_back:
            return lambda: list(getattr(conn.root, name)(*args))
        return lambda: getattr(conn.root, name)(*args)

    def _reader(self, conn, method, step):
        """Goes through records as applications do, where they are or in a copy."""
        name, args, obtain = step.operation, step.args, self.rpyc.classic.obtain

        def fetch():
            return getattr(conn.root, name)(*args) if method is None else method(*args)

        if (name, step.reading) == ("get_users", "read"):
            return lambda: [(u.name, u.email, u.status) for u in fetch()]
        if (name, step.reading) == ("get_users_dicts", "read"):
            return lambda: [(d["name"], d["email"], d["status"]) for d in fetch()]
        if (name, step.reading) == ("get_users_dicts", "copy"):
            return lambda: [(d["name"], d["email"], d["status"]) for d in obtain(fetch())]
        if (name, step.reading) == ("get_users_tuples", "read"):
            return lambda: [(name, email, status) for _, name, email, status in fetch()]
        raise library.Unavailable("rpyc has no %s of %s" % (step.reading, name))

    @staticmethod
    def _nested(conn, method, depth):
        """The server calls the function, which calls the server."""
        def plain(below):
            return conn.root.nested(below, plain)

        def cached(below):
            return method(below, cached)
        return lambda: (plain if method is None else cached)(depth)

    def close(self, connection):
        connection.rpyc.close()

    def is_usable(self, connection, error):
        local = isinstance(error, (OSError, EOFError)) and not hasattr(error, "_remote_tb")
        return not connection.rpyc.closed and not local

    def socket(self, connection):
        return None if connection.rpyc.closed else connection.rpyc._channel.stream.sock

    def kind(self, error):
        return "remote-exception" if hasattr(error, "_remote_tb") else None


class Connection:
    def __init__(self, connection, connected_ns):
        self.rpyc = connection
        self.connected_ns = connected_ns
        self.ready_ns = time.monotonic_ns()


if __name__ == "__main__":
    common.run({"python": Rpyc}, __doc__)
