//! KEDA.

use model::Object;

use crate::health::read::{Condition, conditions};
use crate::health::{Table, Verdict, degraded, healthy, progressing, suspended};

pub(super) const TABLE: Table =
    &[("keda.sh", "ScaledObject", scaled_object), ("keda.sh", "ScaledJob", scaled_job)];

fn scaled_object(object: &Object) -> Option<Verdict<'_>> {
    let fails =
        |condition: &Condition<'_>| condition.is("Ready", "False") || condition.is("Fallback", "True");
    scaler(object, fails, "Creating HorizontalPodAutoscaler Object")
}

fn scaled_job(object: &Object) -> Option<Verdict<'_>> {
    let fails =
        |condition: &Condition<'_>| condition.is("Ready", "False") || condition.is("Ready", "Unknown");
    scaler(object, fails, "Waiting for ScaledJob")
}

fn scaler<'a>(
    object: &'a Object,
    fails: impl Fn(&Condition<'_>) -> bool,
    waiting: &'static str,
) -> Option<Verdict<'a>> {
    let ready = |condition: &Condition<'_>| condition.is("Ready", "True");
    let paused = |condition: &Condition<'_>| condition.is("Paused", "True");
    // The last telling condition has the word.
    let telling = conditions(object).filter(|found| fails(found) || ready(found) || paused(found));
    let message = telling.last().map_or("", Condition::message);
    let any = |test: &dyn Fn(&Condition<'_>) -> bool| conditions(object).any(|condition| test(&condition));
    match (any(&fails), any(&ready), any(&paused)) {
        (true, _, _) => degraded(message),
        (false, true, false) => healthy(message),
        (false, true, true) => suspended(message),
        (false, false, _) => progressing(waiting),
    }
}
