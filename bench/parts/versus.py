"""One build of malai over another: ratios of figures of the same round, and whether any is worse.

Ratios are turned so that more than 1 is always better for the new build.
"""

import statistics
import typing

from . import columns
from .ahead import turned
from .report import aligned

PAIRS = (("malai", "malai-before", "http"), ("malai-tcp", "malai-tcp-before", "tcp"))
# A figure is worse when the median of its ratios is below the first of these, and the ratios of all
# rounds are below the second: what one disturbed round does to it is not enough.
WORSE_MEDIAN = 0.9
WORSE_EACH = 0.95
# Fewer rounds say nothing of the spread.
LEAST_ROUNDS = 3

WORSE = "WORSE"
NOT_JUDGED = "not judged"


class Comparison(typing.NamedTuple):
    """One figure of both builds."""

    kind: str
    figure: str
    before: str
    now: str
    ratios: list[float]
    judged: bool

    @property
    def median(self):
        return statistics.median(self.ratios)

    @property
    def worse(self):
        """Whether it is worse beyond what rounds differ by."""
        enough = self.judged and len(self.ratios) >= LEAST_ROUNDS
        return enough and self.median < WORSE_MEDIAN and max(self.ratios) < WORSE_EACH

    def texts(self):
        verdict = WORSE if self.worse else "" if self.judged else NOT_JUDGED
        low, high = min(self.ratios), max(self.ratios)
        ratio = [f"{self.median:.2f}", f"{low:.2f}", f"{high:.2f}"]
        return [self.kind, self.figure, self.before, self.now, *ratio, verdict]


HEAD = ["malai", "figure", "before", "now", "ratio", "lowest", "highest", ""]


def judged(measure):
    """Of short loads on a shared machine the slowest requests say too little to fail for."""
    return not measure.endswith(("_p99_ms", "_p999_ms"))


def comparisons(results):
    """Every figure that both builds have."""
    found = []
    for now, before, kind in PAIRS:
        for name, column in columns.each():
            ratios = turned(results, now, before, column)
            if ratios:
                values = [results.median(key, column.measure) for key in (before, now)]
                shown = [column.show(value) for value in values]
                found.append(Comparison(kind, name, *shown, ratios, judged(column.measure)))
    return found


def lines(found):
    return aligned([HEAD, *(one.texts() for one in found)], right=(2, 3, 4, 5, 6))
