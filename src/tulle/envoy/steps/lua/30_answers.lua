-- Which encoding a client likes best of those that there are, as Go's handlers weigh them.
local function weighed(text)
  local found = {}
  for part in (text .. ","):gmatch("(.-),") do
    local name, rest = part:match("^%s*([^;%s]+)%s*;?(.*)$")
    if name ~= nil then found[name:lower()] = tonumber(rest:match("q%s*=%s*([%d.]+)") or "1") or 1 end
  end
  return found
end

-- Leaves the one encoding that the answer is to have, so that compressors need not choose.
function REQUEST.accept(handle, headers, op)
  local said = headers:get("accept-encoding")
  note(handle, op.note .. ".said", "=" .. (said or ""))
  local best, weight = nil, 0
  if said == nil then
    best = op.default ~= "" and op.default or nil
  else
    local found = weighed(said)
    for index = 1, #op.encodings do
      local name = op.encodings[index]
      local given = found[name] or found["*"] or 0
      if given > weight then best, weight = name, given end
    end
  end
  headers:replace("accept-encoding", best or "identity")
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

function ANSWER.mark_type(handle, headers, op)
  local given = headers:get("content-type")
  local plain = given ~= nil and trimmed(given:match("^[^;]*")):lower() or ""
  local fits = plain ~= "application/grpc" and not is_among(op.excluded, plain)
  if #op.included > 0 then fits = is_among(op.included, plain) end
  note(handle, op.note .. ".type", "=" .. (given or ""))
  headers:replace("content-type", fits and op.fit or "x/x")
end

function ANSWER.unmark_type(handle, headers, op)
  local given = noted(handle, op.note .. ".type")
  if given == nil then return end
  if given == "=" then headers:remove("content-type") else headers:replace("content-type", given:sub(2)) end
end
