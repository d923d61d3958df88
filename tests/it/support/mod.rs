//! What several tests share: the control plane, an agent of their own, repositories.
#![allow(dead_code, reason = "tests and benches use their own parts of it")]

pub mod agent;
pub mod apps;
pub mod authority;
pub mod browser;
pub mod controlplane;
pub mod envoy;
pub mod faults;
pub mod git;
pub mod git_http;
pub mod journal;
pub mod mesh;
pub mod prometheus;
pub mod reports;
pub mod shared;
