# SPDX-License-Identifier: MIT
"""What the Python clients share: lines to and from the suite, payload, load loop, recording.

The contract stands in clients/clients.def. A program makes a Library of what applications use and
calls main() with it. Each connection has a thread of its own, as an application would give it; its
loop does no more between two requests than reading the clock twice and keeping two numbers, and
everything else waits until the load is over.
"""
import argparse
import array
import gc
import http.client
import json
import os
import queue
import resource
import signal
import socket
import struct
import sys
import threading
import time

import recording

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "servers",
                             "python"))
import service  # noqa: E402  the payload is written once, beside the servers

VERSION = 1
MISSING_STATUS = 3
GIVE_UP_AFTER = 3  # failures in a row, without an answer between them
STOP_S = 1.0  # for requests in flight when the load is stopped
PLAIN = (type(None), bool, int, float, complex, str, bytes, tuple, frozenset)


class Unavailable(Exception):
    """The library cannot do what the cell asks for."""


class Failure(Exception):
    """A request that failed for a reason that its exception alone would not tell."""

    def __init__(self, kind, why):
        super().__init__(why)
        self.kind = kind


class Library:
    """How calls are made. Connections have connected_ns and ready_ns: when the transport was up and
    a request could be sent, None where the library does not tell one from the other."""

    name = ""

    def versions(self):
        """For --check; raises ImportError."""
        raise NotImplementedError

    def prepare(self, cell):
        """Imports, looks at the options; raises Unavailable."""
        raise NotImplementedError

    def open(self):
        """A new connection."""
        raise NotImplementedError

    def bind(self, connection, step):
        """A function without arguments that makes the call and returns the answer."""
        raise NotImplementedError

    def close(self, connection):
        raise NotImplementedError

    def is_usable(self, connection, error):
        """Whether the next request can go over this connection after that failure."""
        raise NotImplementedError

    def socket(self, connection):
        """Its socket, or None."""
        raise NotImplementedError

    def kind(self, error):
        """The failure that an exception of the library stands for; None: ask common.kind()."""
        return None


def options(text, known, name):
    """{key: value} of the target's options, all of which must be known: {key: values}."""
    found = {}
    for item in filter(None, text.split(",")):
        key, _, value = item.partition("=")
        if value not in known.get(key, ()):
            raise Unavailable("the %s client has no option %s" % (name, item))
        found[key] = value
    return found


# ---- failures ----------------------------------------------------------------------------------

_KINDS = [
    (ConnectionRefusedError, "refused"),
    (TimeoutError, "timeout"),
    ((EOFError, http.client.RemoteDisconnected, http.client.IncompleteRead), "closed"),
    (ConnectionError, "reset"),
    ((http.client.HTTPException, ValueError), "protocol-error"),
]


def _chain(error, depth=0):
    """An exception and all that it was made from; libraries wrap what the socket said."""
    yield error
    inner = [error.__cause__, error.__context__, getattr(error, "reason", None), *error.args]
    for item in inner:
        if isinstance(item, BaseException) and depth < 8:
            yield from _chain(item, depth + 1)


def kind(error):
    if isinstance(error, Failure):
        return error.kind
    chain = list(_chain(error))
    for types, name in _KINDS:
        if any(isinstance(item, types) for item in chain):
            return name
    return "other"


# ---- steps -------------------------------------------------------------------------------------

class Step:
    """One call: what is sent and what has to come back."""

    def __init__(self, said, payload):
        self.operation = said["operation"]
        self.args = said["args"]
        self.tx = None  # bytes that are the last argument
        self.pieces = None  # the same, as they are streamed
        self.streams_back = self.operation == "download_chunked"
        if said["tx"] is not None:
            offset, length = said["tx"]["offset"], said["tx"]["length"]
            self.tx = payload[offset:offset + length]
            if self.operation == "upload_chunked":
                size = said["chunk_size"] or max(length, 1)
                self.pieces = [self.tx[at:at + size] for at in range(0, length, size)]
        self.check = self._checker(said["expected"], payload)

    def _checker(self, expected, payload):
        """A function of the answer: None, or what is wrong with it."""
        if expected is None:
            return lambda answer: None
        if "repr" in expected:
            return self._value_checker(expected["repr"])
        offset, length = expected["offset"], expected["length"]
        if self.streams_back:
            return lambda pieces: _wrong_pieces(pieces, payload, offset, length)
        return lambda answer: _wrong_bytes(answer, payload, offset, length)

    @staticmethod
    def _value_checker(wanted):
        def check(answer):
            # repr() of a reference would ask the peer.
            got = repr(answer) if type(answer) in PLAIN else type(answer).__name__
            if got != wanted:
                return "wrong answer: %.80s, expected %.80s" % (got, wanted)
            return None
        return check


def _wrong_bytes(answer, payload, offset, length):
    if type(answer) is not bytes:
        return "wrong answer: %s instead of bytes" % type(answer).__name__
    if len(answer) != length:
        return "wrong answer: %d bytes, expected %d" % (len(answer), length)
    if not payload.startswith(answer, offset):
        return "wrong answer: %d bytes are not those of the payload from %d on" % (length, offset)
    return None


