"""Faults among real processes under a constant load, and the cost of distance: prints two Markdown tables. Started by run.sh."""

import argparse
import asyncio
import contextlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile

import distance
from cases import CASES
from cell import Cell
from fleet import Fleet
from load import Connections, Load
from observer import Observer, routing_counters
from report import Report

HOSTS = 8
SMALL = 4096


class Clock:
    """Seconds of one case: load that is not counted, then until the fault, until it is healed, until the end."""

    def __init__(self, short):
        self.warm, self.fault, self.heal, self.end = (2.0, 4.0, 8.0, 12.0) if short else (5.0, 15.0, 25.0, 60.0)


async def run_case(case, binary, fleet, path, rate, clock):
    cell = Cell(binary, fleet)
    connections = Connections(cell.port)
    try:
        targets = [(name, f"{name}:{path}") for name in fleet.names]
        load = Load(connections, targets, rate)
        observer = Observer(Connections(cell.port), fleet.names, load.now)
        # The agents' connections to the hosts are made before the clock starts.
        for _, target in targets:
            await connections.call("read", {"target": target})
        before = await routing_counters(connections)
        loading = asyncio.ensure_future(load.run(clock.end))
        observing = asyncio.ensure_future(observer.run())
        faulting = asyncio.ensure_future(fault(case, cell, load, clock))
        try:
            await asyncio.gather(loading, faulting)
        finally:
            for task in (loading, observing, faulting):
                task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await observing
        observer.connections.close()
        after = await routing_counters(connections)
        counters = {name: after[name] - before.get(name, 0) for name in after}
        return Report(case, clock, load.reads, observer, cell.link(1), counters, *faulting.result())
    finally:
        connections.close()
        await asyncio.to_thread(cell.stop)


async def fault(case, cell, load, clock):
    """Begins the fault and heals it. Answers when, in seconds of the load: began, healing began, healed."""
    await asyncio.sleep(clock.fault - load.now())
    began = load.now()
    fault = asyncio.ensure_future(case.begin(cell))
    await asyncio.sleep(clock.heal - load.now())
    fault.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await fault
    # What is counted as recovery begins with the healing: an agent's own start is part of it.
    healed = load.now()
    await case.heal(cell)
    return began, healed, load.now()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="the scout executable")
    parser.add_argument("--short", action="store_true", help="three cases of 12 s and a few reads over distance, for CI")
    parser.add_argument("--check", action="store_true", help="exit code 1 when a target is missed; with --short no time is one")
    parser.add_argument("--only", default="", help="names of cases, comma-separated; distance is one of them")
    parser.add_argument("--rate", type=float, default=200, help="reads a second (200)")
    parser.add_argument("--keep-logs", type=pathlib.Path, help="a folder for the processes' logs and each case's reads and routes")
    return parser.parse_args()


def main():
    options = arguments()
    # Everything is ended and removed on the way out.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    names = [case.name for case in CASES if case.short or not options.short] + ["distance"]
    names = options.only.split(",") if options.only else names
    if unknown := set(names) - {case.name for case in CASES} - {"distance"}:
        sys.exit(f"chaos: no case is called {', '.join(sorted(unknown))}")
    clock = Clock(options.short)
    # Each sshd stands for half the hosts.
    fleet = Fleet(HOSTS, per_server=HOSTS // 2)
    reports, far, busy = [], None, os.getloadavg()[0]
    try:
        path = fleet.files / "small"
        path.write_bytes(("x" * 63 + "\n").encode() * (SMALL // 64))
        path.chmod(0o644)
        for case in CASES:
            if case.name in names:
                print(f"chaos: {case.name}, {clock.end:.0f} s: {case.what}", file=sys.stderr, flush=True)
                report = asyncio.run(run_case(case, str(options.binary), fleet, path, options.rate, clock))
                print(report.row(), file=sys.stderr, flush=True)
                reports.append(report)
                if options.keep_logs:
                    report.write(options.keep_logs)
        if "distance" in names:
            far = distance.measure(str(options.binary), fleet, path, 10 if options.short else 40)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if options.keep_logs:
            shutil.copytree(fleet.folder, options.keep_logs, dirs_exist_ok=True, ignore=lambda folder, files: [
                file for file in files if not file.endswith(".log")])
        fleet.stop()
    if reports:
        print(Report.head(options.rate, clock, os.cpu_count(), busy))
        for report in reports:
            print(report.row())
        print()
        for report in reports:
            print(report.failures(), end="")
    if far:
        print(far.table())
    missed = [line for report in reports for line in report.missed(with_times=not options.short)] + (far.missed() if far and not options.short else [])
    for line in missed:
        print(f"missed: {line}")
    sys.exit(1 if missed and options.check else 0)


if __name__ == "__main__":
    main()
