-- What wrk sends: kind, status, file of links, links used already, ETag, form.
-- Global, for done() reads it from each thread.
bad = 0
local kind, form, etag, links, used, sent, wanted, run, busy

local function byte(most) return math.random(0, most) end

function init(args)
  kind, wanted, etag, form = args[1], tonumber(args[2]), args[5], args[6]
  used, sent, links = tonumber(args[4]), 0, {}
  if kind == "signed" then used = 0 end
  if kind == "confirm" or kind == "signed" then
    local number = 0
    for line in io.lines(args[3]) do
      number = number + 1
      if number > used and number <= used + 60000 then links[number - used] = line end
    end
  end
  math.randomseed(tonumber(tostring({}):sub(8)) or os.time())
  run = math.random(1000000000)
end

-- One visitor after the other comes from everywhere, or from one busy network: a new
-- one before it reaches the ceiling of an hour.
local function visitor()
  if kind ~= "sign, one network" then
    return "11." .. byte(199) .. "." .. byte(255) .. "." .. byte(255)
  end
  if sent % 4000 == 1 then busy = "11." .. 200 + byte(50) .. "." .. byte(255) .. "." end
  return busy .. byte(255)
end

local function domain()
  if math.random() < 0.8 then return "gmail.com" end
  return "d" .. math.random(0, 2999) .. ".example"
end

function request()
  sent = sent + 1
  local headers = {
    ["Accept-Encoding"] = "gzip",
    ["Sec-Fetch-Site"] = "same-origin",
    ["X-Forwarded-For"] = visitor(),
  }
  if kind == "confirm" then
    if links[sent] == nil then error("no links left") end
    return wrk.format("POST", links[sent], headers, "")
  elseif kind == "signed" then
    return wrk.format("GET", links[(sent + run) % #links + 1], headers)
  elseif kind:sub(1, 4) == "sign" then
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    local body = form:gsub("{0}", run .. "x" .. sent):gsub("{1}", domain())
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
