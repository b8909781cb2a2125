"""What must be refused of a TLS server, told as what it is: exit status 4, and a sentence that names what was presented.

    /usr/bin/python3 refusals_tls.py DIR      DIR for keys and certificates; EXAMPLES in the environment

The servers are OpenSSL's own: it makes and signs what Rust's libraries do not.
"""

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from programs import run, sync, thumbprint
from report import Report

USER = "svc-inventory@corp.example.test"
# What OpenSSL refuses by itself today, it does on request.
ANYTHING = ["-cipher", "ALL:@SECLEVEL=0"]
P256, P521, ED448 = ["EC", "ec_paramgen_curve:P-256"], ["EC", "ec_paramgen_curve:P-521"], ["ED448"]


def main(directory):
    report = Report("TLS refusals")
    certificates = Certificates(directory)
    report.section(check_keys, certificates)
    report.section(check_signatures, certificates)
    report.section(check_handshakes, certificates)
    report.section(check_client_certificates, certificates)
    report.section(check_names, certificates)
    report.section(check_ports, certificates)
    report.finish()


def check_keys(report, certificates):
    for name, key, words in [
        ("Ed448", ED448, ["Ed448"]),
        ("RSA 1024", rsa(1024), ["RSA key of 1024 bits"]),
        ("secp256k1", ["EC", "ec_paramgen_curve:secp256k1"], ["secp256k1"]),
    ]:
        certificate = certificates.issue(name, key)
        for version in ["-tls1_2", "-tls1_3"]:
            if (name, version) == ("secp256k1", "-tls1_3"):
                continue  # TLS 1.3 has no way to sign with such a key.
            with server(certificate, version, *ANYTHING) as port:
                for trust in ways_to_trust(certificate):
                    expected = [*words, "RSA keys of 2048 to 8192 bits", "a pin does not help"]
                    check(report, f"a key, {name} {version} {trust[0]}", port, trust, expected)
    # It is accepted with TLS 1.3.
    certificate = certificates.issue("P-521", P521)
    with server(certificate, "-tls1_2", *ANYTHING) as port:
        for trust in ways_to_trust(certificate):
            expected = ["P-521", "with TLS 1.3 alone", "a pin does not help"]
            check(report, f"a key, P-521 -tls1_2 {trust[0]}", port, trust, expected)


def check_signatures(report, certificates):
    pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:20"]
    for name, authority, digest, options, words in [
        ("SHA-1", rsa(2048), "sha1", [], ["RSA with SHA-1"]),
        ("ECDSA with SHA-1", P256, "sha1", [], ["ECDSA with SHA-1"]),
        ("PSS with another salt", rsa(2048), "sha256", pss, ["RSA-PSS with SHA-256 and a salt of 20 bytes"]),
        ("an authority of 1024 bits", rsa(1024), "sha256", [], ["RSA key of 1024 bits"]),
    ]:
        certificate = certificates.issue(name, P256, authority, digest, options)
        with server(certificate, *ANYTHING) as port:
            trust = ways_to_trust(certificate)[0]
            check(report, f"a signature, {name}", port, trust, [*words, "or pin"])


def check_handshakes(report, certificates):
    for name, key, algorithms, words in [
        ("SHA-1 and RSA", rsa(2048), "RSA+SHA1", ["RSA with SHA-1", "RSA key of 2048 bits"]),
        ("SHA-1 and ECDSA", P256, "ECDSA+SHA1", ["ECDSA with SHA-1"]),
    ]:
        certificate = certificates.issue(f"handshake {name}", key)
        with server(certificate, "-tls1_2", "-sigalgs", algorithms, *ANYTHING) as port:
            for trust in ways_to_trust(certificate):
                check(report, f"a handshake with {name} {trust[0]}", port, trust, words)


def check_client_certificates(report, certificates):
    certificate = certificates.issue("demanding", P256)
    for version in ["-tls1_2", "-tls1_3"]:
        with server(certificate, version, "-Verify", "1") as port:
            for trust in ways_to_trust(certificate):
                name = f"a demanded client certificate {version} {trust[0]}"
                check(report, name, port, trust, ["demands a client certificate"])


def check_names(report, certificates):
    certificate = certificates.issue("named", P256, names="DNS:127.0.0.1")
    with server(certificate) as port:
        trust = ways_to_trust(certificate)[0]
        check(report, "an address as the name of a host", port, trust, ["DNS entry", "IP entry", "pin"])


def check_ports(report, certificates):
    certificate = certificates.issue("ports", P256)
    with server(certificate) as port:
        for trust in ways_to_trust(certificate):
            check(report, f"ldap:// at a port of LDAPS {trust[0]}", port, trust, ["ldaps://"], scheme="ldap")
        outcome = run("thumbprint", f"ldap://127.0.0.1:{port}")
        refused = outcome.status == 4 and "ldaps://" in outcome.stderr
        report.check("thumbprint: ldap:// at a port of LDAPS", refused, outcome)


def check(report, name, port, options, words, scheme="ldaps"):
    outcome = sync(f"{scheme}://127.0.0.1:{port}", USER, *options)
    missing = [word for word in words if word not in outcome.stderr]
    dumps = [word for word in ["{", "Unsupported"] if word in outcome.stderr]
    told = outcome.status == 4 and not missing and not dumps
    report.check(f"{name}: says what it is, status 4", told, f"without {missing}, with {dumps}: {outcome}")


def rsa(bits):
    return ["RSA", f"rsa_keygen_bits:{bits}"]


def ways_to_trust(certificate):
    """The authority, a pin, and anything at all."""
    pin = f"127.0.0.1={thumbprint(certificate / 'server.pem')}"
    return [["--ca-file", certificate / "ca.pem"], ["--thumbprint", pin], ["--insecure"]]


class Certificates:
    def __init__(self, directory):
        self.directory = directory

    def issue(self, name, key, authority=P256, digest="sha256", options=(), names="IP:127.0.0.1"):
        """A directory with `ca.pem`, `server.pem` and `server.key`."""
        place = self.directory / name.replace(" ", "-")
        place.mkdir(parents=True)
        new_key(place / "ca.key", authority)
        new_key(place / "server.key", key)
        openssl("req", "-x509", "-new", "-key", place / "ca.key", "-sha256", "-days", "30", "-subj", f"/CN={name}",
                "-addext", "basicConstraints=critical,CA:TRUE", "-out", place / "ca.pem")
        openssl("req", "-new", "-key", place / "server.key", "-subj", "/CN=dc1", "-out", place / "server.csr")
        extensions = place / "extensions"
        extensions.write_text(f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n")
        openssl("x509", "-req", "-in", place / "server.csr", "-CA", place / "ca.pem", "-CAkey", place / "ca.key",
                "-set_serial", "7", "-days", "30", f"-{digest}", *options, "-extfile", extensions,
                "-out", place / "server.pem")
        return place


def new_key(file, kind):
    algorithm, *option = kind
    options = [word for pair in option for word in ["-pkeyopt", pair]]
    openssl("genpkey", "-algorithm", algorithm, *options, "-out", file)


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@contextmanager
def server(certificate, *options):
    """An OpenSSL server with this certificate, at a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    files = ["-cert", certificate / "server.pem", "-key", certificate / "server.key"]
    arguments = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-quiet", *files, *options]
    process = subprocess.Popen(map(str, arguments), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    try:
        wait_until_open(process, port)
        yield port
    finally:
        process.kill()
        process.wait()


def wait_until_open(process, port):
    for _ in range(100):
        if process.poll() is not None:
            raise RuntimeError(f"the server did not start: {process.stderr.read().decode()}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the server does not listen")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
