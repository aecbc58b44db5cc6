"""The parts of `bench/run`: systems side by side, loads, targets and the report."""
