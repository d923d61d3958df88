//! An application's health: the worst of its objects', as upstream counts them (reference section 5.2).

use model::ObjectKey;
use model::application::HealthCode;

use super::Health;

/// One object of an application, desired or live.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Which object.
    pub key: &'a ObjectKey,
    /// Whether it exists.
    pub exists: bool,
    /// Its health, where its kind has one.
    pub health: Option<&'a Health>,
    /// A hook, an ignored hook or one to skip: takes no part.
    pub hook: bool,
    /// The Application itself, which an application of applications may manage: takes no part in its own health.
    pub is_self: bool,
    /// Its annotation `argocd.argoproj.io/ignore-healthcheck` takes it out.
    pub ignored: bool,
}

/// Named at most in a message.
const MOST_CAUSES: usize = 3;

/// The application's health, with the objects that cause it.
pub fn aggregate<'a>(parts: impl IntoIterator<Item = Part<'a>>) -> Health {
    let (mut expected, mut live) = (false, false);
    let mut worst = HealthCode::Healthy;
    let mut causes: Vec<(&ObjectKey, &Health)> = Vec::new();
    let mut more = 0;
    for part in parts.into_iter().filter(|part| !part.hook) {
        expected = true;
        live |= part.exists;
        let Some(health) = counting(&part) else { continue };
        if health.code > worst {
            worst = health.code;
            causes.clear();
            more = 0;
        }
        if health.code == worst && worst != HealthCode::Healthy {
            if causes.len() < MOST_CAUSES {
                causes.push((part.key, health));
            } else {
                more += 1;
            }
        }
    }
    if expected && !live {
        return Health { code: HealthCode::Missing, message: "none of its objects exists".to_owned() };
    }
    Health { code: worst, message: say(&causes, more) }
}

/// The health that counts; none for a part that takes no part.
fn counting<'a>(part: &Part<'a>) -> Option<&'a Health> {
    // A missing object is out of sync already; it does not make the application unhealthy.
    if !part.exists || part.is_self || part.ignored {
        return None;
    }
    let child = part.key.kind == "Application" && part.key.group == "argoproj.io";
    part.health.filter(|health| !(child && matches!(health.code, HealthCode::Missing | HealthCode::Unknown)))
}

fn say(causes: &[(&ObjectKey, &Health)], more: usize) -> String {
    let mut said: Vec<String> = causes
        .iter()
        .map(|(key, health)| match health.message.as_str() {
            "" => key.to_string(),
            message => format!("{key}: {message}"),
        })
        .collect();
    if more > 0 {
        said.push(format!("and {more} more"));
    }
    said.join("; ")
}
