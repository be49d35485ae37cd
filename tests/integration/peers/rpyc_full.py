# SPDX-License-Identifier: MIT
"""Everything that rpyc's own client can do with a reference server.

    rpyc_full.py --port N [--host ADDR] [--policy reference|strict] [--server native|python]

The same assertions hold for a Python server, except where `native` says what ours leaves out.
Prints "ok N" with the number of checks. Exit status 0, or 1 with the first difference on stderr.
"""
import argparse
import sys
import traceback

import rpyc
from rpyc.core import consts
from rpyc.core import netref
from rpyc.core.protocol import DEFAULT_CONFIG
from rpyc.utils import classic

USER_0 = {"id": 0, "name": "user0", "email": "user0@example.com", "status": "active"}
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def equal(got, wanted):
    if type(got) is not type(wanted) or got != wanted:
        raise AssertionError("got %r, not %r" % (got, wanted))


def raises(kind, function, text=None):
    try:
        got = function()
    except kind as error:
        first = str(error).split("\n", 1)[0]
        if text is not None and not first.startswith(text):
            raise AssertionError("%s says %r, not %r" % (kind.__name__, first, text)) from error
        return error
    raise AssertionError("%s was not raised; got %r" % (kind.__name__, got))


def request(conn, handler, *args):
    return conn.sync_request(handler, *args)


class Context:
    def __init__(self, conn, options):
        self.conn = conn
        self.root = conn.root
        self.strict = options.policy == "strict"
        self.native = options.server == "native"


# ---- values ------------------------------------------------------------------------------------

@check
def values_come_back(c):
    for value in (None, True, False, 0, -49, 160, 2**31, -2**63, 2**64, -10**300, 1.5, -0.0, "",
                  "h\u00e9\u4e16\U0001F600", b"", b"x" * 300, (), (1, "a", (b"c", None)),
                  frozenset([1, 2]), slice(1, None, 2), Ellipsis, NotImplemented, 1 + 2j,
                  tuple(range(300)), "y" * 70000, float("inf")):
        equal(c.root.echo(value), value)


@check
def objects_of_the_client_come_home(c):
    mine = [1, 2, 3]
    assert c.root.echo(mine) is mine
    pair = c.root.echo((mine, 5))
    assert pair[0] is mine and pair[1] == 5
    function = len
    assert c.root.echo(function) is function


@check
def ping(c):
    c.conn.ping()
    equal(request(c.conn, consts.HANDLE_PING, "x" * 5000), "x" * 5000)


# ---- the root ----------------------------------------------------------------------------------

@check
def root_and_its_methods(c):
    equal(c.root.ping(), "pong")
    equal(c.root.exposed_ping(), "pong")
    method = c.root.echo
    equal([method(i) for i in range(5)], list(range(5)))
    equal(c.root.compute(n=10), 285)
    raises(TypeError, lambda: c.root.compute(wrong=1))
    raises(TypeError, lambda: c.root.compute(1, 2, 3))
    raises(AttributeError, lambda: c.root.no_such_thing,
           "cannot access 'no_such_thing'" if c.strict else None)
    raises(AttributeError, lambda: c.root._private, "cannot access '_private'")
    raises(AttributeError, lambda: setattr(c.root, "x", 1), "access denied")
    raises(AttributeError, lambda: delattr(c.root, "ping"), "access denied")
    assert callable(c.root.ping)
    assert isinstance(c.root, netref.BaseNetref)
    assert "ReferenceService" in str(c.root)
    assert c.root == c.root
    assert hash(c.root) == hash(c.root)


@check
def methods_of_the_server_call_each_other(c):
    equal([getattr(c.root, "method_" + x)() for x in "abcd"], ["abcd", "bcd", "cd", "d"])


# ---- objects -----------------------------------------------------------------------------------

