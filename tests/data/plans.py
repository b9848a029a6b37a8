#!/usr/bin/env python3
"""The plans of Kirklees and Leeds on what is published of them: fly-tipping of the councils
out of Defra's workbook, road casualties, one month of crime, residents, the indices of
deprivation. What these files cannot tell is absent and says why.

usage: tests/data/plans.py PLACESTAT
"""
import collections
import csv
import gzip

from support import (ROAD_CASUALTIES, casualties, check, data, equal, finish, inputs, rows_of,
                     start)

KIRKLEES, LEEDS = "E08000034", "E08000035"
PLACES = {
    "batley-spen": ["Batley East", "Batley West", "Birstall and Birkenshaw", "Cleckheaton",
                    "Heckmondwike", "Liversedge and Gomersal"],
    "dewsbury-mirfield": ["Dewsbury East", "Dewsbury South", "Dewsbury West", "Mirfield"],
    "huddersfield": ["Almondbury", "Ashbrow", "Crosland Moor and Netherton", "Dalton",
                     "Greenhead", "Lindley", "Newsome"],
    "rural": ["Colne Valley", "Denby Dale", "Golcar", "Holme Valley North",
              "Holme Valley South", "Kirkburton"],
}
JOB = """
title: Kirklees and Leeds
areas:
  - {id: lsoa11, file: %(lsoas)s, layer: lsoa11, code: LSOA11CD}
  - {id: lsoa, file: %(lsoas)s, layer: lsoa21, code: LSOA21CD, name: LSOA21NM}
  - id: ward
    of: lsoa
    table: {file: %(lookup)s, member: lsoa21_code, code: ward24_code, name: ward24_name}
  - id: place
    of: ward
    sets:
%(places)s
  - id: district
    of: lsoa
    table: {file: %(lookup)s, member: lsoa21_code, code: ltla24_code, name: ltla24_name}
points:
  - id: fly-tipping
    title: Fly-tipping (WasteDataFlow)
    disclosure: public
    files: [%(fly)s]
    sheet: LA_incidents
    header: 2
    header_rows: 2
    areas: district
    code: ONS Code
    count: TOTAL / Total Incidents
    date: Year
    date_form: financial-year
    where: [{column: LA Name, not: ["*Total"]}]
    covers: all
%(hurt)s
    title: People hurt where a collision was
    disclosure: public
    category: casualty_severity
  - id: crime
    format: police.uk
    files: [%(crime)s]
population:
  title: mid-2019, ONS
  file: %(people)s
  areas: lsoa11
  code: lsoa11_code
  columns: ["0..90+"]
  year: 2019
periods: [calendar-years, financial-years, 2024-03]
frameworks: [communities-partnership-plan, strategic-intelligence-assessment,
             thriving-neighbourhoods]
data:
  - {id: fly-tipping, input: fly-tipping}
  - {id: fly-tipping-history, input: fly-tipping}
%(severity)s
  - id: recorded-crime
    input: crime
    columns:
      - id: offence
        column: Crime type
        values:
          - {id: vehicle-offences, of: [Vehicle crime]}
          - {id: anti-social-behaviour, of: [Anti-social behaviour]}
  - {id: residents, input: population}
"""


