//! Who is in a group through other groups.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::{DirectoryGroup, DirectoryUser, Member, MemberPath, SearchRequest};
use crate::name::DistinguishedName;
use crate::query::{Expr, Fields, Key, Term, Test, Value, Visit};
use crate::value::ObjectGuid;

/// The groups of a directory as a graph: who is in a group, also through other groups.
///
/// Made of what the groups name themselves and of primary groups, which is all that an inventory keeps. It is as large as
/// that, and every question takes time in proportion to what it walks over: a group is entered once, however many ways
/// lead there and however they turn in circles.
///
/// ```
/// use ldap_inventory::asset::{DirectoryGroup, Nesting};
/// # use ldap_inventory::asset::{Member, MemberPath};
/// # use ldap_inventory::value::{ObjectGuid, RunId, SourceId, Timestamp};
/// # fn group(n: u8, members: &[(&str, Option<u8>)]) -> DirectoryGroup {
/// #     let guid = |n| ObjectGuid::from_bytes([n; 16]);
/// #     let member = |(dn, object): &(&str, Option<u8>)| {
/// #         Member::new(dn.parse().unwrap(), object.map(guid), MemberPath::Direct)
/// #     };
/// #     let home = ("acme".parse().unwrap(), "hq".parse().unwrap());
/// #     let key = (SourceId::new("ldap", "corp.example").unwrap(), guid(n));
/// #     let at = (RunId::from_u128(1), Timestamp::from_unix_seconds(0).unwrap());
/// #     let mut group = DirectoryGroup::new(home, key, format!("CN=group {n}").parse().unwrap(), at);
/// #     group.members = members.iter().map(member).collect();
/// #     group
/// # }
/// // Group 1 has group 2, which has Alice.
/// let (one, two) = (group(1, &[("CN=group 2", Some(2))]), group(2, &[("CN=Alice", Some(9))]));
/// let members = Nesting::of([&one, &two]).members(one.object);
/// let (alice, via) = &members[1];
/// assert_eq!(alice.dn.as_str(), "CN=Alice");
/// assert_eq!(via.as_ref().unwrap().as_str(), "CN=group 2");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Nesting {
    groups: Vec<Group>,
    numbers: HashMap<ObjectGuid, usize>,
}

#[derive(Clone, Debug)]
struct Group {
    object: ObjectGuid,
    dn: DistinguishedName,
    members: Vec<Edge>,
    /// The groups that have this one as a member.
    parents: Vec<usize>,
}

/// One member of a group.
#[derive(Clone, Debug)]
struct Edge {
    member: Member,
    /// Which group it is, if it is one.
    group: Option<usize>,
}

