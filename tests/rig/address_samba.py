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
    for zone in ("DomainDnsZones", "ForestDnsZones"):
        base = f"CN=MicrosoftDNS,DC={zone},{os.environ['RIG_BASE_DN']}"
        for node in sam.search(base, ldb.SCOPE_SUBTREE, "(objectClass=dnsNode)", ["dnsRecord"]):
            set_address(sam, node, address)


def set_address(sam, node, address):
    records = [ndr_unpack(dnsp.DnssrvRpcRecord, value) for value in node.get("dnsRecord", [])]
    addresses = [record for record in records if record.wType == dnsp.DNS_TYPE_A]
    # The addresses of the root servers of the world stay what they are.
    if "RootDNSServers" in str(node.dn) or not addresses:
        return
    for record in addresses:
        record.data = address
    values = [ndr_pack(record) for record in records]
    message = ldb.Message(node.dn)
    message["dnsRecord"] = ldb.MessageElement(values, ldb.FLAG_MOD_REPLACE, "dnsRecord")
    sam.modify(message)


if __name__ == "__main__":
    main(*sys.argv[1:])