@check
def a_user(c):
    user = c.root.get_user(7)
    assert isinstance(user, netref.BaseNetref)
    if c.strict:
        raises(AttributeError, lambda: user.name, "cannot access 'name'")
    else:
        equal((user.id, user.name, user.email, user.status),
              (7, "user7", "user7@example.com", "inactive"))
        raises(AttributeError, lambda: user.nothing, "'User' object has no attribute 'nothing'")
    raises(AttributeError, lambda: user._id, "cannot access '_id'")
    raises(AttributeError, lambda: user.__reversed__, "cannot access '__reversed__'")
    raises(AttributeError, lambda: setattr(user, "name", "x"), "cannot access 'name'")
    raises(AttributeError, lambda: delattr(user, "name"), "cannot access 'name'")
    raises(TypeError, lambda: len(user))
    raises(TypeError, lambda: user[0])
    raises(TypeError, lambda: user())
    raises(TypeError, lambda: iter(user))
    assert user == user and not user != user
    assert user != c.root.get_user(8)
    raises(TypeError, lambda: user < user)
    assert hash(user) == hash(user)
    assert {user: 1}[user] == 1
    assert isinstance(str(user), str) and str(user) == repr(user) == "%s" % user
    if c.native or "__format__" in DEFAULT_CONFIG["safe_attrs"]:  # from 5.1.0
        equal(f"{user}", str(user))
    assert {"id", "name", "email", "status"} <= set(dir(user))
    assert type(user).__name__.endswith("User"), type(user)
    raises((TypeError, AttributeError), lambda: user.__enter__())


@check
def special_methods_are_attributes(c):
    users = c.root.get_users(3)
    length = users.__len__
    item = users.__getitem__
    equal(length(), 3)
    equal(users.__contains__(5), False)
    assert item(0) == users[0]
    del users
    equal(length(), 3)  # keeps its list alive
    raises(TypeError, lambda: length(1))
    raises(IndexError, lambda: item(3), "list index out of range")
    assert isinstance(c.root.get_user(1).__doc__, (str, type(None)))


@check
def a_list(c):
    users = c.root.get_users(5)
    assert isinstance(users, list)
    assert isinstance(users, netref.BaseNetref)
    equal(len(users), 5)
    assert bool(users) and not c.root.get_users(0)
    if not c.strict:
        equal([user.id for user in users], [0, 1, 2, 3, 4])
        equal(users[-1].name, "user4")
        equal([user.id for user in users[1:4]], [1, 2, 3])
        equal([user.id for user in users[::-2]], [4, 2, 0])
        equal([user.id for user in reversed(list(users))], [4, 3, 2, 1, 0])
        equal(users.index(users[3]), 3)
        equal(users.count(users[3]), 1)
    else:
        raises(AttributeError, lambda: users.index, "cannot access 'index'")
    equal(len(list(users)), 5)
    equal(len(users[:2]), 2)
    equal(len(users[7:]), 0)
    raises(IndexError, lambda: users[5], "list index out of range")
    raises(TypeError, lambda: users["x"], "list indices must be integers or slices")
    assert users[2] in users
    assert "x" not in users
    raises(TypeError, lambda: hash(users), "unhashable type: 'list'")
    raises(TypeError, lambda: users())
    assert users == users
    assert c.root.get_users_dicts(2) == c.root.get_users_dicts(2)
    assert not c.root.get_users_dicts(2) == c.root.get_users_dicts(3)
    assert c.root.get_users_dicts(2) != c.root.get_users_dicts(3)
    assert not users == 5
    first, *others = users
    equal(len(others), 4)


@check
def a_dict(c):
    user = c.root.get_user_dict(0)
    assert isinstance(user, dict)
    equal(len(user), 4)
    equal(user["name"], "user0")
    equal(list(user), ["id", "name", "email", "status"])
    assert "name" in user and "nothing" not in user
    raises(KeyError, lambda: user["nothing"], "'nothing'")
    raises(TypeError, lambda: hash(user), "unhashable type: 'dict'")
    equal(str(user), str(USER_0))
    equal(repr(user), repr(USER_0))
    assert user == c.root.get_user_dict(0)
    assert user != c.root.get_user_dict(1)
    if c.strict:
        raises(AttributeError, lambda: user.items, "cannot access 'items'")
        return
    equal(list(user.items()), list(USER_0.items()))
    equal(list(user.keys()), list(USER_0))
    equal(list(user.values()), list(USER_0.values()))
    equal(user.get("name"), "user0")
    equal(user.get("nothing"), None)
    equal(user.get("nothing", 5), 5)
    equal({key: user[key] for key in user}, USER_0)
    equal(dict(user), USER_0)
    equal({**user}, USER_0)


