//! Desired against live: what is remembered, what can be told here, and the server's word for the rest.

use std::borrow::Cow;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use model::application::SyncStatusCode;
use model::{Application, Gvk, Object, ObjectKey};
use sync::desired::DesiredObject;
use sync::diff::{self, IgnoreRules, Local, Verdict, redact, text};
use sync::plan::{Answer, Item};

use super::held;
use super::memory::{Memory, Remembered};
use super::observe::Observed;
use super::render::World;
use crate::cluster::apply::{self, Refusal, Write};
use crate::cluster::cache::{Seen, Whole};
use crate::cluster::carry_out::Hand;
use crate::cluster::seal::Seal;

/// What is not compared, compiled for one application and one set of settings.
#[derive(Debug)]
pub struct Rules {
    /// The rules.
    pub rules: IgnoreRules,
    /// Annotations that are masked.
    pub masked: Vec<String>,
    /// What of the rules cannot be read.
    pub problems: Vec<String>,
    world: u64,
    spec: Vec<model::application::IgnoreDifferences>,
}

/// Dry runs of one application at once.
const AT_ONCE: usize = 16;

/// The rules in force; where they have changed, what was remembered is forgotten.
pub fn rules(memory: &mut Memory, app: &Application, world: &World) -> Arc<Rules> {
    let valid =
        |rules: &&Arc<Rules>| rules.world == world.number && rules.spec == app.spec.ignore_differences;
    if let Some(rules) = memory.rules.as_ref().filter(valid) {
        return rules.clone();
    }
    let (compiled, problems) = IgnoreRules::compile(&app.spec.ignore_differences, &world.settings);
    let fingerprint = |rules: &Rules| (rules.rules.fingerprint(), rules.masked.clone());
    let before = memory.rules.as_deref().map(fingerprint);
    let rules = Arc::new(Rules {
        rules: compiled,
        masked: world.settings.masked_annotations.clone(),
        problems,
        world: world.number,
        spec: app.spec.ignore_differences.clone(),
    });
    if before != Some(fingerprint(&rules)) {
        memory.answers.clear();
    }
    memory.rules = Some(rules.clone());
    rules
}

/// Compares everything that is both wanted and there, and remembers the words. What the server did not answer comes
/// back in words, as far as there is something: those objects are asked about again at the next look.
pub async fn compare(
    hand: &Hand,
    seal: &Seal,
    memory: &mut Memory,
    app: &Application,
    world: &World,
    observed: &Observed,
) -> Option<String> {
    let rules = rules(memory, app, world);
    let respect = app.spec.sync_options().is_true("RespectIgnoreDifferences");
    let desired = memory.render.as_ref().and_then(|kept| kept.desired.as_ref().ok()).cloned()?;
    let open = desired.objects().iter().filter_map(|object| {
        let (_, whole) = observed.whole.get(&object.key)?;
        let known = memory.answers.get(&object.key);
        let holds = known.is_some_and(|known| {
            known.holds(object.hash, whole.state) && known.verdict != SyncStatusCode::Unknown
        });
        (!holds).then_some((object, whole))
    });
    let open: Vec<(&Arc<DesiredObject>, &Whole)> = open.collect();
    let asked: Vec<_> =
        open.into_iter().map(|(object, whole)| word(hand, seal, object, whole, &rules, respect)).collect();
    let words: Vec<Word> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    let unanswered = words.iter().find_map(|word| word.unanswered.clone());
    memory.answers.extend(words.into_iter().map(|word| (word.key, word.remembered)));
    memory.answers.retain(|key, _| desired.get(key).is_some());
    unanswered
}

/// What a comparison came to.
struct Word {
    key: ObjectKey,
    remembered: Remembered,
    /// What the server has not answered, in words.
    unanswered: Option<String>,
}

/// Fills verdicts and answers into the items of a plan.
pub fn fill_in(memory: &Memory, observed: &Observed, items: &mut [Item<'_>]) {
    for item in items {
        let Some(desired) = item.desired else { continue };
        let state = observed.whole.get(&item.key).map_or(0, |(_, whole)| whole.state);
        if let Some(known) = memory.answers.get(&item.key).filter(|known| known.holds(desired.hash, state)) {
            item.verdict = known.verdict;
            item.answer = known.answer.clone();
        }
    }
}

/// The object as it is sent.
pub fn prepared<'o>(
    hand: &Hand,
    object: &'o Object,
    gvk: &Gvk,
    respect: bool,
    rules: &Rules,
) -> Cow<'o, Object> {
    match hand.cache.see(gvk, &object.key()) {
        Seen::Here(live) => fit(hand, object, live.whole.as_ref(), respect, rules),
        Seen::Absent | Seen::Unknown(_) => Cow::Borrowed(object),
    }
}

