#!/usr/bin/env python3
"""The area of each row, against GeoPandas on the same files, with the grid OSTN15 and
without. A difference is explained when the point lies within a centimetre of an edge of
the areas, where placestat takes the lowest code; any other is a failure.

usage: tests/data/oracle.py PLACESTAT south-yorkshire|leeds|collisions

The figures that placestat gives are checked without GeoPandas, too. It runs in a process
of its own for each case, `oracle.py --answer`, so that PROJ starts with the right folder.
"""
import csv
import gzip
import json
import os
import subprocess
import sys

from support import check, data, equal, finish, skip, start, total

NEAR = 0.01  # metres
GENERALISED = 20  # metres by which the published boundaries were simplified
FAR = (-2.3, 53.2, -0.8, 53.75)  # a box around South Yorkshire, 10 km and more away


def south_yorkshire():
    return {
        "points": data("crime", "south_yorkshire_street",
                       "2018-05-south-yorkshire-street.csv.gz"),
        "areas": data("lsoa_boundaries", "lsoa11_england_bgc_27700.gpkg.zip"),
        "layer": "lsoa11_eng", "id": "LSOA11CD", "x": "Longitude", "y": "Latitude",
        "crs": "EPSG:4326", "code": "LSOA code", "format": "police.uk", "rows": 16750,
        "located": 16022, "outside": 0, "other": {False: 524, True: 634}}


def leeds():
    return {
        "points": data("crime", "west_yorkshire_partial", "leeds_2024-03_street_excel.csv"),
        "areas": data("lsoa_boundaries", "lsoa_bgc_kirklees_leeds_27700.gpkg"),
        "layer": "lsoa21", "id": "LSOA21CD", "x": "Longitude", "y": "Latitude",
        "crs": "EPSG:4326", "code": "LSOA code", "format": "police.uk", "rows": 9408,
        "located": 9408, "outside": 0, "other": {False: 474, True: 323}}


def collisions():
    return {
        "points": data("road_casualties", "stats19_2024_collisions_kirklees_leeds.csv"),
        "areas": data("lsoa_boundaries", "lsoa_bgc_kirklees_leeds_27700.gpkg"),
        "layer": "lsoa21", "id": "LSOA21CD", "x": "location_easting_osgr",
        "y": "location_northing_osgr", "crs": "EPSG:27700",
        "code": "lsoa_of_accident_location", "format": None, "rows": 2068, "located": 2068,
        "outside": 3, "other": {False: 138, True: 138}}


