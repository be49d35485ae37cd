/* SPDX-License-Identifier: MIT */
/* What the findings of a profile mean to who writes Python with RPyC, and what to do. */
#include "protocols/rpyc/rpyc_decode.h"

const struct bench_finding_rule rpyc_finding_rules[] = {
    {"n-plus-one",
     "a list, dict or other object came by reference and was iterated: a round trip for each "
     "element, and more for what is read of it",
     "let the server return values: a tuple of tuples travels whole in one answer, `return "
     "tuple((u.id, u.name) for u in users)`; or copy what is there in one round trip, `users = "
     "rpyc.classic.obtain(conn.root.get_users())`, if the server allows pickling, is trusted, and "
     "the classes can be imported here; where neither can be, `for u in rpyc.buffiter(users):` "
     "fetches many elements at a time"},
    {"attributes", "attributes of one object were read one by one: a round trip each",
     "one call that returns what is needed as a tuple: on the server `def exposed_summary(self, "
     "id): u = find(id); return (u.name, u.email)`, then `name, email = conn.root.summary(7)`"},
    {"lookups",
     "a method was looked up anew for every call: `conn.root.f()` is two round trips, one for the "
     "name and one for the call, and the method is released afterwards",
     "keep the method: `get_user = conn.root.get_user` before the loop, `get_user(id)` inside it"},
    {"callbacks",
     "the other side called back, or iterated over an argument, once for each element: lists and "
     "functions are passed by reference",
     "pass values, `conn.root.total(tuple(numbers))` instead of a list; let a callback take many "
     "elements at a time, `callback(tuple(batch))`"},
    {"deep",
     "requests within requests: each side waits inside the other's callback, every level costs a "
     "round trip and stack on both sides, and two Python peers manage about 150 of them",
     "return what the caller needs to decide, and let it call again in a loop, `while task: task = "
     "conn.root.step(task)`, instead of calling back from the callback"},
    {"slow",
     "calls that took long; what is left after the requests nested in them is the work of who was "
     "called, and no change of the protocol makes it shorter",
     "look into what is called; where the result is not needed at once, start it and go on: `r = "
     "rpyc.async_(conn.root.f)(x)`, and later `r.value`"},
    {"stall",
     "messages stood still for about 40 ms: without TCP_NODELAY a small piece waits until the one "
     "before it is acknowledged, which the other side delays. rpyc writes a frame above 64000 "
     "bytes "
     "in three pieces; and small messages wait when two in a row come from one side, such as the "
     "release of an object and the next request",
     "keep objects and methods that are used again, `f = conn.root.f` before the loop, so that "
     "less "
     "is released; keep what is sent at once below 64000 bytes, `for i in range(0, len(data), "
     "60000): "
     "put(data[i:i + 60000])`; or set TCP_NODELAY on the side that sends the large messages (alone "
     "on the other "
     "one it makes things worse): "
     "`rpyc.connect_stream(rpyc.SocketStream.connect(host, port, nodelay=True))` for a client; a "
     "server does it in its authenticator, `sock.setsockopt(socket.IPPROTO_TCP, "
     "socket.TCP_NODELAY, 1)`"},
    {"leak",
     "objects that were handed out and not given back: their owner keeps them alive as long as the "
     "connection lasts",
     "drop the proxies, `del users`, keep none in globals, caches or exceptions that are stored; "
     "return tuples where no object is needed"},
    {"incompressible",
     "rpyc compresses every message above 3000 bytes; these became no smaller, and the time that "
     "both sides spent on it was wasted",
     "switch it off where such data are sent, the other side need not know: "
     "`rpyc.connect_channel(rpyc.Channel(rpyc.SocketStream.connect(host, port), compress=False))`"},
    {"copy-refused",
     "a copy by value was asked for (`obtain`, `pickle`) and refused: servers do not pickle unless "
     "they are told to",
     "allow it on the server, if its clients are trusted: `ThreadedServer(Service, "
     "protocol_config={\"allow_pickle\": True})`, what the client is configured to does not "
     "matter; "
     "or return tuples, which need no permission"},
    {"described",
     "each object of a class of one's own is described to the other side before it can be used: "
     "one more round trip for every object, not for every class (rpyc 4.1.3 and later)",
     "return values, `return (u.name, u.email)`; lists, dicts and other built-in types are not "
     "described, nor is an object whose proxy is still held"},
    {NULL, NULL, NULL},
};
