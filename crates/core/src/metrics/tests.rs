use std::collections::{BTreeMap, BTreeSet};

use malai_api::{BreakerState, PeerState, Traffic};

use super::*;

fn backend() -> BackendStatus {
    BackendStatus {
        address: "unix:/a\"b\\c\n".to_owned(),
        breaker: BreakerState::HalfOpen,
        requests: 7,
        connections_in_use: 2,
        retries_denied: 4,
        ..BackendStatus::default()
    }
}

fn snapshot() -> Snapshot {
    let figures = Figures {
        traffic: Traffic {
            requests: 3,
            streams_open: 1,
            bytes_in: 20,
            bytes_out: 30,
        },
        failures: [0, 0, 1, 0],
        refusals: [4, 0, 0, 0, 0, 0],
        up_to: [0, 0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3],
        took: Duration::from_millis(12_500),
    };
    Snapshot {
        uptime: Duration::from_secs(61),
        shares: vec![("shop".to_owned(), figures.clone())],
        bridges: vec![("shop".to_owned(), figures.clone())],
        gateway: Some(figures),
        usage: Usage {
            memory_bytes: Some(4096),
            open_files: Some(9),
            cpu: Some(Duration::from_millis(1500)),
        },
        members: vec![Member {
            bridge: "shop".to_owned(),
            place: 0,
            breaker: BreakerState::Open,
            path: (PeerState::Relayed, Some(Duration::from_millis(20))),
        }],
        repeats: vec![("shop".to_owned(), (2, 3))],
        backends: vec![("shop".to_owned(), backend())],
        peers: [2, 0],
        turned_away: TurnedAway {
            handshakes: 5,
            ..TurnedAway::default()
        },
        ..Snapshot::default()
    }
}

#[test]
fn says_what_was_counted() {
    let text = snapshot().text();
    for expected in [
        "malai_uptime_seconds 61\n",
        "malai_requests_total{side=\"share\",name=\"shop\"} 3\n",
        "malai_requests_total{side=\"gateway\",name=\"gateway\"} 3\n",
        "malai_failures_total{side=\"share\",name=\"shop\",fault=\"service\"} 1\n",
        "malai_response_seconds_bucket{side=\"share\",name=\"shop\",le=\"0.005\"} 1\n",
        "malai_response_seconds_bucket{side=\"share\",name=\"shop\",le=\"+Inf\"} 3\n",
        "malai_response_seconds_sum{side=\"share\",name=\"shop\"} 12.5\n",
        "malai_backend_up{name=\"shop\",backend=\"unix:/a\\\"b\\\\c\\n\"} 0\n",
        "malai_backend_breaker{name=\"shop\",backend=\"unix:/a\\\"b\\\\c\\n\",state=\"half-open\"} 1\n",
        "malai_backend_requests_total{name=\"shop\",backend=\"unix:/a\\\"b\\\\c\\n\"} 7\n",
        "malai_backend_connections{name=\"shop\",backend=\"unix:/a\\\"b\\\\c\\n\",state=\"in-use\"} 2\n",
        "malai_backend_retries_total{name=\"shop\",backend=\"unix:/a\\\"b\\\\c\\n\",outcome=\"denied\"} 4\n",
        "malai_refused_total{side=\"share\",name=\"shop\",reason=\"peer-rate\"} 4\n",
        "malai_turned_away_total{what=\"handshake\"} 5\n",
        "malai_failovers_total{name=\"shop\"} 2\n",
        "malai_retries_total{name=\"shop\"} 3\n",
        "malai_member_breaker{name=\"shop\",member=\"1\",state=\"open\"} 1\n",
        "malai_member_breaker{name=\"shop\",member=\"1\",state=\"closed\"} 0\n",
        "malai_member_path{name=\"shop\",member=\"1\",way=\"relayed\"} 1\n",
        "malai_member_rtt_seconds{name=\"shop\",member=\"1\"} 0.02\n",
        "malai_peers{way=\"direct\"} 2\n",
        "process_resident_memory_bytes 4096\n",
        "process_cpu_seconds_total 1.5\n",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

/// A sample: its name, its labels and its value.
type Sample<'a> = (&'a str, BTreeMap<String, String>, f64);

/// Reads one as strictly as the format is written down.
fn sample(line: &str) -> Option<Sample<'_>> {
    let (name, mut rest) = line.split_at(line.find(['{', ' '])?);
    let is_name = |text: &str| {
        let mut chars = text.chars();
        chars.next().is_some_and(|c| c.is_ascii_lowercase())
            && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"")?;
            let mut value = String::new();
            let mut chars = after.chars();
            loop {
                match chars.next()? {
                    '"' => break,
                    '\n' => return None,
                    '\\' => value.push(match chars.next()? {
                        'n' => '\n',
                        c @ ('"' | '\\') => c,
                        _ => return None,
                    }),
                    c => value.push(c),
                }
            }
            let is_new = labels.insert(label.to_owned(), value).is_none();
            (is_new && is_name(label)).then_some(())?;
            rest = chars.as_str();
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => break,
            }
        }
        rest = rest.strip_prefix('}')?;
    }
    let value = rest.strip_prefix(' ')?.parse().ok()?;
    is_name(name).then_some((name, labels, value))
}

