//! The status page as HTML; one file per screen.
//!
//! A page is made whole from reports and the time that is handed in. Every string in it is text: the templates have one
//! escaper ([`text::Shown`]) and no way around it (rule R8, threat T17).

mod application;
mod home;
mod shapes;
pub mod text;
mod tree;
mod walk;
pub mod words;

use askama::Template;
use model::Time;

use crate::looks::Looks;

pub use application::application;
pub use home::home;

/// The style sheet, served at `/assets/windlass.css`.
pub const STYLE: &str = include_str!("../../assets/windlass.css");

/// The script, served at `/assets/windlass.js`; everything works without it.
pub const SCRIPT: &str = include_str!("../../assets/windlass.js");

/// The icon, served at `/assets/windlass.svg`.
pub const ICON: &str = include_str!("../../assets/windlass.svg");

/// What a screen is seen with, beside its reports.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// When remotes were last asked.
    pub looks: &'a Looks,
    /// Why nothing happens at all.
    pub notice: Option<&'a str>,
    /// The time.
    pub now: Time,
}

/// The page that says that `what` is not here.
pub fn not_found(what: &str) -> String {
    written(&Message {
        title: "Not found",
        what,
        words: "is not here. It may have been deleted, or the address is misspelt.",
    })
}

/// The page that says that nothing can be changed here.
pub fn not_allowed() -> String {
    let words = "shows everything and changes nothing. To change what runs, push to the Git repository.";
    written(&Message { title: "Not possible here", what: "This page", words })
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    title: &'a str,
    what: &'a str,
    words: &'a str,
}

/// Templates write into memory and call nothing that fails.
fn written(page: &impl Template) -> String {
    page.render().unwrap_or_default()
}
