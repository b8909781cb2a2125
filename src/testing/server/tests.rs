use std::collections::BTreeSet;
use std::sync::Arc;

use ldap3::controls::{Control as SeenControl, ControlType, PagedResults, RawControl};
use ldap3::{Ldap, LdapConnAsync, LdapResult as Answer, Scope, SearchEntry, SearchOptions};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::*;
use crate::testing::server::codec::ber::{self, Writer};
use crate::testing::server::codec::message::{
    DIRSYNC, DOMAIN_SCOPE, SHOW_DELETED, START_TLS, WHO_AM_I,
};

const BASE: &str = "DC=corp,DC=example,DC=test";
const ACCOUNT: &str = "CORP\\svc";
const PASSWORD: &str = "c4nary-passw0rd";

fn directory(computers: usize) -> TestDirectory {
    let directory = TestDirectory::new();
    for number in 0..computers {
        directory.write().add_computer(&format!("PC{number:03}")).unwrap();
    }
    directory.write().add_account("svc", PASSWORD).unwrap();
    directory
}

async fn plain(directory: &TestDirectory) -> TestServer {
    TestServer::builder(directory).with_ldap().with_plain_binds().start().await.unwrap()
}

async fn connect(server: &TestServer) -> Ldap {
    let (connection, ldap) = LdapConnAsync::new(&server.ldap_url().unwrap()).await.unwrap();
    ldap3::drive!(connection);
    ldap
}

async fn bound(server: &TestServer) -> Ldap {
    let mut ldap = connect(server).await;
    ldap.simple_bind(ACCOUNT, PASSWORD).await.unwrap().success().unwrap();
    ldap
}

/// All that a search returns: entries, references, result.
async fn search(
    ldap: &mut Ldap,
    base: &str,
    filter: &str,
    attributes: &[&str],
    controls: Vec<RawControl>,
) -> (Vec<SearchEntry>, usize, Answer) {
    let found = ldap.with_controls(controls).search(base, Scope::Subtree, filter, attributes).await;
    let found = found.unwrap();
    let entries = found.0.into_iter().map(SearchEntry::construct).collect();
    let references = found.1.refs.len();
    (entries, references, found.1)
}

fn control(oid: &str, value: Option<Vec<u8>>) -> RawControl {
    RawControl { ctype: oid.to_owned(), crit: true, val: value }
}

fn page(size: i32, cookie: Vec<u8>) -> RawControl {
    PagedResults { size, cookie }.into()
}

fn cookie(answer: &Answer) -> Option<Vec<u8>> {
    answer.ctrls.iter().find_map(|SeenControl(kind, raw)| {
        matches!(kind, Some(ControlType::PagedResults)).then(|| raw.parse::<PagedResults>().cookie)
    })
}

fn dns(entries: &[SearchEntry]) -> BTreeSet<String> {
    entries.iter().map(|entry| entry.dn.clone()).collect()
}

/// A message of the client's, written without ldap3.
fn request(id: i64, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.constructed(ber::SEQUENCE, |message| {
        message.integer(ber::INTEGER, id);
        write(message);
    });
    writer.into_bytes()
}

fn bind_request(id: i64) -> Vec<u8> {
    request(id, |message| {
        message.constructed(0x60, |bind| {
            bind.integer(ber::INTEGER, 3).octets(ACCOUNT).primitive(0x80, PASSWORD.as_bytes());
        });
    })
}

fn search_request(id: i64) -> Vec<u8> {
    request(id, |message| {
        message.constructed(0x63, |search| {
            search
                .octets(format!("CN=Computers,{BASE}"))
                .integer(ber::ENUMERATED, 2)
                .integer(ber::ENUMERATED, 0);
            search.integer(ber::INTEGER, 0).integer(ber::INTEGER, 0).boolean(false);
            search.primitive(0x87, b"objectClass").constructed(ber::SEQUENCE, |_| {});
        });
    })
}

fn extended_request(id: i64, oid: &str) -> Vec<u8> {
    request(id, |message| {
        message.constructed(0x77, |extended| {
            extended.primitive(0x80, oid.as_bytes());
        });
    })
}

fn unbind_request(id: i64) -> Vec<u8> {
    request(id, |message| {
        message.primitive(0x42, b"");
    })
}

async fn read_message(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if let ber::Head::Whole(length) = ber::head(&bytes, 1 << 24)
            && bytes.len() == length
        {
            return Some(bytes);
        }
        bytes.push(stream.read_u8().await.ok()?);
    }
}

async fn read_all(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}

fn result_code(message: &[u8]) -> i64 {
    let (message, _) = ber::split(message).unwrap();
    let operation = message.children().unwrap()[1];
    operation.children().unwrap()[0].integer().unwrap()
}

