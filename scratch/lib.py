import subprocess, time, socket, threading, http.server, json, os, signal, yaml, tempfile
PY='/work/main/.venv/bin/'
import glob
ENVOY=glob.glob('/work/main/.venv/lib/python3.11/site-packages/envoy/_bin/envoy')[0]
class H(http.server.BaseHTTPRequestHandler):
    protocol_version="HTTP/1.1"
    def do(s):
        n=int(s.headers.get("content-length") or 0); body=s.rfile.read(n)
        b=json.dumps({"path":s.path,"method":s.command,"headers":sorted((k.lower(),v) for k,v in s.headers.items()),"body":body.decode()}).encode()
        s.send_response(200); s.send_header("content-length",str(len(b))); s.send_header("content-type","application/json"); s.send_header("x-up","1"); s.end_headers()
        if s.command!="HEAD": s.wfile.write(b)
    do_GET=do_POST=do_OPTIONS=do_HEAD=do_PUT=do
    def log_message(s,*a): pass
class S(http.server.ThreadingHTTPServer):
    daemon_threads=True
def echo(port):
    srv=S(("127.0.0.1",port),H); threading.Thread(target=srv.serve_forever,daemon=True).start(); return srv
def raw(port, method, path, headers=(), body=b"", host="a.test"):
    s=socket.create_connection(("127.0.0.1",port),timeout=5)
    h="".join(f"{k}: {v}\r\n" for k,v in headers)
    s.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\n{h}Connection: close\r\n\r\n".encode()+body)
    d=b""
    while True:
        try: x=s.recv(65536)
        except ConnectionResetError: break
        if not x: break
        d+=x
    s.close()
    head,_,b=d.partition(b"\r\n\r\n")
    lines=head.decode().split("\r\n")
    return lines[0].split(" ",2)[1] if lines[0] else "", sorted((l.split(":",1)[0].lower(),l.split(":",1)[1].strip()) for l in lines[1:] if ":" in l), b
def traefik(port, dyn, static=None):
    d=tempfile.mkdtemp(); 
    open(d+"/dyn.yaml","w").write(yaml.safe_dump(dyn))
    st={"entryPoints":{"web":{"address":f"127.0.0.1:{port}"},"traefik":{"address":f"127.0.0.1:{port+1}"}},"providers":{"file":{"filename":d+"/dyn.yaml"}},"api":{"insecure":True},"log":{"level":"ERROR"}}
    st.update(static or {})
    open(d+"/st.yaml","w").write(yaml.safe_dump(st))
    p=subprocess.Popen([PY+"traefik","--configFile="+d+"/st.yaml"],stdout=open(d+"/log","w"),stderr=subprocess.STDOUT)
    for _ in range(100):
        try: 
            import urllib.request
            urllib.request.urlopen(f"http://127.0.0.1:{port+1}/api/http/routers",timeout=1).read()
            r=json.loads(urllib.request.urlopen(f"http://127.0.0.1:{port+1}/api/http/routers",timeout=1).read())
            if any(x["provider"]=="file" for x in r): break
        except Exception: pass
        time.sleep(0.1)
    return p,d
