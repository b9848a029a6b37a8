#!/usr/bin/env python3
"""Published figures of deprivation, recomputed: the district summaries of 2019 and 2015, the
index of 2019 from its domains, change between both years, LSOAs of 2011 on those of 2021.

usage: tests/data/deprivation.py PLACESTAT

Tolerances: scores are published with three decimals, shares with four. The published
denominators of 2019 are rounded after prisoners were removed, which moves average rank and
local concentration by up to 0.2 in districts with prisons. The denominators of 2015 (people
in mid-2012) are not at hand: what needs none is compared exactly, the rest with the people of
mid-2015 instead, within what three years of population change explain.
"""
import csv
import io
import re
import zipfile
from collections import Counter, defaultdict
from xml.etree import ElementTree

from support import check, data, equal, finish, start, zipped

NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TOLERANCE = {"avg_score": 0.001, "avg_rank": 0.2, "prop_decile1": 0.00006,
             "extent": 0.00006, "local_concentration": 0.2}
OTHER_PEOPLE = {"avg_score": 0.7, "avg_rank": 600, "prop_decile1": 0.00006,
                "extent": 0.011, "local_concentration": 600}
TITLES = {"avg_score": "Average score", "avg_rank": "Average rank",
          "prop_decile1": "Proportion of LSOAs", "extent": "Extent",
          "local_concentration": "Local concentration"}
DOMAINS = {"income": "Income", "employment": "Employment", "health": "Health",
           "education": "Education", "crime": "Crime", "barriers": "Housing_and_Access",
           "living_environment": "Environment"}


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
          if all(w in " ".join(name.split()) for w in words)
          and not name.startswith("IMD - Rank of")
          and "Rank of " not in name]
    equal("columns with %s" % (words,), len(at), 1)
    return at[0]


def compute(program, method, rows, *parameters):
    program.write("in.csv", "\n".join(",".join(r) for r in rows) + "\n")
    done = program.run("compute", method, "in.csv", *parameters)
    equal("what %s said" % method, done.talk, "")
    return list(csv.DictReader(io.StringIO(done.out)))


def by_area(rows):
    return {row["area"]: row for row in rows}


def compare_districts(found, rows, tolerance, expected):
    """With a published sheet: the largest difference of each measure."""
    header = next(rows)
    at = {name: column(header, title) for name, title in TITLES.items()}
    ranks = [i for i, name in enumerate(header) if "Rank of proportion" in name]
    worst = dict.fromkeys(at, 0.0)
    districts = 0
    for row in rows:
        if not row or not row[0].startswith("E"):
            continue
        districts += 1
        for name, place in at.items():
            worst[name] = max(worst[name],
                              abs(float(row[place]) - float(found[row[0]][name])))
        equal("rank of the proportion in " + row[0], found[row[0]]["rank_prop_decile1"],
              row[ranks[0]])
    equal("districts", districts, expected)
    for name, largest in worst.items():
        print("%d districts, %s: largest difference %.6f" % (districts, name, largest))
        check(largest <= tolerance[name], "%s differs by %g" % (name, largest))


def people_of_2015():
    rows = sheet(data("imd", "File_6_-_IoD2019_Population_Denominators.xlsx"),
                 "Population Denominators")
    total = column(next(rows), "Total population: mid 2015 (excluding prisoners)")
    return {row[0]: row[total] for row in rows if row}


def summaries_of_2019(program, people, score):
    lsoas = [["area", "rank", "population", "score"]]
    rows = sheet(data("imd", "File_1_-_IMD2019_Index_of_Multiple_Deprivation.xlsx"), "IMD2019")
    rank = column(next(rows), "(IMD) Rank")
    lsoas += [[row[2], row[rank], people[row[0]], score[row[0]]] for row in rows if row]
    equal("LSOAs", len(lsoas) - 1, 32844)
    found = by_area(compute(program, "imd_summary", lsoas))
    compare_districts(found,
                      sheet(data("imd", "File_10_-_IoD2019_Local_Authority_District_Summaries__"
                                 "lower-tier__.xlsx"), "IMD"), TOLERANCE, 317)
    equal("Leeds, LSOAs in the most deprived 1 % of 2019", found["E08000035"]["n_pct1"], "12")


def summaries_of_2015(program, people, before):
    lsoas = [["area", "rank", "population", "score"]]
    lsoas += [[row["lad13_code"], row["IMD_rank"], people[row["lsoa11_code"]],
               row["IMD_score"]] for row in before]
    found = by_area(compute(program, "imd_summary", lsoas))
    compare_districts(found, sheet(data("imd", "2015_Local_Authority_District_Summaries.xlsx"),
                                   "IMD"), OTHER_PEOPLE, 326)
    equal("Leeds, LSOAs in the most deprived 1 % of 2015", found["E08000035"]["n_pct1"], "16")
    equal("Kirklees, LSOAs in decile 1 of 2015", found["E08000034"]["n_decile1"], "23")