async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    ca: &TestCa,
    version: &'static rustls::SupportedProtocolVersion,
) -> std::io::Result<tokio_rustls::client::TlsStream<S>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(ca.certificate_der().to_vec())).unwrap();
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn raw(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.ldap_address().unwrap()).await.unwrap()
}

#[tokio::test]
async fn an_anonymous_client_sees_the_root_dse_and_nothing_else() {
    let server = plain(&directory(1)).await;
    let mut ldap = connect(&server).await;
    let root =
        ldap.search("", Scope::Base, "(objectClass=*)", ["defaultNamingContext"]).await.unwrap();
    let root = SearchEntry::construct(root.0.into_iter().next().unwrap());
    assert_eq!(root.attrs["defaultNamingContext"], [BASE]);
    assert_eq!(root.attrs.len(), 1);

    let (entries, _, answer) = search(&mut ldap, BASE, "(cn=*)", &[], vec![]).await;
    assert!(entries.is_empty());
    assert_eq!(answer.rc, 1);
    assert!(answer.text.starts_with("000004DC: LdapErr: "));

    let empty = ldap.simple_bind(ACCOUNT, "").await.unwrap();
    assert_eq!(empty.rc, 0, "an unauthenticated bind succeeds");
    assert_eq!(search(&mut ldap, BASE, "(cn=*)", &[], vec![]).await.2.rc, 1);
}

#[tokio::test]
async fn every_refused_account_gets_its_sub_code() {
    let directory = directory(0);
    let server = plain(&directory).await;
    let mut ldap = connect(&server).await;
    let dn = format!("CN=svc,CN=Users,{BASE}");
    let cases = [
        (AccountState::Disabled, "533"),
        (AccountState::Locked, "775"),
        (AccountState::Expired, "701"),
        (AccountState::PasswordExpired, "532"),
        (AccountState::MustChangePassword, "773"),
        (AccountState::OutsideLogonHours, "530"),
        (AccountState::WorkstationRestricted, "531"),
    ];
    for (state, sub_code) in cases {
        directory.write().set_account_state(&dn, state).unwrap();
        let answer = ldap.simple_bind(ACCOUNT, PASSWORD).await.unwrap();
        assert_eq!(answer.rc, 49);
        assert_eq!(
            answer.text,
            format!(
                "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data {sub_code}, v4563\0"
            )
        );
    }
    assert!(ldap.simple_bind(ACCOUNT, "wrong").await.unwrap().text.contains("data 52e"));
    assert!(ldap.simple_bind("CORP\\nobody", "wrong").await.unwrap().text.contains("data 525"));
    assert_eq!(server.bind_requests(), 9);
}

#[tokio::test]
async fn a_bind_without_tls_is_refused_after_the_password_was_seen() {
    let server = TestServer::builder(&directory(0)).with_ldap().start().await.unwrap();
    let mut ldap = connect(&server).await;
    let answer = ldap.simple_bind(ACCOUNT, PASSWORD).await.unwrap();
    assert_eq!(answer.rc, 8);
    assert!(answer.text.starts_with("00002028: LdapErr: "));
    assert!(server.received_in_clear(PASSWORD.as_bytes()));
}

#[tokio::test]
async fn pages_add_up_to_the_whole_and_the_server_decides_on_their_size() {
    let directory = directory(25);
    let server =
        TestServer::builder(&directory).with_ldap().with_plain_binds().with_max_page_size(7);
    let server = server.start().await.unwrap();
    let mut ldap = bound(&server).await;
    let (mut seen, mut next, mut sizes) = (BTreeSet::new(), Vec::new(), Vec::new());
    loop {
        let controls = vec![page(10, next)];
        let (entries, _, answer) = search(&mut ldap, BASE, "(cn=PC*)", &["cn"], controls).await;
        assert_eq!(answer.rc, 0);
        sizes.push(entries.len());
        seen.extend(dns(&entries));
        next = cookie(&answer).unwrap();
        if next.is_empty() {
            break;
        }
    }
    assert_eq!(sizes, [7, 7, 7, 4]);
    assert_eq!(seen.len(), 25);

    let (entries, references, answer) = search(&mut ldap, BASE, "(cn=PC*)", &[], vec![]).await;
    assert_eq!((entries.len(), references, answer.rc), (7, 0, 4), "not paged: cut and said so");
}

