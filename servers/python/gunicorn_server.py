# SPDX-License-Identifier: MIT
"""The reference service as a Flask application under gunicorn.

Its "modes" are pools: threaded is one worker process with N threads, forking is as many workers
as there are cores (at least 2), each with N threads, where N is the number of expected clients. A
forking pool of single threads would not do: kept-alive connections pile up on few of the workers
and wait there for each other.
"""
import os
import signal

import common

OPTIONS = common.begin("http", __doc__, "http-raw")
common.package("gunicorn")
common.package("flask")
gunicorn_base = common.package("gunicorn.app.base")
gunicorn_arbiter = common.package("gunicorn.arbiter")

MIN_THREADS = 8
STOP_SECONDS = 1  # until workers that did not end are killed


def settings(options, listener, pool):
    forking = options.mode == "forking"
    return {
        "bind": "fd://%d" % listener.detach(),
        "backlog": 2048,
        "certfile": options.tls_cert,
        "keyfile": options.tls_key,
        "reuse_port": False,
        "preload_app": True,
        "worker_class": "gthread",
        "workers": max(2, len(os.sched_getaffinity(0))) if forking else 1,
        "threads": max(options.clients, MIN_THREADS),
        "worker_connections": 1 << 16,
        "keepalive": 75,
        "timeout": 0,  # cpu_work may take its time
        "graceful_timeout": STOP_SECONDS,
        "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "critical",
        "control_socket_disable": True,  # it is a thread in the process that forks
        "post_worker_init": pool.worker_started,
        "worker_int": lambda worker: os._exit(0),  # do not wait for threads of connections
    }


class Pool:
    """Knows when all workers have initialised: each writes a byte into a pipe."""

    def __init__(self):
        self.read_fd, self.write_fd = os.pipe()

    def worker_started(self, _worker):
        if self.write_fd is not None:
            os.write(self.write_fd, b".")
            os.close(self.write_fd)
            os.close(self.read_fd)

    def wait(self, workers):
        os.close(self.write_fd)
        self.write_fd = None
        started = 0
        while started < workers:
            data = os.read(self.read_fd, workers)
            if not data:  # whoever had the other end has written or died
                raise SystemExit("only %d of %d workers have started" % (started, workers))
            started += len(data)
        os.close(self.read_fd)


class Arbiter(gunicorn_arbiter.Arbiter):
    """gunicorn's master, which says READY when its workers are there and stops at once."""

    def __init__(self, app, pool, port):
        super().__init__(app)
        self.pool = pool
        self.port = port

    def manage_workers(self):
        super().manage_workers()
        if self.pool is not None:
            pool, self.pool = self.pool, None
            pool.wait(self.num_workers)
            common.ready(self.port)

    def init_signals(self):
        super().init_signals()
        # From here on gunicorn handles SIGTERM; the control descriptor's end takes the same way.
        common.on_stop(lambda: self.signal(signal.SIGTERM, None))

    def handle_term(self):
        # A graceful stop waits for clients to close connections that are kept alive.
        self.handle_quit()


class Application(gunicorn_base.BaseApplication):
    def __init__(self, choices):
        self.choices = choices
        super().__init__()

    def load_config(self):
        for name, value in self.choices.items():
            self.cfg.set(name, value)

    def load(self):
        return common.package("flask_app").app


def serve(options):
    common.tls_context(options)  # tells now what would fail at each connection
    listener = common.bind(options)
    port = listener.getsockname()[1]
    pool = Pool()
    arbiter = Arbiter(Application(settings(options, listener, pool)), pool, port)
    arbiter.run()


if __name__ == "__main__":
    common.main(OPTIONS, serve, ["gunicorn", "flask"])
