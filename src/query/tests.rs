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

    fn is_time(&self, name: &str) -> bool {
        let falls_through = self.falls_through && !FIELDS.contains(&name) && name.ends_with("ts");
        name == "last_seen" || falls_through
    }

    fn attribute_names(&self, visit: &mut dyn FnMut(&str, &str)) {
        self.attributes.iter().for_each(|(source, name, _)| visit(source, name));
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
            (
                "@ldap.computer",
                "managedby",
                text("CN=O'Brien\\, Pat\\\\,OU=b\\C3\\BCro \\#1,DC=corp"),
            ),
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
        "web*",
        "w?b1",
        "WEB?,x",
        "*corp*",
        "name:*.example",
        "os:win*2022",
        "os:\"windows server ????\"",
        "os:linux,win*",
        "os:=win*",
        "os:=*2_2?",
        "source:ld*",
        "source:?dap",
        "address:10.0.0.*",
        "address:10.0.?.5",
        "@ldap.computer.memberOf:cn=admins*",
        "@ldap.computer.memberOf:CN=Admins,DC=corp",
        "@ldap.computer.memberOf:=CN=Admins,DC=corp",
        "@ldap.computer.managedBy:\"CN=O'Brien\\, Pat\\\\,OU=b\\C3\\BCro \\#1,DC=corp\"",
        "@ldap.computer.managedBy:=\"CN=O'Brien\\, Pat\\\\,OU=b\\C3\\BCro \\#1,DC=corp\"",
        "@ldap.computer.managedBy:\"O'Brien\\, P\"",
        "@ldap.computer.managedBy:\"O'Brien, Pat\"",
        "@ldap.computer.managedBy:\"cn=o'brien, pat*\"",
        "@ldap.computer.managedBy:\"OU=b\\C3\\BCro #1\"",
        "NOT last_seen:never",
        "-os:linux",
        "web1 -os:linux -\"web 9\"",
        "-(os:linux OR web9)",
        "--web1",
        "web9 OR -web9",
        "\"10.0.0.5\" OR address:-,10.0.0.5",
        "last_seen:never,2026-02-26",
        "@ldap.computer.lastLogonTS:never",
        "@ldap.computer.pwdLastSetTS:=never",
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
        "eb1*",
        "*eb",
        "web1\\*",
        "\"web1\\?\"",
        "os:server*",
        "source:ld?",
        "vlan:1*",
        "last_seen:2026*",
        "last_seen:never",
        "last_seen_count:never",
        "hw:never",
        "@ldap.computer.accountExpiresTS:never",
        "@ldap.computer.description:never",
        "@ldap.computer.managedBy:\"CN=O'Brien; Pat\"",
        "@ldap.computer.managedBy:\"CN=O'Brien Pat\"",
        "os:=\"windows server 20_\"",
        "source:lda",
        "source:=lda",
        "NOT source:ldap",
        "NOT NOT NOT source:ldap",
        "-source:ldap",
        "web1 -source:ldap",
        "---source:ldap",
        "\"-web9\"",
        "\\-web9",
        "web1 - web1",
        "(web1 -)",
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
    let suggestion = |query| Query::parse_known(query, TABLE).unwrap_err().suggestion;
    assert_eq!(suggestion("os_version:<30dyas").as_deref(), Some("days"));
    assert_eq!(suggestion("os_vresion:1").as_deref(), Some("os_version"));
    assert_eq!(suggestion("web1 has:Nam").as_deref(), Some("name"));
    assert_eq!(suggestion("colour:red"), None);
    assert_eq!(suggestion("alive:t").as_deref(), Some("seen:<7days"));
    assert!(Query::parse_known("web1 OS_Version:1 name_count:2 @a.b.c:1", TABLE).is_ok());
}

const TABLE: &[Field] = &[
    Field::text(&["name", "names"], "names", "name:web1"),
    Field::text(&["os_version"], "version", "os_version:10"),
    Field::address(&["address"], "addresses", "address:10.0.0.1"),
    Field::boolean(&["virtual"], "virtual or not", "virtual:t"),
    Field::choice(&["state"], &["present", "gone"], "state", "state:gone"),
    Field::dn(&["dn"], "DN", "dn:CN=x"),
    Field::number(&["vlan"], "VLAN", "vlan:>1"),
    Field::time(&["seen"], "last sight", "seen:never"),
    Field::word(&["source"], "source", "source:ldap"),
    Field::not_kept(&["alive"], "not known", "seen:<7days"),
];

/// With the attributes of a directory, as users and groups have them.
const DIRECTORY_TABLE: &[Field] = &[
    Field::text(&["name"], "names", "name:web1"),
    Field::text(&["sam_account_name"], "account", "sam_account_name:x"),
    Field::attributes(&["attribute"], "the rest", "mail:x"),
];

