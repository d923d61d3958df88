//! Why a chart cannot be rendered, in the words users search for.

use crate::HelmVersion;

/// Why a render failed. The texts are Helm's where Helm has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The release name is none.
    #[error("release name check failed: {0}")]
    ReleaseName(String),
    /// A library chart cannot be rendered by itself.
    #[error("{0} charts are not installable")]
    NotInstallable(String),
    /// Chart.yaml lists charts that are not in charts/.
    #[error(
        "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to \
         fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: {}", .0.join(", ")
    )]
    MissingDependencies(Vec<String>),
    /// The values do not fit the tree of sub-charts.
    #[error("chart dependencies processing failed: {0}")]
    Dependencies(String),
    /// The values do not fit the chart.
    #[error("{0}")]
    Values(String),
    /// A schema is not met.
    #[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{0}")]
    Schema(String),
    /// The chart asks for another cluster.
    #[error("chart requires kubeVersion: {required} which is incompatible with Kubernetes {found}")]
    KubeVersion {
        /// The range in Chart.yaml.
        required: String,
        /// The cluster's version.
        found: String,
    },
    /// A template could not be parsed or run.
    #[error("{text}")]
    Template {
        /// What Helm prints.
        text: String,
        /// The file and line it names, if any.
        place: Option<Place>,
    },
    /// A rendered document is no YAML.
    #[error("YAML parse error on {}: {why}", .place.file)]
    Yaml {
        /// Where: the line is that of the rendered file.
        place: Place,
        /// The reader's words.
        why: String,
    },
    /// `--show-only` names a template that does not exist.
    #[error("could not find template {0} in chart")]
    NoSuchTemplate(String),
    /// The render spent more than it may (rule R3).
    #[error("{0}")]
    Budget(String),
}

/// A file of a chart and a line in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Path with the chart's name in front, as in `# Source:` lines.
    pub file: String,
    /// From 1; 0 where it is not known.
    pub line: usize,
}

impl RenderError {
    /// True where Helm has got as far as running templates, so that its command line speaks of `--debug`.
    pub fn while_rendering(&self) -> bool {
        match self {
            RenderError::KubeVersion { .. } | RenderError::Template { .. } | RenderError::Yaml { .. } => true,
            RenderError::ReleaseName(_)
            | RenderError::NotInstallable(_)
            | RenderError::MissingDependencies(_)
            | RenderError::Dependencies(_)
            | RenderError::Values(_)
            | RenderError::Schema(_)
            | RenderError::NoSuchTemplate(_)
            | RenderError::Budget(_) => false,
        }
    }

    /// Where the mistake is, as far as it is known.
    pub fn place(&self) -> Option<&Place> {
        match self {
            RenderError::Template { place, .. } => place.as_ref(),
            RenderError::Yaml { place, .. } => Some(place),
            _ => None,
        }
    }
}

const WARN_START: &str = "HELM_ERR_START";
const WARN_END: &str = "HELM_ERR_END";

/// Marks the message of `required` and `fail`, so that it can be told from the trace around it.
pub(crate) fn marked(message: &str) -> String {
    format!("{WARN_START}{message}{WARN_END}")
}

/// A parse error of Go's template package as Helm shows it.
pub(crate) fn parse_error(file: &str, text: &str) -> RenderError {
    let mut parts = text.split(": ");
    let shown = match (parts.next(), parts.next(), text.rsplit(": ").next()) {
        (Some(_), Some(location), Some(last)) => format!("parse error at ({location}): {last}"),
        _ => format!("parse error in ({file}): {text}"),
    };
    let place = text.split(": ").nth(1).and_then(place);
    RenderError::Template { text: shown, place }
}

/// An execution error as Helm shows it. `chain` is the error's text and those of the errors it wraps, outermost
/// first.
pub(crate) fn execution_error(file: &str, chain: &[String], version: HelmVersion) -> RenderError {
    let Some(text) = chain.first() else {
        return template_error(format!("execution error in ({file})"), None);
    };
    let mut parts = text.splitn(3, ": ");
    let (Some(_), Some(location), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return template_error(format!("execution error in ({file}): {text}"), None);
    };
    let place = place(location);
    if let Some(message) = marked_message(rest) {
        return template_error(format!("execution error at ({location}): {message}"), place);
    }
    let shown = match version {
        HelmVersion::V3 => None,
        HelmVersion::V4 => trace(chain),
    };
    template_error(shown.unwrap_or_else(|| text.clone()), place)
}

fn template_error(text: String, place: Option<Place>) -> RenderError {
    RenderError::Template { text, place }
}

fn marked_message(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(WARN_START)?;
    rest.rsplit_once(WARN_END).map(|(message, _)| message)
}

/// `file:line` or `file:line:column`.
fn place(location: &str) -> Option<Place> {
    let number = |text: &str| text.parse::<usize>().ok();
    let (rest, last) = location.rsplit_once(':')?;
    let last = number(last)?;
    match rest.rsplit_once(':').and_then(|(file, line)| Some((file, number(line)?))) {
        Some((file, line)) => Some(Place { file: file.to_owned(), line }),
        None => Some(Place { file: rest.to_owned(), line: last }),
    }
}

