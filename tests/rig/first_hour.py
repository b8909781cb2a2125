"""An administrator's first hour with Samba's domain: from its address to an inventory, what is asked of it by day,
what is corrected and taken back, what stops a run, and a night in which nothing happens.

/usr/bin/python3 first_hour.py DIR      DIR as made by `samba provision`, served; EXAMPLES in the environment
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from directory import Directory, guid, text
from programs import EXAMPLES, PASSWORD, Outcome, computers_by_guid, inventory, run, thumbprint
from report import Report
from terminal import on_terminal, width

ADDRESS, DOMAIN, BASE = os.environ["SAMBA_ADDRESS"], os.environ["RIG_DOMAIN"], os.environ["RIG_BASE_DN"]
UPN = f"{os.environ['RIG_ACCOUNT']}@{DOMAIN}"
URL = f"ldaps://{ADDRESS}"
COMPUTER = "(objectClass=computer)"
HOST = f"(&{COMPUTER}(!(objectClass=msDS-GroupManagedServiceAccount)))"
USER = "(&(objectClass=user)(!(objectClass=computer)))"
GROUP = "(objectClass=group)"
# The matching rules of MS-ADTS, section 3.1.1.3.4.4: all of these bits are set; through other groups as well.
HAS_BITS, IN_CHAIN = "1.2.840.113556.1.4.803", "1.2.840.113556.1.4.1941"
# Two assets that a scanner found have this computer's name: it waits for a person, and is no asset until then.
WAITING = "PC-0105"
KEPT = f"(&{HOST}(!(cn={WAITING})))"
# The other computers that a scanner knows, below.
SCANNED = "".join(f"(cn=PC-{number:04})" for number in range(11, 41, 2))
README = Path(__file__).parents[2] / "README.md"


class Hour:
    """The administrator's files, the domain as the inventory's account reads it, and as an administrator changes it."""

    def __init__(self, rig):
        self.rig, self.work = rig, rig / "first-hour"
        self.work.mkdir(exist_ok=True)
        self.database = self.work / "inventory.db"
        self.password = self.write("password", f"{PASSWORD}\n")
        # Nobody is warned of a password that is its owner's alone.
        os.chmod(self.password, 0o600)
        self.domain = Directory(URL, UPN, PASSWORD, BASE)
        password = os.environ["RIG_ADMINISTRATOR_PASSWORD"]
        self.administrator = Directory(URL, f"Administrator@{DOMAIN}", password, BASE)
        # What the first refusal advises, as it is pasted.
        self.trust = []

    def write(self, name, content):
        file = self.work / name
        file.write_text(content)
        return file

    def scan(self, name, *assets):
        return self.write(name, "".join(f"{json.dumps(asset)}\n" for asset in assets))

    def options(self, database=None):
        account = ["--username", UPN, "--password-file", self.password]
        return ["--url", URL, *account, *self.trust, "--inventory", database or self.database]

    def sync(self, *options, database=None):
        return run("sync", *self.options(database), *options)

    def ask(self, *arguments):
        return run("inventory", "--inventory", self.database, *arguments)

    def everything(self):
        """What the inventory holds, to be compared with what it holds later."""
        return {kind: inventory(self.database, kind) for kind in ["assets", "users", "groups"]}

    def count(self, search_filter):
        return len(self.domain.search(search_filter, "1.1"))

    def change(self, dn, change):
        self.administrator.change("ldapmodify", ldif=f"dn: {dn}\nchangetype: modify\n{change}\n")


def main(rig):
    report = Report("first hour")
    hour = Hour(rig)
    report.section(check_certificate, hour)
    report.section(check_first_run, hour)
    report.section(check_later_scan, hour)
    report.section(check_questions, hour)
    report.section(check_nested, hour)
    report.section(check_corrections, hour)
    report.section(check_changes, hour)
    report.section(check_brake, hour)
    report.section(check_night, hour)
    report.section(check_screens, hour)
    report.section(check_pipes, hour)
    report.finish()


def check_certificate(report, hour):
    """A certificate that nobody vouches for is refused with what would accept it."""
    refused = hour.sync()
    report.equal("an unknown certificate is status 4", refused.status, 4)
    told = ["presented by", f"dc1.{DOMAIN}", "Compare the fingerprint"]
    report.check("it is shown", all(part in refused.stderr for part in told), refused)
    advised = [line.strip() for line in refused.stderr.splitlines() if line.strip().startswith("--thumbprint")]
    report.equal("one option is ready to be pasted", len(advised), 1)
    hour.trust = shlex.split(advised[0])
    pin = f"{ADDRESS}={thumbprint(hour.rig / 'tls/dc1.pem')}"
    report.equal("with the pin that openssl computes", hour.trust, ["--thumbprint", pin])
    runs = [each["outcome"] for each in inventory(hour.database, "runs")]
    report.equal("the run that could not begin is on record", runs, ["failed"])


def check_first_run(report, hour):
    """A scan of yesterday, and the domain."""
    known = [{"names": [f"pc-{number:04}.{DOMAIN}"], "addresses": [f"10.0.0.{number}"]} for number in range(11, 31, 2)]
    unknown = [{"names": [f"printer-{number}"], "site": "hall"} for number in range(7)]
    twins = [{"names": [WAITING], "addresses": [f"10.0.1.{number}"]} for number in (1, 2)]
    one_thing = [{"names": names, "addresses": ["10.0.2.1"]} for names in (["nas"], ["nas-1.lab.example.test"])]
    scan = hour.scan("before.jsonl", *known, *unknown, *twins, *one_thing)
    planned = hour.sync("--assets", scan, "--dry-run", "--json")
    report.equal("a dry run", (planned.status, planned.report.get("dry_run")), (0, True))
    report.equal("writes nothing", inventory(hour.database, "assets"), [])
    done = hour.sync("--assets", scan)
    report.equal("the first run", done.status, 0)
    report.equal("says nothing on standard error", done.stderr, "")
    counts = counted(done.stdout)
    read = [hour.count(each) for each in (COMPUTER, USER, GROUP)]
    report.equal("it says what it read", counts.get("read"), read)
    report.equal("and what it made of it", counts["created"][0], hour.count(HOST) - len(known) - 1)
    report.equal("ten computers were scanned", counts.get("matched: an asset that was there already"), [10, None, None])
    report.equal("one of them waits for a person", counts.get("ambiguous: waiting for a person"), [1, None, None])
    computers = planned.report.get("computers", {})
    expected = [computers.get("read"), computers.get("created")]
    report.equal("as the dry run said", [read[0], counts["created"][0]], expected)


def counted(printed):
    """The table of a run: what it means, and how many computers, users and groups."""
    row = r"^ +(\d+|-) +(\d+|-) +(\d+|-) +(\S.*)$"
    rows = re.findall(row, printed, re.MULTILINE)
    return {meaning: [None if n == "-" else int(n) for n in numbers] for *numbers, meaning in rows}


def check_later_scan(report, hour):
    """Scanned after the domain was read: computers that are known already, and a camera."""
    before = len(inventory(hour.database, "assets"))
    names = [[f"pc-{number:04}.{DOMAIN}"] for number in range(31, 41, 2)]
    scan = hour.scan("after.jsonl", *({"names": each, "os": "Windows"} for each in [*names, ["camera-1"]]))
    later = hour.sync("--assets", scan, "--assets-source", "later")
    report.check("the later scan is imported", later.status == 0 and "5 joined" in later.stdout, later)
    report.equal("one asset is new", len(inventory(hour.database, "assets")), before + 1)
    both = inventory(hour.database, "assets", "source:ldap source:scan")
    report.equal("fifteen computers are scanned and in the domain", len(both), 15)


def check_questions(report, hour):
    """What people ask every day, and the number that ldapsearch gives."""
    disabled = f"(userAccountControl:{HAS_BITS}:=2)"
    questions = [
        ("assets", "source:ldap", KEPT),
        ("assets", "os:win*2008*", f"(&{KEPT}(operatingSystem=Windows*2008*))"),
        ("assets", "source:ldap -os:windows", f"(&{KEPT}(!(operatingSystem=*windows*)))"),
        ("assets", "-source:scan os:macos", f"(&{KEPT}(operatingSystem=macOS)(!(|{SCANNED})))"),
        ("assets", "@ldap.computer.isDisabled:true", f"(&{KEPT}{disabled})"),
        ("assets", "-@ldap.computer.isDisabled:t source:ldap", f"(&{KEPT}(!{disabled}))"),
        ("assets", "@ldap.computer.isDomainController:true", f"(&{KEPT}(userAccountControl:{HAS_BITS}:=8192))"),
        ("assets", "source:ldap @ldap.computer.lastLogonTimestampTS:never", f"(&{KEPT}(!(lastLogonTimestamp=*)))"),
        ("assets", "srv-00*", f"(&{KEPT}(dNSHostName=srv-00*))"),
        ("users", "", USER),
        ("users", "is_disabled:true", f"(&{USER}{disabled})"),
        ("users", "isLockedOut:true", f"(&{USER}(lockoutTime>=1))"),
        ("users", "department:=it", f"(&{USER}(department=IT))"),
        ("users", "-has:mail", f"(&{USER}(!(mail=*)))"),
        ("users", "Zoë", f"(&{USER}(displayName=*Zo\\c3\\ab*))"),
        ("users", "passwordNeverExpires:true", f"(&{USER}(userAccountControl:{HAS_BITS}:=65536))"),
        ("users", 'group:"CN=group 002"', f"(&{USER}(memberOf=CN=group 002,OU=Groups,{BASE}))"),
        ("groups", "", GROUP),
        ("groups", '"group 1*"', f"(&{GROUP}(cn=group 1*))"),
    ]
    for kind, query, search_filter in questions:
        answer = hour.ask(kind, *shlex.split(query, posix=False), "--count")
        expected = hour.count(search_filter)
        noun = kind[:-1] if expected == 1 else kind
        report.equal(f"inventory {kind} {query} --count", answer.stdout.strip(), f"{expected} {noun}")
    outside = hour.ask("assets", "NOT", "source:ldap", "--count")
    # The printers, the twins, the two names of one thing, and the camera.
    report.equal("what is not in the domain", outside.stdout.strip(), "12 assets")
    mistyped = hour.ask("assets", "--cuont")
    report.equal("a mistyped option is refused", (mistyped.status, "--count" in mistyped.stderr), (2, True))


def check_nested(report, hour):
    """Who is in a group through others, and in which groups somebody is."""
    groups = hour.domain.search(GROUP, "cn", "member")
    members_of = {dn: {member.decode() for member in entry.get("member", [])} for dn, entry in groups.items()}
    nested = [dn for dn, members in members_of.items() if members & set(groups)]
    below = sorted(dn for dn in nested if dn.startswith("CN=group"))
    for dn in [*below[:2], below[-1], f"CN=ring a,OU=Groups,{BASE}"]:
        name = text(groups[dn], "cn")
        expected = hour.domain.search(f"(memberOf:{IN_CHAIN}:={dn})", "objectGUID", "objectClass")
        members = inventory(hour.database, "groups", f'="{name}"', "--members", "--nested")
        report.equal(
            f"the members of {name}",
            {member["id"] for member in members},
            {guid(entry) for other, entry in expected.items() if other != dn},
        )
        is_right = all((member["via"] in groups) == (member["path"] == "nested") for member in members)
        report.check(f"the members of {name}: each says through which group", is_right, members)
        users = inventory(hour.database, "users", f'nested:"{dn}"')
        is_user = {guid(entry) for entry in expected.values() if {b"user"} <= set(entry["objectclass"])}
        hosts = set(computers_by_guid(inventory(hour.database, "assets")))
        report.equal(f"the users in {name}", {user["id"] for user in users}, is_user - hosts)
    member = sorted(dn for dn in hour.domain.search(USER, "1.1") if "Staff" in dn)[7]
    for dn in [member, f"CN=ring b,OU=Groups,{BASE}"]:
        search_filter = f"(member:{IN_CHAIN}:={dn})"
        if dn == member:  # No server's list of members has those for whom the group is the primary one.
            search_filter = f"(|{search_filter}(cn=Domain Users)(member:{IN_CHAIN}:=CN=Domain Users,CN=Users,{BASE}))"
        expected = hour.domain.search(f"(&{GROUP}{search_filter})", "objectGUID")
        found = inventory(hour.database, "groups", f'nested:"{dn}"')
        report.equal(f"the groups of {dn}", {each["id"] for each in found}, {guid(each) for each in expected.values()})


def check_corrections(report, hour):
    """Each is taken back, and nothing is left of it."""
    before = hour.everything()
    [first] = inventory(hour.database, "assets", "=nas")
    merged = hour.ask("merge", "nas", "nas-1.lab.example.test", "--why", "two names of one thing", "--json")
    report.equal("two assets become one", merged.report.get("survivor"), first["id"])
    [united] = inventory(hour.database, "assets", "nas")
    report.equal("with both names", sorted(united["names"]), ["nas", "nas-1.lab.example.test"])
    undone = hour.ask("unmerge", merged.report.get("id", ""))
    report.equal("the merge is taken back", undone.status, 0)
    report.equal("and nothing is left of it", hour.everything(), before)

    [waiting] = inventory(hour.database, "unresolved")
    told = waiting["account"], len(waiting["candidates"])
    report.equal("a computer waits between the twins", told, (f"{WAITING}$", 2))
    settled = hour.ask("settle", WAITING, "2", "--by", "anna", "--why", "looked at it")
    report.equal("it is settled by the number of one", settled.status, 0)
    report.equal("nothing waits any more", inventory(hour.database, "unresolved"), [])
    chosen = waiting["candidates"][1]["asset_id"]
    [asset] = inventory(hour.database, "assets", WAITING, "source:ldap")
    report.equal("it is that asset", asset["id"], chosen)
    report.equal("the settlement is taken back", hour.ask("forget", chosen, WAITING).status, 0)
    report.equal("and nothing is left of it either", hour.everything(), before)

    # By its id: once the computer is another asset, two have its name.
    [scanned] = inventory(hour.database, "assets", f"=pc-0013.{DOMAIN}")
    for act, asset in [("link", "printer-3"), ("separate", scanned["id"][-12:])]:
        acted = hour.ask(act, asset, "PC-0013", "--why", "a mistake")
        report.check(f"{act}: says what moved", acted.status == 0 and "moved from" in acted.stdout, acted)
        report.check(f"{act}: the computer moved", hour.everything() != before)
        taken_back = hour.ask("forget", asset, "PC-0013")
        report.equal(f"{act} is taken back", taken_back.status, 0)
        report.equal(f"{act}: nothing is left of it", hour.everything(), before)
    acts = [entry["act"] for entry in inventory(hour.database, "history")]
    expected = ["merged", "unmerged", "linked", "forgot", "linked", "forgot", "separated", "forgot"]
    report.equal("the history has all of it", acts, expected)


def check_changes(report, hour):
    """A computer gets another system and one is new; later both are as before, and one is missing."""
    known, new = dn_of(hour, "PC-0015"), f"CN=HOUR-1,OU=Retired,{BASE}"
    system = text(hour.domain.search("(cn=PC-0015)", "operatingSystem")[known], "operatingSystem")
    hour.change(known, "replace: operatingSystem\noperatingSystem: Windows 11 Pro 24H2")
    add_computer(hour, new)
    report.equal("a run of changes", hour.sync().status, 0)
    changes = {each["name"]: each for each in inventory(hour.database, "changes", "--since", latest_run(hour))}
    fields = {each["field"]: each.get("to") for each in changes.get(f"pc-0015.{DOMAIN}", {}).get("fields", [])}
    report.equal("the other system is told", fields.get("os"), "Windows 11 Pro 24H2")
    report.equal("and what is new", changes.get(f"hour-1.{DOMAIN}", {}).get("change"), "created")
    hour.change(known, f"replace: operatingSystem\noperatingSystem: {system}")
    hour.administrator.change("ldapdelete", new)
    gone = hour.sync()
    report.check("the run after that names what is missing", gone.status == 0 and "hour-1" in gone.stdout.lower(), gone)
    changes = inventory(hour.database, "changes", "--since", latest_run(hour))
    changes = [(each["change"], each["name"].lower()) for each in changes]
    report.check("and so do the changes since", ("missing", f"hour-1.{DOMAIN}") in changes, changes)
    [missing] = inventory(hour.database, "assets", "state:missing")
    report.check("and a query", f"hour-1.{DOMAIN}" in missing["names"], missing)
    report.equal("no source has it any more: it is deleted", hour.ask("delete", f"hour-1.{DOMAIN}").status, 0)
    report.equal("and nothing is missing", inventory(hour.database, "assets", "state:missing"), [])


def latest_run(hour):
    return inventory(hour.database, "runs")[0]["id"]


def dn_of(hour, name):
    [dn] = hour.domain.search(f"(cn={name})", "1.1")
    return dn


def add_computer(hour, dn):
    name = dn.split(",")[0].removeprefix("CN=")
    lines = [f"dn: {dn}", "objectClass: computer", f"sAMAccountName: {name}$", f"dNSHostName: {name.lower()}.{DOMAIN}"]
    hour.administrator.change("ldapadd", ldif="\n".join([*lines, "userAccountControl: 4128"]) + "\n")


def check_brake(report, hour):
    """A unit of twelve computers loses eight."""
    unit, database = f"OU=Laboratory,{BASE}", hour.work / "laboratory.db"
    hour.administrator.change("ldapadd", ldif=f"dn: {unit}\nobjectClass: organizationalUnit\n")
    computers = [f"CN=LAB-{number:02},{unit}" for number in range(12)]
    for dn in computers:
        add_computer(hour, dn)
    first = hour.sync("--base-dn", unit, database=database)
    report.equal("twelve computers of a unit", counted(first.stdout).get("created"), [12, 0, 0])
    hour.administrator.change("ldapdelete", *computers[:8])
    stopped = hour.sync("--base-dn", unit, database=database)
    report.equal("eight lost at once stop the run", stopped.status, 5)
    report.check("all of them are named", all(f"lab-{n:02}" in stopped.stdout.lower() for n in range(8)), stopped)
    states = {asset["id"] for asset in inventory(database, "assets", "state:missing")}
    report.equal("nothing is written", states, set())
    confirmation = re.search(r"--confirm ([0-9a-f]+)", stopped.stdout + stopped.stderr)
    report.check("how to confirm it is told", confirmation, stopped)
    confirmed = hour.sync("--base-dn", unit, *shlex.split(confirmation[0]), database=database)
    report.equal("confirmed, it goes through", confirmed.status, 0)
    report.equal("eight are missing", len(inventory(database, "assets", "state:missing")), 8)
    hour.administrator.change("ldapdelete", *computers[8:], unit)


def check_night(report, hour):
    """The line of the README's crontab, as cron runs it, twice: the second time nothing has happened."""
    lines = re.search(r"```crontab\n(.*?)```", README.read_text(), re.DOTALL)[1].splitlines()
    variables = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    report.equal("the variables of a crontab", sorted(variables), ["LDAP_INVENTORY", "LDAP_URL", "LDAP_USERNAME"])
    command = lines[-1].split(" ", 5)[5]
    command = command.replace("/opt/ldap-inventory/", f"{EXAMPLES}/")
    command = command.replace("/etc/ldap-inventory/password", str(hour.password))
    variables.update(LDAP_URL=URL, LDAP_USERNAME=UPN, LDAP_INVENTORY=str(hour.database))
    first = by_cron(f"{command} {shlex.join(hour.trust)}", variables)
    report.equal("the nightly line", (first.status, first.stdout, first.stderr), (0, "", ""))
    before, runs = hour.everything(), len(inventory(hour.database, "runs"))
    second = by_cron(f"{command} {shlex.join(hour.trust)}", variables)
    report.equal("a quiet night", (second.status, second.stdout, second.stderr), (0, "", ""))
    report.equal("nothing is written", hour.everything(), before)
    report.equal("but that it ran", len(inventory(hour.database, "runs")), runs + 1)
    unreachable = by_cron(f"{command} {shlex.join(hour.trust)}", {**variables, "LDAP_URL": "ldaps://127.0.0.1:1"})
    report.check("a bad night says why", unreachable.status and unreachable.stderr.startswith("error: "), unreachable)


