"""What malai must reach, as ratios of figures of the same round, and in a few cases as limits.

A ratio is the median of the rounds' ratios. Where the limit lies between the lowest and the highest
of them the rounds disagree, and the verdict says so. That malai is ahead of every encrypted peer is
a table of its own, in `ahead.py`.
"""

import statistics

HTTP = "malai"
TCP = "malai-tcp"
# Both are judged: where a figure needs TCP, there is none of malai http.
KINDS = ((HTTP, "http"), (TCP, "tcp"))

KIB_PER_MIB = 1024


class Target:
    """One line of the list: a measure of malai, over another one or alone, and its limit."""

    def __init__(self, title, measure, limit, over=None, less=None, at_most=False, **shown):
        self.title = title
        self.measure = measure
        self.limit = limit
        # The system whose figure it is divided by, or whose is taken away from it.
        self.over = over
        self.less = less
        self.at_most = at_most
        self.scale = shown.get("scale", 1.0)
        self.unit = shown.get("unit", "")
        # A system whose own figure is told for scale.
        self.beside = shown.get("beside")

    def values(self, results, key):
        """One value per round in which all that it needs was measured."""
        mine = results.by_round(key, self.measure)
        if self.over:
            return results.ratios(key, self.over, self.measure)
        if self.less:
            other = results.by_round(self.less, self.measure)
            return [(mine[n] - other[n]) * self.scale for n in mine if n in other]
        return [value * self.scale for value in mine.values()]

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

    def limit_text(self):
        return f"{'at most' if self.at_most else 'at least'} {self.limit:g}{self.unit}"

    def value_text(self, judged):
        return f"{judged['median']:.2f}{self.unit}"

    def beside_text(self, results):
        """What the system beside has, or nothing."""
        judged = self.judge(results, self.beside) if self.beside else None
        return f"{self.beside}: {self.value_text(judged)}" if judged else ""


def ratio(title, measure, limit, over, at_most=False):
    return Target(title, measure, limit, over=over, at_most=at_most)


def limit(title, measure, most, **shown):
    return Target(title, measure, most, at_most=True, **shown)


MIB = {"scale": 1 / KIB_PER_MIB, "unit": " MiB"}
# Pipes that encrypt nothing.
PLAIN = ("bore", "rathole")
LINK = (
    ("c=32", "link_c32_per_second"),
    ("without keep-alive", "link_close32_per_second"),
    ("download", "link_download_mb_s"),
    ("upload", "link_upload_mb_s"),
)

ALL = (
    *(
        ratio(f"{what}, over {peer}'s", measure, least, peer)
        for peer in PLAIN
        for what, measure, least in (
            ("req/s without keep-alive", "close32_per_second", 1.0),
            ("req/s at c=32", "c32_per_second", 0.9),
            ("req/s at c=256", "c256_per_second", 0.9),
        )
    ),
    ratio("req/s at c=32, over two nginx's", "c32_per_second", 0.8, "nginx2"),
    ratio("req/s at c=256, over two nginx's", "c256_per_second", 0.8, "nginx2"),
    # No cliff: the slowest in a thousand are not left behind when there are many.
    ratio("p99.9 at c=256, over two nginx's", "c256_p999_ms", 4.0, "nginx2", at_most=True),
    ratio("download, over the raw loop's", "download_mb_s", 0.8, "raw"),
    ratio("CPU for a request at c=32, over dumbpipe's", "c32_cpu_seconds", 1.0, "dumbpipe", True),
    Target(
        "p50 at c=1, more than direct",
        "c1_p50_ms",
        0.1,
        less="direct",
        at_most=True,
        unit=" ms",
        beside="nginx2",
    ),
    limit("an idle kept connection, both sides", "idle_kib", 16.0, unit=" KiB"),
    limit("idle memory, the larger process", "rss_idle_largest_kib", 40.0, **MIB),
    limit("peak memory of bulk, the larger process", "upload_peak_largest_kib", 64.0, **MIB),
    limit("first response after the start", "start_seconds", 1.0, unit=" s"),
    *(
        ratio(f"lossy link, {what}, over dumbpipe's", measure, 1.0, "dumbpipe")
        for what, measure in LINK
    ),
)
