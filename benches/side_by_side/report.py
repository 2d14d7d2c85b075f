"""The table, in Markdown, and its place in BENCHMARKS.md."""

import hashlib
import os
import platform
import re
import statistics
import subprocess
import sys
from pathlib import Path

BEGIN, END = "<!-- side by side: begin -->", "<!-- side by side: end -->"


def median(values):
    return statistics.median(values)


def row(name, walls, whole, cpu=None, peak=None):
    spread = f"{median(walls):.2f} s ({min(walls):.2f} to {max(walls):.2f})"
    ratio = f"{median(walls) / whole:.2f}"
    cpu = f"{median(cpu):.1f} s" if cpu else ""
    peak = f"{median(peak) / 1e9:.2f} GB" if peak else ""
    return f"| {name} | {spread} | {ratio} | {cpu} | {peak} |"


def table(titles, rounds, facts):
    """`rounds` holds, by name of the program, what each round measured; the whole job is named `guichets`."""
    whole = median([measure.wall for measure in rounds["guichets"]])
    lines = [*facts, "", "| | seconds: median (range) | of the whole job | processor | peak memory |"]
    lines.append("| --- | ---: | ---: | ---: | ---: |")
    for name, measures in rounds.items():
        walls = [measure.wall for measure in measures]
        used = [measure.cpu for measure in measures], [measure.peak for measure in measures]
        lines.append(row(titles[name], walls, whole, *used))
        months = [measure.months for measure in measures if measure.months is not None]
        if months:
            lines.append(row("— of it, until the attempts of all months are written", months, whole))
    return "\n".join(lines)


def processor():
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def versions(binary, python):
    """The programs, each with its version; the binary by its digest as well, since its version changes rarely."""
    own = subprocess.run([binary, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    digest = hashlib.file_digest(open(binary, "rb"), "sha256").hexdigest()[:12]
    script = "import sys, duckdb, polars; print(f'DuckDB {duckdb.__version__}, Polars {polars.__version__}, "
    script += "Python {sys.version.split()[0]}')"
    others = subprocess.run([python, "-c", script], check=True, capture_output=True, text=True).stdout.strip()
    return f"{own} (SHA-256 of the binary {digest}…), {others}"


def facts(data, compression, binary, python, rounds, cpus):
    """What was measured, on what, by what."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    others = 100 * max(measure.others for measures in rounds.values() for measure in measures)
    count = len(rounds["guichets"])
    return [
        f"{spaced(data.lines)} lines in {len(data.files)} files, {data.packed / 1e6:.1f} MB, "
        f"packing {compression}; {count} rounds, each program in a process of its own.",
        f"{processor()}, {len(cpus)} processors, {memory:.0f} GB, {platform.system()} {platform.release()}; "
        f"{versions(binary, python)}. Other work took at most {others:.0f} % of these processors meanwhile.",
    ]


def spaced(number):
    return f"{number:,}".replace(",", " ")


def write(text, path):
    """Puts the text between the two marks."""
    page = path.read_text(encoding="utf-8")
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        sys.exit(f"{path} needs one line « {BEGIN} » and, below it, one « {END} »")
    before, rest = page.split(BEGIN)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