def _wrong_pieces(pieces, payload, offset, length):
    end = offset + length
    for piece in pieces:
        wrong = _wrong_bytes(piece, payload, offset, min(len(piece), end - offset))
        if wrong:
            return wrong
        offset += len(piece)
    return None if offset == end else "wrong answer: it ends %d bytes too early" % (end - offset)


def _payload_of(cell):
    """As much of the payload as the steps need."""
    ends = [piece["offset"] + piece["length"]
            for steps in ("setup", "steps", "teardown") for said in cell[steps]
            for piece in (said["tx"], said["expected"]) if piece and "offset" in piece]
    size = max(ends, default=0)
    if size == 0:
        return b""
    tile = service.make_tile(cell["payload"]["kind"], int(cell["payload"]["seed"]))
    return (tile * (size // len(tile) + 1))[:size]


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
        text = str(error) if isinstance(error, Failure) else "%s: %s" % (type(error).__name__, error)
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
        payload = _payload_of(cell)
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


# ---- lines -------------------------------------------------------------------------------------

class Lines:
    """JSON lines on what was stdout; whatever a library prints goes to stderr."""

    def __init__(self):
        self._fd = os.dup(1)
        os.dup2(2, 1)

    def say(self, what):
        data = memoryview(json.dumps(what, separators=(",", ":")).encode() + b"\n")
        while data:
            data = data[os.write(self._fd, data):]

    @staticmethod
    def listen(events):
        """Puts what the suite says into the queue; in a thread of its own."""
        for line in sys.stdin.buffer:
            said = json.loads(line)
            for word in ("go_ns", "stop", "collect"):
                if word in said:
                    events.put((word, said[word]))
        events.put(("end", None))


class Session:
    """From the cell to the recording."""

    def __init__(self, load, lines):
        self.load = load
        self.lines = lines
        self.active = 0  # clients that have not reached the end of the present phase
        self.is_alone = False  # the suite has gone

    def await_clients(self, phase):
        """Until no client is active, or a moment after the suite said stop."""
        deadline = None
        while self.active:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            try:
                word, _ = self.load.events.get(timeout=left)
            except queue.Empty:
                return
            if word == phase:
                self.active -= 1
            elif word in ("stop", "end"):
                self.is_alone |= word == "end"
                self.load.stopping = True
                deadline = deadline or time.monotonic() + STOP_S

    def await_word(self):
        """What the suite says next; "end" when it says nothing more."""
        while not self.is_alone:
            word, value = self.load.events.get()
            if word not in ("parked", "over"):
                self.is_alone = word == "end"
                return word, value
        return "end", None

    def run(self):
        load = self.load
        self.active = load.connections
        load.start_clients()
        self.await_clients("parked")
        if not load.stopping:
            load.note_before()
            count, why = load.ready()
            self.lines.say({"ready": count, "error": why})
            word, value = self.await_word()
            if word == "go_ns":
                self.active = len(load.clients)
                load.begin(value)
                self.await_clients("over")
            load.stopping = True
            load.note_after()
        if not self.is_alone:
            self.lines.say({"done": True})
            self.deliver()

    def deliver(self):
        word = None
        while word not in ("collect", "end"):
            word, _ = self.await_word()
        if word == "collect":
            self.lines.say(self.load.recording())

    def close(self):
        if self.active:
            return  # a request is in flight: the end of the process ends it
        for client in self.load.clients:
            client.drop()


def _refuse(lines, why):
    """Tells that nothing can be done, and ends when that was heard."""
    lines.say({"ready": 0, "error": recording.message(why), "unavailable": True})
    for line in sys.stdin.buffer:
        said = json.loads(line)
        if "collect" in said:
            lines.say({"version": recording.VERSION, "series": {}, "attempted": 0, "succeeded": 0,
                       "budget_cut": False})
            return
        lines.say({"done": True})


def _raise_limits():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main(libraries, description):
    parser = argparse.ArgumentParser(description=description, allow_abbrev=False)
    parser.add_argument("--client", choices=sorted(libraries), required=True)
    parser.add_argument("--check", action="store_true", help="print the versions and exit")
    chosen = parser.parse_args()
    library = libraries[chosen.client]()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the suite says when to stop
    if chosen.check:
        try:
            print("%s, Python %d.%d.%d" % (library.versions(), *sys.version_info[:3]))
        except ImportError as error:
            print("Python package %s is missing (%s)" % (library.name, error))
            return MISSING_STATUS
        return 0
    lines = Lines()
    _raise_limits()
    line = sys.stdin.buffer.readline()
    if not line:
        return 0
    try:
        load = Load(json.loads(line), library)
    except Unavailable as error:
        _refuse(lines, str(error))
        return 0
    threading.Thread(target=lines.listen, args=(load.events,), daemon=True).start()
    session = Session(load, lines)
    session.run()
    session.close()
    return 0


def run(libraries, description):
    """main(), and the end of the process without waiting for threads."""
    try:
        status = main(libraries, description)
        sys.stdout.flush()
    except BrokenPipeError:
        status = 1  # the suite has gone
    sys.stderr.flush()
    os._exit(status)
