//! What the API server does not take of a decision, said in the Rollout's own status until it does.

use model::Time;
use model::rollout::RolloutStatus;

use crate::conditions::{self, Word};
use crate::decision::Action;

/// The status of a Rollout of which an action was refused: everything as it was, the cause as its message, and for a
/// ReplicaSet the condition that upstream sets. `why` are the server's words.
pub fn refused(before: &RolloutStatus, action: &Action, why: &str, now: Time) -> RolloutStatus {
    let mut status = before.clone();
    let message = match action {
        Action::CreateReplicaSet(set) => {
            let message = format!("Failed to create new replica set \"{}\": {why}", set.name());
            let word = Word {
                kind: "Progressing",
                status: "False",
                reason: "ReplicaSetCreateError",
                message: message.clone(),
            };
            conditions::set(&mut status, word, now);
            message
        }
        _ => format!("The API server did not take the {why}"),
    };
    // What was given up or is not valid has a better reason to be named.
    if status.phase != "Degraded" {
        status.phase = "Progressing".to_owned();
        status.message = message;
    }
    status
}

#[cfg(test)]
mod tests {
    use model::Object;
    use serde_json::json;

    use super::*;

    fn set() -> Action {
        let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web-1"}});
        Action::CreateReplicaSet(Object::from_value(set).expect("it is a map"))
    }

    #[test]
    fn the_cause_is_the_message_and_an_older_verdict_stays() {
        let now: Time = "2024-05-01T12:00:00Z".parse().expect("it is a time");
        let told = refused(&RolloutStatus::default(), &set(), "exceeded quota", now);
        assert_eq!(told.message, "Failed to create new replica set \"web-1\": exceeded quota");
        assert_eq!(told.conditions[0].reason, "ReplicaSetCreateError");
        assert_eq!(refused(&told, &set(), "exceeded quota", now), told, "said once");
        let degraded =
            RolloutStatus { phase: "Degraded".into(), message: "why".into(), ..RolloutStatus::default() };
        assert_eq!(refused(&degraded, &set(), "exceeded quota", now).message, "why");
    }
}
