"""Reads Samba's domain with the examples, as an ordinary account, and compares with what ldapsearch reads.

/usr/bin/python3 compare_samba.py DIR      DIR as made by `samba provision`, served; EXAMPLES in the environment
"""

import base64
import gzip
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path

import programs
from directory import Directory, canonical, guid, text
from forwarder import Forwarder
from programs import PASSWORD, computers_by_guid, inventory, sync
from report import Report

ADDRESS, SPARE = os.environ["SAMBA_ADDRESS"], os.environ["SPARE_ADDRESS"]
DOMAIN, BASE = os.environ["RIG_DOMAIN"], os.environ["RIG_BASE_DN"]
ACCOUNT, ACCOUNT_DN = os.environ["RIG_ACCOUNT"], os.environ["RIG_ACCOUNT_DN"]
UPN = f"{ACCOUNT}@{DOMAIN}"
COMPUTERS = "(objectClass=computer)"
HOSTS = "(&(objectClass=computer)(!(objectClass=msDS-GroupManagedServiceAccount)))"
USERS = "(&(objectClass=user)(!(objectClass=computer)))"
GROUPS = "(objectClass=group)"
ZONE = f"DC={DOMAIN},CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}"
# Where it is the connection that counts.
SMALL_PART = f"OU=Retired,{BASE}"
KINDS = ["computers", "users", "groups"]
KNOWN_ASSETS, UNKNOWN_ASSETS = 30, 10


def main(rig):
    report = Report("samba")
    work = rig / "compare"
    work.mkdir(exist_ok=True)
    ca = str(rig / "tls/ca.pem")
    pin = f"{ADDRESS}={programs.thumbprint(rig / 'tls/dc1.pem')}"
    with Forwarder((ADDRESS, 636)) as ldaps, Forwarder((ADDRESS, 389)) as ldap:
        url = f"ldaps://localhost:{ldaps.port}"
        starttls_url = f"ldap://localhost:{ldap.port}"
        domain = Directory(f"ldaps://{ADDRESS}", UPN, PASSWORD, BASE)
        report.section(check_population, domain)
        report.section(check_transports, rig, url, starttls_url, ca, pin)
        report.section(check_user_names, url, ca)
        database = work / "first.db"
        report.section(check_first_sync, work, database, domain, url, ca)
        for section in [check_computers, check_groups, check_users, check_queries]:
            report.section(section, database, domain)
        report.section(check_second_run, database, url, ca)
        report.section(check_dry_run, work, url, ca)
        report.section(check_addresses, rig, work, domain, url, ca)
        report.section(check_rename, database, domain, url, ca)
        report.section(check_export, work, domain, url, ca)
        report.section(check_silence, work, url, ca)
    report.finish()


def check_population(report, domain):
    """What the comparisons below rest on."""
    report.equal("the domain holds 2,000 computers besides its controller", len(domain.search(HOSTS, "cn")), 2001)
    report.check("the domain holds 3,000 users", len(domain.search(USERS, "cn")) >= 3000)
    groups = domain.search(GROUPS, "cn", "member")
    report.check("the domain holds 200 groups", len(groups) >= 200)
    report.equal("one group has 2,500 members", len(groups[f"CN=everybody,OU=Groups,{BASE}"]["member"]), 2500)


