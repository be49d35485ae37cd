# SPDX-License-Identifier: MIT
"""Rows of versions_client.py: objects of the service, and the ways to it."""
import os
import ssl
import sys
import warnings

import rpyc
from rpyc.core import consts

from versions_table import PLACES, REQUEST_S, Not, connect, raises, same, table

# The class of the objects of Python's server, which obtain() of one needs.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..",
                                "servers", "python"))

FEATURES, feature = table()


# ---- references ----

@feature("an object that comes home is itself")
def home(connection):
    mine = [1, 2]
    for thing in (mine, {"a": 1}, lambda: 1, object()):
        if connection.root.echo(thing) is not thing:
            raise Not("another object")
    back = connection.root.echo((mine, 5))
    if back[0] is not mine:
        raise Not("another object within a tuple")


@feature("a reference that was received twice and given up")
def twice(connection):
    root = connection.root
    one, two = root.ping, root.ping
    del one
    same(two(), "pong")
    del two
    same(root.ping(), "pong")


@feature("str, repr, hash, dir, == of root and method")
def looks(connection):
    root = connection.root
    method = root.ping
    for thing in (root, method):
        same(type(str(thing)), str)
        same(type(repr(thing)), str)
        same(type(hash(thing)), int)
        same(thing == thing, True)  # noqa: B015  asks the server
        same(thing == 5, False)
    if not [name for name in dir(root) if name in ("ping", "exposed_ping")]:
        raise Not("no ping in dir()")


@feature("get_user: an object with attributes")
def get_user(connection):
    user = connection.root.get_user(3)
    same((user.id, user.name, user.email, user.status),
         (3, "user3", "user3@example.com", "inactive"))


@feature("get_user_dict: items, keys, get, in, len, []")
def get_user_dict(connection):
    user = connection.root.get_user_dict(2)
    wanted = {"id": 2, "name": "user2", "email": "user2@example.com", "status": "active"}
    same((user["name"], len(user), "id" in user, "x" in user), ("user2", 4, True, False))
    same(user.get("x", 7), 7)
    same(sorted(user.keys()), sorted(wanted))
    same(dict(user.items()), wanted)
    raises(KeyError, lambda: user["x"])
    same(isinstance(user, dict), True)


@feature("get_users: list of objects by for, len, [], slice")
def get_users(connection):
    users = connection.root.get_users(10)
    same([user.name for user in users], ["user%d" % n for n in range(10)])
    same((len(users), users[-1].id), (10, 9))
    same([user.id for user in users[2:4]], [2, 3])
    raises(IndexError, lambda: users[10])
    same(isinstance(users, list), True)


@feature("get_users_dicts and get_users_tuples")
def get_users_plain(connection):
    dicts, values = connection.root.get_users_dicts(3), connection.root.get_users_tuples(3)
    same(values, tuple((n, "user%d" % n, "user%d@example.com" % n,
                        "inactive" if n % 2 else "active") for n in range(3)))
    same([user["email"] for user in dicts], [user[2] for user in values])


@feature("obtain of a list of dicts")
def obtain(connection):
    users = rpyc.classic.obtain(connection.root.get_users_dicts(3))
    same([user["id"] for user in users], [0, 1, 2])
    same(type(users[0]), dict)


@feature("obtain of an object whose class the client has")
def obtain_object(connection):
    user = rpyc.classic.obtain(connection.root.get_user(3))
    same((type(user).__name__, user.name), ("User", "user3"))


@feature("get_users_batch of a list, a tuple and a generator of ids")
def batches(connection):
    root = connection.root
    wanted = tuple([root.get_user_tuple(number) for number in (5, 2)])
    for ids in ([5, 2], (5, 2), (number for number in (5, 2))):
        same(root.get_users_batch(ids), wanted)
    same([user["id"] for user in root.get_users_batch_dicts([5, 2])], [5, 2])


@feature("== != < of objects, lists and dicts")
def compared(connection):
    root = connection.root
    user = root.get_user(1)
    same((user == user, user != user, user == root.get_user(1), user != 5),
         (True, False, False, True))
    raises(TypeError, lambda: user < root.get_user(2))
    dicts = root.get_users_dicts(2)
    same((dicts[0] == root.get_user_dict(0), dicts[0] == dicts[1], dicts[0] != dicts[1]),
         (True, False, True))
    same((dicts == root.get_users_dicts(2), dicts == root.get_users_dicts(3)), (True, False))
    same((root.get_users_dicts(0) < dicts, dicts <= root.get_users_dicts(2)), (True, True))
    raises(TypeError, lambda: dicts < root.get_users_batch_dicts((5, 6)))


@feature("isinstance, type and __class__ of lists, dicts and objects")
def classes(connection):
    root = connection.root
    users, user, one = root.get_users(2), root.get_user_dict(1), root.get_user(1)
    same((isinstance(users, list), isinstance(users, dict), users.__class__), (True, False, list))
    same((isinstance(user, dict), isinstance(user, list), user.__class__), (True, False, dict))
    same(isinstance(one, (list, dict, str)), False)


@feature("INSTANCECHECK of what is no class")
def instance_check(connection):
    root = connection.root
    same(connection.sync_request(consts.HANDLE_INSTANCECHECK, root, ("no.such", 1, 2)), False)
    users = root.get_users(2)
    raises(TypeError, connection.sync_request, consts.HANDLE_INSTANCECHECK, root,
           object.__getattribute__(users, "____id_pack__"))


