# SPDX-License-Identifier: MIT
"""Sections of a program, nested, on threads, and in asyncio, round calls of profiled_service.py.

    marked_client.py --port N

Prints nothing but "done".
"""
import argparse
import asyncio
import os
import sys
import threading

import rpyc

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "examples", "python"))

import mark  # noqa: E402

THREADS, EACH = 3, 5


@mark.section("ping")
def ping(root):
    return root.ping()


def on_thread(port):
    connection = rpyc.connect("127.0.0.1", port)
    with mark.section("thread"):
        for _ in range(EACH):
            ping(connection.root)
    connection.close()


@mark.section("task")
async def task(root):
    await asyncio.sleep(0)
    return root.get_users_tuples(2)


def main():
    parser = argparse.ArgumentParser(description="make calls in sections")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    connection = rpyc.connect("127.0.0.1", options.port)
    root = connection.root
    mark.start("load")  # 5 + 2 * 2 round trips
    user = root.get_user(1)
    names = user.name, user.email
    with mark.section("inside"):
        ping(root)
        ping(root)
    mark.end()
    with mark.section("nothing"):
        pass
    asyncio.run(task(root))
    threads = [threading.Thread(target=on_thread, args=(options.port,)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connection.close()
    print("done" if names == ("name1", "name1@example.com") else names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
