//! Private keys: made, read, written, and used to sign.

use ed25519_dalek::Signer;
use num_bigint::BigUint;
use p256::ecdsa::signature::Signer as _;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::DecodePrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use sha2::{Digest, Sha256};

use super::{charge_millis, der, pem, primes};
use crate::functions::{Arguments, FunctionError};
use crate::{Context, Value, World};

/// A key of one of the kinds Sprig knows.
pub(super) enum PrivateKey {
    Rsa(Box<rsa::RsaPrivateKey>),
    P256(p256::SecretKey),
    Ed25519(ed25519_dalek::SigningKey),
    /// DSA, which no certificate takes; so it is only written and read.
    Dsa(Vec<u8>),
}

/// Encoded object identifiers.
pub(super) mod oid {
    /// 1.2.840.113549.1.1.1
    pub const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    /// 1.2.840.113549.1.1.11
    pub const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b];
    /// 1.2.840.10045.2.1
    pub const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    /// 1.2.840.10045.3.1.7
    pub const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    /// 1.2.840.10045.4.3.2
    pub const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    /// 1.3.101.112
    pub const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    /// 2.16.840.1.101.3.4.2.1
    pub const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
}

/// `genPrivateKey kind`
pub(super) fn private_key(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let kind = args.text(0)?;
    let key = match kind.as_bytes() {
        b"" | b"rsa" => PrivateKey::new_rsa(ctx, 4096)?,
        b"dsa" => PrivateKey::new_dsa(ctx)?,
        b"ecdsa" => PrivateKey::new_p256(ctx.world()),
        b"ed25519" => PrivateKey::new_ed25519(ctx.world()),
        other => return Ok(Value::str([b"Unknown type ", other].concat())),
    };
    Ok(Value::str(key.to_pem()))
}

impl PrivateKey {
    /// A new RSA key of so many bits.
    pub fn new_rsa(ctx: &mut Context<'_>, bits: u64) -> Result<Self, FunctionError> {
        // The work grows with the fourth power of the length.
        charge_millis(ctx, 50 * (bits / 2048).pow(4))?;
        let exponent = rsa::BigUint::from(65_537u32);
        loop {
            let [p, q] = [0, 1].map(|_| converted(&primes::random_prime(ctx.world(), bits / 2)));
            // Fails for equal primes, and for one of which the exponent is no unit: try others.
            if let Ok(key) = rsa::RsaPrivateKey::from_p_q(p, q, exponent.clone()) {
                return Ok(Self::Rsa(Box::new(key)));
            }
            ctx.spend_steps(1)?;
        }
    }

    fn new_dsa(ctx: &mut Context<'_>) -> Result<Self, FunctionError> {
        charge_millis(ctx, 500)?;
        let world = ctx.world();
        let one = BigUint::from(1u32);
        let q = primes::random_prime(world, 256);
        let p = primes::random_prime_above_multiple(world, 2048, &q);
        let cofactor = (&p - &one) / &q;
        let g = (2u32..)
            .map(|base| BigUint::from(base).modpow(&cofactor, &p))
            .find(|g| *g != one)
            .unwrap_or_else(|| one.clone());
        let x = primes::random_below(world, &q);
        let y = g.modpow(&x, &p);
        let numbers: Vec<u8> = [p, q, g, y, x].iter().flat_map(der::integer).collect();
        Ok(Self::Dsa(der::sequence(&[&der::unsigned(&[0]), &numbers])))
    }

    fn new_p256(world: &dyn World) -> Self {
        loop {
            let mut bytes = [0; 32];
            world.fill_random(&mut bytes);
            // Zero and numbers beyond the order of the curve are no keys.
            if let Ok(key) = p256::SecretKey::from_slice(&bytes) {
                return Self::P256(key);
            }
        }
    }

