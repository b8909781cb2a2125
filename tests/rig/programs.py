"""Runs the built examples as a person or another program would."""

import json
import os
import subprocess
from dataclasses import dataclass

EXAMPLES = os.environ["EXAMPLES"]
PASSWORD = os.environ["RIG_PASSWORD"]


@dataclass
class Outcome:
    status: int
    stdout: str
    stderr: str

    @property
    def report(self):
        """What `--json` printed; an empty object when that is not JSON, so that a check fails and not the rig."""
        try:
            return json.loads(self.stdout)
        except ValueError:
            return {}

    def __str__(self):
        return f"status {self.status}: {self.stderr.strip()[-500:] or self.stdout[-500:]}"


def run(name, *arguments, password=None, variables=None):
    environment = {**os.environ, **(variables or {})}
    environment.pop("LDAP_PASSWORD", None)
    if password is not None:
        environment["LDAP_PASSWORD"] = password
    try:
        finished = subprocess.run(
            [os.path.join(EXAMPLES, name), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=180,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(-1, "", "no end within three minutes")
    return Outcome(finished.returncode, finished.stdout.decode(), finished.stderr.decode())


def sync(url, user, *options, password=PASSWORD, variables=None):
    return run("sync", "--url", url, "--username", user, "--json", *options, password=password, variables=variables)


def inventory(database, *arguments):
    """The records of a listing."""
    outcome = run("inventory", "--inventory", database, *arguments, "--json")
    if outcome.status != 0:
        raise RuntimeError(f"inventory {' '.join(arguments)}: {outcome}")
    return [json.loads(line) for line in outcome.stdout.splitlines()]


def computers_by_guid(assets):
    return {
        computer["objectGUID"].lower(): computer
        for asset in assets
        for computer in asset["attributes"].get("@ldap.computer", [])
    }


def thumbprint(pem_file):
    """What the rig's own tool says, `SHA256:BASE64`."""
    tool = os.path.join(os.path.dirname(__file__), "certificates")
    return subprocess.run([tool, "thumbprint", pem_file], capture_output=True, text=True, check=True).stdout.strip()