impl Nesting {
    /// The graph of these groups: all of an organization, or of a directory.
    pub fn of<'g>(groups: impl IntoIterator<Item = &'g DirectoryGroup>) -> Self {
        let mut nesting = Self::default();
        for group in groups {
            nesting.add(group);
        }
        nesting.tie();
        nesting
    }

    /// The members of a group: its own first, then those through them, each once, with the group that names it if that is
    /// another one: the first on the shortest way. The group itself is none, whatever circles there are. Empty for a
    /// group that is not in the graph.
    pub fn members(&self, group: ObjectGuid) -> Vec<(Member, Option<DistinguishedName>)> {
        let Some(start) = self.numbers.get(&group).copied() else { return Vec::new() };
        let (mut members, mut seen) = (Vec::new(), HashSet::new());
        self.walk_down([start], |through, edge| {
            if edge.group == Some(start) || !seen.insert(identity(&edge.member)) {
                return;
            }
            let mut member = edge.member.clone();
            let via = self.groups.get(through).filter(|_| through != start);
            if via.is_some() {
                member.path = MemberPath::Nested;
            }
            members.push((member, via.map(|group| group.dn.clone())));
        });
        members
    }

    fn add(&mut self, group: &DirectoryGroup) {
        let own = group.members.iter().filter(|member| member.path != MemberPath::Nested);
        let members = own.map(|member| Edge { member: member.clone(), group: None }).collect();
        self.numbers.insert(group.object, self.groups.len());
        let (object, dn) = (group.object, group.dn.clone());
        self.groups.push(Group { object, dn, members, parents: Vec::new() });
    }

    /// Finds the members that are groups: by their objects, and those that are known by DN alone by that.
    fn tie(&mut self) {
        let dns: HashMap<String, usize> =
            self.groups.iter().enumerate().map(|(n, group)| (group.dn.normalized(), n)).collect();
        let mut parents = Vec::new();
        for (number, group) in self.groups.iter_mut().enumerate() {
            for edge in &mut group.members {
                edge.group = match edge.member.object {
                    Some(object) => self.numbers.get(&object).copied(),
                    None => dns.get(&edge.member.dn.normalized()).copied(),
                };
                parents.extend(edge.group.map(|child| (child, number)));
            }
        }
        for (child, parent) in parents {
            self.groups.get_mut(child).into_iter().for_each(|group| group.parents.push(parent));
        }
    }

    /// Shows every membership below these groups, with the group that it is in, nearest first. How many there were.
    fn walk_down<'g>(
        &'g self,
        start: impl IntoIterator<Item = usize>,
        mut see: impl FnMut(usize, &'g Edge),
    ) -> usize {
        let mut steps = 0;
        self.walk(start, |number, group, next| {
            for edge in &group.members {
                steps += 1;
                see(number, edge);
                next.extend(edge.group);
            }
        });
        steps
    }

    /// Enters every group that is reached, once, in the order in which they are reached.
    fn walk<'g>(
        &'g self,
        start: impl IntoIterator<Item = usize>,
        mut enter: impl FnMut(usize, &'g Group, &mut Vec<usize>),
    ) {
        let mut entered = HashSet::new();
        let mut level: Vec<usize> = start.into_iter().collect();
        while !level.is_empty() {
            let mut next = Vec::new();
            for number in level {
                if let Some(group) = self.groups.get(number).filter(|_| entered.insert(number)) {
                    enter(number, group, &mut next);
                }
            }
            level = next;
        }
    }

    /// The objects in a group that passes, also through others.
    fn below(&self, passes: Passes<'_>) -> HashSet<Identity> {
        let start = self.groups.iter().enumerate().filter(|(_, group)| passes(&group.dn));
        let mut found = HashSet::new();
        self.walk_down(start.map(|(number, _)| number), |_, edge| {
            found.insert(identity(&edge.member));
        });
        found
    }

    /// The groups that name each member themselves.
    fn named_by(&self) -> HashMap<Identity, Vec<usize>> {
        let mut named_by: HashMap<Identity, Vec<usize>> = HashMap::new();
        for (number, group) in self.groups.iter().enumerate() {
            for edge in &group.members {
                named_by.entry(identity(&edge.member)).or_default().push(number);
            }
        }
        named_by
    }

    /// The groups with a member that passes, also through others.
    fn above(&self, passes: Passes<'_>) -> HashSet<Identity> {
        let has_one = |group: &Group| group.members.iter().any(|edge| passes(&edge.member.dn));
        let start = self.groups.iter().enumerate().filter(|(_, group)| has_one(group));
        let mut found = HashSet::new();
        self.walk(start.map(|(number, _)| number), |_, group, next| {
            found.insert(Identity::Object(group.object));
            next.extend(&group.parents);
        });
        found
    }
}

/// What tells members apart.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Identity {
    Object(ObjectGuid),
    Dn(Box<str>),
}

fn identity(member: &Member) -> Identity {
    match member.object {
        Some(object) => Identity::Object(object),
        None => Identity::Dn(member.dn.normalized().into()),
    }
}

/// The field of those who are in a group, or have a member, through other groups too.
const NESTED: &str = "nested";

/// What a search asks instead of how many these are.
const NESTED_COUNT: &str = "nested count";

/// The fields of direct membership, each with its plural.
const GROUP: [&str; 2] = ["group", "groups"];
const MEMBER: [&str; 2] = ["member", "members"];

/// Whether a search asks for nested membership, so that it needs the groups.
pub(crate) fn asks_for_nesting(request: &SearchRequest) -> bool {
    let asks_for = |field: &&str| request.query.asks_for(field);
    asks_for(&NESTED) || request.nested && GROUP.iter().chain(&MEMBER).any(asks_for)
}

/// A search among users or groups, with what it asks of nested membership answered beforehand: each such condition once
/// for all records.
#[derive(Debug)]
pub(crate) struct NestedSearch {
    request: SearchRequest,
    answers: Vec<HashSet<Identity>>,
    nesting: Nesting,
    /// The groups that name each member, if the query asks how many there are.
    named_by: Option<HashMap<Identity, Vec<usize>>>,
}

