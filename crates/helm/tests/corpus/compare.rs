//! Two streams of documents compared by meaning, order and bytes, with holes for what is random in Helm itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use crate::support::Score;

/// What is random in the documents of a case.
#[derive(Default)]
pub struct Mask {
    documents: HashMap<usize, DocumentMask>,
}

#[derive(Default)]
struct DocumentMask {
    name: bool,
    lines: Vec<Hole>,
    paths: BTreeMap<String, Vec<Hole>>,
}

/// Lines that may hold anything between a prefix and a suffix.
struct Hole {
    from: usize,
    to: usize,
    prefix: String,
    suffix: String,
}

impl Mask {
    pub fn parse(text: &str) -> Self {
        let json: Json = serde_json::from_str(text).expect("the mask is JSON");
        let documents = json["docs"].as_array().into_iter().flatten().map(|document| {
            let paths = document["paths"].as_array().into_iter().flatten();
            let mask = DocumentMask {
                name: document["nameMasked"] == true,
                lines: holes(&document["lines"]),
                paths: paths.map(|path| (path_key(&path["path"]), holes(&path["lines"]))).collect(),
            };
            (document["doc"].as_u64().unwrap_or_default() as usize, mask)
        });
        Self { documents: documents.collect() }
    }
}

fn path_key(path: &Json) -> String {
    let parts = path.as_array().into_iter().flatten();
    parts.map(|part| format!("/{}", part.as_str().map_or_else(|| part.to_string(), str::to_owned))).collect()
}

fn holes(lines: &Json) -> Vec<Hole> {
    let hole = |line: &Json| Hole {
        from: line["from"].as_u64().unwrap_or_default() as usize,
        to: line["to"].as_u64().unwrap_or_default() as usize,
        prefix: line["prefix"].as_str().unwrap_or_default().to_owned(),
        suffix: line["suffix"].as_str().unwrap_or_default().to_owned(),
    };
    lines.as_array().into_iter().flatten().map(hole).collect()
}

fn fits(expected: &str, actual: &str, holes: &[Hole]) -> bool {
    if expected == actual || holes.is_empty() {
        return expected == actual;
    }
    let lines: Vec<&str> = expected.split('\n').collect();
    let mut parts = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        match holes.iter().find(|hole| hole.from == at) {
            Some(hole) => {
                let any = if hole.to > hole.from { "(?s:.*?)" } else { "[^\n]*?" };
                parts.push(format!("{}{any}{}", regex::escape(&hole.prefix), regex::escape(&hole.suffix)));
                at = hole.to + 1;
            }
            None => {
                parts.push(regex::escape(lines[at]));
                at += 1;
            }
        }
    }
    let pattern = format!("^(?:{})$", parts.join("\n"));
    let pattern = regex::RegexBuilder::new(&pattern).size_limit(1 << 28).build().expect("it is a pattern");
    pattern.is_match(actual)
}

#[derive(Debug, Default)]
pub struct Verdict {
    documents: usize,
    equal: usize,
    faults: Vec<String>,
    bytes_only: Vec<String>,
    disorder: bool,
}

impl Verdict {
    pub fn semantic(&self) -> bool {
        self.faults.is_empty()
    }

    pub fn count(self, name: &str, score: &mut Score) {
        score.documents += self.documents;
        score.bytes += self.equal;
        score.semantic += usize::from(self.faults.is_empty());
        score.order += usize::from(!self.disorder && self.faults.is_empty());
        score.faults.extend(self.faults.into_iter().map(|fault| format!("{name}  {fault}")));
        score.bytes_only.extend(self.bytes_only.into_iter().map(|fault| format!("{name}  bytes: {fault}")));
        if self.disorder {
            score.faults.push(format!("{name}  order"));
        }
    }
}

struct Document<'a> {
    text: &'a str,
    json: Json,
}

static SEPARATOR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^---[ \t]*(?:\n|\z)").expect("it is a pattern"));

fn split(text: &str) -> Vec<Document<'_>> {
    let pieces = SEPARATOR.split(text).filter(|piece| !piece.trim().is_empty());
    pieces
        .map(|text| Document {
            text,
            json: goyaml::to_json(text)
                .unwrap_or_else(|error| Json::from(format!("unreadable: {error} {text}"))),
        })
        .collect()
}

