# SPDX-License-Identifier: MIT
"""The reference service on the real rpyc package: ThreadedServer or ForkingServer."""
import importlib.metadata
import logging
import socket
import threading

import common
import service

OPTIONS = common.begin("rpyc", __doc__, choices={"policy": ("reference", "strict"),
                                                 "max-items": (), "max-nesting": (),
                                                 "max-references": (),
                                                 "bind-threads": ("off", "on")})
rpyc = common.package("rpyc")
protocol = common.package("rpyc.core.protocol")
servers = common.package("rpyc.utils.server")
authenticators = common.package("rpyc.utils.authenticators")


class ReferenceService(rpyc.Service):
    """As a user would write it; what the functions do is the same for all servers."""

    def on_connect(self, conn):
        self._connection = conn

    def exposed_ping(self):
        return service.ping()

    def exposed_echo(self, data):
        return service.echo(data)

    def exposed_upload(self, data):
        return service.upload(data)

    def exposed_download(self, size=1024):
        return service.download(size)

    def exposed_upload_chunk(self, data):
        return service.upload_chunk(data)

    def exposed_download_chunk(self, size=1024, offset=0):
        return service.download_chunk(size, offset)

    def exposed_upload_chunked(self, chunks):
        return service.upload_chunked(chunks)

    def exposed_download_chunked(self, size=65536, chunk_size=16384):
        return service.download_chunked(size, chunk_size)

    def exposed_cpu_work(self, iterations=100000):
        return service.cpu_work(iterations)

    def exposed_compute(self, n=1000):
        return service.compute(n)

    def exposed_io_work(self, delay=0.01):
        return service.io_work(delay)

    def exposed_health_check(self):
        return service.health_check()

    def exposed_get_user(self, id=1):
        return service.get_user(id)

    def exposed_get_user_dict(self, id=1):
        return service.get_user_dict(id)

    def exposed_get_user_tuple(self, id=1):
        return service.get_user_tuple(id)

    def exposed_get_users(self, n=100):
        return service.get_users(n)

    def exposed_get_users_dicts(self, n=100):
        return service.get_users_dicts(n)

    def exposed_get_users_tuples(self, n=100):
        return service.get_users_tuples(n)

    def exposed_get_users_batch(self, ids=(1, 2, 3)):
        return service.get_users_batch(ids)

    def exposed_get_users_batch_dicts(self, ids=(1, 2, 3)):
        return service.get_users_batch_dicts(ids)

    def exposed_nested(self, depth=3, callback=None):
        return service.nested(depth, callback)

    # Calling one another is a matter of this process only.

    def exposed_method_a(self):
        return "a" + self.exposed_method_b()

    def exposed_method_b(self):
        return "b" + self.exposed_method_c()

    def exposed_method_c(self):
        return "c" + self.exposed_method_d()

    def exposed_method_d(self):
        return "d"

    def exposed_fail(self, kind="value"):
        try:
            service.fail(kind)
        except service.Drop:
            # rpyc has no word for this: it finds the stream closed when it wants to answer.
            self._connection._channel.close()


# What a client may do besides rpyc's defaults.
POLICIES = {"reference": {"allow_public_attrs": True, "allow_pickle": True}, "strict": {}}


def config(options):
    """What rpyc's configuration has besides the defaults."""
    bind_threads = options.bind_threads == "on"
    known = "bind_threads" in protocol.DEFAULT_CONFIG
    if bind_threads and not known:
        raise common.Failure("option bind-threads: rpyc %s has no bind_threads"
                             % importlib.metadata.version("rpyc"))
    # Said in any case: the default comes from the environment.
    return {**POLICIES[options.policy], **({"bind_threads": bind_threads} if known else {})}


class Announced:
    """Says READY between listen() and the first accept(), which both happen in start()."""

    def _listen(self):
        super()._listen()
        common.on_stop(self.stop_accepting)
        common.ready(self.port)

    def stop_accepting(self):
        # Makes the accept() in start() fail, which rpyc takes as "closed by another thread";
        # else the loop would notice only after its timeout of half a second.
        self.active = False
        self.listener.shutdown(socket.SHUT_RDWR)


class Threaded(Announced, servers.ThreadedServer):
    pass


class Forking(Announced, servers.ForkingServer):
    pass


def quiet_logger():
    logger = logging.getLogger("rpycbench")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    logger.setLevel(logging.CRITICAL + 1)
    return logger


def on_thread_error(args):
    # A client that leaves at the wrong moment makes the thread of its connection raise.
    if not issubclass(args.exc_type, (OSError, EOFError)):
        threading.__excepthook__(args)


def serve(options):
    threading.excepthook = on_thread_error
    authenticator = None
    if common.tls_context(options) is not None:  # tells now what would fail at each connection
        authenticator = authenticators.SSLAuthenticator(options.tls_key, options.tls_cert)
    server_class = Forking if options.mode == "forking" else Threaded
    try:
        server = server_class(ReferenceService, hostname=options.bind, port=options.port,
                              ipv6=":" in options.bind, logger=quiet_logger(),
                              authenticator=authenticator,
                              protocol_config=config(options))
    except OSError as error:
        raise common.cannot_listen(options, error) from error
    server.start()


if __name__ == "__main__":
    common.main(OPTIONS, serve, ["rpyc"])
