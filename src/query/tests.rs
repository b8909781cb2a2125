//! The language as a whole: what is read, what it prints as, what it finds.

use std::net::IpAddr;
use std::ops::ControlFlow;

use super::*;

/// Values of a field, as a test writes them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Owned {
    Address(IpAddr),
    Boolean(bool),
    /// In Unicode and in ASCII.
    Name(String, String),
    Number(i64),
    Text(String),
    Time(i64),
    Word(String),
}

impl Owned {
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Address(address) => Value::Address(*address),
            Self::Boolean(boolean) => Value::Boolean(*boolean),
            Self::Name(unicode, ascii) => Value::Name { unicode, ascii },
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(text),
            Self::Time(time) => Value::Time(*time),
            Self::Word(text) => Value::Word(text),
        }
    }
}

/// A thing made of lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    pub(super) fields: Vec<(&'static str, Owned)>,
    /// Source, folded name, value.
    pub(super) attributes: Vec<(&'static str, &'static str, Owned)>,
    /// Whether a field that it does not have may be an attribute of any source.
    pub(super) falls_through: bool,
}

/// The fields that things have.
const FIELDS: &[&str] =
    &["name", "os", "source", "address", "alive", "vlan", "last_seen", "overlap"];

impl Fields for Item {
    fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        let values = self.fields.iter().filter(|(field, _)| *field == name);
        values.map(|(_, value)| value.value()).try_for_each(&mut *visit)?;
        if !self.falls_through || FIELDS.contains(&name) {
            return ControlFlow::Continue(());
        }
        let values = self.attributes.iter().filter(|(_, attribute, _)| *attribute == name);
        values.map(|(_, _, value)| value.value()).try_for_each(visit)
    }

    fn attribute(&self, source: &str, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        let values = self.attributes.iter().filter(|(s, n, _)| *s == source && *n == name);
        values.map(|(_, _, value)| value.value()).try_for_each(visit)
    }
}

const DAY: i64 = 86_400_000_000;
/// 2026-03-01T00:00:00Z.
pub(super) const NOW: i64 = 1_772_323_200_000_000;

fn web1() -> Item {
    let text = |text: &str| Owned::Text(text.into());
    let word = |text: &str| Owned::Word(text.into());
    Item {
        fields: vec![
            ("name", text("WEB1")),
            ("name", text("web1.corp.example")),
            ("os", text("Windows Server 2022")),
            ("os_version", text("20348")),
            ("source", word("ldap")),
            ("source", word("runzero")),
            ("site", text("Head Office, 2nd floor")),
            ("address", Owned::Address("10.0.0.5".parse().unwrap())),
            ("address", Owned::Address("fe80::5".parse().unwrap())),
            ("alive", Owned::Boolean(true)),
            ("vlan", Owned::Number(12)),
            ("last_seen", Owned::Time(NOW - 3 * DAY)),
        ],
        attributes: vec![
            ("@ldap.computer", "isdomaincontroller", text("true")),
            ("@ldap.computer", "badpwdcount", text("3")),
            ("@ldap.computer", "msds-supportedencryptiontypes", text("28")),
            ("@ldap.computer", "accountexpirests", Owned::Time(NOW + 20 * DAY)),
            ("@ldap.computer", "memberof", text("CN=Admins,DC=corp")),
            ("@ldap.computer", "memberof", text("CN=Web_Servers,DC=corp")),
        ],
        falls_through: false,
    }
}

fn found(query: &str) -> bool {
    Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}")).matches(&web1(), NOW)
}

