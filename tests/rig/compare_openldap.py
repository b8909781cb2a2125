"""Reads OpenLDAP with the examples: a directory that is not Active Directory, and one large enough to cut short.

/usr/bin/python3 compare_openldap.py DIR      DIR as made by `openldap load`, served; EXAMPLES in the environment
"""

import os
import re
import sys
from pathlib import Path

from directory import Directory, canonical, guid, text
from forwarder import BIND_REQUEST, Forwarder
from programs import PASSWORD, computers_by_guid, inventory, run, sync
from report import Report

ADDRESS, BASE = os.environ["OPENLDAP_ADDRESS"], os.environ["OPENLDAP_BASE_DN"]
READER, LIMITED = os.environ["OPENLDAP_ACCOUNT_DN"], f"CN=limited,{BASE}"
COMPUTERS, GROUPS = "(objectClass=computer)", "(objectClass=group)"


def main(rig):
    report = Report("openldap")
    ports = dict(re.findall(r"(\w+)=(\d+)", (rig / "ports").read_text()))
    ldap, ldaps = (int(ports[name]) for name in ["LDAP_PORT", "LDAPS_PORT"])
    ca = str(rig / "tls/ca.pem")
    directory = Directory(f"ldap://{ADDRESS}:{ldap}", READER, PASSWORD, BASE)
    database = rig / "openldap.db"
    report.section(check_sync, directory, database, ["--ca-file", ca], f"ldaps://{ADDRESS}:{ldaps}")
    report.section(check_plain, ldap)
    report.section(check_starttls, ldap, ca)
    report.section(check_external, rig, ldap, ldaps, ca)
    report.section(check_base_dn, ldaps, ca)
    report.section(check_incomplete, database, ldap, ldaps, ca)
    report.finish()


def check_sync(report, directory, database, options, url):
    outcome = sync(url, READER, "--base-dn", BASE, "--inventory", database, *options)
    report.check(
        "LDAPS: complete, verified by an address in the certificate",
        outcome.report.get("verified_by") == "ca",
        outcome,
    )
    report.equal("LDAPS: exit status 0", outcome.status, 0)
    listed = computers_by_guid(inventory(database, "assets"))
    entries = {
        guid(e): e for e in directory.search(COMPUTERS, "objectGUID", "dNSHostName", "operatingSystem").values()
    }
    report.equal("computers read", outcome.report.get("computers", {}).get("read"), len(entries))
    for attribute in ["dNSHostName", "operatingSystem"]:
        report.equal(
            f"{attribute} of every computer",
            {each: computer.get(attribute) for each, computer in listed.items()},
            {each: text(entry, attribute) for each, entry in entries.items()},
        )
    members = {canonical(g["dn"]): {canonical(m) for m in g["members"]} for g in inventory(database, "groups")}
    expected = {
        canonical(dn): {canonical(member.decode()) for member in entry["member"]}
        for dn, entry in directory.search(GROUPS, "member").items()
    }
    report.equal("the member set of every group", members, expected)


def check_plain(report, ldap):
    with Forwarder((ADDRESS, ldap), strip_starttls=True) as wire:
        url = f"ldap://{ADDRESS}:{wire.port}"
        outcome = sync(url, READER, "--base-dn", f"OU=Staff,{BASE}", "--dry-run", "--insecure")
        reached = (outcome.status, outcome.report.get("transport"), outcome.report.get("verified_by"))
        report.check("plain LDAP with --insecure", reached == (0, "ldap", "nothing"), outcome)
        report.equal("plain LDAP: one bind", len(wire.requests(BIND_REQUEST)), 1)
        outcome = sync(url, READER, "--base-dn", BASE, "--dry-run", "--insecure", password="not-the-password")
        report.equal("plain LDAP, a refused password: exit status 4", outcome.status, 4)
        report.equal("plain LDAP, a refused password: sent once", len(wire.requests(BIND_REQUEST)), 2)


def check_starttls(report, ldap, ca):
    with Forwarder((ADDRESS, ldap)) as wire:
        outcome = sync(
            f"ldap://{ADDRESS}:{wire.port}", READER, "--base-dn", f"OU=Staff,{BASE}", "--dry-run", "--ca-file", ca
        )
        reached = (outcome.status, outcome.report.get("transport"), outcome.report.get("verified_by"))
        report.check("StartTLS with a CA file", reached == (0, "starttls", "ca"), outcome)
        report.check("StartTLS: no bind in clear", not wire.requests(BIND_REQUEST))


def check_external(report, rig, ldap, ldaps, ca):
    def signed_in(url, certificate, key):
        options = ["--client-cert", rig / f"tls/{certificate}.pem", "--client-key", rig / f"tls/{key}.key"]
        base = ["--base-dn", f"OU=Staff,{BASE}", "--dry-run", "--json", "--ca-file", ca]
        return run("sync", "--url", url, *options, *base)

    for url, transport in [(f"ldaps://{ADDRESS}:{ldaps}", "ldaps"), (f"ldap://{ADDRESS}:{ldap}", "starttls")]:
        outcome = signed_in(url, "reader", "reader")
        reached = (outcome.status, outcome.report.get("transport"), outcome.report.get("verified_by"))
        report.check(f"a client certificate over {transport}", reached == (0, transport, "ca"), outcome)
        users = outcome.report.get("users", {}).get("read", 0)
        report.check(f"a client certificate over {transport}: users are read", users > 0, outcome)
        outcome = signed_in(url, "stranger", "stranger")
        report.equal(f"a certificate of another authority over {transport}: exit status", outcome.status, 4)
        report.check(
            f"a certificate of another authority over {transport}: told", "client certificate" in outcome.stderr, outcome
        )
        outcome = signed_in(url, "reader", "stranger")
        report.equal(f"another certificate's key over {transport}: exit status", outcome.status, 4)
        report.check(f"another certificate's key over {transport}: told", "does not belong" in outcome.stderr, outcome)


def check_base_dn(report, ldaps, ca):
    outcome = sync(f"ldaps://{ADDRESS}:{ldaps}", READER, "--dry-run", "--ca-file", ca)
    report.equal("no defaultNamingContext and no base DN: exit status 4", outcome.status, 4)
    report.check(
        "no defaultNamingContext and no base DN: says so", re.search("base", outcome.stderr, re.IGNORECASE), outcome
    )


def check_incomplete(report, database, ldap, ldaps, ca):
    """What ends early removes nothing."""
    assets = len(inventory(database, "assets"))
    options = ["--base-dn", BASE, "--inventory", database, "--ca-file", ca]
    limited = sync(f"ldaps://{ADDRESS}:{ldaps}", LIMITED, *options)
    report.check(
        "a size limit: incomplete, exit status 3",
        (limited.status, limited.report.get("complete")) == (3, False),
        limited,
    )
    with Forwarder((ADDRESS, ldaps), cut_after=300_000) as wire:
        cut = sync(f"ldaps://{ADDRESS}:{wire.port}", READER, *options)
        report.check("a connection cut in the middle: exit status 3 or 1", cut.status in (3, 1), cut)
    lost = {key: limited.report.get("computers", {}).get(key) for key in ["missing", "gone"]}
    report.equal("an incomplete read: nothing missing, nothing gone", lost, {"missing": 0, "gone": 0})
    report.equal("an incomplete read: as many assets as before", len(inventory(database, "assets")), assets)
    again = sync(f"ldaps://{ADDRESS}:{ldaps}", READER, *options)
    counts = {key: again.report.get("computers", {}).get(key) for key in ["created", "updated", "restored"]}
    report.equal("the next complete read finds all as it was", counts, {"created": 0, "updated": 0, "restored": 0})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
