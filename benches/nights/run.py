"""What a night costs in seconds and memory, after one year of history, two, five and ten.

    cargo build --release && python3 benches/nights/run.py --write

Made-up services, each looked at once a day, or as often as --looks says, from the first of January 2016 on. For each length of
history, one run publishes all of it up to the evening of 20 December, and another, which knows that version, the one day that came
after; both into a folder. Prints a table, and with --write puts it into BENCHMARKS.md, in the place of the one of as many looks.
"""

import argparse
import datetime
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benches/side_by_side"))
import measure  # noqa: E402
FIRST = datetime.date(2016, 1, 1)

PIPELINE = """name = "nuits"
title = "Nuits mesurées"
title_en = "Measured nights"
description = "Des tentatives inventées, une par service et par jour."
outcome_rules = "rendez-vous"

[registry]
folders = []
unknown = "accept"
zone = "Europe/Paris"
"""
SCHEDULE = """guichet_id,demarche_id,debut,fin,cadence_min,negatifs_consignes,source
*,*,2016-01-01T00:00:00+01:00,,{cadence},true,essai
"""
MINUTES_OF_A_DAY = 1440
NONE = "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous."


def day(services, looks, date):
    """The lines of a day: now and then a free slot, so that there are droughts and openings."""
    number = (date - FIRST).days
    for service in range(services):
        for look in range(looks):
            yield line(service, number * looks + look, date, (5 + service % 14 + look * 24 // looks) % 24)


def line(service, number, date, hour):
    """The line of one look, of which a service has a number each."""
    counter, procedure = divmod(service, 10)
    head = (
        f'{{"contract":"attempt/1","attempt_id":"00000000-0000-4000-8000-{number:06x}{service:06x}",'
        f'"started_at":"{date}T{hour:02}:{service % 60:02}:00Z",'
        f'"counter":"guichet-{counter}","procedure":"demarche-{procedure}","system":"ez_planning","probe":"essai",'
        f'"http_status":200,"step":'
    )
    if (number * 7 + service) % 11 == 0:
        slots = f'{{"count":2,"first_date":"{date + datetime.timedelta(9)}"}}'
        return f'{head}"/4","markers":["td.status-1.free"],"slots":{slots}}}\n'
    return f'{head}"/2","page_text":"{NONE}"}}\n'


def write(folder, services, looks, until):
    """Logs by month from the first day until one, and the next day's in a file of its own beside them."""
    logs = folder / "journaux"
    logs.mkdir(exist_ok=True)
    date = FIRST
    while date <= until:
        path = logs / f"{date:%Y-%m}.ndjson"
        month = date.month
        if path.exists() and date + datetime.timedelta(31) < until:
            date = (date.replace(day=1) + datetime.timedelta(32)).replace(day=1)
            continue
        with path.open("w") as file:
            while date.month == month and date <= until:
                file.writelines(day(services, looks, date))
                date += datetime.timedelta(1)
    new = folder / "nuit.ndjson"
    with new.open("w") as file:
        file.writelines(day(services, looks, until + datetime.timedelta(1)))
    return logs, new


def run(binary, pipeline, raw, store, as_of):
    """A run, measured."""
    command = [binary, "run", pipeline, "--raw", raw, "--store", store, "--as-of", as_of, "--project", ROOT]
    return measure.run(command, os.environ, range(os.cpu_count()))


def measured(binary, services, looks, years):
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        pipeline = folder / "nuits"
        pipeline.mkdir()
        (pipeline / "pipeline.toml").write_text(PIPELINE)
        (pipeline / "schedule.csv").write_text(SCHEDULE.format(cadence=MINUTES_OF_A_DAY // looks))
        for number in years:
            until = datetime.date(FIRST.year + number - 1, 12, 20)
            logs, new = write(folder, services, looks, until)
            store = folder / f"annees-{number}"
            whole = run(binary, pipeline, logs, store, f"{until + datetime.timedelta(1)}T02:00:00+01:00")
            night = run(binary, pipeline, new, store, f"{until + datetime.timedelta(2)}T02:00:00+01:00")
            rows.append((number, services * looks * ((until - FIRST).days + 1), whole, night))
            print(f"{number} years: everything {whole.wall:.1f} s, the night {night.wall:.1f} s", file=sys.stderr)
            shutil.rmtree(store)
    return rows


def table(binary, services, looks, rows):
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    often = "once" if looks == 1 else f"{looks} times"
    text = [
        f"{services} services, looked at {often} a day; {version}, {os.cpu_count()} processors, {platform.system()} "
        f"{platform.release().split('-')[0]}, {datetime.date.today()}.",
        "",
        "| history | attempts | everything at once | its peak memory | the night | its processor time | its peak memory "
        "| the night as a share |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for years, attempts, whole, night in rows:
        counted = f"{attempts:,}".replace(",", " ")
        text.append(
            f"| {years} {'year' if years == 1 else 'years'} | {counted} | {whole.wall:.1f} s | {whole.peak / 1e6:.0f} MB "
            f"| {night.wall:.1f} s | {night.cpu:.1f} s | {night.peak / 1e6:.0f} MB | {night.wall / whole.wall:.0%} |"
        )
    return "\n".join(text)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--binary", default=ROOT / "target/release/guichets")
    options.add_argument("--services", type=int, default=1000)
    options.add_argument("--looks", type=int, default=1, help="how often each is looked at in a day")
    options.add_argument("--years", type=int, nargs="+", default=[1, 2, 5, 10])
    options.add_argument("--write", action="store_true")
    options = options.parse_args()
    made = (options.binary, options.services, options.looks)
    found = table(*made, measured(*made, options.years))
    print(found)
    if options.write:
        path = ROOT / "BENCHMARKS.md"
        begin, end = (f"<!-- nights of {options.looks}: {edge} -->" for edge in ("begin", "end"))
        before, rest = path.read_text().split(begin)
        _, after = rest.split(end)
        path.write_text(f"{before}{begin}\n{found}\n{end}{after}")


main()
