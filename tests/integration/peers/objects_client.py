# SPDX-License-Identifier: MIT
"""What the objects of a reference server do when the rpyc client of this environment uses them.

    objects_client.py --port N [--host ADDR] [--only WORD]

Runs each case of objects_cases.txt, with objects of its own, and prints one JSON object {case: outcome}: the repr
of the last expression, or "Class: text" of what was raised. The same cases on two servers should
have the same outcomes. Exit status 0 whatever they are.
"""
import argparse
import ast
import functools
import json
import operator
import os
import re
import signal
import sys

import rpyc
from rpyc.core import consts

LIMIT_S = 200

CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "objects_cases.txt")


class Client(object):
    """An object of this client."""
    exposed_x = "mine"


def fails(_):
    raise LookupError("as it should")


def broken():
    yield 5
    yield 6
    raise LookupError("broke off")


def attempt(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except Exception as error:
        return error


def raw(connection, name, *args):
    handler = getattr(consts, "HANDLE_" + name, 99)
    return connection.sync_request(handler, *args)


def names(connection):
    root = connection.root
    numbers = root.get_users(0)
    numbers += (3, 1, 2)

    def bounce(depth):
        return root.nested(depth, bounce)

    return {"r": root, "l": root.get_users(3), "n": numbers, "d": root.get_user_dict(1),
            "e": root.get_user_dict(2), "u": root.get_user(4), "g": root.download_chunked(100, 60),
            "c": connection, "X": bounce, "O": Client(), "raw": functools.partial(raw, connection),
            "rpyc": rpyc, "operator": operator, "json": json, "fails": fails, "broken": broken,
            "attempt": attempt}


def shown(text):
    text = text.split("\n")[0]  # the remote traceback comes behind it
    text = re.sub(r"\(remote at .*|0x[0-9a-f]+", "", text)
    return text.replace("__main__.ReferenceService", "rpycbench.ReferenceService")


def outcome(connection, source):
    try:
        known = names(connection)
        tree = ast.parse(source.replace("; ", "\n") if " = " in source or "; " in source
                         else source)
        last = tree.body[-1]
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(tree.body[:-1], []), "case", "exec"), known)
            return shown(repr(eval(compile(ast.Expression(last.value), "case", "eval"), known)))
        exec(compile(tree, "case", "exec"), known)
        return "done"
    except BaseException as error:
        return shown("%s: %s" % (type(error).__name__, error))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--public", action="store_true",
                        help="let the server see public attributes of this client's objects")
    options = parser.parse_args()
    signal.alarm(LIMIT_S)
    config = {"allow_public_attrs": True} if options.public else {}
    outcomes = {}
    connection = rpyc.connect(options.host, options.port, config=config)
    with open(CASES) as file:
        lines = [line.rstrip("\n") for line in file if not line.startswith("#")]
    for line in lines:
        source = line.replace("\\n", "\n")
        if options.only not in source:
            continue
        if connection.closed:
            connection = rpyc.connect(options.host, options.port, config=config)
        outcomes[line] = outcome(connection, source)
    connection.close()
    json.dump(outcomes, sys.stdout, indent=0)


if __name__ == "__main__":
    main()
