//! From tokens to a tree.

use super::ast::{Bound, Comparison, Expr, Key, Term, Test};
use super::error::ParseError;
use super::lex::{Glyph, GlyphKind, Token, TokenKind, text, tokens};
use super::literal::{Literal, Pattern, Piece};
use super::suggest::nearest;
use super::text::Text;
use super::{MAX_DEPTH, MAX_LENGTH, MAX_VALUES};

/// Parses a query; with `known`, a field whose name is not among these is refused.
pub(crate) fn parse(query: &str, known: Option<&[&str]>) -> Result<Expr, ParseError> {
    if query.len() > MAX_LENGTH {
        let at = query.floor_char_boundary(MAX_LENGTH);
        let expected = format!("a query of at most {MAX_LENGTH} bytes");
        return Err(ParseError::new(query, at, expected));
    }
    let tokens = tokens(query)?;
    let mut parser = Parser { query, known, rest: &tokens, values: 0 };
    if tokens.is_empty() {
        return Ok(Expr::Everything);
    }
    let expr = parser.any(0)?;
    match parser.rest.first() {
        None => Ok(expr),
        Some(token) => {
            Err(parser.error(token.position, "no closing parenthesis without an opening one"))
        }
    }
}

/// Whether a word without quotes is an operator.
pub(crate) fn is_operator(word: &str) -> bool {
    ["and", "or", "not"].iter().any(|operator| word.eq_ignore_ascii_case(operator))
}

struct Parser<'a> {
    query: &'a str,
    known: Option<&'a [&'a str]>,
    rest: &'a [Token],
    /// Values and names read so far.
    values: usize,
}

impl<'a> Parser<'a> {
    /// `all (OR all)*`
    fn any(&mut self, depth: usize) -> Result<Expr, ParseError> {
        let mut alternatives = vec![self.all(depth)?];
        while self.take_operator("or") {
            alternatives.push(self.all(depth)?);
        }
        Ok(join(alternatives, Expr::Or))
    }

    /// `one (AND? one)*`
    fn all(&mut self, depth: usize) -> Result<Expr, ParseError> {
        let mut parts = vec![self.one(depth)?];
        loop {
            let ends = match self.rest.first() {
                None => true,
                Some(token) => {
                    matches!(token.kind, TokenKind::Close)
                        || operator(token).is_some_and(|o| o == "or")
                }
            };
            if ends {
                return Ok(join(parts, Expr::And));
            }
            self.take_operator("and");
            parts.push(self.one(depth)?);
        }
    }

    /// `NOT one`, `( any )` or a term
    fn one(&mut self, depth: usize) -> Result<Expr, ParseError> {
        const EXPECTED: &str = "a word, `key:value`, NOT or a parenthesis";
        let Some((token, rest)) = self.rest.split_first() else {
            return Err(self.error(self.query.len(), EXPECTED));
        };
        if depth > MAX_DEPTH {
            let expected = format!("at most {MAX_DEPTH} parentheses and NOTs within each other");
            return Err(ParseError::new(self.query, token.position, expected));
        }
        let operator = operator(token);
        match &token.kind {
            TokenKind::Open => {
                self.rest = rest;
                let inner = self.any(depth + 1)?;
                self.close(token.position)?;
                Ok(inner)
            }
            TokenKind::Word(_) if operator.as_deref() == Some("not") => {
                self.rest = rest;
                Ok(Expr::Not(Box::new(self.one(depth + 1)?)))
            }
            TokenKind::Word(glyphs) if operator.is_none() => {
                self.rest = rest;
                Ok(Expr::Term(self.term(glyphs, token.position)?))
            }
            TokenKind::Word(_) | TokenKind::Close => Err(self.error(token.position, EXPECTED)),
        }
    }

    fn close(&mut self, opened: usize) -> Result<(), ParseError> {
        match self.rest.split_first() {
            Some((Token { kind: TokenKind::Close, .. }, rest)) => {
                self.rest = rest;
                Ok(())
            }
            _ => Err(self.error(opened, "a closing parenthesis for this one")),
        }
    }

