import sys, time
from random import Random
from tests.dialects.traefik.inventing import *
from tests.dialects.traefik.evaluating import *
from tulle.dialects.traefik.matchers import GRAMMARS
from tulle.dialects.traefik.rules import parse, formula
from tulle.dialects.traefik.tokens import RuleError
from tulle.dialects.traefik.alternatives import alternatives
from tulle.dialects.traefik.conditions import names
r=Random(int(sys.argv[2]) if len(sys.argv)>2 else 1); t=time.time(); n=int(sys.argv[1]); over=0; ok=0; hosts=0
for i in range(n):
    g=r.choice(GRAMMARS); e=expression(r,g); text=str(e)
    assert parse(text,g)==e, text
    f=formula(e,g); a=alternatives(f)
    if a is None: over+=1
    c=call(r)
    want=evaluate(e,c,g)
    assert holds(f,c)==want,(text,c,f)
    if a is not None: assert any_holds(a,c)==want,(text,c,a)
    nm=names(f)
    if nm is not None:
        hosts+=1
        assert not want or c.canonical_host.removesuffix(".") in nm,(text,c,nm)
    try: x=parse(spoilt(r,text),g); ok+=1
    except RuleError: pass
    else: assert parse(str(x),g)==x
print(n, time.time()-t, over, ok, hosts)
