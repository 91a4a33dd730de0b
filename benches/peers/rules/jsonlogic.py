# writes issuance.jsonlogic.json (JSONLogic is unpleasant to write by hand; this is the readable source)
import json
def v(p): return {"var": p}
def up(n,*p): return {"val": [[n], *p]}       # n frames up from inside an iterator
def AND(*x): return {"and": list(x)}
def eq(a,b): return {"===":[a,b]}
def secs(a,b): return {"secs":[a,b]}
def notnull(x): return {"!==":[x,None]}
def between(a,lo,hi): return AND(notnull(a),{">=":[a,lo]},{"<=":[a,hi]})
def gt0(a): return AND(notnull(a),{">":[a,0]})
reg="lei_record.data.attributes.registration"; ent="lei_record.data.attributes.entity"
def distinct(coll,path,_=None):
    # ext-array operator; plain JSONLogic has no way to say "all different" short of a nested reduce
    return {"===":[{"length":[{"distinct":[{"map":[v(coll),v(path)]}]}]},{"length":[v(coll)]}]}
R={}
R["R01"]={"matches":[v("issuance.lei"),"^[A-Z0-9]{18}[0-9]{2}$"]}
R["R02"]=eq(v(ent+".status"),"ACTIVE")
R["R03"]={"in":[v(reg+".status"),["ISSUED","PENDING_TRANSFER","PENDING_ARCHIVAL"]]}
R["R04"]=gt0(secs(v(reg+".nextRenewalDate"),v("issuance.issued_at")))
R["R05"]=between(secs(v("issuance.issued_at"),v("lei_record.meta.retrieved_at")),0,604800)
L=v("issuance.lei")
R["R06"]=AND(eq(L,v("lei_record.data.id")),eq(L,v("lei_record.data.attributes.lei")),eq(L,v("legal_entity.lei")),eq(L,v("credential.a.LEI")))
R["R07"]=eq(v("legal_entity.name"),v(ent+".legalName.name"))
R["R08"]={"in":[v(reg+".corroborationLevel"),["FULLY_CORROBORATED","PARTIALLY_CORROBORATED"]]}
def cnt(c): return {"reduce":[v(c),{"+":[v("accumulator"),1]},0]}
R["R09"]=between(cnt("lars"),1,5)
R["R10"]={"all":[v("lars"),AND(notnull(v("identity_assurance.level")),{">=":[v("identity_assurance.level"),2]})]}
ia="identity_assurance."
R["R11"]={"all":[v("lars"),AND(eq(v(ia+"outcome"),"VERIFIED"),{">=":[secs(up(2,"oobi_session","started_at"),v(ia+"performed_at")),0]},{"<=":[secs(up(2,"issuance","issued_at"),v(ia+"performed_at")),31536000]})]}
R["R12"]={"all":[v("lars"),{"some":[v(ia+"documents"),AND({"in":[v("type"),["PASSPORT","NATIONAL_ID","RESIDENCE_PERMIT"]]},gt0(secs(v("expires_on"),up(4,"issuance","issued_at"))))]}]}
R["R13"]=distinct("lars","aid","lars")
R["R14"]={"all":[v("lars"),{"matches":[v("aid"),"^[EB][A-Za-z0-9_-]{43}$"]}]}
R["R15"]=AND(between(secs(v("oobi_session.ended_at"),v("oobi_session.started_at")),0,14400),{">=":[secs(v("issuance.issued_at"),v("oobi_session.ended_at")),0]})
R["R16"]={"!==":[v("issuance.qar1.aid"),v("issuance.qar2.aid")]}
R["R17"]=eq(v("oobi_session.conducted_by"),v("issuance.qar1.aid"))
R["R18"]=distinct("oobi_session.exchanges","challenge.nonce","x")
R["R19"]={"all":[v("oobi_session.exchanges"),AND(eq(v("response.verified"),True),between(secs(v("response.received_at"),v("challenge.sent_at")),0,1800))]}
R["R20"]={">=":[{"reduce":[{"filter":[v("oobi_session.exchanges"),eq(v("response.verified"),True)]},{"+":[v("accumulator"),1]},0]},v("legal_entity.multisig.signing_threshold")]}
R["R21"]={"all":[v("oobi_session.exchanges"),{"in":[v("lar_aid"),{"map":[up(2,"lars"),v("aid")]}]}]}
R["R22"]=AND(eq(cnt("legal_entity.multisig.keys"),cnt("lars")),{"all":[v("legal_entity.multisig.keys"),{"in":[v("owner_aid"),{"map":[up(2,"lars"),v("aid")]}]}]},{"or":[{"<":[cnt("legal_entity.multisig.keys"),2]},{">=":[v("legal_entity.multisig.signing_threshold"),2]}]})
R["R23"]=AND({"all":[v("attachments"),{"matches":[v("sha256"),"^[0-9a-f]{64}$"]}]},distinct("attachments","path","attachments"))
R["R24"]={"all":[v("lars"),{"all":[v(ia+"documents"),{"in":[v("sha256"),{"map":[up(4,"attachments"),v("sha256")]}]}]}]}
R["R25"]={"or":[{"===":[v("issuance.delegation"),None]},AND(gt0(secs(v("issuance.delegation.expires_at"),v("issuance.issued_at"))),{"in":["LE_ISSUANCE",v("issuance.delegation.scope")]})]}
json.dump(R,open("issuance.jsonlogic.json","w"),indent=1)
