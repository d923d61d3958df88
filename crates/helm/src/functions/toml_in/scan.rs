//! The characters of TOML, and the words they make.

/// What is wrong, and on which line.
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) why: String,
}

impl Fault {
    pub(super) fn new(line: usize, why: impl Into<String>) -> Self {
        Self { line, why: why.into() }
    }
}

/// A string, or a key without quotes.
pub(super) struct Text {
    pub(super) text: String,
    /// Whether escapes are still in it.
    pub(super) escaped: bool,
}

/// A value, or the start of one.
pub(super) enum Token {
    Text(Text),
    Bool(bool),
    Number {
        text: String,
        float: bool,
    },
    /// A date, a time, or both.
    Moment(String),
    List,
    Table,
}

/// What is read item by item.
#[derive(Clone, Copy)]
pub(super) enum Inside {
    List,
    Table,
}

impl Inside {
    fn end(self) -> char {
        match self {
            Self::List => ']',
            Self::Table => '}',
        }
    }
}

type Scan<T> = Result<T, Fault>;

pub(super) struct Scanner<'t> {
    text: &'t str,
    /// The first byte that is no UTF-8; the text ends before it.
    bad: Option<u8>,
    at: usize,
    line: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(bytes: &'t [u8]) -> Self {
        let chunk = bytes.utf8_chunks().next();
        let (text, bad) = chunk.map_or(("", None), |chunk| (chunk.valid(), chunk.invalid().first().copied()));
        Self { text, bad, at: 0, line: 1 }
    }

    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The next character, which stays; `None` at the end.
    pub(super) fn peek(&self) -> Scan<Option<char>> {
        let rest = &self.text[self.at..];
        match (rest.chars().next(), self.bad) {
            (None, Some(byte)) => Err(self.fault(format!("invalid UTF-8 byte: 0x{byte:02x}"))),
            (Some(c), _) if is_control(c) || (c == '\r' && !rest.starts_with("\r\n")) => {
                let why = format!("TOML files cannot contain control characters: '0x{:02x}'", u32::from(c));
                Err(self.fault(why))
            }
            (next, _) => Ok(next),
        }
    }

    pub(super) fn next(&mut self) -> Scan<Option<char>> {
        let next = self.peek()?;
        if let Some(c) = next {
            self.at += c.len_utf8();
            self.line += usize::from(c == '\n');
        }
        Ok(next)
    }

    pub(super) fn accept(&mut self, expected: char) -> Scan<bool> {
        let found = self.peek()? == Some(expected);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    fn skip(&mut self, skipped: impl Fn(char) -> bool) -> Scan<()> {
        while self.peek()?.is_some_and(&skipped) {
            self.next()?;
        }
        Ok(())
    }

    fn fault(&self, why: impl Into<String>) -> Fault {
        Fault::new(self.line, why)
    }

    /// A fault at the character that was just read: the end of the text belongs to the last line that has any.
    fn fault_at(&self, read: Option<char>, why: impl Into<String>) -> Fault {
        let after_break = read.is_none() && self.text.ends_with('\n');
        Fault::new(self.line - usize::from(after_break), why)
    }

    /// A fault at a character that must not be there; a line break belongs to the line it ends.
    fn unexpected(&self, read: Option<char>, why: impl Into<String>) -> Fault {
        match read {
            Some('\n') => Fault::new(self.line - 1, why),
            _ => self.fault_at(read, why),
        }
    }

    pub(super) fn skip_blank_lines(&mut self) -> Scan<()> {
        self.skip(is_space)
    }

    /// A comment up to the end of its line.
    pub(super) fn comment(&mut self) -> Scan<()> {
        self.skip(|c| !is_break(c))
    }

    /// What may follow a header or an entry on its line.
    pub(super) fn end_of_entry(&mut self) -> Scan<()> {
        self.skip(is_blank)?;
        match self.next()? {
            None => Ok(()),
            Some('#') => self.comment(),
            Some(c) if is_break(c) => Ok(()),
            read => {
                let shown = rune(read);
                let why = "expected a top-level item to end with a newline, comment, or EOF, but got";
                Err(self.fault_at(read, format!("{why} {shown} instead")))
            }
        }
    }

    pub(super) fn table_name(&mut self) -> Scan<Text> {
        self.skip(is_blank)?;
        match self.peek()? {
            None | Some(']') => Err(self.fault("unexpected end of table name (table names cannot be empty)")),
            Some('.') => Err(self.fault("unexpected table separator (table names cannot be empty)")),
            _ => self.name(),
        }
    }

    /// Whether a dot follows a part of a table's name.
    pub(super) fn table_name_goes_on(&mut self) -> Scan<bool> {
        self.skip(is_blank)?;
        match self.next()? {
            Some('.') => Ok(true),
            Some(']') => Ok(false),
            read => {
                let shown = rune(read);
                let why = format!("expected '.' or ']' to end table name, but got {shown} instead");
                Err(self.fault_at(read, why))
            }
        }
    }

    /// The second bracket of `]]`
    pub(super) fn end_of_list_header(&mut self) -> Scan<()> {
        match self.next()? {
            Some(']') => Ok(()),
            read => {
                let shown = rune(read);
                let why = format!("expected end of table array name delimiter ']', but got {shown} instead");
                Err(self.fault_at(read, why))
            }
        }
    }

    pub(super) fn start_of_key(&mut self) -> Scan<()> {
        self.skip(is_blank)?;
        match self.peek()? {
            None | Some('=') => Err(self.fault("unexpected '=': key name appears blank")),
            Some('.') => Err(self.fault("unexpected '.': keys cannot start with a '.'")),
            Some(_) => Ok(()),
        }
    }

    pub(super) fn key_name(&mut self) -> Scan<Text> {
        self.skip(is_blank)?;
        match self.peek()? {
            None | Some('=') => Err(self.fault("unexpected '='")),
            Some('.') => Err(self.fault("unexpected '.'")),
            Some(_) => self.name(),
        }
    }

    /// Whether a dot follows a part of a key; `=` ends the key.
    pub(super) fn key_goes_on(&mut self) -> Scan<bool> {
        self.skip(is_blank)?;
        match self.next()? {
            Some('.') => Ok(true),
            Some('=') => Ok(false),
            None => Err(self.fault_at(None, "unexpected EOF; expected key separator '='")),
            read => {
                let shown = rune(read);
                Err(self.unexpected(read, format!("expected '.' or '=', but got {shown} instead")))
            }
        }
    }

    fn name(&mut self) -> Scan<Text> {
        match self.peek()? {
            Some(mark @ ('"' | '\'')) => {
                self.next()?;
                if mark == '"' { self.basic_string() } else { self.raw_string() }
            }
            _ => {
                let start = self.at;
                self.skip(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))?;
                Ok(Text { text: self.text[start..self.at].to_owned(), escaped: false })
            }
        }
    }

    /// Whether a list or an inline table goes on with an item; its end is read.
    pub(super) fn item_follows(&mut self, inside: Inside) -> Scan<bool> {
        self.skip_to_item()?;
        match self.peek()? {
            Some(',') => {
                self.next()?;
                Err(self.fault("unexpected comma"))
            }
            next => {
                let ended = next == Some(inside.end());
                if ended {
                    self.next()?;
                }
                Ok(!ended)
            }
        }
    }

    /// Whether a comma follows an item.
    pub(super) fn items_go_on(&mut self, inside: Inside) -> Scan<bool> {
        self.skip_to_item()?;
        match self.next()? {
            Some(',') => Ok(true),
            Some(c) if c == inside.end() => Ok(false),
            read => {
                let shown = shown_plain(read);
                let why = match inside {
                    Inside::List => {
                        format!("expected a comma (',') or array terminator (']'), but got {shown}")
                    }
                    Inside::Table => {
                        let wanted = "expected a comma or an inline table terminator '}'";
                        format!("{wanted}, but got {shown} instead")
                    }
                };
                Err(self.fault_at(read, why))
            }
        }
    }

    /// Skips blanks, line breaks and comments inside brackets.
    fn skip_to_item(&mut self) -> Scan<()> {
        loop {
            self.skip(is_space)?;
            if self.peek()? != Some('#') {
                return Ok(());
            }
            self.comment()?;
        }
    }

    pub(super) fn value(&mut self) -> Scan<Token> {
        self.skip(is_blank)?;
        let start = self.at;
        let read = self.next()?;
        match read {
            Some('0'..='9') => self.number_or_moment(start, read == Some('0')),
            Some('[') => Ok(Token::List),
            Some('{') => Ok(Token::Table),
            Some('"') => {
                if !self.rest().starts_with("\"\"") {
                    return self.basic_string().map(Token::Text);
                }
                self.at += 2;
                self.long_string().map(Token::Text)
            }
            Some('\'') => {
                if !self.rest().starts_with("''") {
                    return self.raw_string().map(Token::Text);
                }
                self.at += 2;
                self.long_raw_string().map(Token::Text)
            }
            Some('.') => Err(self.fault("floats must start with a digit, not '.'")),
            Some('-' | '+') => self.signed_number(start),
            Some(c) if c.is_alphabetic() => self.word(start),
            None => Err(self.fault_at(None, "unexpected EOF; expected value")),
            _ => {
                let shown = rune(read);
                Err(self.unexpected(read, format!("expected value but found {shown} instead")))
            }
        }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn read_since(&self, start: usize) -> String {
        self.text[start..self.at].to_owned()
    }

    /// `true`, `false`, `inf` or `nan`; the library looks for the letters of the latter two one by one, and goes one
    /// back where they are not all there.
    fn word(&mut self, start: usize) -> Scan<Token> {
        if matches!(self.text[start..].chars().next(), Some('i' | 'n')) {
            let infinite = self.accept('n')? && self.accept('f')?;
            if infinite || (self.accept('a')? && self.accept('n')?) {
                return Ok(Token::Number { text: self.read_since(start), float: true });
            }
        }
        let back = self.text[..self.at].chars().next_back().map_or(0, char::len_utf8);
        self.at -= back;
        let start = self.at;
        self.skip(char::is_alphabetic)?;
        match &self.text[start..self.at] {
            "true" => Ok(Token::Bool(true)),
            "false" => Ok(Token::Bool(false)),
            word => {
                let shown = gotemplate::fmt::quote(word.as_bytes());
                Err(self.fault(format!("expected value but found {shown} instead")))
            }
        }
    }

    fn signed_number(&mut self, start: usize) -> Scan<Token> {
        let read = self.next()?;
        match read {
            Some('i' | 'n') => {
                let (second, third) = if read == Some('i') { ('n', 'f') } else { ('a', 'n') };
                if !self.accept(second)? || !self.accept(third)? {
                    return Err(self.fault(format!("invalid float: '{}'", self.read_since(start))));
                }
                Ok(Token::Number { text: self.read_since(start), float: true })
            }
            Some('.') => Err(self.fault("floats must start with a digit, not '.'")),
            Some('0'..='9') => {
                if let (Some('0'), Some(base @ ('b' | 'o' | 'x'))) = (read, self.peek()?) {
                    let text = self.read_since(start);
                    let why = format!("cannot use sign with non-decimal numbers: '{text}{base}'");
                    return Err(self.fault(why));
                }
                self.decimal(start)
            }
            _ => {
                let shown = rune(read);
                Err(self.fault_at(read, format!("expected a digit but got {shown}")))
            }
        }
    }

    fn number_or_moment(&mut self, start: usize, zero: bool) -> Scan<Token> {
        if zero && let Some(base @ ('b' | 'o' | 'x')) = self.peek()? {
            self.next()?;
            let radix = match base {
                'b' => 2,
                'o' => 8,
                _ => 16,
            };
            let next = self.peek()?;
            if !next.is_some_and(|c| c.is_digit(radix)) {
                let kind = match radix {
                    2 => "a binary",
                    8 => "an octal",
                    _ => "a hexadecimal",
                };
                let (text, next) = (self.read_since(start), next.unwrap_or('\0'));
                return Err(self.fault(format!("not {kind} number: '{text}{next}'")));
            }
            self.skip(|c| c.is_digit(radix) || c == '_')?;
            return Ok(Token::Number { text: self.read_since(start), float: false });
        }
        self.skip(|c| c.is_ascii_digit())?;
        match self.peek()? {
            // Behind a zero alone only a digit makes it a date.
            Some('-' | ':') if !zero || self.at > start + 1 => {
                self.skip(|c| {
                    c.is_ascii_digit() || matches!(c, '-' | ':' | 'T' | 't' | ' ' | '.' | 'Z' | 'z' | '+')
                })?;
                Ok(Token::Moment(self.read_since(start).trim().to_owned()))
            }
            _ => self.decimal(start),
        }
    }

    fn decimal(&mut self, start: usize) -> Scan<Token> {
        self.skip(|c| c.is_ascii_digit() || c == '_')?;
        let float = matches!(self.peek()?, Some('.' | 'e' | 'E'));
        if float {
            self.skip(|c| c.is_ascii_digit() || matches!(c, '_' | '.' | '-' | '+' | 'e' | 'E'))?;
        }
        Ok(Token::Number { text: self.read_since(start), float })
    }

    /// A string behind its opening `"`.
    fn basic_string(&mut self) -> Scan<Text> {
        let (start, mut escaped) = (self.at, false);
        loop {
            match self.next()? {
                None => return Err(self.fault_at(None, "unexpected EOF; expected '\"'")),
                Some(c) if is_break(c) => return Err(self.break_in_string()),
                Some('\\') => {
                    escaped = true;
                    self.escape(start)?;
                }
                Some('"') => return Ok(Text { text: self.closed(start, 1), escaped }),
                Some(_) => {}
            }
        }
    }

    fn raw_string(&mut self) -> Scan<Text> {
        let start = self.at;
        loop {
            match self.next()? {
                None => return Err(self.fault_at(None, "unexpected EOF; expected \"'\"")),
                Some(c) if is_break(c) => return Err(self.break_in_string()),
                Some('\'') => return Ok(Text { text: self.closed(start, 1), escaped: false }),
                Some(_) => {}
            }
        }
    }

    fn long_string(&mut self) -> Scan<Text> {
        let start = self.at;
        loop {
            match self.next()? {
                None => return Err(self.fault_at(None, "unexpected EOF; expected '\"\"\"'")),
                Some('\\') => match self.peek()? {
                    Some(c) if is_break(c) => drop(self.next()?),
                    _ => self.escape(start)?,
                },
                Some('"') if self.ends_long(start, '"')? => {
                    let text = without_first_break(&self.closed(start, 3)).to_owned();
                    return Ok(Text { text: without_escaped_breaks(&text), escaped: true });
                }
                Some(_) => {}
            }
        }
    }

    fn long_raw_string(&mut self) -> Scan<Text> {
        let start = self.at;
        loop {
            match self.next()? {
                None => return Err(self.fault_at(None, "unexpected EOF; expected \"'''\"")),
                Some('\'') if self.ends_long(start, '\'')? => {
                    let text = without_first_break(&self.closed(start, 3)).to_owned();
                    return Ok(Text { text, escaped: false });
                }
                Some(_) => {}
            }
        }
    }

    /// Whether the mark that was just read is the first of the three that end a string; one or two before them belong
    /// to its text.
    fn ends_long(&mut self, start: usize, mark: char) -> Scan<bool> {
        if !(self.rest().starts_with(mark) && self.rest()[1..].starts_with(mark)) {
            return Ok(false);
        }
        if !self.rest()[2..].starts_with(mark) {
            self.at += 2;
            return Ok(true);
        }
        let read = &self.text[start..self.at + 2];
        let marks = read.bytes().rev().take_while(|byte| *byte == mark as u8).count();
        let guarded = mark == '"' && marks == 5 && read[..read.len() - 5].ends_with('\\');
        if marks >= 5 && !guarded {
            let quotes = if mark == '"' { "'\"\"\"\"\"\"'" } else { "\"''''''\"" };
            return Err(self.fault(format!("unexpected {quotes}")));
        }
        Ok(false)
    }

    /// The text since `start`, without the marks that end it.
    fn closed(&self, start: usize, marks: usize) -> String {
        self.text[start..self.at - marks].to_owned()
    }

    /// The library takes one line off for a line break, and for a carriage return as well.
    fn break_in_string(&self) -> Fault {
        Fault::new(self.line - 1, "strings cannot contain newlines")
    }

    /// An escape behind its `\`.
    fn escape(&mut self, start: usize) -> Scan<()> {
        let read = self.next()?;
        let digits = match read {
            Some('e' | 'b' | 't' | 'n' | 'f' | 'r' | '"' | ' ' | '\t' | '\\') => return Ok(()),
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            None => {
                return Err(Fault::new(self.line - 1, "invalid escape in string '\\\0'"));
            }
            Some(c) => return Err(self.fault(format!("invalid escape in string '\\{c}'"))),
        };
        for _ in 0..digits {
            let digit = self.next()?;
            if !digit.is_some_and(|c| c.is_ascii_hexdigit()) {
                let (count, letter) = match digits {
                    2 => ("two", 'x'),
                    4 => ("four", 'u'),
                    _ => ("eight", 'U'),
                };
                let shown = gotemplate::fmt::quote(self.read_since(start).as_bytes());
                let why = format!(
                    "expected {count} hexadecimal digits after '\\{letter}', but got {shown} instead"
                );
                return Err(self.fault_at(digit, why));
            }
        }
        Ok(())
    }
}