/// The trace of version 4: a block for each error of the chain. None where one of them is not of the template
/// package: then the text stands as it is.
fn trace(chain: &[String]) -> Option<String> {
    let mut blocks: Vec<String> = Vec::new();
    for text in chain {
        let block = block(text)?;
        if blocks.last() != Some(&block) {
            blocks.push(block);
        }
    }
    Some(blocks.concat().trim().to_owned())
}

fn block(text: &str) -> Option<String> {
    let rest = text.strip_prefix("template: ")?;
    if rest.starts_with("no template ") {
        return Some(format!("{text}\n"));
    }
    let cut = |message: &str| message.split(" template:").next().unwrap_or_default().to_owned();
    if let Some((location, after)) = rest.split_once(": executing ")
        && let Some((clause, message)) = executing(after)
    {
        return Some(lines(location, Some(clause), &cut(message)));
    }
    let (location, message) = rest.rsplit_once(": ")?;
    Some(lines(location, None, &cut(message)))
}

/// `"name" at <clause>: message` in two.
fn executing(text: &str) -> Option<(&str, &str)> {
    let name_end = text.strip_prefix('"')?.find('"')? + 2;
    let inner = text[name_end..].strip_prefix(" at <")?;
    let clause_end = inner.find(">: ")?;
    let end = name_end + " at <".len() + clause_end + ">:".len();
    Some((&text[..end], &text[end + 1..]))
}

fn lines(location: &str, clause: Option<&str>, message: &str) -> String {
    let mut text = String::new();
    if !location.is_empty() {
        text += &format!("{location}\n  ");
    }
    if let Some(clause) = clause {
        text += &format!("executing {clause}\n    ");
    }
    if !message.is_empty() {
        text += &format!("{message}\n");
    }
    text
}

/// What go-yaml says of the first bytes that are no UTF-8; none where all are.
pub(crate) fn octet_fault(text: &[u8]) -> Option<&'static str> {
    let at = std::str::from_utf8(text).err()?.valid_up_to();
    let width = match text[at] {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => return Some("invalid leading UTF-8 octet"),
    };
    Some(match text.get(at + 1..at + width) {
        None => "incomplete UTF-8 octet sequence",
        Some(rest) if rest.iter().any(|byte| byte & 0xC0 != 0x80) => "invalid trailing UTF-8 octet",
        Some(_) if text[at] == 0xED || text[at] >= 0xF4 => "invalid Unicode character",
        Some(_) => "invalid length of a UTF-8 sequence",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(chain: &[&str], version: HelmVersion, expected: &str, line: Option<usize>) {
        let chain: Vec<String> = chain.iter().map(|text| (*text).to_owned()).collect();
        let error = execution_error("c/templates/t.yaml", &chain, version);
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.place().map(|place| place.line), line);
    }

    const NIL: &str = "template: c/t.yaml:3:7: executing \"c/t.yaml\" at <.Values.a.b>: nil pointer evaluating \
                       interface {}.b";

    #[test]
    fn version_4_shows_a_trace() {
        let expected = "c/t.yaml:3:7\n  executing \"c/t.yaml\" at <.Values.a.b>:\n    nil pointer evaluating \
                        interface {}.b";
        check(&[NIL, NIL], HelmVersion::V4, expected, Some(3));
        check(&[NIL, NIL], HelmVersion::V3, NIL, Some(3));
        let none = "template: no template \"x\" associated with template \"gotpl\"";
        let outer = format!(
            "template: c/t.yaml:1:3: executing \"c/t.yaml\" at <include \"x\" .>: error calling include: {none}"
        );
        let expected = format!(
            "c/t.yaml:1:3\n  executing \"c/t.yaml\" at <include \"x\" .>:\n    error calling include:\n{none}"
        );
        check(&[&outer, &outer, none], HelmVersion::V4, &expected, Some(1));
        check(
            &["template: c/t.yaml:1:3: executing \"c/t.yaml\" at <index>: error calling index: bad", "bad"],
            HelmVersion::V4,
            "template: c/t.yaml:1:3: executing \"c/t.yaml\" at <index>: error calling index: bad",
            Some(1),
        );
    }

    #[test]
    fn messages_of_required_and_fail_stand_out() {
        let text = format!(
            "template: c/t.yaml:4:2: executing \"c/t.yaml\" at <fail \"no\">: error calling fail: {}",
            marked("no: it\nis not")
        );
        check(
            &[&text, &text, &marked("no: it\nis not")],
            HelmVersion::V4,
            "execution error at (c/t.yaml:4:2): no: it\nis not",
            Some(4),
        );
    }

    #[test]
    fn parse_errors_name_their_line() {
        let error = parse_error("c/t.yaml", "template: c/t.yaml:7: function \"bad\" not defined");
        assert_eq!(error.to_string(), "parse error at (c/t.yaml:7): function \"bad\" not defined");
        assert_eq!(error.place().map(|place| place.line), Some(7));
    }
}
