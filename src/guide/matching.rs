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
//! fn decide(computers: impl IntoIterator<Item = MockRecord>, assets: &[Asset]) -> Vec<Decision> {
//!     let read = "2026-06-01T00:00:00Z".parse().unwrap();
//!     let source = SourceId::new("ldap", "corp.example").unwrap();
//!     let computers = DirectoryComputers::new(source, "hq".parse().unwrap(), read)
//!         .with_domain(Some("corp.example"), Some("CORP"))
//!         .with_first_new(AssetId::from_u128(100))
//!         .with_objects(computers.into_iter().map(MockRecord::build));
//!     Planner::of(assets).plan(&computers, &MatchPolicy::default())
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
//! # fn decide(computers: impl IntoIterator<Item = MockRecord>, assets: &[Asset]) -> Vec<Decision> {
//! #     let read = "2026-06-01T00:00:00Z".parse().unwrap();
//! #     let source = SourceId::new("ldap", "corp.example").unwrap();
//! #     let computers = DirectoryComputers::new(source, "hq".parse().unwrap(), read)
//! #         .with_domain(Some("corp.example"), Some("CORP"))
//! #         .with_first_new(AssetId::from_u128(100))
//! #         .with_objects(computers.into_iter().map(MockRecord::build));
//! #     Planner::of(assets).plan(&computers, &MatchPolicy::default())
//! # }
//! let level_and_reason = |computer: MockRecord, asset: &Asset| {
//!     let decision = decide([computer], std::slice::from_ref(asset)).remove(0);
//!     assert_eq!(decision.verdict.asset(), Some(asset.id));
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
//! ```
//!
//! The sixth, *constraint*, is a person's decision ([`Curation::link`](crate::curation::Curation::link)). It outranks
//! all others.
//!
//! # No evidence
//!
//! ```
//! # use ldap_inventory::asset::{Asset, Claim};
//! # use ldap_inventory::merge::{Decision, DirectoryComputers, Planner, Verdict};
//! # use ldap_inventory::task::MatchPolicy;
//! # use ldap_inventory::testing::MockRecord;
//! # use ldap_inventory::value::{AssetId, SourceId, Timestamp};
//! # fn decide(computers: impl IntoIterator<Item = MockRecord>, assets: &[Asset]) -> Vec<Decision> {
//! #     let read = "2026-06-01T00:00:00Z".parse().unwrap();
//! #     let source = SourceId::new("ldap", "corp.example").unwrap();
//! #     let computers = DirectoryComputers::new(source, "hq".parse().unwrap(), read)
//! #         .with_domain(Some("corp.example"), Some("CORP"))
//! #         .with_first_new(AssetId::from_u128(100))
//! #         .with_objects(computers.into_iter().map(MockRecord::build));
//! #     Planner::of(assets).plan(&computers, &MatchPolicy::default())
//! # }
//! let code = |computers: Vec<MockRecord>, assets: &[Asset]| {
//!     let decision = decide(computers, assets).remove(0);
//!     (decision.reason_code(), decision.reason())
//! };
//! let computer = MockRecord::computer;
//!
//! // A weak name: half of the world is called so.
//! let asset = MockRecord::scanned(1, ["raspberrypi"]);
//! let (code_, reason) = code(vec![computer("RASPBERRYPI")], &[asset]);
//! assert_eq!(code_, "weak_names");
//! assert!(reason.contains("raspberrypi is a product's default name"), "{reason}");
//!
//! // A common name: more assets have it than the policy allows.
//! let assets: Vec<Asset> = (1..=6).map(|n| MockRecord::scanned(n, ["web1"])).collect();
//! let (code_, reason) = code(vec![computer("WEB1")], &assets);
//! assert_eq!(code_, "weak_names");
//! assert!(reason.contains("the short name web1 is shared by 6 assets, more than 5"), "{reason}");
//!
//! // Another domain contradicts a short name.
//! let asset = MockRecord::scanned(1, ["web1.other.example"]);
//! let decision = decide([computer("WEB1")], &[asset]).remove(0);
//! assert_eq!(decision.reason_code(), "nothing_fits");
//! let because = decision.candidates[0].lost_because();
//! assert_eq!(because.as_deref(), Some("it belongs to another domain, other.example"), "{decision:?}");
//!
//! // So does another source that saw the asset long after the computer's last sign of life.
//! let mut asset = MockRecord::scanned(1, ["web1"]);
//! let seen: Timestamp = "2026-05-31T00:00:00Z".parse().unwrap();
//! asset.last_seen.push(Claim::new(seen, 0, None, seen));
//! let unused = computer("WEB1").with("lastLogonTimestamp", "132539328000000000");
//! let decision = decide([unused], &[asset]).remove(0);
//! let because = decision.candidates[0].lost_because().unwrap_or_default();
//! assert!(because.starts_with("it was seen on 2026-05-31, long after"), "{decision:?}");
//! ```
//!
//! # More than one
//!
//! ```
//! # use ldap_inventory::asset::{Asset, Claim};
//! # use ldap_inventory::merge::{Decision, DirectoryComputers, Planner, Verdict};
//! # use ldap_inventory::task::MatchPolicy;
//! # use ldap_inventory::testing::MockRecord;
//! # use ldap_inventory::value::{AssetId, SourceId, Timestamp};
//! # fn decide(computers: impl IntoIterator<Item = MockRecord>, assets: &[Asset]) -> Vec<Decision> {
//! #     let read = "2026-06-01T00:00:00Z".parse().unwrap();
//! #     let source = SourceId::new("ldap", "corp.example").unwrap();
//! #     let computers = DirectoryComputers::new(source, "hq".parse().unwrap(), read)
//! #         .with_domain(Some("corp.example"), Some("CORP"))
//! #         .with_first_new(AssetId::from_u128(100))
//! #         .with_objects(computers.into_iter().map(MockRecord::build));
//! #     Planner::of(assets).plan(&computers, &MatchPolicy::default())
//! # }
//! let computer = MockRecord::computer;
//! let twins = [MockRecord::scanned(1, ["web1"]), MockRecord::scanned(2, ["web1"])];
//!
//! // Several assets fit equally well: it waits for a person (MatchPolicy::ambiguity).
//! let decision = decide([computer("WEB1")], &twins).remove(0);
//! assert_eq!((decision.verdict, decision.reason_code()), (Verdict::Ambiguous, "ambiguous"));
//! assert!(decision.is_open());
//!
//! // One that plainly runs something else drops out.
//! let mut assets = twins.clone();
//! assets[0].os.push(Claim::new("Ubuntu 24.04".to_owned(), 0, None, Timestamp::MIN));
//! assets[1].os.push(Claim::new("Windows Server 2022".to_owned(), 0, None, Timestamp::MIN));
//! let windows = computer("WEB1").with("operatingSystem", "Windows Server 2022 Standard");
//! let decision = decide([windows], &assets).remove(0);
//! assert_eq!(decision.verdict, Verdict::Matched(assets[1].id));
//! let because = decision.candidates.iter().find_map(|it| it.lost_because()).unwrap();
//! assert_eq!(because, "it runs Linux, and the computer Windows");
//!
//! // Two computers, one asset: the enabled one goes first, and the other is none of the assets.
//! let asset = MockRecord::scanned(1, ["web1.corp.example"]);
//! let old = computer("OLD").with("dNSHostName", "web1.corp.example").disabled();
//! let decisions = decide([old, computer("WEB1")], std::slice::from_ref(&asset));
//! let winner = decisions.iter().find(|it| it.verdict == Verdict::Matched(asset.id)).unwrap();
//! let loser = decisions.iter().find(|it| it.reason_code() == "outranked").unwrap();
//! assert!(winner.object == MockRecord::guid_of("WEB1") && loser.reason().ends_with("it is enabled"));
//! ```
//!
//! # No host
//!
//! ```
//! # use ldap_inventory::asset::Asset;
//! # use ldap_inventory::merge::{Decision, DirectoryComputers, Planner, Verdict};
//! # use ldap_inventory::task::{Exclusions, MatchPolicy};
//! # use ldap_inventory::testing::MockRecord;
//! # use ldap_inventory::value::SourceId;
//! let decide = |computer: MockRecord, exclusions: Exclusions| {
//!     let read = "2026-06-01T00:00:00Z".parse().unwrap();
//!     let source = SourceId::new("ldap", "corp.example").unwrap();
//!     let computers = DirectoryComputers::new(source, "hq".parse().unwrap(), read)
//!         .with_objects([computer.build()])
//!         .with_exclusions(exclusions);
//!     let decision = Planner::of(&[]).plan(&computers, &MatchPolicy::default()).remove(0);
//!     assert_eq!(decision.verdict, Verdict::Skipped);
//!     decision.reason()
//! };
//! let service = MockRecord::computer("GMSA1")
//!     .with("objectClass", "computer")
//!     .with("objectClass", "msDS-GroupManagedServiceAccount");
//! let reason = decide(service, Exclusions::default());
//! assert_eq!(reason, "it is a managed service account, not a machine");
//!
//! let cluster = MockRecord::computer("CLUSTER1").with("servicePrincipalName", "MSClusterVirtualServer/CLUSTER1");
//! assert_eq!(decide(cluster, Exclusions::default()), "it is the name of a cluster, not a machine");
//!
//! let reason = decide(MockRecord::computer("OLD1").disabled(), Exclusions::default().with_disabled(true));
//! assert!(reason.ends_with("and the task leaves such computers out"), "{reason}");
//! ```
//!
//! `sync --explain` prints these sentences, and [`Curation::explain`](crate::curation::Curation::explain) tells of an
//! asset why it is what it is.