#[test]
fn queries_that_find_it() {
    for query in [
        "",
        "web1",
        "EB1.Corp",
        "=WEB1",
        "web1 web1.corp",
        "web9,web1",
        "name:web1",
        "os:windows",
        "OS:\"windows server\"",
        "os:=\"Windows Server%\"",
        "os:=\"windows server 202_\"",
        "os:linux,windows",
        "os:=linux,\"windows server 2022\"",
        "site:\"office, 2nd\"",
        "site:office\\,\\ 2nd",
        "source:ldap",
        "SOURCE:LDAP",
        "source:=ld%",
        "NOT source:azuread",
        "not not source:ldap",
        "source:azuread OR source:ldap",
        "source:azuread or source:ldap and os:windows",
        "source:ldap or source:azuread os:linux",
        "(source:azuread OR source:ldap) os:windows",
        "NOT (source:azuread or source:custom)",
        "NOT source:azuread AND os:windows",
        "has:os",
        "has:hw,os",
        "has:\"@ldap.computer.badPwdCount\"",
        "NOT has:hw",
        "alive:t",
        "alive:TRUE",
        "alive:=true",
        "NOT alive:f",
        "vlan:12",
        "vlan:11,12",
        "vlan:=12",
        "vlan:>11",
        "vlan:>=12",
        "vlan:<13",
        "os_version:>20000",
        "name_count:2",
        "name_count:>1",
        "hw_count:0",
        "@ldap.computer.memberOf_count:>=2",
        "last_seen:<2weeks",
        "last_seen:>48hours",
        "last_seen:<now",
        "last_seen:2026-02-26",
        "last_seen:=2026-02-26T00:00:00Z",
        "last_seen:>2026-01-01",
        "last_seen:<=2026-02-26",
        "last_seen:>now-4days",
        "@ldap.computer.accountExpiresTS:<30days",
        "@ldap.computer.accountExpiresTS:>now",
        "@ldap.computer.accountExpiresTS:<now+30days",
        "@ldap.computer.accountExpiresTS:>2weeks",
        "@ldap.computer.isDomainController:t",
        "@ldap.computer.isDomainController:=t",
        "@LDAP.Computer.ISDOMAINCONTROLLER:true",
        "@ldap.computer.badPwdCount:>2",
        "@ldap.computer.msDS-SupportedEncryptionTypes:28",
        "@ldap.computer.memberOf:\"cn=admins,\"",
        "@ldap.computer.memberOf:=cn=web\\_servers%",
        "address:10.0.0.5",
        "address:10.0.0.0/24",
        "address:10.0.0.",
        "address:=10.0.0.%",
        "address:fe80::5",
        "address:fe80::/10",
        "address:::ffff:10.0.0.5",
    ] {
        assert!(found(query), "{query}");
    }
}

#[test]
fn queries_that_do_not_find_it() {
    for query in [
        "web2",
        "=web",
        "web1 web2",
        "\"web1 web1.corp\"",
        "os:=windows",
        "os:windows%",
        "os:=\"windows server 20_\"",
        "source:lda",
        "source:=lda",
        "NOT source:ldap",
        "NOT NOT NOT source:ldap",
        "(source:ldap OR os:windows) os:linux",
        "source:ldap AND NOT os:windows",
        "has:hw",
        "has:name_count",
        "alive:f",
        "alive:yes",
        "vlan:1",
        "vlan:>12",
        "vlan:<12",
        "vlan:=1%",
        "os:>1",
        "name_count:>2",
        "name_count:many",
        "nonsense:1",
        "last_seen:>2weeks",
        "last_seen:<48hours",
        "last_seen:>now",
        "last_seen:>2026-02-26",
        "last_seen:<2026-02-26",
        "last_seen:3",
        "last_seen:>3",
        "@ldap.computer.accountExpiresTS:<2weeks",
        "@ldap.computer.accountExpiresTS:<now",
        "@ldap.computer.isDomainController:f",
        "@azuread.dev.isDomainController:t",
        "@ldap.computer.memberOf:=\"cn=web\\_servers_\"",
        "address:10.0.0.50",
        "address:10.0.0.0/30",
        "address:=10.0.0",
        "address:::/0 NOT address:fe80::/10",
    ] {
        assert!(!found(query), "{query}");
    }
}

#[test]
fn what_cannot_be_read_says_where_and_what_was_expected() {
    for (query, message) in [
        ("(", "column 2: expected a word, `key:value`, NOT or a parenthesis, found the end"),
        ("()", "column 2: expected a word, `key:value`, NOT or a parenthesis, found `)`"),
        ("a)", "column 2: expected no closing parenthesis without an opening one, found `)`"),
        ("ä (a b", "column 3: expected a closing parenthesis for this one, found `(`"),
        ("a AND", "column 6: expected a word, `key:value`, NOT or a parenthesis, found the end"),
        ("a AND OR b", "column 7: expected a word, `key:value`, NOT or a parenthesis, found `OR`"),
        ("OR", "column 1: expected a word, `key:value`, NOT or a parenthesis, found `OR`"),
        ("os:\"win", "column 4: expected a closing quotation mark, found `\"`"),
        ("os:", "column 4: expected a value after the colon, found the end"),
        ("os: windows", "column 4: expected a value after the colon, found ` `"),
        (":x", "column 1: expected a name before the colon, found `:`"),
        ("os:a,,b", "column 6: expected a value, found `,`"),
        ("os:a,", "column 6: expected a value, found the end"),
        ("os:=", "column 5: expected a value, found the end"),
        ("os:=a,=b", "column 7: expected the operator only before the first value, found `=b`"),
        (
            ">5",
            "column 1: expected a name before the comparison, as in `last_seen:<2weeks`, found `>5`",
        ),
        (
            "@ldap.x:1",
            "column 1: expected an attribute as `@source.type.attribute`, found `@ldap.x`",
        ),
    ] {
        assert_eq!(Query::parse(query).unwrap_err().to_string(), message, "{query}");
    }
}

