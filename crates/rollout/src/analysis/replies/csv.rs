//! Comma-separated values as RFC 4180 has them.

/// The rows of a text; quoted fields may hold commas, line ends and doubled quotes.
pub fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let field = rows.last_mut().and_then(|row| row.last_mut()).expect("there is always a field");
        match (quoted, letter) {
            (true, '"') if letters.next_if_eq(&'"').is_some() => field.push('"'),
            (true, '"') => quoted = false,
            (true, _) => field.push(letter),
            (false, '"') => quoted = true,
            (false, ',') => rows.last_mut().expect("there is always a row").push(String::new()),
            (false, '\r') => {}
            (false, '\n') => rows.push(vec![String::new()]),
            (false, _) => field.push(letter),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_commas_and_line_ends() {
        assert_eq!(rows("a,\"b,\"\"c\"\"\"\r\n\"d\ne\",f"), [["a", "b,\"c\""], ["d\ne", "f"]]);
        assert_eq!(rows(""), [[""]]);
    }
}
