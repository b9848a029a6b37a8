#!/usr/bin/env python3
"""Two vintages of small areas against the published table of what became of which, and
small areas in wards against the published best fit.

usage: tests/data/crosswalk.py PLACESTAT
"""
import collections
import csv
import fractions
import gzip

from support import check, data, equal, finish, start


def lookup(name):
    with gzip.open(data("lookups", name), "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def crosswalk(program, *arguments):
    done = program.run("crosswalk", *arguments)
    return list(csv.DictReader(done.out.splitlines()))


def sums(rows, area, share):
    total = collections.defaultdict(fractions.Fraction)
    for row in rows:
        total[row[area]] += fractions.Fraction(row[share])
    return total


def main():
    program = start()
    lsoas = data("lsoa_boundaries", "lsoa_bgc_kirklees_leeds_27700.gpkg")
    wards = data("ward_boundaries", "wards_kirklees_leeds_27700.gpkg")

    # The boundaries are generalised, so that a vintage differs from the other by slivers
    # even where nothing changed: what is a real overlap is more than 2 % of either area.
    rows = crosswalk(program, lsoas + ",layer=lsoa11", lsoas + ",layer=lsoa21",
                     "--min-share", "0.02")
    published = {(r["lsoa11_code"], r["lsoa21_code"])
                 for r in lookup("lookup_lsoa11_lsoa21_ltla22.csv.gz")
                 if r["ltla22_code"] in ("E08000034", "E08000035")}
    pairs = {(r["from"], r["to"]) for r in rows}
    equal("pairs of LSOA 2011 and 2021", (pairs - published, published - pairs),
          (set(), set()))
    total = sums(rows, "from", "from_share")
    equal("areas of 2011", len(total), 741)
    check(all(v > fractions.Fraction(99, 100) for v in total.values()),
          "an area of 2011 is not covered")

    # Shares add up in every digit, whatever the threads.
    rows = crosswalk(program, lsoas + ",layer=lsoa21", wards + ",layer=WD20", "--threads",
                     "1")
    equal("three threads", crosswalk(program, lsoas + ",layer=lsoa21",
                                     wards + ",layer=WD20", "--threads", "3"), rows)
    total = sums(rows, "from", "from_share")
    check(max(total.values()) == 1, "shares add up to more than 1")
    equal("areas that wards cover wholly", sum(v == 1 for v in total.values()), 660)

    # Wards of 2024 have the codes of 2020 here. The published best fit is by people and
    # this one by ground: where they differ, the area has a good part in both wards.
    share = collections.defaultdict(dict)
    for row in rows:
        share[row["from"]][row["to"]] = float(row["from_share"])
    fit = {r["lsoa21_code"]: r["ward24_code"]
           for r in lookup("lookup_lsoa21_ward24_ltla24.csv.gz")}
    other = [a for a, parts in share.items() if max(parts, key=parts.get) != fit[a]]
    print("best fit: %d of %d in the same ward as published" %
          (len(share) - len(other), len(share)))
    check(len(other) <= len(share) // 20, "many areas lie in another ward")
    check(all(share[a].get(fit[a], 0) > 0.05 for a in other),
          "a published ward holds little of its area")
    finish()


if __name__ == "__main__":
    main()
