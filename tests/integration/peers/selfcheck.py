# SPDX-License-Identifier: MIT
"""Checks the Python reference servers with Python's own clients, run by this interpreter.

    selfcheck.py [--clients 256] [PROGRAM/MODE ...]

Starts each program in each mode, checks that all give the same answers, that many connections at
once are all answered, how they stop and fail, and that nobody survives the listener. Prints a line
for each failed check and "N passed, M failed"; the exit status is 1 if one failed.
"""
import argparse
import ctypes
import glob
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SERVERS = os.path.normpath(os.path.join(HERE, "..", "..", "..", "servers", "python"))
PROGRAMS = {"rpyc_server.py": "rpyc", "http_server.py": "http", "gunicorn_server.py": "http"}
DEADLINE = 60  # seconds until a wait counts as failed; nothing here measures a time
PR_SET_CHILD_SUBREAPER = 36


class Server:
    """A started server: its process, the line it said, and our end of the control pipe."""

    def __init__(self, program, mode, *extra):
        ready_read, ready_write = os.pipe()
        control_read, self.control = os.pipe()
        protocol = PROGRAMS[program]
        argv = [sys.executable, os.path.join(SERVERS, program), "--protocol", protocol, "--mode",
                mode, "--bind", "127.0.0.1", "--ready-fd", str(ready_write), "--control-fd",
                str(control_read), "--clients", "8", "--payload", "random", "--payload-seed", "7"]
        self.process = subprocess.Popen(argv + list(extra), pass_fds=(ready_write, control_read),
                                        stdin=subprocess.DEVNULL)
        os.close(ready_write)
        os.close(control_read)
        with selectors.DefaultSelector() as selector, open(ready_read, encoding="utf-8") as file:
            selector.register(file, selectors.EVENT_READ)
            self.line = file.readline().strip() if selector.select(DEADLINE) else "(nothing)"
            self.said_once = file.read() == "" if self.line.startswith(("READY", "FAIL")) else False
        self.port = int(self.line[6:]) if self.line.startswith("READY ") else None

    def family(self):
        """All descendants of the process, as pids."""
        found = []
        todo = [self.process.pid]
        while todo:
            children = children_of(todo.pop())
            found += children
            todo += children
        return found

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.control is not None:
            os.close(self.control)
            self.control = None


def children_of(pid):
    found = []
    for path in glob.glob("/proc/%d/task/*/children" % pid):
        try:
            with open(path, encoding="ascii") as file:
                found += map(int, file.read().split())
        except OSError:
            pass
    return found


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def eventually(condition):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def ends(client):
    """Whether the peer closes the connection; a late part of a reply may come before."""
    try:
        while client.recv(65536):
            pass
        return True
    except ConnectionResetError:
        return True
    except socket.timeout:
        return False


def run(script, *args):
    done = subprocess.run([sys.executable, os.path.join(HERE, script), *args],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=2 * DEADLINE,
                          check=False, universal_newlines=True)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