def main():
    program = start()
    files = {
        "lsoas": data("lsoa_boundaries", "lsoa_bgc_kirklees_leeds_27700.gpkg"),
        "lookup": data("lookups", "lookup_lsoa21_ward24_ltla24.csv.gz"),
        "fly": data("fly_tipping", "flytipping_la.ods"),
        "collisions": data("road_casualties", "stats19_2024_collisions_kirklees_leeds.csv"),
        "casualties": data("road_casualties", "stats19_2024_casualties_kirklees_leeds.csv"),
        "severity": ROAD_CASUALTIES.strip("\n"),
        "crime": data("crime", "west_yorkshire_partial", "leeds_2024-03_street_excel.csv"),
        "people": data("population", "lsoa11_mid2019_by_age.csv.gz"),
    }
    files["hurt"] = casualties(files["casualties"], files["collisions"])
    wards, members = {}, collections.defaultdict(set)
    with gzip.open(files["lookup"], "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["ltla24_code"] == KIRKLEES:
                wards[row["ward24_name"]] = row["ward24_code"]
                members[row["ward24_name"]].add(row["lsoa21_code"])
    equal("wards of Kirklees' plan areas", sorted(sum(PLACES.values(), [])), sorted(wards))
    files["places"] = "\n".join(
        "      - {code: %s, members: [%s]}" % (code, ", ".join(wards[name] for name in names))
        for code, names in PLACES.items())
    done = program.job("plans", JOB % files)
    if done.manifest is None:
        finish()

    found = collections.defaultdict(dict)
    reasons = collections.defaultdict(set)
    for row in rows_of(program.output("plans", "measures.csv"), encoding="utf-8"):
        found[row["measure"], row["area_type"]][row["area_code"], row["period"]] = row
        if row["value"] == "":
            reasons[row["measure"]].add(row["reason"])

    def one(measure, kind, code, period):
        return found[measure, kind].get((code, period), collections.defaultdict(str))

    # Defra's workbook, three rows of names, eleven years. The plan states other figures for
    # its baseline than Defra, and the difference is told.
    rows = next(entry["rows"] for entry in inputs(done.manifest)
                if entry["name"].endswith(".ods"))
    equal("rows of the workbook", (rows["read"], rows["filtered"]), (3642, 111))
    published = {"2019/20": "5891", "2020/21": "8599", "2021/22": "6436", "2022/23": "7182"}
    for period, number in published.items():
        equal("Kirklees' fly-tipping in " + period,
              one("fly-tipping", "district", KIRKLEES, period)["value"], number)
    last = one("fly-tipping", "district", KIRKLEES, "2022/23")
    equal("beside the plan's target",
          (last["baseline"], last["baseline_from"], last["target_status"],
           last["strength"]), ("6017", "plan", "not-met", "clear"))
    check("the data give 6436 for the baseline, the plan states 6017" in last["reason"],
          "the plan's baseline and the data's are not compared: " + last["reason"])
    equal("in Leeds, which is not the plan's area",
          one("fly-tipping", "district", LEEDS, "2022/23")["baseline_from"], "data")
    check(any("rows are coded to district, not to these areas" in why
              for why in reasons["fly-tipping"]), "fly-tipping by ward has no reason")
    spike = found["sia-fly-tipping-lockdown-spike", "district"]
    equal("months of fly-tipping", {row["reason"] for row in spike.values()},
          {"control_chart: missing; the data are for whole years from April"})
    for measure in ("sia-fly-tipping-hot-spots", "sia-fly-tipping-repeat-hot-spots"):
        rows = found[measure, "lsoa"].values()
        equal(measure + " without any count by LSOA",
              {(row["status"], row["value"], row["reason"][-46:]) for row in rows},
              {("missing", "", "rows are coded to district, not to these areas")})

    # Casualties by plan area: by the LSOA that the publisher gives for their collision.
    where = {row["collision_index"]: row["lsoa_of_accident_location"]
             for row in rows_of(files["collisions"], encoding="utf-8-sig")}
    hurt = collections.Counter(where[row["collision_index"]] for row in
                               rows_of(files["casualties"], encoding="utf-8-sig")
                               if row["casualty_severity"] in ("1", "2"))
    for code, names in PLACES.items():
        wanted = sum(hurt[lsoa] for name in names for lsoa in members[name])
        row = one("killed-seriously-injured", "place", code, "2024")
        # A point on an edge may be the neighbour's to the publisher.
        check(row["value"] != "" and abs(int(row["value"]) - wanted) <= 2,
              "people hurt in %s: %s, expected about %d" % (code, row["value"], wanted))

    # One month of crime: the figures of the month, and no year made of it.
    month = found["vehicle-offences", "district"]
    kinds = collections.Counter(r["Crime type"] for r in
                                rows_of(files["crime"], encoding="utf-8-sig"))
    value = month[LEEDS, "2024-03"]["value"]
    check(value != "" and 0 <= kinds["Vehicle crime"] - int(value) <= 5,
          "vehicle crime in Leeds: %s of %d" % (value, kinds["Vehicle crime"]))
    equal("Kirklees in a file of Leeds", (month[KIRKLEES, "2024-03"]["status"],
                                          month[KIRKLEES, "2024-03"]["reason"][:11]),
          ("missing", "not covered"))

    # What nobody publishes is absent, and each measure says what is missing.
    wanted = {
        "violence-with-injury": "the job does not say",
        "nuisance-incidents": "no input of the job is 'asb-incidents'",
        "repeat-domestic-violence": "no input of the job is 'domestic-incidents'",
        "asb-concern": "no input of the job is 'resident-survey'",
        "lsoa-most-deprived-1pct": "no input of the job is 'deprivation'",
    }
    for measure, why in wanted.items():
        check(any(why in reason for reason in reasons[measure]),
              "%s says %r" % (measure, sorted(reasons[measure])[:3]))
    silent = [key for key, rows in found.items()
              for row in rows.values() if row["value"] == "" and row["reason"] == ""]
    equal("measures without a value and without a reason", sorted(set(silent)), [])
    finish()


main()
