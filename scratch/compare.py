import sys,json
sys.path.insert(0,"/tmp/tr")
from oracle import verdicts
from tulle.dialects.traefik.rules import parse
from tulle.dialects.traefik.tokens import RuleError
from tulle.dialects.traefik.matchers import *
G={("http","v3"):HTTP_V3,("http","v2"):HTTP_V2,("tcp","v3"):TCP_V3,("tcp","v2"):TCP_V2}
cases=[]
for f in sys.argv[1:]:
    for l in open(f):
        l=l.rstrip("\n")
        if l.strip(): cases.append(tuple(json.loads(l)) if l.startswith("[") else tuple(l.split(" ",2)))
for c,v in zip(cases,verdicts(cases)):
    g=G.get(c[:2],HTTP_V3)
    try: e=parse(c[2],g); ours=None
    except RuleError as x: ours=str(x)
    theirs=v[0]!="disabled"
    print("  " if theirs==(ours is None) else "**", "ok " if theirs else "no ", c, ours or e)