/// A text without the line break it starts with.
fn without_first_break(text: &str) -> &str {
    text.strip_prefix('\n').or_else(|| text.strip_prefix("\r\n")).unwrap_or(text)
}

/// A text without each `\` at the end of a line and the blanks and line breaks behind it.
fn without_escaped_breaks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let behind = &rest[at + 1..];
        let word = behind.trim_start_matches([' ', '\t', '\r', '\n']);
        if behind[..behind.len() - word.len()].contains('\n') {
            out.push_str(&rest[..at]);
            rest = word;
        } else {
            // `\\` is one escape, so its second half starts none.
            let kept = at + if behind.starts_with('\\') { 2 } else { 1 };
            out.push_str(&rest[..kept]);
            rest = &rest[kept..];
        }
    }
    out + rest
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

fn is_space(c: char) -> bool {
    is_blank(c) || is_break(c)
}

fn is_control(c: char) -> bool {
    (c < ' ' && !is_space(c)) || c == '\u{7f}'
}

/// Go's `%q` of a character; the end of the text is the character zero.
fn rune(c: Option<char>) -> String {
    gotemplate::fmt::quote_char(c.unwrap_or('\0'), false)
}

fn shown_plain(c: Option<char>) -> String {
    c.map_or_else(|| "end of file".to_owned(), |c| format!("'{c}'"))
}
