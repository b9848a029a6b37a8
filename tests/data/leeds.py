#!/usr/bin/env python3
"""datasets/jobs/leeds.yaml: thriving neighbourhoods and the other frameworks on what is published
of Leeds. How many LSOAs are in the most deprived hundredth, how the city moved, a month of
street-level crime that went through Excel (a byte order mark, months such as Mar-24), road
casualties of the council's register and of STATS19.

usage: tests/data/leeds.py PLACESTAT
"""
import collections

from support import check, data, equal, finish, inputs, rows_of, start, zipped

COUNTRY = 32844
LEEDS = "E08000035"
CRIME = ("crime", "west_yorkshire_partial", "leeds_2024-03_street_excel.csv")


def most_deprived(found, then, now):
    """The figures of the report of 2018 and of the release that followed."""
    before = found["lsoa-most-deprived-1pct-before", "district"][LEEDS, "all"]
    after = found["lsoa-most-deprived-1pct", "district"][LEEDS, "all"]
    equal("LSOAs in the most deprived 1 % in 2015", before["value"], "16")
    equal("LSOAs in the most deprived 1 % in 2019", after["value"], "12")
    equal("LSOAs looked at", after["denominator"], "482")
    equal("the report's baseline and what became of it",
          (after["baseline"], after["baseline_from"], after["target_status"]),
          ("16", "plan", "met"))

    def few(release, codes):
        return sum(int(release[code]["IMD_rank"]) <= COUNTRY // 100 for code in codes)
    worst = [code for code, row in then.items() if few(then, [code])]
    for measure, release in (("lsoa-most-deprived-1pct-before", then),
                             ("lsoa-most-deprived-1pct", now)):
        wards = found[measure, "ward"].values()
        equal("wards of " + measure, len(wards), 33)
        equal("the same, by ward", sum(int(row["value"]) for row in wards),
              few(release, then))
        equal("the same, by priority neighbourhood",
              {code: row["value"] for (code, _), row in
               found[measure, "priority-neighbourhood"].items()},
              {code: str(few(release, [code])) for code in worst})
    row = found["lsoa-most-deprived-1pct", "priority-neighbourhood"]["E01011372", "all"]
    equal("against the release before, where the report states nothing",
          (row["baseline"], row["baseline_from"]), ("1", "data"))


def moved(found, then, now):
    """The mean rank over people, as a percentile of the country."""
    people = {row["lsoa11_code"]: int(row["total_population"])
              for row in zipped("population", "lsoa11_mid2019_by_age.csv.gz")}
    total = sum(people[code] for code in then)

    def mean(release, column):
        return sum(people[code] * int(release[code][column]) for code in then) / total
    change = 100 * (mean(now, "IMD_rank") - mean(then, "IMD_rank")) / COUNTRY
    city = found["imd-improved-relative", "district"][LEEDS, "all"]
    check(abs(float(city["value"]) - change) < 1e-9,
          "the city moved by %s percentiles, expected %r" % (city["value"], change))
    equal("the verdict", city["verdict"], "no-clear-change" if abs(change) <= 1 else
          "worsened" if change < 0 else "improved")
    income = found["neighbourhood-profile-income", "district"][LEEDS, "all"]
    check(abs(float(income["value"]) - (COUNTRY + 1 - mean(now, "Income_rank"))) < 1e-6,
          "the mean rank of income is " + income["value"])


def crime_as_read(manifest, published):
    equal("the months of the file", {r["Month"] for r in published}, {"Mar-24"})
    file = next(entry for entry in inputs(manifest) if entry["name"].endswith("excel.csv"))
    equal("the encoding", file["encoding"], "UTF-8 with BOM")
    rows = file["rows"]
    equal("rows read", rows["read"], 9408)
    equal("rows with coordinates", rows["located"], 9408)
    equal("rows in LSOAs", [rows["areas"][name]["matched"] for name in
                            ("lsoa", "lsoa-2021")], [9408, 9408])
    # 127 rows repeat another one wholly. All are anti-social behaviour, which has no id:
    # two incidents of one street and month look the same, so every row counts.
    whole = collections.Counter(tuple(r.items()) for r in published)
    equal("rows that repeat another", sum(n - 1 for n in whole.values()), 127)
    check(all(dict(r)["Crime ID"] == "" for r, n in whole.items() if n > 1),
          "a repeated row has an id")
    equal("rows dropped as duplicates", rows["duplicate"], 0)
    equal("areas", {g["id"]: g["areas"] for g in manifest["geographies"]},
          {"lsoa": 482, "lsoa-2021": 488, "ward": 33, "district": 1,
           "priority-neighbourhood": 16})
    crime = manifest["data"][0]
    equal("the months", (crime["first_month"], crime["last_month"]), ("2024-03", "2024-03"))
    equal("agreement with the supplied codes", crime["areas"]["lsoa-2021"]["supplied_codes"],
          {"same_area": 8934, "other_area": 474, "not_a_code_of_these_areas": 0,
           "supplied_but_outside": 0, "not_supplied": 0})


def crime_as_counted(program, found, published):
    by_type = collections.Counter(r["Crime type"] for r in published)
    asb = by_type.pop("Anti-social behaviour")
    sums = collections.Counter()
    for row in program.indicators("leeds"):
        if (row["area_type"], row["period"]) == ("lsoa", "2024-03"):
            if row["indicator"] in ("recorded-crime", "anti-social-behaviour"):
                equal("the status of a covered month", row["status"], "ok")
                sums[row["indicator"]] += int(row["value"])
    equal("anti-social behaviour", sums["anti-social-behaviour"], asb)
    equal("recorded crime", sums["recorded-crime"], sum(by_type.values()))
    for measure, number in (("total-crime", sum(by_type.values())),
                            ("vehicle-offences", by_type["Vehicle crime"])):
        rows = found[measure, "lsoa"]
        equal(measure + " of the month", number, sum(
            int(row["value"]) for (_, period), row in rows.items() if period == "2024-03"))
        row = found[measure, "district"][LEEDS, "2024"]
        equal("a year of one month", (row["status"], row["value"]), ("missing", ""))
        check(row["reason"].startswith("1 of 12 months published"), row["reason"])
    # One LSOA of 2011 was merged into its neighbour, whose residents the census counts there.
    rates = [row for (_, period), row in found["total-crime-rate", "lsoa"].items()
             if period == "2024-03"]
    equal("LSOAs without residents", [(row["area_code"], row["reason"]) for row in rates
                                      if row["value"] == ""], [("E01033019", "no population")])
    triple = [row for row in rows_of(program.output("leeds", "comparisons.csv"))
              if (row["measure"], row["period"], row["status"]) ==
              ("total-crime-rate", "2024-03", "ok")]
    equal("priority neighbourhoods beside the city",
          {(row["comparator_code"], row["overlap"]) for row in triple}, {(LEEDS, "inside")})
    equal("so many", len(triple), 16)


def crime_by_boundaries(program):
    """The boundaries in metres were made from those in degrees by the operation that needs no
    grid, so that way back gives each row the area that those in degrees give it. The accurate
    operation moves a few rows of streets on an edge."""
    points = data(*CRIME)
    lsoas = data("lsoa_boundaries", "lsoa_bgc_kirklees_leeds_27700.gpkg") + ",layer=lsoa21"
    degrees = data("lsoa_boundaries", "lsoa21_bgc_E08000035_wgs84.geojson")
    options = ("--format", "police.uk", "--id", "LSOA21CD")
    without = program.join([points], degrees, *options).area
    metres = program.join([points], lsoas, *options).area
    equal("rows whose area depends on the form of the boundaries",
          sum(a != b for a, b in zip(without, metres)), 0)
    grid = program.join([points], lsoas, *options, grid=True).area
    equal("rows whose area depends on the grid", sum(a != b for a, b in zip(metres, grid)),
          171)
    equal("rows in another LSOA than coded, with the grid",
          sum(a != r["LSOA code"] for a, r in zip(grid, rows_of(points,
                                                                encoding="utf-8-sig"))), 323)


def people_hurt(found, manifest):
    """The council's register, of which 15 to 26 rows a year stand there twice, beside the
    Department's of 2024."""
    registers = [entry for entry in inputs(manifest) if "leeds_city_council" in entry["name"]]
    equal("rows of the register", [entry["rows"]["read"] for entry in registers],
          [3057, 2765, 2686, 2748])
    decade = found["sia-road-casualties-decade", "district"]
    hurt = int(decade[LEEDS, "2010"]["value"])
    check(2755 <= hurt <= 2765, "people hurt in 2010: %d" % hurt)
    equal("people hurt in 2020", decade[LEEDS, "2020"]["status"], "missing")
    severe = sum(row["casualty_severity"] in ("1", "2") for row in rows_of(
        data("road_casualties", "stats19_2024_casualties_kirklees_leeds.csv"),
        encoding="utf-8-sig"))
    row = found["killed-seriously-injured", "district"][LEEDS, "2024"]
    check(400 < int(row["value"]) < severe, "killed or seriously injured: " + row["value"])
    equal("without a baseline", row["target_status"], "baseline-missing")


def fly_tipping(found):
    """What the plan of Kirklees states is not of Leeds."""
    rows = found["fly-tipping", "district"]
    equal("fly-tipping", [rows[LEEDS, period]["value"] for period in
                          ("2019/20", "2021/22")], ["26079", "13744"])
    equal("the baseline of another area", (rows[LEEDS, "2022/23"]["baseline"],
                                           rows[LEEDS, "2022/23"]["baseline_from"]),
          ("13744", "data"))


def absent(found):
    """What these files cannot tell is absent, with the reason."""
    wanted = {
        "imd-domain-improved-relative-income":
            "the job does not say which value of 'deprivation-2015' is 'income-rank'",
        "imd-domain-improved-absolute-employment":
            "the job does not say which value of 'deprivation-2015' is 'employment-rank'",
        "neighbourhood-profile":
            "the job does not say which value of 'deprivation-2019' is 'imd-score'",
        "violence-with-injury-rate":
            "the job does not say which texts of the column 'Crime type' mean "
            "'violence-with-injury'",
        "residents-describe-improvement": "no input of the job is 'resident-survey'",
    }
    for measure, why in wanted.items():
        reasons = {row["reason"] for (name, _), rows in found.items() if name == measure
                   for row in rows.values()}
        check(len(reasons) == 1 and list(reasons)[0].startswith(why),
              "%s says %r" % (measure, sorted(reasons)[:3]))
    equal("areas that the job does not have", {row["status"] for row in found[
        "lsoa-most-deprived-1pct", "target-wards"].values()}, {"no-areas"})


def main():
    program = start()
    done = program.shipped("leeds")
    if done.manifest is None:
        finish()
    found = program.measures("leeds")
    then = {row["lsoa11_code"]: row for row in zipped("imd", "imd2015_england_lsoa11.csv.gz")
            if row["lad13_code"] == LEEDS}
    now = {row["lsoa11_code"]: row for row in zipped("imd", "imd2019_england_lsoa11.csv.gz")}
    equal("LSOAs of Leeds", len(then), 482)
    most_deprived(found, then, now)
    moved(found, then, now)
    published = list(rows_of(data(*CRIME), encoding="utf-8-sig"))
    crime_as_read(done.manifest, published)
    crime_as_counted(program, found, published)
    crime_by_boundaries(program)
    people_hurt(found, done.manifest)
    fly_tipping(found)
    absent(found)
    finish()


main()
