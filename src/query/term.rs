//! From a word to a condition: `key:value`.

use super::ast::{Bound, Key, Term, Test};
use super::check::{self, Refusal};
use super::error::ParseError;
use super::field::{Field, FieldKind, is_time_attribute};
use super::lex::{Glyph, GlyphKind, text};
use super::limits::MAX_VALUES;
use super::literal::{Pattern, Piece};
use super::suggest::nearest;
use super::text::Text;
use super::time::Comparison;

/// The end of a key that asks for the number of values.
pub(crate) const COUNT: &str = "_count";

/// Reads the conditions of a query.
pub(crate) struct TermReader<'a> {
    query: &'a str,
    /// The fields that may be asked for, if that is checked.
    known: Option<&'a [Field]>,
    /// Values and names read so far.
    values: usize,
}

impl<'a> TermReader<'a> {
    pub(crate) fn new(query: &'a str, known: Option<&'a [Field]>) -> Self {
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
        let test = self.test(value, after, self.asked(&key))?;
        Ok(Term::Is(key, test))
    }

    /// Reads a word without a key, which is looked for in names.
    fn name(&mut self, glyphs: &[Glyph], position: usize) -> Result<Term, ParseError> {
        match self.test(glyphs, position, Asked::Anything)? {
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
        match self.known.map(|known| suggestion(known, name.folded())) {
            Some(Err(suggestion)) => {
                Err(self.error(position, "the name of a field").suggesting(suggestion))
            }
            _ => Ok(Key::Field(name)),
        }
    }

    /// What a key can be asked, as far as that is known and checked.
    fn asked(&self, key: &Key) -> Asked {
        let Some(known) = self.known else { return Asked::Anything };
        match key {
            Key::Count(_) => Asked::Of(FieldKind::Number),
            Key::Attribute { name, .. } if is_time_attribute(name.folded()) => Asked::OfAttribute,
            Key::Field(name) => match Field::of(known, name.folded()) {
                Some(field) => Asked::Of(field.kind),
                None if is_time_attribute(name.folded()) => Asked::OfAttribute,
                None => Asked::Anything,
            },
            Key::Attribute { .. } | Key::Name => Asked::Anything,
        }
    }

    fn test(
        &mut self,
        glyphs: &[Glyph],
        position: usize,
        asked: Asked,
    ) -> Result<Test, ParseError> {
        let starts = |at: usize, c: char| glyphs.get(at).is_some_and(|glyph| glyph.is_bare(c));
        let (comparison, length) = match (starts(0, '>'), starts(0, '<'), starts(1, '=')) {
            (true, _, false) => (Comparison::Greater, 1),
            (true, _, true) => (Comparison::GreaterOrEqual, 2),
            (_, true, false) => (Comparison::Less, 1),
            (_, true, true) => (Comparison::LessOrEqual, 2),
            _ if starts(0, '=') => {
                let rest = glyphs.get(1..).unwrap_or_default();
                return Ok(Test::Equals(self.patterns(rest, position + 1, asked, true)?));
            }
            _ => return Ok(Test::Contains(self.patterns(glyphs, position, asked, false)?)),
        };
        let position = position + length;
        self.count_value(position)?;
        match Bound::read(text(glyphs.get(length..).unwrap_or_default())) {
            Ok(bound) => {
                let checked = match asked {
                    Asked::Of(kind) => check::comparison(kind, &bound),
                    Asked::Anything | Asked::OfAttribute => Ok(()),
                };
                checked.map_err(|refusal| self.refused(position, refusal))?;
                Ok(Test::Compare(comparison, bound))
            }
            Err(suggestion) => {
                let expected = "a number, a date, `now`, or a length of time such as `30days`";
                Err(self.error(position, expected).suggesting(suggestion))
            }
        }
    }

    /// The alternatives of a test. A DN is one of them, with all its commas.
    fn patterns(
        &mut self,
        glyphs: &[Glyph],
        position: usize,
        asked: Asked,
        exactly: bool,
    ) -> Result<Vec<Pattern>, ParseError> {
        let wildcards = if exactly { "%_*?" } else { "*?" };
        let items = match is_dn(glyphs) {
            true => {
                self.count_value(position)?;
                vec![(position, glyphs)]
            }
            false => self.items(glyphs, position)?,
        };
        let patterns = items.into_iter().map(|(position, item)| {
            let pattern = pattern(item, wildcards);
            let checked = match asked {
                Asked::Anything => Ok(()),
                Asked::Of(kind) => check::value(kind, &pattern, exactly),
                Asked::OfAttribute => check::attribute_of_times(&pattern),
            };
            checked.map_err(|refusal| self.refused(position, refusal))?;
            Ok(pattern)
        });
        patterns.collect()
    }

    fn refused(&self, position: usize, refusal: Refusal) -> ParseError {
        ParseError::new(self.query, position, refusal.expected).suggesting(refusal.suggestion)
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

/// What can be asked of a key.
#[derive(Clone, Copy)]
enum Asked {
    Anything,
    Of(FieldKind),
    /// What can be asked of an attribute whose values are times, but for those that could not be read.
    OfAttribute,
}

/// Refuses a name that no field has, with what may have been meant.
fn suggestion(known: &[Field], name: &str) -> Result<(), Option<&'static str>> {
    match Field::of(known, name) {
        Some(Field { kind: FieldKind::NotKept, example, .. }) => Err(Some(example)),
        Some(_) => Ok(()),
        // No attribute of a directory has an underscore in its name (RFC 4512, section 1.4).
        None if Field::leaves_attributes(known) && !name.contains('_') => Ok(()),
        None => Err(nearest(name, Field::kept(known))),
    }
}

/// Whether a value is a DN that stands without quotes: between its commas are types and values, and nothing else.
fn is_dn(glyphs: &[Glyph]) -> bool {
    let is_rdn = |part: &[Glyph]| {
        let length = part.iter().take_while(|glyph| is_of_a_type(**glyph)).count();
        length > 0 && part.get(length).is_some_and(|glyph| glyph.is_bare('='))
    };
    let parts = || glyphs.split(|glyph| glyph.is_bare(','));
    parts().nth(1).is_some() && parts().all(is_rdn)
}

fn is_of_a_type(glyph: Glyph) -> bool {
    glyph.kind == GlyphKind::Bare && (glyph.c.is_ascii_alphanumeric() || "-.".contains(glyph.c))
}

fn pattern(glyphs: &[Glyph], wildcards: &str) -> Pattern {
    let is_wildcard = |glyph: Glyph| is_wildcard(glyph, wildcards);
    let pieces = glyphs.chunk_by(|a, b| !is_wildcard(*a) && !is_wildcard(*b)).map(|chunk| {
        match chunk.first().filter(|glyph| is_wildcard(**glyph)) {
            Some(Glyph { c: '%' | '*', .. }) => Piece::Any,
            Some(_) => Piece::One,
            None => Piece::Text(Text::new(text(chunk))),
        }
    });
    Pattern::new(pieces)
}

fn is_wildcard(glyph: Glyph, wildcards: &str) -> bool {
    let may_be = matches!(glyph.kind, GlyphKind::Bare | GlyphKind::Quoted);
    may_be && wildcards.contains(glyph.c)
}

/// The position just after the last of these glyphs, the first of which is at `position`.
fn after_last(glyphs: &[Glyph], position: usize) -> usize {
    glyphs.last().map_or(position, |glyph| glyph.position + glyph.c.len_utf8())
}
