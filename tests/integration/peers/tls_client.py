# SPDX-License-Identifier: MIT
"""rpyc's own client against a server over TLS, where its traps are.

    tls_client.py --port N [--host ADDR]

rpyc polls the socket and not what TLS holds, so it stalls for a frame that shares a record with
the one before it; and it does not read while it writes. Prints "ok". Exit status 0, or 1 with the
first difference on stderr.
"""
import argparse
import sys

import rpyc

BEYOND_BUFFERS = 16 << 20  # bytes that the sockets of a connection never hold
REQUEST_S = 60


def equal(got, wanted):
    if got != wanted:
        raise AssertionError("got %.60r, not %.60r" % (got, wanted))


def many_frames(root):
    """Answers that follow each other at once, of sizes around that of a record."""
    for size in (1, 100, 2999, 16000, 16384, 20000):
        echo = rpyc.async_(root.echo)
        data = [bytes([n]) * size for n in range(100)]
        answers = [echo(piece) for piece in data]
        equal([answer.value for answer in answers], data)


def nested(root):
    """Requests of the server, and DELs, between its answers."""
    def back(depth):
        return root.nested(depth, back)

    equal(root.nested(10, back), 10)
    equal(root.upload_chunked(bytes([n]) * n for n in range(100)), 4950)
    equal([user.name for user in root.get_users(10)], ["user%d" % n for n in range(10)])


def both_ways(root, data):
    answer = rpyc.async_(root.download)(BEYOND_BUFFERS)
    equal(root.upload(data), len(data))
    equal(len(answer.value), BEYOND_BUFFERS)


def behind_a_call(root, data):
    answer = rpyc.async_(root.io_work)(5.0)
    equal(root.upload(data), len(data))
    equal(answer.value, "data")


def main():
    parser = argparse.ArgumentParser(description="try rpyc's client over TLS")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    connection = rpyc.ssl_connect(options.host, options.port,
                                  config={"sync_request_timeout": REQUEST_S})
    many_frames(connection.root)
    nested(connection.root)
    connection._channel.compress = False  # the upload is to begin at once
    data = bytes(BEYOND_BUFFERS)
    both_ways(connection.root, data)
    behind_a_call(connection.root, data)
    connection.close()
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
