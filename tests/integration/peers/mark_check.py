# SPDX-License-Identifier: MIT
"""What examples/python/mark.py does, seen by a library that is not there.

    mark_check.py absent | present

absent: the profiler is not in this process, whatever RPYCBENCH_TAP says; every use of mark does
nothing. present: each call that mark would make is noted, with its thread, and compared.
"""
import asyncio
import ctypes
import os
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "examples", "python"))


class Function:
    def __init__(self, calls, what):
        self.calls, self.what = calls, what

    def __call__(self, *args):
        self.calls.append((self.what, threading.get_ident(), *args))


class Library:
    def __init__(self, calls):
        self.rpycbench_mark_begin = Function(calls, "begin")
        self.rpycbench_mark_end = Function(calls, "end")


def use(mark):
    """All ways; gives what came out of them."""
    out = []
    mark.start("outer \u00fc")
    with mark.section("inner") as section:
        out.append(section.name)
    mark.end()

    @mark.section("function")
    def double(n):
        """twice n"""
        return 2 * n

    @mark.section("coroutine")
    async def wait(n):
        await asyncio.sleep(0)
        return n

    out += [double(4), double(5), double.__doc__, asyncio.run(wait(6))]
    try:
        with mark.section("broken"):
            raise KeyError("x")
    except KeyError:
        out.append("raised")
    thread = threading.Thread(target=double, args=(1,))
    thread.start()
    thread.join()
    return out


WANTED = ["inner", 8, 10, "twice n", 6, "raised"]
NAMES = ["outer \u00fc", "inner", None, None, "function", None, "function", None, "coroutine", None,
         "broken", None, "function", None]


def check(calls):
    names = [call[2].decode() if call[0] == "begin" else None for call in calls]
    threads = {call[1] for call in calls}
    if names != NAMES:
        raise AssertionError("%r" % names)
    if len(threads) != 2 or calls[-1][1] != calls[-2][1]:
        raise AssertionError("on threads %r" % threads)


def main():
    present = sys.argv[1] == "present"
    calls = []
    if present:
        os.environ["RPYCBENCH_TAP"] = "x"
        ctypes.CDLL = lambda name: Library(calls)
    import mark
    got = use(mark)
    if got != WANTED:
        raise AssertionError("%r" % got)
    if present:
        check(calls)
    elif mark._begin is not mark._nothing or mark._end is not mark._nothing:
        raise AssertionError("it has found something")
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
