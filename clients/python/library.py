# SPDX-License-Identifier: MIT
"""What a library that makes calls has to look like, and what its failures mean."""
import http.client


SWITCH = ("on", "off", "yes", "no", "true", "false")  # how a BOOL option may be written


class Unavailable(Exception):
    """The library cannot do what the cell asks for."""


class Failure(Exception):
    """A request that failed for a reason that its exception alone would not tell."""

    def __init__(self, kind, why):
        super().__init__(why)
        self.kind = kind


class Library:
    """How calls are made. Connections have connected_ns and ready_ns: when the transport was up and
    a request could be sent, None where the library does not tell one from the other."""

    name = ""

    def versions(self):
        """For --check; raises ImportError."""
        raise NotImplementedError

    def prepare(self, cell):
        """Imports, looks at the options; raises Unavailable."""
        raise NotImplementedError

    def open(self):
        """A new connection."""
        raise NotImplementedError

    def bind(self, connection, step):
        """A function without arguments that makes the call and returns the answer."""
        raise NotImplementedError

    def close(self, connection):
        raise NotImplementedError

    def is_usable(self, connection, error):
        """Whether the next request can go over this connection after that failure."""
        raise NotImplementedError

    def socket(self, connection):
        """Its socket, or None."""
        raise NotImplementedError

    def kind(self, error):
        """The failure that an exception of the library stands for; None: ask common.kind()."""
        return None


def is_on(word):
    """What a BOOL option says; None = it was not given, off."""
    return word in ("on", "yes", "true")


def options(text, known, name):
    """{key: value} of the target's options, all of which must be known: {key: values}."""
    found = {}
    for item in filter(None, text.split(",")):
        key, _, value = item.partition("=")
        if value not in known.get(key, ()):
            raise Unavailable("the %s client has no option %s" % (name, item))
        found[key] = value
    return found


# ---- failures ----------------------------------------------------------------------------------

_KINDS = [
    (ConnectionRefusedError, "refused"),
    (TimeoutError, "timeout"),
    ((EOFError, http.client.RemoteDisconnected, http.client.IncompleteRead), "closed"),
    (ConnectionError, "reset"),
    ((http.client.HTTPException, ValueError), "protocol-error"),
]


def _chain(error, depth=0):
    """An exception and all that it was made from; libraries wrap what the socket said."""
    yield error
    inner = [error.__cause__, error.__context__, getattr(error, "reason", None), *error.args]
    for item in inner:
        if isinstance(item, BaseException) and depth < 8:
            yield from _chain(item, depth + 1)


def kind(error):
    if isinstance(error, Failure):
        return error.kind
    chain = list(_chain(error))
    for types, name in _KINDS:
        if any(isinstance(item, types) for item in chain):
            return name
    return "other"
