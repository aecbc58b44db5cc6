//! Dates of the calendar, as file names have them.

/// The date of a day since 1970-01-01, as `YYYY-MM-DD`.
///
/// By the proleptic Gregorian calendar, counted in eras of 400 years that begin with March, so that
/// the leap day is a year's last one.
pub(super) fn of_day(day: u64) -> String {
    const ERA_DAYS: u64 = 146_097;
    // From 0000-03-01 to 1970-01-01.
    let day = day + 719_468;
    let era = day / ERA_DAYS;
    let of_era = day % ERA_DAYS;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02}")
}

/// Whether a text is written like a date.
pub(super) fn is_date(text: &str) -> bool {
    let digits =
        |part: &str, length| part.len() == length && part.chars().all(|c| c.is_ascii_digit());
    let mut parts = text.split('-');
    let mut next = |length| parts.next().is_some_and(|part| digits(part, length));
    next(4) && next(2) && next(2) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_calendar() {
        // Source: `date -u -d @$((day * 86400)) +%F`.
        for (day, date) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_782, "2026-11-25"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(of_day(day), date);
        }
    }

    #[test]
    fn knows_dates_from_other_texts() {
        assert!(is_date("2026-11-25"));
        for text in ["", "2026-11", "2026-11-25-1", "26-11-25", "2026-xx-25"] {
            assert!(!is_date(text), "{text}");
        }
    }
}
