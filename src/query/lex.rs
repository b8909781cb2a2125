//! Words and parentheses.

use super::error::ParseError;
use super::text::is_escapable;

/// A token, and where it begins.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) position: usize,
    pub(crate) kind: TokenKind,
}

#[derive(Debug)]
pub(crate) enum TokenKind {
    And,
    Close,
    Not,
    Open,
    Or,
    Word(Vec<Glyph>),
}

/// A character of a word, and whether it may be syntax.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glyph {
    pub(crate) c: char,
    pub(crate) position: usize,
    pub(crate) kind: GlyphKind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum GlyphKind {
    /// Outside quotes: `:`, `,`, `=`, `<`, `>` and the wildcards have their meaning.
    Bare,
    /// After a backslash: itself.
    Escaped,
    /// An opening quotation mark, kept so that `""` is a value.
    Mark,
    /// Within quotes: only the wildcards have a meaning.
    Quoted,
}

impl Glyph {
    pub(crate) fn is_bare(self, c: char) -> bool {
        self.kind == GlyphKind::Bare && self.c == c
    }
}

/// The text of glyphs, without quotes and escapes.
pub(crate) fn text(glyphs: &[Glyph]) -> String {
    glyphs.iter().filter(|glyph| glyph.kind != GlyphKind::Mark).map(|glyph| glyph.c).collect()
}

/// Splits a query into tokens.
pub(crate) fn tokens(query: &str) -> Result<Vec<Token>, ParseError> {
    let mut tokens = Vec::new();
    let mut lexer = Lexer { query, rest: query };
    loop {
        lexer.rest = lexer.rest.trim_start();
        let position = lexer.position();
        let kind = match lexer.peek() {
            None => return Ok(tokens),
            Some('(') => lexer.step(TokenKind::Open),
            Some(')') => lexer.step(TokenKind::Close),
            Some('-') if lexer.negates() => lexer.step(TokenKind::Not),
            Some(_) => operator_or_word(lexer.word()?),
        };
        tokens.push(Token { position, kind });
    }
}

/// Whether a word, if it stands without quotes, is an operator.
pub(crate) fn is_operator(word: &str) -> bool {
    ["and", "or", "not"].iter().any(|operator| word.eq_ignore_ascii_case(operator))
}

fn operator_or_word(glyphs: Vec<Glyph>) -> TokenKind {
    if glyphs.len() > 3 || glyphs.iter().any(|glyph| glyph.kind != GlyphKind::Bare) {
        return TokenKind::Word(glyphs);
    }
    match text(&glyphs).to_ascii_lowercase().as_str() {
        "and" => TokenKind::And,
        "not" => TokenKind::Not,
        "or" => TokenKind::Or,
        _ => TokenKind::Word(glyphs),
    }
}

struct Lexer<'a> {
    query: &'a str,
    rest: &'a str,
}

impl Lexer<'_> {
    fn position(&self) -> usize {
        self.query.len() - self.rest.len()
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    fn step(&mut self, kind: TokenKind) -> TokenKind {
        self.next();
        kind
    }

    fn word(&mut self) -> Result<Vec<Glyph>, ParseError> {
        let mut glyphs = Vec::new();
        // Where the quotes were opened that are open.
        let mut opened = None;
        loop {
            let position = self.position();
            let kind = match (self.peek(), opened) {
                (None, Some(opened)) => {
                    return Err(ParseError::new(self.query, opened, "a closing quotation mark"));
                }
                (None, None) => return Ok(glyphs),
                (Some(c), None) if c.is_whitespace() || c == '(' || c == ')' => return Ok(glyphs),
                (Some('"'), None) => {
                    opened = Some(position);
                    GlyphKind::Mark
                }
                (Some('"'), Some(_)) => {
                    self.next();
                    opened = None;
                    continue;
                }
                (Some('\\'), _) if self.escapes() => {
                    self.next();
                    GlyphKind::Escaped
                }
                (Some(_), Some(_)) => GlyphKind::Quoted,
                (Some(_), None) => GlyphKind::Bare,
            };
            glyphs.extend(self.next().map(|c| Glyph { c, position, kind }));
        }
    }

    /// Whether the dash here, which begins a word, stands for NOT: something follows that can be the opposite of itself.
    fn negates(&self) -> bool {
        self.rest.chars().nth(1).is_some_and(|c| !c.is_whitespace() && c != ')')
    }

    /// Whether the backslash here takes the next character literally.
    fn escapes(&self) -> bool {
        self.rest.chars().nth(1).is_some_and(is_escapable)
    }
}