/// What the samples of a metric of this kind are called.
fn names(metric: &str, kind: &str) -> Vec<String> {
    match kind {
        "histogram" => ["_bucket", "_sum", "_count"]
            .map(|end| format!("{metric}{end}"))
            .to_vec(),
        _ => vec![metric.to_owned()],
    }
}

/// As `promtool check metrics` and the format itself have it.
#[test]
fn the_text_has_the_form_that_is_read() {
    let text = snapshot().text();
    assert!(text.ends_with('\n'));
    let mut seen = BTreeSet::new();
    let mut series = BTreeSet::new();
    let mut metric = ("", "");
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(!help.is_empty() && seen.insert(name), "{line} twice");
            let kind = lines.next().and_then(|it| it.strip_prefix("# TYPE "));
            let (typed, kind) = kind.unwrap().split_once(' ').unwrap();
            assert_eq!(typed, name);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
            metric = (name, kind);
            continue;
        }
        let (name, labels, _) = sample(line).unwrap_or_else(|| panic!("{line}"));
        assert!(
            names(metric.0, metric.1).iter().any(|it| it == name),
            "{line}"
        );
        assert!(series.insert((name, labels)), "{line} twice");
    }
}

#[test]
fn buckets_hold_those_before_them_and_the_last_holds_all() {
    let text = snapshot().text();
    let samples: Vec<Sample<'_>> = text.lines().filter_map(sample).collect();
    let mut checked = 0;
    for (_, labels, count) in samples
        .iter()
        .filter(|it| it.0 == "malai_response_seconds_count")
    {
        let buckets = samples.iter().filter(|(name, its, _)| {
            *name == "malai_response_seconds_bucket"
                && its["name"] == labels["name"]
                && its["side"] == labels["side"]
        });
        let (ends, counts): (Vec<f64>, Vec<f64>) = buckets
            .map(|(_, its, count)| {
                let end = its["le"].replace("+Inf", "inf");
                (end.parse::<f64>().unwrap(), *count)
            })
            .unzip();
        assert!(
            ends.is_sorted() && counts.is_sorted(),
            "{ends:?} {counts:?}"
        );
        assert_eq!(ends.last(), Some(&f64::INFINITY));
        assert_eq!(counts.last(), Some(count));
        checked += 1;
    }
    assert_eq!(checked, 3);
}

/// `docs/observability.md` lists every metric with its kind and its labels, and no other.
#[test]
fn the_document_lists_every_metric() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/observability.md");
    let document = std::fs::read_to_string(root).unwrap();
    let cells = |line: &str| -> Vec<String> {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    };
    let documented: BTreeSet<Vec<String>> = document
        .lines()
        .filter(|line| line.starts_with("| `malai_") || line.starts_with("| `process_"))
        .map(|line| cells(line)[..3].to_vec())
        .collect();
    let text = snapshot().text();
    let is_of = |sample: &str, metric: &str, kind: &str| {
        names(metric, kind).iter().any(|name| name == sample)
    };
    let written = text.lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        let mut samples = text.lines().filter_map(sample);
        let labels = samples.find(|(sample, ..)| is_of(sample, name, kind));
        let labels = labels.map(|(_, labels, _)| labels).unwrap_or_default();
        let labels = labels.into_keys().filter(|label| label != "le");
        let labels: Vec<String> = labels.collect();
        Some(vec![name.to_owned(), kind.to_owned(), labels.join(", ")])
    });
    assert_eq!(documented, written.collect::<BTreeSet<_>>());
}
