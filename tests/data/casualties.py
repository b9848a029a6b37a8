#!/usr/bin/env python3
"""Road casualties (STATS19) of Kirklees and Leeds, 2024: easting and northing, dates as
dd/mm/yyyy, -1 for what is not known. People who were hurt have the place and day of their
collision, which the measure of the Communities Partnership Plan counts them by.

usage: tests/data/casualties.py PLACESTAT
"""
import collections
import csv
import gzip

from support import (ROAD_CASUALTIES, casualties, check, data, equal, finish, inputs, rows_of,
                     start, total)

COLLISIONS = "stats19_2024_collisions_kirklees_leeds.csv"
JOB = """
title: Road casualties
areas:
  - {id: lsoa, file: %s, layer: lsoa21, code: LSOA21CD, name: LSOA21NM}
  - id: district
    of: lsoa
    table: {file: %s, member: lsoa21_code, code: ltla24_code, name: ltla24_name}
points:
  - id: collisions
    files: [%s]
    x: location_easting_osgr
    y: location_northing_osgr
    crs: EPSG:27700
    date: date
    date_form: dmy
    category: collision_severity
    key: collision_index
    area_code: lsoa_of_accident_location
    missing: ["-1"]
    covers: all
periods: [2024, months]
series:
  - {id: collisions, data: collisions}
  - {id: killed-or-seriously-injured, data: collisions, categories: ["1", "2"]}
"""


HURT = """
title: People hurt on roads
areas:
  - {id: lsoa, file: %s, layer: lsoa21, code: LSOA21CD, name: LSOA21NM}
  - id: district
    of: lsoa
    table: {file: %s, member: lsoa21_code, code: ltla24_code, name: ltla24_name}
points:
%s
periods: [2024]
framework: communities-partnership-plan
data:
""" + ROAD_CASUALTIES.lstrip("\n")


def killed_or_seriously_injured(program, name):
    """By area and period, as the plan's measure gives it."""
    rows = rows_of(program.output(name, "measures.csv"), encoding="utf-8")
    return {(r["area_type"], r["area_code"]): r["value"] for r in rows
            if r["measure"] == "killed-seriously-injured" and r["period"] == "2024"}


def people_hurt(program, points, lsoas, lookup, area_of):
    """The measure of the plan by the place of the collision, against a join by hand."""
    hurt = data("road_casualties", COLLISIONS.replace("collisions", "casualties"))
    job = HURT % (lsoas, lookup, casualties(hurt, points))
    done = program.job("hurt", job)
    if done.manifest is None:
        return
    people = list(rows_of(hurt, encoding="utf-8-sig"))
    equal("people read", total(done.manifest, "read"), len(people))
    equal("people without a collision", total(done.manifest, "invalid"), 0)
    looked_up = done.manifest["data"][0]["looked_up"][0]
    equal("collisions looked up", looked_up["rows"], len(area_of))
    equal("collisions that stand twice", looked_up["repeated_keys"], 0)
    district = districts_of(lookup)
    severe = collections.Counter()
    for person in people:
        area = area_of[person["collision_index"]]
        if person["casualty_severity"] in ("1", "2") and area in district:
            severe["lsoa", area] += 1
            severe["district", district[area]] += 1
    found = killed_or_seriously_injured(program, "hurt")
    check(sum(severe.values()) > 500, "severe: %d" % sum(severe.values()))
    equal("killed or seriously injured by area",
          {k: int(v) for k, v in found.items() if v not in ("", "0")}, dict(severe))

    # Collisions that are lost, and one that stands twice at different places.
    with open(points, encoding="utf-8-sig") as file:
        lines = file.read().splitlines()
    lost = {line.split(",")[0] for line in lines[1:4]}
    again = lines[4].split(",")
    other = [*again[:3], str(int(again[3]) + 5000), *again[4:]]
    program.write("holes.csv", "\n".join([lines[0], *lines[4:], ",".join(other)]) + "\n")
    holes = program.job("hurt-holes", HURT % (lsoas, lookup, casualties(hurt, "holes.csv")))
    if holes.manifest is None:
        return
    causes = inputs(holes.manifest)[0]["rows"]["invalid_by_cause"]
    equal("people whose collision is lost, or stands twice", causes, {
        "key that the table looked up lacks":
            sum(p["collision_index"] in lost for p in people),
        "key of several rows that differ":
            sum(p["collision_index"] == again[0] for p in people)})
    check("holes.csv: rows of the same key differ" in holes.talk,
          "the collision that stands twice is told: " + holes.talk)
    program.run("run", program.file("hurt-holes.yaml"), "--strict", "-o",
                program.file("strict"), "--progress", "none", expect=3)
    lacking = program.job("hurt-wrong", job.replace(
        "key: collision_index", "key: accident_index"), expect=2)
    check("has no column 'accident_index'" in lacking.talk,
          "an absent key is told: " + lacking.talk)