#[tokio::test]
async fn a_cookie_is_good_for_its_connection_and_its_search_only() {
    let server = plain(&directory(5)).await;
    let (mut ldap, mut other) = (bound(&server).await, bound(&server).await);
    let first = search(&mut ldap, BASE, "(cn=PC*)", &[], vec![page(2, vec![])]).await.2;
    let cookie = cookie(&first).unwrap();
    let elsewhere = search(&mut other, BASE, "(cn=PC*)", &[], vec![page(2, cookie.clone())]).await;
    assert_eq!(elsewhere.2.rc, 12);
    assert!(elsewhere.2.text.starts_with("00000057: LdapErr: "));
    let changed = search(&mut ldap, BASE, "(cn=*)", &[], vec![page(2, cookie)]).await;
    assert_eq!(changed.2.rc, 12);
}

#[tokio::test]
async fn a_client_that_wants_fewer_entries_gets_fewer() {
    let server = plain(&directory(5)).await;
    let mut ldap = bound(&server).await;
    let options = SearchOptions::new().sizelimit(3);
    let found = ldap.with_search_options(options).search(BASE, Scope::Subtree, "(cn=PC*)", ["1.1"]);
    let found = found.await.unwrap();
    assert_eq!((found.0.len(), found.1.rc), (3, 4));
    assert!(SearchEntry::construct(found.0[0].clone()).attrs.is_empty());
}

#[tokio::test]
async fn a_group_past_the_limit_comes_in_ranges() {
    let directory = TestDirectory::new();
    directory.write().add_account("svc", PASSWORD).unwrap();
    let group = directory.write().add_group("Big").unwrap();
    let members: Vec<String> = (0..3200).map(|n| format!("CN=M{n},DC=other,DC=test")).collect();
    directory.write().add_values(&group, "member", members.clone()).unwrap();
    let server = plain(&directory).await;
    let mut ldap = bound(&server).await;

    let first = search(&mut ldap, &group, "(cn=*)", &["member"], vec![]).await.0;
    assert_eq!(first[0].attrs["member"], Vec::<String>::new());
    let mut got = first[0].attrs["member;range=0-1499"].clone();
    let second = search(&mut ldap, &group, "(cn=*)", &["member;range=1500-*"], vec![]).await.0;
    got.extend(second[0].attrs["member;range=1500-2999"].clone());
    let last = search(&mut ldap, &group, "(cn=*)", &["member;range=3000-*"], vec![]).await.0;
    got.extend(last[0].attrs["member;range=3000-*"].clone());
    assert_eq!(got, members);
}

#[tokio::test]
async fn a_search_of_the_domain_ends_with_references_unless_they_are_not_wanted() {
    let server = plain(&directory(1)).await;
    let mut ldap = bound(&server).await;
    let (entries, references, _) = search(&mut ldap, BASE, "(cn=PC*)", &[], vec![]).await;
    assert_eq!((entries.len(), references), (1, 3));
    let scope = vec![control(DOMAIN_SCOPE, None)];
    assert_eq!(search(&mut ldap, BASE, "(cn=PC*)", &[], scope).await.1, 0);
    let below = format!("CN=Computers,{BASE}");
    assert_eq!(search(&mut ldap, &below, "(cn=PC*)", &[], vec![]).await.1, 0);
}

#[tokio::test]
async fn the_configuration_is_a_naming_context_of_its_own() {
    let server = plain(&directory(0)).await;
    let mut ldap = bound(&server).await;
    assert!(search(&mut ldap, BASE, "(invocationId=*)", &[], vec![]).await.0.is_empty());
    let configuration = format!("CN=Configuration,{BASE}");
    let found =
        search(&mut ldap, &configuration, "(invocationId=*)", &["invocationId"], vec![]).await;
    assert_eq!(found.0.len(), 1);
}

#[tokio::test]
async fn filters_match_as_in_active_directory() {
    let directory = directory(3);
    let (inner, outer) = {
        let mut tree = directory.write();
        let (inner, outer) =
            (tree.add_group("Inner").unwrap(), tree.add_group("Outer (x*)").unwrap());
        tree.add_values(&inner, "member", [format!("CN=PC001,CN=Computers,{BASE}")]).unwrap();
        tree.add_values(&outer, "member", [inner.clone()]).unwrap();
        tree.set(&format!("CN=PC002,CN=Computers,{BASE}"), "userAccountControl", ["4098"]).unwrap();
        (inner, outer)
    };
    let guid = directory.read().entry(&inner).unwrap().guid().filter_value();
    let server = plain(&directory).await;
    let mut ldap = bound(&server).await;
    let nested =
        format!("(memberOf:1.2.840.113556.1.4.1941:={})", ldap3::ldap_escape(outer.as_str()));
    let direct = format!("(memberOf={})", ldap3::ldap_escape(inner.as_str()));
    let cases = [
        ("(objectCategory=computer)", 4),
        ("(&(objectClass=computer)(!(cn=dc1)))", 3),
        ("(userAccountControl:1.2.840.113556.1.4.803:=2)", 1),
        ("(cn=pc00*)", 3),
        ("(cn=*C*1)", 2),
        ("(|(cn=PC000)(cn=PC001)(cn=nothing))", 2),
        ("(&(cn=PC*)(uSNChanged>=0))", 3),
        ("(&(cn=PC*)(uSNChanged<=1))", 0),
        ("(cn=Outer \\28x\\2a\\29)", 1),
        (nested.as_str(), 2),
        (direct.as_str(), 1),
        (&format!("(objectGUID={guid})"), 1),
        ("(nosuchattribute=*)", 0),
    ];
    for (filter, count) in cases {
        let found = search(&mut ldap, BASE, filter, &["cn"], vec![]).await.0;
        assert_eq!(found.len(), count, "{filter}: {:?}", dns(&found));
    }
}

