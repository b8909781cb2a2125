//! What a person sees while a run goes on: a bar on standard error, if that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ldap_inventory::sync::{Progress, SyncOptions};

/// Shows a run's progress, where there is somebody to see it.
pub(crate) fn shown(options: SyncOptions) -> SyncOptions {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if bar.is_hidden() {
        return options;
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    options.with_progress(move |progress| show(&bar, progress))
}

fn show(bar: &ProgressBar, progress: Progress) {
    match progress {
        Progress::Connecting => {
            bar.set_style(spinner());
            bar.set_message("connecting");
        }
        Progress::Reading { objects } => bar.set_message(format!("reading: {objects} objects")),
        Progress::HalfOfMemory { objects, limit, .. } => bar.println(format!(
            "half of --memory-bytes {limit} is in use after {objects} objects; if there are more than twice as many, \
             raise it"
        )),
        Progress::Deciding { computers } => {
            bar.set_message(format!("deciding on {computers} computers"));
        }
        Progress::Writing { done, total } => {
            if bar.length() != Some(total) {
                bar.set_style(line());
                bar.set_length(total);
            }
            bar.set_position(done);
        }
        _ => bar.finish_and_clear(),
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn line() -> ProgressStyle {
    ProgressStyle::with_template("writing {bar:40} {pos} of {len} records")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}
