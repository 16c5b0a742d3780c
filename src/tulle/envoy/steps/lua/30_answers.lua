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
  note(handle, op.note .. ".said", "=" .. (said or ""))
  note(handle, op.note .. ".best", "=" .. best)
  local is_silent = best == "" or (best == "gzip" and not (said or ""):lower():find("gzip", 1, true))
  headers:replace("accept-encoding", is_silent and "identity" or best)
end

-- Services see what the client said.
function REQUEST.accepted(handle, headers, op)
  local said = noted(handle, op.note .. ".said") or "="
  if said == "=" then headers:remove("accept-encoding") else headers:replace("accept-encoding", said:sub(2)) end
end

local function is_among(types, given)
  for index = 1, #types do
    if types[index] == given then return true end
  end
  return false
end

-- What compressors change and Traefik does not.
local KEPT = { "content-type", "vary", "etag" }

function ANSWER.mark_type(handle, headers, op)
  local given = headers:get("content-type")
  local plain = given ~= nil and trimmed(given:match("^[^;]*")):lower() or ""
  local fits = plain ~= "application/grpc" and not is_among(op.excluded, plain)
  if #op.included > 0 then fits = is_among(op.included, plain) end
  for index = 1, #KEPT do
    note(handle, op.note .. "." .. KEPT[index], "=" .. (headers:get(KEPT[index]) or ""))
  end
  headers:replace("content-type", fits and op.fit or "x/x")
end

function ANSWER.unmark_type(handle, headers, op)
  local best = noted(handle, op.note .. ".best")
  for index = 1, #KEPT do
    local given = noted(handle, op.note .. "." .. KEPT[index])
    if given == "=" then
      headers:remove(KEPT[index])
    elseif given ~= nil then
      headers:replace(KEPT[index], given:sub(2))
    end
  end
  if best ~= nil and best ~= "=" then
    local vary = headers:get("vary")
    headers:replace("vary", vary == nil and "Accept-Encoding" or "Accept-Encoding, " .. vary)
  end
end
