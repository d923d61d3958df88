//! Desired against live: what can be told without a request, and what a dry run's answer is compared with.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use model::Object;
use model::settings::Settings;
use sync::desired::Desired;
use sync::diff::{Answer, IgnoreRules, Local, Options, Verdict, compare, decide};

mod measure;
mod story;

fn main() {
    let (rules, _) = IgnoreRules::compile(&[], &Settings::default());
    measure::heading("Desired against live");
    for number in story::SIZES {
        let (wanted, changed) = (story::desired(number, "first"), story::desired(number, "second"));
        let (live, after) = (live(&wanted), live(&changed));
        measure::measure(
            &format!("{number} equal objects, by field ownership"),
            || {
                let told = wanted.objects().iter().zip(&live);
                told.filter(|(wanted, live)| decide(&wanted.object, live, &rules) == Local::Same).count()
            },
            |same| format!("{same} told without a request"),
        );
        measure::measure(
            &format!("{number} changed objects, with the server's answer"),
            || {
                let asked = changed.objects().iter().zip(live.iter().zip(&after));
                asked
                    .filter(|(wanted, (live, after))| {
                        let answer = Answer::Predicted(after);
                        let verdict = compare(&wanted.object, live, answer, &rules, Options::default());
                        matches!(verdict, Verdict::Different(_))
                    })
                    .count()
            },
            |different| format!("{different} different"),
        );
    }
}

fn live(desired: &Desired) -> Vec<Object> {
    desired.objects().iter().enumerate().map(|(index, wanted)| story::live(&wanted.object, index)).collect()
}
