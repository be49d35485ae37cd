#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A monitor that reads what a sensor shows attribute by attribute.

    slow_sensors.py --serve PORT
    slow_sensors.py --connect HOST:PORT [--fixed]

`rpycbench profile -- python3 slow_sensors.py --connect HOST:PORT` says what is slow about it;
--fixed does what it advises. docs/profiling.md has the whole story.
"""
import argparse
import time

import rpyc
from rpyc.utils.server import ThreadedServer

SENSORS = 20
ROUNDS = 5


class Sensor:
    def __init__(self, name, now):
        self.name = name
        self.value = 20 + (len(name) * 7 + now) % 10
        self.unit = "C"
        self.low, self.high = 15, 28


class Plant(rpyc.Service):
    def exposed_sensor(self, name, now):
        """An object: it stays here, each of its attributes must be asked for."""
        return Sensor(name, now)

    def exposed_sensor_values(self, name, now):
        """Plain values in a tuple travel with the answer."""
        sensor = Sensor(name, now)
        return sensor.value, sensor.unit, sensor.low, sensor.high


def look(root, name, now):
    sensor = root.sensor(name, now)
    low, high = sensor.low, sensor.high
    return None if low <= sensor.value < high else f"{name}: {sensor.value} {sensor.unit}"


def look_fixed(root, name, now):
    value, unit, low, high = root.sensor_values(name, now)
    return None if low <= value < high else f"{name}: {value} {unit}"


def watch(root, look_at):
    alarms = []
    for now in range(ROUNDS):
        for number in range(SENSORS):
            alarm = look_at(root, f"boiler {number}", now)
            if alarm:
                alarms.append(alarm)
    return alarms


def serve(port):
    """On port, or on any (0); says on which."""
    config = {"allow_public_attrs": True}
    server = ThreadedServer(Plant, hostname="127.0.0.1", port=port, protocol_config=config)
    print(f"serving on port {server.port}", flush=True)
    server.start()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--serve", type=int, metavar="PORT")
    what.add_argument("--connect", metavar="HOST:PORT")
    parser.add_argument("--fixed", action="store_true", help="with the change that is advised")
    args = parser.parse_args()
    if args.serve is not None:
        serve(args.serve)
        return
    host, _, port = args.connect.rpartition(":")
    connection = rpyc.connect(host, int(port))
    root = connection.root
    begin = time.perf_counter()
    alarms = watch(root, look_fixed if args.fixed else look)
    elapsed = time.perf_counter() - begin
    print(f"{len(alarms)} alarms")
    print(f"elapsed {elapsed:.6f} s")
    connection.close()


if __name__ == "__main__":
    main()