#[test]
fn a_wrong_unit_or_field_is_answered_with_the_right_one() {
    let suggestion =
        |query| Query::parse_known(query, &["os_version", "name"]).unwrap_err().suggestion;
    assert_eq!(suggestion("os_version:<30dyas").as_deref(), Some("days"));
    assert_eq!(suggestion("os_vresion:1").as_deref(), Some("os_version"));
    assert_eq!(suggestion("web1 has:Nam").as_deref(), Some("name"));
    assert_eq!(suggestion("colour:red"), None);
    assert!(
        Query::parse_known("web1 OS_Version:1 name_count:2 @a.b.c:1", &["os_version", "name"])
            .is_ok()
    );
}

#[test]
fn an_error_becomes_the_crates_own() {
    let error: crate::Error = Query::parse("(").unwrap_err().into();
    assert_eq!(error.kind(), crate::ErrorKind::Invalid);
    assert!(error.to_string().starts_with("the query cannot be read at column 2"), "{error}");
}

#[test]
fn every_limit_holds_at_the_limit_and_not_past_it() {
    let nested = |depth| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Query::parse(&nested(Query::MAX_DEPTH)).is_ok());
    assert!(Query::parse(&nested(Query::MAX_DEPTH + 1)).is_err());
    assert!(Query::parse(&nested(4000)).is_err());
    assert!(Query::parse(&format!("{}a", "not ".repeat(Query::MAX_DEPTH))).is_ok());
    assert!(Query::parse(&format!("{}a", "not ".repeat(Query::MAX_DEPTH + 1))).is_err());
    assert!(Query::parse(&"a ".repeat(Query::MAX_VALUES)).is_ok());
    assert!(Query::parse(&"a ".repeat(Query::MAX_VALUES + 1)).is_err());
    assert!(Query::parse(&vec!["a"; Query::MAX_VALUES].join(",")).is_ok());
    assert!(Query::parse(&vec!["a"; Query::MAX_VALUES + 1].join(",")).is_err());
    assert!(Query::parse(&"a".repeat(Query::MAX_LENGTH)).is_ok());
    assert!(Query::parse(&"a".repeat(Query::MAX_LENGTH + 1)).is_err());
    assert!(Query::parse(&"ä".repeat(Query::MAX_LENGTH)).is_err());
}

#[test]
fn a_query_says_which_fields_it_asks_for() {
    for query in ["os:x", "NOT (a OR os:x)", "has:site,os", "OS_count:>1", "a b (c os:=x)"] {
        assert!(Query::parse(query).unwrap().asks_for("os"), "{query}");
    }
    for query in ["", "os", "@ldap.os.os:x", "has:os_version", "NOT site:os"] {
        assert!(!Query::parse(query).unwrap().asks_for("os"), "{query}");
    }
    assert!(Query::parse("web").unwrap().asks_for("name"));
}

#[test]
fn queries_print_as_people_write_them() {
    for (query, printed) in [
        ("", ""),
        ("a b", "a AND b"),
        ("a and b or not c", "(a AND b) OR NOT c"),
        ("(a)", "a"),
        ("not (a or b)", "NOT (a OR b)"),
        ("OS:\"Windows 10\",x", "OS:\"Windows 10\",x"),
        ("os:=\"a_b%\"", "os:=a_b%"),
        ("os:=\"a\\_b c%\"", "os:=\"a\\_b c%\""),
        ("\"and\"", "\"and\""),
        ("name:\"\"", "name:\"\""),
        ("CORP\\alice", "\"CORP\\\\alice\""),
        ("a:>=\"2026-01-01 10:00\"", "a:>=\"2026-01-01 10:00\""),
        ("has:a,\"@b.c.d e\"", "has:a,\"@b.c.d e\""),
        ("Name_Count:>3", "Name_count:>3"),
        ("fe80\\:\\:1", "\"fe80::1\""),
    ] {
        let parsed = Query::parse(query).unwrap();
        assert_eq!(parsed.to_string(), printed, "{query}");
        assert_eq!(Query::parse(printed).unwrap(), parsed, "{query}");
    }
}
