//! When a task runs.

use std::iter;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::step::Step;
use super::zone::Zone;
use super::{LocalTime, Recurrence};
use crate::value::Timestamp;
use crate::{Error, ErrorKind, Result};

/// When a task runs: from a start, once or again and again, by the clock of a time zone.
///
/// The start is what a calendar and a clock show in that zone. Days, weeks and months are counted on them,
/// always from the start: a task that runs every day at 02:30 does so in summer and in winter, and one that
/// runs on the 31st runs on the last day of shorter months. Where the clock skips the time, the task runs
/// right after the gap; where the clock shows it twice, the task runs the first time. Minutes and hours are
/// counted as time that passes.
///
/// A schedule knows no clock and starts nothing: the host asks it, and gives the time.
///
/// ```
/// use ldap_inventory::schedule::{Recurrence, Schedule, Unit};
///
/// let daily = Recurrence::every(1, Unit::Days)?;
/// let nightly = Schedule::new("2026-01-02T02:30".parse()?, daily).with_time_zone("Europe/Berlin")?;
/// assert_eq!(nightly.describe(), "every day at 02:30, Europe/Berlin, from 2 January 2026");
///
/// // On 29 March 2026 the clock goes from 02:00 to 03:00.
/// let times = nightly.upcoming("2026-03-28T00:00:00Z".parse()?).take(3);
/// let times: Vec<String> = times.map(|time| time.to_string()).collect();
/// assert_eq!(times, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Schedule {
    start: LocalTime,
    recurrence: Recurrence,
    zone: Zone,
    grace: Option<Duration>,
}

impl Schedule {
    /// The shortest grace period. A host that looks at its schedules twice a minute meets it.
    pub const MIN_GRACE: Duration = Duration::from_secs(60);

    /// From this time on, in UTC, made up for however late.
    ///
    /// A start in the past is no mistake: the latest of the times that have passed is then due at once.
    pub fn new(start: LocalTime, recurrence: Recurrence) -> Self {
        Self { start, recurrence, zone: Zone::UTC, grace: None }
    }

    /// Reads the start and the calendar in this zone of the IANA database, such as `Europe/Berlin`. UTC
    /// unless set. The system's database is used, or, where there is none, the one this crate was built
    /// with.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if the database has no such zone.
    pub fn with_time_zone(mut self, name: &str) -> Result<Self> {
        self.zone = Zone::named(name)?;
        Ok(self)
    }

    /// Skips a run that cannot begin within so much time, in whole seconds, and waits for the next.
    ///
    /// Unless this is set, a missed run is made up for however late it is: an inventory that is late is
    /// better than one that is old. Set it if runs must stay out of working hours.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if it is shorter than [`MIN_GRACE`](Self::MIN_GRACE): nearly every run would be
    /// skipped.
    pub fn with_grace(mut self, grace: Duration) -> Result<Self> {
        if grace < Self::MIN_GRACE {
            let message = format!(
                "the grace period of {grace:?} is too short: give a missed run at least {} seconds",
                Self::MIN_GRACE.as_secs()
            );
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        self.grace = Some(Duration::from_secs(grace.as_secs()));
        Ok(self)
    }

    /// The first time, as the clock shows it.
    pub fn start(&self) -> LocalTime {
        self.start
    }

    /// Whether there is one time or many.
    pub fn recurrence(&self) -> Recurrence {
        self.recurrence
    }

    /// The time zone's name.
    pub fn time_zone(&self) -> &str {
        self.zone.name()
    }

    /// How late a run may begin. `None`: however late.
    pub fn grace(&self) -> Option<Duration> {
        self.grace
    }

    /// The first time after this instant, `None` if there is none: the only one has passed, or the calendar
    /// ends, with the year 9999.
    ///
    /// Takes the same short time for any instant, however far from the start.
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        self.occurrence(self.first_after(instant))
    }

    /// The times after this instant, in order.
    pub fn upcoming(&self, after: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        iter::successors(self.next_after(after), |time| self.next_after(*time))
    }

    /// The last time up to and including this instant.
    pub(super) fn last_until(&self, instant: Timestamp) -> Option<Timestamp> {
        let first_after = self.first_after(instant);
        self.occurrence(first_after - 1).filter(|_| first_after > 0)
    }

    /// The number of the first occurrence after an instant, counted from 0 at the start; one more than the
    /// last one's if there is none.
    fn first_after(&self, instant: Timestamp) -> i64 {
        let Some(start) = self.occurrence(0).filter(|start| *start <= instant) else {
            return 0;
        };
        let Recurrence::Every { count, unit } = self.recurrence else {
            return 1;
        };
        match Step::of(count, unit) {
            Step::Micros(step) => (instant.as_micros() - start.as_micros()) / step + 1,
            Step::Calendar(step) => {
                let mut number = step.first_after(self.start.civil(), self.zone.local(instant));
                // A clock that was put back shows again what it has shown, so that what seems to come was
                // before. No clock was ever put back by more than a day: this goes round twice at most.
                while self.occurrence(number).is_some_and(|time| time <= instant) {
                    number += 1;
                }
                number
            }
        }
    }

    /// The occurrence of this number, `None` if there is none.
    fn occurrence(&self, number: i64) -> Option<Timestamp> {
        let start = self.start.civil();
        match self.recurrence {
            Recurrence::Once => self.zone.instant(start).filter(|_| number == 0),
            Recurrence::Every { count, unit } => match Step::of(count, unit) {
                Step::Micros(step) => {
                    let passed = number.checked_mul(step)?;
                    Timestamp::from_micros(
                        self.zone.instant(start)?.as_micros().checked_add(passed)?,
                    )
                }
                Step::Calendar(step) => self.zone.instant(step.occurrence(start, number)?),
            },
        }
    }
}

/// What serde writes.
#[derive(Deserialize, Serialize)]
struct Stored {
    start: LocalTime,
    recurrence: Recurrence,
    #[serde(default)]
    time_zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grace_seconds: Option<u64>,
}

impl From<Schedule> for Stored {
    fn from(schedule: Schedule) -> Self {
        Self {
            start: schedule.start,
            recurrence: schedule.recurrence,
            time_zone: Some(schedule.zone.name().to_owned()),
            grace_seconds: schedule.grace.map(|grace| grace.as_secs()),
        }
    }
}

impl TryFrom<Stored> for Schedule {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let mut schedule = Self::new(stored.start, stored.recurrence);
        if let Some(name) = stored.time_zone {
            schedule = schedule.with_time_zone(&name)?;
        }
        if let Some(seconds) = stored.grace_seconds {
            schedule = schedule.with_grace(Duration::from_secs(seconds))?;
        }
        Ok(schedule)
    }
}

#[cfg(test)]
mod tests;
