//! The JSONPath of Kubernetes: `{$.data.ok}`, `{.items[?(@.name=="x")].v}`, `{..name}`.

use serde_json::Value as Json;

/// The most that a path may visit: `..` in a long answer is written by tenants.
const VISITS: usize = 200_000;
const DEEPEST: usize = 64;

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Recursive,
    Wildcard,
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Union(Vec<Vec<Step>>),
    Filter { left: Operand, sign: String, right: Operand },
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Path(Vec<Step>),
    Literal(Json),
    /// Nothing stands there: a filter that asks whether the left side exists.
    None,
}

/// What the first path of a template finds, in order.
pub fn find<'a>(template: &str, value: &'a Json) -> Result<Vec<&'a Json>, String> {
    let steps = parse(template)?;
    let mut visits = 0;
    walk(&steps, vec![value], &mut visits)
}

fn parse(template: &str) -> Result<Vec<Step>, String> {
    let inner = template.trim().strip_prefix('{').and_then(|rest| rest.split_once('}').or(Some((rest, ""))));
    // A text without braces is a text for the template language: the same for every answer, and never meant.
    let (_, _) = inner.ok_or("a JSONPath stands in braces: {$.path}")?;
    let text = template.trim();
    let end = closing(text).ok_or("the path has no closing brace")?;
    let mut reader = Reader { text: text[1..end].trim(), at: 0, depth: 0 };
    if reader.text.starts_with('$') {
        reader.at = 1;
    }
    let steps = reader.steps()?;
    if reader.at < reader.text.len() {
        return Err(format!("unexpected {:?} in the path", &reader.text[reader.at..]));
    }
    Ok(steps)
}

/// The brace that closes the first one, outside of quotes.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, letter) in text.char_indices().skip(1) {
        match (quote, letter) {
            (None, '}') => return Some(at),
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None | Some(_), _) => {}
        }
    }
    None
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn steps(&mut self) -> Result<Vec<Step>, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the path is too deep".to_owned());
        }
        let mut steps = Vec::new();
        loop {
            if self.skip("..") {
                steps.push(Step::Recursive);
                if !self.rest().starts_with('[') {
                    steps.extend(self.field()?);
                }
            } else if self.skip(".") {
                steps.extend(self.field()?);
            } else if self.skip("[") {
                steps.push(self.bracket()?);
            } else if self.skip("*") {
                steps.push(Step::Wildcard);
            } else if steps.is_empty()
                && self.rest().starts_with(|letter: char| letter.is_alphanumeric() || letter == '_')
            {
                steps.extend(self.field()?);
            } else {
                break;
            }
        }
        self.depth -= 1;
        Ok(steps)
    }

    fn field(&mut self) -> Result<Option<Step>, String> {
        if self.skip("*") {
            return Ok(Some(Step::Wildcard));
        }
        let mut name = String::new();
        let mut letters = self.rest().char_indices();
        let mut end = self.rest().len();
        while let Some((at, letter)) = letters.next() {
            match letter {
                // A backslash keeps the dot in `metadata\.name`.
                '\\' => name.extend(letters.next().map(|(_, letter)| letter)),
                '.' | '[' | ']' | ')' | ' ' | '=' | '!' | '<' | '>' | ',' => {
                    end = at;
                    break;
                }
                _ => name.push(letter),
            }
        }
        self.at += end;
        Ok(Some(Step::Field(name)).filter(|step| *step != Step::Field(String::new())))
    }

    fn bracket(&mut self) -> Result<Step, String> {
        if self.skip("?(") {
            let step = self.filter()?;
            let closed = self.skip(")") && self.skip("]");
            return if closed { Ok(step) } else { Err("a filter does not end in )]".to_owned()) };
        }
        let end = self.bracket_end().ok_or("a bracket is not closed")?;
        let inner = self.text[self.at..end].trim().to_owned();
        self.at = end + 1;
        if inner == "*" {
            return Ok(Step::Wildcard);
        }
        let parts = split(&inner);
        if parts.len() > 1 {
            let steps = parts.iter().map(|part| element(part).map(|step| vec![step]));
            return Ok(Step::Union(steps.collect::<Result<_, _>>()?));
        }
        element(&inner)
    }

    fn bracket_end(&self) -> Option<usize> {
        let mut quote = None;
        for (at, letter) in self.text[self.at..].char_indices() {
            match (quote, letter) {
                (None, ']') => return Some(self.at + at),
                (None, '\'' | '"') => quote = Some(letter),
                (Some(open), _) if open == letter => quote = None,
                (None | Some(_), _) => {}
            }
        }
        None
    }

    fn filter(&mut self) -> Result<Step, String> {
        let left = self.operand()?;
        self.spaces();
        let signs = ["==", "!=", "<=", ">=", "<", ">"];
        let Some(sign) = signs.into_iter().find(|sign| self.rest().starts_with(sign)) else {
            return Ok(Step::Filter { left, sign: "exists".to_owned(), right: Operand::None });
        };
        self.at += sign.len();
        let right = self.operand()?;
        self.spaces();
        Ok(Step::Filter { left, sign: sign.to_owned(), right })
    }

    fn operand(&mut self) -> Result<Operand, String> {
        self.spaces();
        if self.skip("@") {
            return Ok(Operand::Path(self.steps()?));
        }
        if self.rest().starts_with(['\'', '"']) {
            let quote = self.text.as_bytes()[self.at] as char;
            let rest = &self.rest()[1..];
            let (inner, _) = rest.split_once(quote).ok_or("a text in a filter does not end")?;
            let inner = inner.to_owned();
            self.at += inner.len() + 2;
            return Ok(Operand::Literal(inner.into()));
        }
        let end = self.rest().find([')', ' ', '=', '!', '<', '>']).unwrap_or(self.rest().len());
        let word = self.rest()[..end].to_owned();
        self.at += end;
        let literal =
            serde_json::from_str(&word).map_err(|_| format!("{word:?} is no value for a filter"))?;
        Ok(Operand::Literal(literal))
    }

    fn spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }
}

