"""Fills a freshly provisioned domain, offline and in one transaction: two thousand computers with their addresses in
the DNS, forty subnets of four sites, three thousand users, two hundred groups and one of 2,500 members, all from one
seed.

    /usr/bin/python3 populate_samba.py SMB_CONF SAM_LDB
"""

import os
import random
import sys

import ldb
from samba import param
from samba.auth import system_session
from samba.dcerpc import dnsp
from samba.ndr import ndr_pack
from samba.samdb import SamDB
from samba.sites import create_site
from samba.subnets import create_subnet

DOMAIN = os.environ["RIG_DOMAIN"]
BASE = os.environ["RIG_BASE_DN"]
ZONE = f"DC={DOMAIN},CN=MicrosoftDNS,DC=DomainDnsZones,{BASE}"
COMPUTERS, USERS, GROUPS, LARGE_GROUP, SERVICE_ACCOUNTS = 2000, 3000, 200, 2500, 5

DISABLED, NORMAL, WORKSTATION, NO_PASSWORD, NEVER_EXPIRES = 0x2, 0x200, 0x1000, 0x20, 0x10000
NEVER_JOINED = ["dNSHostName", "operatingSystem", "operatingSystemVersion", "lastLogonTimestamp"]
SITES = ["Berlin", "Lyon", "Oslo", "Zürich"]
SYSTEMS = [
    ("Windows 11 Enterprise", "10.0 (22631)"),
    ("Windows 10 Pro", "10.0 (19045)"),
    ("Windows Server 2022 Standard", "10.0 (20348)"),
    ("Windows Server® 2008 Enterprise", "6.0 (6002)"),
    ("Windows Embedded Standard", "6.1 (7601)"),
    ("Red Hat Enterprise Linux", "9.4"),
    ("macOS", "14.5"),
]


def main(configuration, database):
    settings = param.LoadParm(filename_for_non_global_lp=configuration)
    # Batch mode holds the index back to the end of the transaction.
    sam = SamDB(url=database, session_info=system_session(), lp=settings, options=["batch_mode:1"])
    sam.transaction_start()
    chance = random.Random(2000)
    set_lockout(sam)
    add_containers(sam)
    computers = [add_computer(sam, chance, number) for number in range(1, COMPUTERS + 1)]
    users = [add_user(sam, chance, number) for number in range(1, USERS + 1)]
    for number in range(1, SERVICE_ACCOUNTS + 1):
        add_service_account(sam, number)
    add_account(sam)
    add_groups(sam, chance, computers, users)
    add_subnets(sam)
    add_addresses(sam, random.Random(2001))
    sam.transaction_commit()
    sam.setpassword(f"(sAMAccountName={os.environ['RIG_ACCOUNT']})", os.environ["RIG_PASSWORD"], False)


def set_lockout(sam):
    """Without a threshold the controller does not count bad passwords. A duration of 0 is for ever."""
    change = ldb.Message(ldb.Dn(sam, BASE))
    for attribute, value in [("lockoutThreshold", "10"), ("lockoutDuration", "0")]:
        change[attribute] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, attribute)
    sam.modify(change)


def add_containers(sam):
    for name in ["Estate", "Retired", "Staff", "Groups", "Service Accounts"]:
        sam.add({"dn": f"OU={name},{BASE}", "objectClass": "organizationalUnit"})
    for site in SITES:
        sam.add({"dn": f"OU={site},OU=Estate,{BASE}", "objectClass": "organizationalUnit"})


