//! Sprig's functions that make certificates.

use core::net::IpAddr;
use std::any::Any;

use super::authority::Authority;
use super::keys::PrivateKey;
use super::pem;
use super::x509::{self, Content};
use crate::functions::dates::{Duration, now};
use crate::functions::encoding::decode_base64;
use crate::functions::{Arguments, FunctionError, Param};
use crate::{Context, List, Object, Str, Value};

/// The type of a certificate with its key.
pub(super) const CERTIFICATE: Param = Param::Named("sprig.certificate");

const RSA_BITS: u64 = 2048;
const DAY: i64 = 24 * 3600 * 1_000_000_000;

/// A certificate and its key, both in PEM.
struct Certificate {
    cert: Str,
    key: Str,
}

impl Object for Certificate {
    fn go_type(&self) -> &'static str {
        "sprig.certificate"
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(Value::Str(self.cert.clone())),
            "Key" => Some(Value::Str(self.key.clone())),
            _ => None,
        }
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![("Cert", Value::Str(self.cert.clone())), ("Key", Value::Str(self.key.clone()))]
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other
            .as_any()
            .downcast_ref::<Self>()
            .is_some_and(|other| self.cert == other.cert && self.key == other.key)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

type Call = Result<Value, FunctionError>;

/// `genCA name days`
pub(super) fn authority(ctx: &mut Context<'_>, args: &[Value]) -> Call {
    let key = PrivateKey::new_rsa(ctx, RSA_BITS)?;
    make_authority(ctx, args, &key)
}

/// `genCAWithKey name days key`
pub(super) fn authority_with_key(ctx: &mut Context<'_>, args: &[Value]) -> Call {
    let key = given_key(args.text(2)?)?;
    make_authority(ctx, args, &key)
}

/// `genSelfSignedCert name ips dns days`
pub(super) fn self_signed(ctx: &mut Context<'_>, args: &[Value]) -> Call {
    let key = PrivateKey::new_rsa(ctx, RSA_BITS)?;
    make(&content(ctx, args)?, &key, None)
}

/// `genSelfSignedCertWithKey name ips dns days key`
pub(super) fn self_signed_with_key(ctx: &mut Context<'_>, args: &[Value]) -> Call {
    let key = given_key(args.text(4)?)?;
    make(&content(ctx, args)?, &key, None)
}

/// `genSignedCert name ips dns days authority`
pub(super) fn signed(ctx: &mut Context<'_>, args: &[Value]) -> Call {
    let key = PrivateKey::new_rsa(ctx, RSA_BITS)?;
    make_signed(ctx, args, &key)
}

/// `genSignedCertWithKey name ips dns days authority key`
pub(super) fn signed_with_key(ctx: &mut Context<'_>, args: &[Value]) -> Call {
    let key = given_key(args.text(5)?)?;
    make_signed(ctx, args, &key)
}

/// `buildCustomCert certificate key`: both in PEM within base64, checked and passed on as they are.
pub(super) fn build_custom(_ctx: &mut Context<'_>, args: &[Value]) -> Call {
    let decode = |at: usize, what: &str| {
        let text = args.text(at)?.as_bytes();
        decode_base64(text).map_err(|_| FunctionError::new(format!("unable to decode base64 {what}")))
    };
    let (cert, key) = (decode(0, "certificate")?, decode(1, "private key")?);
    read_certificate(&String::from_utf8_lossy(&cert), "decodedCert")?;
    read_signing_key(&String::from_utf8_lossy(&key))?;
    Ok(Value::object(Certificate { cert: cert.into(), key: key.into() }))
}

fn given_key(text: &Str) -> Result<PrivateKey, FunctionError> {
    PrivateKey::from_pem(&text.to_text()).map_err(|error| prefixed("parsing private key", &error))
}

fn read_signing_key(text: &str) -> Result<PrivateKey, FunctionError> {
    PrivateKey::from_pem(text).map_err(|error| prefixed("error parsing private key", &error))
}

fn prefixed(what: &str, error: &FunctionError) -> FunctionError {
    FunctionError::new(format!("{what}: {error}"))
}

/// `variable` is the name that Sprig's text shows.
fn read_certificate(text: &str, variable: &str) -> Result<Authority, FunctionError> {
    let block = pem::decode(text).ok_or_else(|| FunctionError::new("unable to decode certificate"))?;
    Authority::read(&block.bytes).ok_or_else(|| {
        FunctionError::new(format!(
            "error parsing certificate: {variable}.Bytes: x509: malformed certificate"
        ))
    })
}

fn make_authority(ctx: &mut Context<'_>, args: &[Value], key: &PrivateKey) -> Call {
    let mut content = plain_content(ctx, args.text(0)?, args.int(1)?);
    content.is_authority = true;
    make(&content, key, None)
}

fn make_signed(ctx: &mut Context<'_>, args: &[Value], key: &PrivateKey) -> Call {
    let signer: &Certificate =
        args.any(4).as_object().ok_or_else(|| FunctionError::new("expected sprig.certificate"))?;
    let authority = read_certificate(&signer.cert.to_text(), "decodedSignerCert")?;
    let signing_key = read_signing_key(&signer.key.to_text())?;
    make(&content(ctx, args)?, key, Some((&authority, &signing_key)))
}

fn make(content: &Content, key: &PrivateKey, signer: Option<(&Authority, &PrivateKey)>) -> Call {
    let (authority, signing_key) = match signer {
        Some((authority, signing_key)) => (Some(authority), signing_key),
        None => (None, key),
    };
    let encoded = x509::certificate(content, key, authority, signing_key)
        .map_err(|error| FunctionError::new(format!("error creating certificate: {error}")))?;
    let cert = pem::encode("CERTIFICATE", &encoded).into();
    Ok(Value::object(Certificate { cert, key: key.to_pem().into() }))
}

/// The content as the arguments name, ips, dns and days say.
fn content(ctx: &Context<'_>, args: &[Value]) -> Result<Content, FunctionError> {
    let mut content = plain_content(ctx, args.text(0)?, args.int(3)?);
    content.addresses = addresses(args.list(1)?)?;
    content.dns_names = dns_names(args.list(2)?)?;
    Ok(content)
}

fn plain_content(ctx: &Context<'_>, common_name: &Str, days: i64) -> Content {
    let mut serial = [0; 16];
    ctx.world().fill_random(&mut serial);
    let now = now(ctx);
    Content {
        serial,
        common_name: common_name.as_bytes().to_vec(),
        addresses: Vec::new(),
        dns_names: Vec::new(),
        // The product wraps for more than 292 years, as Go's does.
        not_after: now.plus(Duration(DAY.wrapping_mul(days))),
        not_before: now,
        is_authority: false,
    }
}

fn addresses(list: &List) -> Result<Vec<IpAddr>, FunctionError> {
    list.items()
        .iter()
        .map(|item| {
            let text = item.as_str().ok_or_else(|| {
                FunctionError::new(format!("error parsing ip: {} is not a string", crate::fmt::to_text(item)))
            })?;
            text.to_text().parse().map_err(|_| FunctionError::new(format!("error parsing ip: {text}")))
        })
        .collect()
}

fn dns_names(list: &List) -> Result<Vec<Vec<u8>>, FunctionError> {
    list.items()
        .iter()
        .map(|item| {
            item.as_str().map(|text| text.as_bytes().to_vec()).ok_or_else(|| {
                let text = crate::fmt::to_text(item);
                FunctionError::new(format!("error processing alternate dns name: {text} is not a string"))
            })
        })
        .collect()
}
