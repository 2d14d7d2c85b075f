"""One program in a process of its own: how long it took, what it used, and what others used meanwhile."""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass

# Seconds of a duration as Rust prints it.
UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1}


@dataclass
class Measure:
    """Seconds that passed, seconds of processors, peak memory in bytes, and the share of the processors that others took."""

    wall: float
    cpu: float
    peak: int
    others: float
    months: float | None  # seconds until the months were written, where the program says so


def busy(cpus):
    """Seconds that these processors have worked since the machine began; None where nobody says."""
    try:
        lines = [line.split() for line in open("/proc/stat", encoding="ascii")]
    except OSError:
        return None
    names = {f"cpu{cpu}" for cpu in cpus}
    # user nice system idle iowait irq softirq steal
    ticks = sum(sum(map(int, line[1:4] + line[6:9])) for line in lines if line[0] in names)
    return ticks / os.sysconf("SC_CLK_TCK")


def run(command, environment, cpus):
    """Runs it to its end; a program that fails ends the comparison."""
    before, began = busy(cpus), time.monotonic()
    process = subprocess.Popen(
        list(map(str, command)), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    told, months = [], None
    for line in process.stderr:
        told.append(line)
        # The first table that is derived from the months, which says how long it took itself.
        derived = re.search(r"derived .*took=([\d.]+)(ns|µs|ms|s)\b", line)
        if derived and months is None:
            months = time.monotonic() - began - float(derived[1]) * UNITS[derived[2]]
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(map(str, command[:4]))} … failed:\n{''.join(told)[-4000:]}")
    cpu = used.ru_utime + used.ru_stime
    others = max(0, busy(cpus) - before - cpu) / (wall * len(cpus)) if before is not None else 0
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Measure(wall, cpu, peak, others, months)
