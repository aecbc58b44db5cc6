"""The parts of `bench/run`: systems side by side, cells, loads, targets and the report."""
