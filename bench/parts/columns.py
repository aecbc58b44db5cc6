"""What the report shows: tables of figures as data, each with what it is called and how it looks.

A column is a group, what the figure is, its name, how to show it, and whether less is better; the
tables on the terminal, those in `docs/performance.md` and the ratios are all made from this.
"""

import typing

KIB_PER_MIB = 1024


def thousands(value):
    return f"{value / 1000:.1f}k" if value >= 1000 else f"{value:.0f}"


def fixed(digits, scale=1.0):
    return lambda value: f"{value * scale:.{digits}f}"


# Below one millisecond two digits say little.
def milliseconds(value):
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


MIB = fixed(1, 1 / KIB_PER_MIB)


class Column(typing.NamedTuple):
    group: str
    what: str
    measure: str
    show: typing.Callable[[float], str]
    less_is_better: bool = True


def latencies(cell, *names):
    shown = {"p50": "p50_ms", "p99": "p99_ms", "p99.9": "p999_ms"}
    return [Column("", name, f"{cell}_{shown[name]}", milliseconds) for name in names]


def rate(group, measure, what="req/s", show=thousands):
    return Column(group, what, measure, show, less_is_better=False)


KEPT = [
    column
    for connections in (1, 32, 256)
    for column in (
        rate(f"c={connections}", f"c{connections}_per_second"),
        *latencies(f"c{connections}", "p50", "p99", "p99.9"),
    )
]

OTHER_REQUESTS = [
    rate("closing", "close32_per_second"),
    *latencies("close32", "p50", "p99", "p99.9"),
    rate("100 KB", "kb100_per_second"),
    *latencies("kb100", "p50", "p99"),
    Column("CPU s / 10k", "c=32", "c32_cpu_seconds", fixed(2)),
    Column("", "closing", "close32_cpu_seconds", fixed(2)),
]

BULK = [
    rate("MB/s", "download_mb_s", "down", fixed(0)),
    rate("", "download8_mb_s", "8 down", fixed(0)),
    rate("", "upload_mb_s", "up", fixed(0)),
    Column("CPU s / GiB", "down", "download_cpu_seconds", fixed(2)),
    Column("", "up", "upload_cpu_seconds", fixed(2)),
]

OPEN = [
    rate("WebSocket", "ws_per_second", "msg/s"),
    *latencies("ws", "p50", "p99"),
    Column("events", "p50", "sse_p50_ms", milliseconds),
    *latencies("sse", "p99", "p99.9"),
    rate("redis", "redis_p1_per_second"),
    Column("", "p99", "redis_p1_p99_ms", milliseconds),
    rate("redis, 16 in one", "redis_p16_per_second"),
    Column("", "p99", "redis_p16_p99_ms", milliseconds),
    rate("pgbench", "postgres_per_second", "tps"),
    Column("", "average", "postgres_average_ms", milliseconds),
]

LINK = [
    rate("link c=32", "link_c32_per_second"),
    *latencies("link_c32", "p50", "p99", "p99.9"),
    rate("link closing", "link_close32_per_second"),
    *latencies("link_close32", "p50", "p99"),
    rate("link MB/s", "link_download_mb_s", "down", fixed(2)),
    rate("", "link_upload_mb_s", "up", fixed(2)),
    Column("link, s", "start", "link_start_seconds", fixed(2)),
]

NARROW = [
    rate("beside 8 downloads", "narrow_beside_per_second"),
    *latencies("narrow_beside", "p50", "p99"),
]

COSTS = [
    Column("MiB idle", "far", "rss_idle_far_kib", MIB),
    Column("", "near", "rss_idle_near_kib", MIB),
    Column("MiB at most", "c=256", "c256_peak_kib", MIB),
    Column("", "bulk", "upload_peak_kib", MIB),
    Column("MiB after", "far", "rss_after_far_kib", MIB),
    Column("", "near", "rss_after_near_kib", MIB),
    Column("KiB", "each idle", "idle_kib", fixed(1)),
    Column("first byte, s", "start", "start_seconds", fixed(2)),
    Column("", "again", "reconnect_seconds", fixed(2)),
]

GROWTH = [
    *(
        column
        for group, cell in (
            ("1 connection", "c1"),
            ("32", "c32"),
            ("256", "c256"),
            ("1,000", "c1000"),
            ("1 service", "services1"),
            ("64 services", "services64"),
        )
        for column in (
            rate(group, f"{cell}_per_second"),
            Column("", "CPU", f"{cell}_cpu_seconds", fixed(2)),
            Column("", "MiB", f"{cell}_peak_kib", MIB),
        )
    )
]

TABLES = (
    ("Requests of 1 KB over kept connections; req/s and ms", KEPT),
    ("Without keep-alive and of 100 KB, 32 connections; req/s, ms and CPU seconds", OTHER_REQUESTS),
    ("Large transfers; MB/s and CPU seconds", BULK),
    ("What stays open, and TCP services: redis with 32 connections, PostgreSQL with 8; ms", OPEN),
    ("Memory, and seconds to the first response", COSTS),
    ("Growth of connections and services; req/s, CPU s / 10k, and peaks in MiB", GROWTH),
    ("Over a link of 20 ms there and back that loses 1 %; req/s, ms and MB/s", LINK),
    ("8 connections over a line of 10 Mbit/s and 20 ms; req/s and ms", NARROW),
)


def names(shown):
    """One line of heads: a column without a group belongs to the one before it."""
    found, group = [], ""
    for column in shown:
        group = column.group or group
        found.append(f"{group} {column.what}")
    return found


def each():
    """Every figure with its whole name, once, though two tables may show it."""
    found = {}
    for _, shown in TABLES:
        for name, column in zip(names(shown), shown, strict=True):
            found.setdefault(column.measure, (name, column))
    return list(found.values())


def measured(results, classes):
    """The tables that this run has any figure for."""
    keys = [kind.key for kind in classes]
    return [
        (title, shown)
        for title, shown in TABLES
        if any(results.by_round(key, column.measure) for key in keys for column in shown)
    ]