#[tokio::test]
async fn a_missing_base_names_the_deepest_entry_there_is() {
    let server = plain(&directory(0)).await;
    let mut ldap = bound(&server).await;
    let answer = search(&mut ldap, &format!("OU=a,OU=b,{BASE}"), "(cn=*)", &[], vec![]).await.2;
    assert_eq!((answer.rc, answer.matched.as_str()), (32, BASE));
    assert_eq!(search(&mut ldap, "no name", "(cn=*)", &[], vec![]).await.2.rc, 34);
}

#[tokio::test]
async fn an_unknown_critical_control_is_refused() {
    let server = plain(&directory(0)).await;
    let mut ldap = bound(&server).await;
    let answer = search(&mut ldap, BASE, "(cn=*)", &[], vec![control("1.2.3", None)]).await.2;
    assert_eq!(answer.rc, 12);
}

#[tokio::test]
async fn what_an_account_may_not_read_is_just_not_there() {
    let directory = directory(2);
    let server = plain(&directory).await;
    let mut ldap = bound(&server).await;
    directory.write().set_hidden(&format!("CN=PC000,CN=Computers,{BASE}"), true).unwrap();
    let (entries, _, answer) = search(&mut ldap, BASE, "(cn=PC*)", &[], vec![]).await;
    assert_eq!((entries.len(), answer.rc), (1, 0));
}

#[tokio::test]
async fn deleted_objects_are_for_those_who_ask_and_may() {
    let directory = directory(2);
    directory.write().delete(&format!("CN=PC000,CN=Computers,{BASE}")).unwrap();
    let ordinary = plain(&directory).await;
    let powerful = TestServer::builder(&directory).with_ldap().with_plain_binds();
    let powerful = powerful.with_readable_tombstones().start().await.unwrap();
    let ask = || vec![control(SHOW_DELETED, None)];
    let filter = "(&(objectClass=computer)(isDeleted=TRUE))";
    let mut ldap = bound(&ordinary).await;
    assert!(search(&mut ldap, BASE, filter, &[], ask()).await.0.is_empty());
    let mut ldap = bound(&powerful).await;
    assert!(search(&mut ldap, BASE, filter, &[], vec![]).await.0.is_empty());
    let found = search(&mut ldap, BASE, filter, &["lastKnownParent"], ask()).await.0;
    assert_eq!(found[0].attrs["lastKnownParent"], [format!("CN=Computers,{BASE}")]);
}

fn dirsync(flags: i64, cookie: &[u8]) -> Vec<RawControl> {
    let mut writer = Writer::default();
    writer.constructed(ber::SEQUENCE, |value| {
        value.integer(ber::INTEGER, flags).integer(ber::INTEGER, 1 << 20).octets(cookie);
    });
    vec![control(DIRSYNC, Some(writer.into_bytes()))]
}

fn dirsync_answer(answer: &Answer) -> (bool, Vec<u8>) {
    let raw = answer.ctrls.iter().map(|SeenControl(_, raw)| raw).find(|raw| raw.ctype == DIRSYNC);
    let value = raw.unwrap().val.clone().unwrap();
    let children = ber::split(&value).unwrap().0.children().unwrap();
    (children[0].integer().unwrap() != 0, children[2].body.to_vec())
}

