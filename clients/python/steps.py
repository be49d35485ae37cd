# SPDX-License-Identifier: MIT
"""The calls of a cell: what is sent, and whether what comes back is right."""
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "servers",
                             "python"))
import service  # noqa: E402  the payload is written once, beside the servers

PLAIN = (type(None), bool, int, float, complex, str, bytes, tuple, frozenset, list)


class Step:
    """One call: what is sent and what has to come back."""

    def __init__(self, said, payload):
        self.operation = said["operation"]
        # JSON has no tuples; a list would go by reference.
        self.args = [tuple(arg) if isinstance(arg, list) else arg for arg in said["args"]]
        self.reading = said["reading"]  # of the records of the answer: None, "read", "copy"
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
                at = len(os.path.commonprefix((got, wanted)))
                at = max(at - 40, 0) if at > 60 else 0  # what differs has to fit
                return "wrong answer: %.80s, expected %.80s" % (got[at:], wanted[at:])
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


def payload_of(cell):
    """As much of the payload as the steps need."""
    ends = [piece["offset"] + piece["length"]
            for steps in ("setup", "steps", "teardown") for said in cell[steps]
            for piece in (said["tx"], said["expected"]) if piece and "offset" in piece]
    size = max(ends, default=0)
    if size == 0:
        return b""
    tile = service.make_tile(cell["payload"]["kind"], int(cell["payload"]["seed"]))
    return (tile * (size // len(tile) + 1))[:size]
