//! The trait through which readers make values of any type.

use crate::error::Limits;
use crate::scalar::Scalar;

/// Makes values out of what a reader finds, without a tree in between.
///
/// Aliases are played again, so each one gives values of its own: nothing is shared and nothing is cloned.
pub trait Builder {
    /// A finished value.
    type Value;
    /// A list under way.
    type Sequence;
    /// A map under way.
    type Mapping;

    /// Makes a scalar.
    fn scalar(&mut self, scalar: Scalar<'_>) -> Self::Value;
    /// Begins a list.
    fn sequence(&mut self) -> Self::Sequence;
    /// Adds to a list.
    fn push(&mut self, sequence: &mut Self::Sequence, item: Self::Value);
    /// Ends a list.
    fn finish_sequence(&mut self, sequence: Self::Sequence) -> Self::Value;
    /// Begins a map.
    fn mapping(&mut self) -> Self::Mapping;
    /// Sets a key. One that is there already gets the new value in its old place.
    fn insert(&mut self, mapping: &mut Self::Mapping, key: Scalar<'_>, value: Self::Value);
    /// Whether a map has this key.
    fn contains(&self, mapping: &Self::Mapping, key: &Scalar<'_>) -> bool;
    /// Ends a map.
    fn finish_mapping(&mut self, mapping: Self::Mapping) -> Self::Value;
}

/// What becomes of numbers on the way through JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbers {
    /// Integers of 64 bits stay integers, and so do floats whose JSON text is one: Kubernetes objects.
    #[default]
    Kept,
    /// Every number is a float: Helm's values and `fromYaml`.
    Float64,
}

/// What happens when a map has a key twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// The later value counts, as `yaml.Unmarshal` has it.
    #[default]
    LastWins,
    /// An error with the line, as `yaml.UnmarshalStrict` has it.
    Refused,
}

/// How a text is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// What becomes of numbers.
    pub numbers: Numbers,
    /// What happens when a map has a key twice.
    pub duplicates: Duplicates,
    /// What reading may cost.
    pub limits: Limits,
}
