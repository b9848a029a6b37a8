#!/usr/bin/env python3
"""Population by age, the Indices of Deprivation and fly-tipping, as they are published:
compressed CSV, workbooks that begin with notes, a sheet with three header rows.

usage: tests/data/tables.py PLACESTAT
"""
import gzip
import csv

from support import check, data, equal, finish, start

JOB = """
title: Population and deprivation
areas:
  - {id: lsoa, file: %(lsoas)s, layer: lsoa11, code: LSOA11CD, name: LSOA11NM}
  - id: district
    of: lsoa
    table:
      file: %(file1)s
      sheet: IMD2019
      member: LSOA code (2011)
      code: Local Authority District code (2019)
      name: Local Authority District name (2019)
points:
  - {id: crime, format: police.uk, files: [%(crime)s], covers: all}
periods: [2018-05]
series: [{id: recorded-crime}]
population:
  title: mid-2019, ONS
  file: %(people)s
  areas: lsoa
  code: lsoa11_code
  columns: ["0..90+"]
  year: 2019
tables:
  - id: file-1
    file: %(file1)s
    sheet: "2"
    areas: lsoa
    code: LSOA code (2011)
    values:
      - {id: rank, column: Index of Multiple Deprivation (IMD) Rank, period: "2019"}
      - {id: decile, column: Index of Multiple Deprivation (IMD) Decile, period: "2019"}
  - id: file-2
    file: %(file2)s
    areas: lsoa
    code: LSOA code (2011)
    values: [{id: crime-rank, column: Crime Rank (where 1 is most deprived)}]
  - id: file-6
    file: %(file6)s
    sheet: Population Denominators
    areas: lsoa
    code: LSOA code (2011)
    values: [{id: people-2015, column: "Total population: mid 2015 (excluding prisoners)"}]
  - id: file-7
    file: %(file7)s
    areas: lsoa
    code: LSOA code (2011)
    values: [{id: score, column: Index of Multiple Deprivation (IMD) Score}]
  - id: file-10
    file: %(file10)s
    sheet: IMD
    areas: district
    code: Local Authority District code (2019)
    values:
      - {id: average-rank, column: "IMD - Average rank "}
      - {id: average-score, column: IMD - Average score}
      - {id: extent, column: IMD 2019 - Extent}
"""
FLY_TIPPING = """
areas:
  - {id: lsoa, file: %(lsoas)s, layer: lsoa11, code: LSOA11CD}
  - id: district
    of: lsoa
    table:
      file: %(file1)s
      sheet: IMD2019
      member: LSOA code (2011)
      code: Local Authority District code (2019)
tables:
  - id: fly-tipping
    file: %(fly)s
    sheet: LA_incidents
    header: %(header)d
    areas: district
    code: ONS Code
    values: [{id: incidents, column: Total Incidents}]
"""


def compressed(path):
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def main():
    program = start()
    imd = {
        "file1": "File_1_-_IMD2019_Index_of_Multiple_Deprivation.xlsx",
        "file2": "File_2_-_IoD2019_Domains_of_Deprivation.csv.gz",
        "file6": "File_6_-_IoD2019_Population_Denominators.xlsx",
        "file7": "File_7_IoD2019_Kirklees_rows.csv",
        "file10": "File_10_-_IoD2019_Local_Authority_District_Summaries__lower-tier__.xlsx",
    }
    files = {name: data("imd", file) for name, file in imd.items()}
    files["lsoas"] = data("lsoa_boundaries", "lsoa_bgc_kirklees_leeds_27700.gpkg")
    files["people"] = data("population", "lsoa11_mid2019_by_age.csv.gz")
    files["fly"] = data("fly_tipping", "flytipping_la.ods")
    files["crime"] = data("crime", "west_yorkshire_partial", "wy_2018-05_sample_shortids.csv")
    done = program.job("tables", JOB % files)
    if done.manifest is None:
        finish()
    found = {(r["area_code"], r["indicator"]): r for r in program.indicators("tables")}

    kirklees, leeds = "E08000034", "E08000035"
    for code, people in ((kirklees, "439787"), (leeds, "793139")):
        equal("residents of " + code, found[code, "recorded-crime-rate"]["denominator"],
              people)
    equal("Kirklees in File 10",
          [found[kirklees, name]["value"] for name in
           ("average-rank", "average-score", "extent")], ["19120.97", "25.151", "0.2938"])

    people = {r["lsoa11_code"]: r["total_population"] for r in compressed(files["people"])}
    ranks = {r["lsoa11_code"]: r for r in
             compressed(data("imd", "imd2019_england_lsoa11.csv.gz"))}
    lsoas = [code for code, name in found if name == "rank"]
    equal("LSOAs with a rank", len(lsoas), 741)
    for code in lsoas:
        equal("rank, decile, crime rank, residents of " + code,
              [found[code, "rank"]["value"], found[code, "decile"]["value"],
               found[code, "crime-rank"]["value"],
               found[code, "recorded-crime-rate"]["denominator"]],
              [ranks[code]["IMD_rank"], ranks[code]["IMD_decile"],
               ranks[code]["Crime_rank"], people[code]])
        check(int(found[code, "people-2015"]["value"]) > 500, "no residents in " + code)
    equal("LSOAs with a score", sum(found[code, "score"]["status"] == "ok"
                                    for code in lsoas), 259)

    # A sheet that is all notes, a sheet that has to be chosen, and one whose names stand
    # in the third row.
    seen = program.run("inspect", files["file1"], files["fly"]).out
    for line in ("  XLSX, 2 sheets\n", "  sheet IMD2019: 32844 rows\n",
                 "    field Index of Multiple Deprivation (IMD) Rank: Integer\n",
                 "  ODS, 6 sheets\n", "  sheet LA_incidents: "):
        check(line in seen, "inspect does not say %r" % line)
    check("CRS" not in seen, "inspect asks for the CRS of a sheet")
    unsaid = program.job("unsaid", (JOB % files).replace('    sheet: "2"\n', ""), expect=2)
    check("holds 2 sheets: 'Notes', 'IMD2019'; say which one is meant" in unsaid.talk,
          "a workbook of which no sheet was chosen: " + unsaid.talk)
    notes = program.job("notes", (JOB % files).replace('sheet: "2"', "sheet: Notes"),
                        expect=2)
    check("sheet 'Notes' has nothing in row 1, which should hold the names of the columns; "
          "say in `header` where they are" in notes.talk, "a sheet of notes: " + notes.talk)
    first = program.job("first", FLY_TIPPING % dict(files, header=1), expect=2)
    check("has no column 'ONS Code'" in first.talk, "the first row as header: " + first.talk)
    # With the right row it is read; it has a row for each year, and one is wanted.
    third = program.job("third", FLY_TIPPING % dict(files, header=3), expect=1)
    check("the code E08000034 stood in an earlier row; one row per area is expected"
          in third.talk, "a table with a row per year: " + third.talk)
    finish()


main()
