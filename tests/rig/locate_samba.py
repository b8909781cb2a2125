"""A domain controller found by the domain's own DNS, as `sync --locate` does it, and the forest that it knows.

    /usr/bin/python3 locate_samba.py DIR      DIR as made by `samba provision`, served; EXAMPLES in the environment

The programs run where the controller is the one DNS server: in a mount namespace of their own, with another resolv.conf.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from directory import Directory, guid
from programs import EXAMPLES, PASSWORD, Outcome
from report import Report
from samba.dcerpc import security
from samba.ndr import ndr_unpack

ADDRESS = os.environ["SAMBA_ADDRESS"]
DOMAIN, BASE, NETBIOS = os.environ["RIG_DOMAIN"], os.environ["RIG_BASE_DN"], os.environ["RIG_NETBIOS"]
UPN = f"{os.environ['RIG_ACCOUNT']}@{DOMAIN}"
CONTROLLER = f"dc1.{DOMAIN}"
SITE = "Default-First-Site-Name"
IN_A_NAMESPACE = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'


def main(rig):
    report = Report("locate")
    settings = rig / "resolv.conf"
    settings.write_text(f"nameserver {ADDRESS}\noptions timeout:5 attempts:2\n")
    report.section(check_found, rig, settings)
    report.section(check_forest, rig, settings)
    report.finish()


def check_found(report, rig, settings):
    for name, where in [
        ("a domain", ["--locate", DOMAIN]),
        ("a domain and its site", ["--locate", f"{DOMAIN}/{SITE}"]),
        ("a site that has no controller", ["--locate", f"{DOMAIN}/Nowhere"]),
    ]:
        outcome = sync(rig, settings, *where, "--json")
        server = outcome.report.get("server", {})
        report.equal(f"{name}: the run", (outcome.status, outcome.report.get("verified_by")), (0, "ca"))
        report.equal(f"{name}: the address", server.get("address"), f"{ADDRESS}:636")
        report.equal(f"{name}: the site of the server", server.get("site"), SITE)
        # An address in no subnet: Samba names any of its sites, as Windows names none.
        report.check(f"{name}: a site of the client", bool(server.get("client_site")), outcome)
        last = outcome.report.get("connect_steps", [{}])[-1]
        report.equal(f"{name}: the host", (last.get("host"), last.get("failure")), (CONTROLLER, None))
    outcome = sync(rig, settings, "--locate", f"nowhere.{DOMAIN}", "--json")
    report.check("a domain that is not there", outcome.status != 0 and "no SRV record" in outcome.stderr, outcome)


def check_forest(report, rig, settings):
    outcome = sync(rig, settings, "--locate", DOMAIN, "--forest", "--json")
    report.equal("the forest is listed", outcome.status, 0)
    domains = outcome.report.get("domains", [])
    told = [(it["dns_name"], it["netbios_name"], it["relation"], it["controllers"]) for it in domains]
    report.equal("it is one domain", told, [(DOMAIN, NETBIOS, "own", [CONTROLLER])])
    own = domains[0] if domains else {}
    report.equal("its SID and objectGUID", (own.get("sid"), own.get("guid")), identity())
    task = own.get("task") or {}
    report.equal("its task", (own.get("url"), task.get("source")), (f"domain:{DOMAIN}", f"ldap/{DOMAIN}"))
    table = sync(rig, settings, "--locate", DOMAIN, "--forest")
    report.check("as a table", re.search(rf"{DOMAIN}\s+own\s+{NETBIOS}\s+1\s+S-1-5-21-", table.stdout), table)


def identity():
    """What OpenLDAP's client reads of the domain, decoded by Samba."""
    directory = Directory(f"ldaps://{ADDRESS}", UPN, PASSWORD, BASE)
    (entry,) = directory.search("(objectClass=domainDNS)", "objectSid", "objectGUID").values()
    return str(ndr_unpack(security.dom_sid, entry["objectsid"][0])), guid(entry)


def sync(rig, settings, *arguments):
    program = [os.path.join(EXAMPLES, "sync"), *arguments, "--username", UPN, "--ca-file", rig / "tls/ca.pem"]
    command = ["unshare", "--mount", "sh", "-c", IN_A_NAMESPACE, "sh", settings, *program]
    finished = subprocess.run(
        list(map(str, command)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "LDAP_PASSWORD": PASSWORD},
        timeout=180,
        check=False,
    )
    return Outcome(finished.returncode, finished.stdout.decode(), finished.stderr.decode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
