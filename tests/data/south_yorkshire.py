#!/usr/bin/env python3
"""Two years of South Yorkshire's street-level crime, counted in all England's LSOAs and in
the wards that there are boundaries of.

usage: tests/data/south_yorkshire.py PLACESTAT
"""
import collections
import csv
import glob
import gzip
import os

from support import check, data, equal, finish, start, total

ASB = "Anti-social behaviour"
SERIES = ("recorded-crime", "anti-social-behaviour")
MISSING = "2019-07"
COVERED = {"2018": True, "2018/19": True, "2019-06": True, "2019-08": True,
           MISSING: False, "2019": False, "2019/20": False}


def count_with_python(folder):
    """Rows, rows without coordinates, repeated ids and located rows by (month, series)."""
    files = sorted(glob.glob(os.path.join(folder, "*.csv.gz")))
    equal("the number of files", len(files), 23)
    rows = unlocated = repeated = 0
    by_month = collections.Counter()
    for file in files:
        ids = set()
        with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                rows += 1
                if row["Longitude"] == "" or row["Latitude"] == "":
                    unlocated += 1
                    continue
                key = row["Crime ID"]
                if key != "":
                    repeated += key in ids
                    ids.add(key)
                series = SERIES[row["Crime type"] == ASB]
                by_month[row["Month"], series] += 1
    return rows, unlocated, repeated, by_month


def own_lsoas():
    """Codes of the force's LSOAs of 2011, by the names of its four districts."""
    districts = ("Barnsley ", "Doncaster ", "Rotherham ", "Sheffield ")
    with gzip.open(data("lookups", "lookup_lsoa11_lsoa21_ltla22.csv.gz"), "rt",
                   encoding="utf-8", newline="") as text:
        return {row["lsoa11_code"] for row in csv.DictReader(text)
                if row["lsoa11_name"].startswith(districts)}


def main():
    program = start()
    folder = data("crime", "south_yorkshire_street")
    done = program.job("south-yorkshire", """
title: South Yorkshire
areas:
  - {id: lsoa, file: %s, code: LSOA11CD, name: LSOA11NM}
  - {id: ward, file: %s, layer: WD19, code: WD19CD, name: WD19NM}
points:
  - {id: crime, format: police.uk, files: [%s]}
periods: [%s]
series: [{id: %s}, {id: %s}]
outputs: {geopackage: false}
""" % (data("lsoa_boundaries", "lsoa11_england_bgc_27700.gpkg.zip"),
       data("ward_boundaries", "wards_kirklees_leeds_27700.gpkg"), folder,
       ", ".join(COVERED), *SERIES))
    if done.manifest is None:
        finish()
    manifest = done.manifest

    rows, unlocated, repeated, by_month = count_with_python(folder)
    equal("rows read", total(manifest, "read"), 351322)
    equal("rows read", total(manifest, "read"), rows)
    equal("rows without coordinates", total(manifest, "unlocated"), unlocated)
    equal("the share without coordinates, in %",
          round(100 * total(manifest, "unlocated") / total(manifest, "read"), 2), 4.33)
    equal("repeated ids", total(manifest, "duplicate"), repeated)
    for cause in ("invalid", "filtered"):
        equal(cause + " rows", total(manifest, cause), 0)

    geographies = {g["id"]: g for g in manifest["geographies"]}
    equal("LSOAs", geographies["lsoa"]["areas"], 32844)
    equal("invalid LSOAs that were repaired", geographies["lsoa"]["repaired"], 90)
    equal("wards", geographies["ward"]["areas"], 56)
    crime = manifest["data"][0]
    equal("months that are absent", crime["absent_months"],
          {"South Yorkshire Police": [MISSING]})

    # Counts by month add up to what Python counts; the absent month has none, not zeros.
    counted = collections.Counter()
    of_2018 = collections.Counter()
    status = collections.defaultdict(collections.Counter)
    for row in program.counts("south-yorkshire"):
        status[row["area_type"], row["month"] == MISSING][row["status"]] += 1
        if row["area_type"] == "lsoa" and row["status"] == "ok":
            counted[row["month"], row["series"]] += int(row["count"])
            if row["month"].startswith("2018-"):
                of_2018[row["area_code"], row["series"]] += int(row["count"])
        elif row["status"] != "ok":
            equal("a missing count", row["count"], "")
    outside = sum(e["rows"]["areas"]["lsoa"]["outside"] for e in manifest["inputs"]
                  if e["kind"] == "points")
    equal("located rows outside England", outside, 1)
    counted["outside", ""] = outside
    equal("the sum of all counts", sum(counted.values()), sum(by_month.values()))
    for key, number in by_month.items():
        check(number - outside <= counted[key] <= number,
              "%s of %s: %d counted, %d published" % (key[1], key[0], counted[key], number))
    equal("the statuses in " + MISSING, set(status["lsoa", True]), {"missing"})
    equal("the statuses elsewhere", set(status["lsoa", False]), {"ok"})
    # The wards are another force's: they have stray rows, and no month is known to be 0.
    equal("the statuses of wards in " + MISSING, set(status["ward", True]), set())
    equal("the statuses of wards elsewhere", set(status["ward", False]), {"ok"})

    # Periods that hold the absent month, or months after the last one, have no value.
    valued = set()
    seen = collections.defaultdict(collections.Counter)
    zeros = 0
    for row in program.indicators("south-yorkshire"):
        if row["area_type"] != "lsoa" or row["indicator"] not in SERIES:
            continue
        seen[row["period"]][row["status"]] += 1
        if row["status"] == "ok":
            zeros += row["value"] == "0"
            if row["period"] == "2018":
                valued.add(row["area_code"])
                equal("%s of %s in 2018" % (row["indicator"], row["area_code"]),
                      int(row["value"]), of_2018[row["area_code"], row["indicator"]])
        elif row["value"] != "":
            check(False, "a value that is %s is given: %r" % (row["status"], row))
    for period, covered in COVERED.items():
        if covered:
            check(seen[period]["ok"] >= 2 * 853, "%s has no values" % period)
        else:
            equal("the statuses of " + period, set(seen[period]), {"missing"})
    check(zeros > 0, "no covered area without an incident is 0")
    # The LSOAs of the four districts, and a few beside them with rows in most months;
    # not the hundreds with a stray row.
    own = own_lsoas()
    equal("LSOAs of South Yorkshire", len(own), 853)
    equal("of them without a value", own - valued, set())
    check(len(valued - own) < 10, "%d LSOAs of other forces have values: %s" %
          (len(valued - own), sorted(valued - own)[:12]))
    finish()


main()
