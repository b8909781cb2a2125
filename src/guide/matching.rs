//! Which asset is this computer? An example for every level, and for every reason why it is none.
//!
//! The rules in their order stand at [`Planner::plan`](crate::merge::Planner::plan), the levels at
//! [`Level`](crate::merge::Level). The examples call the very engine of a sync, and hold the sentences that people
//! read. All are of the directory `corp.example` (`CORP`), and decide by this:
//!
//! ```
//! use ldap_inventory::asset::Asset;
//! use ldap_inventory::merge::{Decision, DirectoryComputers, Planner, Verdict};
//! use ldap_inventory::task::MatchPolicy;
//! use ldap_inventory::testing::MockRecord;
//! use ldap_inventory::value::{AssetId, SourceId};
//!
//! fn directory(computers: impl IntoIterator<Item = MockRecord>) -> DirectoryComputers {
//!     let read = "2026-06-01T00:00:00Z".parse().unwrap();
//!     let source = SourceId::new("ldap", "corp.example").unwrap();
//!     DirectoryComputers::new(source, "hq".parse().unwrap(), read)
//!         .with_domain(Some("corp.example"), Some("CORP"))
//!         .with_first_new(AssetId::from_u128(100))
//!         .with_objects(computers.into_iter().map(MockRecord::build))
//! }
//!
//! fn decide(computers: impl IntoIterator<Item = MockRecord>, assets: &[Asset]) -> Vec<Decision> {
//!     Planner::of(assets).plan(&directory(computers), &MatchPolicy::default())
//! }
//!
//! let decisions = decide([MockRecord::computer("WEB1")], &[]);
//! assert!(matches!(decisions[0].verdict, Verdict::Create(_)));
//! assert_eq!(decisions[0].reason(), "no asset has one of its names");
//! ```
//!
//! # The levels
//!
//! ```
//! # use ldap_inventory::asset::{Asset, Claim, SourceRecord};
//! # use ldap_inventory::merge::{Decision, DirectoryComputers, Level, Planner, Verdict};
//! # use ldap_inventory::task::MatchPolicy;
//! # use ldap_inventory::testing::MockRecord;
//! # use ldap_inventory::value::{AssetId, SourceId, Timestamp};
//! # fn directory(computers: impl IntoIterator<Item = MockRecord>) -> DirectoryComputers {
//! #     let read = "2026-06-01T00:00:00Z".parse().unwrap();
//! #     let source = SourceId::new("ldap", "corp.example").unwrap();
//! #     DirectoryComputers::new(source, "hq".parse().unwrap(), read)
//! #         .with_domain(Some("corp.example"), Some("CORP"))
//! #         .with_first_new(AssetId::from_u128(100))
//! #         .with_objects(computers.into_iter().map(MockRecord::build))
//! # }
//! # fn decide(computers: impl IntoIterator<Item = MockRecord>, assets: &[Asset]) -> Vec<Decision> {
//! #     Planner::of(assets).plan(&directory(computers), &MatchPolicy::default())
//! # }
//! let level_and_reason = |computer: MockRecord, asset: &Asset| {
//!     let decision = decide([computer], std::slice::from_ref(asset)).remove(0);
//!     assert_eq!(decision.verdict.asset(), Some(asset.id));
//!     let code = if decision.level == Some(Level::Known) { "known" } else { "names" };
//!     assert_eq!(decision.reason_code(), code);
//!     (decision.level.unwrap(), decision.reason())
//! };
//! let computer = MockRecord::computer;
//!
//! // Full: the same FQDN.
//! let asset = MockRecord::scanned(1, ["web1.corp.example"]);
//! let (level, reason) = level_and_reason(computer("WEB1"), &asset);
//! assert_eq!(level, Level::Full);
//! assert_eq!(reason, "its FQDN web1.corp.example is a name of this asset");
//!
//! // Qualified: the same short name, and the asset is known to be in the domain.
//! let mut asset = MockRecord::scanned(1, ["web1"]);
//! asset.domains.push(Claim::new("corp".to_owned(), 0, None, Timestamp::MIN));
//! let (level, reason) = level_and_reason(computer("WEB1"), &asset);
//! assert_eq!(level, Level::Qualified);
//! assert_eq!(reason, "its short name web1 is a name of this asset, and both are in the domain corp");
//!
//! // Short: the same short name, and nothing that contradicts it.
//! let asset = MockRecord::scanned(1, ["web1"]);
//! let (level, reason) = level_and_reason(computer("WEB1"), &asset);
//! assert_eq!(level, Level::Short);
//! assert_eq!(reason, "its short name web1 is a name of this asset, and no domain contradicts it");
//!
//! // Truncated: NetBIOS cut a name after 15 characters, and the directory has no other.
//! let asset = MockRecord::scanned(1, ["appserver-berlin"]);
//! let cut = computer("APPSERVER-BERLI").without("dNSHostName", "not readable");
//! let (level, reason) = level_and_reason(cut, &asset);
//! assert_eq!(level, Level::Truncated);
//! assert_eq!(
//!     reason,
//!     "appserver-berli is the beginning of appserver-berlin and of no other name, cut after 15 characters"
//! );
//!
//! // Known: it is tied already, whatever its names are now.
//! let mut asset = MockRecord::scanned(1, ["old-name"]);
//! let source = SourceId::new("ldap", "corp.example").unwrap();
//! let mut part = SourceRecord::new(1, source, "@ldap.computer", Timestamp::MIN);
//! part.object = Some(MockRecord::guid_of("WEB1"));
//! asset.parts.push(part);
//! let (level, reason) = level_and_reason(computer("WEB1"), &asset);
//! assert_eq!(level, Level::Known);
//! assert_eq!(reason, "it is tied to this asset since an earlier run");
//!
//! // In a sentence a level stands behind "by".
//! assert_eq!(Level::Known.to_string(), "the tie of an earlier run");
//! assert_eq!(Level::Constraint.to_string(), "a person's decision");
//! assert_eq!(Level::Full.to_string(), "the same FQDN");
//! assert_eq!(Level::Qualified.to_string(), "the same short name in the same domain");
//! assert_eq!(Level::Short.to_string(), "the same short name");
//! assert_eq!(Level::Truncated.to_string(), "a name that NetBIOS cut short");
//! ```
//!
//! The sixth, *constraint*, is a person's decision. It outranks all others, for and against:
//!
//! ```
//! # use ldap_inventory::asset::{Constraint, ConstraintKind};
//! # use ldap_inventory::merge::{Decision, DirectoryComputers, Level, Planner, Verdict};
//! # use ldap_inventory::task::MatchPolicy;
//! # use ldap_inventory::testing::MockRecord;
//! # use ldap_inventory::value::{AssetId, SourceId, Timestamp};
//! # fn directory(computers: impl IntoIterator<Item = MockRecord>) -> DirectoryComputers {
//! #     let read = "2026-06-01T00:00:00Z".parse().unwrap();
//! #     let source = SourceId::new("ldap", "corp.example").unwrap();
//! #     DirectoryComputers::new(source, "hq".parse().unwrap(), read)
//! #         .with_domain(Some("corp.example"), Some("CORP"))
//! #         .with_first_new(AssetId::from_u128(100))
//! #         .with_objects(computers.into_iter().map(MockRecord::build))
//! # }
//! let web1 = || MockRecord::computer("WEB1");
//! let assets = [MockRecord::scanned(1, ["web1.corp.example"]), MockRecord::scanned(2, ["intranet"])];
//! let decide = |kind, asset: AssetId| -> Decision {
//!     let it = (SourceId::new("ldap", "corp.example").unwrap(), MockRecord::guid_of("WEB1"));
//!     let said = Constraint::new("acme".parse().unwrap(), kind, it, asset, ("anna", Timestamp::MIN));
//!     let computers = directory([web1()]).with_constraints([said]);
//!     Planner::of(&assets).plan(&computers, &MatchPolicy::default()).remove(0)
//! };
//!
//! // Curation::link, or settle.
//! let linked = decide(ConstraintKind::MustLink, assets[1].id);
//! assert_eq!((linked.verdict, linked.level), (Verdict::Matched(assets[1].id), Some(Level::Constraint)));
//! assert_eq!(linked.reason_code(), "decided");
//! assert_eq!(linked.reason(), "anna decided that it is this asset");
//!
//! // Curation::separate.
//! let separated = decide(ConstraintKind::CannotLink, assets[0].id);
//! assert_eq!(separated.reason_code(), "nothing_fits");
//! let because = separated.candidates()[0].lost_because();
//! assert_eq!(because.as_deref(), Some("anna decided that they are not the same"));
//! ```
//!
//! # No evidence
//!
//! ```
//! # use ldap_inventory::asset::{Asset, Claim};
//! # use ldap_inventory::merge::{Decision, DirectoryComputers, Planner, Verdict};
//! # use ldap_inventory::task::MatchPolicy;
//! # use ldap_inventory::testing::MockRecord;
//! # use ldap_inventory::value::{AssetId, SourceId, Timestamp};
//! # fn directory(computers: impl IntoIterator<Item = MockRecord>) -> DirectoryComputers {
//! #     let read = "2026-06-01T00:00:00Z".parse().unwrap();
//! #     let source = SourceId::new("ldap", "corp.example").unwrap();
//! #     DirectoryComputers::new(source, "hq".parse().unwrap(), read)
//! #         .with_domain(Some("corp.example"), Some("CORP"))
//! #         .with_first_new(AssetId::from_u128(100))
//! #         .with_objects(computers.into_iter().map(MockRecord::build))
//! # }
//! # fn decide(computers: impl IntoIterator<Item = MockRecord>, assets: &[Asset]) -> Vec<Decision> {
//! #     Planner::of(assets).plan(&directory(computers), &MatchPolicy::default())
//! # }
//! let code = |computers: Vec<MockRecord>, assets: &[Asset]| {
//!     let decision = decide(computers, assets).remove(0);
//!     (decision.reason_code(), decision.reason())
//! };
//! let computer = MockRecord::computer;
//!
//! // No name at all.
//! let unreadable = ["cn", "dNSHostName", "sAMAccountName"]
//!     .into_iter()
//!     .fold(computer("WEB1"), |it, attribute| it.without(attribute, "not readable"));
//! assert_eq!(code(vec![unreadable], &[]), ("no_name", "it has no host name to look for".to_owned()));
//!
//! // A weak name: half of the world is called so.
//! for (name, why) in [
//!     ("raspberrypi", "a product's default name, which many hosts share"),
//!     ("laptop", "a word for any machine"),
//!     ("unknown", "a placeholder, not a name"),
//!     ("localhost", "the name by which every host knows itself"),
//!     ("10.0.0.5", "an IP address, which may pass to another host"),
//!     ("ip-10-0-0-5", "a name made of an address, which may pass to another host"),
//! ] {
//!     let asset = MockRecord::scanned(1, [name]);
//!     let (code_, reason) = code(vec![computer("PC7").with("dNSHostName", name)], &[asset]);
//!     assert_eq!(code_, "weak_names");
//!     let expected = format!("no asset shares a distinctive name with it: {name} is {why}");
//!     assert_eq!(reason, expected);
//! }
//! // But the FQDN of a default name is evidence, if one computer and one asset have it.
//! let asset = MockRecord::scanned(1, ["printer.corp.example"]);
//! assert_eq!(code(vec![computer("PRINTER")], &[asset]).0, "names");
//!
//! // A common name: more assets have it than the policy allows.
//! let assets: Vec<Asset> = (1..=6).map(|n| MockRecord::scanned(n, ["web1"])).collect();
//! let (code_, reason) = code(vec![computer("WEB1")], &assets);
//! let expected = "it may be an asset that is there, but not by a distinctive name: \
//!     the short name web1 is shared by 6 assets, more than 5";
//! assert_eq!((code_, reason.as_str()), ("common_names", expected));
//! // Or more computers, such as those made from one image. An FQDN is counted for itself.
//! let clone = |n| computer(&format!("PC{n}")).with("dNSHostName", "image.corp.example");
//! let (code_, reason) = code((1..=6).map(clone).collect(), &[MockRecord::scanned(1, ["image"])]);
//! assert_eq!(code_, "common_names");
//! assert!(reason.contains("the FQDN image.corp.example is shared by 6 computers, more than 5"), "{reason}");
//!
//! // A second name, of a load balancer or a service, that two computers have.
//! let behind = |name| computer(name).with("msDS-AdditionalDnsHostName", "shop.corp.example");
//! let (code_, reason) =
//!     code(vec![behind("WEB1"), behind("WEB2")], &[MockRecord::scanned(1, ["shop.corp.example"])]);
//! assert_eq!(code_, "weak_names");
//! let expected = "shop.corp.example is a second name that 2 computers of the directory have";
//! assert!(reason.contains(expected), "{reason}");
//!
//! // The beginning of two names.
//! let assets = [MockRecord::scanned(1, ["appserver-berlin1"]), MockRecord::scanned(2, ["appserver-berlin2"])];
//! let cut = computer("APPSERVER-BERLI").without("dNSHostName", "not readable");
//! let (code_, reason) = code(vec![cut], &assets);
//! assert_eq!(code_, "common_names");
//! assert!(reason.contains("appserver-berli is the beginning of more than one longer name"), "{reason}");
//!
//! // Of one beginning, and yet another name: what was cut has no domain behind it.
//! let asset = MockRecord::scanned(1, ["web-server-prod.lan"]);
//! let decision = decide([computer("WEB-SERVER-PROD2")], &[asset]).remove(0);
//! let because = decision.candidates()[0].lost_because();
//! assert_eq!(because.as_deref(), Some("the names are alike, but not the same"));
//!
//! // Another domain contradicts a short name.
//! let asset = MockRecord::scanned(1, ["web1.other.example"]);
//! let decision = decide([computer("WEB1")], &[asset]).remove(0);
//! assert_eq!(decision.reason_code(), "nothing_fits");
//! assert_eq!(decision.reason(), "assets have a name like it, but something speaks against each of them");
//! let because = decision.candidates()[0].lost_because();
//! assert_eq!(because.as_deref(), Some("it belongs to another domain, other.example"), "{decision:?}");
//!
//! // So does another source that saw the asset long after the computer's last sign of life.
//! let mut asset = MockRecord::scanned(1, ["web1"]);
//! let seen: Timestamp = "2026-05-31T00:00:00Z".parse().unwrap();
//! asset.last_seen.push(Claim::new(seen, 0, None, seen));
//! let unused = computer("WEB1").with("lastLogonTimestamp", "132539328000000000");
//! let decision = decide([unused], &[asset]).remove(0);
//! let because = decision.candidates()[0].lost_because().unwrap_or_default();
//! let expected = "it was seen on 2026-05-31, long after the computer's last sign of life on 2021-01-01";
//! assert_eq!(because, expected);
//! ```
//!
//! # More than one
//!
//! ```
//! # use ldap_inventory::asset::{Asset, Claim};
//! # use ldap_inventory::merge::{Decision, DirectoryComputers, Planner, Verdict};
//! # use ldap_inventory::task::{Ambiguity, MatchPolicy};
//! # use ldap_inventory::testing::MockRecord;
//! # use ldap_inventory::value::{AssetId, SourceId, Timestamp};
//! # fn directory(computers: impl IntoIterator<Item = MockRecord>) -> DirectoryComputers {
//! #     let read = "2026-06-01T00:00:00Z".parse().unwrap();
//! #     let source = SourceId::new("ldap", "corp.example").unwrap();
//! #     DirectoryComputers::new(source, "hq".parse().unwrap(), read)
//! #         .with_domain(Some("corp.example"), Some("CORP"))
//! #         .with_first_new(AssetId::from_u128(100))
//! #         .with_objects(computers.into_iter().map(MockRecord::build))
//! # }
//! # fn decide(computers: impl IntoIterator<Item = MockRecord>, assets: &[Asset]) -> Vec<Decision> {
//! #     Planner::of(assets).plan(&directory(computers), &MatchPolicy::default())
//! # }
//! let computer = MockRecord::computer;
//! let twins = [MockRecord::scanned(1, ["web1"]), MockRecord::scanned(2, ["web1"])];
//!
//! // The better level goes first.
//! let assets = [MockRecord::scanned(1, ["web1"]), MockRecord::scanned(2, ["web1.corp.example"])];
//! let decision = decide([computer("WEB1")], &assets).remove(0);
//! assert_eq!(decision.verdict, Verdict::Matched(assets[1].id));
//! let because = decision.candidates()[1].lost_because();
//! assert_eq!(because.as_deref(), Some("another asset fits better, by the same FQDN"));
//!
//! // Several assets fit equally well: it waits for a person (MatchPolicy::ambiguity).
//! let decision = decide([computer("WEB1")], &twins).remove(0);
//! assert_eq!((decision.verdict, decision.reason_code()), (Verdict::Ambiguous, "ambiguous"));
//! let expected = "2 assets fit it equally well, by the same short name; a person must decide which it is";
//! assert_eq!(decision.reason(), expected);
//! let because = decision.candidates()[0].lost_because();
//! assert_eq!(because.as_deref(), Some("another asset fits equally well"));
//! assert!(decision.is_open());
//! let triplets = [&twins[..], &[MockRecord::scanned(3, ["web1"])]].concat();
//! let because = decide([computer("WEB1")], &triplets)[0].candidates()[0].lost_because();
//! assert_eq!(because.as_deref(), Some("2 other assets fit equally well"));
//!
//! // Unless the task says otherwise: the one that was seen last, or a new one.
//! let decide_by = |ambiguity, assets: &[Asset]| -> Decision {
//!     let policy = MatchPolicy::default().with_ambiguity(ambiguity);
//!     Planner::of(assets).plan(&directory([computer("WEB1")]), &policy).remove(0)
//! };
//! let mut seen = twins.clone();
//! for (asset, day) in seen.iter_mut().zip(["2026-05-01", "2026-05-02"]) {
//!     let day: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
//!     asset.last_seen.push(Claim::new(day, 0, None, day));
//! }
//! let decision = decide_by(Ambiguity::MostRecentlySeen, &seen);
//! assert_eq!((decision.verdict, decision.reason_code()), (Verdict::Matched(seen[1].id), "most_recently_seen"));
//! let expected = "of 2 assets that fit equally well, this one was seen most recently";
//! assert!(decision.reason().ends_with(expected));
//! let because = decision.candidates()[1].lost_because();
//! assert_eq!(because.as_deref(), Some("another asset that fits equally well was seen more recently"));
//! let decision = decide_by(Ambiguity::Create, &twins);
//! assert!(matches!(decision.verdict, Verdict::Create(_)));
//! assert_eq!(decision.reason(), "2 assets fit it equally well, by the same short name");
//!
//! // One that plainly runs something else drops out.
//! let mut assets = twins.clone();
//! assets[0].os.push(Claim::new("Ubuntu 24.04".to_owned(), 0, None, Timestamp::MIN));
//! assets[1].os.push(Claim::new("Windows Server 2022".to_owned(), 0, None, Timestamp::MIN));
//! let windows = computer("WEB1").with("operatingSystem", "Windows Server 2022 Standard");
//! let decision = decide([windows], &assets).remove(0);
//! assert_eq!(decision.verdict, Verdict::Matched(assets[1].id));
//! let because = decision.candidates().iter().find_map(|it| it.lost_because()).unwrap();
//! assert_eq!(because, "it runs Linux, and the computer Windows");
//! ```
//!
//! # Two computers, one asset
//!
//! ```
//! # use ldap_inventory::asset::{Asset, SourceRecord};
//! # use ldap_inventory::merge::{Decision, DirectoryComputers, Planner, Verdict};
//! # use ldap_inventory::task::MatchPolicy;
//! # use ldap_inventory::testing::MockRecord;
//! # use ldap_inventory::value::{AssetId, SourceId, Timestamp};
//! # fn directory(computers: impl IntoIterator<Item = MockRecord>) -> DirectoryComputers {
//! #     let read = "2026-06-01T00:00:00Z".parse().unwrap();
//! #     let source = SourceId::new("ldap", "corp.example").unwrap();
//! #     DirectoryComputers::new(source, "hq".parse().unwrap(), read)
//! #         .with_domain(Some("corp.example"), Some("CORP"))
//! #         .with_first_new(AssetId::from_u128(100))
//! #         .with_objects(computers.into_iter().map(MockRecord::build))
//! # }
//! # fn decide(computers: impl IntoIterator<Item = MockRecord>, assets: &[Asset]) -> Vec<Decision> {
//! #     Planner::of(assets).plan(&directory(computers), &MatchPolicy::default())
//! # }
//! let asset = MockRecord::scanned(1, ["web1.corp.example"]);
//! let called_web1 = |name: &str| MockRecord::computer(name).with("dNSHostName", "web1.corp.example");
//! let outranked = |loser: MockRecord, winner: MockRecord| -> String {
//!     let decisions = decide([loser, winner], std::slice::from_ref(&asset));
//!     assert!(decisions.iter().any(|it| it.verdict == Verdict::Matched(asset.id)));
//!     let loser = decisions.iter().find(|it| it.reason_code() == "outranked").unwrap();
//!     let reason = loser.reason();
//!     assert!(reason.starts_with("another computer of this directory, "), "{reason}");
//!     let (_, why) = reason.split_once(" better: ").unwrap();
//!     why.to_owned()
//! };
//!
//! // The better level, then the one that did not lose its name in a replication conflict, then the enabled one, then
//! // the one that was used last.
//! let web1 = || MockRecord::computer("WEB1");
//! let short = MockRecord::computer("OTHER").with("dNSHostName", "web1");
//! assert_eq!(outranked(short, web1()), "it fits by the same FQDN");
//! let conflict = called_web1("CONFLICT").with("sAMAccountName", "$DUPLICATE-451");
//! assert_eq!(outranked(conflict, web1()), "this one is the loser of a replication conflict");
//! assert_eq!(outranked(called_web1("OLD").disabled(), web1()), "it is enabled");
//! let (earlier, later) = ("132539328000000000", "134200000000000000");
//! let used = |it: MockRecord, when: &str| it.with("lastLogonTimestamp", when);
//! assert_eq!(outranked(used(called_web1("OLD"), earlier), used(web1(), later)), "it was used more recently");
//! // Where nothing tells them apart, both wait.
//! let twins = decide([called_web1("TWIN"), web1()], std::slice::from_ref(&asset));
//! assert!(twins.iter().all(|it| it.verdict == Verdict::Ambiguous && it.reason_code() == "contested"));
//!
//! // What another computer has is no candidate, whatever that one is called now.
//! let mut held = asset.clone();
//! let source = SourceId::new("ldap", "corp.example").unwrap();
//! let mut part = SourceRecord::new(1, source, "@ldap.computer", Timestamp::MIN);
//! part.object = Some(MockRecord::guid_of("RENAMED"));
//! held.parts.push(part);
//! let decisions = decide([web1(), MockRecord::computer("RENAMED")], std::slice::from_ref(&held));
//! let decision = decisions.iter().find(|it| it.object == MockRecord::guid_of("WEB1")).unwrap();
//! assert_eq!(decision.reason_code(), "held");
//! let (reason, id) = (decision.reason(), asset.id);
//! let expected = "is tied to another computer of this directory, renamed.corp.example";
//! assert_eq!(reason, format!("the asset that fits, {id}, {expected}"));
//! let because = decision.candidates()[0].lost_because().unwrap();
//! assert_eq!(because, "it is tied to another computer of this directory, renamed.corp.example");
//! ```
//!
//! # Several directories, and what came since
//!
//! ```
//! # use ldap_inventory::asset::{Asset, Claim, Constraint, ConstraintKind, SourceRecord};
//! # use ldap_inventory::merge::{Decision, DirectoryComputers, Planner, Verdict};
//! # use ldap_inventory::task::MatchPolicy;
//! # use ldap_inventory::testing::MockRecord;
//! # use ldap_inventory::value::{AssetId, ObjectGuid, SourceId, Timestamp};
//! # fn directory(computers: impl IntoIterator<Item = MockRecord>) -> DirectoryComputers {
//! #     let read = "2026-06-01T00:00:00Z".parse().unwrap();
//! #     let source = SourceId::new("ldap", "corp.example").unwrap();
//! #     DirectoryComputers::new(source, "hq".parse().unwrap(), read)
//! #         .with_domain(Some("corp.example"), Some("CORP"))
//! #         .with_first_new(AssetId::from_u128(100))
//! #         .with_objects(computers.into_iter().map(MockRecord::build))
//! # }
//! # fn decide(computers: impl IntoIterator<Item = MockRecord>, assets: &[Asset]) -> Vec<Decision> {
//! #     Planner::of(assets).plan(&directory(computers), &MatchPolicy::default())
//! # }
//! let web1 = || MockRecord::computer("WEB1");
//! let eu = SourceId::new("ldap", "eu.example").unwrap();
//! // A computer of the other directory, as the inventory has it: a record with this number.
//! let theirs = |asset: &mut Asset, number: u32, object: ObjectGuid| {
//!     let mut part = SourceRecord::new(number, eu.clone(), "@ldap.computer", Timestamp::MIN);
//!     part.object = Some(object);
//!     part.attributes = [("dNSHostName", "web1.eu.example")].into_iter().collect();
//!     asset.parts.push(part);
//!     asset.names.push(Claim::new("web1.eu.example".parse().unwrap(), number, None, Timestamp::MIN));
//!     asset.domains.push(Claim::new("eu.example".to_owned(), number, None, Timestamp::MIN));
//! };
//! let object = MockRecord::guid_of("WEB1 of eu.example");
//! let mut other = MockRecord::scanned(2, []);
//! other.parts.clear();
//! theirs(&mut other, 0, object);
//!
//! // A bare name may mean either: the newcomer waits.
//! let bare = MockRecord::scanned(1, ["web1"]);
//! let decision = decide([web1()], &[bare.clone(), other]).remove(0);
//! assert_eq!((decision.verdict, decision.reason_code()), (Verdict::Ambiguous, "contested"));
//! assert_eq!(
//!     decision.reason(),
//!     "an asset fits it by the same short name alone, and web1.eu.example of ldap/eu.example fits that asset as well; \
//!      a person must decide which it is"
//! );
//! let because = decision.candidates().iter().find(|it| it.asset == bare.id).unwrap().lost_because();
//! assert_eq!(because.as_deref(), Some("web1.eu.example of ldap/eu.example fits it as well"));
//!
//! // Once a person has said that it is the other one, it is none of this one's candidates.
//! let mut settled = bare.clone();
//! theirs(&mut settled, 1, object);
//! let said = Constraint::new(
//!     "acme".parse().unwrap(),
//!     ConstraintKind::MustLink,
//!     (eu.clone(), object),
//!     settled.id,
//!     ("anna", Timestamp::MIN),
//! );
//! let computers = directory([web1()]).with_constraints([said]);
//! let decision = Planner::of(&[settled]).plan(&computers, &MatchPolicy::default()).remove(0);
//! let because = decision.candidates()[0].lost_because();
//! assert_eq!(because.as_deref(), Some("anna decided that it is web1.eu.example of ldap/eu.example"));
//!
//! // The same objectGUID in another directory is the same computer.
//! let mut moved = MockRecord::scanned(1, ["intranet"]);
//! theirs(&mut moved, 1, MockRecord::guid_of("WEB1"));
//! let decision = decide([web1()], std::slice::from_ref(&moved)).remove(0);
//! assert_eq!((decision.verdict, decision.reason_code()), (Verdict::Matched(moved.id), "moved"));
//! let expected = "ldap/eu.example has the same object: it was moved from one domain to another";
//! assert_eq!(decision.reason(), expected);
//!
//! // A known computer that was alone, and two assets that came since: it stays, and a person is asked.
//! let mut own = MockRecord::scanned(1, ["web1.corp.example", "web1"]);
//! own.parts[0].source = SourceId::new("ldap", "corp.example").unwrap();
//! own.parts[0].object = Some(MockRecord::guid_of("WEB1"));
//! let late = [own.clone(), MockRecord::scanned(2, ["web1"]), MockRecord::scanned(3, ["web1"])];
//! let decision = decide([web1()], &late).remove(0);
//! assert_eq!((decision.verdict, decision.reason_code()), (Verdict::Linked(own.id), "undecided"));
//! assert_eq!(
//!     decision.reason(),
//!     "it stays where it is, but 2 assets that came since fit it equally well, by the same short name; \
//!      a person must decide which it is"
//! );
//! // With one of them it would go there.
//! let decision = decide([web1()], &late[..2]).remove(0);
//! assert_eq!(decision.verdict, Verdict::Matched(late[1].id));
//!
//! // After a read that broke off, what was matched by its names for the first time waits for a complete one.
//! let mut decision = decide([web1()], &[bare]).remove(0);
//! decision.await_complete_read();
//! assert_eq!((decision.verdict, decision.reason_code()), (Verdict::Skipped, "awaits_complete_read"));
//! assert_eq!(
//!     decision.reason(),
//!     "the read was incomplete: a computer that was not read may fit the asset better, so this one waits"
//! );
//! ```
//!
//! Who was migrated from one forest to another has a new objectGUID, and the old SID in its `sIDHistory`. Whoever may
//! write that could make it say anything, so it is shown and ties nothing:
//!
//! ```
//! # use ldap_inventory::store::MemoryRepository;
//! # use ldap_inventory::sync::{SyncOptions, sync};
//! # use ldap_inventory::task::SyncTask;
//! # use ldap_inventory::testing::{MockDirectory, MockRecord};
//! # use ldap_inventory::value::SourceId;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ldap_inventory::Result<()> {
//! # let inventory = MemoryRepository::new();
//! # let run = async |domain: &str, computer: MockRecord| {
//! #     let source = SourceId::new("ldap", domain)?;
//! #     let task = SyncTask::new(domain, "acme".parse()?, "hq".parse()?, source, "reader".parse()?);
//! #     let options = SyncOptions::new().with_explain(true);
//! #     sync(&task, &MockDirectory::new([computer]), &inventory, &options).await
//! # };
//! let old = "S-1-5-21-1-2-3-1107";
//! run("corp.example", MockRecord::computer("PC1").with_sid(old.parse()?)).await?;
//! let migrated = MockRecord::computer("LAP7").in_domain("new.example").with("sIDHistory", old);
//! let report = run("new.example", migrated).await?;
//! let decisions = report.decisions.unwrap();
//! assert_eq!(decisions[0].reason_code(), "no_asset");
//! let because = decisions[0].candidates()[0].lost_because().unwrap();
//! let expected = "its computer has a SID that this one had before, S-1-5-21-1-2-3-1107, which alone ties nothing";
//! assert_eq!(because, expected);
//! # Ok(())
//! # }
//! ```
//!
//! # Left out
//!
//! ```
//! # use ldap_inventory::merge::{DirectoryComputers, Planner, Verdict};
//! # use ldap_inventory::task::{Exclusions, MatchPolicy};
//! # use ldap_inventory::testing::MockRecord;
//! # use ldap_inventory::value::{AssetId, SourceId};
//! # fn directory(computers: impl IntoIterator<Item = MockRecord>) -> DirectoryComputers {
//! #     let read = "2026-06-01T00:00:00Z".parse().unwrap();
//! #     let source = SourceId::new("ldap", "corp.example").unwrap();
//! #     DirectoryComputers::new(source, "hq".parse().unwrap(), read)
//! #         .with_domain(Some("corp.example"), Some("CORP"))
//! #         .with_first_new(AssetId::from_u128(100))
//! #         .with_objects(computers.into_iter().map(MockRecord::build))
//! # }
//! let left_out = |computer: MockRecord, exclusions: Exclusions, policy: MatchPolicy| {
//!     let computers = directory([computer]).with_exclusions(exclusions);
//!     let decision = Planner::of(&[]).plan(&computers, &policy).remove(0);
//!     assert_eq!(decision.verdict, Verdict::Skipped);
//!     (decision.reason_code(), decision.reason())
//! };
//! let computer = MockRecord::computer;
//!
//! // What is no host.
//! let service = computer("GMSA1")
//!     .with("objectClass", "computer")
//!     .with("objectClass", "msDS-GroupManagedServiceAccount");
//! let cluster = computer("CLUSTER1").with("servicePrincipalName", "MSClusterVirtualServer/CLUSTER1");
//! let trust = computer("PARTNER").with("userAccountControl", "2080");
//! for (computer, why) in [
//!     (service, "it is a managed service account, not a machine"),
//!     (cluster, "it is the name of a cluster, not a machine"),
//!     (trust, "it stands for another domain, not for a machine"),
//!     (computer("AZUREADSSOACC"), "it stands for a cloud service, not for a machine"),
//! ] {
//!     let left_out = left_out(computer, Exclusions::default(), MatchPolicy::default());
//!     assert_eq!(left_out, ("not_a_host", why.to_owned()));
//! }
//!
//! // What the task leaves out.
//! let (lab, servers) = ("OU=Lab,DC=corp,DC=example".parse().unwrap(), "OU=Servers,DC=corp,DC=example".parse().unwrap());
//! let none = Exclusions::default;
//! let long_ago = "132539328000000000";
//! let unused = computer("OLD1").with("lastLogonTimestamp", long_ago).with("pwdLastSet", long_ago);
//! let staged = computer("NEW1").with("whenCreated", "20200102000000.0Z");
//! for (computer, exclusions, why) in [
//!     (computer("PC1").within("OU=Lab"), none().with_excluded_ou(lab), "it is below OU=Lab,DC=corp,DC=example"),
//!     (computer("PC1"), none().with_included_ou(servers), "it is below none of the OUs that the task includes"),
//!     (computer("PC1").disabled(), none().with_disabled(true), "its account is disabled"),
//!     (unused, none().with_stale_after_days(90), "it was last used on 2021-01-01, more than 90 days ago"),
//!     (staged, none().with_stale_after_days(90), "it was created on 2020-01-02, more than 90 days ago, and never used"),
//! ] {
//!     let left_out = left_out(computer, exclusions, MatchPolicy::default());
//!     assert_eq!(left_out, ("excluded", format!("{why}, and the task leaves such computers out")));
//! }
//!
//! // What the inventory does not know, where the task creates nothing.
//! let policy = MatchPolicy::default().with_exclude_unknown(true);
//! let (code, reason) = left_out(computer("WEB1"), none(), policy);
//! assert_eq!(code, "no_asset");
//! assert_eq!(reason, "no asset has one of its names; computers that match no asset are left out");
//! ```
//!
//! `sync --explain` prints these sentences, and [`Curation::explain`](crate::curation::Curation::explain) tells of an
//! asset why it is what it is.
