//! Why a template could not be executed.

use std::fmt;

use crate::budget::Exhausted;

/// A template failed while it ran.
///
/// Printed as Go prints it: `template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: MESSAGE`, once for each
/// template on the way.
#[derive(Clone, Debug)]
pub struct ExecError {
    /// From the innermost to the outermost.
    frames: Vec<Frame>,
    message: String,
    exhausted: Option<Exhausted>,
}

/// One template on the way to an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A node of a template.
    At {
        /// `name:line:column`; the name is that of the text, the column counts bytes from 0.
        location: String,
        /// The template that was executed.
        template: String,
        /// The node, as Go writes it.
        node: String,
        /// The function that failed, if the error came out of one.
        call: Option<String>,
    },
    /// Text that a function put in front.
    Text(String),
}

impl ExecError {
    pub(crate) fn new(message: impl Into<String>, frame: Frame) -> Box<ExecError> {
        Box::new(ExecError { frames: vec![frame], message: message.into(), exhausted: None })
    }

    pub(crate) fn exhausted(exhausted: Exhausted, frame: Frame) -> Box<ExecError> {
        Box::new(ExecError {
            frames: vec![frame],
            message: exhausted.to_string(),
            exhausted: Some(exhausted),
        })
    }

    /// The same error with another frame around it.
    pub fn within(mut self: Box<Self>, frame: Frame) -> Box<ExecError> {
        self.frames.push(frame);
        self
    }

    /// The frames from the outermost to the innermost.
    pub fn frames(&self) -> impl DoubleEndedIterator<Item = &Frame> {
        self.frames.iter().rev()
    }

    /// What went wrong, without the places.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Which limit was reached, if that was the cause.
    pub fn spent(&self) -> Option<&Exhausted> {
        self.exhausted.as_ref()
    }
}

impl fmt::Display for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for frame in self.frames() {
            frame.fmt(f)?;
        }
        f.write_str(&self.message)
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Frame::Text(text) => f.write_str(text),
            Frame::At { location, template, node, call } => {
                let template = crate::fmt::quote(template.as_bytes());
                write!(f, "template: {location}: executing {template} at <{node}>: ")?;
                call.iter().try_for_each(|name| write!(f, "error calling {name}: "))
            }
        }
    }
}

impl std::error::Error for ExecError {}
