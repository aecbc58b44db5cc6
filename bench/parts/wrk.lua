-- Prints what a run of wrk measured as one line of JSON, times in milliseconds.

done = function(summary, latency, requests)
  local failed = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"p50":%.4f,"p99":%.4f,"p999":%.4f,' ..
    '"not_ok":%d,"timeouts":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency:percentile(99.9) / 1e3,
    failed.status, failed.timeout, failed.connect + failed.read + failed.write))
end
