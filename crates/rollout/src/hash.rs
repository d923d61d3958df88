//! Names for versions: hashes of pod templates and of steps, in upstream's alphabet.

use model::rollout::{CanaryStep, ExperimentStep};
use serde_json::{Map, Value, json};

/// Hash of a pod template. Its value is our own (upstream's depends on the Go types it was built with); a version that
/// is already there keeps the hash it has, see [`crate::template::same`].
pub fn of_template(template: &Value, collisions: Option<i32>) -> String {
    let mut bytes = sorted(template).to_string().into_bytes();
    if let Some(count) = collisions {
        bytes.extend_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
    }
    encode(&bytes)
}

/// Hash of the steps, with upstream's value: it is how both notice that the steps changed under way.
pub fn of_steps(steps: &[CanaryStep]) -> String {
    if steps.is_empty() {
        return encode(b"null");
    }
    let steps: Vec<Value> = steps.iter().map(go_step).collect();
    encode(escape_html(&Value::Array(steps).to_string()).as_bytes())
}

/// FNV-1a in decimal digits, each mapped to a letter or digit that spells no word.
fn encode(bytes: &[u8]) -> String {
    const SAFE: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let sum =
        bytes.iter().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    sum.to_string().bytes().map(|digit| char::from(SAFE[usize::from(digit) % SAFE.len()])).collect()
}

/// A step with the fields in the order of upstream's types, and with the empty maps that Go writes.
fn go_step(step: &CanaryStep) -> Value {
    let CanaryStep {
        set_weight,
        pause,
        set_canary_scale,
        analysis,
        experiment,
        set_header_route,
        set_mirror_route,
        plugin,
    } = step;
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.into(), value);
        }
    };
    put("setWeight", set_weight.map(Value::from));
    put("pause", pause.as_ref().map(|pause| json!(pause)));
    put("experiment", experiment.as_ref().map(go_experiment));
    put("analysis", analysis.as_ref().map(|analysis| json!(analysis)));
    put("setCanaryScale", set_canary_scale.as_ref().map(|scale| json!(scale)));
    put("setHeaderRoute", set_header_route.as_ref().map(|route| json!(route)));
    put("setMirrorRoute", set_mirror_route.as_ref().map(|route| json!(route)));
    put("plugin", plugin.as_ref().map(|plugin| json!(plugin)));
    Value::Object(fields)
}

fn go_experiment(step: &ExperimentStep) -> Value {
    let mut value = json!(step);
    let scale_down = value.as_object_mut().and_then(|fields| fields.shift_remove("scaleDownDelaySeconds"));
    if step.analysis_run_metadata.is_none() {
        value["analysisRunMetadata"] = json!({});
    }
    if let Some(seconds) = scale_down {
        value["scaleDownDelaySeconds"] = seconds;
    }
    let templates = value["templates"].as_array_mut().into_iter().flatten();
    templates.for_each(go_experiment_template);
    value
}

fn go_experiment_template(template: &mut Value) {
    let Some(fields) = template.as_object_mut() else { return };
    let metadata = fields.shift_remove("metadata").unwrap_or_else(|| json!({}));
    let place = ["name", "specRef", "replicas"].iter().filter(|name| fields.contains_key(**name)).count();
    fields.shift_insert(place, "metadata".into(), metadata);
}

/// Go's encoder writes these three as escapes.
fn escape_html(text: &str) -> String {
    text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

/// The value with the keys of all maps in order, so that equal templates have equal bytes.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::rollout::Pause;

    #[test]
    fn digits_become_letters_that_spell_no_word() {
        // The offset basis itself, 2166136261, digit by digit.
        assert_eq!(encode(b""), "65bb57b6b5");
    }

    #[test]
    fn steps_are_hashed_in_the_order_of_the_go_types() {
        let steps = [
            CanaryStep { set_weight: Some(20), ..CanaryStep::default() },
            CanaryStep { pause: Some(Pause::default()), ..CanaryStep::default() },
        ];
        assert_eq!(of_steps(&steps), encode(br#"[{"setWeight":20},{"pause":{}}]"#));
        assert_eq!(of_steps(&[]), encode(b"null"));
    }

    #[test]
    fn a_collision_changes_the_hash_and_the_order_of_keys_does_not() {
        let template = json!({"a": 1, "b": {"c": 2, "d": 3}});
        let turned = json!({"b": {"d": 3, "c": 2}, "a": 1});
        assert_eq!(of_template(&template, None), of_template(&turned, None));
        assert_ne!(of_template(&template, None), of_template(&template, Some(1)));
    }
}
