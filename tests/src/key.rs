//! Keys as strangers would read them, who do not have malai.

use anyhow::{Context, Result, ensure};

/// The bytes of an id52.
///
/// # Errors
/// When it is none.
pub fn key_bytes(id52: &str) -> Result<[u8; 32]> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for digit in id52.chars() {
        let value = digit.to_digit(32).context("not base32hex")?;
        bits = (bits << 5) | value;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff)?);
        }
    }
    ensure!(bytes.len() == 32, "{id52} is not 32 bytes");
    Ok(bytes.try_into().unwrap_or_default())
}
