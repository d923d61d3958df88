#![doc = include_str!("../README.md")]

mod capabilities;
mod chart;
mod dependencies;
mod errors;
mod files;
mod functions;
mod glob;
mod load;
mod lock;
mod objects;
mod output;
mod pattern;
mod prepare;
mod render;
mod repository;
mod schema;
mod scope;
mod values;

pub use capabilities::{Capabilities, KubeVersion, KubeVersionError};
pub use chart::{Chart, Dependency, Lock, Maintainer, Metadata};
pub use errors::{Place, RenderError};
pub use files::{ChartFiles, FileError, FolderEntry, MemoryFiles};
pub use gotemplate::{Budget, Exhausted, Limits, StillWorld, World};
pub use load::{
    ArchiveError, ArchiveFile, DescriptionError, IgnoreError, LARGEST_CHART, LARGEST_FILE, LoadError, unpack,
};
pub use lock::{DependencyRequest, LockError};
pub use output::{Hook, HookEvent, Manifest, Rendered, TextOptions};
pub use render::{Release, RenderOptions, render};
pub use repository::{Index, IndexEntry, IndexError};
pub use values::{SetError, Table, Value, ValueSources, ValuesError, merge_into, read_values};

/// Which Helm to equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HelmVersion {
    /// 3.19, which Argo CD ships up to 3.4.
    V3,
    /// 4.2.
    #[default]
    V4,
}
