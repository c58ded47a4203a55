"""One case in figures."""

import collections

HEDGES = 0.02  # of the reads
# What the budget lets through at once before the share counts: half of Routing's `hedgeTokens`.
HEDGE_BURST = 10


class Report:
    """What the load saw, what the coordinator said, and what was missed."""

    def __init__(self, case, clock, reads, observer, agent, counters, began, healed):
        self.case, self.clock, self.observer, self.agent, self.counters = case, clock, observer, agent, counters
        self.began, self.healed = began, healed
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

    def missed(self):
        lines = []
        if self.case.second_path and self.failed:
            lines.append(f"{self.case.name}: {len(self.failed)} reads failed, and there was a second path")
        if self.counters["hedges"] > HEDGES * self.total + HEDGE_BURST:
            lines.append(f"{self.case.name}: {self.share('hedges'):.1%} of the reads hedged, {HEDGES:.0%} is the target")
        return lines


def _latencies(seconds):
    if not seconds:
        return ""
    ordered = sorted(seconds)
    return " / ".join(f"{1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]:.1f}" for share in (0.5, 0.99, 1))


def _seconds(value):
    return "never" if value is None else f"{value:.2f} s"


def _percent(value):
    return "?" if value is None else f"{value:.0%}"