#[tokio::test]
async fn dirsync_reports_what_changed_and_only_that() {
    let directory = directory(5);
    let server = TestServer::builder(&directory).with_ldap().with_plain_binds();
    let server = server.with_dirsync_entries(2).with_readable_tombstones().start().await.unwrap();
    let mut ldap = bound(&server).await;
    let attributes = ["cn", "operatingSystem", "objectGUID", "isDeleted", "name"];
    let filter = "(objectClass=computer)";

    let (mut cookie, mut seen) = (Vec::new(), BTreeSet::new());
    loop {
        let (entries, _, answer) =
            search(&mut ldap, BASE, filter, &attributes, dirsync(1, &cookie)).await;
        assert_eq!(answer.rc, 0);
        seen.extend(dns(&entries));
        let (more, next) = dirsync_answer(&answer);
        cookie = next;
        if !more {
            break;
        }
    }
    assert_eq!(seen.len(), 6, "with the domain controller");

    let (computer, gone) =
        (format!("CN=PC001,CN=Computers,{BASE}"), format!("CN=PC002,CN=Computers,{BASE}"));
    directory.write().set(&computer, "operatingSystem", ["Plan 9"]).unwrap();
    directory.write().set(&computer, "description", ["not asked for"]).unwrap();
    directory.write().delete(&gone).unwrap();
    let (entries, _, answer) =
        search(&mut ldap, BASE, filter, &attributes, dirsync(1, &cookie)).await;
    let cookie = dirsync_answer(&answer).1;
    let changed = entries.iter().find(|entry| entry.dn == computer).unwrap();
    assert_eq!(changed.attrs["operatingSystem"], ["Plan 9"]);
    assert!(!changed.attrs.contains_key("cn") && !changed.attrs.contains_key("description"));
    assert!(
        changed.bin_attrs.contains_key("objectGUID") || changed.attrs.contains_key("objectGUID")
    );
    let deleted = entries.iter().find(|entry| entry.dn.contains("DEL:")).unwrap();
    assert_eq!(deleted.attrs["isDeleted"], ["TRUE"]);
    assert_eq!(entries.len(), 2);

    let (entries, _, _) = search(&mut ldap, BASE, filter, &attributes, dirsync(1, &cookie)).await;
    assert!(entries.is_empty());
}

#[tokio::test]
async fn dirsync_without_object_security_needs_rights_that_nobody_has() {
    let server = plain(&directory(0)).await;
    let mut ldap = bound(&server).await;
    let answer = search(&mut ldap, BASE, "(cn=*)", &[], dirsync(0, b"")).await.2;
    assert_eq!(answer.rc, 50);
    assert!(answer.text.starts_with("00002105: "));
    let below = format!("CN=Computers,{BASE}");
    assert_eq!(search(&mut ldap, &below, "(cn=*)", &[], dirsync(1, b"")).await.2.rc, 53);
}

#[tokio::test]
async fn dirsync_reports_members_one_by_one_on_request() {
    let directory = directory(3);
    let dn = |n: usize| format!("CN=PC00{n},CN=Computers,{BASE}");
    let group = directory.write().add_group("G").unwrap();
    directory.write().add_values(&group, "member", [dn(0), dn(1)]).unwrap();
    let server = plain(&directory).await;
    let mut ldap = bound(&server).await;
    let answer = search(&mut ldap, BASE, "(cn=G)", &["member"], dirsync(1, b"")).await.2;
    let cookie = dirsync_answer(&answer).1;
    directory.write().add_values(&group, "member", [dn(2)]).unwrap();
    directory.write().remove_values(&group, "member", [dn(0)]).unwrap();

    let incremental = dirsync(1 - (1 << 31), &cookie);
    let found = search(&mut ldap, BASE, "(cn=G)", &["member"], incremental).await.0;
    assert_eq!(found[0].attrs["member;range=1-1"], [dn(2)]);
    assert_eq!(found[0].attrs["member;range=0-0"], [dn(0)]);
    let whole = search(&mut ldap, BASE, "(cn=G)", &["member"], dirsync(1, &cookie)).await.0;
    assert_eq!(whole[0].attrs["member"], [dn(1), dn(2)]);
}

#[tokio::test]
async fn every_length_form_and_any_segments_say_the_same() {
    let directory = directory(3);
    let mut answers = Vec::new();
    let server = || TestServer::builder(&directory).with_ldap().with_plain_binds();
    for (server, segment) in [
        (server(), 1 << 20),
        (server().with_lengths_of_windows(), 1 << 20),
        (server().with_long_lengths(), 1),
    ] {
        let server = server.with_segments(segment).start().await.unwrap();
        let mut ldap = bound(&server).await;
        let entries = search(&mut ldap, BASE, "(cn=PC*)", &[], vec![]).await.0;
        answers.push(entries.into_iter().map(|e| (e.dn, e.attrs.len())).collect::<Vec<_>>());
    }
    assert_eq!(answers[0].len(), 3);
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[tokio::test]
async fn over_tls_the_password_is_read_by_the_server_only() {
    let ca = TestCa::new("CA").unwrap();
    let tls = ServerTls::signed_by(&ca, &["127.0.0.1"]).unwrap();
    let server = TestServer::builder(&directory(1)).with_ldaps(tls).start().await.unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stream = TcpStream::connect(server.ldaps_address().unwrap()).await.unwrap();
        let mut stream = handshake(stream, &ca, version).await.unwrap();
        stream.write_all(&bind_request(1)).await.unwrap();
        assert_eq!(result_code(&read_message(&mut stream).await.unwrap()), 0);
        stream.write_all(&extended_request(2, WHO_AM_I)).await.unwrap();
        let who = read_message(&mut stream).await.unwrap();
        assert!(who.ends_with(b"u:CORP\\svc"));
        stream.write_all(&unbind_request(3)).await.unwrap();
        assert_eq!(read_all(&mut stream).await, b"");
    }
    assert!(server.received(PASSWORD.as_bytes()));
    assert!(!server.received_in_clear(PASSWORD.as_bytes()));
    assert_eq!((server.bind_requests(), server.connections()), (2, 2));
    assert!(server.recorded().iter().all(|connection| connection.encrypted));
}

