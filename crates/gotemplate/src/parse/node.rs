//! The parsed form: a flat arena of nodes.

use std::sync::Arc;

use crate::functions::FunctionSet;
use crate::str::ConstStr;

/// Index of a node in its source's arena.
pub(crate) type NodeId = u32;

/// Some consecutive indexes, of nodes in `Source::ids` or of names in `Source::names`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slice {
    pub start: u32,
    pub len: u32,
}

impl Slice {
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

/// A node and the byte where it begins, as errors report it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub pos: u32,
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NodeKind {
    Text {
        start: u32,
        end: u32,
    },
    Action {
        pipe: NodeId,
    },
    If(Branch),
    With(Branch),
    Range(Branch),
    Break,
    Continue,
    /// `{{template}}`: index of the name among the strings.
    Template {
        name: u32,
        pipe: Option<NodeId>,
    },
    Pipe {
        decls: Slice,
        assign: bool,
        commands: Slice,
    },
    Command {
        args: Slice,
    },
    Identifier {
        name: u32,
        function: u32,
    },
    /// `looped`: a `range` declares it, so its values mostly stand in an `interface {}`.
    Variable {
        name: u32,
        slot: u32,
        fields: Slice,
        looped: bool,
    },
    Field {
        fields: Slice,
    },
    Chain {
        node: NodeId,
        fields: Slice,
    },
    Dot,
    Nil,
    Bool(bool),
    /// Index among the numbers, and where its text ends.
    Number {
        index: u32,
        end: u32,
    },
    /// Index among the strings, and where its quoted text ends.
    Str {
        index: u32,
        end: u32,
    },
}

/// A pipeline with what to run when it is true and when not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Branch {
    pub pipe: NodeId,
    pub list: Slice,
    pub otherwise: Option<Slice>,
}

/// The slot of a variable that does not exist when the template runs.
pub(crate) const NO_SLOT: u32 = u32::MAX;

/// An untyped constant: the types it can be given.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Number {
    pub int: Option<i64>,
    pub uint: Option<u64>,
    pub float: Option<f64>,
    pub complex: Option<(f64, f64)>,
    /// Whether it is spelt as a float, so that it is one where any type will do.
    pub looks_float: bool,
}

/// One parsed text: what its templates share.
pub(crate) struct Source {
    /// Name of the text, for error messages.
    pub name: Arc<[u8]>,
    pub text: Arc<[u8]>,
    pub functions: Arc<FunctionSet>,
    pub nodes: Vec<Node>,
    pub ids: Vec<NodeId>,
    pub names: Vec<ConstStr>,
    pub strings: Vec<ConstStr>,
    pub numbers: Vec<Number>,
}

impl Source {
    #[inline]
    pub(crate) fn node(&self, id: NodeId) -> Node {
        self.nodes[id as usize]
    }

    #[inline]
    pub(crate) fn list(&self, slice: Slice) -> &[NodeId] {
        &self.ids[slice.range()]
    }

    #[inline]
    pub(crate) fn names(&self, slice: Slice) -> &[ConstStr] {
        &self.names[slice.range()]
    }
}

/// A named template.
pub struct Template {
    pub(crate) name: Arc<[u8]>,
    pub(crate) source: Arc<Source>,
    pub(crate) root: Slice,
    /// How many variables it holds at once, `$` included.
    pub(crate) slots: u32,
    /// Whether there is nothing in it but white space and comments.
    pub(crate) empty: bool,
}

impl Template {
    /// The template's name.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Whether there is nothing in it but white space, comments and definitions.
    pub fn is_empty(&self) -> bool {
        self.empty
    }
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Template({})", String::from_utf8_lossy(&self.name))
    }
}