def read_points(case):
    opened = gzip.open if case["points"].endswith(".gz") else open
    with opened(case["points"], "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def answer(case):
    """With GeoPandas: the areas that hold each point; where they are not what placestat
    says, how far off the edge of an area in question is; and how far a point is from the
    area of its code, when it lies in another."""
    import geopandas
    areas = geopandas.read_file(case["areas"] if not case["areas"].endswith(".zip")
                                else "zip://" + case["areas"], layer=case["layer"])
    areas = areas[[case["id"], "geometry"]].rename(columns={case["id"]: "area_found"})
    rows = [i for i, row in enumerate(case["rows_read"]) if row[0] != ""]
    points = geopandas.GeoDataFrame(
        {"row": rows}, crs=case["crs"], geometry=geopandas.points_from_xy(
            [float(case["rows_read"][i][0]) for i in rows],
            [float(case["rows_read"][i][1]) for i in rows])).to_crs(areas.crs)
    joined = geopandas.sjoin(points, areas, how="left", predicate="intersects")
    held = {}
    for row, area in zip(joined["row"], joined["area_found"]):
        held.setdefault(int(row), []).extend([area] if isinstance(area, str) else [])
    shapes = dict(zip(areas["area_found"], areas.geometry))
    places = dict(zip(points["row"], points.geometry))
    distance = {}
    for row, ours in enumerate(case["ours"]):
        theirs = held.get(row, [])
        codes = set(theirs) ^ ({ours} if ours else set())
        if codes:
            distance[row] = max(places[row].distance(shapes[code].boundary)
                                if row in places else 1e9 for code in codes)
    coded = {row: places[row].distance(shapes[code])
             for row, (ours, code) in enumerate(zip(case["ours"], case["codes"]))
             if ours not in ("", code) and code in shapes}
    json.dump({"held": held, "distance": distance, "coded": coded}, sys.stdout)


def can_answer(environment):
    done = subprocess.run([sys.executable, "-c", "import geopandas\n"
                           "geopandas.GeoSeries.from_xy([1], [2]).sindex.query("
                           "geopandas.GeoSeries.from_xy([1], [2])[0])"],
                          env=environment, capture_output=True)
    return done.returncode == 0


def compare(program, case, rows, ours, grid):
    question = dict(case, ours=ours, rows_read=[[r[case["x"]], r[case["y"]]] for r in rows],
                    codes=[r[case["code"]] for r in rows])
    done = subprocess.run([sys.executable, "-B", __file__, "--answer"],
                          input=json.dumps(question).encode(),
                          env=program.environment(grid), stdout=subprocess.PIPE)
    if not check(done.returncode == 0, "GeoPandas failed"):
        return
    said = json.loads(done.stdout)
    equal("points that GeoPandas has", len(said["held"]), case["located"])
    apart = {int(row): metres for row, metres in said["distance"].items()}
    print("%s the grid: %d points, %d answers differ from GeoPandas, %d not at an edge"
          % ("with" if grid else "without", len(said["held"]), len(apart),
             sum(metres > NEAR for metres in apart.values())))
    # Points stand in the middle of streets, which edges follow; the publisher coded them
    # by finer boundaries than these.
    far = max(said["coded"].values())
    print("%d rows lie in another area than coded, at most %.1f m from that"
          % (len(said["coded"]), far))
    check(far <= GENERALISED, "a row is %g m away from the area it is coded to" % far)
    for row, metres in sorted(apart.items()):
        theirs = said["held"].get(str(row), [])
        check(metres <= NEAR, "row %d is in %s, by GeoPandas in %s, and %g m from an edge"
              % (row + 1, ours[row] or "no area", theirs, metres))
        if len(theirs) > 1:
            equal("the area of row %d, on a shared edge" % (row + 1), ours[row], min(theirs))


def explain_far_rows(rows, area):
    """Seen from the force's own surroundings, twelve rows lie in no area: they are far
    off, in Southampton and Lancaster, say, in just the LSOA that the police names."""
    def is_far(row):
        return row["Longitude"] != "" and not (
            FAR[0] < float(row["Longitude"]) < FAR[2] and
            FAR[1] < float(row["Latitude"]) < FAR[3])
    far = [(r["LSOA code"], a) for r, a in zip(rows, area) if is_far(r)]
    equal("rows far from South Yorkshire", len(far), 12)
    for supplied, found in far:
        equal("the area of a row far from South Yorkshire", found, supplied)


def main():
    program = start()
    case = {"south-yorkshire": south_yorkshire, "leeds": leeds,
            "collisions": collisions}[sys.argv[2]]()
    rows = read_points(case)
    equal("rows that Python reads", len(rows), case["rows"])
    options = ["--id", case["id"]]
    if case["format"] is not None:
        options += ["--format", case["format"]]
    else:
        options += ["--x", case["x"], "--y", case["y"], "--crs", case["crs"]]
    ours = {}
    for grid in (False, True):
        done = program.join([case["points"]], "%s,layer=%s" % (case["areas"], case["layer"]),
                            *options, grid=grid)
        if done.manifest is None:
            finish()
        ours[grid] = done.area
        equal("rows read", total(done.manifest, "read"), case["rows"])
        equal("rows with coordinates", total(done.manifest, "located"), case["located"])
        equal("rows outside", inside_out(done.manifest), case["outside"])
        equal("rows in another area than supplied",
              sum(a != r[case["code"]] for a, r in zip(done.area, rows)
                  if r[case["x"]] != ""), case["other"][grid])
        used = done.manifest["operations"][0]
        if case["crs"] == "EPSG:4326":
            equal("the accuracy of the operation, in m", used["accuracy_m"], 1 if grid else 2)
    print("%d rows lie in another area with the grid"
          % sum(a != b for a, b in zip(ours[False], ours[True])))
    if sys.argv[2] == "south-yorkshire":
        for grid in ours:
            explain_far_rows(rows, ours[grid])
    if not can_answer(program.environment()):
        finish_or_skip()
    for grid in (False, True) if case["crs"] == "EPSG:4326" else (False,):
        compare(program, case, rows, ours[grid], grid)
    finish()


def inside_out(manifest):
    return sum(part["outside"] for entry in manifest["inputs"] if entry["kind"] == "points"
               for part in entry["rows"]["areas"].values())


def finish_or_skip():
    try:
        finish()
    except SystemExit as end:
        if end.code:
            raise
    skip("GeoPandas or its spatial index is not there for %s" % sys.executable)


if sys.argv[1:] == ["--answer"]:
    answer(json.load(sys.stdin))
else:
    main()
