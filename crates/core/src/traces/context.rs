//! What `traceparent` and `tracestate` say, read strictly; pure.
//!
//! A peer's headers are a stranger's: what is not exactly of the form of W3C Trace Context, level 1,
//! is taken for nothing and goes no further.

use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The most of `tracestate` that has to be passed on (section 3.3.1.5).
const STATE_BYTES: usize = 512;
/// The most members it may have (section 3.3.1.1).
const STATE_MEMBERS: usize = 32;

/// In `trace-flags`: whoever asked records this trace.
const SAMPLED: u8 = 1;

/// Names a trace, and in it the one who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Context {
    pub(super) trace: u128,
    pub(super) span: u64,
    pub(super) sampled: bool,
}

impl Context {
    /// What `headers` say, if they say it well, once, and with ids that are not nothing.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return None;
        };
        let text = value.to_str().ok()?;
        let mut parts = text.split('-');
        let mut hex = |digits| parts.next().filter(|part| is_hex(part, digits));
        let (version, trace, span, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
        // A later version may have more parts; this one has none.
        let is_whole = parts.next().is_none();
        if version == "ff" || (version == "00" && !is_whole) {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok()?;
        let span = u64::from_str_radix(span, 16).ok()?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        (trace != 0 && span != 0).then_some(Self {
            trace,
            span,
            sampled: flags & SAMPLED != 0,
        })
    }

    /// Says it in place of what `headers` say; the state that came with another one stays when it
    /// `continues` that one and is well-formed.
    pub(super) fn write(&self, headers: &mut HeaderMap, continues: bool) {
        if !continues || !is_state(headers) {
            headers.remove(TRACESTATE);
        }
        let flags = if self.sampled { SAMPLED } else { 0 };
        let text = format!("00-{:032x}-{:016x}-{flags:02x}", self.trace, self.span);
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(TRACEPARENT, value);
        }
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == digits && text.bytes().all(is_digit)
}

fn is_state(headers: &HeaderMap) -> bool {
    let values = headers.get_all(TRACESTATE);
    let bytes: usize = values.iter().map(HeaderValue::len).sum();
    let mut members = 0;
    bytes <= STATE_BYTES
        && values.iter().all(|value| {
            let members_are = |text: &str| {
                text.split(',').all(|member| {
                    members += 1;
                    is_member(member.trim_matches([' ', '\t']))
                })
            };
            value.to_str().is_ok_and(members_are)
        })
        && members <= STATE_MEMBERS
}

/// `key=value`, or nothing (sections 3.3.1.3.1 and 3.3.1.3.2).
fn is_member(member: &str) -> bool {
    let Some((key, value)) = member.split_once('=') else {
        return member.is_empty();
    };
    let in_key = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-*/@".contains(&b);
    let in_value = |b: u8| (b' '..=b'~').contains(&b) && b != b'=';
    let starts = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=256).contains(&key.len())
        && key.bytes().next().is_some_and(starts)
        && key.bytes().all(in_key)
        && (1..=256).contains(&value.len())
        && value.bytes().all(in_value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(parents: &[&str], states: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for text in parents {
            headers.append(TRACEPARENT, HeaderValue::from_str(text).unwrap());
        }
        for text in states {
            headers.append(TRACESTATE, HeaderValue::from_str(text).unwrap());
        }
        headers
    }

    #[test]
    fn reads_what_is_well_formed() {
        let read = Context::read(&headers(&[TRACE], &[])).unwrap();
        assert_eq!(read.trace, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(read.span, 0x00f0_67aa_0ba9_02b7);
        assert!(read.sampled);
        let mut written = HeaderMap::new();
        read.write(&mut written, true);
        assert_eq!(written, headers(&[TRACE], &[]));
        let later = TRACE.replace("00-4b", "01-4b") + "-more";
        assert_eq!(Context::read(&headers(&[&later], &[])), Some(read));
    }

    #[test]
    fn takes_everything_else_for_nothing() {
        let zero = "0".repeat(32);
        for text in [
            "",
            "00",
            &TRACE.replace("00-4b", "ff-4b"),
            &TRACE.replace("4bf9", "4BF9"),
            &TRACE.replace("4bf9", "+bf9"),
            &format!("{TRACE}-more"),
            &format!("{TRACE}0"),
            &TRACE.replace("-01", ""),
            &TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", &zero),
            &TRACE.replace("00f067aa0ba902b7", "0000000000000000"),
        ] {
            assert_eq!(Context::read(&headers(&[text], &[])), None, "{text}");
        }
        assert_eq!(Context::read(&headers(&[TRACE, TRACE], &[])), None);
        assert_eq!(Context::read(&HeaderMap::new()), None);
    }

    #[test]
    fn passes_on_a_state_that_is_one() {
        let kept = |states: &[&str], continues| {
            let mut headers = headers(&[TRACE], states);
            Context::read(&headers)
                .unwrap()
                .write(&mut headers, continues);
            headers.get_all(TRACESTATE).iter().count()
        };
        assert_eq!(kept(&["a=1,b@c=2 3", " , d=4"], true), 2);
        assert_eq!(kept(&["a=1"], false), 0);
        let long = format!("a={}", "x".repeat(511));
        let many = vec!["a=1"; 33].join(",");
        for wrong in ["a", "a=", "=1", "A=1", "a=b=c", "a=\u{7f}", &long, &many] {
            let mut map = headers(&[TRACE], &[]);
            if let Ok(value) = HeaderValue::from_str(wrong) {
                map.append(TRACESTATE, value);
            }
            Context::read(&map).unwrap().write(&mut map, true);
            assert!(!map.contains_key(TRACESTATE), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_not(value in proptest::collection::vec(0x20_u8..0x7f, 0..80)) {
            let mut headers = HeaderMap::new();
            headers.append(TRACEPARENT, HeaderValue::from_bytes(&value).unwrap());
            if let Some(context) = Context::read(&headers) {
                prop_assert!(context.trace != 0 && context.span != 0);
            }
        }

        #[test]
        fn what_is_written_is_read(trace in 1_u128.., span in 1_u64.., sampled: bool) {
            let context = Context { trace, span, sampled };
            let mut headers = HeaderMap::new();
            context.write(&mut headers, false);
            prop_assert_eq!(Context::read(&headers), Some(context));
        }
    }
}
