# Datganiad bore ysgol.
menu-statement = Datganiad
statement-title = Datganiad y bore ysgol
statement-none = Nid oes datganiad eto
statement-none-text = Gwneir yr un cyntaf am 8.30yb ar y bore ysgol nesaf.
statement-other-days = Boreau eraill
statement-balanced = I mewn = allan: mae cyfrif am bopeth a ddaeth i mewn
statement-unbalanced = Nid yw'r datganiad hwn yn cydbwyso
statement-unbalanced-count = { $count ->
    [zero] Mae { $count } hysbysiad ar goll: heb eu cydnabod, eu huwchgyfeirio na'u hatal.
    [one] Mae { $count } hysbysiad ar goll: heb ei gydnabod, ei uwchgyfeirio na'i atal.
    [two] Mae { $count } hysbysiad ar goll: heb eu cydnabod, eu huwchgyfeirio na'u hatal.
    [few] Mae { $count } hysbysiad ar goll: heb eu cydnabod, eu huwchgyfeirio na'u hatal.
    [many] Mae { $count } hysbysiad ar goll: heb eu cydnabod, eu huwchgyfeirio na'u hatal.
   *[other] Mae { $count } hysbysiad ar goll: heb eu cydnabod, eu huwchgyfeirio na'u hatal.
}
statement-period = Popeth o { $since } hyd at { $until }.
statement-period-first = Y datganiad cyntaf: popeth hyd at { $until }.
statement-incidents = { $count ->
    [zero] Ni ddaeth unrhyw ddigwyddiad i mewn
    [one] Daeth { $count } digwyddiad i mewn
    [two] Daeth { $count } ddigwyddiad i mewn
    [few] Daeth { $count } digwyddiad i mewn
    [many] Daeth { $count } digwyddiad i mewn
   *[other] Daeth { $count } digwyddiad i mewn
}
statement-children = { $count ->
    [zero] heb yr un plentyn. Am un plentyn y mae hysbysiad, ac i un ysgol neu ddesg y mae'n mynd.
    [one] gydag { $count } plentyn. Am un plentyn y mae hysbysiad, ac i un ysgol neu ddesg y mae'n mynd.
    [two] gyda { $count } blentyn. Am un plentyn y mae hysbysiad, ac i un ysgol neu ddesg y mae'n mynd.
    [few] gyda { $count } phlentyn. Am un plentyn y mae hysbysiad, ac i un ysgol neu ddesg y mae'n mynd.
    [many] gyda { $count } phlentyn. Am un plentyn y mae hysbysiad, ac i un ysgol neu ddesg y mae'n mynd.
   *[other] gyda { $count } plentyn. Am un plentyn y mae hysbysiad, ac i un ysgol neu ddesg y mae'n mynd.
}
statement-balance = I mewn ac allan
statement-in = I mewn
statement-out = Allan
statement-notices = Hysbysiadau
statement-carried = Yn dal ar agor ers y datganiad blaenorol
statement-arrived = Newydd
statement-returned = Ar agor eto
statement-total = Cyfanswm
statement-acknowledged = Cydnabuwyd gan berson
statement-escalated = Uwchgyfeiriwyd at berson a enwyd
statement-withheld = Ataliwyd gyda rheswm
statement-moved = Aeth ymlaen i awdurdod arall
statement-waiting = Yn aros, a'r gloch heb ganu
statement-missing = Ar goll
statement-of-late = { $label } (o'r rhain { $late } yn hwyr)
statement-lines-authorities = Fesul pwy a hysbyswyd
statement-lines-forces = Fesul heddlu
statement-nobody = Ni hysbyswyd neb
statement-a-force = Heddlu { $code }
statement-an-authority = Awdurdod { $code }
statement-column-in = I mewn
statement-column-acknowledged = Cydnabuwyd
statement-column-escalated = Uwchgyfeiriwyd
statement-column-withheld = Ataliwyd
statement-column-waiting = Yn aros
statement-column-missing = Ar goll
statement-to-whom = Uwchgyfeiriwyd at bwy
statement-to-desk = Desg ddyletswydd { $authority }: { $reason }
statement-to-officer = Swyddog { $officer }: { $reason }
statement-why-withheld = Pam ataliwyd
statement-why-late = Pam yn hwyr
statement-why-late-text = Ystyr hwyr yw cydnabod neu uwchgyfeirio ar ôl y gloch, sef dechrau sesiwn gyntaf ysgol y plentyn.
statement-changed = Beth ddaeth o rai cynharach
statement-changed-text = Mae datganiadau cynharach yn aros fel y maent. Digwyddodd hyn ers hynny.
statement-change = { $from }, ac erbyn hyn { $to }
statement-none-of-these = Dim

statement-end-acknowledged = wedi'i gydnabod
statement-end-escalated = wedi'i uwchgyfeirio
statement-end-withheld = wedi'i atal
statement-end-moved = gydag awdurdod arall
statement-end-other = ar ben mewn ffordd arall

statement-cause-not-taken-in = Derbyniwyd adroddiad na ellid ei ddarllen; mae gyda'r llythyrau marw
statement-cause-no-duty = Plentyn mewn adroddiad, ac nid oes neb i'w hysbysu
statement-cause-not-delivered = Wedi'i ryddhau, ond nid yw ym mewnflwch y derbynnydd
statement-cause-past-bell = Mae'r gloch wedi canu, ac nid oes neb yn ei drin
statement-cause-unanswered = Mae desg neu heddlu wedi'i gael ers mwy na diwrnod
statement-cause-no-officer = Wedi'i uwchgyfeirio at ddesg nad oes neb arni
statement-cause-gone = Ar agor yn y datganiad blaenorol, a dim sôn amdano ers hynny
statement-cause-other = Am reswm arall
statement-ids = I bwy bynnag sy'n rhedeg yr hyb
statement-and-more = a { $count } arall

statement-late-released-late = roedd y gloch wedi canu pan gafodd ei ryddhau
statement-late-outage = nid edrychodd yr hyb mewn pryd
statement-late-no-contact = nid oedd modd dweud wrth neb yn yr ysgol
statement-late-step-failed = methodd pob neges i'r ysgol
statement-late-unacknowledged = dywedwyd wrth rywun yn yr ysgol, ac nid atebodd neb
statement-late-not-recorded = ni chofnodwyd pam
statement-late-other = am reswm arall

statement-reason-unacknowledged = ni chydnabu neb yn yr ysgol ef mewn pryd
statement-reason-no-contact = nid oes gan yr ysgol oedolyn allweddol a gaiff ei dderbyn
statement-reason-conflict = mae pawb yn yr ysgol a allai ei dderbyn yn gysylltiedig â'r mater
statement-reason-conflict-unknown = nid yw'n hysbys a oes rhywun yn yr ysgol yn gysylltiedig â'r mater
statement-reason-school-unknown = nid yw'n hysbys ym mha ysgol y mae'r plentyn
statement-reason-closed = mae'r ysgol ar gau
statement-reason-re-routed = nid oedd y plentyn ar gofrestr yr ysgol a hysbyswyd gyntaf
statement-reason-not-recorded = ni chofnodwyd pam
statement-reason-other = am reswm arall

statement-withheld-withdrawn = tynnodd yr heddlu'r adroddiad yn ôl
statement-withheld-no-longer-applies = nid oedd ei angen ar ôl cywiriad gan yr heddlu
statement-withheld-told-elsewhere = mae derbynnydd arall yn gwybod eisoes
statement-withheld-not-under-18 = nid yw'r person dan 18 oed
statement-withheld-force-not-opted-in = nid yw'r heddlu'n dweud wrth leoliadau blynyddoedd cynnar
statement-withheld-conflict-unknown = nid yw'n hysbys a oes derbynnydd yn gysylltiedig â'r mater
statement-withheld-not-a-recipient = nid yw'n dderbynnydd dan y rheolau
statement-withheld-lives-in-force-area = mae'r plentyn yn byw yn ardal yr heddlu ei hun
statement-withheld-rules-unavailable = ni ellid darllen y rheolau
statement-withheld-no-rule-permits = nid oes rheol sy'n ei ganiatáu
statement-withheld-agreement-not-live = nid yw'r cytundeb mewn grym
statement-withheld-not-recorded = ni chofnodwyd pam
statement-withheld-other = am reswm arall

statement-month = Y mis
statement-month-alt = { $count ->
    [zero] Dim boreau, { $first } hyd { $last }.
    [one] Barrau { $count } bore, { $first }.
    [two] Barrau { $count } fore, { $first } hyd { $last }.
    [few] Barrau { $count } bore, { $first } hyd { $last }.
    [many] Barrau { $count } bore, { $first } hyd { $last }.
   *[other] Barrau { $count } bore, { $first } hyd { $last }.
}
statement-month-sums = Gyda'i gilydd: { $acknowledged } wedi'u cydnabod mewn pryd, { $escalated } wedi'u huwchgyfeirio mewn pryd, { $late } yn hwyr, { $missing } ar goll.
statement-month-table = Yr un peth fel tabl
statement-morning = Bore
statement-key-acknowledged = Cydnabuwyd mewn pryd
statement-key-escalated = Uwchgyfeiriwyd mewn pryd
statement-key-late = Hwyr
statement-key-missing = Ar goll

statement-signed = Llofnodwyd
statement-signed-text = Nid yw'r datganiad hwn byth yn newid. Mae'r hyn sy'n digwydd wedyn yn yr un nesaf. Gall pwy bynnag sydd ag allwedd gyhoeddus yr hyb ei wirio heb ofyn i neb: mash statement verify
statement-name = Enw
statement-digest = Crynodeb (SHA-256)
statement-signature = Llofnod (Ed25519)
statement-key = Allwedd gyhoeddus

public-title = Ffigurau cyhoeddus
public-lead = Sut y daeth hysbysiadau Ymgyrch Encompass i ben, am { $month } cyfan.
public-rule = Ni ddangosir rhif o 1 i 4. Talgrynnir pob rhif arall i'r 5 agosaf. Symiau o'r hyn a ddangosir yw'r cyfansymiau, felly maent yn is na'r gwir lle nad yw rhywbeth yn cael ei ddangos.
public-force = Heddlu
public-authority = Awdurdod
public-acknowledged = Cydnabuwyd mewn pryd
public-acknowledged-late = Cydnabuwyd yn hwyr
public-escalated = Uwchgyfeiriwyd
public-withheld = Ataliwyd
public-fewer = llai na 5
public-total = Cyfanswm yr hyn a ddangosir
public-not-shown = { $count ->
    [zero] { $about }
    [one] { $about } a { $count } rhif na ddangosir
    [two] { $about } a { $count } rif na ddangosir
    [few] { $about } a { $count } rhif na ddangosir
    [many] { $about } a { $count } rhif na ddangosir
   *[other] { $about } a { $count } rhif na ddangosir
}
