//! Password hashes, and passwords derived from a master password.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::charge_millis;
use crate::functions::{Arguments, FunctionError};
use crate::{Context, Value};

/// The work factor Go's library takes by default.
const BCRYPT_COST: u32 = 10;
/// bcrypt sees no more of a password than that.
const BCRYPT_MAX_PASSWORD: usize = 72;

/// `bcrypt password`
pub(super) fn bcrypt(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    Ok(Value::str(bcrypt_line(ctx, args.text(0)?.as_bytes())?))
}

/// `htpasswd user password`: a line of a password file.
pub(super) fn htpasswd(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let (user, password) = (args.text(0)?.as_bytes(), args.text(1)?.as_bytes());
    if user.contains(&b':') {
        return Ok(Value::str([b"invalid username: ", user].concat()));
    }
    let hash = bcrypt_line(ctx, password)?;
    Ok(Value::str([user, b":", hash.as_bytes()].concat()))
}

/// The hash with its salt; a failure is text too, as Sprig returns no error here.
fn bcrypt_line(ctx: &mut Context<'_>, password: &[u8]) -> Result<String, FunctionError> {
    if password.len() > BCRYPT_MAX_PASSWORD {
        return Ok(
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".to_owned()
        );
    }
    charge_millis(ctx, 60)?;
    let mut salt = [0; 16];
    ctx.world().fill_random(&mut salt);
    Ok(match bcrypt::hash_with_salt(password, BCRYPT_COST, salt) {
        Ok(parts) => parts.format_for_version(bcrypt::Version::TwoA),
        Err(error) => format!("failed to encrypt string with bcrypt: {error}"),
    })
}

/// What a derived password looks like; one of several forms is taken by the first byte of the seed.
const FORMS: [(&str, &[&str]); 6] = [
    ("maximum", &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"]),
    (
        "long",
        &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
    ),
    ("medium", &["CvcnoCvc", "CvcCvcno"]),
    ("short", &["Cvcn"]),
    ("basic", &["aaanaaan", "aannaaan", "aaannaaa"]),
    ("pin", &["nnnn"]),
];

/// The name under which the scheme derives all its keys.
const SCOPE: &[u8] = b"com.lyndir.masterpassword";

/// `derivePassword counter form password user site`, by the Master Password scheme.
pub(super) fn derive(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let counter = args.int(0)? as u32;
    let form = args.text(1)?;
    let [password, user, site] = [args.text(2)?, args.text(3)?, args.text(4)?].map(|text| text.as_bytes());
    let Some((_, forms)) = FORMS.iter().find(|(name, _)| form == name) else {
        return Ok(Value::str([b"cannot find password template ", form.as_bytes()].concat()));
    };
    charge_millis(ctx, 200)?;
    ctx.spend_bytes((user.len() + site.len()) as u64)?;
    let failed = |error: String| FunctionError::new(format!("failed to derive password: {error}"));
    let mut key = [0; 64];
    let cost = scrypt::Params::new(15, 8, 2).map_err(|error| failed(error.to_string()))?;
    scrypt::scrypt(password, &scoped(user), &cost, &mut key).map_err(|error| failed(error.to_string()))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| failed(error.to_string()))?;
    mac.update(&scoped(site));
    mac.update(&counter.to_be_bytes());
    Ok(Value::str(spell(forms, &mac.finalize().into_bytes())))
}

/// The scope, then the text behind its length.
fn scoped(text: &[u8]) -> Vec<u8> {
    [SCOPE, &(text.len() as u32).to_be_bytes(), text].concat()
}

fn spell(forms: &[&str], seed: &[u8]) -> Vec<u8> {
    let form = forms[usize::from(seed[0]) % forms.len()];
    form.bytes()
        .zip(&seed[1..])
        .map(|(class, byte)| {
            let letters = letters_of(class);
            letters[usize::from(*byte) % letters.len()]
        })
        .collect()
}

fn letters_of(class: u8) -> &'static [u8] {
    match class {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}
