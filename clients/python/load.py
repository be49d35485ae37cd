# SPDX-License-Identifier: MIT
"""The connections of a cell, their threads and what they measure.

Each connection has a thread of its own, as an application would give it; its loop does no more
between two requests than reading the clock twice and keeping two numbers, and everything else waits
until the load is over.
"""
import array
import gc
import os
import queue
import socket
import struct
import threading
import time

import recording
from library import Failure, Unavailable, kind
from steps import Step, payload_of

VERSION = 1  # of a cell
GIVE_UP_AFTER = 3  # failures in a row, without an answer between them


# ---- what the kernel knows ---------------------------------------------------------------------

_FIN_STATES = (6, 8, 9, 11)  # the peer's end takes a sequence number: it counts as a byte


def tcp_bytes(sock):
    """Payload bytes (sent, received) of a socket: struct tcp_info of linux/tcp.h."""
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        received, = struct.unpack_from("=Q", info, 128)
        sent, again = struct.unpack_from("=QQ", info, 200)
    except (AttributeError, OSError, struct.error):
        return 0, 0
    return sent - again, received - (info[0] in _FIN_STATES)


def run_wait_ns():
    """How long threads of this process were ready to run and did not; -1 = unknown."""
    total = 0
    try:
        for task in os.listdir("/proc/self/task"):
            with open("/proc/self/task/%s/schedstat" % task, encoding="ascii") as file:
                total += int(file.read().split()[1])
    except (OSError, IndexError, ValueError):
        return -1
    return total


# ---- one connection ----------------------------------------------------------------------------