#[tokio::test]
async fn start_tls_is_followed_by_a_handshake() {
    let ca = TestCa::new("CA").unwrap();
    let tls = ServerTls::signed_by(&ca, &["127.0.0.1"]).unwrap();
    let server = TestServer::builder(&directory(1)).with_start_tls(tls).start().await.unwrap();
    let mut stream = raw(&server).await;
    stream.write_all(&extended_request(1, START_TLS)).await.unwrap();
    assert_eq!(result_code(&read_message(&mut stream).await.unwrap()), 0);
    let mut stream = handshake(stream, &ca, &rustls::version::TLS13).await.unwrap();
    stream.write_all(&bind_request(2)).await.unwrap();
    assert_eq!(result_code(&read_message(&mut stream).await.unwrap()), 0);
    stream.write_all(&extended_request(3, START_TLS)).await.unwrap();
    assert_eq!(result_code(&read_message(&mut stream).await.unwrap()), 1, "only once");
}

#[tokio::test]
async fn without_a_certificate_start_tls_is_unavailable() {
    let server = plain(&directory(0)).await;
    let mut stream = raw(&server).await;
    stream.write_all(&extended_request(1, START_TLS)).await.unwrap();
    let answer = read_message(&mut stream).await.unwrap();
    assert_eq!(result_code(&answer), 52);
}

#[tokio::test]
async fn a_certificate_without_its_key_fails_in_the_handshake() {
    let ca = TestCa::new("CA").unwrap();
    let tls = ServerTls::signed_by(&ca, &["127.0.0.1"]).unwrap().with_foreign_key().unwrap();
    let server = TestServer::builder(&directory(0)).with_ldaps(tls).start().await.unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stream = TcpStream::connect(server.ldaps_address().unwrap()).await.unwrap();
        let error = handshake(stream, &ca, version).await.unwrap_err();
        assert!(error.to_string().contains("BadSignature"), "{error}");
    }
}

