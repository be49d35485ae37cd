#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An import that passes lists, which the server then fetches from the client row by row.

    slow_import.py --serve PORT
    slow_import.py --connect HOST:PORT [--fixed]

`rpycbench profile -- python3 slow_import.py --connect HOST:PORT` says what is slow about it;
--fixed does what it advises. docs/profiling.md has the whole story.
"""
import argparse
import time

import rpyc
from rpyc.utils.server import ThreadedServer

FILES = 4
ROWS = 150
COMMIT_S = 0.003  # what the database needs for each file


class Warehouse(rpyc.Service):
    def exposed_store(self, rows):
        """Whether the rows are here or at the client cannot be seen: the loop is the same."""
        pieces = 0
        for _article, count in rows:
            pieces += count
        time.sleep(COMMIT_S)
        return pieces


def read_file(number):
    return [(f"article {number}-{row}", row % 12) for row in range(ROWS)]


def slow(root):
    return sum(root.store(read_file(number)) for number in range(FILES))


def fixed(root):
    return sum(root.store(tuple(read_file(number))) for number in range(FILES))


def serve(port):
    """On port, or on any (0); says on which."""
    server = ThreadedServer(Warehouse, hostname="127.0.0.1", port=port)
    print(f"serving on port {server.port}", flush=True)
    server.start()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--serve", type=int, metavar="PORT")
    what.add_argument("--connect", metavar="HOST:PORT")
    parser.add_argument("--fixed", action="store_true", help="with the change that is advised")
    args = parser.parse_args()
    if args.serve is not None:
        serve(args.serve)
        return
    host, _, port = args.connect.rpartition(":")
    connection = rpyc.connect(host, int(port))
    root = connection.root
    begin = time.perf_counter()
    pieces = (fixed if args.fixed else slow)(root)
    elapsed = time.perf_counter() - begin
    print(f"{pieces} pieces stored")
    print(f"elapsed {elapsed:.6f} s")
    connection.close()


if __name__ == "__main__":
    main()
