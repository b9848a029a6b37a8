#!/usr/bin/python3
"""geopandas_join.py BOUNDARIES CODE POINTS.csv OUT.csv THREADS: the join with GeoPandas.

Ends with 77 when GeoPandas or its spatial index is not installed. It uses one thread,
whatever is asked for.
"""
import sys

try:
    import geopandas
    import pandas
except ImportError:
    sys.exit(77)

boundaries, code, points, out = sys.argv[1:5]
areas = geopandas.read_file(boundaries)[[code, "geometry"]]
try:
    areas.sindex
except ImportError:
    sys.exit(77)
rows = pandas.read_csv(points, usecols=["Month", "Longitude", "Latitude", "Crime type"],
                       dtype={"Month": "category", "Crime type": "category"},
                       float_precision="round_trip")
rows = rows.dropna(subset=["Longitude", "Latitude"])
at = geopandas.GeoDataFrame(
    rows[["Month", "Crime type"]],
    geometry=geopandas.points_from_xy(rows["Longitude"], rows["Latitude"]), crs=areas.crs)
joined = geopandas.sjoin(at, areas, predicate="intersects")
# A point on a line is in several areas: the lowest code counts.
lowest = joined.sort_values(code).groupby(level=0, sort=False).first()
counts = lowest.groupby([code, "Crime type", "Month"], observed=True).size()
counts.reset_index(name="count").rename(columns={code: "area"}).to_csv(out, index=False)