class Client(threading.Thread):
    """A connection and the thread that uses it."""

    def __init__(self, load, index):
        super().__init__(daemon=True)
        self.load = load
        self.index = index  # among those of all processes
        self.connection = None
        self.calls = None  # of the connection: [(call, check)]
        self.is_ready = False
        self.base = (0, 0)
        self.tcp = [0, 0]
        self.failures_in_a_row = 0
        self.failures = {}
        self.first_error = None  # (ns, text)
        self.budget_cut = False
        self.recorded_from = 0  # ns
        self.starts = array.array("q")
        self.dones = array.array("q")
        self.connects = array.array("q")
        self.readies = array.array("q")

    def run(self):
        load = self.load
        self.is_ready = load.sample == "connection" or self.warm_up()
        load.events.put(("parked", None))
        load.started.wait()
        if self.is_ready:
            self.failures_in_a_row = 0
            wait_until(load.go_ns + load.ramp_ns * self.index // load.all)
            self.run_units()
        load.events.put(("over", None))
        threading.Event().wait()  # the thread's figures are looked at until the process ends

    # -- before the barrier

    def warm_up(self):
        """Opens, runs the setup and the warm-up. False when it is hopeless, or stopped."""
        load = self.load
        todo = load.setup
        left = load.warmup
        while not load.stopping:
            try:
                if self.connection is None:
                    self.open()
                for call, check in self.bind(todo):
                    self.check(check, call())
                todo = ()
                while left > 0 and not load.stopping:
                    for call, check in self.calls:
                        self.check(check, call())
                    left -= 1
                return not load.stopping
            except Exception as error:
                if not self.failed(error):
                    return False
        return False

    # -- connections

    def open(self):
        self.connection = self.load.library.open()
        self.base = (0, 0)
        self.calls = self.bind(self.load.steps)

    def bind(self, steps):
        return [(self.load.library.bind(self.connection, step), step.check) for step in steps]

    def count_bytes(self):
        if self.connection is None:
            return
        now = tcp_bytes(self.load.library.socket(self.connection))
        if now[0] >= self.base[0] and now[1] >= self.base[1]:
            self.tcp[0] += now[0] - self.base[0]
            self.tcp[1] += now[1] - self.base[1]
        self.base = now

    def drop(self):
        if self.load.loading:
            self.count_bytes()
        connection, self.connection = self.connection, None
        if connection is not None:
            try:
                self.load.library.close(connection)
            except Exception:
                pass  # it is broken: that was counted where it showed

    # -- outcomes

    @staticmethod
    def check(check, answer):
        wrong = check(answer)
        if wrong is not None:
            raise Failure("wrong-answer", wrong)

    def failed(self, error):
        """Counts a failure. False when it was one too many."""
        load = self.load
        name = load.library.kind(error) or kind(error)
        text = str(error)
        if not isinstance(error, Failure):
            text = "%s: %s" % (type(error).__name__, text)
        self.failures[name] = self.failures.get(name, 0) + 1
        if self.first_error is None:
            self.first_error = (time.monotonic_ns(), recording.message(text))
        self.failures_in_a_row += 1
        if self.connection is not None and (load.sample == "connection" or
                                            not load.library.is_usable(self.connection, error)):
            self.drop()
        if self.failures_in_a_row < GIVE_UP_AFTER:
            return True
        self.drop()
        return False

    def record(self, start, done):
        self.failures_in_a_row = 0
        if done >= self.recorded_from:
            self.starts.append(start)
            self.dones.append(done)

    # -- the load

    def run_units(self):
        load = self.load
        unit = {"step": self.run_steps, "unit": self.run_unit,
                "connection": self.run_connection}[load.sample]
        self.recorded_from = load.go_ns + load.ramp_ns
        left, until = load.units, 0
        if load.duration_ns:
            left, until = -1, self.recorded_from + load.duration_ns
        elif load.budget_ns:
            until = load.go_ns + load.budget_ns
        first = True
        while left and not load.stopping:
            if until and not first and time.monotonic_ns() >= until:
                self.budget_cut = not load.duration_ns
                break
            first = False
            left -= 1
            try:
                if self.connection is None and load.sample != "connection":
                    self.open()
                unit()
            except Exception as error:
                if load.stopping or not self.failed(error):
                    break
            if load.think_ns:
                time.sleep(load.think_ns / 1e9)
        self.run_teardown()

    def run_teardown(self):
        if not self.load.teardown or self.connection is None or self.load.stopping:
            return
        try:
            for call, check in self.bind(self.load.teardown):
                self.check(check, call())
        except Exception as error:
            self.failed(error)

    def run_steps(self):
        """Each call is a sample."""
        now = time.monotonic_ns
        for call, check in self.calls:
            start = now()
            answer = call()
            done = now()
            if self.load.reply_work_ns:
                work(self.load.reply_work_ns)
            wrong = check(answer)
            if wrong is not None:
                raise Failure("wrong-answer", wrong)
            self.record(start, done)

    def run_unit(self):
        """All calls together are one sample; the answers are looked at afterwards."""
        answers = []
        start = time.monotonic_ns()
        for call, _ in self.calls:
            answers.append(call())
            if self.load.reply_work_ns:
                work(self.load.reply_work_ns)
        done = time.monotonic_ns()
        for (_, check), answer in zip(self.calls, answers):
            self.check(check, answer)
        self.record(start, done)

    def run_connection(self):
        """Connect, first answer, close."""
        start = time.monotonic_ns()
        self.open()
        answers = [call() for call, _ in self.calls]
        done = time.monotonic_ns()
        if self.load.reply_work_ns:
            work(self.load.reply_work_ns)
        for (_, check), answer in zip(self.calls, answers):
            self.check(check, answer)
        self.record(start, done)
        if done >= self.recorded_from and self.connection.connected_ns is not None:
            self.connects.append(self.connection.connected_ns - start)
            self.readies.append(self.connection.ready_ns - start)
        self.drop()


def wait_until(at_ns):
    while True:
        left = at_ns - time.monotonic_ns()
        if left <= 0:
            return
        time.sleep(left / 1e9)


def work(ns):
    """What an application does with a reply, in CPU time of this thread."""
    until = time.thread_time_ns() + ns
    while time.thread_time_ns() < until:
        pass


# ---- all of them -------------------------------------------------------------------------------

class Load:
    """The cell's part of this process."""

    def __init__(self, cell, library):
        if cell.get("version") != VERSION:
            raise Unavailable("the cell has version %s, this client knows %d"
                              % (cell.get("version"), VERSION))
        self.library = library
        for name in ("sample", "units", "warmup", "duration_ns", "ramp_ns", "budget_ns", "think_ns",
                     "reply_work_ns", "first", "all"):
            setattr(self, name, cell[name])
        library.prepare(cell)
        payload = payload_of(cell)
        self.setup, self.steps, self.teardown = (
            [Step(said, payload) for said in cell[name]] for name in ("setup", "steps", "teardown"))
        self.connections = cell["connections"]
        self.events = queue.SimpleQueue()
        self.started = threading.Event()
        self.go_ns = 0
        self.stopping = False
        self.loading = False
        self.cpu_ns = 0
        self.wait_ns = 0
        self.clients = []

    def start_clients(self):
        self.clients = [Client(self, self.first + i) for i in range(self.connections)]
        for client in self.clients:
            client.start()

    def ready(self):
        """How many are, and why the others are not."""
        count = sum(client.is_ready for client in self.clients)
        return count, "" if count == len(self.clients) else self.first_error()

    def first_error(self):
        errors = [client.first_error for client in self.clients if client.first_error]
        return min(errors)[1] if errors else ""

    def begin(self, go_ns):
        self.loading = True
        self.go_ns = go_ns
        self.wait_ns = run_wait_ns()
        self.cpu_ns = time.process_time_ns()
        self.started.set()

    def note_before(self):
        """While all wait at the barrier."""
        gc.collect()
        for client in self.clients:
            client.count_bytes()
            client.tcp = [0, 0]

    def note_after(self):
        """While connections are open and threads alive."""
        if not self.loading:
            return
        self.cpu_ns = time.process_time_ns() - self.cpu_ns
        after = run_wait_ns()
        self.wait_ns = after - self.wait_ns if after >= self.wait_ns >= 0 else -1
        for client in self.clients:
            client.count_bytes()
        self.loading = False

    def recording(self):
        samples = []  # of each client: starts and ends, which may be growing if it was stopped
        for client in self.clients:
            n = min(len(client.starts), len(client.dones))
            if n:
                samples.append((client.starts[:n], client.dones[:n]))
        failures = {}
        for client in self.clients:
            for name, count in client.failures.items():
                failures[name] = failures.get(name, 0) + count
        took = [done - start for starts, dones in samples for start, done in zip(starts, dones)]
        first = min((starts[0] for starts, _ in samples), default=0)
        result = {
            "version": recording.VERSION, "series": self.series(took),
            "attempted": len(took) + sum(failures.values()), "succeeded": len(took),
            "failures": failures, "first_error": self.first_error(),
            "tcp_sent": sum(client.tcp[0] for client in self.clients),
            "tcp_received": sum(client.tcp[1] for client in self.clients),
            "first_start": first, "last_done": max((dones[-1] for _, dones in samples), default=0),
            "cpu_ns": self.cpu_ns, "busiest_cpu_ns": self.cpu_ns, "run_wait_ns": self.wait_ns,
            "clients": sum(client.is_ready for client in self.clients), "workers": 1,
            "inflight_ns": sum(took),
            "present_ns": sum(dones[-1] - starts[0] for starts, dones in samples),
            "measured_ns": self.duration_ns,
            "budget_cut": any(client.budget_cut for client in self.clients),
        }
        if took and self.sample != "connection":
            result["trace"] = recording.trace(samples, first)
        return result

    def series(self, took):
        if self.sample != "connection":
            kinds = {"response": took, "service": took}
        else:
            kinds = {"first_answer": took,
                     "connect": [ns for client in self.clients for ns in client.connects],
                     "ready": [ns for client in self.clients for ns in client.readies]}
        return {name: recording.series(values) for name, values in kinds.items() if values}
