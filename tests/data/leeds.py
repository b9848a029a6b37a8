#!/usr/bin/env python3
"""A month of Leeds' street-level crime that went through Excel: a byte order mark, and
months such as Mar-24.

usage: tests/data/leeds.py PLACESTAT
"""
import collections

from support import check, data, equal, finish, inputs, rows_of, start


def main():
    program = start()
    points = data("crime", "west_yorkshire_partial", "leeds_2024-03_street_excel.csv")
    lsoas = data("lsoa_boundaries", "lsoa_bgc_kirklees_leeds_27700.gpkg")
    done = program.job("leeds", """
areas:
  - id: lsoa
    file: %s
    layer: lsoa21
    code: LSOA21CD
    name: LSOA21NM
    where: LSOA21NM LIKE 'Leeds %%'
  - {id: ward, file: %s, code: WD25CD, name: WD25NM}
  - {id: ward20, file: %s, layer: WD20, code: WD20CD, where: LADCD = 'E08000035'}
points:
  - {id: crime, format: police.uk, files: [%s], covers: all}
periods: [2024-03]
""" % (lsoas, data("ward_boundaries", "wards_WD25_E08000035_wgs84.geojson"),
       data("ward_boundaries", "wards_kirklees_leeds_27700.gpkg"), points))
    if done.manifest is None:
        finish()

    published = list(rows_of(points, encoding="utf-8-sig"))
    equal("the months of the file", {r["Month"] for r in published}, {"Mar-24"})
    file = inputs(done.manifest)[0]
    equal("the encoding", file["encoding"], "UTF-8 with BOM")
    rows = file["rows"]
    equal("rows read", rows["read"], 9408)
    equal("rows with coordinates", rows["located"], 9408)
    equal("rows in LSOAs", rows["areas"]["lsoa"]["matched"], 9408)
    # 127 rows repeat another one wholly. All are anti-social behaviour, which has no id:
    # two incidents of one street and month look the same, so every row counts.
    whole = collections.Counter(tuple(r.items()) for r in published)
    equal("rows that repeat another", sum(n - 1 for n in whole.values()), 127)
    check(all(dict(r)["Crime ID"] == "" for r, n in whole.items() if n > 1),
          "a repeated row has an id")
    equal("rows dropped as duplicates", rows["duplicate"], 0)

    areas = {g["id"]: g["areas"] for g in done.manifest["geographies"]}
    equal("areas", areas, {"lsoa": 488, "ward": 33, "ward20": 33})
    crime = done.manifest["data"][0]
    equal("the months", (crime["first_month"], crime["last_month"]), ("2024-03", "2024-03"))
    agreement = crime["areas"]["lsoa"]["supplied_codes"]
    equal("agreement with the supplied codes", agreement,
          {"same_area": 8934, "other_area": 474, "not_a_code_of_these_areas": 0,
           "supplied_but_outside": 0, "not_supplied": 0})

    by_type = collections.Counter(r["Crime type"] for r in published)
    asb = by_type.pop("Anti-social behaviour")
    sums = collections.Counter()
    for row in program.indicators("leeds"):
        if row["area_type"] == "lsoa":
            equal("the status of a covered month", row["status"], "ok")
            sums[row["indicator"]] += int(row["value"])
    equal("anti-social behaviour", sums["anti-social-behaviour"], asb)
    equal("recorded crime", sums["recorded-crime"], sum(by_type.values()))
    for name, number in by_type.items():
        equal(name, sums[name.lower().replace(" ", "-")], number)

    # The boundaries in metres were made from those in degrees by the operation that needs
    # no grid, so that way back gives each row the area that those in degrees give it. The
    # accurate operation moves a few rows of streets on an edge.
    degrees = data("lsoa_boundaries", "lsoa21_bgc_E08000035_wgs84.geojson")
    options = ("--format", "police.uk", "--id", "LSOA21CD")
    without = program.join([points], degrees, *options).area
    metres = program.join([points], lsoas + ",layer=lsoa21", *options).area
    equal("rows whose area depends on the form of the boundaries",
          sum(a != b for a, b in zip(without, metres)), 0)
    grid = program.join([points], lsoas + ",layer=lsoa21", *options, grid=True).area
    equal("rows whose area depends on the grid", sum(a != b for a, b in zip(metres, grid)),
          171)
    equal("rows in another LSOA than coded, with the grid",
          sum(a != r["LSOA code"] for a, r in zip(grid, published)), 323)
    finish()


main()
