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

-- The whole answer, with another status and body.
local function instead(handle, headers, status, body)
  headers:replace(":status", tostring(status))
  headers:remove("content-encoding")
  headers:remove("content-type")
  handle:body(true):setBytes(body)
end

function ANSWER.limit_body(handle, headers, op)
  local length = tonumber(headers:get("content-length"))
  if length == nil then length = handle:body(true):length() end
  if length > op.most then instead(handle, headers, 500, "Internal Server Error") end
end
