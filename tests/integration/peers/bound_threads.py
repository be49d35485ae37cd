# SPDX-License-Identifier: MIT
"""Threads of one rpyc client that share a connection with bind_threads, all calling and called back.

    bound_threads.py --port N [--threads N] [--rounds N]

Every call has to be called back in the thread that made it. Prints "ok"; exit status 1 and what was
wrong otherwise.
"""
import argparse
import sys
import threading

import rpyc

PATIENCE_S = 60


def use(root, number, rounds):
    me = threading.get_ident()
    callers = set()

    def back(depth):
        callers.add(threading.get_ident())
        return root.nested(depth, back)

    def pieces():
        callers.add(threading.get_ident())
        yield b"x" * number
        if root.echo(number) != number:  # within the server's request for the next piece
            raise AssertionError("another answer within the callback")
        yield b"y" * 5000

    for turn in range(rounds):
        if root.nested(6, back) != 6:
            raise AssertionError("another depth")
        if root.echo((number, turn)) != (number, turn):
            raise AssertionError("the answer of another thread")
        if root.upload_chunked(pieces()) != number + 5000:
            raise AssertionError("another size")
        try:
            root.fail("value")
            raise AssertionError("no exception")
        except ValueError:
            pass
    if callers != {me}:
        raise AssertionError("called back in the threads %s instead of %s" % (callers, me))


def main():
    parser = argparse.ArgumentParser(description="threads of a client with bind_threads")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    connection = rpyc.connect("127.0.0.1", options.port, config={
        "bind_threads": True, "sync_request_timeout": PATIENCE_S})
    root, problems = connection.root, []

    def work(number):
        try:
            use(root, number, options.rounds)
        except BaseException as error:  # whatever it is, it is told by the main thread
            problems.append("thread %d: %s: %s" % (number, type(error).__name__, error))

    threads = [threading.Thread(target=work, args=(number,), daemon=True)
               for number in range(options.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE_S)
        if thread.is_alive():
            problems.append("a thread has no end")
    if not problems:
        connection.close()
    print("\n".join(problems) or "ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
