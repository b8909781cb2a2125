"""Writes a directory for OpenLDAP in the shape of Active Directory, the same one for every run.

    /usr/bin/python3 generate_ldif.py COMPUTERS [NODES SUBNETS] > FILE.ldif

One user for every ten computers, one group for every hundred; the last group holds a tenth of all computers. A
computer is about 1.2 kB on the wire, as it is in a real domain. With NODES and SUBNETS there is a zone of as many names
in the DNS, the first of which are those of the computers, and as many subnets of AD sites.
"""

import base64
import os
import random
import struct
import sys

BASE = os.environ["OPENLDAP_BASE_DN"]
DOMAIN = BASE.replace("DC=", "").replace(",", ".")
CATEGORY = f"CN=Schema,CN=Configuration,{BASE}"
SITES = ["Berlin", "Lyon", "Oslo", "Porto"]
SYSTEMS = [
    ("Windows 11 Enterprise", "10.0 (22631)"),
    ("Windows 10 Pro", "10.0 (19045)"),
    ("Windows Server 2022 Standard", "10.0 (20348)"),
    ("Red Hat Enterprise Linux", "9.4"),
]


def main(computers, nodes=0, subnets=0):
    chance = random.Random(100_000)
    write(sys.stdout, containers())
    write(sys.stdout, (computer(chance, number) for number in range(1, computers + 1)))
    users = computers // 10
    write(sys.stdout, (user(chance, number) for number in range(1, users + 1)))
    write(sys.stdout, groups(chance, computers, users))
    if nodes or subnets:
        write(sys.stdout, network(chance, nodes, subnets))


def write(output, entries):
    for entry in entries:
        for attribute, values in entry.items():
            for value in values if isinstance(values, list) else [values]:
                if isinstance(value, bytes):
                    output.write(f"{attribute}:: {base64.b64encode(value).decode()}\n")
                else:
                    output.write(f"{attribute}: {value}\n")
        output.write("\n")


def containers():
    yield {"dn": BASE, "objectClass": ["dcObject", "organization"], "dc": "bulk", "o": "bulk"}
    for name in ["reader", "limited"]:
        yield {
            "dn": f"CN={name},{BASE}",
            "objectClass": ["person"],
            "cn": name,
            "sn": name,
            "userPassword": os.environ["RIG_PASSWORD"],
        }
    for name in ["Estate", "Staff", "Groups"]:
        yield {"dn": f"OU={name},{BASE}", "objectClass": "organizationalUnit", "ou": name}
    for site in SITES:
        yield {"dn": f"OU={site},OU=Estate,{BASE}", "objectClass": "organizationalUnit", "ou": site}


def network(chance, nodes, subnets):
    zones, sites = f"CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}", f"CN=Sites,CN=Configuration,{BASE}"
    partition = {"objectClass": ["dcObject", "organization"], "dc": "DomainDnsZones", "o": "zones"}
    yield {"dn": f"DC=DomainDnsZones,{BASE}", **partition}
    for container in [zones, f"CN=Configuration,{BASE}", sites, f"CN=Subnets,{sites}"]:
        yield {"dn": container, "objectClass": "container", "cn": container.split(",")[0][3:]}
    zone = f"DC={DOMAIN},{zones}"
    yield {"dn": zone, "objectClass": "dnsZone", "dc": DOMAIN}
    authority = dns_record(6, chance, bytes(26))
    yield {"dn": f"DC=@,{zone}", "objectClass": "dnsNode", "dc": "@", "dnsRecord": [authority]}
    for number in range(1, nodes + 1):
        name = f"host-{number:06}"
        records = [dns_record(1, chance, bytes([10, *chance.randbytes(3)]))]
        if number % 4 == 0:
            records.append(dns_record(28, chance, bytes.fromhex("20010db8") + chance.randbytes(12)))
        yield {"dn": f"DC={name},{zone}", "objectClass": "dnsNode", "dc": name, "dnsRecord": records}
    for number in range(subnets):
        name = f"10.{number // 256 % 256}.{number % 256}.0/24"
        site = f"CN={SITES[number % len(SITES)]},{sites}"
        yield {"dn": f"CN={name},CN=Subnets,{sites}", "objectClass": "subnet", "cn": name, "siteObject": site}