/// The object with what Rollouts hold as it is live, and ignored fields too, where the policy says so.
fn fit<'o>(
    hand: &Hand,
    object: &'o Object,
    live: Option<&Whole>,
    respect: bool,
    rules: &Rules,
) -> Cow<'o, Object> {
    let respects = respect && rules.rules.concern(object);
    let is_held = held::may_be(&hand.cache, object);
    match live.filter(|_| !Seal::applies(object) && (respects || is_held)).map(Whole::object) {
        None if respects => Cow::Owned(rules.rules.drop_ignored(object)),
        None => Cow::Borrowed(object),
        Some(live) => {
            let fit = if is_held { held::held(&hand.cache, object, &live) } else { Cow::Borrowed(object) };
            if respects { Cow::Owned(rules.rules.respect(&fit, &live)) } else { fit }
        }
    }
}

async fn word(
    hand: &Hand,
    seal: &Seal,
    desired: &DesiredObject,
    whole: &Whole,
    rules: &Rules,
    respect: bool,
) -> Word {
    let key = desired.key.clone();
    let mut remembered = Remembered {
        desired: desired.hash,
        live: whole.state,
        verdict: SyncStatusCode::Synced,
        answer: Answer::NotAsked,
        diff: None,
    };
    let fit = fit(hand, &desired.object, Some(whole), respect, rules);
    let sealed = seal.sealed(&fit);
    let mut live = whole.object();
    if diff::decide(&sealed, &live, &rules.rules) == Local::Same {
        return Word { key, remembered, unanswered: None };
    }
    let how = Write { dry_run: true, strict: !desired.options.is_false("Validate") };
    let asked = {
        let _slot = hand.slots.acquire().await;
        apply::server_side_apply(&hand.client, &hand.kinds.get(), &fit, how).await
    };
    // What server-side apply cannot read is written from the client's side. All of that counts, so it is compared with
    // the very object it was worked out from, which may be newer than the one the watch has brought.
    let (asked, is_applied) = match asked {
        Err(Refusal::Unfit(_)) => {
            let written = hand.from_the_client_side(&fit, false, how).await;
            let object = written.map(|written| {
                if let Some(before) = written.before {
                    live = seal.seal(before);
                }
                written.object
            });
            (object, false)
        }
        asked => (asked, true),
    };
    let mut unanswered = None;
    match asked {
        Ok(predicted) => {
            let predicted = seal.seal(predicted);
            remembered.answer = Answer::Accepted;
            let answer = match is_applied {
                true => diff::Answer::Predicted(&predicted),
                false => diff::Answer::Replaced(&predicted),
            };
            let verdict = diff::compare(&sealed, &live, answer, &rules.rules, diff::Options::default());
            if let Verdict::Different(_) = verdict {
                remembered.verdict = SyncStatusCode::OutOfSync;
                let lines = text::unified(Some(&live), Some(&predicted), &rules.masked);
                remembered.diff = Some(lines.into());
            }
        }
        // It changes faster than it can be read: the watch will bring what it has become.
        Err(Refusal::Conflict(_)) => remembered.verdict = SyncStatusCode::Unknown,
        Err(refusal) if refusal.is_passing() => {
            remembered.verdict = SyncStatusCode::Unknown;
            unanswered = Some(format!("{key}: {}", redact::clean_error(&refusal.to_string(), &[&sealed])));
        }
        Err(refusal) => refused(&mut remembered, &sealed, &live, rules, &refusal),
    }
    Word { key, remembered, unanswered }
}

/// A refusal is no comparison: what would change is worked out here, and the refusal is kept for the plan.
fn refused(remembered: &mut Remembered, desired: &Object, live: &Object, rules: &Rules, refusal: &Refusal) {
    let verdict = diff::compare(desired, live, diff::Answer::None, &rules.rules, diff::Options::default());
    if let Verdict::Different(_) = verdict {
        remembered.verdict = SyncStatusCode::OutOfSync;
        remembered.answer = Answer::Refused(redact::clean_error(&refusal.to_string(), &[desired]));
        let lines = text::unified(Some(live), Some(desired), &rules.masked);
        remembered.diff = Some(lines.into());
    }
}
