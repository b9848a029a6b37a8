"""show.py MEASURE [ITEM [GEOGRAPHY [PERIOD]]]: lines of measures.csv, each a pattern for all
of that column: value, limits, numerator and denominator, change in per cent, verdict."""
import csv
import re
import sys

COLUMNS = ("measure", "item", "area_type", "period")


def number(text, form="%.5g"):
    return form % float(text) if text else "-"


with open("results/measures.csv", encoding="utf-8", newline="") as file:
    for row in csv.DictReader(file):
        if not all(re.fullmatch(pattern, row[column])
                   for pattern, column in zip(sys.argv[1:], COLUMNS)):
            continue
        text = " ".join(filter(None, (row["measure"], row["item"], row["area_code"],
                                      row["period"])))
        text += ": " + (number(row["value"]) if row["value"] else row["status"])
        if row["lower"]:
            text += " (%s to %s)" % (number(row["lower"]), number(row["upper"]))
        if row["numerator"] or row["denominator"]:
            text += ", %s of %s" % (number(row["numerator"], "%.6g"),
                                    number(row["denominator"], "%.6g"))
        if row["change_percent"]:
            text += ", change %.1f %%" % float(row["change_percent"])
        print(text, row["verdict"] and ", " + row["verdict"], sep="")
