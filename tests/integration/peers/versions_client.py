# SPDX-License-Identifier: MIT
"""What the rpyc client of this interpreter's environment can do with a reference server.

    versions_client.py --port N [--host ADDR] [--at NAME=WHERE ...] [--ca-file FILE]
                       [--only WORD] [--kind all|quick|waiting]

Tries each feature on connections of its own and prints one JSON object {feature: "yes" or
"no: why"}, in a fixed order. Exit status 0 whatever the answers are. --at: the same service in
another way: strict=PORT, tls=PORT and bound=PORT (binds threads, which Python's server has to be
told) on the same host, ipv6=PORT on ::1, unix=PATH. --only tries the features whose names hold
WORD, --kind those that mostly wait or the others.
"""
import argparse
import json
import re
import signal
import sys
import threading
import time

import rpyc
from rpyc.core import consts
from rpyc.core.async_ import AsyncResultTimeout
from rpyc.core.protocol import DEFAULT_CONFIG

import versions_objects
from versions_table import LIMIT_S, PLACES, REQUEST_S, Not, connect, echoes, raises, same, table

BEYOND_BUFFERS = 16 << 20  # bytes that the sockets of a connection never hold
PROBE_HASHES = 10000  # some milliseconds
FEATURES, feature = table()


# ---- values ----

@feature("echo of None, True, False, NotImplemented, Ellipsis")
def singles(connection):
    echoes(connection, [None, True, False, NotImplemented, Ellipsis])


@feature("echo of int, up to 4000 digits")
def ints(connection):
    small = [-49, -48, -1, 0, 159, 160, 255, 256]
    echoes(connection, small + [sign * (1 << bits) + step for bits in (31, 32, 63, 64, 200)
                                for sign in (1, -1) for step in (-1, 0, 1)])
    echoes(connection, [10 ** digits for digits in (254, 255, 256, 3999)] + [-10 ** 3999])


@feature("echo of float and complex")
def floats(connection):
    echoes(connection, [0.0, -0.0, 1.5, 5e-324, 1.7976931348623157e308, float("inf"),
                        float("-inf"), float("nan"), 1 + 2j, complex("nan-infj")])


@feature("echo of str")
def texts(connection):
    echoes(connection, ["", "a", "abcd", "abcde", "\0", "\xe4\u20ac\U0001d11e", "x" * 255,
                        "x" * 256, "\u20ac" * 5000])


