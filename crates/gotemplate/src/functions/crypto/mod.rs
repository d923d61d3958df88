//! Sprig's hashes, passwords, keys and certificates; all randomness comes from the caller's world.

mod authority;
mod certificates;
mod cipher;
mod der;
mod keys;
mod passwords;
mod pem;
mod primes;
mod x509;

use data_encoding::HEXLOWER;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::{Arguments, Function, FunctionError, Param};
use crate::{Context, Value};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("adler32sum", &[Param::Str], |ctx, args| {
        let text = args.text(0)?.as_bytes();
        ctx.spend_steps(1 + (text.len() >> 8) as u64)?;
        Ok(Value::str(adler32(text).to_string()))
    }),
    Function::new("bcrypt", &[Param::Str], passwords::bcrypt),
    Function::new("buildCustomCert", &[Param::Str, Param::Str], certificates::build_custom),
    Function::new("decryptAES", &[Param::Str, Param::Str], cipher::decrypt),
    Function::new(
        "derivePassword",
        &[Param::Uint32, Param::Str, Param::Str, Param::Str, Param::Str],
        passwords::derive,
    ),
    Function::new("encryptAES", &[Param::Str, Param::Str], cipher::encrypt),
    Function::new("genCA", &[Param::Str, Param::Int], certificates::authority),
    Function::new("genCAWithKey", &[Param::Str, Param::Int, Param::Str], certificates::authority_with_key),
    Function::new("genPrivateKey", &[Param::Str], keys::private_key),
    Function::new(
        "genSelfSignedCert",
        &[Param::Str, Param::List, Param::List, Param::Int],
        certificates::self_signed,
    ),
    Function::new(
        "genSelfSignedCertWithKey",
        &[Param::Str, Param::List, Param::List, Param::Int, Param::Str],
        certificates::self_signed_with_key,
    ),
    Function::new(
        "genSignedCert",
        &[Param::Str, Param::List, Param::List, Param::Int, certificates::CERTIFICATE],
        certificates::signed,
    ),
    Function::new(
        "genSignedCertWithKey",
        &[Param::Str, Param::List, Param::List, Param::Int, certificates::CERTIFICATE, Param::Str],
        certificates::signed_with_key,
    ),
    Function::new("htpasswd", &[Param::Str, Param::Str], passwords::htpasswd),
    Function::new("sha1sum", &[Param::Str], digest::<Sha1>),
    Function::new("sha256sum", &[Param::Str], digest::<Sha256>),
    Function::new("sha512sum", &[Param::Str], digest::<Sha512>),
];

fn digest<D: Digest>(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let text = args.text(0)?.as_bytes();
    ctx.spend_steps(1 + (text.len() >> 6) as u64)?;
    Ok(Value::str(HEXLOWER.encode(&D::digest(text))))
}

fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    // So many bytes can be added before the sums must be reduced.
    const CHUNK: usize = 5552;
    let (mut low, mut high) = (1u32, 0u32);
    for chunk in bytes.chunks(CHUNK) {
        for byte in chunk {
            low += u32::from(*byte);
            high += low;
        }
        low %= MODULUS;
        high %= MODULUS;
    }
    high << 16 | low
}

/// What a second of one core costs, in template steps: slow functions charge their share of it.
const STEPS_PER_SECOND: u64 = 5_000_000;

/// Charges for work that takes about so long.
fn charge_millis(ctx: &mut Context<'_>, millis: u64) -> Result<(), FunctionError> {
    Ok(ctx.spend_steps(millis * STEPS_PER_SECOND / 1000)?)
}

#[cfg(test)]
mod tests {
    use crate::testing::render;

    /// An expected text that starts with `error:` is looked for at the end of the error.
    #[track_caller]
    fn check(template: &str, expected: &str) {
        match (render(template), expected.strip_prefix("error:")) {
            (Ok(text), None) => assert_eq!(text, expected, "{template}"),
            (Err(error), Some(expected)) => assert!(error.ends_with(expected), "{template}: {error}"),
            (outcome, _) => panic!("{template}: {outcome:?} instead of {expected}"),
        }
    }

