"""guichets beside other programs that read the same lines: one command, one table.

    cargo build --release && cargo bench --bench floor --no-run
    python3 benches/side_by_side/run.py [--attempts 1000000] [--rounds 5] [--compression gzip|zstd|none] [--write]

The whole job of guichets (`guichets check`: every table and document, all gates, nothing published) stands beside a part of
it in DuckDB and in Polars, and the floor: unpack and parse. Before any figure is printed, the others must have counted
what guichets published, per service and day. `--rounds 0` stops there.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cache
import measure
import report

THREADS = 2
# A measurement during which others took more of the processors than this is made again, a few times at most.
DISTURBED, TRIES = 0.05, 4
HERE, PROJECT = cache.HERE, cache.PROJECT
TITLES = {
    "guichets": "guichets, the whole job",
    "duckdb": "DuckDB, a part of it",
    "polars": "Polars, a part of it",
    "floor": "floor: unpack, parse, keep nothing",
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--attempts", type=int, default=1_000_000, help="about how many")
    parser.add_argument("--rounds", type=int, default=5, help="how often each program runs; 0: only compare the counts")
    parser.add_argument("--compression", choices=cache.PACKINGS, default="gzip")
    parser.add_argument("--files", choices=["month", "day"], help="default: by month up to 1 000 000 attempts, else by day")
    parser.add_argument("--binary", type=Path, default=PROJECT / "target/release/guichets")
    parser.add_argument("--project", type=Path, default=PROJECT, help="the clone of which the binary was built")
    parser.add_argument("--floor", type=Path, help="default: where cargo put it, beside the binary")
    parser.add_argument("--python", type=Path, help="one that has what requirements.txt pins; default: made under --cache")
    parser.add_argument("--cache", type=Path, default=PROJECT / "target/side-by-side", help="for logs and environment")
    parser.add_argument("--write", action="store_true", help="put the table into BENCHMARKS.md as well")
    return parser.parse_args()


def newest_floor(binary):
    """The floor that was built last with this binary, if it was."""
    built = [path for path in binary.parent.glob("deps/floor-*") if os.access(path, os.X_OK)]
    return max(built, key=lambda path: path.stat().st_mtime, default=None)


def limits(folder):
    """An environment in which each program takes as many threads, and writes beside the logs."""
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    pools = ["RAYON_NUM_THREADS", "POLARS_MAX_THREADS", "TOKIO_WORKER_THREADS"]
    plain = {"NO_COLOR": "1", "GUICHETS_LOG": "info", "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    return {**os.environ, **plain, **dict.fromkeys(pools, str(THREADS))}


def main():
    options = arguments()
    binary = options.binary.resolve()
    if not binary.is_file():
        sys.exit(f"{binary} is not there: cargo build --release, or name another with --binary")
    floor = options.floor or newest_floor(binary)
    # Whatever does not heed the number of threads finds no more processors.
    cpus = sorted(os.sched_getaffinity(0))[:THREADS] if hasattr(os, "sched_setaffinity") else range(THREADS)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cpus)

    files = options.files or ("month" if options.attempts <= 1_000_000 else "day")
    folder = options.cache.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    python = options.python or cache.python(folder)
    # A build that ends meanwhile must not change what is measured.
    binary = Path(shutil.copy2(binary, folder / "guichets"))
    data = cache.logs(folder, binary, options.project, options.attempts, files, options.compression)
    guichets = [binary, "--project", options.project]
    logs = ["--raw", *data.files]
    out = {name: folder / "out" / name for name in ("duckdb", "polars")}
    commands = {
        "guichets": [*guichets, "check", data.pipeline, *logs],
        "duckdb": [python, HERE / "part_duckdb.py", THREADS, out["duckdb"], *data.files],
        "polars": [python, HERE / "part_polars.py", out["polars"], *data.files],
        **({"floor": [floor, *data.files]} if floor else {}),
    }
    environment = limits(folder)

    def once(name):
        if name in out:
            shutil.rmtree(out[name], ignore_errors=True)
            out[name].mkdir(parents=True)
        return measure.run(commands[name], environment, cpus)

    def quietly(name):
        tried = []
        while len(tried) < TRIES and not any(measured.others <= DISTURBED for measured in tried):
            tried.append(once(name))
            print(f"{name}: {tried[-1]}", file=sys.stderr)
        # The least disturbed, not the fastest.
        return min(tried, key=lambda measured: measured.others)

    def compare():
        compared = subprocess.run([python, HERE / "same.py", store, *out.values()], text=True, capture_output=True)
        if compared.returncode != 0:
            sys.exit(f"no figures, since the counts differ: {compared.stderr}")
        return compared.stdout

    # Not timed: `check` leaves nothing that could be compared. It also brings the logs into memory.
    store = folder / "out" / "store"
    shutil.rmtree(store, ignore_errors=True)
    measure.run([*guichets, "run", data.pipeline, "--store", store, *logs], environment, cpus)
    if options.rounds == 0:
        for name in out:
            once(name)
        print(compare(), end="")
        return

    rounds = {name: [] for name in commands}
    for turn in range(options.rounds):
        print(f"round {turn + 1}", file=sys.stderr)
        # Nobody always comes after the same other.
        names = list(commands)[turn % len(commands) :] + list(commands)[: turn % len(commands)]
        for name in names:
            rounds[name].append(quietly(name))
        same = compare()
    text = report.table(TITLES, rounds, report.facts(data, options.compression, binary, python, rounds, cpus))
    text += f"\n\nBefore it was printed: {same.strip()}."
    print(text)
    if not floor:
        print("the floor is left out: cargo bench --bench floor --no-run, or name it with --floor", file=sys.stderr)
    disturbed = any(measured.others > DISTURBED for measures in rounds.values() for measured in measures)
    if disturbed:
        print("other work disturbed these figures: measure again on a quiet machine", file=sys.stderr)
    if options.write and disturbed:
        sys.exit("nothing was written into BENCHMARKS.md")
    if options.write:
        report.write(text, PROJECT / "BENCHMARKS.md")


if __name__ == "__main__":
    main()
