"""Draws docs/sample.svg from the published parts of disponibilite_jour as CSV, with Python's standard library alone.

    cargo run
    python3 docs/picture.py public/latest/disponibilite_jour-*.csv > docs/sample.svg
"""

import csv
import datetime
import sys

DAY, ROW, LEFT, TOP = 6, 22, 290, 64
# The ramp of the site: darker is more, also in grey; what is not known has a pattern and no colour.
CLASSES = [
    # name, what the legend says of it, colour
    ("low", "less than 50 %", "#fff1c9"),
    ("some", "50 to 90 %", "#f9c45e"),
    ("high", "90 to 97 %", "#d98324"),
    ("more", "97 % and more", "#9a4a12"),
    ("all", "every answer « no »", "#3d1408"),
    ("few", "too few answers", "url(#dots)"),
    ("none", "nobody looked", "url(#hatch)"),
]


def shade(day):
    """What a cell shows: the published rate, or why there is none."""
    if day["qualite"] == "aucune_mesure":
        return "none"
    if not day["taux_sans_rdv"]:
        return "few"
    rate = float(day["taux_sans_rdv"])
    breaks = ((1, "all"), (0.97, "more"), (0.9, "high"), (0.5, "some"))
    return next((name for limit, name in breaks if rate >= limit), "low")


def main(paths):
    services = {}
    for path in paths:
        with open(path, encoding="utf-8", newline="") as file:
            for day in csv.DictReader(file):
                date = datetime.date.fromisoformat(day["jour"])
                services.setdefault((day["guichet_id"], day["demarche_id"]), {})[date] = shade(day)
    first = min(min(days) for days in services.values())
    last = max(max(days) for days in services.values())
    width = LEFT + ((last - first).days + 1) * DAY + 16
    height = TOP + len(services) * ROW + 62
    x = lambda date: LEFT + (date - first).days * DAY
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#222">',
        '<defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="4" height="4" fill="#fff"/><rect width="1.3" height="4" fill="#7a828c"/></pattern>'
        '<pattern id="dots" width="4" height="4" patternUnits="userSpaceOnUse">'
        '<rect width="4" height="4" fill="#fff"/><circle cx="2" cy="2" r="1" fill="#5b5348"/></pattern></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        '<text x="16" y="24" font-size="15" font-weight="bold">Share of answers that were « no appointment », day by day'
        "</text>",
        '<text x="16" y="42" fill="#a11">Simulated sample: no counter here exists</text>',
    ]
    month = first.replace(day=1)
    while month <= last:
        if month >= first and (last - month).days > 6:
            out.append(f'<text x="{x(month)}" y="{TOP - 6}" fill="#555">{month:%b %Y}</text>')
        month = (month + datetime.timedelta(days=32)).replace(day=1)
    for index, (service, days) in enumerate(sorted(services.items())):
        y = TOP + index * ROW
        counter, procedure = (part.removeprefix("exemple-") for part in service)
        out.append(f'<text x="{LEFT - 10}" y="{y + 13}" text-anchor="end">{counter}, {procedure}</text>')
        dates = sorted(days)
        while dates:
            # Days of one colour are one rectangle.
            run = 1
            while run < len(dates) and days[dates[run]] == days[dates[0]] and (dates[run] - dates[0]).days == run:
                run += 1
            colour = next(colour for name, _, colour in CLASSES if name == days[dates[0]])
            out.append(f'<rect x="{x(dates[0])}" y="{y}" width="{run * DAY}" height="{ROW - 5}" fill="{colour}"/>')
            dates = dates[run:]
    y, offset = TOP + len(services) * ROW + 14, 16
    for _, label, colour in CLASSES:
        out.append(
            f'<rect x="{offset}" y="{y}" width="12" height="12" fill="{colour}" stroke="#999" stroke-width="0.5"/>'
            f'<text x="{offset + 18}" y="{y + 10}">{label}</text>'
        )
        offset += 38 + int(6.3 * len(label))
    out.append(
        f'<text x="16" y="{y + 34}" fill="#555">A service is a counter and a procedure. A row begins on the day on which '
        "the service enters the measurement and ends on its last.</text>"
    )
    print("\n".join([*out, "</svg>"]))


if __name__ == "__main__":
    main(sys.argv[1:])
