use super::*;

fn answered(meter: &Meter, took: Duration, fault: Option<Fault>) {
    let began = Instant::now();
    meter.answered(began, began + took, fault);
}

#[test]
fn answers_are_sorted_by_their_time_and_failures_by_their_fault() {
    let meter = Meter::default();
    answered(&meter, Duration::from_millis(5), None);
    answered(&meter, Duration::from_millis(6), Some(Fault::Service));
    answered(&meter, Duration::from_secs(60), Some(Fault::Service));
    let figures = meter.figures();
    assert_eq!(figures.up_to, [0, 0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3]);
    assert_eq!(figures.failures, [0, 0, 2, 0]);
    assert_eq!(figures.took, Duration::from_millis(60_011));
}

#[test]
fn quantiles_are_those_that_prometheus_would_say() {
    let meter = Meter::default();
    assert_eq!(meter.measured().latency, None);
    for _ in 0..90 {
        answered(&meter, Duration::from_millis(15), None);
    }
    for _ in 0..10 {
        answered(&meter, Duration::from_millis(80), None);
    }
    let latency = meter.measured().latency.unwrap();
    // 50 of the 90 between 10 and 25 ms; 5 and 9 of the 10 between 50 and 100 ms.
    assert!((latency.p50_ms - 18.33).abs() < 1e-6);
    assert!((latency.p95_ms - 75.0).abs() < 1e-6);
    assert!((latency.p99_ms - 95.0).abs() < 1e-6);
    for _ in 0..1000 {
        answered(&meter, Duration::from_mins(1), None);
    }
    let latency = meter.measured().latency.unwrap();
    assert!((latency.p50_ms - 30_000.0).abs() < 1e-6);
}

#[tokio::test(start_paused = true)]
async fn the_last_minutes_are_kept_in_steps_of_five_seconds() {
    let meter = Meter::default();
    let step = Duration::from_secs(STEP_SECS);
    drop(meter.begin(Instant::now()));
    meter.sent(100);
    answered(&meter, Duration::from_millis(3), Some(Fault::Peer));
    assert_eq!(meter.measured().recent, None, "it is not over");
    tokio::time::advance(step).await;
    drop(meter.begin(Instant::now()));
    let recent = meter.measured().recent.unwrap();
    assert_eq!(recent.requests, [1]);
    assert_eq!(recent.failures, [1]);
    assert_eq!(recent.bytes, [100]);
    assert!(recent.p95_ms[0].is_some_and(|ms| ms > 2.0 && ms < 5.0));
    tokio::time::advance(step * 2).await;
    let recent = meter.measured().recent.unwrap();
    assert_eq!(recent.requests, [1, 1, 0]);
    assert_eq!(meter.measured().recent, Some(recent));
    tokio::time::advance(step * 60).await;
    assert_eq!(meter.measured().recent, None, "long over");
    assert_eq!(meter.measured().failures.peer, 1);
}
