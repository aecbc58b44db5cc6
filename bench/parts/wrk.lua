-- Prints what a run of wrk measured as one line of JSON, times in milliseconds.
-- With `WRK_PORTS`, numbers with spaces between, each thread goes to the next of these ports.

local ports = {}
for port in (os.getenv("WRK_PORTS") or ""):gmatch("%d+") do
  table.insert(ports, port)
end
local threads = 0

setup = function(thread)
  if #ports > 0 then
    thread.addr = wrk.lookup("127.0.0.1", ports[threads % #ports + 1])[1]
    threads = threads + 1
  end
end

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
