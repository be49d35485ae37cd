# SPDX-License-Identifier: MIT
"""What the Python clients share: lines to and from the suite, from the cell to the recording.

The contract stands in clients/clients.def. A program makes a Library (library.py) of what
applications use and calls run() with it.
"""
import argparse
import json
import os
import queue
import resource
import signal
import sys
import threading
import time

import recording
from library import Unavailable
from load import Load

MISSING_STATUS = 3
STOP_S = 1.0  # for requests in flight when the load is stopped


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
    is_done = False
    for line in sys.stdin.buffer:
        if "collect" in json.loads(line):
            lines.say({"version": recording.VERSION, "series": {}, "attempted": 0, "succeeded": 0,
                       "budget_cut": False})
            return
        if not is_done:
            lines.say({"done": True})
        is_done = True


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
