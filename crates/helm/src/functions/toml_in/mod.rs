//! TOML as the BurntSushi library reads it, with what it says of a fault.

mod scalars;
mod scan;
mod tree;

use gotemplate::{List, Map, Str, Value as Live};

use super::toml_out::bare_or_quoted;
use scalars::{moment, number, unescape};
use scan::{Fault, Inside, Scanner, Text, Token};
use tree::Tree;

/// The map of a text, or what is wrong with it. `spend` is told of steps as they are taken; where it refuses, the reading
/// ends.
///
/// # Errors
/// What `spend` says.
pub(super) fn read_toml<E>(
    text: &[u8],
    spend: &mut dyn FnMut(u64) -> Result<(), E>,
) -> Result<Result<Live, String>, E> {
    let mut refused = None;
    let read = read(text, &mut |steps| spend(steps).map_err(|error| refused = Some(error)).is_ok());
    refused.map_or(Ok(read), Err)
}

fn read(text: &[u8], spend: &mut dyn FnMut(u64) -> bool) -> Result<Live, String> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if text[..text.len().min(6)].contains(&0) {
        let why = "files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8";
        return Err(format!("toml: line 1: {why}"));
    }
    let mut reader =
        Reader { scanner: Scanner::new(text), tree: Tree::default(), at: Position::default(), spend };
    match reader.document() {
        Ok(()) => Ok(reader.tree.into_map()),
        Err(fault) => Err(reader.at.tell(&fault)),
    }
}

/// Deepest nesting of lists.
const DEEPEST: usize = 500;
/// Most parts of a key, those of the tables around included. Go has no limit; the work grows with the square.
const LONGEST_KEY: usize = 100;

/// Where the reader is: what a fault is told with.
#[derive(Default)]
struct Position {
    /// The table around.
    context: Vec<String>,
    /// The key whose value is read; empty between entries.
    key: String,
    /// The line of the last key.
    key_line: usize,
}

impl Position {
    fn tell(&self, Fault { line, why }: &Fault) -> String {
        let last = match (self.context.as_slice(), self.key.as_str()) {
            ([], "") => return format!("toml: line {line}: {why}"),
            ([], key) => key.to_owned(),
            (context, "") => path(context),
            (context, key) => format!("{}.{key}", path(context)),
        };
        format!("toml: line {line} (last key {}): {why}", gotemplate::fmt::quote(last.as_bytes()))
    }
}

/// A key of several parts as it is written.
fn path(parts: &[String]) -> String {
    parts.iter().map(|part| bare_or_quoted(part)).collect::<Vec<_>>().join(".")
}

