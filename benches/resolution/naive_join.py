"""The join that one writes first: by FQDN, and what is left by the short name. In DuckDB.

It guesses nothing: a computer that meets several assets, or an asset that meets several computers, is called ambiguous.
"""

import duckdb

from measures import folder, measures, tell, truth

TABLES = """
    CREATE TABLE host AS
        SELECT guid, rtrim(lower(fqdn), '.') AS fqdn,
            split_part(lower(coalesce(fqdn, cn)), '.', 1) AS short
        FROM read_csv('{folder}/hosts.csv', header = true, all_varchar = true);
    CREATE TABLE asset AS
        SELECT id, rtrim(lower(name), '.') AS name, split_part(lower(name), '.', 1) AS short
        FROM read_csv('{folder}/assets.csv', header = true, all_varchar = true);
    CREATE TABLE tie (guid TEXT, id TEXT);
    CREATE TABLE flagged (guid TEXT);
"""

STEP = """
    CREATE TABLE pair AS
        SELECT DISTINCT guid, id FROM host JOIN asset ON {condition}
        WHERE guid NOT IN (SELECT guid FROM tie) AND id NOT IN (SELECT id FROM tie)
            AND guid NOT IN (SELECT guid FROM flagged);
    CREATE TABLE counted AS
        SELECT guid, id, count(*) OVER (PARTITION BY guid) = 1
            AND count(*) OVER (PARTITION BY id) = 1 AS alone
        FROM pair;
    INSERT INTO tie SELECT guid, id FROM counted WHERE alone;
    INSERT INTO flagged SELECT DISTINCT guid FROM counted WHERE NOT alone;
    DROP TABLE pair;
    DROP TABLE counted;
"""


def main():
    where = folder()
    sql = duckdb.connect()
    sql.execute(TABLES.format(folder=where))
    for condition in ("host.fqdn = asset.name", "host.short = asset.short"):
        sql.execute(STEP.format(condition=condition))
    ties = dict(sql.execute("SELECT guid, id FROM tie").fetchall())
    flagged = {guid for (guid,) in sql.execute("SELECT guid FROM flagged").fetchall()}
    tell(measures(truth(where), ties, flagged))


if __name__ == "__main__":
    main()