fn identity(json: &Json) -> [String; 4] {
    let text = |value: &Json| value.as_str().map_or_else(String::new, str::to_owned);
    let metadata = &json["metadata"];
    [text(&json["apiVersion"]), text(&json["kind"]), text(&metadata["namespace"]), text(&metadata["name"])]
}

pub fn compare(expected: &str, actual: &str, mask: &Mask) -> Verdict {
    let (wanted, found) = (split(expected), split(actual));
    let none = DocumentMask::default();
    let mask = |at: usize| mask.documents.get(&at).unwrap_or(&none);
    let mut verdict = Verdict { documents: wanted.len(), ..Verdict::default() };
    if wanted.len() == found.len()
        && wanted.iter().zip(&found).enumerate().all(|(at, (w, f))| fits(w.text, f.text, &mask(at).lines))
    {
        verdict.equal = wanted.len();
        return verdict;
    }
    let mut left: Vec<usize> = (0..found.len()).collect();
    let mut places = Vec::new();
    for (at, document) in wanted.iter().enumerate() {
        if document.json.is_null() {
            match left.iter().position(|f| {
                found[*f].json.is_null() && fits(document.text, found[*f].text, &mask(at).lines)
            }) {
                Some(place) => {
                    left.remove(place);
                    verdict.equal += 1;
                }
                None => verdict.bytes_only.push(format!("comments {:?}", document.text)),
            }
            continue;
        }
        let key = identity(&document.json);
        let same = |f: &usize| identity(&found[*f].json) == key;
        let but_name = |f: &usize| mask(at).name && identity(&found[*f].json)[..3] == key[..3];
        let Some(place) = left.iter().position(same).or_else(|| left.iter().position(but_name)) else {
            verdict.faults.push(format!("missing document {}", key.join(" ")));
            continue;
        };
        let hit = left.remove(place);
        places.push(hit);
        if fits(document.text, found[hit].text, &mask(at).lines) {
            verdict.equal += 1;
            continue;
        }
        let mut differences = Vec::new();
        differ(&document.json, &found[hit].json, "", &mask(at).paths, &mut differences);
        match differences.first() {
            Some(first) => {
                verdict.faults.push(format!("{} {first} (+{})", key.join(" "), differences.len() - 1))
            }
            None => verdict.bytes_only.push(format!(
                "{} {}",
                key.join(" "),
                first_line_apart(document.text, found[hit].text)
            )),
        }
    }
    for at in left {
        if !found[at].json.is_null() {
            verdict.faults.push(format!("extra document {}", identity(&found[at].json).join(" ")));
        }
    }
    verdict.disorder = !places.is_sorted();
    verdict
}

fn first_line_apart(wanted: &str, found: &str) -> String {
    let apart = wanted.lines().zip(found.lines()).find(|(w, f)| w != f);
    apart.map_or_else(|| "at the end".to_owned(), |(w, f)| format!("wanted {w:?} got {f:?}"))
}

fn differ(
    wanted: &Json,
    found: &Json,
    path: &str,
    masks: &BTreeMap<String, Vec<Hole>>,
    out: &mut Vec<String>,
) {
    if let Some(holes) = masks.get(path) {
        let fit = match (wanted, found) {
            (Json::String(w), Json::String(f)) => holes.is_empty() || fits(w, f, holes),
            _ => std::mem::discriminant(wanted) == std::mem::discriminant(found),
        };
        if !fit {
            out.push(format!("{path}: masked text"));
        }
        return;
    }
    match (wanted, found) {
        (Json::Object(w), Json::Object(f)) => {
            for (key, value) in w {
                match f.get(key) {
                    Some(other) => differ(value, other, &format!("{path}/{key}"), masks, out),
                    None => out.push(format!("{path}/{key}: missing")),
                }
            }
            out.extend(
                f.keys().filter(|key| !w.contains_key(*key)).map(|key| format!("{path}/{key}: extra")),
            );
        }
        (Json::Array(w), Json::Array(f)) if w.len() == f.len() => {
            for (at, (w, f)) in w.iter().zip(f).enumerate() {
                differ(w, f, &format!("{path}/{at}"), masks, out);
            }
        }
        (Json::Number(w), Json::Number(f)) if w.as_f64() == f.as_f64() => {}
        (w, f) if w == f => {}
        (w, f) => {
            let short = |value: &Json| value.to_string().chars().take(160).collect::<String>();
            out.push(format!("{path}: wanted {} got {}", short(w), short(f)));
        }
    }
}
