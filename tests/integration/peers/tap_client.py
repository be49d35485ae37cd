# SPDX-License-Identifier: MIT
"""A program that must not notice that it is watched.

    tap_client.py CASE PORT

What it prints is the same each time that it is run, but for what the tap changes.
"""
import asyncio
import multiprocessing
import os
import select
import signal
import socket
import subprocess
import sys
import threading

import rpyc

PORT = int(sys.argv[2])
CONFIG = {"allow_public_attrs": True}


def connect():
    return rpyc.connect("127.0.0.1", PORT, config=CONFIG)


def say(*values):
    print(*values, flush=True)


def objects():
    with connect() as c:
        root = c.root
        say(root.ping(), root.echo(1.5), root.echo(10 ** 40), root.echo("\u00fc\U0001f600"))
        numbers = root.numbers(10)
        say(type(numbers), len(numbers), list(numbers), numbers[2:5], 3 in numbers, numbers == 3)
        numbers.append("eleven")
        say(str(numbers), repr(numbers), numbers.index(3))
        table = root.table()
        say(sorted(table), table["two"], table["three"]["deep"], sorted(dict(table)))
        say([user.name for user in root.users(5)], list(root.generate(6)))
        say(root.each(lambda number: number + 0.5, 4))
        user = root.users(1)[0]
        user.name = "other"
        say(user.name, hasattr(user, "nothing"), isinstance(user, object), bool(root.numbers(0)))
        say(root.echo(rpyc.async_(root.ping)().value))


def exceptions():
    with connect() as c:
        for call in (lambda: c.root.fail("text"), lambda: c.root.nothing, lambda: c.root.numbers(),
                     lambda: c.root.table()["four"], lambda: c.root.each(None, 1)):
            try:
                call()
            except Exception as error:  # pylint: disable=broad-except
                say(type(error).__name__, str(error).split("\n")[0])
    try:
        c.root.ping()
    except EOFError as error:
        say("closed", error)


