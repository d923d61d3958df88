//! X.509 certificates as Go's library writes them.

use core::net::IpAddr;

use sha2::{Digest, Sha256};

use super::authority::Authority;
use super::der;
use super::keys::PrivateKey;
use crate::functions::dates::{Time, Zone};

/// What a certificate says.
pub(super) struct Content {
    pub serial: [u8; 16],
    pub common_name: Vec<u8>,
    pub addresses: Vec<IpAddr>,
    pub dns_names: Vec<Vec<u8>>,
    pub not_before: Time,
    pub not_after: Time,
    /// It may sign other certificates.
    pub is_authority: bool,
}

/// Why a certificate cannot be made; the texts are Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum X509Error {
    #[error("x509: certificate private key does not implement crypto.Signer")]
    CannotSign,
    #[error("x509: unsupported public key type: *dsa.PublicKey")]
    UnsupportedKey,
    #[error("x509: provided PrivateKey doesn't match parent's PublicKey")]
    WrongKey,
    #[error("asn1: string not valid UTF-8")]
    NotUtf8,
    #[error("x509: {} cannot be encoded as an IA5String", crate::fmt::quote(.0))]
    NotAscii(Vec<u8>),
    #[error("asn1: structure error: cannot represent time as GeneralizedTime")]
    Year,
}

/// Encodes a certificate for `key`, signed by `signer`; its issuer is the authority, or itself without one.
pub(super) fn certificate(
    content: &Content,
    key: &PrivateKey,
    authority: Option<&Authority>,
    signer: &PrivateKey,
) -> Result<Vec<u8>, X509Error> {
    let signature_algorithm = signer.signature_algorithm().ok_or(X509Error::CannotSign)?;
    let (key_algorithm, key_bits) = key.public().ok_or(X509Error::UnsupportedKey)?;
    check_signer(authority, signer)?;
    let subject = name(&content.common_name)?;
    let issuer = authority.map_or(subject.as_slice(), |authority| &authority.subject);
    let foreign_key_id =
        authority.filter(|_| issuer != subject).and_then(|authority| authority.key_id.as_deref());
    let body = der::sequence(&[
        &der::element(der::context(0), &der::unsigned(&[2])),
        &der::unsigned(&content.serial),
        &signature_algorithm,
        issuer,
        &der::sequence(&[&moment(&content.not_before)?, &moment(&content.not_after)?]),
        &subject,
        &der::sequence(&[&key_algorithm, &der::bit_string(&key_bits)]),
        &der::element(der::context(3), &extensions(content, &key_bits, foreign_key_id, &subject)?),
    ]);
    let signature = signer.sign(&body).ok_or(X509Error::CannotSign)?;
    Ok(der::sequence(&[&body, &signature_algorithm, &der::bit_string(&signature)]))
}

fn check_signer(authority: Option<&Authority>, signer: &PrivateKey) -> Result<(), X509Error> {
    let Some(authority) = authority else { return Ok(()) };
    let own = signer.public().map(|(algorithm, bits)| der::sequence(&[&algorithm, &der::bit_string(&bits)]));
    if own.as_ref() == Some(&authority.public_key) { Ok(()) } else { Err(X509Error::WrongKey) }
}

/// A name of one common name; an empty one has no parts at all.
fn name(common_name: &[u8]) -> Result<Vec<u8>, X509Error> {
    if common_name.is_empty() {
        return Ok(der::sequence(&[]));
    }
    if std::str::from_utf8(common_name).is_err() {
        return Err(X509Error::NotUtf8);
    }
    let printable = |byte: &u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(byte);
    let tag = if common_name.iter().all(printable) { der::PRINTABLE_STRING } else { der::UTF8_STRING };
    // 2.5.4.3
    let attribute = der::sequence(&[&der::object_id(&[0x55, 4, 3]), &der::element(tag, common_name)]);
    Ok(der::sequence(&[&der::element(der::SET, &attribute)]))
}

/// Two digits of the year are enough from 1950 to 2049.
fn moment(time: &Time) -> Result<Vec<u8>, X509Error> {
    let time = time.in_zone(Zone::Utc);
    match time.year() {
        1950..=2049 => Ok(der::element(der::UTC_TIME, time.format("060102150405Z").as_bytes())),
        0..=9999 => Ok(der::element(der::GENERALIZED_TIME, time.format("20060102150405Z").as_bytes())),
        _ => Err(X509Error::Year),
    }
}

fn extensions(
    content: &Content,
    key_bits: &[u8],
    foreign_key_id: Option<&[u8]>,
    subject: &[u8],
) -> Result<Vec<u8>, X509Error> {
    let mut all = vec![
        extension(15, true, &key_usage(content.is_authority)),
        extension(37, false, &extended_key_usage()),
        extension(19, true, &basic_constraints(content.is_authority)),
    ];
    if content.is_authority {
        let digest = Sha256::digest(key_bits);
        all.push(extension(14, false, &der::element(der::OCTET_STRING, &digest[..20])));
    }
    if let Some(id) = foreign_key_id {
        all.push(extension(35, false, &der::sequence(&[&der::element(der::context_plain(0), id)])));
    }
    if !content.dns_names.is_empty() || !content.addresses.is_empty() {
        // Where the subject says nothing, the other names are all there is to know.
        let critical = subject == der::sequence(&[]);
        all.push(extension(17, critical, &alternative_names(content)?));
    }
    Ok(der::element(der::SEQUENCE, &all.concat()))
}

/// The extension 2.5.29.`number`.
fn extension(number: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let id = der::object_id(&[0x55, 0x1d, number]);
    let mark = if critical { der::element(der::BOOLEAN, &[0xff]) } else { Vec::new() };
    der::sequence(&[&id, &mark, &der::element(der::OCTET_STRING, value)])
}

/// Signing and encrypting keys; for an authority also signing certificates.
fn key_usage(is_authority: bool) -> Vec<u8> {
    if is_authority {
        der::element(der::BIT_STRING, &[2, 0b1010_0100])
    } else {
        der::element(der::BIT_STRING, &[5, 0b1010_0000])
    }
}

/// Server and client.
fn extended_key_usage() -> Vec<u8> {
    let usage = |number| der::object_id(&[0x2b, 6, 1, 5, 5, 7, 3, number]);
    der::sequence(&[&usage(1), &usage(2)])
}

fn basic_constraints(is_authority: bool) -> Vec<u8> {
    if is_authority { der::sequence(&[&der::element(der::BOOLEAN, &[0xff])]) } else { der::sequence(&[]) }
}

fn alternative_names(content: &Content) -> Result<Vec<u8>, X509Error> {
    let mut names = Vec::new();
    for dns_name in &content.dns_names {
        if !dns_name.is_ascii() {
            return Err(X509Error::NotAscii(dns_name.clone()));
        }
        names.extend(der::element(der::context_plain(2), dns_name));
    }
    for address in &content.addresses {
        let bytes = match address.to_canonical() {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        names.extend(der::element(der::context_plain(7), &bytes));
    }
    Ok(der::element(der::SEQUENCE, &names))
}
