//! Why a chart could not be had.

use helm::IndexError;

use crate::net::HttpError;

/// Why a chart could not be fetched.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HelmRepositoryError {
    /// The index could not be fetched.
    #[error("could not read the index of Helm repository {repository}")]
    FetchIndex {
        /// The repository.
        repository: String,
        /// Why.
        source: HttpError,
    },
    /// The index is not well formed.
    #[error("the index of Helm repository {repository} cannot be used")]
    ReadIndex {
        /// The repository.
        repository: String,
        /// Why.
        source: IndexError,
    },
    /// The index has not what is asked for.
    #[error("Helm repository {repository} has no chart {chart} {version:?} for us")]
    Choose {
        /// The repository.
        repository: String,
        /// The chart.
        chart: String,
        /// The version asked for.
        version: String,
        /// Why.
        source: IndexError,
    },
    /// The index says nothing of where the archive lies.
    #[error("Helm repository {repository} names no place of chart {chart} {version}")]
    NoAddress {
        /// The repository.
        repository: String,
        /// The chart.
        chart: String,
        /// The version.
        version: String,
    },
    /// The archive could not be fetched.
    #[error("could not fetch chart {chart} {version} from {address}")]
    FetchChart {
        /// The chart.
        chart: String,
        /// The version.
        version: String,
        /// Where it lies.
        address: String,
        /// Why.
        source: Box<HttpError>,
    },
    /// The archive is not the one that the index describes.
    #[error(
        "chart {chart} {version} from {address} has digest {found}, and the index says {wanted}: it is not used"
    )]
    Digest {
        /// The chart.
        chart: String,
        /// The version.
        version: String,
        /// Where it lies.
        address: String,
        /// What came.
        found: Box<str>,
        /// What was to come.
        wanted: Box<str>,
    },
    /// An OCI registry.
    #[error(
        "{repository} is an OCI registry: charts from OCI registries are not supported yet; use an https repository"
    )]
    Oci {
        /// The repository.
        repository: String,
    },
    /// The credentials name a way that is not supported.
    #[error("the credentials of {repository} cannot be used: {why}")]
    Credentials {
        /// The repository.
        repository: String,
        /// Which way, and what to use instead.
        why: &'static str,
    },
}
