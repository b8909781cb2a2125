//! Foreign text, times and signs, as pages show them.
//!
//! Maud escapes what would be markup, in text and in attributes. What is left to do is what no markup is and misleads all
//! the same: characters that reorder a line or do not show.

use std::borrow::Cow;
use std::fmt::Write as _;

use ldap_inventory::Printable;
use ldap_inventory::value::Timestamp;
use maud::{Markup, Render, html};

/// Text that others chose: what would reorder a line or not be seen is shown as its number. Nothing is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl Render for Shown<'_> {
    fn render_to(&self, buffer: &mut String) {
        escaped(self.0).render_to(buffer);
    }
}

/// The text with what does not show spelled out.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|octet| matches!(octet, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    // One by one: of a long text `Printable` shows the beginning.
    let (mut octets, mut escaped) = ([0; 4], String::with_capacity(text.len()));
    for c in text.chars() {
        // Writing to memory does not fail.
        let _ = write!(escaped, "{}", Printable(c.encode_utf8(&mut octets)));
    }
    Cow::Owned(escaped)
}

/// A time to the minute, in UTC.
pub(crate) fn minute(time: Timestamp) -> Markup {
    let text = time.to_string();
    let shown = text.get(..16).unwrap_or(&text).replace('T', " ");
    html! { time datetime=(text) { (shown) } }
}

/// The day of a time, in UTC.
pub(crate) fn day(time: Timestamp) -> Markup {
    html! { time datetime=(time) { (time.date()) } }
}

/// A time to the minute, or what is said where there is none.
pub(crate) fn minute_or(time: Option<Timestamp>, none: &str) -> Markup {
    time.map_or_else(|| html! { (none) }, minute)
}

/// `1 asset`, `2 assets`.
pub(crate) fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// The address of a page with what is asked of it. Whatever the values are, they stay values.
pub(crate) fn address(path: &str, asked: &[(&str, &str)]) -> String {
    let asked: Vec<_> = asked.iter().filter(|(_, value)| !value.is_empty()).collect();
    match serde_urlencoded::to_string(asked) {
        Ok(asked) if !asked.is_empty() => format!("{path}?{asked}"),
        _ => path.to_owned(),
    }
}

/// A sign for a kind of source, with its name for those who do not see it.
pub(crate) fn icon(kind: &str) -> Markup {
    let drawn = match kind {
        // A tree: what stands below what.
        "ldap" => "M6 1h4v4H9v2h4v3h1v4h-4v-4h1V9H5v1h1v4H2v-4h1V7h4V5H6z",
        // A glass that is looked through.
        "scan" => {
            "M7 1a6 6 0 0 1 4.7 9.7L15 14l-1 1-3.3-3.3A6 6 0 1 1 7 1zm0 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z"
        }
        "person" => "M8 1a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM2 15c0-3.5 2.5-6 6-6s6 2.5 6 6z",
        _ => "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z",
    };
    let name = if kind == "ldap" { "directory" } else { kind };
    html! {
        svg.icon viewBox="0 0 16 16" width="16" height="16" role="img" aria-label=(Shown(name)) {
            title { (Shown(name)) }
            path fill="currentColor" fill-rule="evenodd" d=(drawn) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_neither_markup_nor_out_of_order() {
        let hostile = "<script>\u{202e}\"x\u{7}\n";
        let shown = html! { p title=(Shown(hostile)) { (Shown(hostile)) } }.into_string();
        let safe = "&lt;script&gt;\\u{202e}&quot;x\\u{7}\\n";
        assert_eq!(shown, format!("<p title=\"{safe}\">{safe}</p>"));
    }

    #[test]
    fn what_is_long_is_shown_whole() {
        for long in ["a\\".repeat(5_000), "\u{e4}".repeat(5_000)] {
            assert_eq!(escaped(&long), long);
        }
    }

    #[test]
    fn values_of_addresses_stay_values() {
        let shown = address("/assets", &[("q", "os:\"a&b=c#d\" <x>"), ("after", "")]);
        assert_eq!(shown, "/assets?q=os%3A%22a%26b%3Dc%23d%22+%3Cx%3E");
    }
}
