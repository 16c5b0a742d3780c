"""verdicts(list of (proto, syntax, rule)) -> list of errors (None = accepted)"""
import json, os, socket, subprocess, sys, tempfile, time, urllib.request, pathlib
def port():
    s=socket.socket(); s.bind(("127.0.0.1",0)); p=s.getsockname()[1]; s.close(); return p
def esc(rule):
    return rule
def verdicts(cases):
    d=pathlib.Path(tempfile.mkdtemp())
    api=port(); web=port()
    http={}; tcp={}
    for i,(proto,syntax,rule) in enumerate(cases):
        r={"rule":rule,"ruleSyntax":syntax,"service":"s","entryPoints":["web"]}
        if proto=="http": http[f"r{i}"]=r
        else: tcp[f"r{i}"]={**r,"tls":{"passthrough":True}}
    cfg={}
    if http: cfg["http"]={"routers":http,"services":{"s":{"loadBalancer":{"servers":[{"url":"http://127.0.0.1:1"}]}}}}
    if tcp: cfg["tcp"]={"routers":tcp,"services":{"s":{"loadBalancer":{"servers":[{"address":"127.0.0.1:1"}]}}}}
    text=json.dumps(cfg).replace("{{","{{`{{`}}") if False else json.dumps(cfg).replace("{{","\\u007b\\u007b")
    (d/"dyn.yaml").write_text(text)
    (d/"static.yaml").write_text(json.dumps({"entryPoints":{"web":{"address":f"127.0.0.1:{web}"},"traefik":{"address":f"127.0.0.1:{api}"}},"api":{"insecure":True},"providers":{"file":{"filename":str(d/"dyn.yaml")}},"global":{"checkNewVersion":False,"sendAnonymousUsage":False},"log":{"level":"ERROR","filePath":str(d/"log")}}))
    p=subprocess.Popen([os.environ.get("TRAEFIK","/work/wt-traefik/.venv/bin/traefik"),f"--configFile={d}/static.yaml"],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)
    try:
        def get(path):
            return json.load(urllib.request.urlopen(f"http://127.0.0.1:{api}{path}",timeout=5))
        end=time.time()+20
        raw={}
        while time.time()<end:
            try:
                raw=get("/api/rawdata")
                n=len([k for k in raw.get("routers",{}) if k.endswith("@file")])+len([k for k in raw.get("tcpRouters",{}) if k.endswith("@file")])
                if n>=len(cases): break
            except OSError: pass
            time.sleep(0.1)
        else:
            print("TIMEOUT", len(raw.get("routers",{})), (d/"log").read_text()[-2000:] if (d/"log").exists() else "")
        out=[]
        for i,(proto,*_) in enumerate(cases):
            r=raw["routers" if proto=="http" else "tcpRouters"][f"r{i}@file"]
            out.append((r["status"], r.get("error"), r.get("priority")))
        return out
    finally:
        p.kill(); p.wait()
if __name__=="__main__":
    cases=[tuple(json.loads(l)) if l.startswith("[") else tuple(l.rstrip("\n").split(" ",2)) for l in sys.stdin if l.strip()]
    for c,v in zip(cases,verdicts(cases)):
        print(v[0][:3], v[2], *c[:2], c[2]); 
        if v[1]: print("       ", *[e.replace(c[2],"<R>") for e in v[1]])