#[tokio::test]
async fn each_bad_certificate_is_bad_in_its_own_way() {
    let ca = TestCa::new("CA").unwrap();
    let names = ["127.0.0.1"];
    let good = ServerTls::signed_by(&ca, &names).unwrap();
    let server = TestServer::builder(&directory(0)).with_ldaps(good.clone()).start().await.unwrap();
    let cases = [
        (ServerTls::expired(&ca, &names).unwrap(), "Expired"),
        (ServerTls::not_yet_valid(&ca, &names).unwrap(), "NotValidYet"),
        (ServerTls::common_name_only(&ca, "127.0.0.1").unwrap(), "NotValidForName"),
        (
            ServerTls::signed_by(&ca, &["10.0.0.1", "dc1.corp.example.test"]).unwrap(),
            "NotValidForName",
        ),
        (ServerTls::self_signed(&names).unwrap(), "UnknownIssuer"),
        (ServerTls::self_signed_authority(&names).unwrap(), "CaUsedAsEndEntity"),
        (good.clone().only_tls_1_2(), "ProtocolVersion"),
    ];
    for (tls, expected) in cases {
        server.set_tls(tls.clone()).unwrap();
        assert_eq!(server.thumbprint().unwrap(), format!("127.0.0.1={}", tls.thumbprint()));
        let stream = TcpStream::connect(server.ldaps_address().unwrap()).await.unwrap();
        let error = handshake(stream, &ca, &rustls::version::TLS13).await.unwrap_err();
        let shown = format!("{error:?}").replace("expired", "Expired");
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
}

/// One session over a raw connection: all that the server sends until it ends.
async fn session(server: &TestServer) -> Vec<u8> {
    let mut stream = raw(server).await;
    let requests = [bind_request(1), search_request(2), unbind_request(3)].concat();
    stream.write_all(&requests).await.unwrap();
    read_all(&mut stream).await
}

#[tokio::test]
async fn a_connection_can_be_cut_after_every_byte() {
    let server = plain(&directory(2)).await;
    let whole = session(&server).await;
    assert_eq!(server.bytes_sent(), whole.len() as u64);
    assert!(whole.len() > 1500);
    for (count, fault) in (0..=whole.len()).zip([Fault::Close, Fault::Truncate].iter().cycle()) {
        server.set_script(Script::new().with(When::bytes_sent(count as u64), fault.clone()));
        let cut = session(&server).await;
        assert_eq!(cut.len(), count);
        assert!(whole.starts_with(&cut));
    }
}

#[tokio::test]
async fn a_cut_without_close_notify_is_told_apart_from_an_orderly_end() {
    let ca = TestCa::new("CA").unwrap();
    let tls = ServerTls::signed_by(&ca, &["127.0.0.1"]).unwrap();
    let server = TestServer::builder(&directory(1)).with_ldaps(tls).start().await.unwrap();
    for (fault, orderly) in [(Fault::Close, true), (Fault::Truncate, false), (Fault::Reset, false)]
    {
        server.set_script(Script::new().with(When::bytes_sent(9), fault));
        let stream = TcpStream::connect(server.ldaps_address().unwrap()).await.unwrap();
        let mut stream = handshake(stream, &ca, &rustls::version::TLS13).await.unwrap();
        stream.write_all(&bind_request(1)).await.unwrap();
        let mut bytes = Vec::new();
        let end = stream.read_to_end(&mut bytes).await;
        assert_eq!(end.is_ok(), orderly, "{end:?}");
    }
}

#[tokio::test]
async fn an_operation_can_be_answered_by_the_script() {
    let server = plain(&directory(3)).await;
    let busy = LdapResult::new(51, "busy");
    let second = When::operation(OperationKind::Search).nth(2);
    server.set_script(Script::new().with(second, Fault::Answer(busy)));
    let mut ldap = bound(&server).await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(search(&mut ldap, BASE, "(cn=PC*)", &[], vec![]).await.2.rc);
    }
    assert_eq!(codes, [0, 51, 0]);
}

#[tokio::test]
async fn a_bind_that_the_script_lets_succeed_stays_anonymous() {
    let server = plain(&directory(3)).await;
    let bind = When::operation(OperationKind::Bind);
    server.set_script(Script::new().with(bind, Fault::Answer(LdapResult::success())));
    let mut ldap = bound(&server).await;
    assert_eq!(search(&mut ldap, BASE, "(cn=PC*)", &[], vec![]).await.2.rc, 1);
}

#[tokio::test]
async fn start_tls_can_lie() {
    let ca = TestCa::new("CA").unwrap();
    let tls = ServerTls::signed_by(&ca, &["127.0.0.1"]).unwrap();
    let server = TestServer::builder(&directory(1)).with_start_tls(tls).start().await.unwrap();
    let start_tls = || When::operation(OperationKind::StartTls);

    let injected = Raw::search_entry(9, "CN=evil", &[("cn", &[b"evil"])]);
    server.set_script(Script::new().with(start_tls(), Fault::After(injected.clone().into())));
    let mut stream = raw(&server).await;
    stream.write_all(&extended_request(1, START_TLS)).await.unwrap();
    assert_eq!(result_code(&read_message(&mut stream).await.unwrap()), 0);
    assert_eq!(read_message(&mut stream).await.unwrap(), injected, "in the clear, before TLS");

    server.set_script(Script::new().with(start_tls(), Fault::ThenClose));
    let mut stream = raw(&server).await;
    stream.write_all(&extended_request(1, START_TLS)).await.unwrap();
    assert_eq!(result_code(&read_all(&mut stream).await), 0);

    let success = Fault::Answer(LdapResult::success());
    server.set_script(Script::new().with(start_tls(), success));
    let mut stream = raw(&server).await;
    stream.write_all(&extended_request(1, START_TLS)).await.unwrap();
    assert_eq!(result_code(&read_message(&mut stream).await.unwrap()), 0);
    stream.write_all(&bind_request(2)).await.unwrap();
    assert_eq!(result_code(&read_message(&mut stream).await.unwrap()), 8, "still without TLS");
}

#[tokio::test]
async fn unsolicited_messages_come_where_the_script_says() {
    let server = plain(&directory(0)).await;
    let gone = LdapResult::new(52, "shutting down");
    for notice in
        [Raw::notice_of_disconnection(&gone), Raw::notice_of_disconnection_as_windows(&gone)]
    {
        let script = Script::new()
            .with(When::accepted(), Fault::Before(notice.clone().into()))
            .with(When::operation(OperationKind::Bind), Fault::Truncate);
        server.set_script(script);
        let mut stream = raw(&server).await;
        stream.write_all(&bind_request(1)).await.unwrap();
        assert_eq!(read_all(&mut stream).await, notice);
        assert_eq!(result_code(&notice), 52);
    }
}