@feature("with: an object that is no context manager, and the connection, which is one")
def context(connection):
    user = connection.root.get_user(1)

    def enter():
        with user:
            pass

    raises((AttributeError, TypeError), enter)
    raises(AttributeError, connection.sync_request, consts.HANDLE_CTXEXIT, user, None)
    with connect(connection.host, connection.port) as other:
        same(other.root.ping(), "pong")
    same(other.closed, True)


@feature("dir() of lists, dicts and objects")
def directories(connection):
    root = connection.root
    for thing, some in ((root.get_users(2), ("__getitem__", "__len__", "index", "count")),
                        (root.get_user_dict(1), ("__getitem__", "items", "keys", "get")),
                        (root.get_user(1), ("id", "name", "email", "status")),
                        (root.download_chunked(10, 5), ("__iter__", "__next__"))):
        missing = set(some) - set(dir(thing))
        if missing:
            raise Not("no %s" % ", ".join(sorted(missing)))


@feature("a generator that is its own iterator and can be closed")
def generators(connection):
    pieces = connection.root.download_chunked(100, 10)
    same(iter(pieces) == pieces, True)
    same(len(next(pieces)), 10)
    pieces.close()
    raises(StopIteration, next, pieces)


@feature("setting and deleting items of a list and a dict")
def items_change(connection):
    user, users = connection.root.get_user_dict(1), connection.root.get_users_dicts(3)
    user["name"] = "other"
    del user["id"]
    same((user["name"], len(user)), ("other", 3))
    users[0] = 5
    del users[1]
    same((users[0], len(users)), (5, 2))


@feature("append, pop, extend, update: methods that change a list and a dict")
def methods_change(connection):
    user, users = connection.root.get_user_dict(1), connection.root.get_users_dicts(3)
    users.append(7)
    users.extend((8, 9))
    same((users.pop(), len(users)), (9, 5))
    user.update((("name", "other"),))
    same((user.pop("id"), user["name"]), (1, "other"))


def nested_to(connection, deepest):
    root = connection.root

    def back(depth):
        return root.nested(depth, back)

    same(root.nested(deepest, back), deepest)


@feature("nested: callbacks 20 deep")
def nested(connection):
    nested_to(connection, 20)


@feature("nested: callbacks 64 deep")
def nested_deep(connection):
    nested_to(connection, 64)


@feature("nested: 75 callbacks, 150 requests that wait for each other")
def nested_deepest(connection):
    nested_to(connection, 75)  # Python's own end is near: its recursion


@feature("method_a to method_d")
def method_a(connection):
    if connection.root.method_a() is None:
        raise Not("None")


# ---- the same service in other ways ----

def place(name):
    if name not in PLACES:
        raise Not("no --at %s=..." % name)
    return PLACES[name]


def fine(connection):
    """What does not depend on the policy, and closes it."""
    root = connection.root
    same(root.ping(), "pong")
    same(root.upload(bytes(10 ** 6)), 10 ** 6)
    same(len(root.download(10 ** 6)), 10 ** 6)
    same(root.upload_chunked([b"abc"] * 3), 9)
    connection.close()


@feature("policy strict: exposed_ names, len, [], in, iteration, ==")
def strict(connection):
    other = connect(connection.host, int(place("strict")))
    root = other.root
    same((root.ping(), root.exposed_ping(), root.echo((1, "a"))), ("pong", "pong", (1, "a")))
    user, users = root.get_user_dict(2), root.get_users_dicts(3)
    same((user["name"], len(users), "id" in user, "x" in user), ("user2", 3, True, False))
    same([one["id"] for one in users], [0, 1, 2])
    same((user == users[2], str(user) == repr(user)), (True, True))
    fine(other)


@feature("policy strict: public attributes and obtain refused")
def strict_refuses(connection):
    other = connect(connection.host, int(place("strict")))
    root = other.root
    for thing, name in ((root.get_user(1), "name"), (root.get_user_dict(1), "items"),
                        (root.get_users(2), "index"), (root, "no_such_thing")):
        error = raises(AttributeError, getattr, thing, name)
        same(str(error).split("\n", 1)[0], "cannot access '%s'" % name)
        raises(AttributeError, setattr, thing, name, 1)
    error = raises(ValueError, rpyc.classic.obtain, root.get_user_dict(1))
    same(str(error).split("\n", 1)[0], "pickling is disabled")
    other.close()


@feature("TLS, checked against its certificate")
def over_tls(connection):
    fine(rpyc.ssl_connect(connection.host, int(place("tls")), ca_certs=PLACES["ca-file"],
                          config={"sync_request_timeout": REQUEST_S}))


@feature("TLS, not checked")
def over_tls_unchecked(connection):
    fine(rpyc.ssl_connect(connection.host, int(place("tls")),
                          config={"sync_request_timeout": REQUEST_S}))


@feature("TLS, with ssl_version=PROTOCOL_TLS")
def over_any_tls(connection):
    with warnings.catch_warnings():  # deprecated, but what 4.1.5 can be told
        warnings.simplefilter("ignore", DeprecationWarning)
        fine(rpyc.ssl_connect(connection.host, int(place("tls")), ssl_version=ssl.PROTOCOL_TLS,
                              config={"sync_request_timeout": REQUEST_S}))


@feature("a Unix socket (unix_connect)")
def over_unix(connection):
    fine(rpyc.utils.factory.unix_connect(place("unix"),
                                         config={"sync_request_timeout": REQUEST_S}))


@feature("IPv6 (::1)")
def over_ipv6(connection):
    fine(rpyc.connect("::1", int(place("ipv6")), ipv6=True,
                      config={"sync_request_timeout": REQUEST_S}))
