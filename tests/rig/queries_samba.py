"""The queries that people put to an inventory of Active Directory, on Samba's domain: each finds what ldapsearch finds
with the equivalent filter.

/usr/bin/python3 queries_samba.py DIR      DIR as made by `samba provision`, served; EXAMPLES in the environment
"""

import json
import os
import sys
import time
from pathlib import Path

from directory import Directory, guid
from programs import PASSWORD, computers_by_guid, inventory, run, sync, thumbprint
from report import Report

ADDRESS = os.environ["SAMBA_ADDRESS"]
DOMAIN, BASE = os.environ["RIG_DOMAIN"], os.environ["RIG_BASE_DN"]
UPN = f"{os.environ['RIG_ACCOUNT']}@{DOMAIN}"
HOST = "(objectClass=computer)(!(objectClass=msDS-GroupManagedServiceAccount))"
USER = "(objectClass=user)(!(objectClass=computer))"
# The matching rule of MS-ADTS, section 3.1.1.3.4.4.1: all of these bits are set.
HAS_BITS = "1.2.840.113556.1.4.803"
DAY = 864_000_000_000
PRINTERS = 7


def main(rig):
    report = Report("queries")
    work = rig / "queries"
    work.mkdir(exist_ok=True)
    database = work / "inventory.db"
    domain = Directory(f"ldaps://{ADDRESS}", UPN, PASSWORD, BASE)
    report.section(expire_some, domain)
    report.section(check_sync, rig, work, database)
    report.section(check_computers, database, domain)
    report.section(check_users, database, domain)
    report.section(check_groups, database, domain)
    report.section(check_counts, database, domain)
    report.section(check_errors, database)
    report.finish()


def filetime(days):
    """So many days from now."""
    return int((time.time() + 11_644_473_600) * 10_000_000) + days * DAY


def expire_some(report, domain):
    """Accounts that expire around today: the rest of the domain is the same whenever it was made."""
    users = sorted(domain.search(f"(&{USER}(sAMAccountName=user00*))", "cn"))
    password = os.environ["RIG_ADMINISTRATOR_PASSWORD"]
    administrator = Directory(f"ldaps://{ADDRESS}", f"Administrator@{DOMAIN}", password, BASE)
    for dn, days in zip(users, [-40, -29, -10, -1, 1, 10, 29, 40, 300]):
        change = f"changetype: modify\nreplace: accountExpires\naccountExpires: {filetime(days)}\n"
        administrator.change("ldapmodify", ldif=f"dn: {dn}\n{change}")
    report.check("nine accounts expire around today", len(users) >= 9, users)


def check_sync(report, rig, work, database):
    assets = work / "assets.jsonl"
    known = [{"names": [f"pc-{number:04}.{DOMAIN}"], "os": "Windows"} for number in range(11, 31, 2)]
    unknown = [{"names": [f"printer-{number}"], "os": "Linux"} for number in range(PRINTERS)]
    assets.write_text("".join(f"{json.dumps(asset)}\n" for asset in known + unknown))
    pin = f"{ADDRESS}={thumbprint(rig / 'tls/dc1.pem')}"
    outcome = sync(f"ldaps://{ADDRESS}", UPN, "--thumbprint", pin, "--inventory", database, "--assets", assets)
    report.check("the domain is read", outcome.status == 0 and outcome.report.get("complete") is True, outcome)


def check_computers(report, database, domain):
    hosts = guids(domain, f"(&{HOST})")
    cases = [
        ("source:ldap", f"(&{HOST})"),
        ("@ldap.computer.isDomainController:true", f"(&{HOST}(userAccountControl:{HAS_BITS}:=8192))"),
        ("@ldap.computer.isDomainController:t", f"(&{HOST}(primaryGroupID=516))"),
        ("@ldap.computer.isDisabled:true", f"(&{HOST}(userAccountControl:{HAS_BITS}:=2))"),
        ("source:ldap NOT @ldap.computer.isDisabled:t", f"(&{HOST}(!(userAccountControl:{HAS_BITS}:=2)))"),
        ("source:ldap AND os:windows", f"(&{HOST}(operatingSystem=*windows*))"),
        ('os:="Windows 11%"', f"(&{HOST}(operatingSystem=Windows 11*))"),
        (f"@ldap.computer.dNSHostName:=srv-0002.{DOMAIN}", f"(&{HOST}(dNSHostName=srv-0002.{DOMAIN}))"),
        ("@ldap.computer.dNSHostName:srv-00", f"(&{HOST}(dNSHostName=*srv-00*))"),
        ("source:ldap NOT has:@ldap.computer.dNSHostName", f"(&{HOST}(!(dNSHostName=*)))"),
        ("has:@ldap.computer.servicePrincipalName", f"(&{HOST}(servicePrincipalName=*))"),
        ("@ldap.computer.description:Zürich", f"(&{HOST}(description=*Z\\c3\\bcrich*))"),
        ("@ldap.computer.location:berlin,oslo", f"(&{HOST}(|(location=*berlin*)(location=*oslo*)))"),
        ("@ldap.computer.lastLogonTimestampTS:<now", between("lastLogonTimestamp", HOST, 1, filetime(0))),
        ("@ldap.computer.lastLogonTimestampTS:<now-90days", between("lastLogonTimestamp", HOST, 1, filetime(-90))),
        ("@ldap.computer.lastLogonTimestampTS:<2weeks", within("lastLogonTimestamp", HOST, 14)),
        ('@ldap.computer.distinguishedName:="%ou=retired,%"', f"(&{HOST})", f"OU=Retired,{BASE}"),
    ]
    for query, equivalent, *base in cases:
        below = Directory(f"ldaps://{ADDRESS}", UPN, PASSWORD, *base) if base else domain
        found = set(computers_by_guid(inventory(database, "assets", query)))
        report.equal(f"assets {query}", found, guids(below, equivalent))
    report.check("the directory has something to find", len(hosts) > 2000, len(hosts))
    outside = inventory(database, "assets", "NOT source:ldap")
    names = {name for asset in outside for name in asset["names"]}
    report.equal("assets NOT source:ldap", names, {f"printer-{number}" for number in range(PRINTERS)})
    report.equal("they are all that is outside", set(computers_by_guid(outside)), set())