impl NestedSearch {
    /// A search for users. The groups are all there are, or none where [`asks_for_nesting`] says no.
    pub(crate) fn users<'g>(
        request: &SearchRequest,
        groups: impl IntoIterator<Item = &'g DirectoryGroup>,
    ) -> Self {
        Self::new(request, GROUP, Nesting::of(groups), |nesting, passes| nesting.below(passes))
    }

    /// A search for groups.
    pub(crate) fn groups<'g>(
        request: &SearchRequest,
        groups: impl IntoIterator<Item = &'g DirectoryGroup>,
    ) -> Self {
        Self::new(request, MEMBER, Nesting::of(groups), |nesting, passes| nesting.above(passes))
    }

    fn new(
        request: &SearchRequest,
        [direct, plural]: [&'static str; 2],
        nesting: Nesting,
        find: impl Fn(&Nesting, Passes<'_>) -> HashSet<Identity>,
    ) -> Self {
        let (mut answers, mut counts) = (Vec::new(), false);
        let is_nested = |key: &Key| match key {
            Key::Field(name) => {
                let name = name.folded();
                name == NESTED || request.nested && (name == direct || name == plural)
            }
            _ => false,
        };
        let query = request.query.rewritten(&mut |term| match term {
            Term::Is(key, test) if is_nested(key) => {
                let passes = |dn: &DistinguishedName| test.accepts(Value::Text(dn.as_str()), 0);
                answers.push(find(&nesting, &passes));
                let directly = Term::Is(Key::field(direct), test.clone());
                let nested = Term::Is(Key::field(NESTED), Test::is_number(answers.len()));
                Some(Expr::Or(vec![Expr::Term(directly), Expr::Term(nested)]))
            }
            Term::Is(Key::Count(key), test) if is_nested(key) => {
                counts = true;
                Some(Expr::Term(Term::Is(Key::field(NESTED_COUNT), test.clone())))
            }
            // Who is in a group through others is in one directly.
            Term::Has(keys) if keys.iter().any(is_nested) => {
                let direct =
                    |key: &Key| if is_nested(key) { Key::field(direct) } else { key.clone() };
                Some(Expr::Term(Term::Has(keys.iter().map(direct).collect())))
            }
            _ => None,
        });
        let request = SearchRequest { query, ..request.clone() };
        let named_by = counts.then(|| nesting.named_by());
        Self { request, answers, nesting, named_by }
    }

    /// Whether the search finds a user.
    pub(crate) fn finds_user(&self, user: &DirectoryUser) -> bool {
        self.finds(user, user.object, &user.dn, &|own| self.groups_of(own, user))
    }

    /// Whether the search finds a group.
    pub(crate) fn finds_group(&self, group: &DirectoryGroup) -> bool {
        self.finds(group, group.object, &group.dn, &|_| self.members_of(group))
    }

    fn finds(
        &self,
        record: &impl Fields,
        object: ObjectGuid,
        dn: &DistinguishedName,
        count: &dyn Fn(&[Identity]) -> usize,
    ) -> bool {
        if self.answers.is_empty() && self.named_by.is_none() {
            return self.request.selects(record);
        }
        let own = [Identity::Object(object), Identity::Dn(dn.normalized().into())];
        self.request.selects(&InContext { record, own, answers: &self.answers, count })
    }

    /// How many groups a user is in: those that it names, those that name it, and what these are in.
    fn groups_of(&self, own: &[Identity], user: &DirectoryUser) -> usize {
        let named_by = |own: &Identity| self.named_by.as_ref()?.get(own);
        let start = own.iter().filter_map(named_by).flatten().copied();
        let mut dns: HashSet<_> = user.groups.iter().map(DistinguishedName::normalized).collect();
        self.nesting.walk(start, |_, group, next| {
            dns.insert(group.dn.normalized());
            next.extend(&group.parents);
        });
        dns.len()
    }

    /// How many members a group has.
    fn members_of(&self, group: &DirectoryGroup) -> usize {
        let mut members: HashSet<Identity> = group.members.iter().map(identity).collect();
        self.nesting.walk_down(self.nesting.numbers.get(&group.object).copied(), |_, edge| {
            members.insert(identity(&edge.member));
        });
        members.len()
    }
}

/// A test on the DN of a group or member.
type Passes<'t> = &'t dyn Fn(&DistinguishedName) -> bool;

/// A record, with the numbers of the answers that it is among.
struct InContext<'a, R> {
    record: &'a R,
    own: [Identity; 2],
    answers: &'a [HashSet<Identity>],
    /// How many there are.
    count: &'a dyn Fn(&[Identity]) -> usize,
}

