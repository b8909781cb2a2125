//! Which tasks there are, and when each of them runs.

use std::fs;
use std::path::Path;

use clap::{Arg, ArgAction, Args, Command, CommandFactory, Parser};
use ldap_inventory::Error;
use ldap_inventory::schedule::{LocalTime, Recurrence, Schedule, Unit};
use toml::{Table, Value};

use super::exit::{Failure, Status};
use super::task::TaskOptions;

/// A day on which every schedule may have begun: it has passed, so that what was missed is due at once.
const FIRST_DAY: &str = "2026-01-02";

/// When to sync.
#[derive(Args, Clone, Debug)]
pub(crate) struct Timing {
    /// How often to sync: 15 minutes, 6 hours, 1 day, 1 week, 1 month
    #[arg(long, value_name = "N UNIT", default_value = "1 day")]
    every: String,

    /// At which time of the day; what is due every few hours or minutes is counted from it
    #[arg(long, value_name = "HH:MM", default_value = "02:30")]
    at: String,

    /// Whose clock that is, by its name in the IANA database
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    time_zone: String,
}

/// A task, and when it runs.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) options: TaskOptions,
    pub(crate) schedule: Schedule,
}

/// A task in a file, as a command line: so keys are options, and are refused in the same words.
#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(flatten)]
    task: TaskOptions,

    #[command(flatten)]
    timing: Timing,
}

impl Plan {
    /// The one task that a command line describes, called after its directory.
    pub(crate) fn of(options: TaskOptions, timing: &Timing) -> Result<Self, Failure> {
        if options.accept_weaker_transport {
            let sentence =
                "what is to be accepted once is for one run: sync --accept-weaker-transport";
            return Err(Failure::new(Status::Usage, sentence));
        }
        let schedule = timing.schedule()?;
        let name = options.directory_name();
        Ok(Self { name, options, schedule })
    }
}

impl Timing {
    fn schedule(&self) -> Result<Schedule, Error> {
        let start: LocalTime = format!("{FIRST_DAY}T{}", self.at).parse().map_err(|_| {
            Error::invalid("--at", &self.at, "it has the form HH:MM, such as 02:30")
        })?;
        Schedule::new(start, recurrence(&self.every)?).with_time_zone(&self.time_zone)
    }
}

/// The options of a task, as a command line has them.
pub(crate) fn options() -> Command {
    Line::command()
}

/// The tasks of a file.
pub(crate) fn read(file: &Path) -> Result<Vec<Plan>, Failure> {
    let refused =
        |sentence: String| Failure::new(Status::Usage, format!("{}: {sentence}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| refused(error.to_string()))?;
    let mut table: Table = toml::from_str(&text).map_err(|error| refused(error.to_string()))?;
    let Some(Value::Array(tasks)) = table.remove("task") else {
        return Err(refused("there is no [[task]] in it".to_owned()));
    };
    if let Some((key, _)) = table.iter().next() {
        return Err(refused(format!("`{key}` stands outside of every [[task]]")));
    }
    let mut plans: Vec<Plan> = Vec::new();
    for (task, number) in tasks.into_iter().zip(1..) {
        let plan = of_table(task).map_err(|reason| refused(format!("task {number}: {reason}")))?;
        if plans.iter().any(|other| other.name == plan.name) {
            return Err(refused(format!("several tasks are called `{}`", plan.name)));
        }
        plans.push(plan);
    }
    Ok(plans)
}

fn of_table(task: Value) -> Result<Plan, String> {
    let Value::Table(mut task) = task else { return Err("it is no table".to_owned()) };
    let name = match task.remove("name") {
        Some(Value::String(name)) => Some(name),
        Some(_) => return Err("its `name` is no text".to_owned()),
        None => None,
    };
    let options = options();
    let mut arguments = Vec::new();
    for (key, value) in task {
        let name = key.replace('_', "-");
        let mut known = options.get_arguments();
        let option = known.find(|option| option.get_long() == Some(name.as_str()));
        let option =
            option.ok_or_else(|| format!("`{key}` is no key: there is no option --{name}"))?;
        arguments.extend(of_value(&key, option, value)?);
    }
    let line = Line::try_parse_from(arguments).map_err(|error| first_line(&error.to_string()))?;
    let plan = Plan::of(line.task, &line.timing).map_err(|failure| failure.to_string())?;
    Ok(Plan { name: name.unwrap_or(plan.name), ..plan })
}

/// The arguments that say the same as a key and its value: none where a flag is not set, or a list is empty.
fn of_value(key: &str, option: &Arg, value: Value) -> Result<Vec<String>, String> {
    let name = option.get_long().unwrap_or_default();
    let is_flag = matches!(option.get_action(), ArgAction::SetTrue);
    let values = match value {
        Value::Array(values) => values,
        value => vec![value],
    };
    let argument = |value| match value {
        Value::Boolean(is_set) if is_flag => Ok(is_set.then(|| format!("--{name}"))),
        Value::String(text) if !is_flag => Ok(Some(format!("--{name}={text}"))),
        Value::Integer(number) if !is_flag => Ok(Some(format!("--{name}={number}"))),
        _ if is_flag => Err(format!("`{key}` is neither true nor false")),
        _ => Err(format!("`{key}` is neither text nor a number")),
    };
    values.into_iter().filter_map(|value| argument(value).transpose()).collect()
}

/// What is wrong, without advice that is for command lines.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or(text);
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

fn recurrence(text: &str) -> Result<Recurrence, Error> {
    let invalid =
        || Error::invalid("interval", text, "it has the form 15 minutes, 6 hours or 1 day");
    let (count, unit) = text.trim().split_once(' ').ok_or_else(invalid)?;
    let unit = match unit.trim().trim_end_matches('s') {
        "minute" => Unit::Minutes,
        "hour" => Unit::Hours,
        "day" => Unit::Days,
        "week" => Unit::Weeks,
        "month" => Unit::Months,
        _ => return Err(invalid()),
    };
    Recurrence::every(count.parse().map_err(|_| invalid())?, unit)
}
