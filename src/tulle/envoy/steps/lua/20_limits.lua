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
