//! Tests of the routers, one file each.

mod gateway;
mod ingresses;
mod istio;
mod laws;
mod meshes;
