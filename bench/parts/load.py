"""Loads by programs: wrk for requests, curl for bulk; and the first response after a start."""

import contextlib
import http.client
import json
import os
import pathlib
import subprocess
import time

from .procs import POLL_SECONDS, Process, Unavailable
from .upstream import LARGE, PART, SMALL, SMALL_BYTES, UPLOAD

SCRIPT = pathlib.Path(__file__).with_name("wrk.lua")
# wrk gets this much more than its own time before it counts as hung.
GRACE_SECONDS = 30.0
# The slowest system there is moved 300 MB/s; this allows a hundredth of it.
LEAST_BYTES_PER_SECOND = 3_000_000
FIRST_RESPONSE_SECONDS = 60.0
# Above the 10 s and 15 s after which systems give a lost far side up themselves.
ONE_REQUEST_SECONDS = 30.0
# A download is well under way when so much of it came, within that time.
UNDER_WAY_BYTES = 64 << 10
UNDER_WAY_SECONDS = 30.0


class LoadFailed(Exception):
    """A load gave no figure; the text says what was wrong."""


def first_response(address, deadline, gone):
    """Returns when the small file came, whole and with status 200."""
    problem = "nothing listened"
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(address, timeout=ONE_REQUEST_SECONDS)
        try:
            connection.request("GET", f"/{SMALL}")
            answer = connection.getresponse()
            length = len(answer.read())
            if answer.status == 200 and length == SMALL_BYTES:
                return
            problem = f"status {answer.status} with {length} bytes"
        except (OSError, http.client.HTTPException) as error:
            problem = str(error) or type(error).__name__
        finally:
            connection.close()
        ended = gone()
        if ended:
            raise ended.failure("ended before the first good response")
        time.sleep(POLL_SECONDS)
    raise Unavailable(f"no good response came ({problem})")


def requests(wrk, address, connections, seconds, keep_alive=True, file=SMALL, ports=()):
    """One run of wrk: requests a second that were answered with 2xx or 3xx, and latencies in ms.

    With `ports` the connections are spread over them, each with a thread of wrk for itself.
    """
    threads = connections if ports else min(2, connections)
    env = {**os.environ, "WRK_PORTS": " ".join(map(str, ports))}
    command = [wrk, f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += ["-s", str(SCRIPT)]
    if not keep_alive:
        command += ["-H", "Connection: close"]
    command.append(f"http://{address}/{file}")
    lines = run_program(command, seconds + GRACE_SECONDS, env).splitlines()
    found = [line for line in lines if line.startswith("{")]
    if not found:
        raise LoadFailed("wrk printed no result")
    run = json.loads(found[-1])
    good = run["requests"] - run["not_ok"]
    return {
        "per_second": good / run["seconds"],
        "requests": run["requests"],
        "p50_ms": run["p50"],
        "p99_ms": run["p99"],
        "p999_ms": run["p999"],
        "not_ok": run["not_ok"],
        "timeouts": run["timeouts"],
        "broken": run["broken"],
    }


def download(curl, address, size):
    """MB/s of fetching the large file."""
    got, speed = _transfer(
        [curl, "-o", "/dev/null", "-w", "%{http_code} %{size_download} %{speed_download}"],
        f"http://{address}/{LARGE}",
        size,
    )
    if got != size:
        raise LoadFailed(f"{got:.0f} of {size} bytes came")
    return speed


def at_once(curl, streams):
    """curl for so many transfers at the same time, which are yet to be named."""
    command = [curl, "--parallel", "--parallel-immediate", "--parallel-max", str(streams)]
    return [*command, "--silent", "--show-error", "--noproxy", "*"]


def download_together(curl, address, size, streams):
    """MB/s of fetching a part with each of several connections at the same time."""
    command = at_once(curl, streams)
    command += ["-w", "%{http_code} %{size_download}\\n"]
    for _ in range(streams):
        command += ["-o", "/dev/null", f"http://{address}/{PART}"]
    began = time.monotonic()
    lines = run_program(command, limit(streams * size)).splitlines()
    took = time.monotonic() - began
    whole = lines.count(f"200 {size}")
    if whole != streams:
        raise LoadFailed(f"{whole} of {streams} transfers were whole")
    return streams * size / took / 1e6


@contextlib.contextmanager
def downloads_going_on(curl, address, streams, directory):
    """So many downloads of the large file into `directory`, all well under way, while this lasts."""
    command = at_once(curl, streams)
    files = [pathlib.Path(directory, f"beside-{n}") for n in range(streams)]
    for file in files:
        command += ["-o", str(file), f"http://{address}/{LARGE}"]
    downloads = Process("beside", command, directory)
    try:
        downloads.wait_for(lambda: all(map(is_under_way, files)), UNDER_WAY_SECONDS, "fetching")
        yield
        if downloads.ended():
            raise LoadFailed("the downloads were over too early")
    finally:
        downloads.stop()
        for file in files:
            file.unlink(missing_ok=True)


def is_under_way(file):
    return file.exists() and file.stat().st_size >= UNDER_WAY_BYTES


def upload(curl, address, source, size, answer):
    """MB/s of sending the large file; `answer` is a path for what the upstream counted."""
    _, speed = _transfer(
        [curl, "-T", str(source), "-o", str(answer)]
        # Without this curl waits for a `100 Continue`, which is not what is measured.
        + ["-H", "Expect:", "-w", "%{http_code} %{size_upload} %{speed_upload}"],
        f"http://{address}/{UPLOAD}",
        size,
    )
    counted = pathlib.Path(answer).read_text(errors="replace").strip()
    if counted != str(size):
        raise LoadFailed(f"the upstream counted {counted} of {size} bytes")
    return speed


def limit(size):
    """Seconds after which a transfer of so many bytes counts as hung."""
    return GRACE_SECONDS + size / LEAST_BYTES_PER_SECOND


def _transfer(command, url, size):
    command = [*command, "--silent", "--show-error", "--noproxy", "*", url]
    status, size_moved, speed = run_program(command, limit(size)).split()
    if status != "200":
        raise LoadFailed(f"the answer was {status}")
    return float(size_moved), float(speed) / 1e6


def run_program(command, seconds, env=None):
    name = pathlib.Path(command[0]).name
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, env=env
        )
    except subprocess.TimeoutExpired as error:
        raise LoadFailed(f"`{name}` did not end within {seconds:.0f} s") from error
    except OSError as error:
        raise Unavailable(f"`{command[0]}` does not start: {error.strerror}") from error
    if done.returncode != 0:
        raise LoadFailed(f"`{name}`: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace")
