//! What a repository may do wrong.

/// One thing that a sabotaged repository does wrong.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Fault {
    /// A lease of one organization shuts the others out.
    LeasesIgnoreTheOrganization,
    /// A lease of one source shuts the others out.
    LeasesIgnoreTheSource,
    /// A lease stays its holder's when its time is over.
    LeasesNeverExpire,
    /// Whoever asks gives a lease back.
    AnybodyReleases,
    /// Every lease has the same token.
    TokensDoNotRise,
    /// Whoever prolongs a lease gets another token.
    ProlongingChangesTheToken,
    /// The token is looked at before the commit, and not within it.
    TheTokenIsCheckedBefore,
    /// A token that was the newest once writes.
    OldTokensWrite,
    /// Nobody looks at tokens.
    AnyTokenWrites,
    /// The second half of a batch is not written.
    HalfABatchIsWritten,
    /// A commit that is dropped after so many awaits leaves half of its batch.
    DroppingLeavesHalf(usize),
    /// A batch that comes again is written again.
    BatchIdsAreForgotten,
    /// A batch is taken for another organization's of the same id.
    BatchIdsAreShared,
    /// A batch in conflict uses its id up.
    ConflictsUseUpTheBatchId,
    /// The later writer wins.
    ConflictsAreIgnored,
    /// What is not in conflict is written all the same.
    ConflictsWriteTheRest,
    /// Of several assets in conflict one is named.
    ConflictsNameOneAsset,
    /// What no store writes is not refused.
    InvalidBatchesPass,
    /// Removals are made after everything else.
    RemovalsComeLast,
    /// An asset keeps the names that it had.
    NamesStay,
    /// An asset keeps the addresses that it had.
    AddressesStay,
    /// A user keeps the groups that it had.
    GroupsOfUsersStay,
    /// Assets are found by keys that they had.
    MatchKeysStay,
    /// Candidates come of every organization.
    CandidatesOfEverybody,
    /// Candidates come once for each key.
    CandidatesComeTwice,
    /// Of many keys only the first are looked for.
    ManyKeysAreCut,
    /// A text ends at a NUL.
    TextsEndAtNul,
    /// A text ends after 65,536 characters.
    LongTextsAreCut,
    /// The members of a group are cut.
    MembersAreCut,
    /// Only ASCII letters are the same in both cases.
    OnlyAsciiIsFolded,
    /// Every page is the first.
    CursorsAreIgnored,
    /// A cursor that is none begins anew.
    BrokenCursorsBeginAnew,
    /// A page begins with the last asset of the one before.
    PagesOverlap,
    /// A page leaves its first asset out.
    PagesLeaveGaps,
    /// Pages are backwards.
    PagesAreUnsorted,
    /// Every search is in the order of ids.
    OrdersAreIgnored,
    /// A search for users finds those of every source.
    SearchesIgnoreTheSource,
    /// Everything is counted, whatever is asked for.
    EverythingIsCounted,
    /// Assets without a value are in no facet.
    FacetsLeaveOutNothing,
    /// Every value is in a facet, however many may be.
    FacetsHaveNoLimit,
    /// Merges come of every organization.
    MergesOfEverybody,
    /// Merges come newest first.
    MergesComeNewestFirst,
    /// The links to an asset that is gone stay.
    LinksToGoneAssetsStay,
    /// The id of an asset that is gone leads nowhere.
    RedirectsAreForgotten,
    /// An id leads elsewhere though its asset is there again.
    RedirectsStay,
    /// The checkpoint that was written last is under every key.
    CheckpointsIgnoreTheKey,
    /// Checkpoint and run are written before their batch.
    ClosingIsApart,
    /// A run without a checkpoint takes the one before away.
    CheckpointsGoWithTheNextRun,
    /// Runs come oldest first.
    RunsComeOldestFirst,
    /// Every run is told, whatever the limit.
    RunsHaveNoLimit,
    /// An object that is forgotten waits on.
    TheForgottenWaitOn,
    /// Users and groups that another directory has are not taken away.
    MovedPrincipalsStay,
    /// A link that is moved loses what it says of its object.
    MovingForgets,
    /// A link that is noted to have been seen loses its asset.
    SightingsUntie,
    /// Constraints that a person took back are not told.
    ConstraintsTakenBackAreHidden,
    /// Users come of every source.
    UsersOfEverySource,
    /// The stream of assets brings all, whichever are asked for.
    StreamsIgnoreTheIds,
    /// The streams of users and groups bring all, whichever are asked for.
    StreamsIgnoreTheObjects,
    /// The stream of assets is backwards.
    StreamsAreUnsorted,
    /// The stream of assets leaves one out.
    StreamsLeaveGaps,
    /// The stream of assets brings one twice.
    StreamsRepeat,
    /// Links come all, whichever objects are asked for.
    LinksIgnoreTheObjects,
    /// Of several sources one is told.
    SourcesAreForgotten,
    /// What was moved is told of one source.
    MovedOfOneSource,
    /// What was moved comes of every organization.
    MovedOfEverybody,
    /// The links of other sources to an asset that is gone stay.
    LinksOfOthersStay,
    /// An asset that is gone takes the links of other organizations away.
    LinksOfEverybodyGo,
    /// A checkpoint takes the place of another source's.
    CheckpointsIgnoreTheSource,
    /// A run takes the place of another source's of the same id.
    RunsIgnoreTheSource,
    /// Checkpoints lose the digests of rules and assets.
    CheckpointsForgetTheRules,
    /// Checkpoints lose what is to be read again.
    CheckpointsForgetWhatIsReadAgain,
    /// Every run was complete.
    RunsAreAllComplete,
    /// Runs lose their errors.
    RunsForgetTheirErrors,
    /// What people decided of whoever waits is lost.
    WaitingForgetsWhatIsTold,
    /// Constraints lose what they were before.
    ConstraintsForgetTheEarlier,
    /// Some events are not told.
    EventsAreLost,
    /// An event is told again.
    EventsComeTwice,
    /// Events come latest first.
    EventsAreUnsorted,
    /// A commit that writes nothing is told of.
    EventsAreWrittenApart,
    /// Events of other organizations are told.
    EventsOfEverybody,
    /// An event is seen after those that follow it.
    EventsAppearLate,
    /// Whoever asks for what is not kept any more goes on with what is.
    PrunedEventsArePassedOver,
    /// What nobody has read yet is pruned.
    PruningTakesTheUnread,
    /// What is young is pruned.
    PruningTakesTheYoung,
    /// Whoever comes from elsewhere is told nothing.
    CursorsOfOthersPass,
    /// No run is pruned.
    RunsStay,
    /// Runs are pruned that are young.
    YoungRunsArePruned,
    /// Runs are pruned by which later runs decide.
    NeededRunsArePruned,
    /// Checkpoints are pruned along with runs.
    CheckpointsArePruned,
    /// How many of the latest runs are to stay is ignored.
    LastRunsArePruned,
    /// As many of the latest runs stay as of one source, whosever they are.
    LastRunsAreCountedOnce,
    /// What people did is pruned.
    PeopleArePruned,
    /// No id of a batch is pruned.
    BatchIdsStay,
    /// Where runs are pruned, so are all ids of batches.
    AllBatchIdsArePruned,
    /// Runs of other organizations are pruned.
    PruningReachesEverybody,
}
