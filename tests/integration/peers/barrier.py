# SPDX-License-Identifier: MIT
"""Opens many connections at the same moment, makes one ping on each, and counts the answers.

    barrier.py --protocol rpyc|http --port N [--clients 256] [--timeout SECONDS]

Each connection stays open until all are done, so a server that serves only some at once is found
out. Prints "N of M answered" and, if not all, the first error; the exit status is then 1.
"""
import argparse
import http.client
import sys
import threading


def http_ping(host, port, timeout):
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    connection.request("GET", "/ping")
    reply = connection.getresponse()
    body = reply.read()
    if reply.status != 200 or body != b'{"response":"pong"}':
        raise ValueError("GET /ping answers %d %r" % (reply.status, body[:80]))
    return connection


def rpyc_ping(host, port, timeout):
    import rpyc
    connection = rpyc.connect(host, port, config={"sync_request_timeout": timeout})
    answer = connection.root.ping()
    if answer != "pong":
        raise ValueError("ping() answers %r" % (answer,))
    return connection


PINGS = {"http": http_ping, "rpyc": rpyc_ping}


class Crowd:
    def __init__(self, ping, host, port, clients, timeout):
        self.ping = lambda: ping(host, port, timeout)
        self.start = threading.Barrier(clients, timeout=timeout)
        self.clients = clients
        self.timeout = timeout
        self.lock = threading.Lock()
        self.answered = 0
        self.errors = []
        self.waiting = clients
        self.all_done = threading.Event()

    def one(self):
        connection = None
        try:
            self.start.wait()
            connection = self.ping()
            with self.lock:
                self.answered += 1
        except Exception as error:
            with self.lock:
                self.errors.append("%s: %s" % (type(error).__name__, error))
        with self.lock:
            self.waiting -= 1
            if self.waiting == 0:
                self.all_done.set()
        self.all_done.wait(self.timeout)
        if connection is not None:
            connection.close()

    def run(self):
        threads = [threading.Thread(target=self.one, daemon=True) for _ in range(self.clients)]
        for thread in threads:
            thread.start()
        self.all_done.wait(self.timeout)
        for thread in threads:
            thread.join(self.timeout)
        return self.answered


def main():
    parser = argparse.ArgumentParser(description="ping from many connections at once")
    parser.add_argument("--protocol", choices=sorted(PINGS), required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--clients", type=int, default=256)
    parser.add_argument("--timeout", type=float, default=60)
    options = parser.parse_args()
    if options.protocol == "rpyc":
        import rpyc  # noqa: F401  not by 256 threads at once, within the timeout
    crowd = Crowd(PINGS[options.protocol], options.host, options.port, options.clients,
                  options.timeout)
    answered = crowd.run()
    print("%d of %d answered%s" % (answered, options.clients,
                                   "".join(", " + error for error in crowd.errors[:1])))
    return 0 if answered == options.clients else 1


if __name__ == "__main__":
    sys.exit(main())
