-- Proofs that were right, so that nobody is asked about each request: by question and proof, with the name of the client.
-- What is asked about just now waits in a ring; whoever comes back too late is asked about again.
local PROOFS, MOST_PROOFS, RING = {}, 4096, 1024
local proofs, asked, waiting = 0, 0, {}

function REQUEST.proof(handle, headers, op)
  local proof = headers:get("authorization")
  if proof == nil or headers:getNumValues("authorization") ~= 1 then return end
  local key = op.proofs .. proof
  local found = PROOFS[key]
  if found == nil or found.till < os.time() then
    asked = asked + 1
    waiting[asked % RING] = { number = asked, key = key }
    return note(handle, op.note .. ".asked", asked)
  end
  note(handle, op.note .. ".known", "yes")
  if op.hides then headers:remove("authorization") end
  if op.name_header ~= "" then headers:replace(op.name_header, found.name) end
end

function ANSWER.proof(handle, headers, op)
  local number = noted(handle, op.note .. ".asked")
  if number == nil then return end
  local found = waiting[number % RING]
  if found == nil or found.number ~= number then return end
  waiting[number % RING] = nil
  local said = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.ext_authz")
  local name = said and said[op.question]
  if name == nil then return end
  if proofs >= MOST_PROOFS then PROOFS, proofs = {}, 0 end
  if PROOFS[found.key] == nil then proofs = proofs + 1 end
  PROOFS[found.key] = { name = name, till = os.time() + op.seconds }
end

-- Who is counted apart from others.
function REQUEST.note_client(handle, headers, op)
  local by, source = op.by, nil
  if by.kind == "header" then
    source = first(headers, by.header) or ""
  else
    source = host_of(client(handle, headers, by))
  end
  note(handle, op.note, "=" .. source)
end

function ANSWER.limit_body(handle, headers, op)
  local length = tonumber(headers:get("content-length"))
  if length ~= nil and length <= op.most then return end
  local body = handle:body(true)
  if body:length() <= op.most and length == nil then return end
  headers = handle:headers()
  headers:replace(":status", "500")
  headers:remove("content-encoding")
  headers:remove("content-type")
  headers:remove("content-length")
  body:setBytes("Internal Server Error")
end
