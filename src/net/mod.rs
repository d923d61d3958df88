//! The one HTTP client: everything windlass asks over HTTP goes through here, under one egress policy.
//!
//! Git over HTTPS, Helm repositories and metric providers share [`HttpClient`]. It decides which addresses may be
//! connected to ([`EgressPolicy`]), where a URL really leads ([`RewriteRules`]), and that credentials reach the
//! host they were made for and no other ([`Origin`]).

mod access;
mod client;
mod egress;
mod error;
mod origin;
mod pool;
mod reply;
mod rewrite;
mod secret;

pub use access::{Access, ClientCertificate, Credential};
pub use client::{Body, HttpClient, HttpLimits, HttpOptions, HttpRequest};
pub use egress::{EgressPolicy, Reach, guarded_addresses};
pub use error::{HttpError, chain};
pub use origin::{Origin, without_user_info};
pub use reply::HttpReply;
pub use reqwest::Url;
pub use rewrite::{RewriteError, RewriteRule, RewriteRules, Target};
pub use secret::Secret;
