"""The report: tables of figures, the targets, and what went wrong; or all of it as JSON."""

import json

from . import ahead, columns, places, targets

GAP = "–"


def table(results, classes, shown):
    """Right-aligned columns under two lines of heads."""
    rows = [["", *(column.group for column in shown)], ["", *(column.what for column in shown)]]
    for kind in classes:
        if kind.key in results.left_out:
            continue
        values = [results.median(kind.key, column.measure) for column in shown]
        if any(value is not None for value in values):
            texts = [
                GAP if value is None else column.show(value)
                for column, value in zip(shown, values, strict=True)
            ]
            rows.append([kind.title, *texts])
    widths = [max(len(row[n]) for row in rows) for n in range(len(shown) + 1)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        for n, cell in enumerate(row[1:]):
            # A little more room where a group of columns begins.
            cells.append((" " if shown[n].group else "") + cell.rjust(widths[n + 1]))
        lines.append("  ".join(cells).rstrip())
    return lines


def aligned(rows, right=()):
    """Lines of columns, those numbered in `right` with their ends in one line."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(widths[n]) if n in right else cell.ljust(widths[n])
            for n, cell in enumerate(row)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def target_rows(results):
    """A row for each target: its limit, and figure, rounds and verdict of both kinds of malai."""
    rows = []
    for target in targets.ALL:
        row = [target.title, target.limit_text()]
        for key, _ in targets.KINDS:
            judged = target.judge(results, key)
            if judged:
                spread = f"{judged['lowest']:.2f} to {judged['highest']:.2f}"
                row += [target.value_text(judged), spread, judged["verdict"]]
            else:
                row += [GAP, "", "not measured"]
        rows.append([*row, target.beside_text(results)])
    return rows


TARGETS_HEAD = ["", "limit", "malai http", "rounds", "", "malai tcp", "rounds", "", "for scale"]


def ahead_lines(results, classes):
    """How often malai is ahead, and each figure in which it is not."""
    found = ahead.standings(results, classes)
    lines = ahead.summary(found)
    rows = [one.texts() for one in found if one.verdict != ahead.AHEAD]
    return lines + (aligned([ahead.HEAD, *rows], right=(3, 4, 5)) if rows else [])


def conditions(results, options):
    """How it was measured, and how far that can be trusted."""
    lines = [
        f"{len(results.busy)} round(s) of {options.seconds} s for each load, "
        f"bulk of {options.large_bytes / (1 << 20):.0f} MiB; medians",
        "others used "
        + ", ".join(f"{share:.0%}" for share in results.busy.values())
        + " of the CPU during the rounds",
    ]
    if results.left_away:
        lines.append(f"{results.left_away} round(s) more are left away: others used too much then")
    return lines


def warnings(results, options):
    if max(results.busy.values(), default=0) > options.busy_limit:
        return ["THE MACHINE WAS BUSY: trust no figure of this run, and the ratios little"]
    return []


def left_out(results, classes):
    """Who is not in the tables, and why."""
    titles = {kind.key: kind.title for kind in classes}
    for place in places.ALL:
        titles[place.prefix] = f"everything{place.words}"
        if place.prefix:
            titles |= {place.prefix + kind.key: kind.title + place.words for kind in classes}
    return [(titles.get(key, key), reason) for key, reason in results.left_out.items()]


def text(results, classes, machine, options):
    lines = [f"{machine['cores']} cores, {machine['system']}", *conditions(results, options)]
    lines += warnings(results, options)
    for title, shown in columns.measured(results, classes):
        lines += ["", title, *table(results, classes, shown)]
    lines += ["", "targets", *aligned([TARGETS_HEAD, *target_rows(results)], right=(2, 5))]
    lines += ["", "over peers that encrypt; more than 1 is better", *ahead_lines(results, classes)]
    if results.left_out:
        lines += ["", "left out"]
        lines += [f"{who}: {reason}" for who, reason in left_out(results, classes)]
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
        "used_by_others": list(results.busy.values()),
        "rounds_left_away": results.left_away,
        "systems": systems,
        "targets": judged,
        "ahead": [
            {**one._asdict(), "verdict": one.verdict} for one in ahead.standings(results, classes)
        ],
        "problems": results.problems,
        "notes": results.notes,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False)
