//! AES-256 in CBC mode with PKCS#7 padding, the random block in front, all in base64.

use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use data_encoding::BASE64;

use crate::functions::encoding::decode_base64;
use crate::functions::{Arguments, FunctionError};
use crate::{Context, Value};

const BLOCK: usize = 16;

/// `encryptAES password text`; the empty text stays empty.
pub(super) fn encrypt(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let text = args.text(1)?.as_bytes();
    if text.is_empty() {
        return Ok(Value::str(""));
    }
    ctx.spend_bytes((text.len() as u64).saturating_mul(3))?;
    let padding = BLOCK - text.len() % BLOCK;
    let mut previous = [0; BLOCK];
    ctx.world().fill_random(&mut previous);
    let mut out = previous.to_vec();
    out.extend_from_slice(text);
    out.resize(out.len() + padding, padding as u8);
    let cipher = cipher(args)?;
    for block in out[BLOCK..].chunks_exact_mut(BLOCK) {
        let mut mixed = xor(block, &previous);
        cipher.encrypt_block((&mut mixed).into());
        block.copy_from_slice(&mixed);
        previous = mixed;
    }
    Ok(Value::str(BASE64.encode(&out)))
}

/// `decryptAES password text`
pub(super) fn decrypt(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let text = args.text(1)?.as_bytes();
    if text.is_empty() {
        return Ok(Value::str(""));
    }
    ctx.spend_bytes((text.len() as u64).saturating_mul(2))?;
    let bytes = decode_base64(text).map_err(FunctionError::new)?;
    // Go's text shows what room it had made for the bytes.
    let capacity = text.len() / 4 * 3;
    let (first, rest) = bytes.split_first_chunk::<BLOCK>().ok_or_else(|| {
        FunctionError::new(format!(
            "runtime error: slice bounds out of range [:{BLOCK}] with capacity {capacity}"
        ))
    })?;
    if rest.len() % BLOCK != 0 {
        return Err(FunctionError::new("crypto/cipher: input not full blocks"));
    }
    let cipher = cipher(args)?;
    let mut previous = *first;
    let mut plain = Vec::with_capacity(rest.len());
    for block in rest.chunks_exact(BLOCK) {
        let mut mixed = xor(block, &[0; BLOCK]);
        let encrypted = mixed;
        cipher.decrypt_block((&mut mixed).into());
        plain.extend_from_slice(&xor(&mixed, &previous));
        previous = encrypted;
    }
    let padding =
        *plain.last().ok_or_else(|| FunctionError::new("runtime error: index out of range [-1]"))?;
    let end = plain.len().checked_sub(padding.into()).ok_or_else(|| {
        let beyond = i64::from(padding) - plain.len() as i64;
        FunctionError::new(format!("runtime error: slice bounds out of range [:-{beyond}]"))
    })?;
    plain.truncate(end);
    Ok(Value::str(plain))
}

/// The password is the key, cut or filled with zeros.
fn cipher(args: &[Value]) -> Result<Aes256, FunctionError> {
    let mut key = [0; 32];
    args.text(0)?.as_bytes().iter().zip(&mut key).for_each(|(byte, place)| *place = *byte);
    Ok(Aes256::new(&key.into()))
}

fn xor(block: &[u8], other: &[u8; BLOCK]) -> [u8; BLOCK] {
    let mut mixed = *other;
    mixed.iter_mut().zip(block).for_each(|(byte, with)| *byte ^= with);
    mixed
}
