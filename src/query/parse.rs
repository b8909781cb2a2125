//! From tokens to a tree.

use super::ast::Expr;
use super::error::ParseError;
use super::field::Field;
use super::lex::{Token, TokenKind, tokens};
use super::limits::{MAX_DEPTH, MAX_LENGTH};
use super::term::TermReader;

/// Parses a query; with `known`, a field whose name is not among these is refused.
pub(crate) fn parse(query: &str, known: Option<&[Field]>) -> Result<Expr, ParseError> {
    if query.len() > MAX_LENGTH {
        return Err(ParseError::new(query, 0, format!("a query of at most {MAX_LENGTH} bytes")));
    }
    let tokens = tokens(query)?;
    if tokens.is_empty() {
        return Ok(Expr::Everything);
    }
    let mut parser = Parser { query, terms: TermReader::new(query, known), rest: &tokens };
    let expr = parser.any(0)?;
    match parser.rest.first() {
        None => Ok(expr),
        Some(token) => Err(parser.error(token, "no closing parenthesis without an opening one")),
    }
}

struct Parser<'a> {
    query: &'a str,
    terms: TermReader<'a>,
    rest: &'a [Token],
}

impl<'a> Parser<'a> {
    /// `all (OR all)*`
    fn any(&mut self, depth: usize) -> Result<Expr, ParseError> {
        let mut alternatives = vec![self.all(depth)?];
        while self.take(|kind| matches!(kind, TokenKind::Or)) {
            alternatives.push(self.all(depth)?);
        }
        Ok(join(alternatives, Expr::Or))
    }

    /// `one (AND? one)*`
    fn all(&mut self, depth: usize) -> Result<Expr, ParseError> {
        let mut parts = vec![self.one(depth)?];
        loop {
            match self.rest.first().map(|token| &token.kind) {
                None | Some(TokenKind::Close | TokenKind::Or) => return Ok(join(parts, Expr::And)),
                Some(_) => self.take(|kind| matches!(kind, TokenKind::And)),
            };
            parts.push(self.one(depth)?);
        }
    }

    /// `NOT one`, `( any )` or a term
    fn one(&mut self, depth: usize) -> Result<Expr, ParseError> {
        const EXPECTED: &str = "a word, `key:value`, NOT or a parenthesis";
        let Some((token, rest)) = self.rest.split_first() else {
            return Err(ParseError::new(self.query, self.query.len(), EXPECTED));
        };
        if depth > MAX_DEPTH {
            let expected = format!("at most {MAX_DEPTH} parentheses and NOTs within each other");
            return Err(ParseError::new(self.query, token.position, expected));
        }
        self.rest = rest;
        match &token.kind {
            TokenKind::Not => Ok(Expr::Not(Box::new(self.one(depth + 1)?))),
            TokenKind::Open => {
                let inner = self.any(depth + 1)?;
                if self.take(|kind| matches!(kind, TokenKind::Close)) {
                    return Ok(inner);
                }
                Err(self.error(token, "a closing parenthesis for this one"))
            }
            TokenKind::Word(glyphs) => Ok(Expr::Term(self.terms.term(glyphs, token.position)?)),
            TokenKind::And | TokenKind::Close | TokenKind::Or => Err(self.error(token, EXPECTED)),
        }
    }

    fn take(&mut self, wanted: fn(&TokenKind) -> bool) -> bool {
        match self.rest.split_first() {
            Some((token, rest)) if wanted(&token.kind) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn error(&self, token: &Token, expected: &'static str) -> ParseError {
        ParseError::new(self.query, token.position, expected)
    }
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
