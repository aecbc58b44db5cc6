//! Bytes that are known at every offset, so that a body of any size can be made and checked as it
//! streams, and a mistake is told with its place.

use std::sync::LazyLock;

use bytes::Bytes;

/// A prime, so that no buffer size anywhere divides it and a block lost or doubled is noticed.
const PERIOD: usize = 1_048_573;

/// The longest slice [`bytes_at`] gives.
const LONGEST: usize = 64 * 1024;

/// One period and a bit more, so that a slice may begin anywhere in the period.
static BLOCK: LazyLock<Bytes> = LazyLock::new(|| {
    let mut block: Vec<u8> = (0..PERIOD as u64).map(mixed).collect();
    block.extend_from_within(..LONGEST);
    block.into()
});

/// A step of splitmix64 for each byte.
fn mixed(index: u64) -> u8 {
    let mut x = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)).to_le_bytes()[0]
}

/// Up to `length` bytes of the pattern from `offset` on; without copying.
#[must_use]
pub fn bytes_at(offset: u64, length: u64) -> Bytes {
    let (start, length) = place(offset, length);
    BLOCK.slice(start..start + length)
}

fn place(offset: u64, length: u64) -> (usize, usize) {
    let start = usize::try_from(offset % PERIOD as u64).unwrap_or(0);
    let length = usize::try_from(length).map_or(LONGEST, |length| length.min(LONGEST));
    (start, length)
}

/// Compares what arrives with the pattern.
#[derive(Debug, Default, Clone, Copy)]
pub struct Checker {
    length: u64,
    first_wrong: Option<u64>,
}

impl Checker {
    /// Takes the next bytes.
    pub fn take(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let (start, length) = place(self.length, data.len() as u64);
            let (now, later) = data.split_at(length);
            let expected = &BLOCK[start..start + length];
            if self.first_wrong.is_none() && now != expected {
                let wrong = now.iter().zip(expected).take_while(|(a, b)| a == b).count();
                self.first_wrong = Some(self.length + wrong as u64);
            }
            self.length += length as u64;
            data = later;
        }
    }

    /// How many bytes came.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The offset of the first byte that is not the pattern's.
    #[must_use]
    pub fn first_wrong(&self) -> Option<u64> {
        self.first_wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checker_takes_its_own_pattern_in_any_pieces() {
        let mut checker = Checker::default();
        let mut offset = 0;
        for length in [1, 1000, 65_536, 7].into_iter().cycle().take(100) {
            let piece = bytes_at(offset, length);
            checker.take(&piece);
            offset += piece.len() as u64;
        }
        assert_eq!((checker.length(), checker.first_wrong()), (offset, None));
    }

    #[test]
    fn a_checker_tells_where_the_first_wrong_byte_is() {
        let mut checker = Checker::default();
        checker.take(&bytes_at(0, 60_000));
        let mut wrong = bytes_at(60_000, 1000).to_vec();
        wrong[17] ^= 1;
        checker.take(&wrong);
        assert_eq!(checker.first_wrong(), Some(60_017));
    }
}