struct Reader<'t> {
    scanner: Scanner<'t>,
    tree: Tree,
    at: Position,
    spend: &'t mut dyn FnMut(u64) -> bool,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        loop {
            self.scanner.skip_blank_lines()?;
            match self.scanner.peek()? {
                None => return Ok(()),
                Some('#') => self.scanner.comment()?,
                Some('[') => {
                    self.header()?;
                    self.scanner.end_of_entry()?;
                }
                Some(_) => {
                    let table = self.at.context.clone();
                    let (parents, key) = self.key()?;
                    self.entry(&parents, key, None)?;
                    self.at.context = table;
                    self.at.key.clear();
                    self.scanner.end_of_entry()?;
                }
            }
        }
    }

    /// `[table]` or `[[table]]`
    fn header(&mut self) -> Result<(), Fault> {
        self.scanner.next()?;
        let list = self.scanner.accept('[')?;
        let mut parts = Vec::new();
        loop {
            let name = self.scanner.table_name()?;
            if parts.is_empty() {
                self.at.key_line = self.scanner.line();
            }
            parts.push(self.plain(name)?);
            if !self.scanner.table_name_goes_on()? {
                break;
            }
        }
        if list {
            self.scanner.end_of_list_header()?;
        }
        self.enter(&parts, list)
    }

    /// A key up to its `=`: the parts before the last, and the last.
    fn key(&mut self) -> Result<(Vec<String>, String), Fault> {
        self.scanner.start_of_key()?;
        let mut parts = Vec::new();
        loop {
            let name = self.scanner.key_name()?;
            if parts.is_empty() {
                self.at.key_line = self.scanner.line();
            }
            let text = self.plain(name)?;
            if !self.scanner.key_goes_on()? {
                return Ok((parts, text));
            }
            parts.push(text);
        }
    }

    fn plain(&self, Text { text, escaped }: Text) -> Result<String, Fault> {
        if escaped { unescape(&text, self.scanner.line()) } else { Ok(text) }
    }

    /// The value of a key, set where the key says; inside an inline table it is noted in `inline` as well.
    fn entry(&mut self, parents: &[String], key: String, inline: Option<&Map>) -> Result<(), Fault> {
        self.at.key.clone_from(&key);
        for parent in parents {
            let mut context = self.at.context.clone();
            context.push(parent.clone());
            self.tree.expect_again(&context);
            self.enter(&context, false)?;
        }
        let value = self.value(false, 0)?;
        self.set(&key, value.clone())?;
        self.tree.set_list(&self.at.context, &key, matches!(value, Live::List(_)));
        let Some(table) = inline else { return Ok(()) };
        let mut table = table.clone();
        for parent in parents {
            table = match table.get(parent) {
                Some(Live::Map(known)) => known,
                None => {
                    let new = Map::new();
                    table.insert(Str::from(parent.as_str()), Live::Map(new.clone()));
                    new
                }
                Some(_) => {
                    let context = gotemplate::fmt::quote(path(&self.at.context).as_bytes());
                    return Err(self.key_fault(format!("{context} is not a table")));
                }
            };
        }
        table.insert(Str::from(key), value);
        Ok(())
    }

    fn value(&mut self, in_list: bool, depth: usize) -> Result<Live, Fault> {
        if depth > DEEPEST {
            return Err(Fault::new(self.scanner.line(), format!("lists are nested deeper than {DEEPEST}")));
        }
        self.step(1)?;
        let token = self.scanner.value()?;
        let line = self.scanner.line();
        Ok(match token {
            Token::Text(text) => Live::str(self.plain(text)?),
            Token::Bool(flag) => Live::Bool(flag),
            Token::Number { text, float } => number(&text, float).map_err(|why| Fault::new(line, why))?,
            Token::Moment(text) => moment(&text).map_err(|why| Fault::new(line, why))?,
            Token::List => self.list(depth)?,
            Token::Table => self.inline_table(in_list)?,
        })
    }

    fn list(&mut self, depth: usize) -> Result<Live, Fault> {
        self.tree.set_list(&self.at.context, &self.at.key, true);
        let mut items = Vec::new();
        while self.scanner.item_follows(Inside::List)? {
            items.push(self.value(true, depth + 1)?);
            if !self.scanner.items_go_on(Inside::List)? {
                break;
            }
        }
        Ok(Live::List(List::new(items)))
    }

    fn inline_table(&mut self, in_list: bool) -> Result<Live, Fault> {
        let outer = (self.at.context.clone(), std::mem::take(&mut self.at.key));
        self.at.context.push(outer.1.clone());
        let inside = self.at.context.clone();
        self.tree.expect_again(&inside);
        self.enter(&inside, in_list)?;
        let table = Map::new();
        while self.scanner.item_follows(Inside::Table)? {
            let (parents, key) = self.key()?;
            self.entry(&parents, key, Some(&table))?;
            self.at.context.clone_from(&inside);
            if !self.scanner.items_go_on(Inside::Table)? {
                break;
            }
        }
        (self.at.context, self.at.key) = outer;
        Ok(Live::Map(table))
    }

    /// Makes a table, or one more of a list of tables, the table around.
    fn enter(&mut self, key: &[String], list: bool) -> Result<(), Fault> {
        let Some((last, parents)) = key.split_last() else { return Ok(()) };
        // Each part is looked up, and so are the tables above it.
        self.step(key.len() as u64)?;
        if key.len() > LONGEST_KEY {
            return Err(self.key_fault(format!("tables are nested deeper than {LONGEST_KEY}")));
        }
        let entered = self.tree.open(parents);
        let why = match entered {
            Err(why) => Some(why),
            Ok(()) => {
                self.at.context = parents.to_vec();
                if list { self.tree.append(parents, last) } else { self.tree.set(parents, last, None) }.err()
            }
        };
        if let Some(why) = why {
            return Err(self.key_fault(why));
        }
        self.at.context.push(last.clone());
        Ok(())
    }

    fn step(&mut self, steps: u64) -> Result<(), Fault> {
        if (self.spend)(steps) { Ok(()) } else { Err(Fault::new(self.scanner.line(), "no steps are left")) }
    }

    fn set(&mut self, key: &str, value: Live) -> Result<(), Fault> {
        self.tree.set(&self.at.context, key, Some(value)).map_err(|why| self.key_fault(why))
    }

    fn key_fault(&self, why: String) -> Fault {
        Fault::new(self.at.key_line, why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let found =
            read(text.as_bytes(), &mut |_| true).map(|value| gotemplate::fmt::to_text(&value).to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text:?}");
    }

    #[test]
    fn tables_become_maps() {
        check("a = 1\n[b]\nc = [\"x\", 2.5]", Ok("map[a:1 b:map[c:[x 2.5]]]"));
        check("d = 2024-05-06", Ok("map[d:2024-05-06 00:00:00 +0000 date-local]"));
        check("[[a.b]]\nx = 1\n[[a.b]]\n[a.b.c]\ny = 2", Ok("map[a:map[b:[map[x:1] map[c:map[y:2]]]]]"));
        check("a = {b.c = 1, d = [{e = 2}, {e = 3}]}", Ok("map[a:map[b:map[c:1] d:[map[e:2] map[e:3]]]]"));
        check("a.b = 1\n'c d'.\"\\u00e9\" = \"\"\"\nx \\\n  y\"\"\"", Ok("map[a:map[b:1] c d:map[é:x y]]"));
        check("[a.b]\n[a]\nc = 0x1F # end\n", Ok("map[a:map[b:map[] c:31]]"));
    }

    #[test]
    fn faults_of_keys_are_told_as_in_go() {
        check("bad", Err("toml: line 1: unexpected EOF; expected key separator '='"));
        check("foo bar", Err("toml: line 1: expected '.' or '=', but got 'b' instead"));
        check("a = 1\nb\n", Err("toml: line 2: expected '.' or '=', but got '\\n' instead"));
        check("[]", Err("toml: line 1: unexpected end of table name (table names cannot be empty)"));
        check("[{", Err("toml: line 1: expected '.' or ']' to end table name, but got '{' instead"));
        check("\"a", Err("toml: line 1: unexpected EOF; expected '\"'"));
        check("a = 1\na = 2", Err("toml: line 2 (last key \"a\"): Key 'a' has already been defined."));
        check("a = 1\n[a.b]", Err("toml: line 2: Key 'a' was already created as a hash."));
        check(
            "a\u{0}b c d",
            Err(
                "toml: line 1: files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8",
            ),
        );
    }

    #[test]
    fn faults_of_values_are_told_as_in_go() {
        check(
            "[t]\na = foo",
            Err("toml: line 2 (last key \"t.a\"): expected value but found \"foo\" instead"),
        );
        check(
            "a = 01",
            Err("toml: line 1 (last key \"a\"): Invalid integer \"01\": cannot have leading zeroes"),
        );
        check(
            "a = 1_",
            Err(
                "toml: line 1 (last key \"a\"): Invalid integer \"1_\": underscores must be surrounded by digits",
            ),
        );
        check("a = [1,,2]", Err("toml: line 1 (last key \"a\"): unexpected comma"));
        check("a = \"\\q\"", Err("toml: line 1 (last key \"a\"): invalid escape in string '\\q'"));
        check("a = 2024-13-01", Err("toml: line 1 (last key \"a\"): invalid datetime: \"2024-13-01\""));
        check(
            "a = 1 2",
            Err(
                "toml: line 1: expected a top-level item to end with a newline, comment, or EOF, but got '2' instead",
            ),
        );
        check(
            &format!("a = {}", "[".repeat(5000)),
            Err("toml: line 1 (last key \"a\"): lists are nested deeper than 500"),
        );
    }

    #[test]
    fn a_text_that_takes_too_many_steps_is_given_up() {
        let text = format!("{}b = 1\n", "a.".repeat(90)).repeat(100);
        let mut left = 1000;
        let mut spend = |steps: u64| {
            left -= steps.min(left);
            if left > 0 { Ok(()) } else { Err("spent") }
        };
        assert_eq!(read_toml(text.as_bytes(), &mut spend).err(), Some("spent"));
        assert_eq!(left, 0);
    }

    #[test]
    fn tables_that_are_nested_without_end_are_refused() {
        for text in [
            format!("[{}a]", "a.".repeat(100_000)),
            format!("{}a = 1", "a.".repeat(100_000)),
            "a = {".repeat(100_000),
            format!("a = {}", "[{a = ".repeat(100_000)),
            format!("[a.{0}b]\n{0}c = 1", "a.".repeat(60)),
        ] {
            let why = read(text.as_bytes(), &mut |_| true).expect_err("it is refused");
            assert!(why.ends_with(": tables are nested deeper than 100"), "{}", &why[why.len().min(200)..]);
        }
    }
}
