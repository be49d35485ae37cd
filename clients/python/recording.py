# SPDX-License-Identifier: MIT
"""What a client measured, in the serial form that stats/recording.h describes.

    recording.py < NUMBERS    prints the packed histogram of whole numbers of ns, one a line
"""
import base64
import collections
import sys
import zlib

VERSION = 1
TRACE_MAX = 1 << 15  # points
MESSAGE_MAX = 255  # bytes of first_error

# A log-linear histogram (stats/hist.h): relative error at most 0.1 %.
_BITS = 11
_HALF = 1 << (_BITS - 1)
_HIGHEST = (1 << 36) - 1  # ns; more is counted in the last bucket


def bucket(ns):
    value = min(max(ns, 0), _HIGHEST)
    shift = max(value.bit_length() - _BITS, 0)
    return shift * _HALF + (value >> shift)


def _varint(value, out):
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def packed(values):
    """(gap of the bucket's index, count) of each bucket in use, as varints, deflated, as text."""
    counts = collections.Counter(map(bucket, values))
    plain = bytearray()
    previous = 0
    for index in sorted(counts):
        _varint(index - previous, plain)
        _varint(counts[index], plain)
        previous = index
    return base64.b64encode(zlib.compress(plain, 9)).decode() if plain else ""


def series(values):
    values = [max(value, 0) for value in values]
    return {"count": len(values), "min": min(values), "max": max(values), "sum": str(sum(values)),
            "sum_squares": str(sum(value * value for value in values)),
            "histogram": packed(values)}


def trace(samples, first_start):
    """A thin sample of the (starts, ends) of several connections, in the order of completion."""
    total = sum(len(dones) for _, dones in samples)
    stride = 1
    while total // stride + len(samples) > TRACE_MAX and stride < total:
        stride *= 2
    points = sorted((done, done - start) for starts, dones in samples
                    for start, done in zip(starts[::stride], dones[::stride]))
    del points[TRACE_MAX:]
    return {"stride": stride, "done": [done - first_start for done, _ in points],
            "response": [response for _, response in points]}


def message(text):
    """One line that fits."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line.encode(errors="replace")[:MESSAGE_MAX].decode(errors="ignore")


def main():
    print(packed(map(int, sys.stdin)))


if __name__ == "__main__":
    main()
