"""One case in figures."""

import collections

HEDGES = 0.02  # of the reads
# Seconds until no read goes to the broken agent any more; and once it is back, until it is called usable and, where it is warm and was
# used before, one goes to it again.
DETECTION = 2.5
RECOVERY = 3.0
LEAST_SHARE = 0.1
# p99 when the fault is over, as a part of that before it. Below the floor (seconds) the machine's own noise decides.
AFTER = 2.0
AFTER_FLOOR = 0.050
# What the budget lets through at once before the share counts: half of Routing's `hedgeTokens`.
HEDGE_BURST = 10


class Report:
    """What the load saw, what the coordinator said, and what was missed."""

    def __init__(self, case, clock, reads, observer, agent, counters, began, healed, back):
        self.case, self.clock, self.observer, self.agent, self.counters = case, clock, observer, agent, counters
        # Seconds of the load: the fault began, its healing began, and what suffered was there again.
        self.began, self.healed, self.back = began, healed, back
        self.reads = sorted((read for read in reads if read.due >= clock.warm), key=lambda read: read.due)
        self.failed = [read for read in reads if read.failure]

    @staticmethod
    def head(rate, clock, processors, load):
        return (
            f"Two agents reach every host; {rate:.0f} reads/s for {clock.end:.0f} s, the fault from {clock.fault:.0f} s to"
            f" {clock.heal:.0f} s; latency from when a read was due, as p50 / p99 / worst in ms; {processors} processors, load average"
            f" {load:.1f} when it began.\n\n"
            "| fault | reads | failed | before | in it | after it | agent left | it is called | used again"
            " | share before, after | hedges | retries |\n|---|---|---|---|---|---|---|---|---|---|---|---|"
        )

    def row(self):
        cells = [
            self.case.what, f"{self.total}", self._failed(),
            _latencies(self._between(self.clock.warm, self.began)),
            _latencies(self._between(self.began, self.healed)),
            _latencies(self._between(self.healed, self.clock.end)),
            *self._agent(),
            f"{self.share('hedges'):.1%}", f"{self.share('retries'):.1%}",
        ]
        return "| " + " | ".join(cells) + " |"

    def _failed(self):
        codes = collections.Counter(read.failure.split(":")[0] for read in self.failed)
        return f"{len(self.failed)}" + "".join(f", {code}" for code in codes)

    @property
    def total(self):
        return int(self.counters["calls"])

    def share(self, counter):
        return self.counters[counter] / max(1, self.total)

    def _between(self, begin, end):
        return [read.latency for read in self.reads if begin <= read.due < end]

    def _agent(self):
        if not self.case.one_agent:
            return "", "", "", ""
        seen, agent = self.observer, self.agent
        standing = seen.standing(agent, self.began, self.healed)
        before = seen.share(agent, self.clock.warm, self.began)
        after = seen.share(agent, (self.healed + self.clock.end) / 2, self.clock.end)
        return (
            _seconds(seen.left(agent, self.began, self.healed)),
            f"{standing[1]} {_seconds(standing[0])}" if standing else "usable",
            _seconds(seen.used(agent, self.healed)), f"{_percent(before)}, {_percent(after)}",
        )

    def failures(self):
        """A line for each kind of failure."""
        kinds = collections.Counter(read.failure for read in self.failed)
        when = {}
        for read in self.failed:
            when.setdefault(read.failure, []).append(read.due)
        return "".join(
            f"- {self.case.name}: {count} x `{kind}`, due from {min(when[kind]):.2f} s to {max(when[kind]):.2f} s\n"
            for kind, count in kinds.most_common(10)
        )

    def write(self, folder):
        """Every read and every answer of `route`, for a closer look."""
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / f"{self.case.name}-reads.csv", "w") as file:
            file.writelines(f"{r.due:.3f},{r.latency * 1000:.1f},{r.host},{r.failure}\n" for r in self.reads)
        with open(folder / f"{self.case.name}-routes.csv", "w") as file:
            for sight in self.observer.sights:
                standings = " ".join(f"{name}={standing}" for name, standing in sight.standings.items())
                file.write(f"{sight.time:.3f},{sight.host},{sight.chosen},{standings}\n")

    def missed(self, with_times):
        """What was missed, in words. Times are judged in the full form only: the short one runs beside a build."""
        lines = []
        if self.case.second_path and self.failed:
            lines.append(f"{self.case.name}: {len(self.failed)} reads failed, and there was a second path")
        if self.counters["hedges"] > HEDGES * self.total + HEDGE_BURST:
            lines.append(f"{self.case.name}: {self.share('hedges'):.1%} of the reads hedged, {HEDGES:.0%} is the target")
        return lines + (self._missed_times() if with_times else [])

    def _missed_times(self):
        lines = []
        if self.case.leaves:
            left = self.observer.left(self.agent, self.began, self.healed)
            if left is None or left > DETECTION:
                lines.append(f"{self.case.name}: the agent was left after {_seconds(left)}, {DETECTION} s is the target")
            usable = self.observer.usable(self.agent, self.back)
            if usable is None or usable > RECOVERY:
                lines.append(f"{self.case.name}: the agent was usable after {_seconds(usable)}, {RECOVERY} s is the target")
            was_used = (self.observer.share(self.agent, self.clock.warm, self.began) or 0) >= LEAST_SHARE
            back = self.observer.used(self.agent, self.back)
            if self.case.warm and was_used and (back is None or back > RECOVERY):
                lines.append(f"{self.case.name}: the agent was used again after {_seconds(back)}, {RECOVERY} s is the target")
        before = _quantile(self._between(self.clock.warm, self.began), 0.99)
        # What began in the fault may end behind it: a moment is left out.
        after = _quantile(self._between(self.back + RECOVERY, self.clock.end), 0.99)
        if after > max(AFTER * before, AFTER_FLOOR):
            lines.append(
                f"{self.case.name}: p99 {after * 1000:.0f} ms after the fault, {before * 1000:.0f} ms before it;"
                f" {AFTER:.0f} times that or {AFTER_FLOOR * 1000:.0f} ms is the target"
            )
        return lines


def _quantile(seconds, share):
    """Of latencies; 0 of none."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def _latencies(seconds):
    if not seconds:
        return ""
    return " / ".join(f"{1000 * _quantile(seconds, share):.1f}" for share in (0.5, 0.99, 1))


def _seconds(value):
    return "never" if value is None else f"{value:.2f} s"


def _percent(value):
    return "?" if value is None else f"{value:.0%}"
