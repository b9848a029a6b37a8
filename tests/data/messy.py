#!/usr/bin/env python3
"""Every file of data/messy ends in the right result or in a clear error.

usage: tests/data/messy.py PLACESTAT
"""
import collections
import csv
import io
import json

from support import check, data, equal, finish, inputs, rows_of, start

BRITISH = "OSGB36 / British National Grid"


def inspect(program, path, expect=0):
    done = program.run("inspect", "--json", path, expect=expect)
    if done.code != 0:
        return done
    said = json.loads(done.out)
    return said[0] if isinstance(said, list) else said["files"][0]


def old_mac(program, boroughs):
    """Lines that end with CR alone."""
    path = data("messy", "cr_only__bor_profiles.csv")
    with open(path, "rb") as file:
        text = file.read()
    check(b"\n" not in text, "the file has LF")
    published = list(csv.DictReader(io.StringIO(text.decode().replace("\r", "\n"))))
    equal("rows of the CR file", inspect(program, path)["rows"], len(published))
    done = program.job("old-mac", """
areas: [{id: borough, file: %s, code: ons_label, crs: "EPSG:27700"}]
tables:
  - id: profile
    file: %s
    areas: borough
    code: Code
    values:
      - {id: residents, column: GLA_Population_estimate_2011}
      - {id: density, column: Population_density_per_hectare_2011}
""" % (boroughs, path))
    if done.manifest is None:
        return
    found = {(r["area_code"], r["indicator"]): r for r in program.indicators("old-mac")}
    for row in published:
        if row["Code"] == "term":  # what once was 00AA
            continue
        equal("residents of " + row["Code"], found[row["Code"], "residents"]["value"],
              row["GLA_Population_estimate_2011"].replace(",", ""))
        equal("density of " + row["Code"], float(found[row["Code"], "density"]["value"]),
              float(row["Population_density_per_hectare_2011"]))
    equal("the borough without a row", found["00AA", "residents"]["status"], "missing")


def quoted_newlines(program, lsoas):
    """Records over several lines, CRLF and LF mixed, a column without a name."""
    path = data("messy", "embedded_newlines_mixed_eol__REPD_Wind_onshore.csv")
    published = list(rows_of(path, encoding="utf-8"))
    check(sum(any("\n" in (value or "") for value in r.values()) for r in published) > 100,
          "few records hold a newline")
    equal("rows of the file with newlines", inspect(program, path)["rows"], len(published))
    done = program.join([path], lsoas + ",layer=lsoa21", "--id", "LSOA21CD", "--x",
                        "X-coordinate", "--y", "Y-coordinate", "--crs", "EPSG:27700", "--by",
                        "County")
    if done.manifest is None:
        return
    rows = inputs(done.manifest)[0]["rows"]
    equal("rows read, with newlines", rows["read"], len(published))
    equal("rows with coordinates, with newlines", rows["located"], len(published))
    equal("the county of rows in Kirklees and Leeds",
          collections.Counter(r["County"] for r, area in zip(published, done.area) if area),
          collections.Counter(r["County"] for r in rows_of(program.file("counts.csv"),
                                                           encoding="utf-8")))


def web_page(program, boroughs):
    """An error page that was saved as a table."""
    path = data("messy", "html_saved_as_csv__census2021_kirklees_density.csv")
    sentence = ("placestat: %s is not a table: it looks like an HTML page; the download "
                "probably failed, so fetch the file again\n" % path)
    equal("what inspect says of a page", program.run("inspect", path, expect=1).talk,
          sentence)
    done = program.join([path], boroughs + ",crs=EPSG:27700", "--id", "ons_label", "--x",
                        "x", "--y", "y", "--crs", "EPSG:27700", expect=1)
    equal("what join says of a page", done.talk, sentence)


def western(program, boroughs):
    """Windows-1252, found out only in row 89."""
    path = data("messy", "latin1__warrington_spend_2021-12.csv")
    published = list(rows_of(path, encoding="cp1252"))
    seen = inspect(program, path)
    equal("rows in Windows-1252", seen["rows"], len(published))
    equal("the encoding", seen["encoding"], "Windows-1252")
    done = program.join([path], boroughs + ",crs=EPSG:27700", "--id", "ons_label", "--x",
                        "AMOUNT", "--y", "AMOUNT", "--crs", "EPSG:4326", "--by",
                        "SUPPLIER NAME", expect=1)
    check("coordinates make no sense in WGS 84" in done.talk,
          "amounts taken as coordinates: " + done.talk)
    # The same rows with a place in the City, so that each counts, by every column that
    # holds other letters than ASCII.
    names = [name for name in published[0]
             if not all(r[name].isascii() for r in published)]
    check(names != [], "all is ASCII")
    with open(program.file("placed.csv"), "w", newline="", encoding="cp1252") as file:
        out = csv.writer(file)
        out.writerow(list(published[0]) + ["x", "y"])
        out.writerows(list(r.values()) + ["532500", "181300"] for r in published)
    for name in names:
        done = program.join(["placed.csv"], boroughs + ",crs=EPSG:27700", "--id",
                            "ons_label", "--x", "x", "--y", "y", "--crs", "EPSG:27700",
                            "--by", name)
        check("is not valid UTF-8" in done.talk and "Windows-1252" in done.talk,
              "the encoding is not told: " + done.talk)
        equal("rows by " + name,
              {r[name]: int(r["count"])
               for r in rows_of(program.file("counts.csv"), encoding="utf-8")},
              dict(collections.Counter(r[name].strip() for r in published)))


