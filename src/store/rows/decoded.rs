//! What a value was decoded to.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The record of a row, once it was decoded: shared by all copies of the row, so that a table in memory, which is read
/// again and again, decodes each value once. Rows of other tables have none.
#[derive(Clone, Default)]
pub(in crate::store) struct Decoded(Option<Arc<OnceLock<Box<dyn Any + Send + Sync>>>>);

impl Decoded {
    /// Room for what the value will be decoded to.
    pub(in crate::store) fn shared() -> Self {
        Self(Some(Arc::default()))
    }

    pub(super) fn get<T: Clone + 'static>(&self) -> Option<T> {
        self.0.as_ref()?.get()?.downcast_ref().cloned()
    }

    pub(super) fn keep<T: Clone + Send + Sync + 'static>(&self, record: &T) {
        if let Some(room) = &self.0 {
            room.get_or_init(|| Box::new(record.clone()));
        }
    }
}

/// It follows from the value, and makes no difference.
impl PartialEq for Decoded {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Decoded {}

impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}
