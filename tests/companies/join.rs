//! The peer: what a careful engineer writes in SQL over the same data, both directories in one view.
//!
//! It joins by FQDN, then by short names where the asset is in no domain or in the account's, then by what
//! NetBIOS leaves of longer names. It never takes one of several, and passes over names that many hosts have.
//! As between two visits, what it tied stays tied while the account is there.

use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::value::ObjectGuid;
use rusqlite::{Connection, params};

use super::generate::company::{Company, ScanId, Side, Visit};
use super::score::{Outcome, Outcomes};

const SCHEMA: &str = "
    CREATE TABLE account (id INTEGER PRIMARY KEY, side INTEGER, object TEXT);
    CREATE TABLE account_raw (account INTEGER, value TEXT);
    CREATE TABLE account_name (account INTEGER, name TEXT, short TEXT, domain TEXT);
    CREATE TABLE account_domain (side INTEGER, domain TEXT);
    CREATE TABLE asset_raw (asset INTEGER, value TEXT);
    CREATE TABLE asset_name (asset INTEGER, name TEXT, short TEXT, domain TEXT);
    CREATE TABLE asset_domain (asset INTEGER, domain TEXT);
    CREATE TABLE tie (side INTEGER, object TEXT, asset INTEGER, PRIMARY KEY (side, object));
    CREATE TEMP TABLE pair (account INTEGER, asset INTEGER, PRIMARY KEY (account, asset));
    CREATE INDEX account_by_object ON account (object);
    CREATE INDEX account_by_name ON account_name (name);
    CREATE INDEX account_by_short ON account_name (short);
    CREATE INDEX account_by_id ON account_name (account);
    CREATE INDEX asset_by_name ON asset_name (name);
    CREATE INDEX asset_by_short ON asset_name (short);
    CREATE INDEX asset_by_id ON asset_name (asset);
    CREATE INDEX domain_by_asset ON asset_domain (asset);
    CREATE INDEX tie_by_asset ON tie (asset);";

const FORGET: &str = "DELETE FROM account; DELETE FROM account_raw; DELETE FROM account_domain;";

/// Lower case, no blanks, no dot and no dollar sign at the end; split at the first dot.
const NORMALIZE: &str = "
    DELETE FROM account_name;
    DELETE FROM asset_name;
    INSERT INTO account_name
        SELECT DISTINCT account, name,
            iif(instr(name, '.'), substr(name, 1, instr(name, '.') - 1), name),
            nullif(substr(name, instr(name || '.', '.') + 1), '')
        FROM (SELECT account, rtrim(lower(trim(value)), '.$') AS name FROM account_raw)
        WHERE name <> '';
    INSERT INTO asset_name
        SELECT DISTINCT asset, name,
            iif(instr(name, '.'), substr(name, 1, instr(name, '.') - 1), name),
            nullif(substr(name, instr(name || '.', '.') + 1), '')
        FROM (SELECT asset, rtrim(lower(trim(value)), '.') AS name FROM asset_raw)
        WHERE name <> '' AND name NOT GLOB '*[^a-z0-9._-]*';
    DELETE FROM tie WHERE NOT EXISTS
        (SELECT 1 FROM account a WHERE a.side = tie.side AND a.object = tie.object);";

const FQDN: &str = "
    INSERT OR IGNORE INTO pair
        SELECT a.account, s.asset FROM account_name a JOIN asset_name s USING (name)
        WHERE a.domain IS NOT NULL AND a.short NOT IN ('localhost', 'unknown');";

/// Weak names are no evidence where there is no domain.
const SHORT: &str = "
    INSERT OR IGNORE INTO pair
        SELECT a.account, s.asset FROM account_name a JOIN asset_name s ON s.short = a.short
        JOIN account ON account.id = a.account
        WHERE s.domain IS NULL AND NOT EXISTS (
            SELECT 1 FROM asset_name q WHERE q.asset = s.asset AND q.domain IS NOT NULL)
        AND NOT EXISTS (
            SELECT 1 FROM asset_domain d WHERE d.asset = s.asset AND d.domain <> 'workgroup'
            AND d.domain NOT IN (SELECT domain FROM account_domain h WHERE h.side = account.side))
        AND a.short NOT IN ('localhost', 'unknown', 'printer', 'ubuntu', 'raspberrypi', 'laptop')
        AND a.short NOT GLOB 'ip-[0-9]*' AND a.short NOT GLOB 'i[mp]a[cd]-[0-9]*'
        AND a.short NOT GLOB 'iphone-*' AND a.short NOT GLOB 'mac*-[0-9]*'
        AND a.short NOT GLOB 'apple-tv-*';";

