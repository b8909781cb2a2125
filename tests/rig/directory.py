"""An independent reader to compare with: OpenLDAP's client."""

import base64
import os
import re
import subprocess
import uuid


class Directory:
    """A directory as one account sees it. The server's certificate is not looked at: its peer is on loopback, and
    libldap would not find `localhost` in it, since it puts the machine's own name in that place."""

    def __init__(self, url, user, password, base_dn):
        self.url = url
        self.credentials = ["-x", "-H", url, "-D", user, "-w", password]
        self.base_dn = base_dn
        self.environment = {**os.environ, "LDAPTLS_REQCERT": "never"}

    def search(self, search_filter, *attributes):
        """The entries by DN; attribute names in lower case, values as bytes."""
        command = ["ldapsearch", "-LLL", "-o", "ldif-wrap=no", *self.credentials]
        command += ["-b", self.base_dn, "-E", "pr=1000/noprompt", search_filter, *attributes]
        return entries_of(self.run(command))

    def change(self, program, *arguments, ldif=""):
        self.run([program, *self.credentials, *arguments], ldif.encode())

    def run(self, command, stdin=b""):
        finished = subprocess.run(
            command, input=stdin, capture_output=True, env=self.environment, timeout=300, check=False
        )
        if finished.returncode != 0:
            raise RuntimeError(f"{command[0]} against {self.url}: {finished.stderr.decode()}")
        return finished.stdout


def entries_of(ldif):
    entries = {}
    for block in ldif.split(b"\n\n"):
        entry = {}
        for line in block.splitlines():
            match = re.match(rb"([^:#]+)(::?) ?(.*)", line)
            if match:
                name, separator, value = match.groups()
                value = base64.b64decode(value) if separator == b"::" else value
                entry.setdefault(name.decode().lower(), []).append(value)
        if "dn" in entry:
            entries[entry["dn"][0].decode()] = entry
    return entries


def text(entry, attribute):
    """The attribute's one value as text, or None."""
    values = entry.get(attribute.lower())
    return values[0].decode() if values else None


def guid(entry):
    return str(uuid.UUID(bytes_le=entry["objectguid"][0]))


def canonical(dn):
    """A DN in one spelling: the server and the inventory may escape and case it in different ways."""
    plain = re.sub(r"(?:\\[0-9A-Fa-f]{2})+", unescaped, dn)
    return re.sub(r"\s*(?<!\\),\s*", ",", plain).casefold()


def unescaped(octets):
    decoded = bytes.fromhex(octets[0].replace("\\", "")).decode()
    return "".join(f"\\{each}" if each in ',+"\\<>;=#' else each for each in decoded)
