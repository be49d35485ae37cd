# SPDX-License-Identifier: MIT
"""What the reference servers share: arguments, readiness, stopping, children.

The contract stands in servers/servers.def. A program calls begin() before its slow imports,
package() for each package it needs, and main() with the function that serves.

Nothing here starts a thread: a forking server that has one could fork while the thread holds a
lock, and the child would wait for it for ever. End of file on the control descriptor is therefore
asked for as a signal (O_ASYNC: the kernel sends SIGIO when the last writer goes), so it takes the
same way as SIGTERM, and a server only has to know how to be woken by a signal.
"""
import argparse
import ctypes
import fcntl
import importlib
import importlib.metadata
import os
import platform
import resource
import signal
import socket
import ssl
import stat
import sys
import sysconfig
import traceback

import service

USAGE_STATUS = 2
MISSING_STATUS = 3
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """A start that failed; the text is one line for the user."""

    def __init__(self, why, status=1):
        super().__init__(why)
        self.status = status


class _Process:
    """The state of this server process; a forked child keeps none of the descriptors."""

    pid = 0  # of the listening process; differs in its children
    parent = 0  # set before each fork, compared after it
    ready_fd = None
    control_fd = None
    check = False
    announced = False
    stopping = False
    wake = None  # called once from the signal handler to end serving


_me = _Process()


# ---- arguments ---------------------------------------------------------------------------------

class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Failure(message, USAGE_STATUS)


def _number(low, high):
    def parse(text):
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError("%s is not in %d..%d" % (text, low, high))
        return value
    return parse


def _set_options(options, words, choices):
    """The protocol's own options as attributes (- becomes _); the first of the
    values is the default.

    One without values is understood and left to the client: this side has no such limit.
    """
    for name, values in choices.items():
        if values:
            setattr(options, name.replace("-", "_"), values[0])
    for word in words:
        name, _, value = word.partition("=")
        if name not in choices:
            raise Failure("no option '%s'; there is %s" % (name, ", ".join(choices) or "none"),
                          USAGE_STATUS)
        if not choices[name]:
            continue
        if value not in choices[name]:
            raise Failure("option %s: '%s' is none of %s"
                          % (name, value, ", ".join(choices[name])), USAGE_STATUS)
        setattr(options, name.replace("-", "_"), value)


def _parse(protocols, description, choices):
    parser = _Parser(description=description, allow_abbrev=False)
    descriptor = _number(-1, 1 << 20)  # -1 = none
    parser.add_argument("--protocol", choices=protocols, default=protocols[0])
    parser.add_argument("--mode", choices=["threaded", "forking"], default="threaded")
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=_number(0, 65535), default=0, help="0 = any that is free")
    parser.add_argument("--ready-fd", type=descriptor, help="READY PORT goes there, not to stdout")
    parser.add_argument("--control-fd", type=descriptor, help="end of file there means stop")
    parser.add_argument("--clients", type=_number(1, 1000000), default=8,
                        help="how many connections to expect at once")
    parser.add_argument("--payload", choices=service.KINDS, default="random")
    parser.add_argument("--payload-seed", type=_number(0, (1 << 64) - 1), default=0)
    parser.add_argument("--tls-cert", help="serve over TLS with this certificate (PEM)")
    parser.add_argument("--tls-key", help="its key (PEM)")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE",
                        help="of the protocol; may be repeated")
    parser.add_argument("--check", action="store_true", help="print the versions and exit")
    options = parser.parse_args()
    if options.control_fd == -1:
        options.control_fd = None
    if (options.tls_cert is None) != (options.tls_key is None):
        parser.error("--tls-cert and --tls-key go together")
    _set_options(options, options.option, choices)
    return options


def _find_ready_fd(argv):
    """The ready descriptor of a command line that may not be valid otherwise."""
    for position, word in enumerate(argv):
        name, equals, value = word.partition("=")
        if name == "--ready-fd":
            value = value if equals else "".join(argv[position + 1:position + 2])
            if value.isdecimal():
                return int(value)
    return None


def begin(protocol, description, *others, choices=None):
    """Parses the command line and prepares the process; ends it if that fails.

    others: further names of the same wire protocol; the suite has a client for each.
    choices: the values of each option of the protocol (--option KEY=VALUE), the default first.
    """
    _me.pid = os.getpid()
    _me.ready_fd = _find_ready_fd(sys.argv)
    try:
        options = _parse([protocol, *others], description, choices or {})
        _me.check = options.check
        if _me.ready_fd is not None:
            os.set_inheritable(_me.ready_fd, False)
        signal.signal(signal.SIGTERM, _on_signal)
        signal.signal(signal.SIGINT, _on_signal)
        os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
        if options.control_fd is not None:
            _watch_control(options.control_fd)
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return options
    except Failure as failure:
        _fail(str(failure), failure.status)
    except OSError as error:
        _fail(_one_line(error), 1)


# ---- readiness ---------------------------------------------------------------------------------

def _announce(line):
    fd, _me.ready_fd = _me.ready_fd, None
    if fd is None:
        return False
    try:
        os.write(fd, line.encode() + b"\n")
        os.close(fd)
    except OSError as error:
        if error.errno not in (9, 32):  # EBADF, EPIPE: nobody is there to be told
            raise
    return True


def _one_line(error):
    return " ".join(("%s: %s" % (type(error).__name__, error)).split())