def by_cron(command, variables):
    """With what cron gives a command: a home, a shell and a short path."""
    environment = {"HOME": "/", "LOGNAME": "root", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", **variables}
    finished = subprocess.run(
        ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), "/bin/sh", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=180,
        check=False,
    )
    return Outcome(finished.returncode, finished.stdout.decode(), finished.stderr.decode())


def check_screens(report, hour):
    """Every table on narrow, usual and wide terminals, without colour."""
    commands = [
        ["assets"],
        ["assets", "source:ldap", "--columns", "id,names,@ldap.computer.distinguishedName"],
        ["assets", "--facet", "os", "--facet", "source"],
        ["users"],
        ["users", "Zoë"],
        ["groups"],
        ["groups", '"group 003"', "--members", "--nested"],
        ["unresolved"],
        ["overlaps"],
        ["overlaps", "--near"],
        ["coverage"],
        ["explain", f"pc-0015.{DOMAIN}"],
        ["history"],
        ["changes", "--since", "1hour"],
        ["runs"],
        ["help", "query"],
        ["--help"],
        ["assets", "--help"],
    ]
    for columns in [60, 80, 200]:
        for command in commands:
            check_screen(report, hour, columns, "inventory", "--inventory", hour.database, *command)
        check_screen(report, hour, columns, "sync", *hour.options(), "--dry-run", "--full")
        for program in ["sync", "scheduler", "thumbprint"]:
            check_screen(report, hour, columns, program, "--help")
    coloured = on_terminal(80, "inventory", "--inventory", hour.database, "assets", "--limit", "3")
    report.check("in colour otherwise", "\x1b[" in coloured.stdout, coloured)


