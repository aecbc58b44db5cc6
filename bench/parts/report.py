"""The report: two tables of figures, the targets, and what went wrong; or all of it as JSON."""

import json

from . import targets

GAP = "–"
KIB_PER_MIB = 1024


def thousands(value):
    return f"{value / 1000:.1f}k" if value >= 1000 else f"{value:.0f}"


def fixed(digits, scale=1.0):
    return lambda value: f"{value * scale:.{digits}f}"


# Below one millisecond two digits say little.
def milliseconds(value):
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


MIB = fixed(1, 1 / KIB_PER_MIB)

REQUESTS = (
    ("c=1", "req/s", "c1_rps", thousands),
    ("", "p50", "c1_p50_ms", milliseconds),
    ("", "p99", "c1_p99_ms", milliseconds),
    ("c=32", "req/s", "c32_rps", thousands),
    ("", "p50", "c32_p50_ms", milliseconds),
    ("", "p99", "c32_p99_ms", milliseconds),
    ("", "CPU", "cpu_seconds_per_10k", fixed(2)),
    ("c=256", "req/s", "c256_rps", thousands),
    ("", "p50", "c256_p50_ms", milliseconds),
    ("", "p99", "c256_p99_ms", milliseconds),
    ("closing", "req/s", "close32_rps", thousands),
    ("", "p50", "close32_p50_ms", milliseconds),
    ("", "p99", "close32_p99_ms", milliseconds),
)

REST = (
    ("bulk", "down", "download_mb_s", fixed(0)),
    ("", "up", "upload_mb_s", fixed(0)),
    ("", "peak", "bulk_peak_kib", MIB),
    ("idle", "far", "rss_idle_far_kib", MIB),
    ("", "near", "rss_idle_near_kib", MIB),
    ("after", "far", "rss_after_far_kib", MIB),
    ("", "near", "rss_after_near_kib", MIB),
    ("first", "s", "start_seconds", fixed(2)),
)


def table(results, classes, columns):
    """Right-aligned columns under two lines of heads."""
    rows = [["", *(column[0] for column in columns)], ["", *(column[1] for column in columns)]]
    for kind in classes:
        if kind.key in results.left_out:
            continue
        cells = [kind.title]
        for _, _, measure, show in columns:
            value = results.median(kind.key, measure)
            cells.append(GAP if value is None else show(value))
        rows.append(cells)
    widths = [max(len(row[n]) for row in rows) for n in range(len(columns) + 1)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        for n, cell in enumerate(row[1:]):
            # A little more room where a group of columns begins.
            cells.append((" " if columns[n][0] else "") + cell.rjust(widths[n + 1]))
        lines.append("  ".join(cells).rstrip())
    return lines


def target_lines(results):
    rows = []
    for target in targets.ALL:
        row = [target.title]
        word = "at most" if target.at_most else "at least"
        judged = target.judge(results, targets.HTTP)
        if judged:
            row.append(f"{judged['median']:.2f}{target.unit}")
            row.append(f"({judged['lowest']:.2f} to {judged['highest']:.2f})")
        else:
            row += [GAP, ""]
        row.append(f"{word} {target.limit:g}{target.unit}")
        row.append(judged["verdict"] if judged else "not measured")
        other = target.judge(results, targets.TCP)
        row.append(f"tcp: {other['median']:.2f}" if other else "")
        rows.append(row)
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    align = (str.ljust, str.rjust, str.ljust, str.ljust, str.ljust, str.ljust)
    return [
        "  ".join(align[n](cell, widths[n]) for n, cell in enumerate(row)).rstrip() for row in rows
    ]


def text(results, classes, machine, options):
    lines = [
        f"{machine['cores']} cores, {machine['system']}; {len(results.busy)} round(s) of "
        f"{options.seconds} s, bulk of {options.large_bytes / (1 << 20):.0f} MiB; medians",
        "others used "
        + ", ".join(f"{share:.0%}" for share in results.busy)
        + " of the CPU during the rounds",
    ]
    if max(results.busy, default=0) > options.busy_limit:
        lines.append("THE MACHINE WAS BUSY: trust no figure of this run, and the ratios little")
    lines += ["", "requests a second with answers of 1 KB; ms; CPU seconds per 10k requests"]
    lines += table(results, classes, REQUESTS)
    lines += ["", "one transfer, MB/s; resident memory of each side, MiB; first response"]
    lines += table(results, classes, REST)
    lines += ["", "targets (malai http; the tcp figure is for comparison)"]
    lines += target_lines(results)
    if results.left_out:
        titles = {kind.key: kind.title for kind in classes}
        lines += ["", "left out"]
        lines += [f"{titles[key]}: {reason}" for key, reason in results.left_out.items()]
    if results.problems:
        lines += ["", "what gave no figure", *results.problems]
    if results.notes:
        lines += ["", "requests that failed within a figure", *results.notes]
    return "\n".join(lines)


def as_json(results, classes, machine, options):
    systems = {}
    for kind in classes:
        figures = results.figures.get(kind.key, {})
        systems[kind.key] = {
            "title": kind.title,
            "left_out": results.left_out.get(kind.key),
            "median": {name: results.median(kind.key, name) for name in figures},
            "rounds": {name: results.by_round(kind.key, name) for name in figures},
        }
    judged = [
        {
            "title": target.title,
            "limit": target.limit,
            "direction": "at most" if target.at_most else "at least",
            "unit": target.unit.strip(),
            targets.HTTP: target.judge(results, targets.HTTP),
            targets.TCP: target.judge(results, targets.TCP),
        }
        for target in targets.ALL
    ]
    whole = {
        "machine": machine,
        "seconds": options.seconds,
        "rounds": len(results.busy),
        "large_bytes": options.large_bytes,
        "used_by_others": results.busy,
        "systems": systems,
        "targets": judged,
        "problems": results.problems,
        "notes": results.notes,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False)