#[test]
fn values_that_no_field_can_have_are_refused_at_their_place() {
    for (query, column, suggestion) in [
        ("seen:2026-13-01", 6, None),
        ("seen:2026-02-30", 6, None),
        ("web seen:30days", 10, Some("<30days")),
        ("seen:now", 6, Some("<now")),
        ("seen:2026*", 6, None),
        ("seen:=2026-1-5", 7, None),
        ("seen:2026-01-01,20260102", 17, None),
        ("seen:nevr", 6, Some("never")),
        ("seen:>30", 7, Some("30days")),
        ("seen:>2026-13-01", 7, None),
        ("seen:>never", 7, None),
        ("address:10.0.0.0/33", 9, None),
        ("address:::/129", 9, None),
        ("address:10.0.0.1,10.0.0.256", 18, None),
        ("address:web1", 9, None),
        ("address:=10.0.0", 10, None),
        ("address:>5", 10, None),
        ("virtual:yes", 9, Some("true")),
        ("virtual:flase", 9, Some("false")),
        ("virtual:t*", 9, None),
        ("state:gon", 7, Some("gone")),
        ("state:present,there", 15, None),
        ("state:x*", 7, None),
        ("state:>1", 8, None),
        ("vlan:twelve", 6, None),
        ("vlan:1.5", 6, None),
        ("vlan:>2026-01-01", 7, None),
        ("name_count:many", 12, None),
        ("name_count:<2days", 13, None),
        ("os_version:>30days", 13, None),
        ("source:<now", 9, None),
        ("@a.b.whenTS:2026-13-01", 13, None),
        ("@a.b.whenTS:30days", 13, Some("<30days")),
        ("alive:true", 1, Some("seen:<7days")),
    ] {
        let error = Query::parse_known(query, TABLE).expect_err(query);
        assert_eq!((error.column, error.suggestion.as_deref()), (column, suggestion), "{query}");
        assert!(
            query.starts_with("seen:>") || Query::parse(query).is_ok(),
            "{query} is not checked"
        );
    }
    for (query, column, suggestion) in
        [("sam_acount_name:x", 1, Some("sam_account_name")), ("lastLogonTS:2026-13-01", 13, None)]
    {
        let error = Query::parse_known(query, DIRECTORY_TABLE).expect_err(query);
        assert_eq!((error.column, error.suggestion.as_deref()), (column, suggestion), "{query}");
    }
}

#[test]
fn values_that_a_field_can_have_are_read() {
    for query in [
        "seen:never seen:=never seen:2026-01-31,never",
        "seen:<30days seen:>=2026-01-31T12:00:00+02:00 seen:<now",
        "address:10.0.0.5 address:10.0. address:fe80: address:10.* address:=10.0.0.0/8",
        "virtual:t virtual:=FALSE",
        "state:present,gone state:g* state:=GONE",
        "vlan:12,-3 vlan:<=4 name_count:2",
        "os_version:>10 source:>3 source:2026-13-01 name:10.0.0.0/33",
        "dn:CN=a,DC=b @a.b.whenTS:never @a.b.whenTS:unreadable @a.b.c:2026-13-01 @a.b.hosts:web",
    ] {
        assert!(Query::parse_known(query, TABLE).is_ok(), "{:?}", Query::parse_known(query, TABLE));
    }
    assert!(Query::parse_known("mail:x lastLogonTS:>3days", DIRECTORY_TABLE).is_ok());
}

#[test]
fn a_dn_may_stand_without_quotes() {
    for (query, values) in [
        ("dn:CN=a,OU=b,DC=c", 1),
        ("dn:=CN=a,DC=c", 1),
        ("dn:CN=a\\,b,DC=c", 1),
        ("dn:CN=*,DC=c", 1),
        ("dn:CN=a,b", 2),
        ("dn:CN=a", 1),
        ("dn:\"CN=a,b\",DC=c", 2),
        ("os:a,b=c", 2),
    ] {
        let parsed = Query::parse(query).unwrap();
        let Expr::Term(Term::Is(_, test)) = parsed.expr() else { panic!("{query}") };
        assert_eq!(test.patterns().len(), values, "{query}");
        assert_eq!(Query::parse(&parsed.to_string()).as_ref(), Ok(&parsed), "{query}");
    }
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
        ("-a -(b or c)", "NOT a AND NOT (b OR c)"),
        ("\"-a\" b-c", "\"-a\" AND b-c"),
        ("not (a or b)", "NOT (a OR b)"),
        ("OS:\"Windows 10\",x", "OS:\"Windows 10\",x"),
        ("os:=\"a_b%\"", "os:=a?b*"),
        ("a*b?", "a*b?"),
        ("os:\"a b*\",c_d%", "os:\"a b*\",\"c_d%\""),
        ("a\\*b", "\"a\\*b\""),
        ("os:=\"a\\_b c%\"", "os:=\"a\\_b c*\""),
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
