//! The health of a whole application, from its objects.

use model::application::HealthCode;
use model::{Application, ObjectKey};
use sync::health::{Health, Part};
use sync::plan::Plan;

use super::observe::Observed;
use crate::cluster::cache::Whole;

/// The worst of its objects, with the objects that make it so.
pub fn aggregate(plan: &Plan, observed: &Observed, app: &Application) -> (HealthCode, String) {
    let rows: Vec<(ObjectKey, Option<&Whole>, Option<Health>, bool)> = plan
        .sync
        .resources
        .iter()
        .map(|row| {
            let key = row.key();
            let whole = observed.whole.get(&key).map(|(_, whole)| whole);
            let health = whole.and_then(|whole| whole.live.health.as_ref());
            let health = health.map(|health| Health {
                code: health.status.unwrap_or_default(),
                message: health.message.clone(),
            });
            (key, whole, health, row.hook || row.status.is_none())
        })
        .collect();
    let own = app.key();
    let parts = rows.iter().map(|(key, whole, health, hook)| Part {
        key,
        exists: whole.is_some(),
        ignored: whole.is_some_and(|whole| !whole.counts),
        health: health.as_ref(),
        hook: *hook,
        is_self: *key == own,
    });
    let Health { code, message } = sync::health::aggregate(parts);
    (code, message)
}
