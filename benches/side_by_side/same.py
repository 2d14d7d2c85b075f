"""Compares the answers that others counted per service and local day with those of the attempts that guichets published.

    python same.py STORE FOLDER…        exit code 1 where they differ, with the first differences
"""

import sys
from pathlib import Path

import pyarrow.parquet as parquet

SERVICE_DAY = ["guichet_id", "demarche_id", "date_locale"]
ANSWERS = {"oui": "oui", "non": "non", "inconnue": "inconnues"}


def published(store):
    """By service and day, the attempts with each answer."""
    days = {}
    for path in sorted(Path(store).glob("latest/tentatives-*.parquet")):
        rows = parquet.read_table(path, columns=[*SERVICE_DAY, "reponse"])
        for row in rows.group_by([*SERVICE_DAY, "reponse"]).aggregate([([], "count_all")]).to_pylist():
            counts = days.setdefault(tuple(row[name] for name in SERVICE_DAY), dict.fromkeys(ANSWERS.values(), 0))
            # An answer that the others do not know stands as it is, and differs.
            answer = ANSWERS.get(row["reponse"], row["reponse"])
            counts[answer] = counts.get(answer, 0) + row["count_all"]
    return days


def counted(folder):
    """The same from a table of days that another program wrote."""
    rows = parquet.read_table(Path(folder) / "jours.parquet").to_pylist()
    return {tuple(row.pop(name) for name in SERVICE_DAY): row for row in rows}


def main(store, folders):
    ours = published(store)
    if not ours:
        sys.exit(f"{store} holds no attempts")
    for folder in folders:
        theirs = counted(folder)
        unlike = sorted(day for day in ours.keys() | theirs.keys() if ours.get(day) != theirs.get(day))
        if unlike:
            shown = [f"{' '.join(map(str, day))}: {ours.get(day)}, there {theirs.get(day)}" for day in unlike[:5]]
            sys.exit("\n".join([f"{len(unlike)} of {len(ours)} days of a service differ in {folder}:", *shown]))
    attempts = sum(sum(counts.values()) for counts in ours.values())
    print(f"the same counts on {len(ours)} days of a service, {attempts} attempts")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
