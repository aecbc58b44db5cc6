"""What the rounds have measured."""

import collections
import statistics


class Results:
    """Figures by system, measure and round, and all that went wrong."""

    def __init__(self):
        self.round = 0
        self.figures = collections.defaultdict(lambda: collections.defaultdict(dict))
        self.left_out = {}
        # Loads that gave no figure, and figures that are not quite what they seem.
        self.problems = []
        self.notes = []
        # What others used of the CPU, by round.
        self.busy = {}
        # How many rounds were taken out because of that.
        self.left_away = 0

    def add(self, key, measure, value):
        self.figures[key][measure][self.round] = value

    def problem(self, system, measure, text):
        self.problems.append(f"{system.title}, {measure}, round {self.round}: {text}")

    def note(self, system, measure, text):
        self.notes.append(f"{system.title}, {measure}, round {self.round}: {text}")

    def calm(self, limit):
        """The rounds in which others used no more than this share of the CPU."""
        return [number for number, share in self.busy.items() if share <= limit]

    def keep(self, numbers):
        """Takes all other rounds out, with their figures."""
        for number in set(self.busy) - set(numbers):
            self.left_away += 1
            del self.busy[number]
            for measures in self.figures.values():
                for figures in measures.values():
                    figures.pop(number, None)

    def by_round(self, key, measure):
        """The figures by round; empty when there is none."""
        return dict(self.figures.get(key, {}).get(measure, {}))

    def median(self, key, measure):
        values = self.by_round(key, measure).values()
        return statistics.median(values) if values else None

    def spread(self, key, measure):
        """Half the distance between the lowest and the highest round, as a share of the median."""
        values = self.by_round(key, measure).values()
        middle = self.median(key, measure)
        return (max(values) - min(values)) / 2 / middle if middle else None

    def ratios(self, key, other, measure):
        """The figure over that of another system, one for each round in which both were taken."""
        mine, theirs = self.by_round(key, measure), self.by_round(other, measure)
        return [mine[number] / theirs[number] for number in mine if theirs.get(number)]