impl<R: Fields> Fields for InContext<'_, R> {
    fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        match name {
            NESTED => {}
            NESTED_COUNT => {
                let count = (self.count)(&self.own);
                return visit(Value::Number(i64::try_from(count).unwrap_or(i64::MAX)));
            }
            _ => return self.record.field(name, visit),
        }
        let is_among = |answer: &HashSet<Identity>| self.own.iter().any(|own| answer.contains(own));
        let among = (1_i64..).zip(self.answers).filter(|(_, answer)| is_among(answer));
        among.map(|(number, _)| number).try_for_each(|number| visit(Value::Number(number)))
    }

    fn attribute(&self, source: &str, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        self.record.attribute(source, name, visit)
    }

    fn is_time(&self, name: &str) -> bool {
        self.record.is_time(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::Presence;
    use crate::query::Query;
    use crate::value::{RunId, Timestamp};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).unwrap()
    }

    fn guid(n: u64) -> ObjectGuid {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        ObjectGuid::from_bytes(bytes)
    }

    fn dn(name: &str) -> DistinguishedName {
        format!("CN={name},DC=corp,DC=example").parse().unwrap()
    }

    /// A group by its number, with these groups and these others in it.
    fn group(n: u64, groups: &[u64], others: &[u64]) -> DirectoryGroup {
        let member = |name: String, n: u64| Member {
            dn: dn(&name),
            object: Some(guid(n)),
            path: MemberPath::Direct,
        };
        let groups = groups.iter().map(|n| member(format!("G{n}"), *n));
        let others = others.iter().map(|n| member(format!("U{n}"), 1_000_000 + n));
        DirectoryGroup {
            organization: "acme".parse().unwrap(),
            site: "hq".parse().unwrap(),
            source: "ldap/corp.example".parse().unwrap(),
            object: guid(n),
            sid: None,
            dn: dn(&format!("G{n}")),
            members: groups.chain(others).collect(),
            complete: true,
            attributes: Default::default(),
            presence: Presence::Present,
            run: RunId::from_u128(1),
            written: at(0),
        }
    }

    fn user(n: u64, groups: &[u64]) -> DirectoryUser {
        DirectoryUser {
            organization: "acme".parse().unwrap(),
            site: "hq".parse().unwrap(),
            source: "ldap/corp.example".parse().unwrap(),
            object: guid(1_000_000 + n),
            sid: None,
            dn: dn(&format!("U{n}")),
            groups: groups.iter().map(|n| dn(&format!("G{n}"))).collect(),
            attributes: Default::default(),
            presence: Presence::Present,
            run: RunId::from_u128(1),
            written: at(0),
        }
    }

    /// Members as `name` or `name<via`.
    fn listed(nesting: &Nesting, n: u64) -> Vec<String> {
        let name = |dn: &DistinguishedName| dn.common_name().unwrap();
        let members = nesting.members(guid(n)).into_iter();
        let listed = members.map(|(member, via)| match via {
            Some(via) => format!("{}<{}", name(&member.dn), name(&via)),
            None => name(&member.dn),
        });
        listed.collect()
    }

    #[test]
    fn members_come_once_and_by_the_shortest_way() {
        let groups = [group(1, &[2, 3], &[1]), group(2, &[4], &[2]), group(3, &[4], &[1, 3])];
        let nesting = Nesting::of(groups.iter().chain([&group(4, &[], &[4])]));
        assert_eq!(listed(&nesting, 1), ["G2", "G3", "U1", "G4<G2", "U2<G2", "U3<G3", "U4<G4"]);
        assert_eq!(listed(&nesting, 4), ["U4"]);
        assert_eq!(listed(&nesting, 5), [""; 0]);
    }

    #[test]
    fn circles_are_walked_once_and_no_group_is_its_own_member() {
        let groups = [group(1, &[1, 2], &[]), group(2, &[3], &[2]), group(3, &[1, 2], &[3])];
        let nesting = Nesting::of(&groups);
        assert_eq!(listed(&nesting, 1), ["G2", "G3<G2", "U2<G2", "U3<G3"]);
        assert_eq!(listed(&nesting, 2), ["G3", "U2", "G1<G3", "U3<G3"]);
    }

    #[test]
    fn nested_members_that_an_earlier_version_kept_change_nothing() {
        let mut kept = group(1, &[2], &[]);
        let through = Member { path: MemberPath::Nested, ..group(2, &[], &[2]).members[0].clone() };
        kept.members.push(through);
        let two = group(2, &[], &[2]);
        assert_eq!(listed(&Nesting::of([&kept, &two]), 1), ["G2", "U2<G2"]);
    }

    #[test]
    fn a_group_that_is_known_by_its_dn_alone_is_found() {
        let mut one = group(1, &[2], &[]);
        one.members[0].object = None;
        one.members[0].dn = "cn=g2, dc=CORP,dc=example".parse().unwrap();
        let two = group(2, &[], &[2]);
        assert_eq!(listed(&Nesting::of([&one, &two]), 1), ["g2", "U2<G2"]);
    }

    /// Each question takes as many steps as there are memberships, whatever the graph looks like.
    #[test]
    fn steps_are_in_proportion_to_the_graph() {
        const LONG: u64 = 10_000;
        let chain = (0..LONG).map(|n| group(n, &[n + 1], &[n])).collect::<Vec<_>>();
        // Twenty levels of two groups, each in both of the level above: a million ways from the top to the bottom.
        let level = |n: u64| [2 * n + 2, 2 * n + 3];
        let diamond: Vec<_> = (0..40).map(|n| group(n, &level(n / 2), &[n])).collect();
        let all: Vec<u64> = (0..60).collect();
        let dense: Vec<_> = (0..60).map(|n| group(n, &all, &[n])).collect();
        for groups in [chain, diamond, dense] {
            let memberships: usize = groups.iter().map(|group| group.members.len()).sum();
            let nesting = Nesting::of(&groups);
            let steps = nesting.walk_down([0], |_, _| {});
            assert!(steps <= memberships, "{steps} steps for {memberships} memberships");
            assert!(nesting.members(guid(0)).len() <= memberships);
            let mut entered = 0;
            nesting.walk(0..groups.len(), |_, _, next| {
                entered += 1;
                next.extend(0..groups.len().min(60));
            });
            assert_eq!(entered, groups.len());
            let last = (groups.len() - 1) as u64;
            let request = request("nested:=\"CN=G0,DC=corp,DC=example\"", false);
            assert!(NestedSearch::users(&request, &groups).finds_user(&user(last, &[last])));
        }
    }

    fn request(query: &str, nested: bool) -> SearchRequest {
        let query = Query::parse(query).unwrap();
        SearchRequest::new("acme".parse().unwrap(), query, at(0)).with_nested(nested)
    }

    #[test]
    fn searches_find_nested_membership_where_they_ask_for_it() {
        let groups =
            [group(1, &[2], &[1]), group(2, &[3], &[2]), group(3, &[1], &[3]), group(4, &[], &[4])];
        let users = [user(1, &[1]), user(2, &[2]), user(3, &[3]), user(4, &[4, 9])];
        let found = |query: &str, nested: bool| -> Vec<u64> {
            let search = NestedSearch::users(&request(query, nested), &groups);
            let found = (1..).zip(&users).filter(|(_, user)| search.finds_user(user));
            found.map(|(n, _)| n).collect()
        };
        assert_eq!(found("group:CN=G2", false), [2]);
        assert_eq!(
            found("group:CN=G2", true),
            [1, 2, 3],
            "in a circle everybody is in every group"
        );
        assert_eq!(found("nested:CN=G2", false), [1, 2, 3]);
        assert_eq!(found("NOT nested:CN=G2", false), [4]);
        assert_eq!(found("nested:CN=G2 nested:CN=G4", false), [0; 0]);
        assert_eq!(found("nested:CN=G9", false), [4], "a group that was not read");
        assert_eq!(found("nested:G4,G3 NOT group:CN=G1", false), [2, 3, 4]);
        assert_eq!(found("has:nested", false), [1, 2, 3, 4]);
        assert_eq!(found("nested_count:3", false), [1, 2, 3]);
        assert_eq!(found("nested_count:2", false), [4], "a group that was not read counts as well");
        assert_eq!(found("nested_count:0", false), [0; 0]);
        assert_eq!(found("nested_count:>0", false), [1, 2, 3, 4]);
        assert_eq!(found("group_count:1", false), [1, 2, 3]);
        assert_eq!(found("group_count:3 NOT nested:CN=G4", true), [1, 2, 3]);
        let found = |query: &str, nested: bool| -> Vec<u64> {
            let search = NestedSearch::groups(&request(query, nested), &groups);
            let found = (1..).zip(&groups).filter(|(_, group)| search.finds_group(group));
            found.map(|(n, _)| n).collect()
        };
        assert_eq!(found("member:CN=U2", false), [2]);
        assert_eq!(found("member:CN=U2", true), [1, 2, 3]);
        assert_eq!(found("nested:CN=U4", false), [4]);
        assert_eq!(found("nested_count:6", false), [1, 2, 3], "three groups and three users");
        assert_eq!(found("nested_count:1 OR member_count:0", false), [4]);
        assert_eq!(found("member_count:6", true), [1, 2, 3]);
    }
}
