"""`docs/performance.md`: what a run has measured, for readers of the documentation."""

import datetime
import statistics

from . import ahead, cells, columns, peers, targets
from .report import GAP, TARGETS_HEAD, conditions, left_out, target_rows

ROUNDS = 5

INTRODUCTION = """# Performance

Written by `make bench`: malai beside what else leads to a service, all to the same nginx on the same machine, in the same run, in turn.
Trust the ratios; figures of two machines, or of two runs, are not comparable.
What each figure is and how it is taken is in [bench/README.md](../bench/README.md).
"""


def reason_not(results, options):
    """Why this run is not good enough for the page, or None."""
    calm = len(results.calm(options.busy_limit))
    if calm < ROUNDS:
        return (
            f"it takes {ROUNDS} rounds in which others use at most {options.busy_limit:.0%} of "
            f"the CPU, and this run had {calm}"
        )
    if len(options.cells) < len(cells.ALL) or len(options.systems) < len(peers.ALL):
        return "not all cells and systems were asked for"
    if options.quick:
        return "a quick run says whether all works, not how well"
    return None


def markdown(results, classes, machine, options):
    measured = [kind for kind in classes if kind.key not in results.left_out]
    lines = [INTRODUCTION, "## The machine and the run", ""]
    lines.append(f"- {machine['processor']}, {machine['cores']} cores, {machine['system']}")
    lines.append(f"- {datetime.date.today().isoformat()}")
    lines += [f"- {line}" for line in conditions(results, options)]
    lines += [f"- {name}: {version}" for name, version in machine["versions"].items() if version]
    for who, reason in left_out(results, classes):
        lines.append(f"- left out: {who}: {reason.splitlines()[0]}")
    lines += ["", "## Figures", ""]
    lines.append("Medians; `±` is half the distance between the lowest and the highest round.")
    for title, shown in columns.measured(results, measured):
        lines += ["", f"### {title}", "", *figures(results, measured, shown)]
    for kind in measured:
        if kind.key in (targets.HTTP, targets.TCP):
            lines += ratios(results, measured, kind)
    lines += ["", "## Targets", "", *table(TARGETS_HEAD, target_rows(results))]
    lines += standings(results, classes)
    if results.problems or results.notes:
        lines += ["", "## What went wrong", ""]
        lines += [f"- {text.splitlines()[0]}" for text in results.problems + results.notes]
    return "\n".join(lines) + "\n"


def row(texts):
    # A bar would begin another cell.
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def table(head, rows):
    return [row(head), "|" + "---|" * len(head), *map(row, rows)]


def figures(results, classes, shown):
    rows = []
    for kind in classes:
        texts = [kind.title]
        for column in shown:
            value = results.median(kind.key, column.measure)
            if value is None:
                texts.append(GAP)
                continue
            spread = results.spread(kind.key, column.measure)
            texts.append(column.show(value) + ("" if spread is None else f" ±{spread:.0%}"))
        if any(text != GAP for text in texts[1:]):
            rows.append(texts)
    return table(["", *columns.names(shown)], rows)


def ratios(results, classes, mine):
    """The figures of one system over those of all others, a row for each figure."""
    others = [kind for kind in classes if kind is not mine]
    rows = []
    for _, shown in columns.TABLES:
        for name, column in zip(columns.names(shown), shown, strict=True):
            texts = [f"{name} {'↓' if column.less_is_better else '↑'}"]
            for kind in others:
                found = results.ratios(mine.key, kind.key, column.measure)
                texts.append(
                    f"{statistics.median(found):.2f} ({min(found):.2f}–{max(found):.2f})"
                    if found
                    else GAP
                )
            if any(text != GAP for text in texts[1:]):
                rows.append(texts)
    return [
        "",
        f"## {mine.title}, over each other",
        "",
        "Medians of the rounds' ratios, lowest and highest; more is better at ↑, less at ↓.",
        "",
        *table(["", *(kind.title for kind in others)], rows),
    ]


def standings(results, classes):
    """Figure by figure beside each peer that encrypts."""
    found = ahead.standings(results, classes)
    return [
        "",
        "## Over peers that encrypt",
        "",
        "Medians of the rounds' ratios, turned so that more than 1 is better for malai.",
        "Ahead is what is above 1 in every round, behind what is below 1 in every round.",
        "",
        *(f"- {line}" for line in ahead.summary(found)),
        "",
        *table(ahead.HEAD, [one.texts() for one in found]),
    ]
