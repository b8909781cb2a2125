"""The same by probabilistic record linkage, with Splink: a model of host label and domain, trained on the data by EM.

Of two computers that fit one asset equally well, or two assets one computer, none is tied; they are called ambiguous.
The threshold is the one with the best F1 by the truth, which nobody has who does this in earnest.
"""

import logging

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from measures import folder, measures, tell, truth

SEED = 1
MAX_PAIRS = 1e7

# One row for each computer and each asset. Of an asset's names one that says where it is comes first. What every home
# router and multicast DNS put behind a name says nothing of where a host is.
TABLES = """
    CREATE MACRO clean(name) AS rtrim(lower(name), '.');
    CREATE MACRO short(name) AS split_part(clean(name), '.', 1);
    CREATE MACRO behind(name) AS substr(clean(name), length(short(name)) + 2);
    CREATE MACRO suffix(name) AS CASE
        WHEN behind(name) NOT IN ('', 'local', 'lan', 'home.arpa', 'localdomain', 'internal') THEN behind(name) END;
    CREATE TABLE named AS
        SELECT guid AS unique_id, coalesce(fqdn, cn) AS name
        FROM read_csv('{folder}/hosts.csv', header = true, all_varchar = true);
    CREATE TABLE shown AS
        SELECT id AS unique_id, arg_min(name, (NOT contains(rtrim(name, '.'), '.'), name)) AS name
        FROM read_csv('{folder}/assets.csv', header = true, all_varchar = true) GROUP BY id;
"""

RECORDS = """
    CREATE TABLE {table} AS
        SELECT unique_id, clean(name) AS full_name, short(name) AS label, suffix(name) AS domain,
            substr(short(name), 1, 15) AS cut, substr(short(name), 1, 10) AS stem
        FROM {names};
"""

LABEL = cl.CustomComparison(
    output_column_name="label",
    comparison_levels=[
        cll.NullLevel("label"),
        # Without an adjustment for the frequency of a name: names are frequent where there are clones, and F1 is worse.
        cll.ExactMatchLevel("label"),
        cll.CustomLevel("cut_l = cut_r AND least(length(label_l), length(label_r)) = 15", "cut by NetBIOS"),
        cll.JaroWinklerLevel("label", 0.92),
        cll.ElseLevel(),
    ],
)

DOMAIN = cl.CustomComparison(
    output_column_name="domain",
    comparison_levels=[
        cll.NullLevel("domain"),
        cll.ExactMatchLevel("domain"),
        cll.CustomLevel(
            "ends_with(domain_l, concat('.', domain_r)) OR ends_with(domain_r, concat('.', domain_l))",
            "one below the other",
        ),
        cll.ElseLevel(),
    ],
)

# Who is the best of each, and whether nobody is as good.
RANKED = """
    CREATE TABLE ranked AS
        WITH pair AS (
            SELECT CASE WHEN source_dataset_l = 'hosts' THEN unique_id_l ELSE unique_id_r END AS guid,
                CASE WHEN source_dataset_l = 'hosts' THEN unique_id_r ELSE unique_id_l END AS id,
                round(match_weight, 6) AS weight
            FROM {predictions}),
        best AS (
            SELECT *, max(weight) OVER (PARTITION BY guid) AS of_host,
                max(weight) OVER (PARTITION BY id) AS of_asset
            FROM pair)
        SELECT guid, id, weight,
            count(*) OVER (PARTITION BY guid) = 1 AND count(*) OVER (PARTITION BY id) = 1 AS alone
        FROM best WHERE weight = of_host AND weight = of_asset;
"""


def main():
    logging.getLogger("splink").setLevel(logging.ERROR)
    where = folder()
    sql = duckdb.connect()
    sql.execute(TABLES.format(folder=where))
    for table, names in (("hosts", "named"), ("assets", "shown")):
        sql.execute(RECORDS.format(table=table, names=names))
    sql.execute(RANKED.format(predictions=predict(sql)))
    ranked = sql.execute("SELECT guid, id, weight, alone FROM ranked ORDER BY weight DESC").fetchall()
    known = truth(where)
    threshold = best_threshold(ranked, known)
    above = [row for row in ranked if row[2] >= threshold]
    ties = {guid: asset for guid, asset, _, alone in above if alone}
    flagged = {guid for guid, _, _, alone in above if not alone}
    tell(measures(known, ties, flagged) | {"threshold": threshold})


def predict(sql):
    """Trains the model and scores every pair of the same first 15 characters. The table with the scores."""
    api = DuckDBAPI(sql)
    tables = [api.register(table, dataset_display_name=table) for table in ("hosts", "assets")]
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[LABEL, DOMAIN],
        blocking_rules_to_generate_predictions=[block_on("full_name"), block_on("label"), block_on("cut")],
    )
    linker = Linker(tables, settings)
    training = linker.training
    either = "l.label = r.label AND (l.domain IS NULL OR r.domain IS NULL)"
    training.estimate_probability_two_random_records_match([block_on("full_name"), either], recall=0.9)
    training.estimate_u_using_random_sampling(max_pairs=MAX_PAIRS, seed=SEED)
    training.estimate_parameters_using_expectation_maximisation(block_on("stem"), max_pairs=MAX_PAIRS)
    return linker.inference.predict().physical_name


def best_threshold(ranked, known):
    """The weight from which on ties have the best F1, of rows in descending order of weights."""
    there = sum(asset not in ("", "?") for asset in known.values())
    best, threshold, tied, right = -1.0, 0.0, 0, 0
    for number, (guid, asset, weight, alone) in enumerate(ranked):
        tied += alone
        right += alone and known[guid] == asset
        is_last = number + 1 == len(ranked) or ranked[number + 1][2] != weight
        f1 = 2 * right / (tied + there)
        if is_last and f1 > best:
            best, threshold = f1, weight
    return threshold


if __name__ == "__main__":
    main()