def districts_of(lookup):
    with gzip.open(lookup, "rt", encoding="utf-8-sig", newline="") as file:
        return {r["lsoa21_code"]: r["ltla24_code"] for r in csv.DictReader(file)}


def main():
    program = start()
    points = data("road_casualties", COLLISIONS)
    lsoas = data("lsoa_boundaries", "lsoa_bgc_kirklees_leeds_27700.gpkg")
    lookup = data("lookups", "lookup_lsoa21_ward24_ltla24.csv.gz")
    done = program.job("collisions", JOB % (lsoas, lookup, points))
    if done.manifest is None:
        finish()
    published = list(rows_of(points, encoding="utf-8-sig"))

    rows = inputs(done.manifest)[0]["rows"]
    equal("rows read", rows["read"], 2068)
    equal("rows with coordinates", rows["located"], 2068)
    equal("collisions outside both districts", rows["areas"]["lsoa"]["outside"], 3)
    collisions = done.manifest["data"][0]
    equal("the operation", collisions["operations"][0]["operation"], "none needed")
    equal("the months", (collisions["first_month"], collisions["last_month"]),
          ("2024-01", "2024-12"))

    found = {(r["area_type"], r["area_code"], r["period"], r["indicator"]): r
             for r in program.indicators("collisions")}
    equal("statuses", {r["status"] for r in found.values()}, {"ok"})
    by_month = collections.Counter(r["date"][6:] + "-" + r["date"][3:5] for r in published)
    for month, number in by_month.items():
        sums = [sum(int(r["value"]) for (kind, code, period, name), r in found.items()
                    if (kind, period, name) == (geography, month, "collisions"))
                for geography in ("lsoa", "district")]
        equal("collisions of %s in LSOAs and districts" % month, sums[0], sums[1])
        check(number - 3 <= sums[0] <= number, "collisions of %s: %d of %d"
              % (month, sums[0], number))

    # The district that a collision lies in against the one it is coded to.
    where = program.join([points], lsoas + ",layer=lsoa21", "--id", "LSOA21CD", "--x",
                         "location_easting_osgr", "--y", "location_northing_osgr", "--crs",
                         "EPSG:27700").area
    district = {code: r["area_name"] for (kind, code, period, name), r in found.items()}
    names = {"E08000034": "Kirklees", "E08000035": "Leeds"}
    other = [(r["local_authority_ons_district"], area) for r, area in zip(published, where)
             if not district.get(area, "").startswith(
                 names[r["local_authority_ons_district"]])]
    equal("collisions in another district than coded", len(other), 3)
    severe = collections.Counter(
        names[r["local_authority_ons_district"]] for r in published
        if r["collision_severity"] in ("1", "2"))
    for code, name in names.items():
        row = found["district", code, "2024", "killed-or-seriously-injured"]
        equal("the name of " + code, row["area_name"], name)
        check(abs(int(row["value"]) - severe[name]) <= 3,
              "killed or seriously injured in %s: %s, coded %d"
              % (name, row["value"], severe[name]))

    # -1 for a coordinate is a missing one; where nobody says so, it is a place in the sea.
    for row in published[:5]:
        row["location_easting_osgr"] = row["location_northing_osgr"] = "-1"
    with open(program.file("holes.csv"), "w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, published[0])
        out.writeheader()
        out.writerows(published)
    job = JOB % (lsoas, lookup, "holes.csv")
    holes = program.job("holes", job)
    if holes.manifest is not None:
        equal("rows whose coordinates are -1", total(holes.manifest, "unlocated"), 5)
    told = program.job("untold", job.replace('    missing: ["-1"]\n', ""))
    if told.manifest is not None:
        outside = inputs(told.manifest)[0]["rows"]["areas"]["lsoa"]["outside"]
        known = rows["areas"]["lsoa"]["outside"]
        check(5 <= outside <= 5 + known, "%d rows are outside, not told of -1" % outside)

    people_hurt(program, points, lsoas, lookup,
                {r["collision_index"]: area for r, area in zip(published, where)})

    # Casualties carry no coordinates: the message names the column and those that exist.
    hurt = data("road_casualties", COLLISIONS.replace("collisions", "casualties"))
    lost = program.job("casualties", JOB % (lsoas, lookup, hurt), expect=2)
    check("points[0]: " + hurt + " has no column 'location_easting_osgr'; it has: "
          "collision_index, " in lost.talk, "casualties are refused by: " + lost.talk)
    finish()


main()
