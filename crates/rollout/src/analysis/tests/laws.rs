//! What holds for every run, whatever the providers say.

use proptest::prelude::*;

use super::super::Phase;
use super::super::condition::holds;
use super::super::value::Value;
use super::{Play, start};

fn words() -> impl Strategy<Value = &'static str> {
    let word = prop::sample::select(vec!["1", "0", "NaN", "-", "!", "0.7"]);
    // A script lives as long as the test program.
    prop::collection::vec(word, 1..20).prop_map(|words| &*words.join(" ").leak())
}

proptest! {
    #[test]
    fn every_run_with_a_count_ends_or_waits_and_never_promotes_on_silence(
        script in words(),
        count in 1..6_i32,
        failure in 0..3_i32,
    ) {
        let failure = failure.min(count);
        let spec = format!(
            "metrics: [{{name: m, count: {count}, interval: 10s, failureLimit: {failure}, provider: {{prometheus: {{query: q}}}}, \
             successCondition: 'result[0] >= 0.9', failureCondition: 'result[0] < 0.5'}}]"
        );
        let mut play = Play::new(&spec, &[("m", script)]);
        play.run_for(3600);
        let result = &play.status.metric_results[0];
        prop_assert!(Phase::of(&play.status.phase).is_some_and(Phase::is_terminal), "{:?}", play.lines);
        prop_assert_eq!(result.count, result.successful + result.failed + result.inconclusive);
        if play.status.phase == "Successful" {
            prop_assert!(result.successful >= count - failure);
        }
        prop_assert!(play.status.completed_at.is_some());
    }

    #[test]
    fn a_look_without_news_changes_nothing(script in words()) {
        let spec = "metrics: [{name: m, interval: 10s, failureLimit: 50, inconclusiveLimit: 50, consecutiveErrorLimit: 50, provider: {prometheus: {query: q}}, successCondition: 'result[0] >= 0.9'}]";
        let mut play = Play::new(spec, &[("m", script)]);
        play.run_for(35);
        let before = play.status.clone();
        let progress = play.look(&[]);
        prop_assert_eq!(progress.status, before);
        prop_assert!(progress.events.is_empty());
    }

    #[test]
    fn no_text_breaks_the_engine(condition in "[ -~]{0,60}") {
        let _ = holds(&condition, &Value::numbers([1.0]), start());
    }

    #[test]
    fn nothing_is_true_of_no_data_but_what_asks_for_it(operator in prop::sample::select(vec!["==", "!=", "<", ">", "<=", ">="]), number in -5.0..5.0_f64) {
        let condition = format!("result[0] {operator} {number:?}");
        prop_assert!(holds(&condition, &Value::numbers([]), start()).is_err());
    }
}