def check_transports(report, rig, url, starttls_url, ca, pin):
    loopback_pin = f"127.0.0.1={programs.thumbprint(rig / 'tls/dc1.pem')}"
    with Forwarder((ADDRESS, 389), listen=(SPARE, 389)):
        cases = [
            ("LDAPS with a CA file", url, ["--ca-file", ca], "ldaps", "ca"),
            ("LDAPS with a pin", f"ldaps://{ADDRESS}", ["--thumbprint", pin], "ldaps", "thumbprint"),
            ("no scheme and a pin", ADDRESS, ["--thumbprint", pin], "ldaps", "thumbprint"),
            ("LDAPS, insecure", f"{ADDRESS}:636", ["--insecure"], "ldaps", "nothing"),
            ("a pin outranks insecure", ADDRESS, ["--insecure", "--thumbprint", pin], "ldaps", "thumbprint"),
            ("StartTLS with a CA file", starttls_url, ["--ca-file", ca], "starttls", "ca"),
            (
                "StartTLS with a pin, opted in",
                starttls_url,
                ["--thumbprint", loopback_pin, "--pins-on-starttls"],
                "starttls",
                "thumbprint",
            ),
            ("port 389 without a scheme", f"{ADDRESS}:389", ["--insecure"], "starttls", "nothing"),
            ("no LDAPS port: StartTLS", SPARE, ["--insecure"], "starttls", "nothing"),
        ]
        for name, address, options, transport, verified_by in cases:
            outcome = sync(address, UPN, "--dry-run", "--base-dn", SMALL_PART, *options)
            reached = {key: outcome.report.get(key) for key in ["complete", "transport", "verified_by"]}
            expected = {"complete": True, "transport": transport, "verified_by": verified_by}
            report.check(f"{name}: {transport}, verified by {verified_by}", reached == expected, outcome)
            report.equal(f"{name}: exit status 0", outcome.status, 0)
    server = outcome_server(url, ca)
    observed = programs.thumbprint(rig / "tls/dc1.pem").removeprefix("SHA256:")
    report.check("the report names the server's thumbprint", observed in str(server.get("thumbprint")), server)
    report.equal("the report names the server", str(server.get("dns_host_name")).lower(), f"dc1.{DOMAIN}")
    for target, options in [(f"ldaps://{ADDRESS}", []), (f"ldap://{ADDRESS}", ["--starttls"])]:
        printed = programs.run("thumbprint", target, *options)
        report.equal(f"thumbprint {' '.join([target, *options])}", printed.stdout.strip(), pin)


def outcome_server(url, ca):
    outcome = sync(url, UPN, "--dry-run", "--base-dn", SMALL_PART, "--ca-file", ca)
    return outcome.report.get("server") or {}


def check_user_names(report, url, ca):
    for form, name in [("DN", ACCOUNT_DN), ("UPN", UPN), ("DOMAIN\\user", f"CORP\\{ACCOUNT}")]:
        outcome = sync(url, name, "--dry-run", "--base-dn", SMALL_PART, "--ca-file", ca)
        report.check(f"user name as {form}", outcome.status == 0 and outcome.report.get("complete"), outcome)
    file = Path(ca).parent / "password"
    file.write_text(f"{PASSWORD}\n")
    outcome = sync(
        url, UPN, "--dry-run", "--base-dn", SMALL_PART, "--ca-file", ca, "--password-file", file, password=None
    )
    report.check("the password from a file", outcome.status == 0, outcome)


def check_first_sync(report, work, database, domain, url, ca):
    assets = work / "assets.jsonl"
    assets.write_text("".join(f"{json.dumps(asset)}\n" for asset in scanned_assets()))
    outcome = sync(url, UPN, "--ca-file", ca, "--inventory", database, "--assets", assets, "--explain")
    report.check("the first sync is complete", outcome.status == 0 and outcome.report.get("complete") is True, outcome)
    counts = {kind: outcome.report.get(kind, {}) for kind in KINDS}
    hosts, all_computers = len(domain.search(HOSTS, "cn")), len(domain.search(COMPUTERS, "cn"))
    report.equal("computers read", counts["computers"].get("read"), all_computers)
    report.equal("managed service accounts skipped", counts["computers"].get("skipped"), all_computers - hosts)
    report.equal("known assets matched", counts["computers"].get("matched"), KNOWN_ASSETS)
    report.equal("the other computers created", counts["computers"].get("created"), hosts - KNOWN_ASSETS)
    report.equal("users read", counts["users"].get("read"), len(domain.search(USERS, "cn")))
    report.equal("groups read", counts["groups"].get("read"), len(domain.search(GROUPS, "cn")))
    report.check(
        "referrals are not asked for where the server can leave them out",
        outcome.report.get("referrals") == 0,
        outcome.report.get("referrals"),
    )
    check_decisions(report, outcome.report.get("decisions") or [], domain)


