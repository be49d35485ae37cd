# SPDX-License-Identifier: MIT
"""What the objects of a reference server do when the rpyc client of this environment uses them.

    objects_client.py --port N [--host ADDR] [--only WORD]

Runs each case below, with objects of its own, and prints one JSON object {case: outcome}: the repr
of the last expression, or "Class: text" of what was raised. The same cases on two servers should
have the same outcomes. Exit status 0 whatever they are.
"""
import argparse
import ast
import functools
import json
import operator
import re
import signal
import sys

import rpyc
from rpyc.core import consts

LIMIT_S = 200

# Names: r the root, l a list of three users, n the list [3, 1, 2], d and e the dicts of users 1
# and 2, u user 4, g a generator of two pieces, c the connection, X a function of this client,
# O an object of it, raw(HANDLER, ...) a request as it is. Statements are separated by newlines.
CASES = r"""
len(l)
l
l[0], l[-1].id
l[3]
l[-4]
l["a"]
l[1.0]
l[None]
l[10 ** 30]
l[True].id
l[0:2]
l[::-1]
l[5:1:-2]
l[::0]
l["a":2]
[x.id for x in l]
[x.id for x in reversed(list(l))]
reversed(l)
u in l
l[1] in l
[] in l
l == l
l == l[:]
l != l[:]
l == r.get_users(3)
l == [1]
l == 5
l < l
l <= l[:]
l < l[0:2]
l > l[0:2]
l < r.get_users(3)
l < [1]
n == (3, 1, 2)
n < n[:]
n[1:] < n
bool(l)
bool(l[0:0])
hash(l)
str(l)
repr(n)
format(n)
format(n, "5")
l()
iter(l) is l
next(l)
type(iter(l)).__name__
len(iter(l))
operator.length_hint(iter(l))
list(l)[2].name
tuple(n)
sorted(n)
min(n), max(n), sum(n)
sum(l)
sorted(l)
set(n)
n[0] = 9; n
n[-1] = "x"; n
n[3] = 1
n[-4] = 1
n["a"] = 1
n[1.5] = 1
n[10 ** 30] = 1
n[0] = b"x" * 5000; len(n[0])
n[0] = (1, (2, "a"), frozenset([1])); n[0]
n[0] = None; n[1] = True; n[2] = 1.5; n
n[0] = 10 ** 40; n[1] = -0.0; n[2] = 1 + 2j; n
n[0] = slice(1, 2, None); n[1] = Ellipsis; n
n[0] = u; n[0].id
n[0] = u; n[0] == u
n[0] = l; n[0][1].id
n[0] = l; len(n[0])
n[0] = (u, 5); n[0][0].id
n[0] = n; len(n[0])
n[0] = n; n
n[0] = O; n[0] is O
n[0] = O; n[0].exposed_x
n[0] = X; n[0] is X
n[0] = O; O in n
n[0] = O; n.index(O)
n[0] = O; n[1] = O; n.count(O)
n[0] = O; del n[0]; n
n[0] = O; n[0] = 5; n
n[0] = [1, 2]; n[0]
n[0] = {}; n[0]
n[0] = O; n.pop(0) is O
n[0:2] = (7, 8, 9, 10); n
n[0:2] = [7]; n
n[0:0] = "abc"; n
n[::2] = (7, 8); n
n[::2] = (7,)
n[::-1] = (1, 2, 3); n
n[0:2] = 5
n[0:2] = n; n
n[1:] = (); n
n[5:9] = (4,); n
n[0:2] = (x for x in (5, 6)); n
n[0:1] = range(3); n
del n[0]; n
del n[-1]; n
del n[3]
del n["a"]
del n[0:2]; n
del n[:]; n
del n[::2]; n
del n[::-2]; n
n.extend(range(10)); del n[8:1:-3]; n
n.extend(range(10)); del n[1::4]; n
n.append(4); n
n.append(4, 5)
n.append()
n.append(x=1)
n.append(n[:]); n
n.extend((4, 5)); n
n.extend([4, 5]); n
n.extend("ab"); n
n.extend(b"ab"); n
n.extend(5)
n.extend(None)
n.extend(n); n
n.extend(iter(n[:])); n
n.extend({1: 2}); n
n.extend(d); n
n.extend(d.values()); n
n.extend(d.items()); n
n.extend(x * x for x in (1, 2, 3)); n
n.extend(broken()); n
attempt(n.extend, broken()); n
n.insert(0, 9); n
n.insert(-1, 9); n
n.insert(99, 9); n
n.insert(-99, 9); n
n.insert("a", 9)
n.insert(1)
n.insert(10 ** 30, 1)
n.pop(), n
n.pop(0), n
n.pop(-2), n
n.pop(3)
n.pop(1, 2)
n.pop("a")
n.pop(10 ** 30)
n.clear(); n.pop()
l.pop().id, len(l)
n.remove(1); n
n.remove(7)
n.remove([1])
n.remove(1.0); n
n.remove()
n.index(1)
n.index(7)
n.index(1, 2)
n.index(2, 0, -1)
n.index(2, -1)
n.index(1, None)
n.index()
n.count(1), n.count("x")
n.count(True)
n.count()
n.sort(); n
n.sort(reverse=True); n
n.sort(key=lambda x: -x); n
n.sort(key=None, reverse=0); n
n.sort(key=str); n
n.sort(key=5)
n.sort(key=fails); n
attempt(n.sort, key=fails); n
n.sort(5)
n.sort(foo=1)
n.sort(reverse="a")
n.append("a"); n.sort()
n.extend((2.5, True, 10 ** 30, -10 ** 30)); n.sort(); n
n.sort(key=lambda x: n.append(5) or x)
attempt(n.sort, key=lambda x: n.append(5) or x); n
n.sort(key=lambda x: (x % 2, x)); n
n.clear(); n.extend((("b", 1), ("a", 2), ("a", 1))); n.sort(); n
n.clear(); n.extend(("\u20ac", "z", "A", "")); n.sort(); n
n.clear(); n.extend((b"b", b"a", b"")); n.sort(); n
n.clear(); n.extend((n[:], n[:])); n.sort(); n
l.sort()
l.sort(key=lambda x: -x.id); [x.id for x in l]
l.sort(key=lambda x: 0, reverse=True); [x.id for x in l]
n.reverse(); n
n.reverse(1)
n.clear(); n
n.clear(1)
n.copy(); n.copy() == n
n.copy(1)
m = n.copy(); m.append(1); n, m
n + n
n + l
n + [1]
n + (1,)
n + 5
[1] + n
n * 2
2 * n
n * -1
n * "a"
n * 1.5
n * 10 ** 30
n * n
n += (4,); n
n += [4]; n
n += n; n
n += 5
m = n; m += (1,); n
n *= 2; n
n *= 0; n
n *= "a"
n - n
n | n
-n
~n
abs(n)
int(n)
n.nope
n._x
n.__class__
n.__dict__
n.__init__
n.__reversed__
n.__sizeof__()
n.__getitem__(1)
n.__getitem__()
n.__setitem__(0)
n.__delitem__(0, 1)
n.__len__()
n.__contains__(1)
n.__add__(n)
n.__iadd__((1,))
n.__mul__(2)
n.__rmul__(2)
n.__imul__(2)
n.__eq__(n)
n.__ne__(n)
n.__lt__(n)
n.__hash__
n.__str__()
n.__format__("")
n.__doc__
n.append
n.__setitem__
n.append.__name__
n.x = 1
del n.x
n.append = 5
[x for x in n if len(n) < 6 and not n.append(x)]
[n.pop() for x in n]
i = iter(n); next(i); n.clear(); list(i)
i = iter(n); list(i); n.append(7); list(i)
i = iter(n); n.append(7); list(i)
i = iter(n); iter(i) == i
i = iter(n); i == iter(n)
5 in iter(n)
1 in iter(n)
with n: pass
isinstance(n, list)
type(n).__name__
type(n).__module__
sorted(set(dir(n)) - set(dir(object)))
rpyc.classic.obtain(n)
rpyc.classic.obtain(l)
rpyc.classic.obtain(l[0:0])
rpyc.classic.obtain(r.get_users_dicts(2))
n[0] = O; rpyc.classic.obtain(n)
n[0] = (1, b"x"); rpyc.classic.obtain(n)
list(rpyc.buffiter(n))
list(rpyc.buffiter(n, 1))
list(rpyc.buffiter(5))
n.extend(range(100)); list(rpyc.buffiter(n)) == list(n)
r.get_users_batch(n)
r.get_users_batch_dicts(n)[0]["id"]
r.upload_chunked(n)
r.upload_chunked(n[0:0])
r.nested(3, X)
r.nested(1, lambda d: n)
r.nested(1, lambda d: n[:]); n
r.nested(1, n)
r.nested(1, n.append)
r.nested(1, n.pop); n
r.nested(1, lambda d: n.append(5) or 7), n
n.append(9); r.echo(n) == n
r.echo((n, 5))[0] == n
len(d)
d
d["id"]
d["nope"]
d[5]
d[None]
d[()]
d[[]]
d[1, 2]
d[n]
d[slice(1)]
d[u]
"id" in d
"x" in d
[] in d
n in d
list(d)
sorted(d)
[x for x in d]
d == d
d == e
d != e
d == d.copy()
d == {}
d == 5
d < d
bool(d)
bool(r.echo(d.copy().clear() or d))
hash(d)
str(d)
format(d)
next(d)
d()
d["id"] = 9; d
d["x"] = 1; d
d[5] = 1; d[5.0], d[True + 4]
d[1] = "a"; d[True] = "b"; d[1.0] = "c"; len(d), d[1]
d[None] = 1; d[()] = 2; d[b"x"] = 3; d[frozenset([1])] = 4; d[1.5] = 5; len(d)
d[frozenset([1, 2])] = 4; d[frozenset([2, 1])]
d[(1, ("a",))] = 4; d[(True, ("a",))]
d[10 ** 30] = 4; d[10 ** 30]
d[[]] = 1
d[n] = 1
d[{}] = 1
d[u] = 1; d[u]
d[u] = 1; list(d)[4].id
d["x"] = u; d["x"].id
d["x"] = n; d["x"][0]
d["x"] = O; d["x"] is O
d["x"] = O; d.pop("x") is O
d["x"] = (O, u); d["x"][0] is O, d["x"][1].id
d["x"] = d; d
d["x"] = d; len(d["x"])
d["x"] = b"y" * 100000; len(d["x"])
del d["id"]; d
del d["x"]
del d[[]]
del d["id"]; d["id"] = 1; d
d.get("id")
d.get("x")
d.get("x", 5)
d.get("x", O) is O
d.get()
d.get(1, 2, 3)
d.get([])
d.get(key=1)
d.setdefault("id", 5), d
d.setdefault("x", 5), d
d.setdefault("x"), d
d.setdefault()
d.setdefault([])
d.pop("id"), d
d.pop("x")
d.pop("x", 5)
d.pop()
d.pop([])
d.pop([], 5)
d.popitem(), d
d.clear(); d.popitem()
d.popitem(1)
d.clear(); d
d.clear(1)
d.copy()
m = d.copy(); m["id"] = 5; d["id"], m["id"]
d.update(e); d
d.update(d); d
d.update(x=1, y="a"); d
d.update(e, id=9); d
d.update((("x", 1), ("y", 2))); d
d.update([("x", 1)]); d
d.update([["x", 1]]); d
d.update({"x": 1}); d
d.update("ab")
d.update(("ab", "cd")); d
d.update(5)
d.update(None)
d.update((1,))
d.update(((1, 2, 3),))
d.update(())
d.update(1, 2)
d.update(e.items()); d
d.update(zip("ab", "cd")); d
d.update(n)
d.update([([], 1)])
d | e
d | {}
{} | d
d | 5
d |= e; d
d |= {"x": 1}
d |= (("x", 1),); d
d |= 5
d + d
d - d
d.keys()
d.values()
d.items()
d.keys(1)
len(d.keys()), len(d.values()), len(d.items())
list(d.keys())
list(d.values())
list(d.items())
"id" in d.keys(), "x" in d.keys()
1 in d.values(), "x" in d.values()
("id", 1) in d.items(), ("id", 2) in d.items(), 5 in d.items()
[] in d.keys()
[] in d.values()
([], 1) in d.items()
d.keys() == d.keys()
d.keys() == e.keys()
d.keys() == {"id"}
d.keys() == frozenset(d)
d.values() == d.values()
d.items() == e.items()
d.items() == d.copy().items()
d.keys() < e.keys()
d.keys() <= e.keys()
d.keys() >= frozenset(["id"])
d.values() < d.values()
sorted(d.keys() & frozenset(["id", "x"]))
sorted(d.keys() & ["id", "x"])
sorted(d.keys() & {"id", "x"})
sorted(d.keys() | ("x",))
sorted(d.keys() - ("id",))
sorted(d.keys() ^ ("id", "x"))
sorted({"id", "x"} & d.keys())
sorted({"id", "x"} - d.keys())
sorted(d.keys() & e.keys())
d.keys() - e.keys()
len(d.keys() | e.keys())
(d.keys() & ("id",)) == {"id"}
(d.keys() & ("id",)) == (e.keys() & ("id",))
"id" in (d.keys() & ("id",))
d.items() & (("id", 1),)
d.keys() & 5
d.keys().isdisjoint(("x",))
d.keys().isdisjoint(e)
d.keys() + d.keys()
d.values() & ()
d.keys()[0]
d.values()[0]
hash(d.keys())
isinstance(hash(d.values()), int)
d.keys().nope
d.values().nope
reversed(d)
bool(d.keys())
k = d.keys(); d["x"] = 1; len(k), "x" in k
k = d.values(); d.clear(); list(k)
for x in d: d[x + "y"] = 1
for x in d: del d[x]
for x in d.items(): d["y"] = 1
for x in d.values(): d["id"] = 7
i = iter(d); next(i); d.clear(); next(i)
i = iter(d); next(i); d["y"] = 1; operator.length_hint(i)
operator.length_hint(iter(d))
type(iter(d)).__name__
type(d.keys()).__name__
isinstance(d, dict)
dict(d)
dict(d) == {"id": 1}
dict(**d)
d.nope
d.id
d.__getitem__("id")
d.__setitem__("x")
d.__delitem__()
d.__contains__("id")
d.__or__(e)
d.__ior__(e)
d.__eq__(d)
d.x = 1
del d.id
rpyc.classic.obtain(d)
d[1] = (2, None); rpyc.classic.obtain(d)
d["x"] = n; rpyc.classic.obtain(d)
d["x"] = u; rpyc.classic.obtain(d)
list(rpyc.buffiter(d))
list(rpyc.buffiter(d.items(), 2))
list(rpyc.buffiter(d.values()))
json.dumps(dict(d))
for i in range(100): d[i] = -i\nlen(d), d[57], sum(x for x in list(d)[4:])
for i in range(100): d[i] = -i\nfor i in range(0, 100, 2): del d[i]\nlen(d), 57 in d, 58 in d, d.popitem()
for i in range(60): d[str(i)] = i\nd.update(e)\nfor i in range(30): d.pop(str(i))\nlist(d)[3:7]
for i in range(60): n.append(i)\nfor i in range(30): n.remove(i)\nlen(n), n[:5]
sorted(set(dir(d)) - set(dir(object)))
sorted(set(dir(d.keys())) - set(dir(object)))
u
str(u)
format(u)
format(u, "x")
u.id, u.name, u.email, u.status
u.as_tuple()
u.as_dict()
u.as_tuple
u.as_tuple(1)
u.as_tuple(a=1)
u.as_dict()["id"]
u.nope
u._x
u.__class__
u.__dict__
u.__eq__(1)
u.__doc__ is None
u.id = 5
u.x = 5
u._x = 5
del u.id
del u.x
setattr(u, "__class__", int)
u == u, u != u
u == r.get_user(4), u != r.get_user(4)
u == 4
u < u
u < 4
hash(u) == hash(u)
bool(u)
len(u)
u[0]
u[0] = 1
1 in u
iter(u)
u()
u + 1
with u: pass
isinstance(u, dict)
sorted(set(dir(u)) - set(dir(object)))
rpyc.classic.obtain(u)
list(rpyc.buffiter(u))
next(g)[:0]
len(next(g)), len(next(g)), next(g)
[len(x) for x in g]
[len(x) for x in g], list(g)
g
len(g)
g[0]
b"" in g
g()
iter(g) == g
bool(g)
g == g
g.send(None)[:0]
g.send(5)
len(next(g)), len(g.send(5))
len(next(g)), len(next(g)), g.send(5)
list(g); g.send(5)
list(g); g.send(None)
g.send()
g.send(1, 2)
g.close()
g.close(); next(g)
g.close(); g.close(); list(g)
g.close(1)
g.throw(ValueError)
g.throw(ValueError("x"))
g.throw(5)
g.throw("x")
g.throw()
attempt(g.throw, ValueError); len(next(g))
g.nope
operator.length_hint(g)
list(rpyc.buffiter(g)) == list(r.download_chunked(100, 60))
rpyc.classic.obtain(g)
reversed(g)
r
str(r) == repr(r)
r.nope
r._x
r.exposed_nope
r.ping, r.ping()
r.exposed_ping()
r.ping == r.ping
r.x = 1
del r.ping
r.ping = 5
r()
len(r)
r[0]
iter(r)
1 in r
r == r
r < r
r.get_service_name()
r.exposed_get_service_name()
r.get_service_aliases()
r.get_service_name(1)
r.ALIASES
r.__class__
r.ping.__name__
r.ping.x = 1
r.ping(1)
r.ping(a=1)
sorted(x for x in dir(r) if x.startswith("exposed_"))
sorted(set(dir(r)) - set(dir(object)))
rpyc.classic.obtain(r)
rpyc.classic.obtain(r.ping)
list(rpyc.buffiter(r))
raw("STR", 5), raw("REPR", "a"), raw("STR", "a"), raw("STR", None), raw("REPR", (1, b"x"))
raw("STR", 1.5), raw("STR", frozenset([1])), raw("STR", slice(1)), raw("STR", 10 ** 30)
raw("HASH", 5), raw("HASH", -1), raw("HASH", True), raw("HASH", 10 ** 30), raw("HASH", -10 ** 40)
raw("HASH", 1.5), raw("HASH", -0.1), raw("HASH", 1e300), raw("HASH", 5e-324), raw("HASH", 2.0 ** 61)
raw("HASH", float("inf")), raw("HASH", float("-inf")), raw("HASH", 2 ** 61 - 1), raw("HASH", -2 ** 61)
raw("HASH", slice(1))
raw("HASH", (1, slice(1)))
raw("HASH", "a") == raw("HASH", "a"), raw("HASH", (1, 2)) == raw("HASH", (1, 2))
raw("CMP", 5, 5, "__eq__"), raw("CMP", 5, 6, "__eq__"), raw("CMP", 5, 6, "__lt__")
raw("CMP", 5, True, "__lt__"), raw("CMP", True, 1, "__eq__"), raw("CMP", 5, 5.0, "__eq__")
raw("CMP", 5.0, 5, "__eq__"), raw("CMP", 5.5, 5, "__gt__"), raw("CMP", float("nan"), 1, "__ne__")
raw("CMP", 10 ** 30, 5, "__gt__"), raw("CMP", -10 ** 30, -10 ** 29, "__lt__"), raw("CMP", 1, 10 ** 30, "__ge__")
raw("CMP", 2 ** 53 + 1, float(2 ** 53), "__eq__"), raw("CMP", float(2 ** 53), 2 ** 53 + 1, "__eq__")
raw("CMP", "a", "b", "__lt__"), raw("CMP", "a", b"a", "__eq__"), raw("CMP", b"a", b"a", "__eq__")
raw("CMP", "a", 5, "__lt__"), raw("CMP", None, None, "__eq__"), raw("CMP", None, 5, "__eq__")
raw("CMP", (1, 2), (1, 3), "__lt__"), raw("CMP", (1,), (1.0,), "__eq__"), raw("CMP", (1,), (1, 0), "__lt__")
raw("CMP", (1,), ("a",), "__lt__")
raw("CMP", (1,), ("a",), "__eq__"), raw("CMP", ((1, 2),), ((1, 3),), "__ge__"), raw("CMP", (1,), 5, "__eq__")
raw("CMP", 1j, 1j, "__eq__"), raw("CMP", 1j, 2j, "__lt__"), raw("CMP", frozenset([1]), frozenset([1]), "__eq__")
raw("CMP", 5, 5, "__nope__")
raw("CMP", 5, 5, "__add__")
raw("CMP", 5, 5)
raw("GETATTR", 5, "real"), raw("GETATTR", True, "real"), raw("GETATTR", 1.5, "imag")
raw("GETATTR", 5, "nope")
raw("GETATTR", "a", "_x")
raw("GETATTR", None, "x")
raw("GETATTR", 5, 6)
raw("CALLATTR", 5, "__eq__", (5,)), raw("CALLATTR", 5, "__lt__", (5,)), raw("CALLATTR", 5, "__str__", ())
raw("CALLATTR", 5, "__hash__", ()), raw("CALLATTR", "a", "__repr__", ()), raw("CALLATTR", (1,), "__ne__", (5,))
raw("CALLATTR", 5, "__eq__", ())
raw("CALLATTR", 5, "__class__", ())
raw("CALLATTR", 5, "nope", ())
raw("CALLATTR", 5, "real", ())
raw("SETATTR", 5, "x", 1)
raw("DELATTR", 5, "x")
raw("CALL", 5, ())
raw("CALL", "a", (1,))
raw("CALL", None, (), ())
raw("BUFFITER", 5, 1)
raw("PICKLE", 5, 4) == __import__("pickle").dumps(5, 4)
raw("DIR", 5)[:0]
"__eq__" in raw("DIR", 5), "__str__" in raw("DIR", None)
raw("INSPECT", 5)
raw("CTXEXIT", 5, None)
raw("CTXEXIT", u, None)
raw("GETATTR", u, b"id")
raw("GETATTR", u, 5)
raw("DEL", n, 0); n
raw("DEL", n, -1); n
raw("NOPE", 1)
raw("OLDSLICING", n, "__getitem__", "__getslice__", 0, 2, ())
raw("OLDSLICING", n, "__setitem__", "__setslice__", 0, 2, ((7,),)); n
raw("OLDSLICING", n, "__delitem__", "__delslice__", 0, 2, ()); n
"""


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
    for line in CASES.strip().split("\n"):
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