def _fail(why, status):
    """Says why the server cannot start, to whoever waits for it, and ends the process."""
    if _me.check:
        print(why)
    elif not _announce("FAILED " + why):
        print("%s: %s" % (os.path.basename(sys.argv[0]), why), file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def ready(port):
    """Tells that the socket listens; call it after listen()."""
    _me.announced = True
    if _me.stopping:
        return
    if not _announce("READY %d" % port):
        print("READY %d" % port, flush=True)


def package(name):
    """Imports a package, or ends the program with one line that says it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        _fail("Python package %s is missing (%s)" % (name, _one_line(error)), MISSING_STATUS)
    except Exception as error:  # a package that is broken, or too new for this Python
        _fail("Python package %s does not load (%s)" % (name, _one_line(error)), MISSING_STATUS)


def cannot_listen(options, error):
    return Failure("cannot listen on %s port %d: %s"
                   % (options.bind, options.port, error.strerror))


def bind(options):
    """A bound socket that does not listen yet."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            options.bind, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        sock = socket.socket(family, kind, protocol)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        return sock
    except OSError as error:
        raise cannot_listen(options, error) from error


def tls_context(options):
    """None without TLS; else Python's own defaults, as SSLAuthenticator and gunicorn have them."""
    if options.tls_cert is None:
        return None
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.tls_cert, options.tls_key)
        return context
    except OSError as error:
        raise Failure("cannot use the certificate %s with the key %s: %s"
                      % (options.tls_cert, options.tls_key, error)) from error


# ---- stopping ----------------------------------------------------------------------------------

def on_stop(wake):
    """wake() ends serving; it is called in the main thread, from a signal handler, once."""
    _me.wake = wake
    if _me.stopping:
        wake()


def stop():
    if _me.stopping:
        return
    _me.stopping = True
    if _me.wake is not None:
        _me.wake()
    else:
        os._exit(0)  # still importing: nothing to bring to an end


def _on_signal(_number, _frame):
    stop()


def _on_control(_number, _frame):
    try:
        if os.read(_me.control_fd, 4096) == b"":
            stop()
    except BlockingIOError:
        pass
    except OSError:
        stop()


def _watch_control(fd):
    kind = os.fstat(fd).st_mode
    if stat.S_ISFIFO(kind):
        # The owner of SIGIO belongs to the open file, which other servers may have inherited
        # too: open the pipe again to have one of our own.
        _me.control_fd = os.open("/proc/self/fd/%d" % fd, os.O_RDONLY | os.O_NONBLOCK)
        os.close(fd)
    elif stat.S_ISSOCK(kind):
        _me.control_fd = fd
        os.set_inheritable(fd, False)
    else:
        raise Failure("--control-fd %d is neither a pipe nor a socket" % fd, USAGE_STATUS)
    fd = _me.control_fd
    signal.signal(signal.SIGIO, _on_control)
    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK | fcntl.FASYNC)
    _on_control(0, None)  # it may have ended before


# ---- children ----------------------------------------------------------------------------------

def _before_fork():
    _me.parent = os.getpid()


def _after_fork_in_child():
    """The kernel ends a child whose listener is killed; without this it would go on serving."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != _me.parent:
        os._exit(0)  # the parent died before prctl
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGIO):
        signal.signal(number, signal.SIG_DFL)
    for fd in (_me.ready_fd, _me.control_fd):
        if fd is not None:
            os.close(fd)
    _me.ready_fd = _me.control_fd = None


def _children():
    """Living and dead children of this process that were not waited for."""
    me = os.getpid()
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name, "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == me:
            found.append(int(name))
    return found


def end_children():
    """Kills and reaps what a forking server has left."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # from here on no pid can be used again
    for pid in _children():
        os.kill(pid, signal.SIGKILL)
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


# ---- the program -------------------------------------------------------------------------------

def _versions(packages):
    python = "Python %d.%d.%d" % sys.version_info[:3]
    return ", ".join(["%s %s" % (name, importlib.metadata.version(name)) for name in packages]
                     + [python])


def build_facts():
    """How this interpreter was built and runs; what makes two of the same version differ."""
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    return ", ".join([
        platform.python_implementation(),
        ("free-threaded build, GIL %s" % ("on" if gil else "off")) if free_threaded else "GIL",
        "switch interval %g ms" % (sys.getswitchinterval() * 1000),
        "optimize %d" % sys.flags.optimize,
        "hash seed %s" % os.environ.get("PYTHONHASHSEED", "random"),
        "debug build" if hasattr(sys, "gettotalrefcount") else "release build",
        platform.python_compiler(),
    ])


def main(options, serve, packages):
    """Serves until stopped; the process ends here, without waiting for threads of connections."""
    if options.check:
        print(_versions(packages))
        print(build_facts(), flush=True)
        os._exit(0)
    status = 0
    try:
        service.choose_payload(options.payload, options.payload_seed)
        serve(options)
    except SystemExit as end:
        if os.getpid() != _me.pid:
            raise
        status = end.code or 0
        if status and not _me.announced:
            _fail(status if isinstance(status, str) else "exit status %s" % status, 1)
    except BaseException as error:
        if os.getpid() == _me.pid and not _me.announced:
            _fail(str(error) if isinstance(error, Failure) else _one_line(error),
                  getattr(error, "status", 1))
        if not _me.stopping:
            traceback.print_exc()
            status = 1
    if os.getpid() == _me.pid:
        end_children()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
