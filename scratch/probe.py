import json, pathlib, socket, subprocess, sys, tempfile, time
def ports(n):
    ss=[socket.socket() for _ in range(n)]
    for s in ss: s.bind(("127.0.0.1",0))
    r=[s.getsockname()[1] for s in ss]
    for s in ss: s.close()
    return r
def start(rules):
    d=pathlib.Path(tempfile.mkdtemp()); ps=ports(len(rules))
    http={f"r{i}":{"rule":r,"ruleSyntax":syn,"service":"noop@internal","entryPoints":[f"e{i}"]} for i,(syn,r) in enumerate(rules)}
    (d/"dyn.yaml").write_text(json.dumps({"http":{"routers":http}}).replace("{{","\\u007b\\u007b"))
    (d/"s.yaml").write_text(json.dumps({"entryPoints":{f"e{i}":{"address":f"127.0.0.1:{p}"} for i,p in enumerate(ps)},"providers":{"file":{"filename":str(d/"dyn.yaml")}},"global":{"checkNewVersion":False,"sendAnonymousUsage":False},"api":{},"log":{"level":"ERROR","filePath":str(d/"log")}}))
    p=subprocess.Popen(["/work/wt-traefik/.venv/bin/traefik",f"--configFile={d}/s.yaml"],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)
    time.sleep(1.5)
    return p,ps,d
def ask(port, line="GET / HTTP/1.1", host="a.b", headers=(), src="127.0.0.1"):
    s=socket.socket(); s.bind((src,0)); s.connect(("127.0.0.1",port)); s.settimeout(3)
    h=[line]+([f"Host: {host}"] if host is not None else [])+list(headers)+["Connection: close","",""]
    s.sendall("\r\n".join(h).encode("latin1")); 
    data=b""
    try:
        while c:=s.recv(4096): data+=c
    except OSError: pass
    s.close()
    return data.split(b" ",2)[1].decode() if data else "-"
if __name__=="__main__":
    rules=[("v3",r) for r in ["Host(`*`)","Host(`*.b.c`)","Host(`**.b.c`)","HostRegexp(`^$`)","HostRegexp(`a`)","Header(`Host`,`a.b`)","HeaderRegexp(`host`,`.*`)","Header(`Transfer-Encoding`,`chunked`)","Header(`Content-Length`,`0`)","Header(`Connection`,`close`)","Header(`X`,`a`)","Header(`X`,`a, b`)","Query(`a`)","Query(`a`,`1`)","Query(`a b`,`c d`)","Path(`/a b`)","Path(`/a%20b`)","Path(`/a%2Fb`)","PathPrefix(`/ü`)","Host(`a.b.`)","PathRegexp(`^/x$`)","Host(`[::1]`)","Host(`::1`)","HostRegexp(`:`)","Path(\"/\\xff\")","!Header(`X`,`a`)","Host(`a.b..`)","Header(`X_Y`,`a`)"]]
    rules+=[("v2",r) for r in ["HostRegexp(`{a}.b`)","HostRegexp(`{a:(?:x|a)}.b`)","Query(`a=1`)","Query(`a=`)","Query(`a=1`,`b=2`)","Query(`a={x:[0-9]+}`)","Headers(`X`,`a`,`Y`,`b`)","Path(`/{a}`)","PathPrefix(`/{a:[0-9]}`)","Host(`*`)","HeadersRegexp(`X`,`b`)","Query(`{a}=1`)","Path(`/x/{a:.*}`)","Path(`/a b`)","Path(`/a%2Fb`)","Host(`*.b.c`)","HostRegexp(`*.b.c`)"]]
    p,ps,d=start(rules)
    reqs=[dict(),dict(host="x"),dict(host="x.b.c"),dict(host="y.x.b.c"),dict(host="X.b.C."),dict(host="b.c"),dict(host=".b.c"),dict(host="A.B:80"),dict(host="a.b."),dict(host="a.b.."),dict(host="[::1]:80"),dict(host="[::1]"),dict(line="GET / HTTP/1.0",host=None),dict(host=""),
      dict(headers=["X: a"]),dict(headers=["X: b","X: a"]),dict(headers=["X: a, b"]),dict(headers=["x: a","y: b"]),dict(headers=["Content-Length: 0"]),dict(line="POST / HTTP/1.1",headers=["Transfer-Encoding: chunked","","0"]),dict(headers=["X-Y: a"]),dict(headers=["X_Y: a"]),
      dict(line="GET /?a HTTP/1.1"),dict(line="GET /?a= HTTP/1.1"),dict(line="GET /?a=1 HTTP/1.1"),dict(line="GET /?a=2&a=1 HTTP/1.1"),dict(line="GET /?a=1&a=2 HTTP/1.1"),dict(line="GET /?a=1;b=2 HTTP/1.1"),dict(line="GET /?a=1&b=2 HTTP/1.1"),dict(line="GET /?a%20b=c+d HTTP/1.1"),dict(line="GET /?{a}=1 HTTP/1.1"),dict(line="GET /?b=%zz&a=1 HTTP/1.1"),
      dict(line="GET /a%20b HTTP/1.1"),dict(line="GET /a%2fb HTTP/1.1"),dict(line="GET /a%2Fb HTTP/1.1"),dict(line="GET /%c3%bcx HTTP/1.1"),dict(line="GET /%ff HTTP/1.1"),dict(line="GET /x HTTP/1.1"),dict(line="GET /x%0a HTTP/1.1"),dict(line="GET /x/1/2 HTTP/1.1"),dict(line="GET /12 HTTP/1.1"),dict(line="GET //x/../12 HTTP/1.1"),dict(line="GET http://a.b/x HTTP/1.1",host="zz")]
    try:
        for r in reqs:
            got=[ask(q,**r) for q in ps]
            other=[g for g in set(got) if g not in("418","404")]
            print(r, "->", [rules[i][0]+" "+rules[i][1] for i,g in enumerate(got) if g=="418"], other)
    finally: p.kill()
