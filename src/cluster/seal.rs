//! Values of Secrets are hashed as they arrive (rule R5): equality stays visible, content does not.

use std::borrow::Cow;

use model::Object;
use sync::diff::redact;

/// The key of one process: hashes mean nothing outside it.
#[derive(Clone)]
pub struct Seal([u8; 32]);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// A seal with a fresh key of the system's randomness.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// True for objects whose values are hashed.
    pub fn applies(object: &Object) -> bool {
        object.kind() == "Secret" && object.group().is_empty()
    }

    /// The same, borrowed where nothing has to change.
    pub fn sealed<'o>(&self, object: &'o Object) -> Cow<'o, Object> {
        if Self::applies(object) { Cow::Owned(self.seal(object.clone())) } else { Cow::Borrowed(object) }
    }

    /// The object with the values of a Secret hashed; any other object as it is.
    pub fn seal(&self, mut object: Object) -> Object {
        if Self::applies(&object) {
            redact::seal(&mut object, &self.0);
        }
        object
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secret(value: &str) -> Object {
        let value = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "a", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": value}},
            "data": {"password": value, "empty": null},
        });
        Object::from_value(value).expect("it is a map")
    }

    #[test]
    fn equal_values_stay_equal_and_nothing_of_them_is_left() {
        let seal = Seal::new([7; 32]);
        let sealed = seal.seal(secret("bWFya2Vy"));
        assert_eq!(sealed, seal.seal(secret("bWFya2Vy")));
        assert_ne!(sealed, seal.seal(secret("b3RoZXI=")));
        assert!(!sealed.to_value().to_string().contains("bWFya2Vy"));
        // The server keeps a null as an empty value.
        let empty = sealed.pointer("/data/empty").and_then(serde_json::Value::as_str);
        assert!(empty.is_some_and(|empty| empty.starts_with("sealed:")));
    }
}