def scanned_assets():
    """What a scanner may have found before: computers of the domain, by full or short name, and things that are not."""
    for number in range(11, 11 + 2 * KNOWN_ASSETS, 2):
        name = f"PC-{number:04}"
        yield {"names": [f"{name.lower()}.{DOMAIN}" if number % 4 == 1 else name], "addresses": [f"10.0.0.{number}"]}
    for number in range(UNKNOWN_ASSETS):
        yield {"names": [f"printer-{number}"], "site": "hq", "last_seen": "2026-01-02T03:04:05Z"}


def check_decisions(report, decisions, domain):
    explained = {decision["object_guid"].lower(): decision for decision in decisions}
    report.equal(
        "every computer's decision is explained",
        set(explained),
        {guid(e) for e in domain.search(COMPUTERS, "objectGUID").values()},
    )
    report.check("every decision gives its reason", all(decision["reason"] for decision in decisions))
    levels = [decision["level"] for decision in decisions if decision["decision"] == "matched"]
    report.equal(
        "the levels that decided", {level: levels.count(level) for level in set(levels)}, {"full": 15, "short": 15}
    )


def check_computers(report, database, domain):
    listed = computers_by_guid(inventory(database, "assets"))
    entries = domain.search(HOSTS, "objectGUID", "dNSHostName", "operatingSystem", "operatingSystemVersion")
    expected = {guid(entry): entry for entry in entries.values()}
    report.equal("the GUIDs of all computers", set(listed), set(expected))
    for attribute in ["dNSHostName", "operatingSystem", "operatingSystemVersion"]:
        report.equal(
            f"{attribute} of every computer",
            {each: computer.get(attribute) for each, computer in listed.items()},
            {each: text(entry, attribute) for each, entry in expected.items()},
        )


def check_groups(report, database, domain):
    listed = {canonical(group["dn"]): group for group in inventory(database, "groups")}
    entries = {canonical(dn): entry for dn, entry in domain.search(GROUPS, "member", "objectSid").items()}
    report.equal("the DNs of all groups", set(listed), set(entries))
    primary = primary_members(domain)
    expected = {
        dn: {canonical(member.decode()) for member in entry.get("member", [])}
        | primary.get(int.from_bytes(entry["objectsid"][0][-4:], "little"), set())
        for dn, entry in entries.items()
    }
    members = {dn: {canonical(member) for member in group["members"]} for dn, group in listed.items()}
    report.equal("the member set of every group, primary groups included", members, expected)
    report.equal(
        "the member count of every group",
        {dn: group["member_count"] for dn, group in listed.items()},
        {dn: len(each) for dn, each in expected.items()},
    )
    report.check("every group is complete", all(group["complete"] is True for group in listed.values()))


def primary_members(domain):
    """Who is in a group only because it is their primary one, which `member` does not list."""
    members = {}
    for dn, entry in domain.search("(primaryGroupID=*)", "primaryGroupID").items():
        members.setdefault(int(text(entry, "primaryGroupID")), set()).add(canonical(dn))
    return members


def check_users(report, database, domain):
    listed = {canonical(user["dn"]): user for user in inventory(database, "users")}
    attributes = ["sAMAccountName", "userPrincipalName", "mail", "displayName", "userAccountControl", "memberOf"]
    entries = {canonical(dn): entry for dn, entry in domain.search(USERS, *attributes).items()}
    report.equal("the DNs of all users", set(listed), set(entries))
    for key, attribute in [
        ("sam_account_name", "sAMAccountName"),
        ("upn", "userPrincipalName"),
        ("email", "mail"),
        ("display_name", "displayName"),
    ]:
        report.equal(
            f"{key} of every user",
            {dn: user[key] for dn, user in listed.items()},
            {dn: text(entry, attribute) for dn, entry in entries.items()},
        )
    report.equal(
        "is_disabled of every user",
        {dn: user["is_disabled"] for dn, user in listed.items()},
        {dn: bool(int(text(entry, "userAccountControl")) & 2) for dn, entry in entries.items()},
    )
    groups = {dn: {canonical(group) for group in user["groups"]} for dn, user in listed.items()}
    expected = {
        dn: {canonical(group.decode()) for group in entry.get("memberof", [])} for dn, entry in entries.items()
    }
    lacking = [dn for dn, each in expected.items() if not each <= groups.get(dn, set())]
    report.check("every user has the groups that memberOf lists", not lacking, lacking[:3])


