-- The load, for wrk: check-ins of a crowd whose members come, visit some spots and leave.
--
-- Arguments: mode ("one" or "batch"), file of tokens, how many of them to read, file of codes,
-- number of the first request, visits a visitor, visitors at a time, run (8 hex digits).
--
-- Which visitor scans which spot depends on the request's number alone, so that a round goes on
-- where the last one stopped. WINDOW visitors are about at a time, each in another stage of the
-- way; after VISITS spots one leaves and somebody new takes the place. So the mixture of first,
-- second, … scans is the same at any moment, and no visitor scans a spot twice.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

local function lines(name, most)
  local found = {}
  for line in io.lines(name) do
    found[#found + 1] = line
    if #found == most then break end
  end
  return found
end

local tokens, codes, visits, window, run, batch, before, host

function init(args)
  batch = args[1] == "batch"
  tokens, codes = lines(args[2], tonumber(args[3])), lines(args[4])
  n = tonumber(args[5])
  visits, window, run = tonumber(args[6]), tonumber(args[7]), args[8]
  used = 0
  host = wrk.host .. ":" .. wrk.port
end

local function post(path, token, body)
  return "POST " .. path .. " HTTP/1.1\r\nHost: " .. host
    .. "\r\nAuthorization: Bearer " .. token
    .. "\r\nAccept-Language: ja\r\nContent-Type: application/json\r\nContent-Length: " .. #body
    .. "\r\n\r\n" .. body
end

local function one()
  local slot = n % window
  local stage = math.floor(n / window) + slot % visits
  local visitor = math.floor(stage / visits) * window + slot
  local code = codes[(visitor * 7 + stage % visits) % #codes + 1]
  used = math.max(used, visitor + 1)
  n = n + 1
  return post("/api/check-ins", tokens[visitor % #tokens + 1], string.format(
    '{"code":"%s","scan_id":"%s-0000-4000-8000-%012x"}', code, run, n))
end

-- What a phone kept for a week: every spot every day, and the rest scans of those once more.
local SCANS, DAYS = 1000, 7

local function many()
  local scans = {}
  local now = os.time()
  for scan = 0, SCANS - 1 do
    local day = math.floor(scan / #codes) % DAYS
    scans[#scans + 1] = string.format(
      '{"code":"%s","scan_id":"%s-%04x-4000-8000-%012x","scanned_at":"%s"}',
      codes[scan % #codes + 1], run, scan + 1, n,
      os.date("!%Y-%m-%dT%H:%M:%SZ", now - 60 - day * 86400))
  end
  used = math.max(used, n + 1)
  n = n + 1
  return post("/api/check-ins/batch", tokens[(n - 1) % #tokens + 1],
    '{"scans":[' .. table.concat(scans, ",") .. "]}")
end

function request()
  if batch then return many() end
  return one()
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    'MEGURI {"requests":%d,"seconds":%.6f,"bytes":%d,"p50_ms":%.3f,"p99_ms":%.3f,"next":%d,'
      .. '"visitors":%d,"refused":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}',
    summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    threads[1]:get("n"), threads[1]:get("used"),
    errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