def dns_record(kind, chance, data):
    """MS-DNSP, section 2.3.2.2."""
    refreshed = 3_700_000 + chance.randint(0, 20_000)
    head = struct.pack("<HHBBHI", len(data), kind, 5, 0xF0, 0, 1)
    return head + struct.pack(">I", 1200) + struct.pack("<II", 0, refreshed) + data


def computer_dn(number):
    return f"CN=HOST-{number:06},OU={SITES[number % len(SITES)]},OU=Estate,{BASE}"


def user_dn(number):
    return f"CN=User {number:05},OU=Staff,{BASE}"


def computer(chance, number):
    name = f"HOST-{number:06}"
    system, version = chance.choice(SYSTEMS)
    return {
        "dn": computer_dn(number),
        "objectClass": ["top", "person", "organizationalPerson", "user", "computer"],
        "cn": name,
        "name": name,
        "distinguishedName": computer_dn(number),
        "sAMAccountName": f"{name}$",
        "dNSHostName": f"{name.lower()}.{DOMAIN}",
        "operatingSystem": system,
        "operatingSystemVersion": version,
        "userAccountControl": "4098" if number % 17 == 0 else "4096",
        "primaryGroupID": "515",
        "sAMAccountType": "805306369",
        "description": f"Managed by the workplace team, contract {chance.randint(10**9, 10**10)}",
        "memberOf": [f"CN=Policy group {group:03},OU=Groups,{BASE}" for group in chance.sample(range(50), 2)],
        "servicePrincipalName": [
            f"{service}/{name}{suffix}"
            for service in ["HOST", "RestrictedKrbHost", "TERMSRV"]
            for suffix in ["", f".{DOMAIN}"]
        ],
        "objectCategory": f"CN=Computer,{CATEGORY}",
        **identity(chance, 1000 + number),
    }


def user(chance, number):
    account = f"user{number:05}"
    return {
        "dn": user_dn(number),
        "objectClass": ["top", "person", "organizationalPerson", "user"],
        "cn": f"User {number:05}",
        "sn": f"{number:05}",
        "displayName": f"User {number:05}",
        "sAMAccountName": account,
        "userPrincipalName": f"{account}@{DOMAIN}",
        "userAccountControl": "512",
        "primaryGroupID": "513",
        "sAMAccountType": "805306368",
        "objectCategory": f"CN=Person,{CATEGORY}",
        **identity(chance, 1_000_000 + number),
    }


def groups(chance, computers, users):
    count = max(computers // 100, 1)
    for number in range(1, count + 1):
        if number == count:
            members = [computer_dn(each) for each in range(1, computers // 10 + 1)]
        else:
            members = [user_dn(each) for each in chance.sample(range(1, users + 1), min(users, 20))]
        yield {
            "dn": f"CN=Group {number:04},OU=Groups,{BASE}",
            "objectClass": ["top", "group"],
            "cn": f"Group {number:04}",
            "sAMAccountName": f"Group {number:04}",
            "groupType": "-2147483646",
            "member": members,
            "objectCategory": f"CN=Group,{CATEGORY}",
            **identity(chance, 2_000_000 + number),
        }


def identity(chance, relative_id):
    """What a directory assigns to every object by itself."""
    logon = str(133_500_000_000_000_000 + chance.randint(0, 10**15))
    return {
        "objectGUID": chance.randbytes(16),
        "objectSid": bytes.fromhex("010500000000000515000000") + b"\x11" * 12 + relative_id.to_bytes(4, "little"),
        "whenCreated": f"20240{chance.randint(1, 9)}01080000.0Z",
        "whenChanged": f"20250{chance.randint(1, 9)}01080000.0Z",
        "uSNChanged": str(relative_id),
        "pwdLastSet": logon,
        "lastLogonTimestamp": logon,
        "instanceType": "4",
    }


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