def check_screen(report, hour, columns, program, *arguments):
    shown = on_terminal(columns, program, *arguments, variables={"NO_COLOR": "1"})
    given = {str(each) for each in hour.options()}
    name = f"{program} {' '.join(str(each) for each in arguments if str(each) not in given)} at {columns} columns"
    lines = shown.stdout.splitlines()
    report.check(f"{name}: prints something", shown.status == 0 and lines, shown)
    widest = max(lines, key=width, default="")
    report.check(f"{name}: fits", width(widest) <= columns, f"{width(widest)}: {widest}")
    ugly = [line for line in lines if is_ugly(line)]
    report.check(f"{name}: no colour, and no blanks at the end of a line", not ugly, ugly[:3])


def is_ugly(line):
    """Coloured, or with blanks at its end; but for empty lines, into which clap writes blanks in long help."""
    return line.strip() and (line != line.rstrip() or re.search("[\x00-\x1f\x7f]", line))


def check_pipes(report, hour):
    """In a pipe: every row, tabs between whole cells, nothing cut."""
    for kind in ["assets", "users", "groups"]:
        records = inventory(hour.database, kind)
        piped = hour.ask(kind)
        titles, *rows = [line.split("\t") for line in piped.stdout.splitlines()]
        report.equal(f"{kind}: a row for each", len(rows), len(records))
        report.equal(f"{kind}: a cell for each column", {len(row) for row in rows}, {len(titles)})
        report.equal(f"{kind}: whole ids", {row[titles.index("id")] for row in rows}, {each["id"] for each in records})
        report.check(f"{kind}: nothing is cut", "…" not in piped.stdout)
        report.equal(f"{kind}: nothing else is said", (piped.status, piped.stderr), (0, ""))
    place = inventory(hour.database, "users")[0]["dn"]
    rows = hour.ask("users", f'dn:="{place}"').stdout.splitlines()
    report.check("a DN as it is finds itself, whole", len(rows) == 2 and rows[1].endswith(f"\t{place}"), rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