def index_of_2019(program, score, after):
    """From the ranks of the domains. Areas of equal domain scores share a published rank, so
    the index can differ in the third decimal and by a few places."""
    rows = [["area", *DOMAINS]]
    rows += [[row["lsoa11_code"], *(row[name + "_rank"] for name in DOMAINS.values())]
             for row in after]
    found = by_area(compute(program, "imd_build", rows))
    worst_score = max(abs(float(found[area]["score"]) - float(s)) for area, s in score.items())
    moved = Counter(abs(int(found[row["lsoa11_code"]]["rank"]) - int(row["IMD_rank"]))
                    for row in after)
    print("index: score within %.6f, rank of %d LSOAs equal, others within %d places"
          % (worst_score, moved[0], max(moved)))
    check(worst_score <= 0.0015, "the score differs by %g" % worst_score)
    check(max(moved) <= 2 and moved[0] > 32700, "ranks differ: %r" % moved)
    equal("deciles that differ", sum(found[row["lsoa11_code"]]["decile"] != row["IMD_decile"]
                                     for row in after), 0)


def change_of_districts(program, people, before, after):
    later = {row["lsoa11_code"]: row for row in after}
    rows = [["area", "rank1", "rank2", "population1", "population2", "score1"]]
    counts = defaultdict(Counter)
    moves = defaultdict(Counter)
    for row in before:
        area, lsoa = row["lad13_code"], row["lsoa11_code"]
        ranks = int(row["IMD_rank"]), int(later[lsoa]["IMD_rank"])
        rows.append([area, str(ranks[0]), str(ranks[1]), people[lsoa], people[lsoa],
                     row["IMD_score"]])
        for name, bound in (("pct1", 328), ("decile1", 3284)):
            was, now = (rank <= bound for rank in ranks)
            counts[area].update({"n_%s_1" % name: int(was), "n_%s_2" % name: int(now),
                                 "entered_" + name: int(now and not was),
                                 "left_" + name: int(was and not now)})
        moves[area]["%s>%s" % (row["IMD_decile"], later[lsoa]["IMD_decile"])] += 1
    found = by_area(compute(program, "imd_change", rows))
    equal("districts", len(found), 326)
    for area, expected in counts.items():
        for name, n in expected.items():
            equal("%s of %s" % (name, area), found[area][name], str(n))
        equal("transitions of " + area,
              {k: int(v) for k, v in (cell.split(":")
                                      for cell in found[area]["transitions"].split())},
              dict(moves[area]))
    equal("Leeds", [found["E08000035"][n] for n in ("n_pct1_1", "n_pct1_2")], ["16", "12"])
    equal("Kirklees", [found["E08000034"][n] for n in ("n_decile1_1", "n_decile1_2")],
          ["23", "31"])


def lsoas_of_2021(program):
    """Every change of the published look-up, and people that do not get lost."""
    people = {row["lsoa11_code"]: int(row["total_population"])
              for row in zipped("population", "lsoa11_mid2019_by_age.csv.gz")}
    pairs = list(zipped("lookups", "lookup_lsoa11_lsoa21_ltla22.csv.gz"))
    rows = [["lsoa11", "lsoa21", "chgind", "value"]]
    rows += [[p["lsoa11_code"], p["lsoa21_code"], p["change_code"],
              str(people[p["lsoa11_code"]])] for p in pairs]
    found = compute(program, "lsoa_change", rows, "-p", "kind=extensive")
    english = [row for row in found if row["area"].startswith("E")]
    equal("English LSOAs of 2021", Counter(row["method"] for row in english),
          Counter(U=31810, S=1842, M=97, X=6))
    total = sum(float(row["value"]) for row in found)
    check(abs(total - sum(people.values())) < 1e-6, "people were lost: %r" % total)
    merged = [row for row in found if row["method"] == "M"]
    parents = defaultdict(int)
    for p in pairs:
        parents[p["lsoa21_code"]] += people[p["lsoa11_code"]]
    equal("merged LSOAs whose people do not add up",
          sum(float(row["value"]) != parents[row["area"]] for row in merged), 0)
    equal("shares without people as weights",
          all((row["flag"] == "fallback") == (row["share_min"] != "1") for row in found), True)


def main():
    program = start()
    people = people_of_2015()
    score = {row["lsoa"]: row["overall_local_score"]
             for row in zipped("imd", "UK_IMD_E_mysociety_2020.csv.gz") if row["nation"] == "E"}
    before = list(zipped("imd", "imd2015_england_lsoa11.csv.gz"))
    after = list(zipped("imd", "imd2019_england_lsoa11.csv.gz"))
    summaries_of_2019(program, people, score)
    summaries_of_2015(program, people, before)
    index_of_2019(program, score, after)
    change_of_districts(program, people, before, after)
    lsoas_of_2021(program)
    finish()


main()
