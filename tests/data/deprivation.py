#!/usr/bin/env python3
"""The published summaries of deprivation for all 317 districts of 2019, recomputed from the
LSOAs, and the Leeds LSOAs in the most deprived 1 % of both years.

usage: tests/data/deprivation.py PLACESTAT

Tolerances: scores are published with three decimals, shares with four. The published
denominators are rounded after prisoners were removed, which moves average rank and local
concentration by up to 0.2 in districts with prisons.
"""
import csv
import gzip
import io
import re
import subprocess
import zipfile
from xml.etree import ElementTree

from support import check, data, equal, finish, start

NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TOLERANCE = {"avg_score": 0.001, "avg_rank": 0.2, "prop_decile1": 0.00006,
             "extent": 0.00006, "local_concentration": 0.2}


def sheet(path, name):
    """Rows of a sheet as lists of text."""
    with zipfile.ZipFile(path) as book:
        shared = ["".join(t.text or "" for t in item.iter(NAMESPACE + "t")) for item in
                  ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
        names = [s.get("name") for s in
                 ElementTree.fromstring(book.read("xl/workbook.xml")).iter(NAMESPACE + "sheet")]
        tree = ElementTree.fromstring(
            book.read("xl/worksheets/sheet%d.xml" % (names.index(name) + 1)))
    for row in tree.iter(NAMESPACE + "row"):
        cells = []
        for cell in row:
            column = 0
            for letter in re.match("[A-Z]+", cell.get("r")).group():
                column = column * 26 + ord(letter) - 64
            value = cell.find(NAMESPACE + "v")
            text = value.text if value is not None else ""
            if cell.get("t") == "s" and text:
                text = shared[int(text)]
            cells += [""] * (column - 1 - len(cells)) + [text]
        yield cells


def column(header, *words):
    at = [i for i, name in enumerate(header)
          if all(w in " ".join(name.split()) for w in words)]
    equal("columns with %s" % (words,), len(at), 1)
    return at[0]


def compute(program, rows, *parameters):
    table = program.write("lsoas.csv", "\n".join(",".join(r) for r in rows) + "\n")
    done = subprocess.run([program.path, "compute", "imd_summary", table, *parameters],
                          capture_output=True, text=True)
    equal("exit", done.returncode, 0)
    return {row["area"]: row for row in csv.DictReader(io.StringIO(done.stdout))}


def main():
    program = start()
    score = {}
    with gzip.open(data("imd", "UK_IMD_E_mysociety_2020.csv.gz"), "rt") as text:
        for row in csv.DictReader(text):
            if row["nation"] == "E":
                score[row["lsoa"]] = row["overall_local_score"]
    people = {}
    rows = sheet(data("imd", "File_6_-_IoD2019_Population_Denominators.xlsx"),
                 "Population Denominators")
    total = column(next(rows), "Total population: mid 2015 (excluding prisoners)")
    for row in rows:
        if row:
            people[row[0]] = row[total]
    lsoas = [["area", "rank", "population", "score"]]
    rows = sheet(data("imd", "File_1_-_IMD2019_Index_of_Multiple_Deprivation.xlsx"), "IMD2019")
    header = next(rows)
    rank = column(header, "(IMD) Rank")
    for row in rows:
        if row:
            lsoas.append([row[2], row[rank], people[row[0]], score[row[0]]])
    equal("LSOAs", len(lsoas) - 1, 32844)
    found = compute(program, lsoas)

    rows = sheet(data("imd", "File_10_-_IoD2019_Local_Authority_District_Summaries__"
                      "lower-tier__.xlsx"), "IMD")
    header = next(rows)
    at = {"avg_score": column(header, "Average score"),
          "avg_rank": column(header, "Average rank"),
          "prop_decile1": column(header, "Proportion of LSOAs"),
          "extent": column(header, "Extent"),
          "local_concentration": column(header, "Local concentration")}
    worst = dict.fromkeys(at, 0.0)
    districts = 0
    for row in rows:
        if not row or not row[0].startswith("E"):
            continue
        districts += 1
        for name, place in at.items():
            worst[name] = max(worst[name],
                              abs(float(row[place]) - float(found[row[0]][name])))
    equal("districts", districts, 317)
    for name, largest in worst.items():
        print("%s: largest difference %.6f" % (name, largest))
        check(largest <= TOLERANCE[name], "%s differs by %g" % (name, largest))
    equal("Leeds, LSOAs in the most deprived 1 % of 2019", found["E08000035"]["n_pct1"], "12")

    with gzip.open(data("imd", "imd2015_england_lsoa11.csv.gz"), "rt") as text:
        before = [["area", "rank", "population", "score"]] + [
            [row["lad13_code"], row["IMD_rank"], "1", row["IMD_score"]]
            for row in csv.DictReader(text)]
    found = compute(program, before)
    equal("Leeds, LSOAs in the most deprived 1 % of 2015", found["E08000035"]["n_pct1"], "16")
    equal("Kirklees, LSOAs in decile 1 of 2015", found["E08000034"]["n_decile1"], "23")
    finish()


main()
