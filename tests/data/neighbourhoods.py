#!/usr/bin/env python3
"""Thriving neighbourhoods on the published indices of 2015 and 2019 of Leeds: how many
LSOAs are in the most deprived hundredth, how the city moved, and what the published files
do not hold.

usage: tests/data/neighbourhoods.py PLACESTAT
"""
import csv
import gzip

from support import check, data, equal, finish, rows_of, start

COUNTRY = 32844
LEEDS = "E08000035"
JOB = """
title: Leeds
areas:
  - {id: lsoa, file: %(lsoas)s, layer: lsoa11, code: LSOA11CD, name: LSOA11NM,
     where: LSOA11NM LIKE 'Leeds %%%%'}
  - {id: ward, file: %(wards)s, layer: WD19, code: WD19CD, name: WD19NM,
     where: LADCD = 'E08000035'}
  - id: district
    of: lsoa
    table: {file: %(then)s, member: lsoa11_code, code: lad13_code, name: lad13_name}
  - id: priority-neighbourhood
    of: lsoa
    sets: [{code: most-deprived, name: The most deprived hundredth of 2015,
            members: [%(members)s]}]
population:
  title: mid-2019, ONS
  file: %(people)s
  areas: lsoa
  code: lsoa11_code
  columns: ["0..90+"]
  year: 2019
tables:
  - id: index-2015
    file: %(then)s
    areas: lsoa
    code: lsoa11_code
    values: [{id: rank-2015, column: IMD_rank}]
  - id: index-2019
    file: %(now)s
    areas: lsoa
    code: lsoa11_code
    values:
      - {id: rank-2019, column: IMD_rank}
      - {id: income-rank-2019, column: Income_rank}
periods: ["2019"]
framework: thriving-neighbourhoods
data:
  - {id: residents, input: population}
  - {id: deprivation-before, input: index-2015,
     columns: [{id: imd-rank, column: rank-2015}]}
  - {id: deprivation, input: index-2019,
     columns: [{id: imd-rank, column: rank-2019},
               {id: income-rank, column: income-rank-2019}]}
"""


def published(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return {row["lsoa11_code"]: row for row in csv.DictReader(file)}


def main():
    program = start()
    files = {
        "lsoas": data("lsoa_boundaries", "lsoa_bgc_kirklees_leeds_27700.gpkg"),
        "wards": data("ward_boundaries", "wards_kirklees_leeds_27700.gpkg"),
        "then": data("imd", "imd2015_england_lsoa11.csv.gz"),
        "now": data("imd", "imd2019_england_lsoa11.csv.gz"),
        "people": data("population", "lsoa11_mid2019_by_age.csv.gz"),
    }
    then, now = published(files["then"]), published(files["now"])
    people = {code: int(row["total_population"])
              for code, row in published(files["people"]).items()}
    leeds = [code for code, row in then.items() if row["lad13_code"] == LEEDS]
    equal("LSOAs of Leeds", len(leeds), 482)
    worst = sorted(code for code in leeds if int(then[code]["IMD_rank"]) <= COUNTRY // 100)
    files["members"] = ", ".join(worst)
    done = program.job("leeds", JOB % files)
    if done.manifest is None:
        finish()

    found = {}
    for row in rows_of(program.output("leeds", "measures.csv"), encoding="utf-8"):
        found.setdefault((row["measure"], row["area_type"]), []).append(row)
    one = {key: rows[0] for key, rows in found.items()}

    # The figures of the report of 2018 and of the release that followed.
    before = one["lsoa-most-deprived-1pct-before", "district"]
    after = one["lsoa-most-deprived-1pct", "district"]
    equal("LSOAs in the most deprived 1 % in 2015", (before["area_code"], before["value"]),
          (LEEDS, "16"))
    equal("LSOAs in the most deprived 1 % in 2019", after["value"], "12")
    equal("LSOAs looked at", after["denominator"], "482")
    equal("the report's baseline and what became of it",
          (after["baseline"], after["target_status"]), ("16", "met"))
    equal("the same by the data of 2015, elsewhere",
          [one["lsoa-most-deprived-1pct", "priority-neighbourhood"][key]
           for key in ("baseline", "baseline_from", "target_status")], ["16", "data", "met"])
    equal("of the sixteen", one["lsoa-most-deprived-1pct-before",
                                "priority-neighbourhood"]["value"], "16")
    equal("of the sixteen, in 2019",
          one["lsoa-most-deprived-1pct", "priority-neighbourhood"]["value"],
          str(sum(int(now[code]["IMD_rank"]) <= COUNTRY // 100 for code in worst)))
    for measure, release in (("lsoa-most-deprived-1pct-before", then),
                             ("lsoa-most-deprived-1pct", now)):
        wards = [row for row in found[measure, "ward"] if row["status"] == "ok"]
        equal("wards of " + measure, len(wards), 33)
        equal("the same, by ward", sum(int(row["value"]) for row in wards),
              sum(int(release[code]["IMD_rank"]) <= COUNTRY // 100 for code in leeds))

    # The mean rank over people, as a percentile of the country.
    total = sum(people[code] for code in leeds)
    place = [100 * sum(people[code] * int(release[code]["IMD_rank"]) for code in leeds) /
             total / COUNTRY for release in (then, now)]
    moved = one["imd-improved-relative", "district"]
    check(abs(float(moved["value"]) - (place[1] - place[0])) < 1e-9,
          "the city moved by %s percentiles, expected %r" % (moved["value"],
                                                             place[1] - place[0]))
    equal("the verdict", moved["verdict"], "worsened" if place[1] - place[0] < -1 else
          "improved" if place[1] - place[0] > 1 else "no-clear-change")
    income = one["neighbourhood-profile-income", "district"]
    mean = sum(people[code] * (COUNTRY + 1 - int(now[code]["Income_rank"]))
               for code in leeds) / total
    check(abs(float(income["value"]) - mean) < 1e-6,
          "the mean rank of income is %s, expected %r" % (income["value"], mean))

    # What these files cannot tell is absent, with the reason.
    def reason(measure):
        rows = [row for (name, _), rows in found.items() for row in rows if name == measure]
        check(all(row["value"] == "" for row in rows), measure + " has a value")
        return rows[0]["reason"]
    equal("without the ranks of domains in 2015",
          reason("imd-domain-improved-relative-income"),
          "the job does not say which value of 'index-2015' is 'income-rank'")
    equal("without the people behind the rates",
          reason("imd-domain-improved-absolute-employment"),
          "the job does not say which value of 'index-2015' is 'employment-rank'")
    check("no input of the job is 'recorded-crime'" in reason("total-crime-rate"),
          "total-crime-rate says: " + reason("total-crime-rate"))
    check("no input of the job is 'resident-survey'" in
          reason("residents-describe-improvement"),
          "residents-describe-improvement says: " + reason("residents-describe-improvement"))
    equal("areas that the job does not have",
          one["lsoa-most-deprived-1pct", "target-wards"]["status"], "no-areas")
    finish()


main()