/// Splits at commas outside of quotes.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for letter in text.chars() {
        match (quote, letter) {
            (None, ',') => parts.push(String::new()),
            (None, '\'' | '"') => {
                quote = Some(letter);
                parts.last_mut().expect("it begins with one").push(letter);
            }
            (open, _) => {
                if open == Some(letter) {
                    quote = None;
                }
                parts.last_mut().expect("it begins with one").push(letter);
            }
        }
    }
    parts
}

fn element(text: &str) -> Result<Step, String> {
    let text = text.trim();
    let quoted = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    if let Some(name) = quoted('\'').or_else(|| quoted('"')) {
        return Ok(Step::Field(name.to_owned()));
    }
    let number = |part: &str| match part.trim() {
        "" => Ok(None),
        part => part.parse().map(Some).map_err(|_| format!("{part:?} is no index")),
    };
    let parts: Vec<_> = text.split(':').collect();
    match parts.as_slice() {
        [one] => {
            let start = number(one)?.ok_or("an index is missing")?;
            let end = if start == -1 { None } else { Some(start + 1) };
            Ok(Step::Slice { start: Some(start), end, step: 0 })
        }
        [start, end] => Ok(Step::Slice { start: number(start)?, end: number(end)?, step: 1 }),
        [start, end, step] => {
            let step = number(step)?.filter(|step| *step > 0).ok_or("a step must be greater than 0")?;
            Ok(Step::Slice { start: number(start)?, end: number(end)?, step })
        }
        _ => Err(format!("{text:?} is no index")),
    }
}

fn walk<'a>(steps: &[Step], mut found: Vec<&'a Json>, visits: &mut usize) -> Result<Vec<&'a Json>, String> {
    for (at, step) in steps.iter().enumerate() {
        let mut next = Vec::new();
        for value in found {
            *visits += 1;
            if *visits > VISITS {
                return Err("the path visits too much of the answer".to_owned());
            }
            apply(step, value, &mut next, visits)?;
        }
        // `..name` passes over the maps that lack it.
        if let (Step::Recursive, Some(Step::Field(name))) = (step, steps.get(at + 1)) {
            next.retain(|value| value.get(name).is_some());
        }
        found = next;
    }
    Ok(found)
}

fn apply<'a>(
    step: &Step,
    value: &'a Json,
    out: &mut Vec<&'a Json>,
    visits: &mut usize,
) -> Result<(), String> {
    match step {
        Step::Field(name) => match (value, value.get(name)) {
            (_, Some(inner)) => out.push(inner),
            // A list is no map: its elements are not asked, as `..name` asks them one by one.
            (Json::Array(_), None) => {}
            (_, None) => return Err(format!("{name} is not found")),
        },
        Step::Wildcard => out.extend(children(value)),
        Step::Recursive => {
            let mut queue = vec![value];
            while let Some(value) = queue.pop() {
                *visits += 1;
                if *visits > VISITS {
                    return Err("the path visits too much of the answer".to_owned());
                }
                out.push(value);
                queue.extend(children(value).into_iter().rev());
            }
            out.retain(|value| value.is_object() || value.is_array());
        }
        Step::Slice { start, end, step } => slice(value, *start, *end, *step, out)?,
        Step::Union(parts) => {
            for part in parts {
                out.extend(walk(part, vec![value], visits)?);
            }
        }
        Step::Filter { left, sign, right } => {
            for item in children(value) {
                if passes(item, left, sign, right, visits) {
                    out.push(item);
                }
            }
        }
    }
    Ok(())
}

