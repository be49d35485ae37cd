# SPDX-License-Identifier: MIT
"""An rpyc server with a service of its own, which has none of the reference operations.

    foreign_rpyc.py

Listens on a free port of 127.0.0.1, prints "READY PORT" on stdout, and serves until SIGTERM.
"""
import signal
import sys

import rpyc
from rpyc.utils.server import ThreadedServer


class WeatherService(rpyc.Service):
    def exposed_forecast(self, city):
        return "rain in %s" % city


def main():
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    server = ThreadedServer(WeatherService, hostname="127.0.0.1", port=0, backlog=128)
    # Listening begins here, not in start(), so that READY is true.
    server.listener.listen(128)
    print("READY %d" % server.port, flush=True)
    server.start()


if __name__ == "__main__":
    main()