def large():
    with connect() as c:
        for size in (256, 25600, 2560000):
            data = c.root.bytes(size)
            say(len(data), data == bytes(range(256)) * (size // 256))
            data = os.urandom(size)
            say(c.root.echo(data) == data)


def threads():
    results = [None] * 8

    def work(number):
        with connect() as c:
            results[number] = [c.root.echo(number * 100 + i) for i in range(50)]

    workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    say(results)
    c = connect()
    serving = rpyc.BgServingThread(c)
    say([rpyc.async_(c.root.echo)(number).value for number in range(20)])
    say(c.root.each(lambda number: threading.current_thread() is not threading.main_thread(), 3))
    serving.stop()
    c.close()


def fork():
    c = connect()
    say("parent", c.root.echo("before"))
    child = os.fork()
    if child == 0:
        with connect() as own:
            say("child", own.root.echo("own"))
        say("child", c.root.echo("inherited"))
        os._exit(7)
    say("status", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    with connect() as again:
        say("parent", again.root.echo("after"))
    os._exit(0)


def work_of_child(number):
    with connect() as c:
        return c.root.echo(number)


def processes():
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            say(method, pool.map(work_of_child, range(6)))


def children():
    c = connect()
    code = ("import rpyc, sys; c = rpyc.connect('127.0.0.1', %d); "
            "print(c.root.ping(), len(sys.argv)); sys.exit(5)" % PORT)
    for options in ({}, {"close_fds": False}, {"start_new_session": True},
                    {"preexec_fn": lambda: None}):
        done = subprocess.run([sys.executable, "-c", code, "x"], capture_output=True, check=False,
                              **options)
        say(done.returncode, done.stdout, done.stderr)
        say(c.root.ping())
    say(subprocess.run(["cat"], input=b"through a pipe", capture_output=True, check=True).stdout)
    say(subprocess.run("exit 9", shell=True, check=False).returncode)
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ)
    say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    say(c.root.ping())
    os.execv(sys.executable, [sys.executable, "-c", code, "a", "b"])


def environment():
    """A child without our variables, and one that empties its environment."""
    code = "import rpyc; print(rpyc.connect('127.0.0.1', %d).root.ping())" % PORT
    kept = {key: value for key, value in os.environ.items() if key not in
            ("LD_PRELOAD", "RPYCBENCH_TAP")}
    for env in (kept, {}):
        say(subprocess.run([sys.executable, "-c", code], env=env, capture_output=True,
                           check=False).stdout)
    say(sorted(set(os.environ) - set(kept) - {"LD_PRELOAD", "RPYCBENCH_TAP"}))


def in_asyncio():
    async def echo(reader, writer):
        writer.write(await reader.readexactly(5))
        await writer.drain()
        writer.close()

    async def main():
        loop = asyncio.get_running_loop()
        c = await loop.run_in_executor(None, connect)
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello")
        say(await reader.read(), await loop.run_in_executor(None, c.root.ping))
        say(await asyncio.gather(*(loop.run_in_executor(None, c.root.echo, n) for n in range(9))))
        writer.close()
        server.close()
        c.close()

    asyncio.run(main())


def signals():
    seen = []
    signal.signal(signal.SIGALRM, lambda number, frame: seen.append(number))
    with connect() as c:
        signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
        say(sum(c.root.echo(i) for i in range(300)))
        while not seen:
            c.root.ping()
        signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        r, w = os.pipe()
        os.close(r)
        os.write(w, b"x")
    except BrokenPipeError as error:
        say(error)
    say(signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.getsignal(signal.SIGPIPE))
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGTERM)


def status():
    with connect() as c:
        say(c.root.ping())
    print("to stderr", file=sys.stderr)
    sys.exit(42)


def uncaught():
    c = connect()
    c.root.fail("nobody catches it")


def standard_input():
    with connect() as c:
        for line in sys.stdin:
            say(c.root.echo(line.rstrip("\n")))


def descriptors():
    before = sorted(os.listdir("/proc/self/fd"))
    c = connect()
    say(c.fileno(), c.root.ping())
    within = sorted(os.listdir("/proc/self/fd"))
    say(len(within) - len(before), [os.readlink("/proc/self/fd/%d" % c.fileno())[:7]])
    say([fd for fd in within if fd != "0" and fd not in before])
    a, b = socket.socketpair()
    copy = os.dup(c.fileno())
    say(a.fileno(), b.fileno(), copy, os.dup2(copy, 50), c.root.ping())
    os.close(copy)
    os.close(50)
    say(c.root.ping(), len(select.select([], [c], [], 0)[1]))
    os.closerange(a.fileno(), b.fileno() + 1)
    a.detach()
    b.detach()
    c.close()
    say(sorted(os.listdir("/proc/self/fd")) == before)
    # The same numbers again, with what is not RPyC.
    with open(__file__, "rb") as file:
        say(file.fileno(), len(file.read(20)))
    a, b = socket.socketpair()
    a.sendall(b"hello")
    say(a.fileno(), b.recv(10))


def exhausted():
    """No descriptors left when the ring would be made, and again enough of them."""
    c = connect()
    taken = []
    try:
        while True:
            taken.append(os.dup(0))
    except OSError as error:
        say(error.strerror)
    say([c.root.ping() for _ in range(20)])
    for fd in taken:
        os.close(fd)
    say([c.root.ping() for _ in range(100)][-1])
    c.close()


def classic():
    c = rpyc.classic.connect("127.0.0.1", PORT)
    say(c.modules.math.sqrt(16), c.eval("6 * 7"), c.modules["os.path"].join("a", "b"))
    c.execute("def f(x): return [x] * 3")
    say(c.namespace["f"]("y"), c.builtins.len([1, 2]))
    say(rpyc.classic.obtain(c.eval("{'k': [1, 2]}")))
    with rpyc.classic.redirected_stdio(c):
        c.execute("print('printed there')")
    say(rpyc.classic.teleport_function(c, work_of_nobody)(20))
    c.close()


def work_of_nobody(number):
    return number + 1


def tls():
    c = rpyc.ssl_connect("127.0.0.1", PORT, config=CONFIG)
    say(c.root.ping(), list(c.root.numbers(5)), c.root.each(lambda number: -number, 3))
    data = os.urandom(300000)
    say(c.root.echo(data) == data)
    c.close()


def pipes():
    """The server is a child, at the other ends of two pipes."""
    code = ("import rpyc, sys; from rpyc.core.stream import PipeStream; "
            "from rpyc.core.channel import Channel; "
            "rpyc.utils.factory.connect_stream(PipeStream.from_std(), rpyc.SlaveService)"
            ".serve_all()")
    c = rpyc.utils.factory.connect_subproc([sys.executable, "-u", "-c", code],
                                           rpyc.core.service.MasterService)
    say(c.eval("1 + 1"), c.modules.math.floor(2.5))
    c.close()


def deep(level=200):
    if level > 0:
        return deep(level - 1)
    with connect() as c:
        return say(c.root.ping(), list(reversed([*map(c.root.echo, range(3))])))


CASES = {"asyncio": in_asyncio, "stdin": standard_input}

if __name__ == "__main__":
    name = sys.argv[1]
    (CASES.get(name) or globals()[name])()
