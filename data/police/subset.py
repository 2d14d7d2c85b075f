"""Subsets Inter: `python3 subset.py PACKAGE OUTPUT`, with the unpacked npm package inter-ui. See README.md."""

import sys
from pathlib import Path

from fontTools.otlLib.optimize import compact
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont


def span(first, last):
    return set(range(first, last + 1))


# What French is written with, and figures: these are kerned.
FRENCH = span(0x20, 0x7E) | set(map(ord, "àâäæçèéêëîïôöùûüÿœÀÂÄÆÇÈÉÊËÎÏÔÖÙÛÜŸŒ«»–—‘’…\u00a0\u202f"))
# Latin-1, Latin Extended-A, fixed spaces, dashes, quotes, daggers, bullet, dots, per mille, primes, euro, arrows, signs of mathematics.
ALL = FRENCH | span(0xA0, 0x17F) | {0x2007, 0x2009} | span(0x2010, 0x2015) | span(0x2018, 0x201E) | span(0x2020, 0x2022)
ALL |= {0x2030, 0x2032, 0x2033, 0x2039, 0x203A, 0x20AC, 0x2212, 0x2248, 0x2260, 0x2264, 0x2265} | span(0x2190, 0x2193)


def subset(path, characters, features):
    font = TTFont(path, recalcTimestamp=False)
    font.flavor = None
    options = Options()
    options.hinting = False
    options.layout_features = features
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["DSIG", "STAT", "meta", "gasp"]
    options.glyph_names = True
    worker = Subsetter(options)
    worker.populate(unicodes=characters)
    worker.subset(font)
    return font


package, output = map(Path, sys.argv[1:])
for weight in ("Regular", "Bold"):
    source = package / "web" / f"Inter-{weight}.woff2"
    font = subset(source, ALL, [])
    kerned = subset(source, FRENCH, ["kern"])
    compact(kerned, 9)
    font["GPOS"] = kerned["GPOS"]
    for table in ("GDEF", "GSUB"):
        if table in font:
            del font[table]
    font["post"].formatType = 3.0
    font.save(output / f"Inter-{weight}.ttf", reorderTables=True)
    missing = sorted(hex(character) for character in ALL - font.getBestCmap().keys())
    print(weight, len(font.getGlyphOrder()), "glyphs, not in Inter:", *missing)