fn children(value: &Json) -> Vec<&Json> {
    match value {
        Json::Array(items) => items.iter().collect(),
        Json::Object(map) => map.values().collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Vec::new(),
    }
}

fn slice<'a>(
    value: &'a Json,
    start: Option<i64>,
    end: Option<i64>,
    step: i64,
    out: &mut Vec<&'a Json>,
) -> Result<(), String> {
    let Json::Array(items) = value else { return Err("an index needs a list".to_owned()) };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let place = |index: i64| if index < 0 { index + length } else { index };
    let (from, to) = (place(start.unwrap_or(0)), end.map_or(length, place));
    // A single index must be there; a slice takes what there is.
    if step == 0 && !(0..length).contains(&from) {
        let index = start.unwrap_or(0);
        return Err(format!("array index out of bounds: index {index}, length {length}"));
    }
    let from = usize::try_from(from.max(0)).unwrap_or(usize::MAX);
    let to = usize::try_from(to.clamp(0, length)).unwrap_or(0);
    let step = usize::try_from(step.max(1)).unwrap_or(1);
    out.extend(items.iter().take(to).skip(from).step_by(step));
    Ok(())
}

fn passes(item: &Json, left: &Operand, sign: &str, right: &Operand, visits: &mut usize) -> bool {
    let mut value = |operand: &Operand| match operand {
        Operand::Path(steps) => walk(steps, vec![item], visits).ok()?.first().map(|found| (*found).clone()),
        Operand::Literal(literal) => Some(literal.clone()),
        Operand::None => None,
    };
    let Some(left) = value(left) else { return false };
    if sign == "exists" {
        return true;
    }
    let Some(right) = value(right) else { return false };
    let order = match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.partial_cmp(&right),
        _ => left.as_str().zip(right.as_str()).map(|(left, right)| left.cmp(right)),
    };
    match (sign, order) {
        ("==", Some(order)) => order.is_eq(),
        ("!=", Some(order)) => order.is_ne(),
        ("<", Some(order)) => order.is_lt(),
        (">", Some(order)) => order.is_gt(),
        ("<=", Some(order)) => order.is_le(),
        (">=", Some(order)) => order.is_ge(),
        ("==", None) => left == right,
        ("!=", None) => left != right,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        let answer = serde_json::json!({
            "data": {"ok": true, "a.b": 7, "items": [{"name": "x", "v": 1}, {"name": "y", "v": 2}, {"name": "z", "v": 3}]},
        });
        let shown = match find(path, &answer) {
            Ok(found) => found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Err(why) => format!("error: {why}"),
        };
        assert_eq!(shown, expected, "{path}");
    }

    #[test]
    fn paths_find_what_kubectl_finds() {
        check("{$.data.ok}", "true");
        check("{.data.ok}", "true");
        check("{data.ok}", "true");
        check("{.data['a.b']}", "7");
        check("{.data.a\\.b}", "7");
        check("{.data.items[0].v}", "1");
        check("{.data.items[-1].v}", "3");
        check("{.data.items[*].v}", "1 2 3");
        check("{.data.items[1:].v}", "2 3");
        check("{.data.items[0:3:2].v}", "1 3");
        check("{.data.items[0,2].v}", "1 3");
        check("{.data.items[?(@.name==\"y\")].v}", "2");
        check("{.data.items[?(@.v > 1)].name}", "\"y\" \"z\"");
        check("{.data.items[?(@.name)].v}", "1 2 3");
        check("{.data.items[?(@.gone)].v}", "");
        check("{..v}", "1 2 3");
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        check("{.data.gone}", "error: gone is not found");
        check("{.data.items[9].v}", "error: array index out of bounds: index 9, length 3");
        check("$.data", "error: a JSONPath stands in braces: {$.path}");
        check("{.data", "error: the path has no closing brace");
        check("{.data.items[0}", "error: a bracket is not closed");
        check("{.data.items[?(@.v]}", "error: a filter does not end in )]");
        check("{.data)}", "error: unexpected \")\" in the path");
    }

    #[test]
    fn the_whole_answer_is_a_path_too() {
        assert_eq!(find("{$}", &serde_json::json!(3)), Ok(vec![&serde_json::json!(3)]));
    }
}
