//! What can go wrong, in the words Go programs use, because users search for these texts.

/// Why a text could not be read.
///
/// `message` is Go's own wording (`yaml: line 3: mapping values are not allowed in this context`), whose line is at
/// times one off; `line` and `column` say where the trouble really is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// What kind of trouble it is.
    pub kind: ReadErrorKind,
    /// The line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// The column in characters, counted from 1, where it is known.
    pub column: Option<usize>,
    /// Go's wording.
    pub message: String,
}

/// The step of reading that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadErrorKind {
    /// The text is not YAML.
    Syntax,
    /// It is YAML, but its tags, merges or keys cannot be made into values.
    Decode,
    /// The values have no counterpart in JSON.
    Json,
    /// A limit of [`Limits`](crate::Limits) was passed.
    Limit,
}

impl ReadError {
    /// The message as `sigs.k8s.io/yaml` wraps it: `error converting YAML to JSON: ...`.
    pub fn converting(&self) -> String {
        format!("error converting YAML to JSON: {}", self.message)
    }

    pub(crate) fn decode(problem: impl std::fmt::Display) -> Self {
        Self::without_place(ReadErrorKind::Decode, format!("yaml: {problem}"))
    }

    pub(crate) fn json(message: String) -> Self {
        Self::without_place(ReadErrorKind::Json, message)
    }

    pub(crate) fn limit(problem: impl std::fmt::Display) -> Self {
        Self::without_place(ReadErrorKind::Limit, format!("yaml: {problem}"))
    }

    /// Several faults that do not stop the reading are told together, as go-yaml does.
    pub(crate) fn unmarshal(faults: &[String], line: Option<usize>) -> Self {
        let message = format!("yaml: unmarshal errors:\n  {}", faults.join("\n  "));
        Self { line, ..Self::without_place(ReadErrorKind::Decode, message) }
    }

    fn without_place(kind: ReadErrorKind, message: String) -> Self {
        Self { kind, line: None, column: None, message }
    }
}

/// Why a value could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// JSON has no such number.
    #[error("json: unsupported value: {0}")]
    UnsupportedValue(&'static str),
    /// The value nests deeper than any document that can be read back; most often it holds itself.
    #[error("yaml: exceeded max depth of {0}")]
    TooDeep(usize),
    /// `sigs.k8s.io/yaml` writes JSON first and reads it as YAML, which refuses some characters and very long keys.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What one reading may cost. Whoever passes a limit gets a named error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest text, in bytes.
    pub bytes: usize,
    /// The deepest nesting of lists and maps.
    pub depth: usize,
    /// The most values and keys, those that aliases repeat included.
    pub nodes: usize,
}

impl Limits {
    /// The depth to which values are read and written where nobody says otherwise.
    pub const DEPTH: usize = 1000;
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: Self::DEPTH, nodes: 20_000_000 }
    }
}
