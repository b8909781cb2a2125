"""Keeps an inventory of Samba's domain while the domain changes: reads of changes, absence, and the brake.

/usr/bin/python3 recurring_samba.py DIR      DIR as made by `samba provision`, served; EXAMPLES in the environment
"""

import os
import sys
from pathlib import Path

import programs
from samba import param
from samba.auth import system_session
from samba.samdb import SamDB
from samba.sd_utils import SDUtils

from directory import Directory, guid, text
from programs import PASSWORD, computers_by_guid, inventory, sync
from report import Report

ADDRESS, DOMAIN, BASE = os.environ["SAMBA_ADDRESS"], os.environ["RIG_DOMAIN"], os.environ["RIG_BASE_DN"]
ACCOUNT = os.environ["RIG_ACCOUNT"]
UPN = f"{ACCOUNT}@{DOMAIN}"
OSLO, RETIRED, STAFF = f"OU=Oslo,OU=Estate,{BASE}", f"OU=Retired,{BASE}", f"OU=Staff,{BASE}"
KINDS = ["computers", "users", "groups"]


class Domain:
    """The domain, as an administrator changes it and as the inventory's account reads it."""

    def __init__(self, rig):
        self.rig = rig
        self.ca = str(rig / "tls/ca.pem")
        self.pin = f"{ADDRESS}={programs.thumbprint(rig / 'tls/dc1.pem')}"
        administrator = f"Administrator@{DOMAIN}", os.environ["RIG_ADMINISTRATOR_PASSWORD"]
        self.administrator = Directory(f"ldaps://{ADDRESS}", *administrator, BASE)

    def sync(self, database, *options):
        return sync(f"ldaps://{ADDRESS}", UPN, "--thumbprint", self.pin, "--inventory", database, *options)

    def modify(self, dn, *changes):
        self.administrator.change("ldapmodify", ldif=f"dn: {dn}\nchangetype: modify\n" + "\n-\n".join(changes) + "\n")

    def add_user(self, name):
        lines = [f"dn: CN={name},{STAFF}", "objectClass: user", f"sAMAccountName: {name}", "userAccountControl: 546"]
        self.administrator.change("ldapadd", ldif="\n".join(lines) + "\n")

    def add_computer(self, dn, name):
        lines = [f"dn: {dn}", "objectClass: computer", f"sAMAccountName: {name}$", f"dNSHostName: {name}.{DOMAIN}"]
        lines.append("userAccountControl: 4128")
        self.administrator.change("ldapadd", ldif="\n".join(lines) + "\n")

    def delete(self, *dns):
        ldif = "".join(f"dn: {dn}\nchangetype: delete\n\n" for dn in dns)
        self.administrator.change("ldapmodify", ldif=ldif)

    def computers(self, below, search_filter="(objectClass=computer)"):
        """Name, DN and objectGUID of computers, in the order of their DNs."""
        found = self.administrator.search(search_filter, "cn", "objectGUID")
        return [(text(entry, "cn"), dn, guid(entry)) for dn, entry in sorted(found.items()) if dn.endswith(below)]

    def plain_computers(self):
        """Computers whose names need no escaping."""
        return [computer for computer in self.computers(OSLO) if computer[0].startswith(("PC-", "srv-"))]


def main(rig):
    report = Report("recurring")
    work = rig / "recurring"
    work.mkdir(exist_ok=True)
    domain = Domain(rig)
    for name, options in [("dirsync", []), ("usn", ["--delta", "usn"])]:
        report.section(check_changes, work / f"{name}.db", domain, name, options)
    database = work / "dirsync.db"
    report.section(check_absence, database, domain)
    report.section(check_moves, database, domain)
    report.section(check_scopes, database, domain)
    report.section(check_lost_rights, database, domain)
    report.section(check_brake, work, database, domain)
    report.finish()


def check_changes(report, database, domain, mode, options):
    """One computer, one new user, one membership more and one less: that is what is read, and all that is missing."""
    first = domain.sync(database, *options)
    report.check(f"{mode}: the first run reads everything", first.report.get("mode") == "full", first)
    quiet = domain.sync(database, *options)
    report.equal(f"{mode}: the second run reads what changed", quiet.report.get("mode"), mode)
    read = {kind: quiet.report.get(kind, {}).get("read") for kind in KINDS}
    report.equal(f"{mode}: which is nothing", read, dict.fromkeys(KINDS, 0))

    _, dn, _ = domain.plain_computers()[3]
    domain.modify(dn, f"replace: description\ndescription: changed before the run by {mode}")
    domain.add_user(f"new-{mode}")
    [members] = [entry["member"] for entry in domain.administrator.search("(cn=everybody)", "member").values()]
    joins = f"CN=new-{mode},{STAFF}"
    leaves = members[7].decode()
    domain.modify(f"CN=everybody,OU=Groups,{BASE}", f"delete: member\nmember: {leaves}")
    domain.modify(f"CN=group 002,OU=Groups,{BASE}", f"add: member\nmember: {joins}")
    changed = domain.sync(database, *options)
    counts = changed.report.get("computers", {})
    report.equal(f"{mode}: changes are read by {mode}", changed.report.get("mode"), mode)
    report.check(f"{mode}: one computer is read", counts.get("read") == 1 and counts.get("updated") == 1, changed)
    report.equal(f"{mode}: one user is new", changed.report.get("users", {}).get("created"), 1)
    shown = inventory(database, "users", f'dn:="{joins}"')
    report.equal(f"{mode}: who joined has the group", [len(user["groups"]) for user in shown], [2])
    check_full_finds_nothing(report, mode, domain.sync(database, "--full", *options))
    listed = computers_by_guid(inventory(database, "assets", f'@ldap.computer.distinguishedName:="{dn}"'))
    report.check(
        f"{mode}: the change is in the inventory",
        [computer["description"] for computer in listed.values()] == [f"changed before the run by {mode}"],
        listed,
    )