@check
def dicts_and_tuples_of_users(c):
    dicts = c.root.get_users_dicts(3)
    equal([user["name"] for user in dicts], ["user0", "user1", "user2"])
    tuples = c.root.get_users_tuples(2)
    equal(tuples, ((0, "user0", "user0@example.com", "active"),
                   (1, "user1", "user1@example.com", "inactive")))
    equal(c.root.get_user_tuple(0), tuples[0])
    equal(c.root.get_users_batch((1, 0)), (tuples[1], tuples[0]))
    equal(c.root.get_users_batch([1]), (tuples[1],))
    equal([user["id"] for user in c.root.get_users_batch_dicts([3, 5])], [3, 5])


# ---- iteration ---------------------------------------------------------------------------------

@check
def iterators(c):
    pieces = c.root.download_chunked(10, 4)
    equal([len(piece) for piece in pieces], [4, 4, 2])
    raises(StopIteration, lambda: next(pieces))
    assert iter(pieces) is pieces or iter(pieces) == pieces
    iterator = iter(c.root.get_users(2))
    next(iterator)
    next(iterator)
    raises(StopIteration, lambda: next(iterator))
    equal(sum(len(piece) for piece in c.root.download_chunked(100000, 1000)), 100000)


@check
def buffered_iteration(c):
    pieces = list(rpyc.buffiter(c.root.download_chunked(100, 1)))
    equal(len(pieces), 100)
    equal(sum(1 for _ in rpyc.buffiter(c.root.get_users(250))), 250)
    equal(list(rpyc.buffiter(c.root.get_user_dict(1))), list(USER_0))
    users = c.root.get_users(3)
    equal(len(request(c.conn, consts.HANDLE_BUFFITER, users, 2)), 2)
    raises(TypeError, lambda: request(c.conn, consts.HANDLE_BUFFITER, c.root.get_user(1), 2))


# ---- obtain ------------------------------------------------------------------------------------

@check
def obtaining(c):
    obtain = classic.obtain
    if c.strict:
        raises(ValueError, lambda: obtain(c.root.get_user_dict(0)), "pickling is disabled")
        return
    equal(obtain(c.root.get_user_dict(0)), USER_0)
    equal(obtain(c.root.get_users_dicts(1)), [USER_0])
    equal(len(obtain(c.root.get_users_dicts(1000))), 1000)
    raises(TypeError, lambda: obtain(c.root.download_chunked(1, 1)),
           "cannot pickle 'generator' object")
    if c.native:  # a class of its own would need the class at the other end
        raises(TypeError, lambda: obtain(c.root.get_user(0)), "cannot pickle 'User' object")


# ---- exceptions --------------------------------------------------------------------------------

@check
def exceptions(c):
    error = raises(ValueError, lambda: c.root.fail("value"))
    equal(error.args, ("failed as asked",))
    error = raises(Exception, lambda: c.root.fail("custom"))
    equal(type(error).__name__.rsplit(".", 1)[-1], "CustomError")
    equal(error.code, 42)
    equal(error.args, ("failed as asked",))
    raises(ValueError, lambda: c.root.fail("nothing"))
    raises(TypeError, lambda: c.root.fail(1))
    equal(c.root.ping(), "pong")


# ---- calling back ------------------------------------------------------------------------------

@check
def callbacks(c):
    def callback(depth):
        return c.root.nested(depth, callback) if depth else 0
    for depth in (0, 1, 2, 3, 50):
        equal(c.root.nested(depth, callback), depth)
    if c.native:
        raises(RecursionError, lambda: c.root.nested(100, callback))

    def broken(_depth):
        raise LookupError("not here", 5)
    error = raises(LookupError, lambda: c.root.nested(1, broken))
    equal(error.args, ("not here", 5))
    raises(TypeError, lambda: c.root.nested(1, 5))

    class Callable:
        def __call__(self, depth):
            return depth
    equal(c.root.nested(3, Callable()), 3)
    equal(c.root.upload_chunked([b"ab", b"c"]), 3)
    equal(c.root.upload_chunked(iter([b"ab", b"c"])), 3)
    equal(c.root.upload_chunked(piece for piece in (b"ab", b"c")), 3)