@feature("echo of bytes")
def byte_strings(connection):
    echoes(connection, [bytes(range(n % 256)) * (n // 255 + 1)
                        for n in (0, 1, 2, 3, 4, 5, 254, 255, 256, 2999, 3000, 3001, 70000)])


@feature("echo of tuple, nested and of 1000")
def tuples(connection):
    deep = ()
    for _ in range(80):
        deep = (deep, 1)
    echoes(connection, [(), (1,), (1, "a", b"b", None), tuple(range(255)), tuple(range(256)),
                        tuple(range(1000)), deep])


@feature("echo of frozenset and slice")
def others(connection):
    echoes(connection, [frozenset(), frozenset([1, "a"]), slice(1, None, -2),
                        (frozenset([(1, 2)]), slice(None))])


# ---- bulk ----

@feature("requests that are compressed")
def compressed_up(connection):
    same(connection.root.upload(bytes(10 ** 6)), 10 ** 6)
    echoes(connection, [b"ab" * 1500, b"ab" * 1501, b"ab" * 10 ** 5])


@feature("download, 1 byte to 10 MB")
def download(connection):
    whole = connection.root.download(10 ** 7)
    same(len(whole), 10 ** 7)
    for size in (0, 1, 3000, 3001, 70000, 10 ** 6):
        same(connection.root.download(size), whole[:size])


@feature("upload of 10 MB that do not compress")
def upload(connection):
    data = connection.root.download(10 ** 6)
    same(connection.root.upload(data * 10), 10 ** 7)


@feature("upload_chunked over a list, a generator and an own class")
def upload_chunked(connection):
    class Chunks:
        def __iter__(self):
            return iter([b"a" * 10, b"b" * 20])

    same(connection.root.upload_chunked([b"x" * 4096] * 20), 20 * 4096)
    same(connection.root.upload_chunked((bytes([n]) * n for n in range(100))), 4950)
    same(connection.root.upload_chunked(Chunks()), 30)


@feature("upload_chunked over a tuple, by value")
def upload_tuple(connection):
    same(connection.root.upload_chunked((b"abc", b"de")), 5)


@feature("download_chunked, by for, next, list and buffiter")
def download_chunked(connection):
    root = connection.root
    whole = root.download(100000)
    same(b"".join(root.download_chunked(100000, 999)), whole)
    same(b"".join(list(root.download_chunked(100000, 16384))), whole)
    pieces = root.download_chunked(100000, 16384)
    same(next(pieces) + next(pieces), whole[:32768])
    same(b"".join(rpyc.buffiter(root.download_chunked(100000, 99), 5)), whole)


# ---- calls ----

@feature("keyword arguments and defaults")
def keywords(connection):
    root = connection.root
    same(len(root.download(size=10)), 10)
    same(len(root.download()), 1024)
    same(root.download_chunk(offset=5, size=10), root.download(15)[5:])


@feature("exposed_ names")
def exposed(connection):
    same(connection.root.exposed_ping(), "pong")


@feature("100 asynchronous calls in flight")
def asynchronous(connection):
    echo = rpyc.async_(connection.root.echo)
    results = [echo(n) for n in range(100)]
    same([result.value for result in results], list(range(100)))


@feature("a connection shared by 4 threads")
def shared(connection):
    root, good = connection.root, []

    def work(number):
        good.extend(root.echo((number, k)) == (number, k) for k in range(25))

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(REQUEST_S)
    same(good, [True] * 100)


@feature("8 connections at once")
def crowd(connection):
    port = connection.port
    others = [connect(connection.host, port) for _ in range(7)]
    for other in others:
        same(other.root.ping(), "pong")
    for other in others:
        other.close()


@feature("asynchronous calls: callbacks, errors, and an end to waiting")
def asynchronous_results(connection):
    heard = []
    answer = rpyc.async_(connection.root.echo)(5)
    answer.add_callback(heard.append)
    answer.wait()
    same((answer.ready, answer.error, answer.value, heard == [answer]), (True, False, 5, True))
    wrong = rpyc.async_(connection.root.fail)("value")
    wrong.wait()
    same(wrong.error, True)
    raises(ValueError, lambda: wrong.value)
    late = rpyc.async_(connection.root.io_work)(0.6)
    late.set_expiry(0.1)
    raises(AsyncResultTimeout, late.wait)
    same(late.expired, True)
    same(connection.root.ping(), "pong")


@feature("an asynchronous call that calls back")
def asynchronous_nested(connection):
    root = connection.root

    def back(depth):
        return root.nested(depth, back)

    same(rpyc.async_(root.nested)(5, back).value, 5)


@feature("BgServingThread, which hears an answer while nobody asks for it")
def background(connection):
    heard = threading.Event()
    thread = rpyc.BgServingThread(connection)
    try:
        rpyc.async_(connection.root.io_work)(0.05).add_callback(lambda answer: heard.set())
        if not heard.wait(REQUEST_S):
            raise Not("not heard")
        same(connection.root.ping(), "pong")
    finally:
        thread.stop()


@feature("sync_request_timeout and timed: the late answer is dropped")
def timeouts(connection):
    slow = connection.root.io_work
    connection._config["sync_request_timeout"] = 0.2
    raises(AsyncResultTimeout, slow, 0.6)
    connection._config["sync_request_timeout"] = REQUEST_S
    same(connection.root.ping(), "pong")
    raises(AsyncResultTimeout, lambda: rpyc.timed(connection.root.io_work, 0.1)(0.4).value)
    same(connection.root.ping(), "pong")


# ---- exceptions ----

@feature("ValueError with its text and remote traceback")
def value_error(connection):
    error = raises(ValueError, connection.root.download, -1)
    if "-1" not in str(error.args) or not hasattr(error, "_remote_tb"):
        raise Not("%.60r" % (error,))
    same(connection.root.ping(), "pong")


@feature("TypeError for arguments that do not fit")
def type_error(connection):
    raises(TypeError, connection.root.ping, 1)
    raises(TypeError, connection.root.download, sighs=1)
    same(connection.root.ping(), "pong")


@feature("AttributeError for a name that is missing or private")
def attribute_error(connection):
    root = connection.root
    for name in ("no_such_thing", "__dict__", "_private", "____conn____x"):
        raises(AttributeError, getattr, root, name)
    same(hasattr(root, "no_such_thing"), False)


@feature("setting and deleting attributes denied")
def denied(connection):
    raises(AttributeError, setattr, connection.root, "ping", 1)
    raises(AttributeError, delattr, connection.root, "ping")


@feature("StopIteration at the end of an iterator")
def stop(connection):
    pieces = connection.root.download_chunked(10, 10)
    next(pieces)
    raises(StopIteration, next, pieces)


@feature("an exception of the client passes through the server")
def through(connection):
    def chunks():
        yield b"abc"
        raise KeyError("mine")

    error = raises(KeyError, connection.root.upload_chunked, chunks())
    same(error.args, ("mine",))
    same(connection.root.ping(), "pong")


@feature("fail: value and custom")
def fail(connection):
    raises(ValueError, connection.root.fail, "value")
    error = raises(Exception, connection.root.fail, "custom")
    if isinstance(error, (AttributeError, EOFError)):
        raise error


# ---- the traps of the wire ----

@feature("PING of 520 letters and of 1 MB")
def ping(connection):
    connection.ping()
    connection.ping(b"x" * 10 ** 6, timeout=REQUEST_S)


def send_del(connection, id_pack, count):
    """A DEL whose answer nobody waits for. Its seq is used up, so that nothing else has it."""
    connection._send(consts.MSG_REQUEST, connection._get_seq_id(), (
        consts.HANDLE_DEL, (consts.LABEL_TUPLE, ((consts.LABEL_LOCAL_REF, id_pack),
                                                 (consts.LABEL_VALUE, count)))))


@feature("DEL of an unknown object, and more often than it was sent")
def stray_del(connection):
    root = connection.root
    # 4.1.2 and older end at an answer to a request they do not know; these here do not.
    send_del(connection, ("builtins.list", 12345678901, 12345678902), 1)
    method = root.ping
    send_del(connection, method.____id_pack__, 1000)
    send_del(connection, method.____id_pack__, 1)
    send_del(connection, root.____id_pack__, -5)
    connection.ping()
    raises((KeyError, TypeError, ValueError, LookupError), method)
    same(root.ping(), "pong")


@feature("answers that nobody awaits")
def stray_answers(connection):
    same(connection.root.ping(), "pong")
    connection._send(consts.MSG_REPLY, 4711, (consts.LABEL_VALUE, None))
    connection._send(consts.MSG_EXCEPTION, 4712, 1)
    connection._send(consts.MSG_REPLY, "x", (consts.LABEL_VALUE, None))
    same(connection.root.ping(), "pong")


@feature("unknown handler, label and reference")
def nonsense(connection):
    root = connection.root
    for handler, box in ((99, (consts.LABEL_VALUE, ())), (consts.HANDLE_PING, (9, 1)),
                         (consts.HANDLE_STR, (consts.LABEL_TUPLE, ((
                             consts.LABEL_LOCAL_REF, ("builtins.list", 1, 2)),)))):
        connection._send(consts.MSG_REQUEST, connection._get_seq_id(), (handler, box))
        same(root.ping(), "pong")


@feature("close() at once, with references held")
def close(connection):
    # 6.x waits for the server's end of the connection, up to the timeout of a request.
    held = [connection.root.ping, connection.root.download_chunked(1000, 10)]
    began = time.monotonic()
    connection.close()
    if time.monotonic() - began >= REQUEST_S:
        raise Not("close() waits for its timeout")
    del held
    same(connection.closed, True)


def at_once(connection, size):
    """Bytes for an upload that begins when it is called, not after a second of compressing."""
    connection._channel.compress = False
    return bytes(size)


@feature("16 MB while another connection is served for 5 s", waits=True)
def others_wait(connection):
    upload, data = connection.root.upload, at_once(connection, BEYOND_BUFFERS)
    other = connect(connection.host, connection.port)
    slow = rpyc.async_(other.root.io_work)(5.0)
    same(upload(data), len(data))
    same(slow.value, "data")
    other.close()


@feature("16 MB behind a call of 10 s on the same connection (a write gives up after 3 s)",
         waits=True)
def write_stall(connection):
    upload, data = connection.root.upload, at_once(connection, BEYOND_BUFFERS)
    answer = rpyc.async_(connection.root.io_work)(10.0)
    same(upload(data), len(data))
    same(answer.value, "data")


def duration(function, argument):
    began = time.monotonic()
    function(argument)
    return time.monotonic() - began


@feature("16 MB behind a computation of 4 s and more on the same connection", waits=True)
def write_stall_computing(connection):
    connection._config["sync_request_timeout"] = LIMIT_S  # others compute at the same time
    work, data = connection.root.cpu_work, at_once(connection, BEYOND_BUFFERS)
    hashes = int(4 * PROBE_HASHES / min(duration(work, PROBE_HASHES) for _ in range(20)))
    upload, answer = connection.root.upload, rpyc.async_(work)(hashes)
    same(upload(data), len(data))
    same(len(answer.value), 16)


@feature("16 MB both ways at once (Python does not read while it writes)", waits=True)
def both_ways(connection):
    upload, data = connection.root.upload, at_once(connection, BEYOND_BUFFERS)
    answer = rpyc.async_(connection.root.download)(BEYOND_BUFFERS)
    same(upload(data), len(data))
    same(len(answer.value), BEYOND_BUFFERS)


@feature("thread binding (bind_threads)")
def bound(connection):
    if "bind_threads" not in DEFAULT_CONFIG:
        raise Not("this rpyc has none")
    other = connect(connection.host, int(PLACES.get("bound", connection.port)), bind_threads=True)
    root, answers = other.root, []

    # One after the other: of several at once some get no answer from Python's own server.
    def work(number):
        callers = set()

        def back(depth):
            callers.add(threading.get_ident())
            return root.nested(depth, back)

        answers.append((number, root.nested(5, back), root.upload_chunked([b"abc"] * number),
                        callers == {threading.get_ident()}))
        raises(ValueError, root.fail, "value")

    for number in range(4):
        thread = threading.Thread(target=work, args=(number,), daemon=True)
        thread.start()
        thread.join(REQUEST_S)
    same(answers, [(number, 5, 3 * number, True) for number in range(4)])
    other.close()


# ---- running them ----

def reason(error):
    lines = [line for line in str(error).splitlines() if line.strip()]
    text = lines[0].strip() if lines else ""
    text = re.sub(r"0x[0-9a-f]+", "0x..", text)
    text = re.sub(r" \(_ssl\.c:\d+\)", "", text)
    if isinstance(error, Not):
        return text
    return ("%s: %s" % (type(error).__name__, text) if text else type(error).__name__)[:120]


def on_alarm(number, frame):
    raise Not("no end within %d s" % LIMIT_S)


def attempt(function, host, port):
    connection = None
    try:
        signal.alarm(LIMIT_S)
        connection = connect(host, port)
        function(connection)
        return "yes"
    except Exception as error:
        return "no: %s" % reason(error)
    finally:
        signal.alarm(0)
        if connection is not None:
            connection.close()


def main():
    parser = argparse.ArgumentParser(description="try the rpyc client of this environment")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--at", action="append", default=[], metavar="NAME=WHERE")
    parser.add_argument("--ca-file")
    parser.add_argument("--only", default="")
    parser.add_argument("--kind", choices=["all", "quick", "waiting"], default="all")
    options = parser.parse_args()
    PLACES.update(word.split("=", 1) for word in options.at)
    PLACES["ca-file"] = options.ca_file
    signal.signal(signal.SIGALRM, on_alarm)
    table = {name: attempt(function, options.host, options.port)
             for name, function, waits in FEATURES + versions_objects.FEATURES
             if options.only in name and options.kind in ("all", "waiting" if waits else "quick")}
    print(json.dumps(table, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
