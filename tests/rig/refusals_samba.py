"""What must be refused, on a real domain controller: with exit status 4, a message that says why, and no bind.

    /usr/bin/python3 refusals_samba.py DIR      DIR as made by `samba provision`, served; EXAMPLES in the environment

On plain LDAP and before StartTLS a forwarder reads the wire; inside TLS the controller's own audit log counts.
"""

import os
import re
import sys
import time
from pathlib import Path

import programs
from directory import Directory, text
from forwarder import BIND_REQUEST, Forwarder
from programs import PASSWORD, sync
from report import Report

ADDRESS = os.environ["SAMBA_ADDRESS"]
DOMAIN, BASE = os.environ["RIG_DOMAIN"], os.environ["RIG_BASE_DN"]
ACCOUNT = os.environ["RIG_ACCOUNT"]
UPN = f"{ACCOUNT}@{DOMAIN}"
WRONG_PIN = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def main(rig):
    report = Report("refusals")
    audit = AuditLog(rig / "run/log.samba")
    with Forwarder((ADDRESS, 636)) as ldaps, Forwarder((ADDRESS, 389)) as ldap:
        with Forwarder((ADDRESS, 389), strip_starttls=True) as stripped:
            report.section(check_refusals, audit, rig, ldaps, ldap, stripped)
            report.section(check_plain_to_a_signing_server, stripped)
            report.section(check_refused_password, audit, rig, ldaps)
    report.finish()


def check_refusals(report, audit, rig, ldaps, ldap, stripped):
    ca, other_ca = str(rig / "tls/ca.pem"), str(rig / "tls/other-ca.pem")
    wrong_pin = ["--thumbprint", f"127.0.0.1={WRONG_PIN}"]
    right_pin = ["--thumbprint", f"127.0.0.1={programs.thumbprint(rig / 'tls/dc1.pem')}"]
    ldaps_url, ldap_url = f"ldaps://localhost:{ldaps.port}", f"ldap://localhost:{ldap.port}"
    cases = [
        ("a wrong pin", ldaps_url, wrong_pin, r"thumbprint|pin"),
        ("a wrong pin, also with --insecure", ldaps_url, [*wrong_pin, "--insecure"], r"thumbprint|pin"),
        ("a wrong pin, also with the right CA", ldaps_url, [*wrong_pin, "--ca-file", ca], r"thumbprint|pin"),
        ("an unknown CA without a pin", ldaps_url, ["--ca-file", other_ca], r"issuer|authority|trust|CA\b"),
        ("a name that does not match", f"ldaps://127.0.0.1:{ldaps.port}", ["--ca-file", ca], r"name|address"),
        ("StartTLS: an unknown CA", ldap_url, ["--ca-file", other_ca], r"issuer|authority|trust|CA\b"),
        ("StartTLS: a name that does not match", f"ldap://127.0.0.1:{ldap.port}", ["--ca-file", ca], r"name|address"),
        ("StartTLS: a pin without the opt-in", ldap_url, right_pin, r"issuer|authority|trust|CA\b|thumbprint|pin"),
        (
            "StartTLS: a wrong pin, opted in and with --insecure",
            ldap_url,
            [*wrong_pin, "--pins-on-starttls", "--insecure"],
            r"thumbprint|pin",
        ),
        (
            "StartTLS stripped: no plain LDAP without --insecure",
            f"ldap://localhost:{stripped.port}",
            ["--ca-file", ca],
            r"StartTLS|plain|insecure",
        ),
        (
            "no scheme, StartTLS stripped",
            f"localhost:{stripped.port}",
            ["--ca-file", ca],
            r"StartTLS|plain|insecure|TLS",
        ),
    ]
    messages = {}
    for name, url, options, expected in cases:
        messages[name] = check_refusal(report, audit, name, url, options, expected, PASSWORD)
    messages["empty"] = check_refusal(
        report, audit, "an empty password", ldaps_url, ["--ca-file", ca], r"empty|password", ""
    )
    first_of_each = ["a wrong pin", "an unknown CA without a pin", "a name that does not match", cases[-2][0], "empty"]
    distinct = {messages[name] for name in first_of_each}
    report.equal("each refusal has a message of its own", len(distinct), len(first_of_each))
    clear = [
        wire for wire in [ldaps, ldap, stripped] if wire.requests(BIND_REQUEST) or PASSWORD.encode() in wire.received()
    ]
    report.check("no bind request and no password on any wire", not clear)


def check_refusal(report, audit, name, url, options, expected, password):
    binds = audit.count()
    outcome = sync(url, UPN, "--dry-run", "--base-dn", BASE, *options, password=password)
    report.check(
        f"{name}: exit status 4, says why, no bind, no password in the output",
        outcome.status == 4
        and re.search(expected, outcome.stderr, re.IGNORECASE)
        and audit.count() == binds
        and not (password and password in outcome.stdout + outcome.stderr),
        f"{audit.count() - binds} binds, {outcome}",
    )
    return re.sub(r":\d+", "", outcome.stderr)


def check_plain_to_a_signing_server(report, stripped):
    """Only --insecure sends the password in clear; the controller then asks for stronger authentication."""
    outcome = sync(f"ldap://localhost:{stripped.port}", UPN, "--dry-run", "--base-dn", BASE, "--insecure")
    report.check("plain LDAP that the server refuses: exit status 4", outcome.status == 4, outcome)
    report.check(
        "plain LDAP that the server refuses: says why", re.search(r"sign|encrypt|strong|TLS", outcome.stderr), outcome
    )
    report.equal("plain LDAP that the server refuses: one bind", len(stripped.requests(BIND_REQUEST)), 1)


def check_refused_password(report, audit, rig, ldaps):
    ca = str(rig / "tls/ca.pem")
    binds = audit.count()
    # Without a scheme there are further transports to try: none of them may see the password again.
    outcome = sync(f"localhost:{ldaps.port}", UPN, "--dry-run", "--ca-file", ca, password="not-the-password")
    report.check("a refused password: exit status 4", outcome.status == 4, outcome)
    report.check(
        "a refused password: says so", re.search(r"password|credential", outcome.stderr, re.IGNORECASE), outcome
    )
    report.equal("a refused password is sent once", audit.count() - binds, 1)
    administrator = Directory(
        f"ldaps://{ADDRESS}", f"Administrator@{DOMAIN}", os.environ["RIG_ADMINISTRATOR_PASSWORD"], BASE
    )
    (entry,) = administrator.search(f"(sAMAccountName={ACCOUNT})", "badPwdCount").values()
    report.equal("the controller counted one bad password", text(entry, "badPwdCount"), "1")


class AuditLog:
    """The controller's record of every authentication it was asked for."""

    def __init__(self, path):
        self.path = path

    def count(self):
        # The controller writes a line before it answers; the pause is for a request that nobody waited for.
        time.sleep(0.2)
        # Not line by line: messages before it may lack their newline.
        return self.path.read_text(errors="replace").count('"type": "Authentication"')


if __name__ == "__main__":
    main(Path(sys.argv[1]))
