-- What a client accepts, in the order of its header; and whether it weighs any of it.
local function accepted(text)
  local found, weighs = {}, false
  for part in (text .. ","):gmatch("(.-),") do
    local name, rest = part:match("^%s*([^;%s]+)%s*(.*)$")
    if name ~= nil then
      local weight = rest:match("^;%s*[qQ]%s*=%s*([%d.]+)")
      weighs = weighs or weight ~= nil
      found[#found + 1] = { name = name:lower(), weight = tonumber(weight or "1") or 0 }
    end
  end
  return found, weighs
end

-- Which encoding it gets, as Traefik chooses; nil if none. By weights the heaviest, else the first that there is.
local function chosen(op, said)
  local any = op.default ~= "" and op.default or op.encodings[1]
  local found, weighs = accepted(said)
  local best, most, place = nil, 0, 0
  for index = 1, #found do
    local each = found[index]
    local name = each.name == "*" and any or each.name
    for rank = 1, #op.encodings do
      if op.encodings[rank] == name and each.weight > 0 then
        local wins = best == nil
        if weighs then
          wins = each.weight > most
        elseif each.name == "*" then
          wins = best == nil
        elseif best ~= nil then
          wins = place == 0 or rank < place
        end
        if wins then best, most, place = name, each.weight, each.name == "*" and 0 or rank end
      end
    end
  end
  return best
end

-- Leaves the one encoding that the answer is to have, so that compressors need not choose. Gzip is only used for who
-- says its name, though others are told that answers may differ.
function REQUEST.accept(handle, headers, op)
  local said = headers:get("accept-encoding")
  local best = op.default
  if said ~= nil then best = chosen(op, said) or "" end
  if headers:get(":method") == "HEAD" then best = "" end
  note(handle, op.note .. ".accept", best .. "=" .. (said or ""))
  local is_silent = best == "" or (best == "gzip" and not (said or ""):lower():find("gzip", 1, true))
  headers:replace("accept-encoding", is_silent and "identity" or best)
end

-- Services see what the client said.
function REQUEST.accepted(handle, headers, op)
  local said = (noted(handle, op.note .. ".accept") or "="):match("=(.*)")
  if said == "" then headers:remove("accept-encoding") else headers:replace("accept-encoding", said) end
end

local function is_among(types, given)
  for index = 1, #types do
    if types[index] == given then return true end
  end
  return false
end

-- What compressors change and Traefik does not; in one note, because each costs.
local KEPT = { "content-type", "vary", "etag" }

function ANSWER.mark_type(handle, headers, op)
  local given = headers:get("content-type")
  local plain = given ~= nil and trimmed(given:match("^[^;]*")):lower() or ""
  local fits = plain ~= "application/grpc" and not is_among(op.excluded, plain)
  if #op.included > 0 then fits = is_among(op.included, plain) end
  local kept = {}
  for index = 1, #KEPT do kept[index] = headers:get(KEPT[index]) or "" end
  note(handle, op.note .. ".kept", table.concat(kept, "\n") .. "\n")
  headers:replace("content-type", fits and op.fit or "x/x")
end

function ANSWER.unmark_type(handle, headers, op)
  local kept = noted(handle, op.note .. ".kept")
  if kept == nil then return end  -- It comes from before the compressors.
  local accept, index = noted(handle, op.note .. ".accept") or "=", 0
  for given in kept:gmatch("(.-)\n") do
    index = index + 1
    if given == "" then headers:remove(KEPT[index]) else headers:replace(KEPT[index], given) end
  end
  if accept:sub(1, 1) ~= "=" then
    local vary = headers:get("vary")
    headers:replace("vary", vary == nil and "Accept-Encoding" or "Accept-Encoding, " .. vary)
  end
end

-- Types by the first bytes of a body, as Go's http.DetectContentType has them (WHATWG MIME Sniffing).
local TAGS = {
  "<!DOCTYPE HTML", "<HTML", "<HEAD", "<SCRIPT", "<IFRAME", "<H1", "<DIV", "<FONT", "<TABLE", "<A", "<STYLE", "<TITLE",
  "<B", "<BODY", "<BR", "<P", "<!--",
}
local MAGIC = {
  { "%PDF-", "application/pdf" }, { "%!PS-Adobe-", "application/postscript" },
  { "\254\255", "text/plain; charset=utf-16be" }, { "\255\254", "text/plain; charset=utf-16le" },
  { "\239\187\191", "text/plain; charset=utf-8" }, { "\0\0\1\0", "image/x-icon" }, { "\0\0\2\0", "image/x-icon" },
  { "BM", "image/bmp" }, { "GIF87a", "image/gif" }, { "GIF89a", "image/gif" },
  { "\137PNG\r\n\26\n", "image/png" }, { "\255\216\255", "image/jpeg" }, { "ID3", "audio/mpeg" },
  { "OggS\0", "application/ogg" }, { "MThd\0\0\0\6", "audio/midi" }, { "\26\69\223\163", "video/webm" },
  { "\0\1\0\0", "font/ttf" }, { "OTTO", "font/otf" }, { "ttcf", "font/collection" }, { "wOFF", "font/woff" },
  { "wOF2", "font/woff2" }, { "\31\139\8", "application/x-gzip" }, { "PK\3\4", "application/zip" },
  { "Rar!\26\7\0", "application/x-rar-compressed" }, { "Rar!\26\7\1\0", "application/x-rar-compressed" },
  { "\0asm", "application/wasm" },
}
local RIFF = { WEBP = "image/webp", WAVE = "audio/wave", ["AVI "] = "video/avi" }

local function guessed(text)
  local start = text:match("^[\t\n\f\r ]*(.*)$") or ""
  for index = 1, #TAGS do
    local tag = TAGS[index]
    local after = start:sub(#tag + 1, #tag + 1)
    if start:sub(1, #tag):upper() == tag and (tag == "<!--" or after == " " or after == ">") then
      return "text/html; charset=utf-8"
    end
  end
  if start:sub(1, 5) == "<?xml" then return "text/xml; charset=utf-8" end
  for index = 1, #MAGIC do
    if text:sub(1, #MAGIC[index][1]) == MAGIC[index][1] then return MAGIC[index][2] end
  end
  if text:sub(1, 4) == "RIFF" and RIFF[text:sub(9, 12)] ~= nil then return RIFF[text:sub(9, 12)] end
  if text:sub(1, 4) == "FORM" and text:sub(9, 12) == "AIFF" then return "audio/aiff" end
  if text:sub(5, 8) == "ftyp" and (text:sub(9, 11) == "mp4" or text:sub(17, 19) == "mp4") then return "video/mp4" end
  if text:find("[%z\1-\8\11\14-\26\28-\31]") then return "application/octet-stream" end
  return "text/plain; charset=utf-8"
end

-- Only of bodies that are short enough to be read whole.
function ANSWER.guess_type(handle, headers, op)
  local length = tonumber(headers:get("content-length"))
  local is_typed = headers:get("content-type") ~= nil or headers:get("content-encoding") ~= nil
  if is_typed or length == nil or length == 0 or length > op.most then return end
  local body = handle:body(true)
  local found = guessed(body:getBytes(0, math.min(body:length(), 512)))
  handle:headers():replace("content-type", found)
end

local function listed(names)
  local found = {}
  for name in names:gmatch("[^,%s]+") do found[#found + 1] = name:lower():gsub("%f[%w]%l", string.upper) end
  return table.concat(found, ", ")
end

-- Browsers that speak gRPC: who may, and what they may read.
function REQUEST.grpc_origins(handle, headers, op)
  local origin = first(headers, "origin") or ""
  if origin == "" or not (is_among(op.origins, "*") or is_among(op.origins, origin)) then return end
  note(handle, op.note, origin)
  local asked = first(headers, "access-control-request-headers")
  if headers:get(":method") ~= "OPTIONS" or asked == nil then return end
  return answer(handle, 200, {
    ["access-control-allow-origin"] = origin,
    ["access-control-allow-credentials"] = "true",
    ["access-control-allow-headers"] = listed(asked),
    ["access-control-allow-methods"] = "POST",
    ["access-control-max-age"] = "600",
    ["vary"] = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
  }, "")
end

function ANSWER.grpc_origins(handle, headers, op)
  local origin, given = noted(handle, op.note), headers:get("content-type") or ""
  if given == "application/grpc-web+proto" then headers:replace("content-type", "application/grpc-web") end
  if origin == nil then return end
  headers:replace("access-control-allow-origin", origin)
  headers:replace("access-control-allow-credentials", "true")
  headers:add("vary", "Origin")
end
