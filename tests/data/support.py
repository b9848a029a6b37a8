"""What the tests on real data share.

A test is a script that runs the program on files of the folder PLACESTAT_DATA, compares
what comes out with published figures or with what Python's own modules count, and ends
with 0, 1, or 77 for skipped. Nothing of that data stands here beside single figures.
"""
import atexit
import collections
import csv
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

GRID = "uk_os_OSTN15_NTv2_OSGBtoETRS.tif"
LONGEST = 500  # seconds for one run of the program

_failures = []


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def start():
    """The program that the command line names; skips without real data."""
    if not os.path.isdir(os.environ.get("PLACESTAT_DATA", "")):
        skip("PLACESTAT_DATA does not name the folder of the real data")
    return Program(os.path.abspath(sys.argv[1]))


def finish():
    for failure in _failures:
        print("FAILED: " + failure)
    sys.exit(1 if _failures else 0)


def check(good, what):
    if not good:
        _failures.append(what)
    return good


def equal(what, seen, expected):
    if isinstance(seen, dict) and isinstance(expected, dict) and len(seen) > 20:
        keys = [k for k in {**seen, **expected} if seen.get(k) != expected.get(k)][:5]
        seen = {k: seen.get(k) for k in keys}
        expected = {k: expected.get(k) for k in keys}
    return check(seen == expected, "%s is %r, expected %r" % (what, seen, expected))


def data(*path):
    """A file of the real data; the test is skipped when that one is not there."""
    whole = os.path.join(os.path.abspath(os.environ["PLACESTAT_DATA"]), *path)
    if not os.path.exists(whole):
        skip(whole + " is not there")
    return whole


def rows_of(path, **options):
    with open(path, newline="", **options) as file:
        yield from csv.DictReader(file)