class Checks:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.reference = None

    def check(self, good, what):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED: %s" % what, flush=True)
        return good

    def answers(self, server, name, protocol):
        status, output, error = run("call_all.py", "--protocol", protocol, "--port",
                                    str(server.port))
        if not self.check(status == 0, "%s: call_all says %s" % (name, error)):
            return
        answers = json.loads(output)
        if self.reference is None:
            self.reference = answers
            self.check(answers["ping()"] == "pong", "%s: ping() is %s" % (name, answers["ping()"]))
            self.check(answers["compute(400000)"] == "21333253333400000",
                       "%s: compute(400000) is %s" % (name, answers["compute(400000)"]))
        different = [key for key in self.reference if answers.get(key) != self.reference[key]]
        self.check(not different and len(answers) == len(self.reference),
                   "%s: answers differ in %s" % (name, different))

    def crowd(self, server, name, protocol, clients):
        status, output, error = run("barrier.py", "--protocol", protocol, "--port",
                                    str(server.port), "--clients", str(clients))
        self.check(status == 0, "%s: barrier says %s %s" % (name, output, error))

    def client_dies(self, server, name, protocol):
        """A client that resets the connection in the middle must not harm the next one."""
        linger = bytes([1, 0, 0, 0, 0, 0, 0, 0])  # close() resets
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                client.sendall(b"POST /upload HTTP/1.1\r\nContent-Length: 1000\r\n\r\nx"
                               if protocol == "http" else b"\x00\x00\x03\xe8\x00x")
        self.answers(server, name + " after dead clients", protocol)

    def no_zombies(self, server, name, idle):
        self.check(eventually(lambda: sorted(server.family()) == idle),
                   "%s: processes after all clients left: %s, before: %s"
                   % (name, server.family(), idle))

    def stopped(self, server, name, how):
        family = server.family()
        try:
            status = server.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            status = "none"
        self.check(status == 0, "%s: exit status %s after %s" % (name, status, how))
        self.check(eventually(lambda: not any(map(alive, family))),
                   "%s: left children after %s" % (name, how))

    def holding_connection(self, server, protocol):
        """A connection with a request answered, so that a forking server has a child for it."""
        client = socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE)
        client.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n" if protocol == "http"
                       else self.rpyc_ping())
        self.check(client.recv(65536), "no answer on the connection that is held")
        return client

    @staticmethod
    def rpyc_ping():
        from rpyc.core import brine, consts
        payload = bytes([consts.MSG_REQUEST]) + brine.dump(
            (0, (consts.HANDLE_PING, (consts.LABEL_TUPLE, ((consts.LABEL_VALUE, b"x"),)))))
        return len(payload).to_bytes(4, "big") + b"\x00" + payload + b"\n"

    def pair(self, program, mode, clients):
        name = "%s %s" % (program, mode)
        protocol = PROGRAMS[program]
        server = Server(program, mode)
        try:
            if not self.check(server.port, "%s: says %s" % (name, server.line)):
                return
            self.check(server.said_once, "%s: more than one line on ready-fd" % name)
            idle = sorted(server.family())
            self.answers(server, name, protocol)
            self.crowd(server, name, protocol, clients)
            self.client_dies(server, name, protocol)
            self.no_zombies(server, name, idle)
            self.port_in_use(server, program, mode)
            with self.holding_connection(server, protocol):
                os.close(server.control)
                server.control = None
                self.stopped(server, name, "end of file on control-fd")
        finally:
            server.kill()
        self.terminated(program, mode)
        self.killed(program, mode)

    def port_in_use(self, running, program, mode):
        second = Server(program, mode, "--port", str(running.port))
        try:
            status = second.process.wait(DEADLINE)
            self.check(second.line.startswith("FAILED ") and "in use" in second.line,
                       "%s %s: port in use: says %s" % (program, mode, second.line))
            self.check(status == 1, "%s %s: port in use: exits %s" % (program, mode, status))
        finally:
            second.kill()

    def terminated(self, program, mode):
        server = Server(program, mode)
        try:
            if self.check(server.port, "%s %s: says %s" % (program, mode, server.line)):
                with self.holding_connection(server, PROGRAMS[program]):
                    server.process.terminate()
                    self.stopped(server, "%s %s" % (program, mode), "SIGTERM")
        finally:
            server.kill()

    def killed(self, program, mode):
        name = "%s %s" % (program, mode)
        server = Server(program, mode)
        try:
            if not self.check(server.port, "%s: says %s" % (name, server.line)):
                return
            with self.holding_connection(server, PROGRAMS[program]) as client:
                family = server.family()
                if mode == "forking":
                    self.check(family, "%s: no child serves a connection" % name)
                server.process.kill()
                server.process.wait()
                self.check(eventually(lambda: not any(map(alive, family))),
                           "%s: children survive kill -9 of the listener" % name)
                client.settimeout(DEADLINE)
                self.check(ends(client), "%s: connection survives kill -9" % name)
        finally:
            server.kill()

    def command_line(self, program):
        path = os.path.join(SERVERS, program)
        done = subprocess.run([sys.executable, path, "--check"], stdout=subprocess.PIPE,
                              timeout=DEADLINE, check=False, universal_newlines=True)
        self.check(done.returncode == 0 and done.stdout.count("\n") == 2
                   and ", optimize 0, " in done.stdout
                   and "Python %d." % sys.version_info[0] in done.stdout,
                   "%s --check: status %d, says %r" % (program, done.returncode, done.stdout))
        server = Server(program, "threaded", "--no-such-option")
        try:
            status = server.process.wait(DEADLINE)
            self.check(server.line.startswith("FAILED ") and status == 2,
                       "%s: unknown option: says %s, exits %s" % (program, server.line, status))
        finally:
            server.kill()


def main():
    pairs = ["%s/%s" % (program, mode) for program in PROGRAMS for mode in ("threaded", "forking")]
    parser = argparse.ArgumentParser(description="check the Python reference servers")
    parser.add_argument("--clients", type=int, default=256)
    parser.add_argument("pairs", nargs="*", metavar="PROGRAM/MODE", help=", ".join(pairs))
    options = parser.parse_args()
    # Orphans become our children and are seen, instead of init's.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    checks = Checks()
    chosen = [pair.split("/", 1) for pair in options.pairs or pairs]
    for program in sorted({program for program, _ in chosen}):
        checks.command_line(program)
    for program, mode in chosen:
        checks.pair(program, mode, options.clients)
    print("%d passed, %d failed" % (checks.passed, checks.failed))
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
