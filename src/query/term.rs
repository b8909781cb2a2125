//! From a word to a condition: `key:value`.

use super::ast::{Bound, Key, Term, Test};
use super::error::ParseError;
use super::lex::{Glyph, GlyphKind, text};
use super::limits::MAX_VALUES;
use super::literal::{Literal, Pattern, Piece};
use super::suggest::nearest;
use super::text::Text;
use super::time::Comparison;

/// The end of a key that asks for the number of values.
pub(crate) const COUNT: &str = "_count";

/// Reads the conditions of a query.
pub(crate) struct TermReader<'a> {
    query: &'a str,
    known: Option<&'a [&'a str]>,
    /// Values and names read so far.
    values: usize,
}

impl<'a> TermReader<'a> {
    pub(crate) fn new(query: &'a str, known: Option<&'a [&'a str]>) -> Self {
        Self { query, known, values: 0 }
    }

    /// Reads the word that begins at `position`.
    pub(crate) fn term(&mut self, glyphs: &[Glyph], position: usize) -> Result<Term, ParseError> {
        let Some(colon) = glyphs.iter().position(|glyph| glyph.is_bare(':')) else {
            return self.name(glyphs, position);
        };
        let (key, value) = glyphs.split_at_checked(colon).unwrap_or((glyphs, &[]));
        let Some((colon, value)) = value.split_first().filter(|(_, value)| !value.is_empty())
        else {
            return Err(self.error(after_last(glyphs, position), "a value after the colon"));
        };
        let after = colon.position + 1;
        if text(key).eq_ignore_ascii_case("has") {
            let keys = self.items(value, after)?;
            let keys = keys.into_iter().map(|(position, item)| self.key(&text(item), position));
            return Ok(Term::Has(keys.collect::<Result<_, _>>()?));
        }
        let written = text(key);
        let key = match stem_of_count(&written) {
            Some(stem) => Key::Count(Box::new(self.key(stem, position)?)),
            None => self.key(&written, position)?,
        };
        Ok(Term::Is(key, self.test(value, after)?))
    }

    /// Reads a word without a key, which is looked for in names.
    fn name(&mut self, glyphs: &[Glyph], position: usize) -> Result<Term, ParseError> {
        match self.test(glyphs, position)? {
            Test::Compare(..) => {
                Err(self.error(position, "a name before the comparison, as in `last_seen:<2weeks`"))
            }
            test => Ok(Term::Is(Key::Name, test)),
        }
    }

    fn key(&self, written: &str, position: usize) -> Result<Key, ParseError> {
        if written.is_empty() {
            return Err(self.error(position, "a name before the colon"));
        }
        if written.starts_with('@') {
            let key = attribute(written);
            return key
                .ok_or_else(|| self.error(position, "an attribute as `@source.type.attribute`"));
        }
        let name = Text::new(written);
        match self.known {
            Some(known) if !known.contains(&name.folded()) => {
                let error = self.error(position, "the name of a field");
                Err(error.suggesting(nearest(name.folded(), known.iter().copied())))
            }
            _ => Ok(Key::Field(name)),
        }
    }

    fn test(&mut self, glyphs: &[Glyph], position: usize) -> Result<Test, ParseError> {
        let starts = |at: usize, c: char| glyphs.get(at).is_some_and(|glyph| glyph.is_bare(c));
        let (comparison, length) = match (starts(0, '>'), starts(0, '<'), starts(1, '=')) {
            (true, _, false) => (Comparison::Greater, 1),
            (true, _, true) => (Comparison::GreaterOrEqual, 2),
            (_, true, false) => (Comparison::Less, 1),
            (_, true, true) => (Comparison::LessOrEqual, 2),
            _ if starts(0, '=') => {
                let items = self.items(glyphs.get(1..).unwrap_or_default(), position + 1)?;
                return Ok(Test::Equals(
                    items.into_iter().map(|(_, item)| pattern(item)).collect(),
                ));
            }
            _ => {
                let items = self.items(glyphs, position)?.into_iter();
                return Ok(Test::Contains(
                    items.map(|(_, item)| Literal::new(text(item))).collect(),
                ));
            }
        };
        let position = position + length;
        self.count_value(position)?;
        match Bound::read(text(glyphs.get(length..).unwrap_or_default())) {
            Ok(bound) => Ok(Test::Compare(comparison, bound)),
            Err(suggestion) => {
                let expected = "a number, a date, `now`, or a length of time such as `30days`";
                Err(self.error(position, expected).suggesting(suggestion))
            }
        }
    }

    /// The alternatives between commas and where each begins; the first begins at `position`.
    fn items<'g>(
        &mut self,
        glyphs: &'g [Glyph],
        mut position: usize,
    ) -> Result<Vec<(usize, &'g [Glyph])>, ParseError> {
        let mut items = Vec::new();
        for item in glyphs.split(|glyph| glyph.is_bare(',')) {
            let Some(first) = item.first() else { return Err(self.error(position, "a value")) };
            if !items.is_empty() && "=<>".chars().any(|c| first.is_bare(c)) {
                let expected = "the operator only before the first value";
                return Err(self.error(first.position, expected));
            }
            self.count_value(first.position)?;
            items.push((first.position, item));
            position = after_last(item, position) + 1;
        }
        Ok(items)
    }

    fn count_value(&mut self, position: usize) -> Result<(), ParseError> {
        self.values += 1;
        if self.values > MAX_VALUES {
            let expected = format!("at most {MAX_VALUES} values in one query");
            return Err(ParseError::new(self.query, position, expected));
        }
        Ok(())
    }

    fn error(&self, position: usize, expected: &'static str) -> ParseError {
        ParseError::new(self.query, position, expected)
    }
}

/// What stands before `_count`.
fn stem_of_count(key: &str) -> Option<&str> {
    let (stem, end) = key.split_at_checked(key.len().checked_sub(COUNT.len())?)?;
    (!stem.is_empty() && end.eq_ignore_ascii_case(COUNT)).then_some(stem)
}

/// Reads `@source.type.attribute`.
fn attribute(written: &str) -> Option<Key> {
    let (second_dot, _) = written.match_indices('.').nth(1)?;
    let (source, name) = (written.get(..second_dot)?, written.get(second_dot + 1..)?);
    let whole = !source.starts_with("@.") && !source.ends_with('.') && !name.is_empty();
    whole.then(|| Key::Attribute { source: Text::new(source), name: Text::new(name) })
}

fn pattern(glyphs: &[Glyph]) -> Pattern {
    let pieces = glyphs.chunk_by(|a, b| !is_wildcard(*a) && !is_wildcard(*b)).map(|chunk| {
        match chunk.first().filter(|glyph| is_wildcard(**glyph)) {
            Some(Glyph { c: '%', .. }) => Piece::Any,
            Some(_) => Piece::One,
            None => Piece::Text(Text::new(text(chunk))),
        }
    });
    Pattern::new(pieces)
}

fn is_wildcard(glyph: Glyph) -> bool {
    let may_be = matches!(glyph.kind, GlyphKind::Bare | GlyphKind::Quoted);
    may_be && matches!(glyph.c, '%' | '_')
}

/// The position just after the last of these glyphs, the first of which is at `position`.
fn after_last(glyphs: &[Glyph], position: usize) -> usize {
    glyphs.last().map_or(position, |glyph| glyph.position + glyph.c.len_utf8())
}
