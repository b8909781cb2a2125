//! Whether what is written has colours.

use std::io::IsTerminal;

use clap::{Args, ColorChoice};

/// When to use colours.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Color {
    /// When to use colours: on a terminal unless the variable NO_COLOR is set, always, or never
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t = ColorChoice::Auto,
        hide_possible_values = true,
        hide_default_value = true,
        global = true,
        display_order = 910
    )]
    color: ColorChoice,
}

impl Color {
    /// Lets everything that is written from now on have colours, or none.
    pub(crate) fn apply(self) {
        let on = match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => std::io::stdout().is_terminal() && !is_unwanted(),
        };
        console::set_colors_enabled(on);
        console::set_colors_enabled_stderr(on);
    }
}

/// Whether the environment asks for none: <https://no-color.org>.
fn is_unwanted() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    is_set("NO_COLOR") || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb")
}
