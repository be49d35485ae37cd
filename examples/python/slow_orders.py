#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A report over open orders that asks for each order, and for each of its fields, by itself.

    slow_orders.py --serve PORT
    slow_orders.py --connect HOST:PORT [--fixed]

`rpycbench profile -- python3 slow_orders.py --connect HOST:PORT` says what is slow about it;
--fixed does what it advises. docs/profiling.md has the whole story.
"""
import argparse
import time

import rpyc
from rpyc.utils.server import ThreadedServer

ORDERS = 200
QUERY_S = 0.005  # what the database needs


class Order:
    def __init__(self, number):
        self.number = number
        self.customer = f"customer {number % 17}"
        self.total = 10.0 + number / 4


class Shop(rpyc.Service):
    def exposed_open_orders(self):
        """A list: it stays here, and so do the orders in it."""
        time.sleep(QUERY_S)
        return [Order(number) for number in range(ORDERS)]

    def exposed_open_order_rows(self):
        """Tuples of plain values travel with the answer."""
        return tuple(
            (order.number, order.customer, order.total) for order in self.exposed_open_orders()
        )


def slow(root):
    totals = {}
    for order in root.open_orders():
        if order.number > 0:
            totals[order.customer] = totals.get(order.customer, 0) + order.total
    return totals


def fixed(root):
    totals = {}
    for number, customer, total in root.open_order_rows():
        if number > 0:
            totals[customer] = totals.get(customer, 0) + total
    return totals


def serve(port):
    """On port, or on any (0); says on which."""
    config = {"allow_public_attrs": True}
    server = ThreadedServer(Shop, hostname="127.0.0.1", port=port, protocol_config=config)
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
    totals = (fixed if args.fixed else slow)(root)
    elapsed = time.perf_counter() - begin
    print(f"{len(totals)} customers owe {sum(totals.values()):.2f}")
    print(f"elapsed {elapsed:.6f} s")
    connection.close()


if __name__ == "__main__":
    main()