    fn take_operator(&mut self, wanted: &str) -> bool {
        match self.rest.split_first() {
            Some((token, rest)) if operator(token).is_some_and(|found| found == wanted) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn term(&mut self, glyphs: &'a [Glyph], position: usize) -> Result<Term, ParseError> {
        let Some(colon) = glyphs.iter().position(|glyph| glyph.is_bare(':')) else {
            return Ok(Term::Is(Key::Name, self.test(glyphs, true)?));
        };
        let (before, after) = glyphs.split_at_checked(colon).unwrap_or((glyphs, &[]));
        let value = after.get(1..).unwrap_or_default();
        if value.is_empty() {
            return Err(self.error(after_last(after), "a value after the colon"));
        }
        if text(before).eq_ignore_ascii_case("has") {
            let keys = self
                .items(value, after_last(after.get(..1).unwrap_or_default()))?
                .into_iter()
                .map(|item| {
                    self.key(item, item.first().map_or(position, |glyph| glyph.position), false)
                });
            return Ok(Term::Has(keys.collect::<Result<_, _>>()?));
        }
        Ok(Term::Is(self.key(before, position, true)?, self.test(value, false)?))
    }

    fn key(&self, glyphs: &[Glyph], position: usize, countable: bool) -> Result<Key, ParseError> {
        let written = text(glyphs);
        let (stem, counted) = match written.len().checked_sub(COUNT.len()) {
            Some(stem) if countable && stem > 0 => match written.split_at_checked(stem) {
                Some((stem, end)) if end.eq_ignore_ascii_case(COUNT) => (stem, true),
                _ => (written.as_str(), false),
            },
            _ => (written.as_str(), false),
        };
        let key = if stem.starts_with('@') {
            self.attribute(stem, position)?
        } else {
            self.field(stem, position)?
        };
        Ok(if counted { Key::Count(Box::new(key)) } else { key })
    }

    fn attribute(&self, written: &str, position: usize) -> Result<Key, ParseError> {
        let parts = written
            .match_indices('.')
            .nth(1)
            .and_then(|(dot, _)| Some((written.get(..dot)?, written.get(dot + 1..)?)));
        match parts {
            Some((source, name))
                if !name.is_empty() && !source.starts_with("@.") && !source.ends_with('.') =>
            {
                Ok(Key::Attribute { source: Text::new(source), name: Text::new(name) })
            }
            _ => Err(self.error(position, "an attribute as `@source.type.attribute`")),
        }
    }

    fn field(&self, written: &str, position: usize) -> Result<Key, ParseError> {
        if written.is_empty() {
            return Err(self.error(position, "a name before the colon"));
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

    fn test(&mut self, glyphs: &'a [Glyph], bare: bool) -> Result<Test, ParseError> {
        let position = glyphs.first().map_or(0, |glyph| glyph.position);
        let starts = |at: usize, c: char| glyphs.get(at).is_some_and(|glyph| glyph.is_bare(c));
        let (comparison, length) = match (starts(0, '>'), starts(0, '<'), starts(1, '=')) {
            (true, _, false) => (Comparison::Greater, 1),
            (true, _, true) => (Comparison::GreaterOrEqual, 2),
            (_, true, false) => (Comparison::Less, 1),
            (_, true, true) => (Comparison::LessOrEqual, 2),
            _ if starts(0, '=') => {
                let items = self.items(glyphs.get(1..).unwrap_or_default(), position + 1)?;
                return Ok(Test::Equals(items.into_iter().map(pattern).collect()));
            }
            _ => {
                let items = self.items(glyphs, position)?;
                let literals = items.into_iter().map(|item| Literal::new(text(item)));
                return Ok(Test::Contains(literals.collect()));
            }
        };
        if bare {
            let expected = "a name before the comparison, as in `last_seen:<2weeks`";
            return Err(self.error(position, expected));
        }
        self.bound(glyphs.get(length..).unwrap_or_default(), position + length, comparison)
    }

    fn bound(
        &mut self,
        glyphs: &[Glyph],
        position: usize,
        comparison: Comparison,
    ) -> Result<Test, ParseError> {
        const EXPECTED: &str = "a number, a date, `now`, or a length of time such as `30days`";
        self.count_value(position)?;
        match Bound::read(text(glyphs)) {
            Ok(bound) => Ok(Test::Compare(comparison, bound)),
            Err(suggestion) => Err(self.error(position, EXPECTED).suggesting(suggestion)),
        }
    }

    /// The alternatives between commas; `position` is where the first begins.
    fn items<'g>(
        &mut self,
        glyphs: &'g [Glyph],
        position: usize,
    ) -> Result<Vec<&'g [Glyph]>, ParseError> {
        let mut items: Vec<&[Glyph]> = Vec::new();
        let mut position = position;
        for item in glyphs.split(|glyph| glyph.is_bare(',')) {
            position = item.first().map_or(position, |glyph| glyph.position);
            let again = |c: char| item.first().is_some_and(|glyph| glyph.is_bare(c));
            if item.is_empty() {
                return Err(self.error(position, "a value"));
            }
            if !items.is_empty() && "=<>".chars().any(again) {
                return Err(self.error(position, "the operator only before the first value"));
            }
            self.count_value(position)?;
            items.push(item);
            position = after_last(item) + 1;
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

/// The end of a key that asks for the number of values.
pub(crate) const COUNT: &str = "_count";

/// The operator, in lower case, that a token is.
fn operator(token: &Token) -> Option<String> {
    let TokenKind::Word(glyphs) = &token.kind else { return None };
    let bare = glyphs.iter().all(|glyph| glyph.kind == GlyphKind::Bare);
    (bare && glyphs.len() <= 3)
        .then(|| text(glyphs).to_ascii_lowercase())
        .filter(|word| is_operator(word))
}

fn join(mut parts: Vec<Expr>, several: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            several(parts)
        }
    }
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

/// The position just after the last of these glyphs.
fn after_last(glyphs: &[Glyph]) -> usize {
    glyphs.last().map_or(0, |glyph| glyph.position + glyph.c.len_utf8())
}