def add_computer(sam, chance, number):
    system, version = chance.choice(SYSTEMS)
    name, account = computer_names(number)
    site = chance.choice(SITES)
    control = WORKSTATION | NO_PASSWORD
    record = {
        "objectClass": "computer",
        "sAMAccountName": f"{account}$",
        "dNSHostName": f"{host_label(name)}.{DOMAIN}",
        "operatingSystem": system,
        "operatingSystemVersion": version,
        "location": f"{site}, floor {chance.randint(0, 9)}",
        "lastLogonTimestamp": str(133_500_000_000_000_000 + chance.randint(0, 10**15)),
    }
    if number % 17 == 0:
        control |= DISABLED
    if number % 3 == 0:
        label = host_label(name)
        record["servicePrincipalName"] = [f"HOST/{label}", f"HOST/{label}.{DOMAIN}"]
    if number % 5 == 0:
        record["description"] = f"Reçu par le bureau de {site}; poste n° {number}"
    if number % 40 == 0:
        record["msDS-AdditionalDnsHostName"] = [f"alias-{number}.{DOMAIN}"]
    if number % 50 == 1:  # pre-staged: an account that no machine has joined yet
        control |= DISABLED
        for attribute in NEVER_JOINED:
            del record[attribute]
    record["userAccountControl"] = str(control)
    parent = "OU=Retired" if number % 34 == 0 else f"OU={site},OU=Estate"
    return add(sam, f"CN={escaped(name)},{parent},{BASE}", record)


def computer_names(number):
    """The common name and the account name, with the shapes that cause trouble."""
    if number % 100 == 3:  # longer than NetBIOS allows: the account is cut at 15 characters
        name = f"LN{number:04}-PRODUCTION-SERVER"
        return name, name[:15]
    if number % 100 == 7:  # needs escaping in a DN
        return f"Kiosk, lobby {number}", f"KIOSK-{number:04}"
    if number % 2:
        return f"PC-{number:04}", f"PC-{number:04}"
    return f"srv-{number:04}", f"SRV-{number:04}"


def host_label(name):
    return name.replace(", lobby ", "-").lower() if "," in name else name


def escaped(value):
    return value.replace(",", "\\,")


def add_user(sam, chance, number):
    given = chance.choice(["Ada", "Zoë", "Jürgen", "Søren", "Łucja", "Bob", "李", "Amélie"])
    control = NORMAL | NO_PASSWORD
    control |= DISABLED if number % 11 == 0 else 0
    control |= NEVER_EXPIRES if number % 13 == 0 else 0
    account = f"user{number:04}"
    record = {
        "objectClass": "user",
        "sAMAccountName": account,
        "givenName": given,
        "sn": f"Nummer {number}",
        "displayName": f"{given} Nummer {number}",
        "department": chance.choice(["IT", "Finance", "Vertrieb"]),
        "userAccountControl": str(control),
    }
    if number % 7 == 0:  # some time between 2020 and 2035
        record["accountExpires"] = str(132_223_104_000_000_000 + chance.randint(0, 47 * 10**14))
    if number % 29 == 0:
        record["userWorkstations"] = f"PC-{number:04},PC-{number + 1:04}"
    if number % 4:
        record["userPrincipalName"] = f"{account}@{DOMAIN}"
        record["mail"] = f"{account}@example.test"
    dn = add(sam, f"CN={given} {number:04},OU=Staff,{BASE}", record)
    if number % 37 == 0:
        lock_out(sam, dn)
    return dn


def lock_out(sam, dn):
    """As after too many wrong passwords."""
    change = ldb.Message(ldb.Dn(sam, dn))
    change["lockoutTime"] = ldb.MessageElement("133500000000000000", ldb.FLAG_MOD_REPLACE, "lockoutTime")
    sam.modify(change)


def add_service_account(sam, number):
    """A managed service account is a `computer` by class, and no host."""
    record = {
        "objectClass": "msDS-GroupManagedServiceAccount",
        "sAMAccountName": f"gmsa-{number}$",
        "dNSHostName": f"gmsa-{number}.{DOMAIN}",
        "userAccountControl": str(WORKSTATION),
        "msDS-ManagedPasswordInterval": "30",
    }
    add(sam, f"CN=gmsa-{number},CN=Managed Service Accounts,{BASE}", record)


def add_account(sam):
    account = os.environ["RIG_ACCOUNT"]
    record = {
        "objectClass": "user",
        "sAMAccountName": account,
        "userPrincipalName": f"{account}@{DOMAIN}",
        "userAccountControl": str(NORMAL | NO_PASSWORD),
    }
    add(sam, os.environ["RIG_ACCOUNT_DN"], record)


