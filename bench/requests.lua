-- What wrk sends: kind, file of links, links used already, ETag, form.
-- Global, for done() reads it from each thread.
bad = 0
local kind, form, etag, links, used, sent, wanted, run

function init(args)
  kind, etag, form = args[1], args[4], args[5]
  used, sent = tonumber(args[3]), 0
  wanted = ({["page, 304"] = 304, sign = 303, confirm = 303})[kind] or 200
  if kind == "confirm" then
    links = {}
    local number = 0
    for line in io.lines(args[2]) do
      number = number + 1
      if number > used and number <= used + 60000 then links[number] = line end
    end
  end
  math.randomseed(os.time())
  run = math.random(1000000000)
end

function request()
  sent = sent + 1
  local headers = {["Accept-Encoding"] = "gzip", ["Sec-Fetch-Site"] = "same-origin"}
  if kind == "confirm" then
    local path = links[used + sent]
    if path == nil then error("no links left") end
    return wrk.format("POST", path, headers, "")
  elseif kind == "sign" then
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    local body = form:gsub("{0}", run .. "x" .. sent)
    return wrk.format("POST", nil, headers, body)
  elseif kind == "page, 304" then
    headers["If-None-Match"] = etag
  end
  return wrk.format("GET", nil, headers)
end

function response(status)
  if status ~= wanted then bad = bad + 1 end
end

local threads = {}
function setup(thread) table.insert(threads, thread) end

function done()
  local unexpected = 0
  for _, thread in ipairs(threads) do unexpected = unexpected + thread:get("bad") end
  io.write("unexpected: " .. unexpected .. "\n")
end
