# SPDX-License-Identifier: MIT
"""pings.py PORT COUNT: root.ping() of rpyc's own client, back to back; prints {"p50_ns": ...}."""
import sys
import time

import rpyc

WARM_UP = 300


def main():
    connection = rpyc.connect("127.0.0.1", int(sys.argv[1]))
    ping = connection.root.ping
    times = []
    for _ in range(WARM_UP + int(sys.argv[2])):
        begun = time.perf_counter_ns()
        ping()
        times.append(time.perf_counter_ns() - begun)
    connection.close()
    times = sorted(times[WARM_UP:])
    print('{"p50_ns": %d}' % times[len(times) // 2])


if __name__ == "__main__":
    main()