def within(attribute, kind, days):
    return f"(&{kind}({attribute}>={filetime(-days)})({attribute}<={filetime(days)}))"


def check_users(report, database, domain):
    never = 2**63 - 1
    cases = [
        ("", f"(&{USER})"),
        ("isDisabled:true", f"(&{USER}(userAccountControl:{HAS_BITS}:=2))"),
        ("isDisabled:false", f"(&{USER}(!(userAccountControl:{HAS_BITS}:=2)))"),
        ("isLockedOut:true", f"(&{USER}(lockoutTime>=1))"),
        ("isLockedOut:t NOT isDisabled:t", f"(&{USER}(lockoutTime>=1)(!(userAccountControl:{HAS_BITS}:=2)))"),
        ("passwordNeverExpires:true", f"(&{USER}(userAccountControl:{HAS_BITS}:=65536))"),
        ("accountExpiresTS:<30days", within("accountExpires", USER, 30)),
        ("accountExpiresTS:>now accountExpiresTS:<30days", between("accountExpires", USER, filetime(0), filetime(30))),
        ("accountExpiresTS:<now", between("accountExpires", USER, 1, filetime(0))),
        ("accountExpiresTS:>now", between("accountExpires", USER, filetime(0), never - 1)),
        ("has:accountExpiresTS", between("accountExpires", USER, 1, never - 1)),
        ("has:userWorkstations", f"(&{USER}(userWorkstations=*))"),
        ("userWorkstations:pc-0029", f"(&{USER}(userWorkstations=*pc-0029*))"),
        ("department:=IT", f"(&{USER}(department=IT))"),
        ("NOT has:mail", f"(&{USER}(!(mail=*)))"),
        ("objectClass:=user", f"(&{USER})"),
        (
            "@ldap.user.isDisabled:t OR @ldap.user.isLockedOut:t",
            f"(&{USER}(|(userAccountControl:{HAS_BITS}:=2)(lockoutTime>=1)))",
        ),
    ]
    for query, equivalent in cases:
        found = {user["id"].lower() for user in inventory(database, "users", query)}
        report.equal(f"users {query or '(all)'}", found, guids(domain, equivalent))
    for query in ["isLockedOut:true", "passwordNeverExpires:true", "accountExpiresTS:<30days", "has:userWorkstations"]:
        report.check(f"the directory has users {query}", inventory(database, "users", query))


def between(attribute, kind, low, high):
    return f"(&{kind}({attribute}>={low})({attribute}<={high}))"


def check_groups(report, database, domain):
    cases = [
        ("", "(objectClass=group)"),
        ("cn:=everybody", "(&(objectClass=group)(cn=everybody))"),
        ("description:group", "(&(objectClass=group)(description=*group*))"),
    ]
    for query, equivalent in cases:
        found = {group["id"].lower() for group in inventory(database, "groups", query)}
        report.equal(f"groups {query or '(all)'}", found, guids(domain, equivalent))


def check_counts(report, database, domain):
    hosts = len(guids(domain, f"(&{HOST})"))
    [counts] = inventory(database, "assets", "--count", "--facet", "source", "--facet", "os")
    report.equal("the count of all assets", counts["total"], hosts + PRINTERS)
    by_source = {each["value"]: each["assets"] for each in counts["facets"][0]["values"]}
    report.equal("assets by source", by_source, {"ldap": hosts, "scan": 10 + PRINTERS})
    by_os = {each["value"]: each["assets"] for each in counts["facets"][1]["values"]}
    found = len(guids(domain, f"(&{HOST}(operatingSystem=macOS))"))
    report.equal("assets by system", by_os.get("macos"), found)
    newest = inventory(database, "assets", "source:ldap", "--sort", "-last_seen", "--limit", "50")
    seen = [asset["last_seen"] for asset in newest]
    report.check("the latest seen come first", len(seen) == 50 and seen == sorted(seen, reverse=True), seen[:3])


def check_errors(report, database):
    outcome = run("inventory", "--inventory", database, "assets", "os_vresion:10")
    suggested = "did you mean `os_version`?" in outcome.stderr
    report.check("a mistyped field is refused with the right one", suggested, outcome)
    report.equal("and the exit status of a usage error", outcome.status, 2)


def guids(domain, search_filter):
    return {guid(entry) for entry in domain.search(search_filter, "objectGUID").values()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