def zipped(*path):
    """Rows of a compressed file of the real data."""
    with gzip.open(data(*path), "rt", encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


class Result:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8")
        self.talk = done.stderr.decode("utf-8")


class Program:
    """placestat in a temporary folder, with PROJ's own files but no grid unless asked
    for, whatever this machine has."""

    def __init__(self, path):
        self.path = path
        self.folder = tempfile.mkdtemp(prefix="placestat-data-")
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.proj = None

    def file(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.file(name), "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return self.file(name)

    def proj_data(self, grid):
        """PROJ's own files, and the folder with the grid OSTN15 beside them."""
        if self.proj is None:
            places = os.environ.get("PROJ_DATA", "").split(os.pathsep)
            places += ["/usr/share/proj", "/usr/local/share/proj"]
            home = next((p for p in places if os.path.exists(os.path.join(p, "proj.db"))),
                        None)
            if home is None:
                skip("PROJ's own files were not found; set PROJ_DATA to their folder")
            self.proj = self.file("proj")
            os.mkdir(self.proj)
            for name in ("proj.db", "proj.ini"):
                if os.path.exists(os.path.join(home, name)):
                    os.symlink(os.path.join(home, name), os.path.join(self.proj, name))
        if not grid:
            return self.proj
        return self.proj + os.pathsep + os.path.dirname(data("proj", GRID))

    def environment(self, grid=False):
        kept = {name: value for name, value in os.environ.items()
                if name.endswith("SAN_OPTIONS") or name in ("LD_LIBRARY_PATH", "GDAL_DATA")}
        kept.update(PATH=os.environ["PATH"], HOME=self.folder, XDG_DATA_HOME=self.folder,
                    LC_ALL="C.UTF-8", TZ="UTC", PROJ_NETWORK="OFF",
                    PROJ_DATA=self.proj_data(grid))
        return kept

    def run(self, *arguments, expect=0, grid=False):
        command = [self.path, *arguments]
        done = Result(subprocess.run(command, cwd=self.folder, env=self.environment(grid),
                                     stdin=subprocess.DEVNULL, capture_output=True,
                                     timeout=LONGEST))
        if done.code != expect:
            print(done.out[-2000:] + done.talk[-4000:])
        equal("the exit code of `placestat %s`" % " ".join(arguments[:2]), done.code, expect)
        check("(null)" not in done.out + done.talk, "a message says (null)")
        return done

    def shipped(self, name, grid=False):
        """Carry out a job of datasets/jobs as it says: a copy of it beside the data."""
        here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        with open(os.path.join(here, "datasets", "jobs", name + ".yaml"),
                  encoding="utf-8") as file:
            text = file.read()
        for path in set(re.findall(r"files?: \[?([\w./-]+)[\],\n]", text)):
            data(path)
        folder = self.file("beside-the-data")
        if not os.path.isdir(folder):
            os.mkdir(folder)
            for entry in os.listdir(data()):
                os.symlink(data(entry), os.path.join(folder, entry))
        job = self.write(os.path.join("beside-the-data", name + ".yaml"), text)
        return self.carry_out(name, job, grid=grid)

    def job(self, name, text, expect=0, grid=False):
        return self.carry_out(name, self.write(name + ".yaml", text), expect, grid)

    def carry_out(self, name, job, expect=0, grid=False):
        """What a job printed, and its manifest when it worked."""
        done = self.run("run", job, "-o", self.file(name), "--progress", "none",
                        expect=expect, grid=grid)
        done.manifest = None
        if done.code == 0:
            with open(self.output(name, "manifest.json"), encoding="utf-8") as file:
                done.manifest = json.load(file)
            for entry in inputs(done.manifest):
                check_identity(entry)
        return done

    def output(self, name, file):
        return os.path.join(self.folder, name, file)

    def counts(self, name):
        return rows_of(self.output(name, "counts.csv"), encoding="utf-8")

    def measures(self, name):
        """Rows by measure and area type, by area code and period. A row without a value
        says why."""
        found = collections.defaultdict(dict)
        for row in rows_of(self.output(name, "measures.csv"), encoding="utf-8"):
            found[row["measure"], row["area_type"]][row["area_code"], row["period"]] = row
            check(row["value"] != "" or row["reason"] != "",
                  "%(measure)s has neither value nor reason in %(area_code)s" % row)
        return found

    def indicators(self, name):
        return rows_of(self.output(name, "indicators.csv"), encoding="utf-8")

    def join(self, points, areas, *options, expect=0, grid=False):
        """Join points to areas. The area of each row, row 1 first, and the manifest."""
        done = self.run("join", *points, "--areas", areas, "-o", "counts.csv", "--assign",
                        "rows.csv", "--manifest", "join.json", "--progress", "none",
                        *options, expect=expect, grid=grid)
        done.area, done.manifest = [], None
        if done.code == 0:
            with open(self.file("join.json"), encoding="utf-8") as file:
                done.manifest = json.load(file)
            done.area = [r["area"] for r in rows_of(self.file("rows.csv"),
                                                    encoding="utf-8")]
            for entry in inputs(done.manifest):
                check_identity(entry)
        return done


CASUALTIES = """
  - id: casualties
    files: [%s]
    with:
      - file: %s
        key: collision_index
        columns: [location_easting_osgr, location_northing_osgr, date]
    x: location_easting_osgr
    y: location_northing_osgr
    crs: EPSG:27700
    date: date
    date_form: dmy
    missing: ["-1"]
    covers: all
"""
ROAD_CASUALTIES = """
  - id: road-casualties
    input: casualties
    columns:
      - id: severity
        column: casualty_severity
        values:
          - {id: killed, of: ["1"]}
          - {id: serious, of: ["2"]}
          - {id: slight, of: ["3"]}
"""


def casualties(people, collisions):
    """People hurt on roads, one row each, as points of a job: place and day are those of
    their collision. ROAD_CASUALTIES are these in the data of a plan."""
    return (CASUALTIES % (people, collisions)).strip("\n")


def inputs(manifest, kind="points"):
    return [entry for entry in manifest["inputs"] if entry["kind"] == kind]


def check_identity(entry):
    """Nothing disappears: every row of an input is accounted for in every geography."""
    r = entry["rows"]
    equal("rows read of " + entry["name"], r["read"], r["located"] + r["unlocated"] +
          r["invalid"] + r["duplicate"] + r["filtered"])
    for geography, part in r["areas"].items():
        equal("rows of %s located in %s" % (entry["name"], geography), r["located"],
              part["matched"] + part["outside"])


def total(manifest, name):
    return sum(entry["rows"][name] for entry in inputs(manifest))
