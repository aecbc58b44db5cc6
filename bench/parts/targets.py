"""What malai must reach, as ratios of figures of the same round, and in a few cases as limits.

A ratio is the median of the rounds' ratios. Where the limit lies between the lowest and the highest
of them the rounds disagree, and the verdict says so.
"""

import statistics

HTTP = "malai"
TCP = "malai-tcp"


class Target:
    """One line of the list: a measure of malai, over another one or alone, and its limit."""

    def __init__(self, title, measure, limit, over=None, at_most=False, scale=1.0, unit=""):
        self.title = title
        self.measure = measure
        self.limit = limit
        # (system, measure) that it is divided by; a system None means the same one.
        self.over = over
        self.at_most = at_most
        self.scale = scale
        self.unit = unit

    def values(self, results, key):
        """One value per round in which all that it needs was measured."""
        mine = results.by_round(key, self.measure)
        if self.over is None:
            return [value * self.scale for value in mine.values()]
        other_key, measure = self.over
        other = results.by_round(other_key or key, measure)
        return [mine[n] / other[n] for n in mine if other.get(n)]

    def reached(self, value):
        return value <= self.limit if self.at_most else value >= self.limit

    def judge(self, results, key):
        """The median, the lowest and highest value, and the verdict; None when not measured."""
        values = self.values(results, key)
        if not values:
            return None
        median = statistics.median(values)
        reached = self.reached(median)
        verdict = "reached" if reached else "missed"
        if any(self.reached(value) != reached for value in values):
            verdict += ", rounds disagree"
        return {
            "median": median,
            "lowest": min(values),
            "highest": max(values),
            "reached": reached,
            "verdict": verdict,
        }


MIB = 1 / 1024
C32 = "c32_per_second"
CLOSING = "close32_per_second"

ALL = (
    Target("req/s, 32 connections, over dumbpipe's", C32, 1.0, ("dumbpipe", C32)),
    Target("req/s, 32 connections, over two nginx's", C32, 0.6, ("nginx2", C32)),
    Target(
        "p99, 32 connections, over two nginx's", "c32_p99_ms", 3.0, ("nginx2", "c32_p99_ms"), True
    ),
    Target("req/s without keep-alive, over ssh's", CLOSING, 1.0, ("ssh", CLOSING)),
    Target("req/s, 256 connections over 32", "c256_per_second", 1.0, (None, C32)),
    Target("download, over dumbpipe's", "download_mb_s", 1.0, ("dumbpipe", "download_mb_s")),
    Target(
        "idle memory, the larger process", "rss_idle_largest_kib", 40.0, None, True, MIB, " MiB"
    ),
    Target(
        "peak memory while bulk goes both ways",
        "upload_peak_largest_kib",
        64.0,
        None,
        True,
        MIB,
        " MiB",
    ),
    Target("first response after the start", "start_seconds", 1.0, None, True, 1.0, " s"),
)