@check
def what_a_request_uses_stays(c):
    """A callback that gives back what the server is working with."""
    users = c.root.get_users(3)
    held = [users]

    def callback(depth):
        held.clear()
        return depth
    equal(c.root.nested(1, callback), 1)


@check
def asynchronous_calls(c):
    call = rpyc.async_(c.root.echo)
    answers = [call(i) for i in range(50)]
    equal([answer.value for answer in answers], list(range(50)))


# ---- handlers that Python's proxies rarely use --------------------------------------------------

@check
def raw_handlers(c):
    users = c.root.get_users(4)
    equal(request(c.conn, consts.HANDLE_CALLATTR, users, "__len__", (), ()), 4)
    raises(AttributeError,
           lambda: request(c.conn, consts.HANDLE_CALLATTR, users, "__sizeof__", (), ()),
           "cannot access '__sizeof__'")
    equal(len(request(c.conn, consts.HANDLE_OLDSLICING, users, "__getitem__", "__getslice__", 1,
                      3, ())), 2)
    raises(AttributeError,
           lambda: request(c.conn, consts.HANDLE_OLDSLICING, c.root.get_user(1), "__getitem__",
                           "__getslice__", 1, None, ()))
    raises(AttributeError, lambda: request(c.conn, consts.HANDLE_CTXEXIT, users, None),
           "'list' object has no attribute '__exit__'")
    equal(request(c.conn, consts.HANDLE_CMP, users, users, "__eq__"), True)
    equal(request(c.conn, consts.HANDLE_CMP, c.root.get_user(1), 5, "__lt__"), NotImplemented)
    raises(AttributeError, lambda: request(c.conn, consts.HANDLE_CMP, users, 5, "__cmp__"),
           "type object 'list' has no attribute '__cmp__'")
    names = dict(request(c.conn, consts.HANDLE_INSPECT, object.__getattribute__(
        users, "____id_pack__")))
    assert {"__len__", "__getitem__", "__iter__", "__contains__"} <= set(names), names
    assert "__call__" not in names and "__next__" not in names, names
    method = c.root.ping
    names = dict(request(c.conn, consts.HANDLE_INSPECT, object.__getattribute__(
        method, "____id_pack__")))
    assert "__call__" in names, names
    raises(KeyError, lambda: request(c.conn, consts.HANDLE_INSPECT, ("x", 1, 2)))
    raises(KeyError, lambda: request(c.conn, 99))
    raises(TypeError, lambda: request(c.conn, consts.HANDLE_GETATTR, users))
    raises(TypeError, lambda: request(c.conn, consts.HANDLE_GETATTR, users, 5))
    equal(c.root.ping(), "pong")


@check
def classes_are_told_apart(c):
    things = (c.root, c.root.ping, c.root.get_user(1), c.root.get_users(1),
              c.root.get_user_dict(1), c.root.download_chunked(1, 1))
    packs = [object.__getattribute__(thing, "____id_pack__") for thing in things]
    equal(len({pack[1] for pack in packs}), len(packs))
    equal([pack[0].rsplit(".", 1)[-1] for pack in packs],
          ["ReferenceService", "method", "User", "list", "dict", "generator"])


@check
def many_references(c):
    for _ in range(3):
        users = list(c.root.get_users(400))
        equal(len({object.__getattribute__(user, "____id_pack__")[2] for user in users}), 400)


@check
def hanging_up(c):
    raises(EOFError, lambda: c.root.fail("drop"))


def main():
    parser = argparse.ArgumentParser(description="use all of a reference server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--policy", choices=["reference", "strict"], default="reference")
    parser.add_argument("--server", choices=["native", "python"], default="native")
    options = parser.parse_args()
    failed = 0
    for function in CHECKS:
        try:
            conn = rpyc.connect(options.host, options.port, config={"sync_request_timeout": 20})
            function(Context(conn, options))
            conn.close()
        except Exception:
            failed += 1
            print("%s:" % function.__name__, file=sys.stderr)
            traceback.print_exc()
    if failed:
        return 1
    print("ok %d" % len(CHECKS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
