//! Secrets at rest: their values as keyed hashes.

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use model::Object;
use serde_json::Value;
use sha2::Sha256;

use super::normalize::{LAST_APPLIED, fold_secret, is_secret};
use super::redact::scalar_text;

/// Replaces a Secret's values by keyed hashes, so that they can be kept and compared but not read.
///
/// Equal values have equal hashes under one key. Other kinds stay as they are, and so does what is sealed already.
pub fn seal(object: &mut Object, key: &[u8]) {
    if !is_secret(object) {
        return;
    }
    fold_secret(object.fields_mut());
    if let Some(Value::Object(data)) = object.fields_mut().get_mut("data") {
        for value in data.values_mut() {
            let text = scalar_text(value);
            let bytes = BASE64.decode(text.as_bytes()).unwrap_or_else(|_| text.clone().into_bytes());
            *value = Value::String(sealed(&text, &bytes, key));
        }
    }
    if let Some(text) = object.annotation(LAST_APPLIED) {
        let hash = sealed(text, text.as_bytes(), key);
        object.set_annotation(LAST_APPLIED, &hash);
    }
}

const SEAL: &str = "sealed:";

fn sealed(text: &str, bytes: &[u8], key: &[u8]) -> String {
    let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if text.strip_prefix(SEAL).is_some_and(is_hash) {
        return text.to_owned();
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is a key");
    mac.update(bytes);
    format!("{SEAL}{}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secret(data: serde_json::Value) -> Object {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": data});
        Object::from_value(secret).expect("it is a map")
    }

    #[test]
    fn sealed_values_compare_but_cannot_be_read() {
        let seal_one = |data: &str, key: &[u8]| {
            let mut secret = secret(json!({"a": data}));
            seal(&mut secret, key);
            secret.pointer("/data/a").cloned()
        };
        assert_eq!(seal_one("eA==", b"k"), seal_one("eA\n==", b"k"));
        assert_ne!(seal_one("eA==", b"k"), seal_one("eQ==", b"k"));
        assert_ne!(seal_one("eA==", b"k"), seal_one("eA==", b"other"));
        let mut twice = secret(json!({"a": "eA=="}));
        seal(&mut twice, b"k");
        let once = twice.clone();
        seal(&mut twice, b"k");
        assert_eq!(once, twice);
    }
}
