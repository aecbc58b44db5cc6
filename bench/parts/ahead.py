"""Whether malai is ahead of the peers that encrypt, too, figure by figure.

A ratio is turned so that more than 1 is always better for malai. It is ahead where the ratios of
all rounds are above 1, behind where all are below, and else the spread decides nothing.
"""

import statistics
import typing

from . import columns, targets

AHEAD = "ahead"
BEHIND = "behind"
UNDECIDED = "within the spread"


class Standing(typing.NamedTuple):
    """One figure of one kind of malai beside the same one of one peer."""

    mine: str
    peer: str
    figure: str
    median: float
    lowest: float
    highest: float

    @property
    def verdict(self):
        if self.lowest > 1:
            return AHEAD
        return BEHIND if self.highest < 1 else UNDECIDED

    def texts(self):
        return [
            self.mine,
            self.peer,
            self.figure,
            f"{self.median:.2f}",
            f"{self.lowest:.2f}",
            f"{self.highest:.2f}",
            self.verdict,
        ]


HEAD = ["", "over", "figure", "ratio", "lowest", "highest", ""]


def turned(results, key, other, column):
    """The ratios of the rounds, more than 1 where `key` is better."""
    if column.less_is_better:
        return results.ratios(other, key, column.measure)
    return results.ratios(key, other, column.measure)


def standings(results, classes):
    """All figures that were measured for malai and for a peer that encrypts."""
    found = []
    peers = [kind for kind in classes if kind.encrypted and not kind.own]
    for mine, _ in targets.KINDS:
        title = next((kind.title for kind in classes if kind.key == mine), mine)
        for peer in peers:
            for name, column in columns.each():
                values = turned(results, mine, peer.key, column)
                if values:
                    middle = statistics.median(values)
                    low, high = min(values), max(values)
                    found.append(Standing(title, peer.title, name, middle, low, high))
    return found


def summary(found):
    """One line for each pair: of how many figures it is ahead."""
    lines = []
    for pair in dict.fromkeys((one.mine, one.peer) for one in found):
        verdicts = [one.verdict for one in found if (one.mine, one.peer) == pair]
        counts = ", ".join(
            f"{verdicts.count(verdict)} {verdict}" for verdict in (AHEAD, BEHIND, UNDECIDED)
        )
        lines.append(f"{pair[0]} over {pair[1]}: {counts}, of {len(verdicts)} figures")
    return lines
