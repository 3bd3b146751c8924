# Geiriau cytundeb fel dogfen. Dylai cyfieithydd eu gwirio cyn defnydd byw.

kind-isp = Protocol rhannu gwybodaeth (Cytundeb Cymru ar Rannu Gwybodaeth Bersonol)
kind-dda = Cytundeb datgelu data (Cytundeb Cymru ar Rannu Gwybodaeth Bersonol)
kind-isa = Cytundeb rhannu gwybodaeth

reference = Cyfeirnod
name = Enw yn yr hyb
state = Ei gyflwr ar { $day }
supersedes = Yn cymryd lle
superseded = O { $day } ymlaen cymerir ei le gan { $other }.
terminated = Daethpwyd ag ef i ben yn gynnar ar { $day } gan { $party }: { $reason }.

parties = 1. Partïon
party = Parti
role = Yr hyn a wna
role-discloser = yn datgelu
role-recipient = yn derbyn
role-both = yn datgelu ac yn derbyn

validity = 2. Am ba hyd y mae'n dal
valid = Mae'n dal o ddechrau { $from } hyd ddiwedd { $until }, yng nghalendr y Deyrnas Unedig.
warned = Mae'r hyb yn rhybuddio'r partïon 60, 30 a 7 diwrnod cyn y diwrnod olaf. Ar ôl y diwrnod olaf ni rennir dim oddi tano.
binds = Nid yw'n rhwymo ond y partïon sydd wedi llofnodi, ac nid yw'n rhwymo neb cyn i ddau lofnodi.
unchanged = Nid yw ei eiriau byth yn newid. Cytundeb arall yw telerau eraill.

purposes = 3. At ba ddiben y mae'r data
flow = Llif
purpose = Diben
consent = A ofynnir am gydsyniad?
consent-yes = i'r gwasanaeth, gofynnir
consent-no = na
ground = Sail
ground-duty = dyletswydd; nid yw'n dibynnu ar y cytundeb hwn
ground-power = pŵer; mae'n dibynnu ar y cytundeb hwn
purpose-operation-encompass = Dweud wrth y rhai sy'n gofalu am blentyn, wedi i'r heddlu fynychu cam-drin domestig (Operation Encompass)
purpose-child-protection = Amddiffyn plentyn a all fod mewn perygl o niwed
purpose-early-help = Cymorth y gall teulu ei dderbyn neu ei wrthod
purpose-exploitation = Amddiffyn plentyn a all gael ei gamfanteisio
purpose-child-in-custody = Plentyn yn nalfa'r heddlu
purpose-missing-child = Plentyn ar goll
purpose-offender-management = Rheoli'r rhai sy'n troseddu, a phlant sy'n gwneud hynny
purpose-accountability = Cofnodion, hawliau a chamgymeriadau

clauses = 4. Cymalau
clause = Cymal { $id }: { $flow }
from = Oddi wrth
to = At
every = pob parti sydd yn { $kind }
data = Data
often = Pa mor aml
bases = Sail gyfreithlon
frequency-per-event = pryd bynnag y bydd digwyddiad
frequency-daily = unwaith y dydd
frequency-weekly = unwaith yr wythnos
frequency-on-request = pan fydd y derbynnydd yn gofyn
organisation-police = heddlu
organisation-school = ysgol
organisation-authority = awdurdod lleol
organisation-health-board = bwrdd iechyd
organisation-provider = darparwr gwasanaeth
organisation-operator = gweithredwr yr hyb

signatures = 5. Llofnodion
digest = Crynodeb o'r telerau (SHA-256)
digest-why = Mae pwy bynnag sy'n llofnodi yn cadarnhau'r telerau hyn a dim rhai eraill. Saif y crynodeb dros bob gair o adrannau 1 i 4 fel y mae'r hyb yn eu dal; dogfen arall yw crynodeb arall.
signed = Llofnodwyd ar { $time } gan { $practitioner }, { $office }, o dan y crynodeb uchod.
unsigned = Heb ei lofnodi eto.
sign-name = Enw
sign-office = Swydd
sign-signature = Llofnod
sign-date = Dyddiad
office-chief-executive = prif weithredwr
office-chief-officer = prif swyddog yr heddlu
office-director-of-social-services = cyfarwyddwr gwasanaethau cymdeithasol
office-head-teacher = pennaeth
office-caldicott-guardian = gwarcheidwad Caldicott
office-senior-information-risk-owner = uwch berchennog risg gwybodaeth
office-data-protection-officer = swyddog diogelu data

state-draft = drafft nad oes neb wedi'i lofnodi
state-partly-signed = llofnodwyd gan un parti yn unig; nid yw'n cwmpasu dim eto
state-agreed = llofnodwyd gan ddau barti; nid yw wedi dechrau
state-live = cyfredol
state-expired = wedi dod i ben
state-terminated = wedi'i derfynu
state-superseded = wedi'i ddisodli

reason-party-withdraws = nid yw'r parti am barhau
reason-breach = ni chadwyd ato
reason-law-changed = mae'r gyfraith wedi newid
reason-entered-by-mistake = fe'i cofnodwyd drwy gamgymeriad

page = Tudalen
month-1 = Ionawr
month-2 = Chwefror
month-3 = Mawrth
month-4 = Ebrill
month-5 = Mai
month-6 = Mehefin
month-7 = Gorffennaf
month-8 = Awst
month-9 = Medi
month-10 = Hydref
month-11 = Tachwedd
month-12 = Rhagfyr