/// A name of 15 characters on one side, and a longer one on the other that has no short form of its own.
const CUT: &str = "
    INSERT OR IGNORE INTO pair
        SELECT a.account, s.asset FROM account_name a JOIN asset_name s
            ON s.short = substr(a.short, 1, 15)
        JOIN account ON account.id = a.account
        WHERE length(s.short) = 15 AND length(a.short) > 15 AND s.domain IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM asset_domain d WHERE d.asset = s.asset
            AND d.domain NOT IN (SELECT domain FROM account_domain h WHERE h.side = account.side));
    INSERT OR IGNORE INTO pair
        SELECT a.account, s.asset FROM asset_name s JOIN account_name a
            ON a.short = substr(s.short, 1, 15)
        JOIN account ON account.id = a.account
        WHERE length(a.short) = 15 AND length(s.short) > 15 AND NOT EXISTS (
            SELECT 1 FROM account_name q WHERE q.account = a.account AND q.domain IS NOT NULL)
        AND (s.domain IS NULL
            OR s.domain IN (SELECT domain FROM account_domain h WHERE h.side = account.side));";

/// Pairs of which neither side has another partner, tied or not.
const TIE: &str = "
    DELETE FROM pair WHERE asset IN (SELECT asset FROM tie);
    INSERT OR IGNORE INTO tie
        SELECT side, object, asset FROM (
            SELECT account, asset, count(*) OVER (PARTITION BY account) AS assets,
                count(*) OVER (PARTITION BY asset) AS accounts FROM pair)
        JOIN account ON account.id = account
        WHERE assets = 1 AND accounts = 1;
    DELETE FROM pair;";

/// What the join makes of a company.
pub(crate) fn join(company: &Company) -> Outcomes {
    let mut sql = Connection::open_in_memory().unwrap();
    sql.execute_batch(SCHEMA).unwrap();
    for visit in [Visit::First, Visit::Second] {
        load(&mut sql, company, visit);
        sql.execute_batch(NORMALIZE).unwrap();
        for step in [FQDN, SHORT, CUT] {
            sql.execute_batch(step).unwrap();
            sql.execute_batch(TIE).unwrap();
        }
    }
    outcomes(&sql, company)
}

fn load(sql: &mut Connection, company: &Company, visit: Visit) {
    let transaction = sql.transaction().unwrap();
    transaction.execute_batch(FORGET).unwrap();
    load_accounts(&transaction, company, visit);
    load_assets(&transaction, company, visit);
    transaction.commit().unwrap();
}

fn load_accounts(sql: &Connection, company: &Company, visit: Visit) {
    for (side, domain) in company.domains().iter().enumerate() {
        for name in [domain.dns, domain.netbios] {
            let values = params![side as i64, name.to_lowercase()];
            sql.execute("INSERT INTO account_domain VALUES (?, ?)", values).unwrap();
        }
    }
    let mut account = sql.prepare("INSERT INTO account VALUES (?, ?, ?)").unwrap();
    let mut name = sql.prepare("INSERT INTO account_raw VALUES (?, ?)").unwrap();
    for (id, (side, object)) in hosts(company, visit).enumerate() {
        account.execute(params![id as i64, side as i64, object.guid.to_string()]).unwrap();
        for attribute in ["dNSHostName", "sAMAccountName", "msDS-AdditionalDnsHostName"] {
            for value in object.attributes.values(attribute) {
                name.execute(params![id as i64, value]).unwrap();
            }
        }
    }
}

fn load_assets(sql: &Connection, company: &Company, visit: Visit) {
    let mut name = sql.prepare("INSERT INTO asset_raw VALUES (?, ?)").unwrap();
    let mut domain = sql.prepare("INSERT INTO asset_domain VALUES (?, lower(?))").unwrap();
    let scans = company.scans.iter().enumerate();
    for (id, scan) in scans.filter(|(_, scan)| scan.is_late == (visit == Visit::Second)) {
        for value in &scan.names {
            name.execute(params![id as i64, value]).unwrap();
        }
        for value in &scan.domains {
            domain.execute(params![id as i64, value]).unwrap();
        }
    }
}

/// The accounts of hosts. Managed service accounts and trusts are known by their class.
fn hosts(company: &Company, visit: Visit) -> impl Iterator<Item = (Side, &DirectoryObject)> {
    let objects = company.accounts.iter().filter_map(move |a| Some((a.side, a.at(visit)?)));
    objects.filter(|(_, object)| {
        let class = object.attributes.first("objectClass").unwrap_or_default();
        class == "computer" && !object.is_trust()
    })
}

fn outcomes(sql: &Connection, company: &Company) -> Outcomes {
    let everybody = company.accounts.iter().filter_map(|account| {
        Some(((account.side, account.at(Visit::Second)?.guid), Outcome::LeftOut))
    });
    let mut outcomes: Outcomes = everybody.collect();
    let new = hosts(company, Visit::Second);
    outcomes.extend(new.map(|(side, object)| ((side, object.guid), Outcome::New)));
    let mut ties = sql.prepare("SELECT side, object, asset FROM tie").unwrap();
    let tied = ties.query_map([], |row| {
        let (side, object): (u32, String) = (row.get(0)?, row.get(1)?);
        let scan: u32 = row.get(2)?;
        let object: ObjectGuid = object.parse().unwrap();
        Ok(((side as Side, object), Outcome::Tied(scan as ScanId)))
    });
    outcomes.extend(tied.unwrap().map(Result::unwrap));
    outcomes
}