def check_queries(report, database, domain):
    hosts = len(domain.search(HOSTS, "cn"))
    report.equal("assets source:ldap", len(inventory(database, "assets", "source:ldap")), hosts)
    report.equal("assets NOT source:ldap", len(inventory(database, "assets", "NOT source:ldap")), UNKNOWN_ASSETS)
    report.equal("assets srv-0002", len(inventory(database, "assets", "srv-0002")), 1)


def check_second_run(report, database, url, ca):
    outcome = sync(url, UPN, "--ca-file", ca, "--inventory", database)
    for kind in KINDS:
        counts = outcome.report.get(kind, {})
        written = {key: counts.get(key) for key in ["created", "updated", "missing", "gone"]}
        report.check(f"a second run writes no {kind}", set(written.values()) == {0}, written)


def check_dry_run(report, work, url, ca):
    """On an inventory that already knows a part of the domain, so that there is something of everything to count."""
    database = work / "dry.db"
    sync(
        url,
        UPN,
        "--ca-file",
        ca,
        "--inventory",
        database,
        "--assets",
        work / "assets.jsonl",
        "--base-dn",
        f"OU=Oslo,OU=Estate,{BASE}",
    )
    before = state_of(database)
    report.check("there is an inventory to leave alone", before)
    dry = sync(url, UPN, "--ca-file", ca, "--inventory", database, "--dry-run")
    report.check("a dry run says that it is one", dry.report.get("dry_run") is True, dry)
    report.equal("a dry run leaves the database byte for byte", state_of(database), before)
    real = sync(url, UPN, "--ca-file", ca, "--inventory", database)
    for kind in KINDS:
        report.check(f"there are {kind} to count", dry.report.get(kind, {}).get("created"), dry)
        report.equal(f"dry run and real run agree on {kind}", dry.report.get(kind), real.report.get(kind))
    fresh = work / "none.db"
    outcome = sync(url, UPN, "--ca-file", ca, "--inventory", fresh, "--dry-run")
    report.check("a dry run makes no database", outcome.status == 0 and not fresh.exists(), outcome)


def state_of(database):
    """The digest of the database file and of a journal beside it, if it holds anything."""
    files = [file for file in sorted(database.parent.glob(f"{database.name}*")) if not file.name.endswith("-shm")]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.stat().st_size}


def check_addresses(report, rig, work, domain, url, ca):
    """Every address by `samba-tool dns query`, and every site by Python's own arithmetic."""
    database = work / "addresses.db"
    options = ["--ca-file", ca, "--inventory", database, "--addresses", "dns"]
    outcome = sync(url, UPN, *options)
    report.check("a sync with addresses is complete", outcome.status == 0 and outcome.report.get("complete"), outcome)
    told = [warning for warning in outcome.report.get("warnings", []) if "more than one computer" in warning]
    report.check("it tells of addresses that computers share", "10.0.0.1 that of" in "".join(told), outcome.report)
    listed = computers_by_guid(inventory(database, "assets"))
    names = {each: computer.get("dNSHostName") for each, computer in listed.items()}
    queried, subnets = queried_addresses(rig), subnets_of(domain)
    report.check("the DNS has addresses of 1,700 computers at least", len(queried) > 1700, len(queried))
    expected = {each: queried.get(str(name).lower(), set()) for each, name in names.items()}
    records = {each: values(computer, "dnsAddress") for each, computer in listed.items()}
    actual = {each: {ip_address(record.split()[0]) for record in all_of} for each, all_of in records.items()}
    report.equal("every A and AAAA of every computer", actual, expected)
    places = {each: [place(address, subnets) for address in addresses] for each, addresses in expected.items()}
    for attribute, index in [("adSubnet", 0), ("adSite", 1)]:
        report.equal(
            f"{attribute} of every computer",
            {each: set(values(computer, attribute)) for each, computer in listed.items()},
            {each: {found[index] for found in all_of if found} for each, all_of in places.items()},
        )
    check_moved_address(report, database, domain, url, options)