#[tokio::test]
async fn paging_can_go_wrong() {
    let server = plain(&directory(5)).await;
    let search_op = || When::operation(OperationKind::Search);
    server.set_script(Script::new().with(search_op(), Fault::OmitPagedControl));
    let mut ldap = bound(&server).await;
    let first = search(&mut ldap, BASE, "(cn=PC*)", &[], vec![page(2, vec![])]).await;
    assert_eq!((first.0.len(), cookie(&first.2)), (2, None));

    server.set_script(Script::new().with(search_op(), Fault::Cookie(b"again".to_vec())));
    let (mut next, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let found = search(&mut ldap, BASE, "(cn=PC*)", &[], vec![page(2, next)]).await;
        next = cookie(&found.2).unwrap();
        assert_eq!(next, b"again");
        sizes.push(found.0.len());
    }
    assert_eq!(sizes, [2, 2, 1, 0, 0], "the same cookie for ever, at last with empty pages");
}

#[tokio::test]
async fn a_gate_holds_an_answer_back_until_the_test_opens_it() {
    let directory = directory(1);
    let server = plain(&directory).await;
    let gate = Gate::new();
    let search_op = When::operation(OperationKind::Search);
    server.set_script(Script::new().with(search_op, Fault::WaitFor(gate.clone())));
    let mut ldap = bound(&server).await;
    let reading =
        tokio::spawn(async move { search(&mut ldap, BASE, "(cn=PC*)", &[], vec![]).await.0 });
    gate.reached().await;
    directory.write().add_computer("PC-LATE").unwrap();
    gate.open();
    assert_eq!(reading.await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_stalled_connection_ends_when_the_client_leaves() {
    let server = plain(&directory(1)).await;
    server.set_script(Script::new().with(When::operation(OperationKind::Bind), Fault::Stall));
    let mut stream = raw(&server).await;
    stream.write_all(&bind_request(1)).await.unwrap();
    drop(stream);
    server.all_closed().await;
}

#[tokio::test]
async fn a_flood_lasts_as_long_as_the_client_reads() {
    let server = plain(&directory(1)).await;
    let entry = Raw::for_message(|id| Raw::search_entry(id, "CN=x", &[]));
    server.set_script(
        Script::new().with(When::operation(OperationKind::Search), Fault::Flood(entry)),
    );
    let mut stream = raw(&server).await;
    stream.write_all(&[bind_request(1), search_request(7)].concat()).await.unwrap();
    read_message(&mut stream).await.unwrap();
    for _ in 0..1000 {
        assert_eq!(read_message(&mut stream).await.unwrap(), Raw::search_entry(7, "CN=x", &[]));
    }
    drop(stream);
    server.all_closed().await;
}

#[tokio::test]
async fn what_is_no_ldap_ends_the_connection() {
    let server = plain(&directory(0)).await;
    for bytes in
        [b"\x16\x03\x01\x02\x00".as_slice(), b"GET / HTTP/1.1\r\n", &Raw::nested_sequences(9000)]
    {
        let mut stream = raw(&server).await;
        stream.write_all(bytes).await.unwrap();
        assert_eq!(read_all(&mut stream).await, b"");
        assert_eq!(server.recorded().last().unwrap().raw[..3], bytes[..3]);
    }
}

#[tokio::test]
async fn the_recorder_knows_what_was_asked_for() {
    let server = plain(&directory(1)).await;
    let mut ldap = bound(&server).await;
    let critical = control(SHOW_DELETED, None);
    search(&mut ldap, BASE, "(&(cn=P*C*)(cn>=a))", &["cn", "mail"], vec![critical]).await;
    let searches = &server.recorded()[0].searches;
    assert_eq!(searches.len(), 1);
    assert_eq!(searches[0].base, BASE);
    assert_eq!(searches[0].filter, "(&(cn=P*C*)(cn>=a))");
    assert_eq!(searches[0].attributes, ["cn", "mail"]);
    assert_eq!(searches[0].controls, [(SHOW_DELETED.to_owned(), true)]);
}

#[tokio::test]
async fn a_dropped_server_leaves_nothing_behind() {
    let server = plain(&directory(1)).await;
    let address = server.ldap_address().unwrap();
    let mut stream = raw(&server).await;
    stream.write_all(&bind_request(1)).await.unwrap();
    read_message(&mut stream).await.unwrap();
    drop(server);
    assert_eq!(read_all(&mut stream).await, b"");
    assert!(TcpStream::connect(address).await.is_err());
}