def check_full_finds_nothing(report, name, outcome):
    written = {
        kind: {key: outcome.report.get(kind, {}).get(key) for key in ["created", "updated", "missing", "gone"]}
        for kind in KINDS
    }
    report.equal(f"{name}: a full read follows", outcome.report.get("mode"), "full")
    for kind in KINDS:
        expected = {"created": 0, "updated": 0, "missing": 0, "gone": 0}
        report.equal(f"{name}: and finds no {kind} to write", written[kind], expected)


def check_absence(report, database, domain):
    """Deleted, missing, gone, and made anew under the same name."""
    name, dn, object_guid = domain.plain_computers()[10]
    [asset] = [each for each in inventory(database, "assets") if object_guid in computers_by_guid([each])]
    domain.delete(dn)
    seen = []
    for _ in range(3):
        outcome = domain.sync(database)
        counts = outcome.report.get("computers", {})
        seen.append((counts.get("missing"), counts.get("gone")))
    report.equal("a deleted computer is missing, missing, and gone", seen, [(1, 0), (1, 0), (0, 1)])
    [kept] = inventory(database, "assets", f"id:{asset['id']}")
    report.check("its asset is still there", kept["names"] == asset["names"], kept)
    domain.add_computer(dn, name.lower())
    outcome = domain.sync(database, "--explain")
    decisions = [each for each in outcome.report.get("decisions", []) if each["name"].lower().startswith(name.lower())]
    report.equal("made anew, it goes to the same asset", [each["asset_id"] for each in decisions], [asset["id"]])
    report.check(
        "as another object, by its name",
        [each["object_guid"] != object_guid and each["level"] == "full" for each in decisions] == [True],
        decisions,
    )
    report.check("with its reason", all(each["reason"] for each in decisions), decisions)
    check_full_finds_nothing(report, "made anew", domain.sync(database, "--full"))


def check_moves(report, database, domain):
    count = len(inventory(database, "assets"))
    _, dn, object_guid = domain.plain_computers()[20]
    domain.administrator.change("ldapmodrdn", "-r", "-s", RETIRED, dn, "CN=MOVED-0001")
    outcome = domain.sync(database)
    counts = {key: outcome.report.get("computers", {}).get(key) for key in ["created", "updated", "missing", "gone"]}
    report.equal("renamed and moved: one update", counts, {"created": 0, "updated": 1, "missing": 0, "gone": 0})
    report.equal("renamed and moved: as many assets", len(inventory(database, "assets")), count)
    [computer] = [
        each for known, each in computers_by_guid(inventory(database, "assets")).items() if known == object_guid
    ]
    report.equal("renamed and moved: it stands there", computer["distinguishedName"], f"CN=MOVED-0001,{RETIRED}")
    # A group's list follows its member's name without a change of its own.
    user = f"CN=new-dirsync,{STAFF}"
    domain.administrator.change("ldapmodrdn", "-r", user, "CN=renamed-dirsync")
    outcome = domain.sync(database)
    report.equal("a renamed member: changes alone are read", outcome.report.get("mode"), "dirsync")
    [group] = inventory(database, "groups", 'name:="group 002"')
    report.check("a renamed member: its group shows it", f"CN=renamed-dirsync,{STAFF}" in group["members"], group["members"])
    domain.administrator.change("ldapmodrdn", "-r", f"CN=group 003,OU=Groups,{BASE}", "CN=group three")
    domain.sync(database)
    check_full_finds_nothing(report, "after renames", domain.sync(database, "--full"))


def check_scopes(report, database, domain):
    """What was not looked for is not missing."""
    for name, options in [
        ("the base narrowed to one unit", ["--base-dn", OSLO]),
        ("another filter", ["--computer-filter", "(operatingSystem=macOS)"]),
        ("the whole domain again", []),
    ]:
        outcome = domain.sync(database, *options)
        report.equal(f"{name}: exit status 0", outcome.status, 0)
        for kind in KINDS:
            counts = outcome.report.get(kind, {})
            report.equal(f"{name}: no {kind} missing", (counts.get("missing"), counts.get("gone")), (0, 0))
        said = " ".join(outcome.report.get("warnings", []))
        report.check(f"{name}: nothing to remark on", "concluded" not in said, outcome.report)
    report.equal("and again by changes", domain.sync(database).report.get("mode"), "dirsync")


