"""Resident memory of a system: of both sides together, of each, and of its largest process."""

from .procs import forget_peak, peak_kib, rss_kib, tree


def members(system):
    return [member for pid in system.pids() for member in tree(pid)]


def total_kib(system):
    return sum(size for pid in system.pids() for size in rss_kib(pid))


def forget_peaks(system):
    for pid in members(system):
        forget_peak(pid)


def add_peaks(system, add):
    """The peaks since `forget_peaks`: of all processes together, and of the largest."""
    peaks = [peak for peak in map(peak_kib, members(system)) if peak]
    if peaks:
        add("peak_kib", sum(peaks))
        add("peak_largest_kib", max(peaks))


def measure(system, results, name):
    """What it takes at this moment."""
    ended = system.gone()
    if ended:
        results.problem(system, f"memory {name}", str(ended.failure("ended by itself")))
        return
    by_role = {process.role: rss_kib(process.pid) for process in system.processes}
    if not system.serves:
        return
    sizes = [size for role in by_role.values() for size in role]
    results.add(system.key, f"rss_{name}_kib", sum(sizes))
    results.add(system.key, f"rss_{name}_largest_kib", max(sizes))
    for role, role_sizes in by_role.items():
        results.add(system.key, f"rss_{name}_{role}_kib", sum(role_sizes))
