# SPDX-License-Identifier: MIT
"""Calls from everywhere in a program. Prints the line of each, as the tap should tell it.

    tap_places.py PORT
"""
import asyncio
import inspect
import sys
import threading

import rpyc

CONNECTION = rpyc.connect("127.0.0.1", int(sys.argv[1]), config={"allow_public_attrs": True})
ECHO = CONNECTION.root.echo


def say(back=0):
    """Tells the line of the caller, who calls ECHO on it too."""
    frame = inspect.currentframe().f_back
    print("%d %s" % (frame.f_lineno + back, frame.f_code.co_name))


class Näme:
    def method(self, depth):
        if depth > 0:
            return self.method(depth - 1)
        return ECHO(say())


def generate():
    for number in range(2):
        yield ECHO(number, *([] if say() else []))


async def coroutine():
    await asyncio.sleep(0)
    ECHO(say())


def callback(number):
    ECHO(say())
    return number


def main():
    Näme().method(300)
    list(generate())
    asyncio.run(coroutine())
    thread = threading.Thread(target=lambda: ECHO(say()))
    thread.start()
    thread.join()
    CONNECTION.root.each(callback, 2)
    for number in range(6):  # code objects where others have just been
        code = compile("\n" * number + "ECHO(say())", "<dynamic>", "exec")
        exec(code)  # pylint: disable=exec-used
        del code
    sorted([2, 1], key=lambda number: (ECHO(say()), number)[1])


main()
