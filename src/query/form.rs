//! The form of a text: what stands between wildcards, looked for in time that grows with the text, whatever the form is.
//!
//! Whoever may search chooses both: a name in the directory and a query. What goes back for each `*` takes the product of the
//! two lengths, which for the longest is minutes.

use std::collections::HashMap;

/// A piece of a form, a folded character at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Element {
    /// Any number of characters, also none.
    Any,
    /// This character.
    Char(char),
    /// Exactly one character.
    One,
}

/// A form, and what is looked for of it.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    elements: Vec<Element>,
    /// What stands before, between and behind those of any length: one more than there are of these.
    stretches: Vec<Stretch>,
}

/// Characters one after the other.
#[derive(Clone, Debug)]
enum Stretch {
    Text(String),
    WithGaps(Gapped),
}

/// Characters of which some may be any. Each text that begins somewhere is a bit of a state, which is moved on by each
/// character for all of them at once (Baeza-Yates and Gonnet 1992).
#[derive(Clone, Debug)]
struct Gapped {
    elements: Vec<Element>,
    /// Where a character may stand that is nowhere by name.
    gaps: Vec<u64>,
    /// Where each character may stand.
    places: HashMap<char, Vec<u64>>,
}

impl Form {
    pub(crate) fn new(elements: Vec<Element>) -> Self {
        let stretches = elements.split(|element| *element == Element::Any).map(Stretch::new);
        Self { stretches: stretches.collect(), elements }
    }

    pub(crate) fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// Whether a folded text is of this form. Between two `*` the first place is as good as any.
    pub(crate) fn fits(&self, folded: &str) -> bool {
        let Some((first, more)) = self.stretches.split_first() else { return folded.is_empty() };
        let Some(mut rest) = first.strip_start(folded) else { return false };
        let Some((last, between)) = more.split_last() else { return rest.is_empty() };
        for stretch in between {
            match stretch.after(rest) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        last.ends(rest)
    }
}

impl Stretch {
    fn new(elements: &[Element]) -> Self {
        let char = |element: &Element| match element {
            Element::Char(c) => Some(*c),
            Element::Any | Element::One => None,
        };
        let text: Option<String> = elements.iter().map(char).collect();
        text.map_or_else(|| Self::WithGaps(Gapped::new(elements)), Self::Text)
    }

    /// What follows it at the beginning of a text.
    fn strip_start<'t>(&self, text: &'t str) -> Option<&'t str> {
        let Self::WithGaps(Gapped { elements, .. }) = self else {
            return text.strip_prefix(self.text());
        };
        let mut chars = text.chars();
        elements.iter().all(|element| fits(*element, chars.next())).then_some(chars.as_str())
    }

    /// What follows it where it first stands in a text.
    fn after<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Text(own) => text.split_once(own.as_str()).map(|(_, after)| after),
            Self::WithGaps(gapped) => gapped.after(text),
        }
    }

    /// Whether a text ends with it.
    fn ends(&self, text: &str) -> bool {
        let Self::WithGaps(Gapped { elements, .. }) = self else {
            return text.ends_with(self.text());
        };
        let mut chars = text.chars();
        elements.iter().rev().all(|element| fits(*element, chars.next_back()))
    }

    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::WithGaps(_) => "",
        }
    }
}

impl Gapped {
    fn new(elements: &[Element]) -> Self {
        let mut gaps = vec![0; elements.len().div_ceil(WORD)];
        mark(&mut gaps, elements, |element| element == Element::One);
        let mut places = HashMap::new();
        for element in elements {
            if let Element::Char(c) = element {
                places.entry(*c).or_insert_with(|| {
                    let mut places = gaps.clone();
                    mark(&mut places, elements, |other| other == *element);
                    places
                });
            }
        }
        Self { elements: elements.to_vec(), gaps, places }
    }

    fn after<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut state = vec![0_u64; self.gaps.len()];
        let last = self.elements.len().checked_sub(1)?;
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let mut carry = 1;
            for (word, places) in state.iter_mut().zip(self.places.get(&c).unwrap_or(&self.gaps)) {
                let moved = (*word << 1) | carry;
                carry = *word >> (WORD - 1);
                *word = moved & places;
            }
            if state.get(last / WORD).is_some_and(|word| (word >> (last % WORD)) & 1 == 1) {
                return Some(chars.as_str());
            }
        }
        None
    }
}

/// The bits of a word of the state.
const WORD: usize = u64::BITS as usize;

fn mark(bits: &mut [u64], elements: &[Element], is_meant: impl Fn(Element) -> bool) {
    for (word, elements) in bits.iter_mut().zip(elements.chunks(WORD)) {
        for (n, element) in elements.iter().enumerate() {
            *word |= u64::from(is_meant(*element)) << n;
        }
    }
}

fn fits(element: Element, found: Option<char>) -> bool {
    match (element, found) {
        (Element::One, Some(_)) => true,
        (Element::Char(c), Some(found)) => c == found,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(text: &str) -> Form {
        let element = |c| match c {
            '*' => Element::Any,
            '?' => Element::One,
            c => Element::Char(c),
        };
        Form::new(text.chars().map(element).collect())
    }

    /// The definition.
    fn fits_by_definition(elements: &[Element], text: &[char]) -> bool {
        match (elements.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some((Element::Any, after)), rest) => {
                fits_by_definition(after, text)
                    || rest.is_some_and(|(_, rest)| fits_by_definition(elements, rest))
            }
            (Some((element, after)), Some((found, rest))) => {
                fits(*element, Some(*found)) && fits_by_definition(after, rest)
            }
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn a_form_is_what_its_definition_says(pattern in "[ab*?ü]{0,9}", text in "[abü]{0,9}") {
            let (form, chars) = (form(&pattern), text.chars().collect::<Vec<char>>());
            prop_assert_eq!(form.fits(&text), fits_by_definition(form.elements(), &chars));
        }

        #[test]
        fn long_stretches_with_gaps_are_found_wherever_they_stand(
            before in "[ab]{0,80}", stretch in "[ab?]{60,200}", behind in "[ab]{0,80}",
        ) {
            let text = format!("{before}{}{behind}", stretch.replace('?', "b"));
            let contains = format!("*{stretch}*");
            prop_assert!(form(&contains).fits(&text));
            let other = text.replacen('a', "c", 1);
            let chars: Vec<char> = other.chars().collect();
            let form = form(&contains);
            prop_assert_eq!(form.fits(&other), fits_by_definition(form.elements(), &chars));
        }
    }

    #[test]
    fn the_longest_text_and_form_are_compared_at_once() {
        // By going back for each character this would be a billion steps.
        let text = "a".repeat(1 << 20);
        for pattern in ["*".to_owned() + &"a".repeat(1000) + "b", "*?".repeat(500) + "b*"] {
            assert!(!form(&pattern).fits(&text));
            assert!(form(&pattern.replace('b', "a")).fits(&text));
        }
        assert!(!form(&format!("*{}?b*", "a".repeat(1000))).fits(&text));
    }
}
