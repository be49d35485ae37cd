# SPDX-License-Identifier: MIT
"""Names parts of a program for `rpycbench profile -- python3 app.py`; copy it beside app.py.

    import mark

    with mark.section("load"):
        ...

    @mark.section("save")
    def save(): ...

    mark.start("parse")
    ...
    mark.end()

Without the profiler all of this does nothing. Sections nest, and each thread has its own.
"""
import contextlib
import ctypes
import functools
import inspect
import os


def _nothing(*_args):
    pass


def _find():
    """The profiler's functions, where it has put itself into this process."""
    if "RPYCBENCH_TAP" not in os.environ:
        return _nothing, _nothing
    try:
        process = ctypes.CDLL(None)
        begin, end = process.rpycbench_mark_begin, process.rpycbench_mark_end
    except (OSError, AttributeError):
        return _nothing, _nothing
    begin.argtypes, begin.restype = [ctypes.c_char_p], None
    end.argtypes, end.restype = [], None
    return begin, end


_begin, _end = _find()


def start(name):
    """A section begins on this thread, inside the one that is open."""
    if _begin is not _nothing:
        _begin(str(name).encode("utf-8", "replace"))


def end():
    """The innermost section of this thread ends."""
    _end()


class section(contextlib.ContextDecorator):
    """A section as a context or as a decorator; of an async function: from the call of it to its
    end, whatever else the thread does while it waits."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        start(self.name)
        return self

    def __exit__(self, *_exception):
        end()
        return False

    def __call__(self, function):
        if not inspect.iscoroutinefunction(function):
            return super().__call__(function)

        @functools.wraps(function)
        async def marked(*args, **kwargs):
            with self:
                return await function(*args, **kwargs)

        return marked
