-- wrk: posts the lines of a file in turn, prints one JSON line at the end.
-- wrk ... -s post.lua URL -- bodies.jsonl "Header: value" ...
local requests, turn = {}, 0

function init(args)
  wrk.headers["Content-Type"] = "application/json"
  for k = 2, #args do
    local name, value = args[k]:match("^([^:]+):%s*(.*)$")
    wrk.headers[name] = value
  end
  for line in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, nil, line)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'JSON{"n":%d,"us":%d,"p50":%.1f,"p95":%.1f,"p99":%.1f,"errors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95),
    latency:percentile(99), e.status + e.connect + e.read + e.write + e.timeout))
end
