//! Certificates that sign others, read as far as that needs.

use super::der::{self, Reader};

/// What is taken over from the certificate of an authority.
pub(super) struct Authority {
    /// Its subject, encoded.
    pub subject: Vec<u8>,
    /// Its public key with the algorithm, encoded.
    pub public_key: Vec<u8>,
    /// The identifier of its key, if it has one.
    pub key_id: Option<Vec<u8>>,
}

impl Authority {
    /// Reads an encoded certificate; nothing where it is none.
    pub fn read(certificate: &[u8]) -> Option<Self> {
        let mut outer = Reader(certificate);
        let mut parts = outer.inside(der::SEQUENCE)?;
        let mut body = parts.inside(der::SEQUENCE)?;
        parts.tagged(der::SEQUENCE)?;
        parts.tagged(der::BIT_STRING)?;
        if !outer.is_empty() || !parts.is_empty() {
            return None;
        }
        body.tagged(der::context(0));
        body.tagged(der::INTEGER)?;
        for _algorithm_issuer_validity in 0..3 {
            body.tagged(der::SEQUENCE)?;
        }
        let subject = body.tagged(der::SEQUENCE)?.whole.to_vec();
        let public_key = body.tagged(der::SEQUENCE)?.whole.to_vec();
        body.tagged(der::context_plain(1));
        body.tagged(der::context_plain(2));
        let key_id = match body.inside(der::context(3)) {
            Some(mut extensions) => key_id(extensions.inside(der::SEQUENCE)?)?,
            None => None,
        };
        body.is_empty().then_some(Self { subject, public_key, key_id })
    }
}

/// The value of the extension 2.5.29.14; `None` outside means that the extensions cannot be read.
fn key_id(mut extensions: Reader<'_>) -> Option<Option<Vec<u8>>> {
    let mut found = None;
    while !extensions.is_empty() {
        let mut extension = extensions.inside(der::SEQUENCE)?;
        let id = extension.tagged(der::OBJECT_ID)?.content;
        extension.tagged(der::BOOLEAN);
        let mut value = extension.inside(der::OCTET_STRING)?;
        if id == [0x55, 0x1d, 14] {
            found = Some(value.tagged(der::OCTET_STRING)?.content.to_vec());
        }
    }
    Some(found)
}
