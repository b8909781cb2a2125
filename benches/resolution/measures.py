"""How right an answer is, by the measures of `plan --truth`, for whoever ties computers to assets."""

import argparse
import csv
import json
import pathlib
import sys


def folder():
    """The folder with the three files, as the only argument."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="assets.csv, hosts.csv and truth.csv are in it")
    return parser.parse_args().folder


def truth(folder):
    """What each computer is, by GUID: an asset, nothing if it is none, `?` where nobody can say."""
    with open(folder / "truth.csv", newline="", encoding="utf-8") as file:
        return {row["guid"]: row["asset"] for row in csv.DictReader(file)}


def measures(truth, ties, flagged):
    """Of ties, assets by GUID, and of the GUIDs that were found to be ambiguous."""
    right = sum(truth[guid] == asset for guid, asset in ties.items())
    there = sum(asset not in ("", "?") for asset in truth.values())
    is_open = {guid for guid, asset in truth.items() if asset == "?"}
    return {
        "hosts": len(truth),
        "matched": len(ties),
        "ambiguous": len(flagged),
        "precision": right / len(ties) if ties else 1.0,
        "recall": right / there if there else 1.0,
        "right": right,
        "there": there,
        "open": len(is_open),
        "flagged": len(is_open & flagged),
        "flagged_needlessly": len(flagged - is_open),
        "wrong": len(ties) - right,
    }


def tell(answer):
    json.dump(answer, sys.stdout)
    print()
