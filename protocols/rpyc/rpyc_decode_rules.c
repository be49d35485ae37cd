/* SPDX-License-Identifier: MIT */
/* What the findings of a profile mean to who writes Python with RPyC, and what to do. */
#include "protocols/rpyc/rpyc_decode.h"

const struct bench_finding_rule rpyc_finding_rules[] = {
    {"n-plus-one",
     "a list, dict or other object came by reference and was iterated: one round trip for each "
     "element, and more for what is read of it",
     "let the server return values: a tuple of tuples travels whole in one reply, `return "
     "tuple((u.id, u.name) for u in users)`; or copy what is there with one round trip, `users = "
     "rpyc.classic.obtain(conn.root.get_users())`, if the server has allow_pickle and is trusted; "
     "where neither can be, rpyc.buffiter(users) fetches many elements at a time"},
    {"attributes", "attributes of one object were read one by one: a round trip each",
     "one method that returns what is needed as a tuple: `def exposed_summary(self, id): u = "
     "find(id); return (u.name, u.email)`, then `name, email = conn.root.summary(7)`"},
    {"lookups",
     "a method was looked up anew for every call: `conn.root.f()` is two round trips, one for the "
     "name and one for the call, and a release afterwards",
     "keep the method: `get_user = conn.root.get_user` before the loop, `get_user(id)` in it"},
    {"callbacks",
     "the other side called back, or iterated over an argument, once for each element: a list is "
     "passed by reference",
     "pass values: `conn.root.total(tuple(numbers))` instead of a list; let a callback take many "
     "elements at once, `callback(tuple(batch))`"},
    {"deep",
     "requests nested in requests: each side waits inside the other's callback, and every level "
     "costs a round trip and a frame of both stacks",
     "return data and decide at the caller instead of calling back from the callback; two Python "
     "peers manage about 150 levels before the recursion limit ends it"},
    {"slow",
     "calls that took long: the time is the server's, not the network's, unless the call has "
     "requests nested in it",
     "look at what the server does; where the client need not wait, `r = rpyc.async_(conn.root.f)"
     "(x)` and `r.value` later let several run at the same time"},
    {"stall",
     "a frame above 64000 bytes is written in three pieces; without TCP_NODELAY the small ones "
     "wait "
     "for an acknowledgement that the other side delays, about 40 ms",
     "set TCP_NODELAY on both ends: `sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)` "
     "before the connection is made of it (`rpyc.connect_stream(SocketStream(sock))`, an "
     "authenticator on the server's side); or keep messages below 64000 bytes"},
    {"leak",
     "objects that were handed out and never given back: the side that owns them keeps them as "
     "long as the connection lives",
     "drop the proxies: `del users`, no global lists or caches of them, nor exceptions that are "
     "kept with their frames; return values (tuples) where no object is needed"},
    {"incompressible",
     "RPyC compresses each message above 3000 bytes; these became no smaller, and the time of both "
     "sides was wasted",
     "switch it off for this connection, on both sides if both send such data: "
     "`rpyc.connect_stream(SocketStream(sock))` with `rpyc.Channel(stream, compress=False)`; or "
     "send data that are packed already by other means than RPyC"},
    {"copy-refused",
     "obtain() or pickle asked for a copy by value and the server refused: pickling is off by "
     "default",
     "either let the server allow it, if its clients are trusted: `ThreadedServer(Service, "
     "protocol_config={\"allow_pickle\": True})` (the client's own configuration does not matter); "
     "or return tuples, which need no permission"},
    {"described",
     "every new object of a class of your own is described to the other side before it can be "
     "used: a second round trip for each, for every object anew (rpyc 4.1.3 and later)",
     "return tuples or other values; lists, dicts and other built-in types are not described; an "
     "object whose proxy is kept is not described again"},
    {NULL, NULL, NULL},
};
