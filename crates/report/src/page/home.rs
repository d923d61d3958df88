//! The home screen: a tile for each application.

use std::sync::Arc;

use askama::Template;

use super::application::{LastView, SourceView, address, destination};
use super::text::is_web_address;
use super::words::{Badge, Standing, cause};
use super::{Scene, written};
use crate::AppReport;

/// The home screen: one tile per application, sorted by name.
pub fn home(apps: &[Arc<AppReport>], scene: &Scene<'_>) -> String {
    let mut tiles: Vec<Tile<'_>> = apps.iter().map(|app| Tile::of(app, scene)).collect();
    tiles.sort_by_key(|tile| (&tile.app.key.name, &tile.app.key.namespace));
    let counts = Standing::ALL.into_iter().map(|standing| Count::of(&tiles, standing)).collect();
    written(&Home { tiles, counts, notice: scene.notice })
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    tiles: Vec<Tile<'a>>,
    counts: Vec<Count>,
    notice: Option<&'a str>,
}

struct Tile<'a> {
    app: &'a AppReport,
    address: String,
    parent: Option<Parent<'a>>,
    standing: Standing,
    sync: Badge,
    health: Badge,
    cause: Option<&'a str>,
    sources: Vec<SourceView<'a>>,
    destination: &'a str,
    last: Option<LastView<'a>>,
    links: Vec<&'a str>,
}

/// The application that another is part of.
pub(super) struct Parent<'a> {
    pub(super) name: &'a str,
    pub(super) address: String,
}

impl<'a> Parent<'a> {
    pub(super) fn of(app: &'a AppReport) -> Option<Self> {
        let key = app.parent.as_ref()?;
        Some(Self { name: &key.name, address: address(key) })
    }
}

/// Links that a tile has room for.
const MOST_LINKS: usize = 3;

impl<'a> Tile<'a> {
    fn of(app: &'a AppReport, scene: &Scene<'a>) -> Self {
        let links = app.links.iter().map(String::as_str).filter(|text| is_web_address(text));
        Self {
            app,
            address: address(&app.key),
            parent: Parent::of(app),
            standing: Standing::of(app),
            sync: Badge::of_sync(app.sync),
            health: Badge::of_health(app.health),
            cause: cause(app),
            sources: SourceView::all(app, scene),
            destination: destination(app),
            last: LastView::of(app, scene.now),
            links: links.take(MOST_LINKS).collect(),
        }
    }
}

/// How many applications stand alike.
struct Count {
    number: usize,
    standing: Standing,
}

impl Count {
    fn of(tiles: &[Tile<'_>], standing: Standing) -> Self {
        Self { number: tiles.iter().filter(|tile| tile.standing == standing).count(), standing }
    }
}
