//! The pages: what is asked of the crate, and how its answer is shown. A file a page.

pub(crate) mod asset;
pub(crate) mod assets;
pub(crate) mod coverage;
pub(crate) mod credential;
pub(crate) mod credentials;
pub(crate) mod groups;
pub(crate) mod merge;
pub(crate) mod metrics;
pub(crate) mod overlaps;
pub(crate) mod search;
pub(crate) mod task;
pub(crate) mod task_form;
pub(crate) mod task_list;
pub(crate) mod unresolved;
pub(crate) mod users;
