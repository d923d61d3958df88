//! libgit2's process-wide settings.

use std::sync::Once;

use git2::{ConfigLevel, opts};

use super::transport;

/// Longest wait for a connection over SSH, in milliseconds.
const CONNECT_TIMEOUT: i32 = 10_000;
/// Longest silence of an SSH server, in milliseconds.
const SERVER_TIMEOUT: i32 = 60_000;

/// Sets libgit2 up, once: HTTP through the one client, no configuration of the user or the machine (its `insteadOf`
/// or proxies would bypass the egress policy), no object cache beside ours.
pub(super) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        opts::enable_caching(false);
        set_globals();
    });
}

#[expect(
    unsafe_code,
    reason = "libgit2's globals need outside synchronisation: this runs once, before any other use of the library"
)]
fn set_globals() {
    // Each can only fail by running out of memory or by an unknown option, which the tests would show.
    // SAFETY: `prepare` calls this under a `Once` before it hands out the first repository or remote.
    unsafe {
        for level in [ConfigLevel::System, ConfigLevel::Global, ConfigLevel::XDG, ConfigLevel::ProgramData] {
            let _ = opts::set_search_path(level, "");
        }
        // Local repositories are named by the operator and often belong to another user (a mounted volume).
        let _ = opts::set_verify_owner_validation(false);
        let _ = opts::set_server_connect_timeout_in_milliseconds(CONNECT_TIMEOUT);
        let _ = opts::set_server_timeout_in_milliseconds(SERVER_TIMEOUT);
        for scheme in ["http", "https", "git"] {
            // Nothing may reach the network past the one client (rule R4).
            let _ = git2::transport::register(scheme, |_| Err(transport::refused()));
        }
        let _ = git2::transport::register(transport::SCHEME, transport::open);
    }
}
