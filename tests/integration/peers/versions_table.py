# SPDX-License-Identifier: MIT
"""What the rows of versions_client.py are made with."""
import rpyc

LIMIT_S = 120  # of one feature
REQUEST_S = 60  # of one request; above the longest that is meant to wait
PLACES = {}  # --at


def table():
    """The rows of one file, and what adds a row to them: a function that is given a connection and
    raises unless it works.

    waits: it takes seconds in which little is done.
    """
    rows = []

    def feature(name, waits=False):
        def add(function):
            rows.append((name, function, waits))
            return function
        return add

    return rows, feature


class Not(Exception):
    """What the answer was instead."""


def same(answer, wanted):
    # repr tells -0.0 from 0.0 and takes NaN as equal; a frozenset has no order.
    if type(answer) is not type(wanted):
        raise Not("%s instead of %s" % (type(answer).__name__, type(wanted).__name__))
    if answer != wanted and repr(answer) != repr(wanted):
        raise Not("%.60r instead of %.60r" % (answer, wanted))


def raises(kind, function, *args, **kwargs):
    try:
        answer = function(*args, **kwargs)
    except kind as error:
        return error
    raise Not("no %s but %.60r" % (kind.__name__, answer))


def echoes(connection, values):
    echo = connection.root.echo
    for value in values:
        same(echo(value), value)


def connect(host, port, **config):
    config["sync_request_timeout"] = REQUEST_S
    connection = rpyc.connect(host, port, config=config)
    connection.host, connection.port = host, port
    return connection