    #[test]
    fn sums_are_in_hex() {
        check(r#"{{ sha1sum "a" }}"#, "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8");
        check(r#"{{ sha256sum "" }}"#, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        check(r#"{{ sha512sum "a" | trunc 16 }} {{ adler32sum "hello" }}"#, "1f40fc92da241694 103547413");
    }

    #[test]
    fn passwords_are_derived_by_the_master_password_scheme() {
        check(r#"{{ derivePassword 1 "long" "password" "user" "example.com" }}"#, "ZedaFaxcZaso9*");
        check(r#"{{ derivePassword 1 "odd" "p" "u" "s" }}"#, "cannot find password template odd");
    }

    #[test]
    fn password_hashes_have_gos_form() {
        check(r#"{{ regexMatch "^[$]2a[$]10[$][./A-Za-z0-9]{53}$" (bcrypt "x") }}"#, "true");
        check(
            r#"{{ htpasswd "u" "p" | trunc 9 }} {{ htpasswd "a:b" "p" }}"#,
            "u:$2a$10$ invalid username: a:b",
        );
        check(
            r#"{{ bcrypt (repeat 73 "x") }}"#,
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes",
        );
    }

    #[test]
    fn ciphers_go_both_ways() {
        check(
            r#"{{ encryptAES "k" "hello, wörld" | decryptAES "k" }}|{{ encryptAES "k" "" }}"#,
            "hello, wörld|",
        );
        check(
            r#"{{ decryptAES "k" "aGk=" }}"#,
            "error:runtime error: slice bounds out of range [:16] with capacity 3",
        );
        check(
            r#"{{ decryptAES "k" "!" }}"#,
            "error:error calling decryptAES: illegal base64 data at input byte 0",
        );
    }

    #[test]
    fn keys_have_the_usual_labels() {
        let labels = [("rsa", "RSA "), ("dsa", "DSA "), ("ecdsa", "EC "), ("ed25519", ""), ("", "RSA ")];
        for (kind, label) in labels {
            let template = format!(
                r#"{{{{ hasPrefix "-----BEGIN {label}PRIVATE KEY-----\n" (genPrivateKey "{kind}") }}}}"#
            );
            check(&template, "true");
        }
        check(r#"{{ genPrivateKey "x" }}"#, "Unknown type x");
    }

    #[test]
    fn certificates_refuse_what_go_refuses() {
        check(r#"{{ genSelfSignedCert "a" (list 1) nil 1 }}"#, "error:error parsing ip: 1 is not a string");
        check(r#"{{ genSelfSignedCert "a" (list "x") nil 1 }}"#, "error:error parsing ip: x");
        check(
            r#"{{ genSelfSignedCert "a" nil (list nil) 1 }}"#,
            "error:error processing alternate dns name: <nil> is not a string",
        );
        check(
            r#"{{ genCAWithKey "a" 1 "x" }}"#,
            "error:error calling genCAWithKey: parsing private key: no PEM data in input",
        );
        check(
            r#"{{ genCAWithKey "a" 1 (genPrivateKey "dsa") }}"#,
            "error:error creating certificate: x509: certificate private key does not implement crypto.Signer",
        );
        check(r#"{{ buildCustomCert "eA==" "eA==" }}"#, "error:unable to decode certificate");
    }

    #[test]
    fn authorities_sign_with_the_key_they_came_with() {
        for kind in ["ecdsa", "ed25519"] {
            let make =
                format!(r#"{{{{ $k := genPrivateKey "{kind}" }}}}{{{{ $ca := genCAWithKey "ca" 9 $k }}}}"#);
            check(&format!("{make}{{{{ eq $ca.Key $k }}}}"), "true");
            let custom = "{{ $c := buildCustomCert (b64enc $ca.Cert) (b64enc $ca.Key) }}";
            let signed = r#"{{ $s := genSignedCertWithKey "leaf" (list "::1") (list "a.b") 1 $c $k }}"#;
            check(&format!("{make}{custom}{signed}{{{{ ne $s.Cert $ca.Cert }}}}"), "true");
            let other = r#"{{ $c := buildCustomCert (b64enc $ca.Cert) (b64enc (genPrivateKey "ecdsa")) }}"#;
            check(
                &format!("{make}{other}{signed}"),
                "error:x509: provided PrivateKey doesn't match parent's PublicKey",
            );
        }
    }
}
