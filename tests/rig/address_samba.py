"""Sets the address of the domain controller in the domain's own DNS, offline.

    /usr/bin/python3 address_samba.py SMB_CONF SAM_LDB ADDRESS
"""

import os
import sys

import ldb
from samba import param
from samba.auth import system_session
from samba.dcerpc import dnsp
from samba.ndr import ndr_pack, ndr_unpack
from samba.samdb import SamDB


def main(configuration, database, address):
    settings = param.LoadParm(filename_for_non_global_lp=configuration)
    sam = SamDB(url=database, session_info=system_session(), lp=settings)
    nodes = []
    for zone in ("DomainDnsZones", "ForestDnsZones"):
        base = f"CN=MicrosoftDNS,DC={zone},{os.environ['RIG_BASE_DN']}"
        nodes += sam.search(base, ldb.SCOPE_SUBTREE, "(objectClass=dnsNode)", ["dnsRecord"])
    (before,) = {record.data for node in nodes if is_of_controller(node) for record in records(node) if is_address(record)}
    for node in nodes:
        # Other computers have addresses, too.
        if any(is_address(record) and record.data == before for record in records(node)):
            move(sam, node, before, address)


def is_of_controller(node):
    return str(node.dn).lower().startswith("dc=dc1,")


def records(node):
    return [ndr_unpack(dnsp.DnssrvRpcRecord, value) for value in node.get("dnsRecord", [])]


def is_address(record):
    return record.wType == dnsp.DNS_TYPE_A


def move(sam, node, before, address):
    moved = records(node)
    for record in moved:
        if is_address(record) and record.data == before:
            record.data = address
    values = [ndr_pack(record) for record in moved]
    message = ldb.Message(node.dn)
    message["dnsRecord"] = ldb.MessageElement(values, ldb.FLAG_MOD_REPLACE, "dnsRecord")
    sam.modify(message)


if __name__ == "__main__":
    main(*sys.argv[1:])
