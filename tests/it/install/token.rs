//! The folder of a projected service account token, as a kubelet keeps it: swapped whole by one rename.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use crate::support::controlplane::ControlPlane;

/// A folder with `token`, `ca.crt` and `namespace`.
pub struct TokenFolder {
    folder: PathBuf,
    authority: String,
    namespace: String,
}

impl TokenFolder {
    /// Makes the folder, without a token yet.
    pub fn new(folder: &Path, authority: &str, namespace: &str) -> Self {
        std::fs::create_dir(folder).expect("a folder can be made");
        for name in ["token", "ca.crt", "namespace"] {
            symlink(Path::new("..data").join(name), folder.join(name)).expect("a link can be made");
        }
        Self { folder: folder.to_owned(), authority: authority.to_owned(), namespace: namespace.to_owned() }
    }

    /// Puts a token in the place of the one before.
    pub fn put(&self, token: &Token) {
        let data = self.folder.join(format!("..{}", token.secret));
        std::fs::create_dir(&data).expect("a folder can be made");
        for (name, content) in
            [("token", &token.text), ("ca.crt", &self.authority), ("namespace", &self.namespace)]
        {
            std::fs::write(data.join(name), content).expect("it can be written");
        }
        let fresh = self.folder.join("..data_tmp");
        symlink(data.file_name().expect("it has a name"), &fresh).expect("a link can be made");
        std::fs::rename(&fresh, self.folder.join("..data")).expect("it can be renamed");
    }
}

/// A token by TokenRequest, bound to a Secret: it ends with it.
pub struct Token {
    /// As it is sent.
    pub text: String,
    /// Its id, by which the API server's audit names it.
    pub id: String,
    secret: String,
}

impl Token {
    /// Asks for a token of an account.
    pub fn request(plane: &ControlPlane, namespace: &str, account: &str, secret: &str) -> Self {
        plane.must(&["create", "secret", "generic", secret, "-n", namespace]);
        let text = plane.must(&[
            "create",
            "token",
            account,
            "-n",
            namespace,
            "--bound-object-kind=Secret",
            &format!("--bound-object-name={secret}"),
            "--duration=600s",
        ]);
        let text = text.trim().to_owned();
        let claims = text.split('.').nth(1).expect("it is a JWT");
        let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).expect("it is a JWT");
        let claims: Value = serde_json::from_slice(&claims).expect("it is a JWT");
        let id = claims["jti"].as_str().expect("it has an id").to_owned();
        Self { text, id, secret: secret.to_owned() }
    }

    /// Ends it.
    pub fn revoke(&self, plane: &ControlPlane, namespace: &str) {
        plane.must(&["delete", "secret", &self.secret, "-n", namespace]);
    }
}