def check_lost_rights(report, database, domain):
    """Access control entries take the account's read rights away: Samba answers with success, and with less."""
    [entry] = domain.administrator.search(f"(sAMAccountName={ACCOUNT})", "objectSid").values()
    entry = f"(D;CI;RPLCLORC;;;{sid(entry['objectsid'][0])})"
    everywhere = [BASE, OSLO.partition(",")[2], STAFF, RETIRED, f"OU=Groups,{BASE}", f"OU=Service Accounts,{BASE}"]
    everywhere += [f"OU={site},OU=Estate,{BASE}" for site in ["Berlin", "Lyon", "Oslo", "Zürich"]]
    everywhere += [f"CN={name},{BASE}" for name in ["Users", "Computers", "Builtin", "Managed Service Accounts"]]
    everywhere += [f"OU=Domain Controllers,{BASE}"]
    for where, units in [("on one unit", [STAFF]), ("everywhere", everywhere)]:
        before = inventory(database, "users")
        with Denied(domain.rig, units, entry):
            for options in [[], ["--full"]]:
                name = f"rights withdrawn {where}{', a full read' if options else ''}"
                outcome = domain.sync(database, "--base-dn", BASE, *options)
                for kind in KINDS:
                    counts = outcome.report.get(kind, {})
                    missing = outcome.status == 0 and (counts.get("missing") or counts.get("gone"))
                    report.check(f"{name}: no {kind} missing", not missing, outcome)
                said = " ".join(outcome.report.get("warnings", [])) + outcome.stderr
                reasons = ["would be missing", "read rights", "fewer attributes", "no such object", "base DN"]
                report.check(f"{name}: it says why", any(reason in said for reason in reasons), outcome)
        report.equal(f"rights withdrawn {where}: the users are as they were", inventory(database, "users"), before)
    outcome = domain.sync(database, "--full")
    written = [outcome.report.get(kind, {}).get("missing") for kind in KINDS]
    report.equal("rights given back: nothing was lost", written, [0, 0, 0])


class Denied:
    """An access control entry on some containers, for as long as this lasts."""

    def __init__(self, rig, containers, entry):
        self.rig, self.containers, self.entry, self.before = rig, containers, entry, {}

    def __enter__(self):
        for dn in self.containers:
            rights = self.rights()
            self.before[dn] = rights.get_sd_as_sddl(dn)
            rights.dacl_add_ace(dn, self.entry)

    def __exit__(self, *_):
        for dn, before in self.before.items():
            self.rights().modify_sd_on_dn(dn, before)

    def rights(self):
        """Opened anew each time: Samba's library does not survive what the server writes meanwhile."""
        settings = param.LoadParm(filename_for_non_global_lp=str(self.rig / "smb.conf"))
        database = str(self.rig / "domain/private/sam.ldb")
        return SDUtils(SamDB(url=database, session_info=system_session(), lp=settings))


def sid(octets):
    parts = [int.from_bytes(octets[at : at + 4], "little") for at in range(8, len(octets), 4)]
    return "-".join(["S", str(octets[0]), str(int.from_bytes(octets[2:8], "big")), *map(str, parts)])


def check_brake(report, work, database, domain):
    """60 % of the computers are deleted at once."""
    hosts = domain.computers(BASE, "(&(objectClass=computer)(!(objectClass=msDS-GroupManagedServiceAccount)))")
    hosts = [host for host in hosts if "Domain Controllers" not in host[1]]
    lost = [dn for _, dn, _ in hosts[: len(hosts) * 6 // 10]]
    before = inventory(database, "assets")
    domain.delete(*lost)
    for options in [[], ["--full"]]:
        outcome = domain.sync(database, *options)
        report.equal(f"60 % deleted {options}: exit status 5", outcome.status, 5)
        report.check(f"60 % deleted {options}: a sentence says what", "would be missing" in outcome.stderr, outcome)
        report.equal(f"60 % deleted {options}: the inventory is as it was", inventory(database, "assets"), before)
    plan = work / "plan.json"
    dry = domain.sync(database, "--dry-run", "--save-plan", plan)
    confirmation = dry.report.get("brake", {}).get("confirmation", "")
    report.check("a dry run tells the confirmation, and keeps the plan", confirmation and plan.stat().st_size, dry)
    refused = domain.sync(database, "--confirm", "0" * 32)
    report.equal("another confirmation is refused", refused.status, 5)
    report.equal("and nothing is written", inventory(database, "assets"), before)
    domain.delete(hosts[-1][1])
    refused = domain.sync(database, "--confirm", confirmation)
    report.equal("the confirmation does not cover one more", refused.status, 5)
    dry = domain.sync(database, "--dry-run")
    confirmed = domain.sync(database, "--confirm", dry.report["brake"]["confirmation"])
    report.equal("the right confirmation lets it through", confirmed.status, 0)
    report.equal("all of them are missing", confirmed.report.get("computers", {}).get("missing"), len(lost) + 1)
    report.equal("no asset is gone", len(inventory(database, "assets")), len(before))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
