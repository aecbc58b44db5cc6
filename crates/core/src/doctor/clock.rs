//! Whether this machine's clock is right, by those of servers.
//!
//! Certificates, expiring invites and signed records all depend on it.

use std::time::Duration;

use malai_api::Examined;

use super::Found;

/// From here on people notice, and times in records are wrong.
pub(super) const NOTICED: Duration = Duration::from_secs(30);
/// From here on certificates are refused.
const BROKEN: Duration = Duration::from_secs(10 * 60);

/// Judges our time, `now`, by what servers have said; both in seconds since 1970.
pub(super) fn judge(now: u64, dates: &[u64]) -> Found {
    let check = Examined::Clock;
    let apart = |date: &&u64| now.abs_diff(**date);
    // A server of one's own may be wrong itself; one that agrees is enough.
    let Some(date) = dates.iter().min_by_key(apart) else {
        let seen = "no server that was asked has told the time";
        return Found::skipped(check, "there is nothing to compare the clock with", seen);
    };
    let apart = Duration::from_secs(now.abs_diff(*date));
    let found = if apart <= NOTICED {
        let seen = "this machine's clock agrees with that of a server";
        Found::ok(check, "the clock is right", seen)
    } else {
        let seen = format!(
            "this machine's clock is {} {} a server's",
            humantime::format_duration(apart),
            if now > *date { "ahead of" } else { "behind" }
        );
        let advice = "set the date and time, or turn on that the system does so by itself (NTP)";
        if apart >= BROKEN {
            let summary = "the clock is wrong, so certificates are refused";
            Found::problem(check, summary, seen).advise(advice)
        } else {
            Found::warning(check, "the clock is wrong", seen).advise(advice)
        }
    };
    let seconds = u32::try_from(apart.as_secs()).unwrap_or(u32::MAX);
    found.figure("apart", f64::from(seconds), "s")
}

#[cfg(test)]
mod tests {
    use malai_api::Verdict;

    use super::*;

    #[test]
    fn warns_from_half_a_minute_on_both_ways() {
        for (date, verdict) in [
            (1000, Verdict::Ok),
            (1030, Verdict::Ok),
            (1031, Verdict::Warning),
            (969, Verdict::Warning),
            (5000, Verdict::Problem),
            (0, Verdict::Problem),
        ] {
            assert_eq!(judge(1000, &[date]).verdict, verdict, "{date}");
        }
        assert_eq!(judge(1000, &[]).verdict, Verdict::Skipped);
    }

    #[test]
    fn one_server_that_agrees_is_enough() {
        assert_eq!(judge(1000, &[9000, 1001]).verdict, Verdict::Ok);
    }
}
