#!/usr/bin/env python3
"""datasets/jobs/kirklees.yaml: the Communities Partnership Plan and the other frameworks on what
is published of Kirklees. Fly-tipping out of Defra's workbook, road casualties, residents of two
years, the indices of deprivation; what these files cannot tell is absent and says why.

usage: tests/data/kirklees.py PLACESTAT
"""
import collections

from support import check, data, equal, finish, inputs, rows_of, start, zipped

KIRKLEES = "E08000034"
COUNTRY = 32844


def fly_tipping(found, manifest):
    """Defra's workbook, three rows of names, eleven years. The plan states another figure for
    its baseline than Defra, and the difference is told."""
    rows = next(entry["rows"] for entry in inputs(manifest) if entry["name"].endswith(".ods"))
    equal("rows of the workbook", (rows["read"], rows["filtered"]), (3642, 111))
    published = {"2019/20": "5891", "2020/21": "8599", "2021/22": "6436", "2022/23": "7182"}
    district = found["fly-tipping", "district"]
    for period, number in published.items():
        equal("fly-tipping in " + period, district[KIRKLEES, period]["value"], number)
    last = district[KIRKLEES, "2022/23"]
    equal("beside the plan's target",
          (last["baseline"], last["baseline_from"], last["target_status"],
           last["strength"]), ("6017", "plan", "not-met", "clear"))
    check("the data give 6436 for the baseline, the plan states 6017" in last["reason"],
          "the plan's baseline and the data's are not compared: " + last["reason"])
    equal("fly-tipping by ward", {row["reason"] for row in found["fly-tipping-rate",
                                                                 "ward"].values()},
          {"rows are coded to district, not to these areas"})
    spike = found["sia-fly-tipping-lockdown-spike", "district"]
    equal("months of fly-tipping", {row["reason"] for row in spike.values()},
          {"control_chart: missing; the data are for whole years from April"})
    for measure in ("sia-fly-tipping-hot-spots", "sia-fly-tipping-repeat-hot-spots"):
        equal(measure + " without any count by LSOA",
              {(row["status"], row["value"], row["reason"][-46:])
               for row in found[measure, "lsoa"].values()},
              {("missing", "", "rows are coded to district, not to these areas")})


def people_hurt(found, program):
    """By ward and plan area: where a join of the collisions finds them."""
    collisions = data("road_casualties", "stats19_2024_collisions_kirklees_leeds.csv")
    joined = program.join(
        [collisions], data("ward_boundaries", "wards_kirklees_leeds_27700.gpkg") +
        ",layer=WD20", "--id", "WD20CD", "--x", "location_easting_osgr", "--y",
        "location_northing_osgr", "--crs", "EPSG:27700")
    ward_of = {row["collision_index"]: ward for row, ward in
               zip(rows_of(collisions, encoding="utf-8-sig"), joined.area)}
    hurt = collections.Counter(
        ward_of[row["collision_index"]] for row in
        rows_of(data("road_casualties", "stats19_2024_casualties_kirklees_leeds.csv"),
                encoding="utf-8-sig") if row["casualty_severity"] in ("1", "2"))
    wards = {code: int(row["value"]) for (code, period), row in
             found["killed-seriously-injured", "ward"].items() if period == "2024"}
    equal("wards", len(wards), 23)
    equal("killed or seriously injured by ward", wards, {code: hurt[code] for code in wards})
    places = {code: int(row["value"]) for (code, period), row in
              found["killed-seriously-injured", "place"].items() if period == "2024"}
    equal("the plan's areas", sorted(places),
          ["batley-spen", "dewsbury-mirfield", "huddersfield", "rural"])
    check(min(places.values()) > 30, "killed or seriously injured by plan area: %r" % places)
    district = found["killed-seriously-injured", "district"][KIRKLEES, "2024"]
    equal("in all of them", sum(places.values()), int(district["value"]))
    equal("in the district", sum(wards.values()), int(district["value"]))


def residents(found):
    """Each rate takes the nearest of two counts of residents, which are of LSOAs of 2011 and of
    2021. The census has the total of each LSOA beside its parts."""
    rate = found["fly-tipping-rate", "district"]
    equal("residents of 2019", rate[KIRKLEES, "2019/20"]["denominator"], "439787")
    own = {row["lsoa21_code"] for row in zipped("lookups", "lookup_lsoa21_ward24_ltla24.csv.gz")
           if row["ltla24_code"] == KIRKLEES}
    total = {row["lsoa21_code"]: int(row["total_residents"])
             for row in zipped("census2021", "ethnicity21_lsoa21.csv.gz")}
    equal("residents of 2021", rate[KIRKLEES, "2022/23"]["denominator"],
          str(sum(total[code] for code in own)))
    stated = found["context-population-check", "district"]
    equal("against the number that the plan states",
          [round(float(row["value"]), 3) for row in stated.values()], [1.034])


def deprivation(found):
    """File 10 has an average score of 25.151 over the residents of mid-2015; here are those of
    mid-2019. The mean rank moved as published ranks over residents tell."""
    score = found["neighbourhood-profile", "district"][KIRKLEES, "all"]
    check(abs(float(score["value"]) - 25.151) < 0.3, "average score " + score["value"])
    equal("LSOAs with a score", len([row for row in
                                     found["neighbourhood-profile", "lsoa"].values()
                                     if row["value"] != ""]), 259)
    releases = [{row["lsoa11_code"]: int(row["IMD_rank"]) for row in
                 zipped("imd", "imd%s_england_lsoa11.csv.gz" % year)} for year in (2015, 2019)]
    people = {row["lsoa11_code"]: int(row["total_population"])
              for row in zipped("population", "lsoa11_mid2019_by_age.csv.gz")}
    own = [code for code, _ in found["neighbourhood-profile", "lsoa"]]
    place = [100 * sum(people[code] * rank[code] for code in own) /
             sum(people[code] for code in own) / COUNTRY for rank in releases]
    moved = found["imd-improved-relative", "district"][KIRKLEES, "all"]
    check(abs(float(moved["value"]) - (place[1] - place[0])) < 1e-9,
          "the district moved by %s percentiles, expected %r" % (moved["value"],
                                                                 place[1] - place[0]))
    equal("the verdict", moved["verdict"], "worsened")


def absent(found):
    """What nobody publishes is absent, and each measure says what is missing."""
    wanted = {
        "total-crime": "no input of the job is 'recorded-crime'",
        "nuisance-incidents": "no input of the job is 'asb-incidents'",
        "repeat-domestic-violence": "no input of the job is 'domestic-incidents'",
        "asb-concern": "no input of the job is 'resident-survey'",
        "icf-overall-score": "no input of the job is 'icf-scores'",
        "place-standard-overall": "no input of the job is 'place-standard'",
        "imd-domain-improved-relative-income":
            "the job does not say which value of 'deprivation-2015' is 'income-rank'",
        "sia-road-casualties-decade": "no input of the job is 'road-casualty-history'",
    }
    for measure, why in wanted.items():
        reasons = {row["reason"] for (name, _), rows in found.items() if name == measure
                   for row in rows.values()}
        check(len(reasons) == 1 and why in list(reasons)[0],
              "%s says %r" % (measure, sorted(reasons)[:3]))


def main():
    program = start()
    done = program.shipped("kirklees")
    if done.manifest is not None:
        found = program.measures("kirklees")
        fly_tipping(found, done.manifest)
        people_hurt(found, program)
        residents(found)
        deprivation(found)
        absent(found)
    finish()


main()