def add_groups(sam, chance, computers, users):
    groups = []
    for number in range(1, GROUPS + 1):
        members = chance.sample(users, chance.randint(0, 30))
        members += chance.sample(computers, chance.randint(0, 5)) if number % 4 == 0 else []
        members += chance.sample(groups, 2) if number % 3 == 0 else []
        if number == 100:
            members = []
        groups.append(add_group(sam, f"group {number:03}", members, number))
    add_group(sam, "everybody", users[:LARGE_GROUP], 1)
    ring = [add_group(sam, f"ring {letter}", [], 1) for letter in "abc"]
    for group, member in zip(ring, ring[1:] + ring[:1]):
        change = ldb.Message(ldb.Dn(sam, group))
        change["member"] = ldb.MessageElement(member, ldb.FLAG_MOD_ADD, "member")
        sam.modify(change)


def add_group(sam, name, members, number):
    # Universal ones only, so that any group may hold any other: security and distribution.
    record = {
        "objectClass": "group",
        "sAMAccountName": name,
        "groupType": str(8 if number % 7 == 0 else 8 - 0x80000000),
        "description": f"Group {number}",
    }
    if members:
        record["member"] = members
    return add(sam, f"CN={name},OU=Groups,{BASE}", record)


def add_subnets(sam):
    """Networks of four sites, and smaller ones within them that are of others."""
    configuration = str(sam.get_config_basedn())
    for site in SITES:
        create_site(sam, configuration, site)
    for number, site in enumerate(SITES):
        create_subnet(sam, configuration, f"10.{number}.0.0/16", site)
        create_subnet(sam, configuration, f"2001:db8:{number + 1}::/48", site)
        for part in range(1, 9):
            other = SITES[(number + part) % len(SITES)]
            create_subnet(sam, configuration, f"10.{number}.{part * 16}.0/{20 + part % 4}", other)


def add_addresses(sam, chance):
    """As clients register themselves: dated, some of them static, some shared, stale or of no use to others."""
    for number in range(1, COMPUTERS + 1):
        if number % 50 == 1 or number % 23 == 0:  # never joined, or without any record
            continue
        network, host = number % 5, f"{chance.randint(0, 255)}.{chance.randint(1, 254)}"
        records = [dns_record(dnsp.DNS_TYPE_A, f"10.{network}.{host}", 0 if number % 9 == 0 else 3_700_000 + number)]
        if number % 4 == 0:
            records.append(dns_record(dnsp.DNS_TYPE_AAAA, f"2001:db8:{network + 1}::{number:x}", 3_700_000))
        if number % 11 == 0:  # one that three hundred have
            records.append(dns_record(dnsp.DNS_TYPE_A, "10.0.0.1", 3_600_000))
        if number % 13 == 0:
            records += [dns_record(dnsp.DNS_TYPE_A, address, 3_700_000) for address in ["127.0.0.1", "169.254.3.4"]]
        node = {"objectClass": "dnsNode", "dnsRecord": records}
        if number % 31 == 0:
            node = {"objectClass": "dnsNode", "dNSTombstoned": "TRUE", "dnsRecord": tombstone()}
        add(sam, f"DC={host_label(computer_names(number)[0])},{ZONE}", node)


def dns_record(kind, address, hours):
    record = dnsp.DnssrvRpcRecord()
    record.wType, record.rank, record.dwSerial, record.dwTtlSeconds = kind, dnsp.DNS_RANK_ZONE, 1, 1200
    record.dwTimeStamp, record.data = hours, address
    return ndr_pack(record)


def tombstone():
    record = dnsp.DnssrvRpcRecord()
    record.wType, record.data = dnsp.DNS_TYPE_TOMBSTONE, 133_500_000_000_000_000
    return ndr_pack(record)


def add(sam, dn, record):
    sam.add({"dn": dn, **record})
    return dn


if __name__ == "__main__":
    main(*sys.argv[1:])