    fn new_ed25519(world: &dyn World) -> Self {
        let mut bytes = [0; 32];
        world.fill_random(&mut bytes);
        Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&bytes))
    }

    /// Reads a key in PEM.
    ///
    /// # Errors
    /// With Sprig's texts; behind them the reason may read differently.
    pub fn from_pem(text: &str) -> Result<Self, FunctionError> {
        let block = pem::decode(text).ok_or_else(|| FunctionError::new("no PEM data in input"))?;
        let bytes = &block.bytes;
        let refuse = |what: &str, why: &str| FunctionError::new(format!("{what}: {why}"));
        let Some(kind) = block.label.strip_suffix("PRIVATE KEY") else {
            let label = &block.label;
            return Err(FunctionError::new(format!("no private key data in PEM block of type {label}")));
        };
        match kind {
            "" => from_pkcs8(bytes)
                .ok_or_else(|| refuse("decoding PEM as PKCS#8", "x509: failed to parse private key")),
            "RSA " => rsa::RsaPrivateKey::from_pkcs1_der(bytes)
                .map(|key| Self::Rsa(Box::new(key)))
                .map_err(|error| refuse("parsing RSA private key from PEM", &error.to_string())),
            "EC " => p256::SecretKey::from_sec1_der(bytes)
                .map(Self::P256)
                .map_err(|_| refuse("parsing EC private key from PEM", "x509: unknown elliptic curve")),
            "DSA " => read_dsa(bytes)
                .ok_or_else(|| refuse("parsing DSA private key from PEM", "asn1: structure error")),
            _ => Err(FunctionError::new(format!("invalid private key type {}", block.label))),
        }
    }

    /// The key in PEM, in the form that is usual for its kind.
    pub fn to_pem(&self) -> String {
        match self {
            Self::Rsa(key) => pem::encode("RSA PRIVATE KEY", &rsa_der(key)),
            Self::P256(key) => pem::encode("EC PRIVATE KEY", &p256_der(key)),
            Self::Ed25519(key) => pem::encode("PRIVATE KEY", &ed25519_der(key)),
            Self::Dsa(bytes) => pem::encode("DSA PRIVATE KEY", bytes),
        }
    }

    /// The public half as certificates hold it: its algorithm and its bits.
    pub fn public(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        match self {
            Self::Rsa(key) => {
                let algorithm = der::sequence(&[&der::object_id(oid::RSA), &der::element(der::NULL, &[])]);
                Some((algorithm, der::sequence(&[&number(key.n()), &number(key.e())])))
            }
            Self::P256(key) => {
                let algorithm = der::sequence(&[&der::object_id(oid::EC), &der::object_id(oid::P256)]);
                Some((algorithm, key.public_key().to_encoded_point(false).as_bytes().to_vec()))
            }
            Self::Ed25519(key) => Some((
                der::sequence(&[&der::object_id(oid::ED25519)]),
                key.verifying_key().to_bytes().to_vec(),
            )),
            Self::Dsa(_) => None,
        }
    }

    /// The algorithm of this key's signatures, as certificates name it.
    pub fn signature_algorithm(&self) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(_) => {
                Some(der::sequence(&[&der::object_id(oid::RSA_SHA256), &der::element(der::NULL, &[])]))
            }
            Self::P256(_) => Some(der::sequence(&[&der::object_id(oid::ECDSA_SHA256)])),
            Self::Ed25519(_) => Some(der::sequence(&[&der::object_id(oid::ED25519)])),
            Self::Dsa(_) => None,
        }
    }

    /// Signs a message; RSA and ECDSA with its SHA-256.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key) => {
                let algorithm = der::sequence(&[&der::object_id(oid::SHA256), &der::element(der::NULL, &[])]);
                let digest = der::element(der::OCTET_STRING, &Sha256::digest(message));
                let info = der::sequence(&[&algorithm, &digest]);
                key.sign(rsa::Pkcs1v15Sign::new_unprefixed(), &info).ok()
            }
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from(key).sign(message);
                Some(signature.to_der().as_bytes().to_vec())
            }
            Self::Ed25519(key) => Some(Signer::sign(key, message).to_bytes().to_vec()),
            Self::Dsa(_) => None,
        }
    }
}

fn from_pkcs8(bytes: &[u8]) -> Option<PrivateKey> {
    use rsa::pkcs8::DecodePrivateKey as _;
    if let Ok(key) = rsa::RsaPrivateKey::from_pkcs8_der(bytes) {
        return Some(PrivateKey::Rsa(Box::new(key)));
    }
    if let Ok(key) = <p256::SecretKey as DecodePrivateKey>::from_pkcs8_der(bytes) {
        return Some(PrivateKey::P256(key));
    }
    let mut inner = der::Reader(bytes).inside(der::SEQUENCE)?;
    inner.tagged(der::INTEGER)?;
    let algorithm = inner.inside(der::SEQUENCE)?.tagged(der::OBJECT_ID)?;
    let seed = inner.inside(der::OCTET_STRING)?.tagged(der::OCTET_STRING)?;
    let seed = seed.content.try_into().ok().filter(|_| algorithm.content == oid::ED25519)?;
    Some(PrivateKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(seed)))
}

fn read_dsa(bytes: &[u8]) -> Option<PrivateKey> {
    let mut numbers = der::Reader(bytes).inside(der::SEQUENCE)?;
    for _ in 0..6 {
        numbers.tagged(der::INTEGER)?;
    }
    numbers.is_empty().then(|| PrivateKey::Dsa(bytes.to_vec()))
}

fn rsa_der(key: &rsa::RsaPrivateKey) -> Vec<u8> {
    let read = |number: &rsa::BigUint| BigUint::from_bytes_be(&number.to_bytes_be());
    let one = BigUint::from(1u32);
    let d = read(key.d());
    // A key that came with more than two primes keeps them all in `n`, which is what counts.
    let [p, q] = [0, 1].map(|at| key.primes().get(at).map(read).unwrap_or_default());
    let rest_of = |prime: &BigUint| if *prime > one { &d % (prime - &one) } else { one.clone() };
    let inverse = q.modinv(&p).unwrap_or_default();
    let numbers =
        [read(key.n()), read(key.e()), d.clone(), p.clone(), q.clone(), rest_of(&p), rest_of(&q), inverse];
    let numbers: Vec<u8> = numbers.iter().flat_map(der::integer).collect();
    der::sequence(&[&der::unsigned(&[0]), &numbers])
}

fn p256_der(key: &p256::SecretKey) -> Vec<u8> {
    let public = der::bit_string(key.public_key().to_encoded_point(false).as_bytes());
    der::sequence(&[
        &der::unsigned(&[1]),
        &der::element(der::OCTET_STRING, &key.to_bytes()),
        &der::element(der::context(0), &der::object_id(oid::P256)),
        &der::element(der::context(1), &public),
    ])
}

fn ed25519_der(key: &ed25519_dalek::SigningKey) -> Vec<u8> {
    let seed = der::element(der::OCTET_STRING, key.as_bytes());
    der::sequence(&[
        &der::unsigned(&[0]),
        &der::sequence(&[&der::object_id(oid::ED25519)]),
        &der::element(der::OCTET_STRING, &seed),
    ])
}

fn number(number: &rsa::BigUint) -> Vec<u8> {
    der::unsigned(&number.to_bytes_be())
}

fn converted(number: &BigUint) -> rsa::BigUint {
    rsa::BigUint::from_bytes_be(&number.to_bytes_be())
}