def no_projection(program, boroughs, sport):
    """A shapefile that does not say its CRS, and one that says it in ESRI's way."""
    points = program.write("points.csv", "x,y\n532500,181300\n540000,170000\n")
    options = ("--id", "ons_label", "--x", "x", "--y", "y", "--crs", "EPSG:27700")
    equal("the CRS without a .prj", inspect(program, boroughs)["layers"][0]["crs"], "")
    done = program.join([points], boroughs, *options, expect=2)
    equal("what is said without a .prj", done.talk,
          "placestat: '%s', layer 'LondonBoroughs' does not say its coordinate reference "
          "system (there is no usable .prj file); give it as crs. Its coordinates (x from "
          "503571.2187 to 561941.1255, y from 155850.7971 to 200932.4842) look like metres "
          "of the British National Grid (crs: EPSG:27700)\n" % boroughs)
    told = program.join([points], boroughs + ",crs=EPSG:27700", *options)
    equal("boroughs with the CRS given", told.area, ["00AA", "00AF"])
    seen = inspect(program, sport)["layers"][0]
    equal("features with ESRI's .prj", seen["features"], 33)
    equal("the CRS of ESRI's .prj", seen["crs"], BRITISH + " (EPSG:27700)")
    done = program.join([points], sport, *options)
    equal("boroughs with ESRI's .prj", done.area, ["00AA", "00AF"])
    equal("the operation with ESRI's .prj",
          done.manifest["operations"][0]["operation"], "none needed")
    # To degrees it has the shift of datum that ESRI's text leaves out: 100 m or so.
    points = program.write("degrees.csv", "x,y\n-0.0923,51.5155\n")
    done = program.join([points], sport, "--id", "ons_label", "--x", "x", "--y", "y",
                        "--crs", "EPSG:4326")
    equal("the operation from degrees", done.manifest["operations"][0]["accuracy_m"], 2)


def invalid_polygons(program):
    """Eight wards whose rings cross themselves."""
    wards = data("messy", "invalid_geometries__wards_WD19_wgs84.geojson")
    with open(wards, encoding="utf-8") as file:
        features = json.load(file)["features"]
    equal("wards", len(features), 8)
    points = program.write("wards.csv", "x,y\n" + "".join(
        "%r,%r\n" % tuple(middle(f["geometry"])) for f in features))
    options = ("--id", "wd19cd", "--x", "x", "--y", "y", "--crs", "EPSG:4326")
    codes = [f["properties"]["wd19cd"] for f in features]
    for policy in ((), ("--invalid", "repair")):
        done = program.join([points], wards, *options, *policy)
        equal("wards of points inside them", done.area, codes)
        equal("wards repaired", done.manifest["geometry"]["repaired"], 8)
        check("8 of 8 features have no valid polygon; 8 were repaired" in done.talk,
              "the repair is not told: " + done.talk)
    for policy, words in (("skip", "no feature has a usable polygon"),
                          ("stop", "mend them, or let them be repaired or skipped")):
        done = program.join([points], wards, *options, "--invalid", policy, expect=1)
        check(words in done.talk and "feature 1 (%s): Ring Self-intersection" % codes[0]
              in done.talk, "invalid wards, %s: %s" % (policy, done.talk))


def middle(geometry):
    """A point well inside: the middle of the widest stretch at mid-height of the largest
    ring, by crossing its edges."""
    rings = [polygon[0] for polygon in geometry["coordinates"]] \
        if geometry["type"] == "MultiPolygon" else [geometry["coordinates"][0]]
    ring = max(rings, key=len)
    low, high = min(p[1] for p in ring), max(p[1] for p in ring)
    y = (low + high) / 2 + 1e-9
    crossings = sorted(a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1])
                       for a, b in zip(ring, ring[1:]) if (a[1] > y) != (b[1] > y))
    pairs = list(zip(crossings[::2], crossings[1::2]))
    left, right = max(pairs, key=lambda pair: pair[1] - pair[0])
    return (left + right) / 2, y


def main():
    program = start()
    boroughs = data("messy", "shapefile_no_prj", "LondonBoroughs.shp")
    lsoas = data("lsoa_boundaries", "lsoa_bgc_kirklees_leeds_27700.gpkg")
    old_mac(program, boroughs)
    quoted_newlines(program, lsoas)
    web_page(program, boroughs)
    western(program, boroughs)
    no_projection(program, boroughs, data("messy", "shapefile_esri_prj"))
    invalid_polygons(program)
    finish()


main()