def check_moved_address(report, database, domain, url, options):
    again = sync(url, UPN, *options)
    report.equal("a second sync with addresses updates nothing", again.report.get("computers", {}).get("updated"), 0)
    administrator = Directory(
        f"ldaps://{ADDRESS}", f"Administrator@{DOMAIN}", os.environ["RIG_ADMINISTRATOR_PASSWORD"], BASE
    )
    record = struct.pack("<HHBBHI", 4, 1, 5, 0xF0, 0, 1) + struct.pack(">I", 900) + bytes([0] * 8 + [10, 3, 24, 7])
    record = base64.b64encode(record).decode()
    administrator.change(
        "ldapmodify", ldif=f"dn: DC=pc-0005,{ZONE}\nchangetype: modify\nreplace: dnsRecord\ndnsRecord:: {record}\n"
    )
    moved = sync(url, UPN, *options)
    report.equal("a moved record updates its computer", moved.report.get("computers", {}).get("updated"), 1)
    report.equal("it is a read of changes", moved.report.get("mode"), "dirsync")
    [asset] = inventory(database, "assets", "address:10.3.24.7")
    report.check("its asset has the new address alone", asset["addresses"] == ["10.3.24.7"], asset["addresses"])


def queried_addresses(rig):
    """What the DNS server says, by the names of hosts."""
    command = ["samba-tool", "dns", "query", ADDRESS, DOMAIN, "@", "ALL", f"--configfile={rig}/smb.conf"]
    command += ["--use-kerberos=off", "-U", f"CORP\\Administrator%{os.environ['RIG_ADMINISTRATOR_PASSWORD']}"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found, name = {}, ""
    for line in output.splitlines():
        if node := re.match(r"  Name=([^,]*),", line):
            name = f"{node[1]}.{DOMAIN}".lower()
        elif record := re.match(r"    (?:A|AAAA): (\S+) ", line):
            address = ip_address(record[1])
            if not (address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified):
                found.setdefault(name, set()).add(address)
    return found


def subnets_of(domain):
    sites = f"CN=Subnets,CN=Sites,CN=Configuration,{BASE}"
    entries = Directory(f"ldaps://{ADDRESS}", UPN, PASSWORD, sites).search("(objectClass=subnet)", "cn", "siteObject")
    return {ip_network(text(entry, "cn")): text(entry, "siteObject").split(",")[0][3:] for entry in entries.values()}


def place(address, subnets):
    """The subnet with the longest prefix that holds an address, and its site."""
    holding = [subnet for subnet in subnets if subnet.version == address.version and address in subnet]
    longest = max(holding, key=lambda subnet: subnet.prefixlen, default=None)
    return longest and (str(longest), subnets[longest])


def values(computer, attribute):
    """As JSON has them: with tabs between them."""
    return computer[attribute].split("\t") if attribute in computer else []


def check_rename(report, database, domain, url, ca):
    [(dn, entry)] = domain.search("(cn=PC-0005)", "objectGUID").items()
    known, count = asset_of(database, guid(entry)), len(inventory(database, "assets"))
    moved = f"CN=RENAMED-0005,{SMALL_PART}"
    administrator = Directory(
        f"ldaps://{ADDRESS}", f"Administrator@{DOMAIN}", os.environ["RIG_ADMINISTRATOR_PASSWORD"], BASE
    )
    administrator.change("ldapmodrdn", "-r", "-s", SMALL_PART, dn, "CN=RENAMED-0005")
    administrator.change("ldapmodify", ldif=names_changed(moved))
    outcome = sync(url, UPN, "--ca-file", ca, "--inventory", database)
    counts = {key: outcome.report.get("computers", {}).get(key) for key in ["created", "updated", "missing", "gone"]}
    report.equal("renamed and moved: one update", counts, {"created": 0, "updated": 1, "missing": 0, "gone": 0})
    report.equal("renamed and moved: as many assets as before", len(inventory(database, "assets")), count)
    asset = asset_of(database, guid(entry))
    report.equal("renamed and moved: the same asset", asset["id"], known["id"])
    names = {name.lower() for name in asset["names"]}
    report.check("renamed and moved: it has the new name", any("renamed-0005" in name for name in names), names)
    [computer] = asset["attributes"]["@ldap.computer"]
    report.equal(
        "renamed and moved: its DN is the new one", canonical(computer["distinguishedName"]), canonical(moved)
    )


def names_changed(dn):
    return (
        f"dn: {dn}\nchangetype: modify\n"
        f"replace: dNSHostName\ndNSHostName: renamed-0005.{DOMAIN}\n-\n"
        "replace: sAMAccountName\nsAMAccountName: RENAMED-0005$\n"
    )


def asset_of(database, object_guid):
    [asset] = [asset for asset in inventory(database, "assets") if object_guid in computers_by_guid([asset])]
    return asset


def check_export(report, work, domain, url, ca):
    """What ldapsearch writes into a file gives the inventory that reading the domain gives."""
    computed = ["msDS-User-Account-Control-Computed", "msDS-UserPasswordExpiryTimeComputed"]
    search = ["ldapsearch", *domain.credentials, "-E", "pr=500/noprompt", "-b", BASE]
    told = work / "told.ldif"
    told.write_bytes(domain.run([*search, "(objectClass=*)", "*", "memberOf", *computed]))
    outcome = programs.run("sync", "--ldif", told, "--json", "--dry-run")
    report.check("an export that says that it is whole is complete", outcome.status == 0, outcome)
    cut = work / "cut.ldif"
    cut.write_bytes(told.read_bytes()[: told.stat().st_size // 2])
    outcome = programs.run("sync", "--ldif", cut, "--json", "--dry-run", "--ldif-complete")
    report.check("half of it is not, whoever says so", outcome.status == 3, outcome)

    silent = ["ldapsearch", "-LLL", *search[1:]]
    partitions = ["ldapsearch", "-LLL", *domain.credentials, "-b", f"CN=Partitions,CN=Configuration,{BASE}"]
    whole = work / "whole.ldif.gz"
    whole.write_bytes(
        gzip.compress(domain.run([*silent, "(objectClass=*)", "*", "memberOf", *computed]) + domain.run(partitions))
    )
    by_ldap, by_file = work / "by_ldap.db", work / "by_file.db"
    sync(url, UPN, "--ca-file", ca, "--inventory", by_ldap)
    outcome = programs.run("sync", "--ldif", whole, "--json", "--inventory", by_file)
    report.check("one that says nothing is incomplete", outcome.status == 3, outcome)
    by_file.unlink()
    outcome = programs.run("sync", "--ldif", whole, "--json", "--ldif-complete", "--inventory", by_file)
    report.check("and complete where somebody says so", outcome.status == 0, outcome)
    report.equal("its NetBIOS name is that of the partitions", outcome.report["server"]["netbios_domain"], "CORP")
    for kind in KINDS:
        listing = "assets" if kind == "computers" else kind
        records = [plain(inventory(database, listing)) for database in (by_ldap, by_file)]
        report.equal(f"the {kind} of the export are those of the domain", len(records[1]), len(records[0]))
        differing = [pair for pair in zip(*records, strict=False) if pair[0] != pair[1]]
        report.check(f"each of the {kind} is the same in every field", not differing, differing[:1])


def plain(records):
    """Records without what every reading has anew, and what one server alone counts."""
    anew = ["badPasswordTimeTS", "badPwdCount", "lastLogonTS", "logonCount", "ts", "uSNChanged", "whenChangedTS"]

    def of(value):
        if isinstance(value, dict):
            return {key: of(each) for key, each in value.items() if key not in anew}
        return sorted(map(of, value), key=json.dumps) if isinstance(value, list) else value

    for record in records:
        if "names" in record:
            record.pop("id")
            # A logon of the account that reads, between the two.
            record.pop("last_seen")
    return sorted(map(of, records), key=json.dumps)


def check_silence(report, work, url, ca):
    outcome = sync(
        url, UPN, "--ca-file", ca, "--inventory", work / "first.db", "--explain", variables={"RUST_LOG": "trace"}
    )
    report.check("a run that logs at trace", outcome.status == 0 and "TRACE" in outcome.stderr, outcome)
    report.check("the password is in no output at trace", PASSWORD not in outcome.stdout + outcome.stderr)
    stores = [file for file in work.iterdir() if PASSWORD.encode() in file.read_bytes()]
    report.check("the password is in no store file", not stores, stores)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
